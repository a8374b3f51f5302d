"""The delay that a calibration measured is taken off every stamp, once, and told."""

from __future__ import annotations

import pytest
from geometry_msgs.msg import TransformStamped
from rclpy.qos import qos_profile_sensor_data
from ros_graph import Graph
from sensor_msgs.msg import Image
from station_files import StationFile

from calibration.result import store
from collector.calibration_result import CameraCalibration, load_calibration
from collector.clock import NS_PER_MS
from collector.devices.camera import Frame
from collector_interfaces.msg import FrameMetadata
from collector_nodes import qos
from collector_nodes.camera_feed import CameraFeed
from collector_nodes.camera_node import APPLIED_DELAY, CameraNode
from collector_nodes.messages import to_ns
from collector_nodes.simulator_node import SimulatorNode
from collector_nodes.station_node import StationNode

pytestmark = pytest.mark.ros

LATE_NS = 30 * NS_PER_MS


def applied_ns(metadata: FrameMetadata) -> int:
    return round(1e9 * dict(zip(metadata.keys, metadata.values, strict=True))[APPLIED_DELAY])


def measured(station: StationFile, **values: object) -> CameraCalibration:
    """The calibration in force, as if a delay had been measured."""
    path = station.load().calibration_path("static")
    known = load_calibration(path)
    found = known.model_copy(
        update={"delay_s": LATE_NS / 1e9, "method": "measured", "date": "2026-11-24", **values}
    )
    store(found, path)
    return found


class Late:
    """A simulated camera whose stamps are late."""

    def __init__(self, graph: Graph, station: StationFile) -> None:
        self.graph = graph
        station.replace_camera(
            "static", backend="simulated", simulation={"stamp_delay_ms": LATE_NS / NS_PER_MS}
        )
        graph.add(SimulatorNode)
        self.camera = graph.add(CameraNode, "static_camera", camera="static")
        self.metadata = graph.hear(
            FrameMetadata, "/static_camera/metadata", qos_profile_sensor_data
        )
        self.images = graph.hear(Image, "/static_camera/image_raw", qos.IMAGES)
        graph.more(self.images, 2)
        self.device_ns: dict[int, int] = {}  # by frame number
        read = self.camera._camera.read

        def watched_read(timeout_s: float) -> Frame | None:
            frame = read(timeout_s)
            if frame is not None:
                self.device_ns[frame.counter] = frame.stamp_ns
            return frame

        self.camera._camera.read = watched_read

    def taken_off_ns(self) -> list[int]:
        """Return by how much each published stamp is less than the device's own."""
        told = {m.counter: to_ns(m.header.stamp) for m in self.metadata.messages}
        return [self.device_ns[n] - stamp for n, stamp in told.items() if n in self.device_ns]


def test_a_new_calibration_s_delay_is_subtracted_from_the_stamps_of_a_running_camera(
    graph: Graph, station: StationFile
) -> None:
    late = Late(graph, station)
    assert applied_ns(late.metadata.last) == 0
    graph.more(late.metadata, 3)
    assert set(late.taken_off_ns()) == {0}
    measured(station)
    graph.wait(lambda: applied_ns(late.metadata.last) == LATE_NS, "the new delay is not taken up")
    graph.more(late.images, 3)
    assert set(late.taken_off_ns()) == {0, LATE_NS}
    for message in late.metadata.messages:
        if message.counter in late.device_ns:
            stamp_ns = to_ns(message.header.stamp)
            assert late.device_ns[message.counter] - stamp_ns == applied_ns(message)
    # Image and metadata are of one stamp, so that nobody has to take it off again.
    stamps = {to_ns(m.header.stamp) for m in late.metadata.messages}
    assert {to_ns(image.header.stamp) for image in late.images.messages} <= stamps


def test_another_device_s_delay_is_not_applied(graph: Graph, station: StationFile) -> None:
    late = Late(graph, station)
    poses = graph.hear(TransformStamped, "/static_camera/extrinsics", qos.LATCHED)
    graph.wait(lambda: len(poses), "the camera does not say where it is")
    begin = len(poses)
    measured(station, serial="another camera")
    graph.wait(lambda: len(poses) > begin, "the file is not taken up")
    graph.more(late.metadata, 4)
    assert applied_ns(late.metadata.last) == 0


def test_who_calibrates_again_gets_the_device_s_own_stamps(
    graph: Graph, station: StationFile
) -> None:
    late = Late(graph, station)
    measured(station)
    graph.wait(lambda: applied_ns(late.metadata.last) == LATE_NS, "the delay is not taken up")
    feed = CameraFeed(graph.add(_Watcher), "static")
    pictures = graph.wait(feed.take, "no picture comes")
    assert pictures[-1].device_stamp_ns - pictures[-1].stamp_ns == LATE_NS
    assert feed.intrinsics is not None


class _Watcher(StationNode):
    def __init__(self, **options: object) -> None:
        super().__init__("watcher", **options)
