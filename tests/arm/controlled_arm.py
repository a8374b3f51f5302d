"""An arm in simulated time that goes where it is told, and a controller in front of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import settings
from numpy.typing import NDArray

from collector.arm.command import ArmCommand
from collector.arm.controller import ArmController
from collector.arm.limits import ArmLimits
from collector.arm.sample import ArmSample, ArmStatus
from collector.clock import NS_PER_MS
from collector.devices.arm_driver import ArmReading
from collector.geometry import Pose, interpolate

repeatable = settings(derandomize=True, deadline=None, max_examples=100)

HOME = np.array([0.5, 0.0, 0.4, 1.0, 0.0, 0.0, 0.0])
START_NS = 1_700_000_000_000_000_000


class ControlledArm:
    """Readings every 10 ms of an arm that closes ``response`` of the way to its target."""

    def __init__(self, limits: ArmLimits | None = None, response: float = 0.6) -> None:
        self.limits = limits if limits is not None else ArmLimits()
        self.controller = ArmController(self.limits)
        self.response = response
        self.now_ns = START_NS
        self.measured: Pose = HOME.copy()
        self.opening_m = 0.08
        self.samples: list[ArmSample] = []

    @property
    def last(self) -> ArmSample:
        return self.samples[-1]

    def reading(self, **values: Any) -> ArmReading:
        return ArmReading(
            **{
                "stamp_ns": self.now_ns,
                "joint_names": ("a", "b"),
                "joint_positions": np.zeros(2),
                "joint_velocities": np.zeros(2),
                "joint_efforts": np.full(2, np.nan),  # not every arm measures them
                "ee_pose": self.measured.copy(),
                "gripper_opening": self.opening_m,
                **values,
            }
        )

    def tick(self, count: int = 1, period_ns: int = 10 * NS_PER_MS) -> ArmSample:
        """Let time pass, one reading a period; the arm follows whatever it is sent."""
        for _ in range(count):
            self.now_ns += period_ns
            sample = self.controller.on_reading(self.reading())
            self.samples.append(sample)
            if sample.status not in (ArmStatus.STOPPED, ArmStatus.LOST):
                self.measured = interpolate(self.measured, sample.target_pose, self.response)
                goal_m = 0.0 if sample.gripper_command else 0.08
                self.opening_m += float(np.clip(goal_m - self.opening_m, -0.002, 0.002))
        return self.last

    def say(self, **values: Any) -> None:
        """Send a command, stamped now and with the dead-man held unless said otherwise."""
        arrival_ns = values.pop("arrival_ns", self.now_ns)
        values = {"stamp_ns": self.now_ns, "dead_man": True, **values}
        self.controller.on_command(ArmCommand(**values), arrival_ns)

    def drive(self, twist: Any, duration_ms: int, **values: Any) -> ArmSample:
        """Command a twist at 50 Hz."""
        for _ in range(duration_ms // 20):
            self.say(twist=np.array(twist, float), **values)
            self.tick(2)
        return self.last


def twist(x: float = 0.0, y: float = 0.0, z: float = 0.0, *turn: float) -> NDArray[np.float64]:
    return np.array([x, y, z, *(turn or (0.0, 0.0, 0.0))])
