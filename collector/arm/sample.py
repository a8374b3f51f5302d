"""One sample of the arm, as `/arm/state` carries it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from collector.geometry import Pose


class ArmStatus(str, Enum):
    """What the arm does with the operator's commands. Values as in ArmState.msg."""

    MOVING = "moving"
    HOLD_DEAD_MAN = "hold: dead-man"
    HOLD_SILENCE = "hold: no command"
    HOLD_REFUSED = "hold: refused"
    STOPPED = "stopped"
    LOST = "lost"


@dataclass(frozen=True)
class ArmSample:
    """Measured and commanded state of an arm with N joints at one instant."""

    stamp_ns: int  # station clock
    joint_positions: NDArray[np.float64]  # [N] rad
    joint_velocities: NDArray[np.float64]  # [N] rad/s
    joint_efforts: NDArray[np.float64]  # [N] N m
    ee_pose: Pose  # [7] T_base_ee measured
    target_pose: Pose  # [7] T_base_ee commanded, after all limits
    gripper_opening: float  # m
    gripper_command: float  # 0 = open, 1 = close
    gripper_in_motion: bool
    clipped: bool
    status: ArmStatus
    fault: str = ""  # one sentence, or empty
