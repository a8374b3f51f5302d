"""Cameras and an arm made by hand: they publish what a station's do, at their rates."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.qos import qos_profile_sensor_data
from ros_graph import Graph
from sensor_msgs.msg import Image
from station_files import HEIGHT, WIDTH

from collector.arm.sample import ArmSample, ArmStatus
from collector.calibration_result import CameraCalibration
from collector.clock import NS_PER_MS
from collector_interfaces.msg import ArmState, CameraDevice, FrameMetadata
from collector_nodes import qos
from collector_nodes.messages import to_arm_state, to_image, to_time

FRAME_NS = 100 * NS_PER_MS
SAMPLE_NS = 20 * NS_PER_MS
SEED = 3


def calibrate(graph: Graph) -> None:
    """Calibrate the hand-made cameras."""
    for name in ("static", "wrist"):
        parent = "base" if name == "static" else "ee"
        CameraCalibration(
            camera=name,
            serial=f"HAND-{name}",
            width=WIDTH,
            height=HEIGHT,
            fx=60.0,
            fy=60.0,
            cx=WIDTH / 2,
            cy=HEIGHT / 2,
            parent_frame=parent,
            child_frame=f"{name}_optical",
            transform=(0.1, 0.0, 0.5, 0.0, 0.0, 0.0, 1.0),
        ).save(graph.station.load().calibration_path(name))


def sample(stamp_ns: int, **values: Any) -> ArmSample:
    """An arm that goes up and down."""
    seconds = stamp_ns % 10**12 / 1e9
    place = np.array([0.5, 0.0, 0.4 + 0.01 * np.sin(seconds), 1.0, 0.0, 0.0, 0.0])
    return ArmSample(
        **{
            "stamp_ns": stamp_ns,
            "joint_positions": np.full(7, np.sin(seconds)),
            "joint_velocities": np.full(7, np.cos(seconds)),
            "joint_efforts": np.zeros(7),
            "ee_pose": place,
            "target_pose": place,
            "gripper_opening": 0.08,
            "gripper_command": 0.0,
            "gripper_in_motion": False,
            "clipped": False,
            "status": ArmStatus.MOVING,
            **values,
        }
    )


class HandMadeStreams:
    """Stamps lie on a regular time line, whenever `pump` gets to publish them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.on = {"static": True, "wrist": True, "arm": True}
        self._rng = np.random.default_rng(SEED)
        self._due_ns = dict.fromkeys(self.on, time.time_ns())
        self._counters = {"static": 0, "wrist": 0}
        probe = graph.probe
        self.arm = probe.create_publisher(ArmState, "/arm/state", qos.ARM_STATE)
        self.images = {}
        self.metadata = {}
        self._devices = []
        for name in self._counters:
            topic = f"/{name}_camera"
            self.images[name] = probe.create_publisher(Image, f"{topic}/image_raw", qos.IMAGES)
            self.metadata[name] = probe.create_publisher(
                FrameMetadata, f"{topic}/metadata", qos_profile_sensor_data
            )
            device = probe.create_publisher(CameraDevice, f"{topic}/device", qos.LATCHED)
            device.publish(
                CameraDevice(
                    name=name,
                    backend="simulated",
                    model="Hand-made",
                    serial=f"HAND-{name}",
                    fps=10.0,
                )
            )
            self._devices.append(device)

    def heard_by(self, node_name: str) -> None:
        """Wait until a node of that name hears everything."""
        publishers = [self.arm, *self.images.values(), *self.metadata.values()]

        def heard() -> bool:
            probe = self.graph.probe
            return all(
                any(
                    s.node_name == node_name for s in probe.get_subscriptions_info_by_topic(p.topic)
                )
                and p.get_subscription_count() > 0
                for p in publishers
            )

        self.graph.wait(heard, f"{node_name} does not listen")

    def wait(self, happened: Callable[[], Any], otherwise: str) -> Any:
        """Wait as `Graph.wait` does, and publish meanwhile."""

        def pumped() -> Any:
            self.pump()
            return happened()

        return self.graph.wait(pumped, otherwise)

    def answer(self, future: Any) -> Any:
        """Wait for a future, and publish meanwhile."""
        self.wait(future.done, "no answer")
        return future.result()

    def pump(self) -> None:
        """Publish what is due."""
        now_ns = time.time_ns()
        for name in self.on:
            period_ns = SAMPLE_NS if name == "arm" else FRAME_NS
            while self._due_ns[name] <= now_ns:
                if self.on[name]:
                    self._publish(name, self._due_ns[name])
                self._due_ns[name] += period_ns

    def _publish(self, name: str, stamp_ns: int) -> None:
        if name == "arm":
            self.arm.publish(to_arm_state(sample(stamp_ns), [f"joint_{i}" for i in range(7)]))
            return
        self._counters[name] += 1
        metadata = FrameMetadata(counter=self._counters[name], stamp_source="simulated")
        metadata.header.stamp = to_time(stamp_ns)
        self.metadata[name].publish(metadata)
        image = self._rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        self.images[name].publish(to_image(image, stamp_ns, f"{name}_optical"))
