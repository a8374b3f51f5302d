"""What every arm driver promises: readings out, one target in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from collector.geometry import Pose


class ArmError(Exception):
    """The arm cannot do what was asked; the message says what to do."""


@dataclass(frozen=True)
class ArmReading:
    """One measurement of an arm with N joints."""

    stamp_ns: int  # station clock, when the driver measured
    joint_names: tuple[str, ...]  # N
    joint_positions: NDArray[np.float64]  # [N] rad
    joint_velocities: NDArray[np.float64]  # [N] rad/s
    joint_efforts: NDArray[np.float64]  # [N] N m
    ee_pose: Pose  # [7] T_base_ee
    gripper_opening: float  # m between the fingers


class ArmDriver(Protocol):
    """An arm that follows a Cartesian target. `connect` and `disconnect` may be called twice."""

    def connect(self) -> None:
        """Reach the arm. Raises ArmError where it does not answer."""

    def read(self) -> ArmReading | None:
        """Return the newest reading, or None before the first. Raises ArmError if not connected."""

    def send(self, target: Pose, gripper: float) -> None:
        """Set the target ``T_base_ee`` [7] and gripper (0 = open, 1 = close).

        Raises ArmError if not connected.
        """

    def stop(self) -> None:
        """Hold where the arm is, at once. Never raises, connected or not."""

    def disconnect(self) -> None:
        """Hold and let go of the arm. Never raises."""
