"""Both cameras and the arm in, steps out."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from collector.clock import NS_PER_MS
from collector.health import HealthReport, StreamHealth
from collector.synchronization.camera_stream import CameraSettings
from collector.synchronization.synchronizer import Synchronizer
from collector_interfaces.msg import ArmState, FrameMetadata, Step
from collector_nodes import qos
from collector_nodes.messages import from_arm_state, from_image, to_ns, to_step
from collector_nodes.station_node import StationNode, run

POLL_S = 0.02
COUNTERS_KEPT = 64  # longer than any delay between metadata and image


class SynchronizerNode(StationNode):
    """Cameras' images and ``/arm/state`` -> ``/synchronizer/step``."""

    def __init__(self, **options: Any) -> None:
        super().__init__("synchronizer", **options)
        # A still scene looks the same twice only where there is no sensor noise.
        cameras = {
            name: CameraSettings(float(camera.fps), noisy=camera.backend != "simulated")
            for name, camera in self.station.cameras.items()
        }
        self._synchronizer = Synchronizer(
            cameras, self.station.arm.rate_hz, period_ns=self.station.period_ns
        )
        self._counters: dict[str, OrderedDict[int, int]] = {name: OrderedDict() for name in cameras}
        self._steps = self.create_publisher(Step, "/synchronizer/step", qos.STEPS)
        self._health = StreamHealth("steps", self.station.rate_hz)
        for name in cameras:
            topic = f"/{name}_camera"
            self.create_subscription(
                FrameMetadata,
                f"{topic}/metadata",
                lambda message, name=name: self._on_metadata(name, message),
                qos_profile_sensor_data,
            )
            self.create_subscription(
                Image,
                f"{topic}/image_raw",
                lambda message, name=name: self._on_image(name, message),
                qos.IMAGES,
            )
        self.create_subscription(ArmState, "/arm/state", self._on_arm, qos.ARM_STATE)
        self.create_timer(POLL_S, self._poll)

    def health(self) -> list[HealthReport]:
        report = self._health.report(self.station_clock.now_ns())
        counted = self._synchronizer.statistics()
        values = report.values | {
            "gaps": counted.gaps,
            "grid_restarts": counted.restarts,
            "late": counted.late,
            "dropped": counted.dropped,
            "refused": counted.refused,
        }
        for name, skew_ns in counted.last_skews_ns.items():
            values[f"skew_{name}_ms"] = skew_ns / NS_PER_MS
        return [HealthReport(report.name, report.level, report.message, values)]

    def _on_metadata(self, name: str, message: FrameMetadata) -> None:
        counters = self._counters[name]
        counters[to_ns(message.header.stamp)] = message.counter
        while len(counters) > COUNTERS_KEPT:
            counters.popitem(last=False)

    def _on_image(self, name: str, message: Image) -> None:
        stamp_ns = to_ns(message.header.stamp)
        try:
            image = from_image(message)
        except ValueError as error:
            self.get_logger().error(f"{name} camera: {error}", throttle_duration_sec=5.0)
            return
        counter = self._counters[name].get(stamp_ns)
        self._synchronizer.add_frame(name, stamp_ns, self.station_clock.now_ns(), counter, image)

    def _on_arm(self, message: ArmState) -> None:
        try:
            sample = from_arm_state(message)
        except ValueError as error:
            self.get_logger().error(f"arm: {error}", throttle_duration_sec=5.0)
            return
        self._synchronizer.add_arm(sample, self.station_clock.now_ns())

    def _poll(self) -> None:
        now_ns = self.station_clock.now_ns()
        for step in self._synchronizer.poll(now_ns):
            self._steps.publish(to_step(step, len(self.station.arm.joints)))
            self._health.on_sample(step.stamp_ns, now_ns)


def main() -> None:
    run(SynchronizerNode)
