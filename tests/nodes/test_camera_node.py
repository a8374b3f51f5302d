"""A camera over real topics: pictures, what explains them, and a device that is not there."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import TransformStamped
from rclpy.qos import qos_profile_sensor_data
from ros_graph import Graph, Heard
from sensor_msgs.msg import CameraInfo, Image
from station_files import HEIGHT, WIDTH, StationFile

from collector.calibration_result import CameraCalibration, load_calibration
from collector.clock import NS_PER_S
from collector.devices.camera import Intrinsics
from collector_interfaces.msg import CameraDevice, FrameMetadata
from collector_nodes import qos
from collector_nodes.camera_node import CameraNode
from collector_nodes.messages import from_image, to_ns
from collector_nodes.simulator_node import SimulatorNode

pytestmark = pytest.mark.ros

SERIAL, MODEL = "031422250347", "Intel RealSense D435"
RECORDED_FPS = 30


class Watched:
    """What a camera publishes. Metadata are heard before images, as by the synchronizer."""

    def __init__(self, graph: Graph, name: str) -> None:
        quality = qos_profile_sensor_data
        self.metadata: Heard[FrameMetadata] = graph.hear(
            FrameMetadata, f"/{name}_camera/metadata", quality
        )
        self.images: Heard[Image] = graph.hear(Image, f"/{name}_camera/image_raw", qos.IMAGES)
        self.info: Heard[CameraInfo] = graph.hear(
            CameraInfo, f"/{name}_camera/camera_info", quality
        )

    def check(self, name: str) -> None:
        """What holds for every camera."""
        explained = {to_ns(m.header.stamp): m for m in self.metadata.messages}
        arrived = dict(zip(explained, self.metadata.arrivals_ns, strict=True))
        stamps = [to_ns(m.header.stamp) for m in self.images.messages]
        assert stamps == sorted(set(stamps))
        for image, arrival_ns, stamp_ns in zip(
            self.images.messages, self.images.arrivals_ns, stamps, strict=True
        ):
            assert image.header.frame_id == f"{name}_optical"
            assert image.encoding == "rgb8"
            assert from_image(image).shape == (HEIGHT, WIDTH, 3)
            assert stamp_ns <= arrival_ns
            assert arrived[stamp_ns] <= arrival_ns
        counters = [m.counter for m in self.metadata.messages]
        assert counters == sorted(set(counters))
        assert {m.header.frame_id for m in self.metadata.messages} == {f"{name}_optical"}
        assert {to_ns(m.header.stamp) for m in self.info.messages} <= set(explained)


def check_intrinsics(info: CameraInfo, calibration: CameraCalibration) -> None:
    assert (info.width, info.height) == (calibration.width, calibration.height)
    np.testing.assert_allclose(np.reshape(info.k, (3, 3)), calibration.k)
    np.testing.assert_allclose(np.reshape(info.p, (3, 4))[:, :3], calibration.k)
    np.testing.assert_allclose(info.d, calibration.distortion)
    assert info.distortion_model == "plumb_bob"


def footage(count: int) -> list[tuple[np.ndarray, int]]:
    """Different images, and when they were taken, ns."""
    rng = np.random.default_rng(20)
    images = rng.integers(0, 256, (count, HEIGHT, WIDTH, 3), dtype=np.uint8)
    return [(image, NS_PER_S + k * NS_PER_S // RECORDED_FPS) for k, image in enumerate(images)]


def record(path: Path) -> None:
    pytest.importorskip("pyrealsense2")
    from collector.devices.realsense_recording import record

    intrinsics = Intrinsics(WIDTH, HEIGHT, 60.5, 61.25, 31.75, 23.5)
    record(path, footage(45), intrinsics, fps=RECORDED_FPS, serial=SERIAL, name=MODEL)


def recorded(station: StationFile, recording: Path) -> CameraCalibration:
    """Let the static camera play ``recording``; return the calibration that it was given."""
    station.replace_camera(
        "static", backend="realsense", recording=str(recording), loop=True, fps=RECORDED_FPS
    )
    calibration = CameraCalibration(
        camera="static",
        serial=SERIAL,
        width=WIDTH,
        height=HEIGHT,
        fx=60.7,
        fy=61.5,
        cx=31.0,
        cy=24.5,
        distortion=(0.01, -0.02, 0.0, 0.0, 0.003),
        parent_frame="base",
        child_frame="static_optical",
        transform=(0.9, 0.0, 0.6, 1.0, 0.0, 0.0, 0.0),
    )
    calibration.save(station.load().calibration_path("static"))
    return calibration


def test_a_simulated_camera_streams_what_the_simulator_shows(
    graph: Graph, station: StationFile
) -> None:
    watched = Watched(graph, "wrist")
    graph.add(CameraNode, "wrist_camera", camera="wrist")
    graph.add(SimulatorNode)
    graph.wait(lambda: len(watched.images) >= 12, "the camera shows nothing")
    watched.check("wrist")
    period_ns = np.median(np.diff([to_ns(m.header.stamp) for m in watched.images.messages]))
    assert abs(period_ns - NS_PER_S / 10) <= 0.02 * NS_PER_S  # stamped with states 20 ms apart
    assert {m.stamp_source for m in watched.metadata.messages} == {"simulated"}
    assert from_image(watched.images.last).std() > 5  # a scene, not one colour
    calibration = load_calibration(station.load().calibration_path("wrist"))
    check_intrinsics(watched.info.last, calibration)
    # Who joins late learns which device it is.
    devices = graph.hear(CameraDevice, "/wrist_camera/device", qos.LATCHED)
    graph.wait(lambda: len(devices), "a late joiner does not learn of the device")
    assert (devices.last.name, devices.last.backend) == ("wrist", "simulated")
    assert (devices.last.serial, devices.last.fps) == ("SIM-wrist", 10.0)


def test_a_camera_whose_simulator_stops_tells_so_and_streams_again(graph: Graph) -> None:
    watched = Watched(graph, "static")
    health = graph.health("static camera")
    graph.add(CameraNode, "static_camera", camera="static")
    simulator = graph.add(SimulatorNode)
    graph.wait(lambda: len(watched.images) >= 3, "the camera shows nothing")
    graph.remove(simulator)
    graph.wait(
        lambda: (status := health()) and status.level == DiagnosticStatus.STALE,
        "nobody says that the pictures stopped",
    )
    begin = len(watched.images)
    graph.add(SimulatorNode)
    graph.wait(lambda: len(watched.images) >= begin + 3, "the camera does not come back")
    watched.check("static")


def test_a_recorded_realsense_streams_through_its_pipeline(
    graph: Graph, station: StationFile, tmp_path: Path
) -> None:
    record(tmp_path / "static.db3")
    calibration = recorded(station, tmp_path / "static.db3")
    watched = Watched(graph, "static")
    devices = graph.hear(CameraDevice, "/static_camera/device", qos.LATCHED)
    graph.add(CameraNode, "static_camera", camera="static")
    graph.wait(lambda: len(watched.images) >= 20, "the recording does not play")
    watched.check("static")
    shown = [image for image, _ in footage(45)]
    for image in watched.images.messages:
        assert any(np.array_equal(from_image(image), original) for original in shown)
    assert {m.stamp_source for m in watched.metadata.messages} == {"mid-exposure"}
    assert "exposure_us" in watched.metadata.last.keys
    assert all(
        values == pytest.approx(8000.0)
        for m in watched.metadata.messages
        for key, values in zip(m.keys, m.values, strict=True)
        if key == "exposure_us"
    )
    check_intrinsics(watched.info.last, calibration)
    assert (devices.last.serial, devices.last.model) == (SERIAL, MODEL)
    assert (devices.last.backend, devices.last.fps) == ("realsense", RECORDED_FPS)


def test_a_camera_without_its_recording_says_what_to_do_and_streams_once_it_is_there(
    graph: Graph, station: StationFile, tmp_path: Path
) -> None:
    recording = tmp_path / "later.db3"
    recorded(station, recording)
    watched = Watched(graph, "static")
    health = graph.health("static camera")
    graph.add(CameraNode, "static_camera", camera="static")
    status = graph.wait(health, "the camera says nothing of its health")
    assert status.level == DiagnosticStatus.ERROR
    assert str(recording) in status.message
    assert "trying again in" in status.message
    assert not watched.images.messages
    record(recording)
    graph.wait(lambda: len(watched.images) >= 5, "the recording does not play")
    graph.wait(
        lambda: (status := health()) and status.level != DiagnosticStatus.ERROR,
        "the trouble is over, and still told",
    )
    watched.check("static")


def test_where_the_camera_is_reaches_late_joiners_and_follows_its_file(
    graph: Graph, station: StationFile, tmp_path: Path
) -> None:
    record(tmp_path / "static.db3")
    calibration = recorded(station, tmp_path / "static.db3")
    path = station.load().calibration_path("static")
    path.unlink()
    watched = Watched(graph, "static")
    graph.add(CameraNode, "static_camera", camera="static")
    graph.wait(lambda: len(watched.images) >= 3, "the recording does not play")
    poses = graph.hear(TransformStamped, "/static_camera/extrinsics", qos.LATCHED)
    assert not poses.messages  # nobody knows yet
    calibration.save(path)
    graph.wait(lambda: len(poses), "a new calibration is not told")
    late = graph.hear(TransformStamped, "/static_camera/extrinsics", qos.LATCHED)
    graph.wait(lambda: len(late), "a late joiner does not learn where the camera is")
    told = late.last
    assert (told.header.frame_id, told.child_frame_id) == ("base", "static_optical")
    assert (told.transform.translation.x, told.transform.rotation.x) == (0.9, 1.0)
    graph.more(watched.info, 2)
    check_intrinsics(watched.info.last, calibration)
    moved = calibration.model_copy(update={"transform": (0.8, 0.0, 0.6, 1.0, 0.0, 0.0, 0.0)})
    moved.save(path)
    graph.wait(lambda: poses.last.transform.translation.x == 0.8, "a change is not told")


def test_closing_a_camera_ends_its_reader(graph: Graph) -> None:
    camera = graph.add(CameraNode, "static_camera", camera="static")
    began_s = time.monotonic()
    graph.remove(camera)
    assert not camera._reader.is_alive()
    assert time.monotonic() - began_s < 10
