"""A fixed camera that was pushed is named, by the picture that was kept with its calibration."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticStatus
from numpy.typing import NDArray
from rclpy.qos import qos_profile_sensor_data
from ros_graph import Graph
from sensor_msgs.msg import Image

from calibration.drift import save_reference
from collector.simulation.mounts import default_camera, true_calibration
from collector_nodes.drift_node import DriftNode
from collector_nodes.messages import to_image

pytestmark = pytest.mark.ros

WIDTH, HEIGHT = 320, 240
MARGIN = 16


def background() -> NDArray[np.uint8]:
    """Return a picture with edges everywhere, larger than the camera's by a margin."""
    rng = np.random.default_rng(3)
    picture = np.full((HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN, 3), 90, np.uint8)
    for _ in range(140):
        x, y = (int(v) for v in rng.integers(0, (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN)))
        w, h = (int(v) for v in rng.integers(8, 40, 2))
        colour = tuple(int(v) for v in rng.integers(30, 220, 3))
        cv2.rectangle(picture, (x, y), (x + w, y + h), colour, -1)
    return cv2.GaussianBlur(picture, (0, 0), 0.8)


def seen(shift_px: int = 0) -> NDArray[np.uint8]:
    """Return what the camera sees, once it was turned by so many pixels."""
    x = MARGIN + shift_px
    return np.ascontiguousarray(background()[MARGIN : MARGIN + HEIGHT, x : x + WIDTH])


@pytest.fixture
def show(graph: Graph) -> Callable[[NDArray[np.uint8]], None]:
    publisher = graph.probe.create_publisher(
        Image, "/static_camera/image_raw", qos_profile_sensor_data
    )

    def publish(picture: NDArray[np.uint8]) -> None:
        publisher.publish(to_image(picture, time.time_ns(), "static_optical"))

    return publish


def calibrate(graph: Graph) -> None:
    """Keep a calibration and its reference picture, as accepting one does."""
    path = graph.station.load().calibration_path("static")
    path.parent.mkdir(parents=True, exist_ok=True)
    known = true_calibration("static", "", *default_camera("static", WIDTH, HEIGHT))
    path.write_text(yaml.safe_dump(known.model_dump(mode="json", by_alias=True)), encoding="utf-8")
    save_reference(seen(), path)


def test_a_camera_that_was_pushed_is_named_and_one_that_stands_is_not(
    graph: Graph, show: Callable[[NDArray[np.uint8]], None]
) -> None:
    calibrate(graph)
    status = graph.health("drift: static camera")
    graph.add(DriftNode)

    def becomes(picture: NDArray[np.uint8], level: bytes) -> DiagnosticStatus:
        def happened() -> DiagnosticStatus | None:
            show(picture)
            found = status()
            return found if found is not None and found.level == level else None

        return graph.wait(happened, f"no status of level {level!r}")

    assert "stands" in becomes(seen(), DiagnosticStatus.OK).message
    moved = becomes(seen(shift_px=3), DiagnosticStatus.ERROR)
    assert "static camera" in moved.message
    values = {pair.key: float(pair.value) for pair in moved.values}
    assert 2.5 < values["shift_px"] < 3.5
    # Calibrated again where it stands now: nothing to say any more.
    save_reference(seen(shift_px=3), graph.station.load().calibration_path("static"))
    becomes(seen(shift_px=3), DiagnosticStatus.OK)


def test_nothing_is_said_of_a_camera_without_a_reference(
    graph: Graph, show: Callable[[NDArray[np.uint8]], None]
) -> None:
    node = graph.add(DriftNode)
    show(seen())
    for watched in node._watched.values():
        watched.look()
    assert list(node.health()) == []
