"""Rigs and views for the tests, those of the benchmark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.hand_eye import BOARD, DISTANCE, INTRINSICS, ORDINARY, draw_rig
from calibration.bundle_adjustment import RobotNoise
from calibration.kinematic_chain import Setup
from calibration.observation import BoardView
from calibration.synthetic_views import Rig, draw_board_pose
from collector.geometry import Pose

SETUPS: tuple[Setup, ...] = ("eye_in_hand", "eye_to_hand")

__all__ = ["BOARD", "INTRINSICS", "ORDINARY", "SETUPS", "RobotNoise", "capture", "draw_rig"]


def capture(
    setup: Setup,
    seed: int,
    count: int = 20,
    tilt_deg: tuple[float, float] = (15.0, 40.0),
    roll_deg: float = 60.0,
    spread: float = 0.25,
    noise: RobotNoise = ORDINARY,
    exact: bool = False,
    change: Callable[[Rig, int], Rig] | None = None,
) -> tuple[Rig, list[BoardView], list[Pose]]:
    """Draw a rig and take views; ``change`` gives the rig as it is at each view."""
    rng: Any = np.random.default_rng(seed)
    rig = draw_rig(setup, rng, noise)
    low, high = np.deg2rad(tilt_deg)
    true, views = [], []
    for i in range(count):
        seen = draw_board_pose(
            rng, BOARD, INTRINSICS, DISTANCE[setup], (low, high), np.deg2rad(roll_deg), spread
        )
        true.append(rig.T_base_ee(seen))
        now = rig if change is None else change(rig, i)
        views.append(now.view(true[-1], rng, f"pose {i}", 1_000_000_000 * (i + 1), exact))
    return rig, views, true
