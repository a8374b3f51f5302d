"""Actions of a whole episode, from its poses.

The recorder completes one action a step; recovery and verification compute them all
again from what is on disk with the functions here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from collector.episode.format import MAX_STEP_M, MAX_STEP_RAD
from collector.geometry import motion_between

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Limits are float64, actions float32: half a unit in the last place, and then some.
ROUNDING = 1e-6


def arm_present(poses: Floats) -> Bools:
    """Return [T]: whether the arm was there, from its poses [T, 7] (NaN where it was not)."""
    present: Bools = np.all(np.isfinite(poses), axis=1)
    return present


def action_between(
    pose: Floats | None, next_pose: Floats | None, gripper: float, next_gripper: float
) -> NDArray[np.float32]:
    """Return the action [7] from one step to the next.

    Poses [7] are None and grippers NaN where the arm was absent: the motion is then zero,
    and the gripper command the one that is known, if any.
    """
    action = np.zeros(7, np.float32)
    if pose is not None and next_pose is not None:
        action[:6] = motion_between(pose, next_pose)
    action[6] = gripper if np.isnan(next_gripper) else next_gripper
    return action


def actions_of(poses: Floats, grippers: Floats) -> NDArray[np.float32]:
    """Return actions [T, 7] for poses [T, 7] and gripper commands [T]; the last motion is zero."""
    present = arm_present(poses)
    actions = np.zeros((len(poses), 7), np.float32)
    for k in range(len(poses)):
        last = k + 1 == len(poses)
        actions[k] = action_between(
            poses[k] if present[k] else None,
            poses[k + 1] if not last and present[k + 1] else None,
            float(grippers[k]),
            float("nan") if last else float(grippers[k + 1]),
        )
    return actions


def out_of_bounds(actions: NDArray[np.float32]) -> Bools:
    """Return [T]: whether an action [T, 7] exceeds 0.1 m or 0.5 rad in any component."""
    motion = np.abs(actions[:, :6])
    exceeded: Bools = np.any(motion[:, :3] > MAX_STEP_M + ROUNDING, axis=1) | np.any(
        motion[:, 3:] > MAX_STEP_RAD + ROUNDING, axis=1
    )
    return exceeded
