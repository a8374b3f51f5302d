"""A whole station made by hand, with which nothing is wrong until a test changes that."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from hand_made_streams import HandMadeStreams, sample
from ros_graph import Graph
from station_files import HEIGHT, WIDTH

from collector.arm.command import ArmCommand as PlainCommand
from collector.arm.sample import ArmStatus
from collector.calibration_result import CameraCalibration
from collector.clock import NS_PER_MS
from collector_interfaces.msg import ArmCommand, FrameMetadata
from collector_nodes import qos
from collector_nodes.messages import to_arm_command, to_arm_state, to_image, to_time

COMMAND_NS = 50 * NS_PER_MS
LOCKED = {
    "exposure_us": 8000.0,
    "gain": 16.0,
    "white_balance": 4600.0,
    "enable_auto_exposure": 0.0,
    "enable_auto_white_balance": 0.0,
}
AT_REST = {"joint_velocities": np.zeros(7), "status": ArmStatus.HOLD_DEAD_MAN}


@dataclass
class Behaviour:
    """What a test may change."""

    brightness: tuple[int, int] = (30, 220)  # of the pixels, from and to
    images: bool = True
    frozen: frozenset[str] = frozenset()  # cameras whose counter stands still
    arm: dict[str, Any] = field(default_factory=lambda: dict(AT_REST))
    commands: bool = True
    dead_man: bool = False
    teleop_problem: str = ""


class HandMadeStation(HandMadeStreams):
    """Cameras and an arm at rest, and a teleoperation device that nobody holds."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.is_ = Behaviour()
        self._commands = graph.probe.create_publisher(ArmCommand, "/arm/command", qos.ARM_COMMAND)
        self._reports = graph.probe.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._due_command_ns = time.time_ns()

    def pump(self) -> None:
        super().pump()
        now_ns = time.time_ns()
        if now_ns < self._due_command_ns:
            return
        self._due_command_ns = now_ns + COMMAND_NS
        if self.is_.commands:
            command = PlainCommand(stamp_ns=now_ns, dead_man=self.is_.dead_man)
            self._commands.publish(to_arm_command(command))
        problem = self.is_.teleop_problem
        level = DiagnosticStatus.ERROR if problem else DiagnosticStatus.OK
        status = DiagnosticStatus(level=level, name="teleop: teleop device", message=problem)
        self._reports.publish(DiagnosticArray(status=[status]))

    def _publish(self, name: str, stamp_ns: int) -> None:
        if name == "arm":
            joints = [f"joint_{i}" for i in range(7)]
            self.arm.publish(to_arm_state(sample(stamp_ns, **self.is_.arm), joints))
            return
        if name not in self.is_.frozen:
            self._counters[name] += 1
        metadata = FrameMetadata(counter=self._counters[name], stamp_source="mid-exposure")
        metadata.header.stamp = to_time(stamp_ns)
        metadata.keys, metadata.values = list(LOCKED), list(LOCKED.values())
        self.metadata[name].publish(metadata)
        if self.is_.images:
            image = self._rng.integers(*self.is_.brightness, (HEIGHT, WIDTH, 3), dtype=np.uint8)
            self.images[name].publish(to_image(image, stamp_ns, f"{name}_optical"))


def calibration(name: str, **values: Any) -> CameraCalibration:
    """The calibration of a hand-made camera, changed."""
    return CameraCalibration(
        **{
            "camera": name,
            "serial": f"HAND-{name}",
            "width": WIDTH,
            "height": HEIGHT,
            "fx": 60.0,
            "fy": 60.0,
            "cx": WIDTH / 2,
            "cy": HEIGHT / 2,
            "parent_frame": "base" if name == "static" else "ee",
            "child_frame": f"{name}_optical",
            "transform": (0.1, 0.0, 0.5, 0.0, 0.0, 0.0, 1.0),
            **values,
        }
    )
