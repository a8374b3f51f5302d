"""Both calibration scenes through the nodes: the board arrives in pictures, as the truth has it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from ros_graph import Graph
from sensor_msgs.msg import Image
from station_files import StationFile

from calibration.board import A4_BOARD
from calibration.detection import BoardDetector
from collector.calibration_result import load_calibration
from collector.geometry import compose, inverse, matrix
from collector.simulation.camera import ee_pose
from collector.simulation.printed_board import BODY
from collector.simulation.true_camera import truth_path
from collector_interfaces.msg import WorldState
from collector_interfaces.srv import ResetWorld
from collector_nodes import qos
from collector_nodes.camera_node import CameraNode
from collector_nodes.messages import from_image, from_world_state
from collector_nodes.simulator_node import SimulatorNode

pytestmark = pytest.mark.ros


@pytest.mark.parametrize("camera", ["static", "wrist"])
def test_an_imperfect_camera_shows_the_board_as_its_truth_says(
    graph: Graph, station: StationFile, camera: str
) -> None:
    station.replace_camera(
        camera,
        backend="simulated",
        width=640,
        height=480,
        simulation={"imperfect": True, "seed": 5},
    )
    described = station.load()
    graph.add(SimulatorNode)
    graph.add(CameraNode, name=f"{camera}_camera", camera=camera)
    request = ResetWorld.Request(task_id=f"calibration_{camera}", seed=2)
    answer = graph.call(ResetWorld, "/simulator/reset", request)
    assert answer.ok, answer.message
    images = graph.hear(Image, f"/{camera}_camera/image_raw", qos.IMAGES)
    states = graph.hear(WorldState, "/simulator/world_state", qos.WORLD_STATE)
    # The scene of the first picture may be the one before.
    graph.more(images, 4)
    graph.more(states)
    _, state = from_world_state(states.last)
    found = BoardDetector(A4_BOARD).detect(from_image(images.last))
    assert found.ok, found.problem

    truth = load_calibration(truth_path(described.data, camera))
    nominal = load_calibration(described.calibration_path(camera))
    assert nominal.method == "simulator nominal"
    errors = {}
    for name, known in (("truth", truth), ("nominal", nominal)):
        t = np.array(known.transform)
        t_base_optical = t if known.parent_frame == "base" else compose(ee_pose(state), t)
        at = matrix(compose(inverse(t_base_optical), state.body(BODY)))
        turn = cv2.Rodrigues(at[:3, :3])[0]
        points = A4_BOARD.geometry().points[found.ids]
        due = cv2.projectPoints(points, turn, at[:3, 3], known.k, np.array(known.distortion))[0]
        errors[name] = float(np.median(np.linalg.norm(found.corners - due.reshape(-1, 2), axis=1)))
    assert errors["truth"] < 0.3
    # What the station knows before a calibration is no way to the truth.
    assert errors["nominal"] > 2.0
