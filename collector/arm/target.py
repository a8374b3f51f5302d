"""Move a target pose no faster than the limits allow. Pure functions.

A rotation by less than 0.5 rad has no extrinsic x-y-z Euler angle above it, so a bounded
rotation angle bounds every component of an action.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from collector.arm.limits import ArmLimits
from collector.clock import NS_PER_S
from collector.geometry import Pose

# More than this above a limit is worth telling the operator.
CLIP_MARGIN = 1e-3
# Keeps sums of many small moves inside the bounds of an action, whatever is rounded.
_HEADROOM = 1.0 - 1e-6

Vector = NDArray[np.float64]


def exceeds(twist: Vector, limits: ArmLimits) -> bool:
    """True when a twist [6] asks for more than the limits by more than `CLIP_MARGIN`."""
    return bool(
        _norm(twist[:3]) > limits.linear_m_s * (1.0 + CLIP_MARGIN)
        or _norm(twist[3:]) > limits.angular_rad_s * (1.0 + CLIP_MARGIN)
    )


def turn_between(p0: Pose, p1: Pose) -> Vector:
    """Return the rotation vector [3] rad in base that turns ``p0`` into ``p1``, the short way."""
    turn = Rotation.from_quat(p1[3:]) * Rotation.from_quat(p0[3:]).inv()
    result: Vector = turn.as_rotvec()
    return result


def speed_between(p0: Pose, p1: Pose, interval_ns: int) -> Vector:
    """Return the twist [6] in m/s, rad/s that leads from ``p0`` to ``p1`` in ``interval_ns``."""
    motion = np.concatenate([p1[:3] - p0[:3], turn_between(p0, p1)])
    return motion * (NS_PER_S / interval_ns)


def step(target: Pose, twist: Vector, dt_ns: int, limits: ArmLimits) -> tuple[Pose, bool]:
    """Return ``target`` moved by ``twist`` [6] for ``dt_ns``, and whether the box held it back.

    Linear and angular velocity are scaled down to their limits, each keeping its
    direction. A component of the position never leaves the workspace box; one that is
    outside already can only come in, so that nothing jumps.
    """
    dt_s = dt_ns / NS_PER_S
    shift = _scaled(twist[:3] * dt_s, limits.linear_m_s * dt_s)
    turn = _scaled(twist[3:] * dt_s, limits.angular_rad_s * dt_s)
    wanted = target[:3] + shift
    low = np.minimum(limits.workspace_min, target[:3])
    high = np.maximum(limits.workspace_max, target[:3])
    position = np.clip(wanted, low, high)
    quaternion = (Rotation.from_rotvec(turn) * Rotation.from_quat(target[3:])).as_quat()
    if np.dot(quaternion, target[3:]) < 0.0:  # q and -q are one orientation: no sign flips
        quaternion = -quaternion
    held_back = bool(np.any(np.abs(position - wanted) > 1e-9))
    return np.concatenate([position, quaternion]), held_back


def _scaled(vector: Vector, largest: float) -> Vector:
    largest *= _HEADROOM
    norm = _norm(vector)
    return vector * (largest / norm) if norm > largest else vector


def _norm(vector: Vector) -> float:
    return float(np.linalg.norm(vector))
