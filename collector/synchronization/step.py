"""One step of the grid: what the synchronizer makes and the recorder writes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.geometry import Pose


@dataclass(frozen=True)
class CameraStep:
    """What one camera contributes to a step."""

    name: str
    image: NDArray[np.uint8] | None  # [224, 224, 3] RGB; None when absent
    stamp_ns: int  # middle of exposure, station clock; 0 when absent
    skew_ns: int  # stamp minus tick, signed; 0 when absent
    frozen: bool = False  # same pixels or device counter as before
    dropped: int = 0  # frames lost since the last step


@dataclass(frozen=True)
class ArmStep:
    """The arm interpolated at the tick."""

    joint_positions: NDArray[np.float64]  # [N] rad
    joint_velocities: NDArray[np.float64]  # [N] rad/s
    joint_efforts: NDArray[np.float64]  # [N] N m
    ee_pose: Pose  # [7] T_base_ee measured
    target_pose: Pose  # [7] T_base_ee commanded
    gripper_opening: float  # m
    gripper_command: float  # 0 = open, 1 = close: in force at the tick
    gripper_in_motion: bool


@dataclass(frozen=True)
class Step:
    """Both cameras and the arm at ``t_k = grid_start_ns + index * period_ns``."""

    index: int
    stamp_ns: int  # station clock, exact
    grid_start_ns: int
    period_ns: int
    cameras: tuple[CameraStep, ...]
    arm: ArmStep | None  # None: the samples around the tick straddle a gap
    clipped_since_previous: bool  # any sample in (t_k-1, t_k] was clipped
    gap_reasons: tuple[str, ...] = ()

    @property
    def is_gap(self) -> bool:
        """True when a camera or the arm is missing, or a frame is frozen."""
        return bool(self.gap_reasons)
