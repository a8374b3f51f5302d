"""Poses, their interpolation, and the action between two of them.

A *pose* is a float64 array of shape ``[7]``: position x, y, z in metres and
unit quaternion x, y, z, w. ``T_a_b`` maps points of frame b into frame a.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

Pose = NDArray[np.float64]
Matrix = NDArray[np.float64]

IDENTITY: Pose = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])


def pose(position: ArrayLike, quaternion: ArrayLike = (0.0, 0.0, 0.0, 1.0)) -> Pose:
    """Return the pose [7] at ``position`` [3] m with ``quaternion`` [4] x, y, z, w, normalised.

    Raises ValueError when the quaternion has no direction or a number is not finite.
    """
    result = np.concatenate([np.asarray(position, float), np.asarray(quaternion, float)])
    norm = float(np.linalg.norm(result[3:]))
    if not np.all(np.isfinite(result)) or norm < 1e-9:
        raise ValueError(f"not a pose: {result.tolist()}")
    result[3:] /= norm
    return result


def matrix(p: Pose) -> Matrix:
    """Return the homogeneous matrix [4, 4] of pose [7]."""
    result = np.eye(4)
    result[:3, :3] = Rotation.from_quat(p[3:]).as_matrix()
    result[:3, 3] = p[:3]
    return result


def from_matrix(m: ArrayLike) -> Pose:
    """Return the pose [7] of the homogeneous matrix [4, 4]."""
    m = np.asarray(m, float)
    return np.concatenate([m[:3, 3], Rotation.from_matrix(m[:3, :3]).as_quat()])


def compose(t_a_b: Pose, t_b_c: Pose) -> Pose:
    """Return ``T_a_c`` [7] = ``T_a_b`` ``T_b_c``."""
    r_a_b = Rotation.from_quat(t_a_b[3:])
    position = t_a_b[:3] + r_a_b.apply(t_b_c[:3])
    return np.concatenate([position, (r_a_b * Rotation.from_quat(t_b_c[3:])).as_quat()])


def inverse(t_a_b: Pose) -> Pose:
    """Return ``T_b_a`` [7]."""
    r_b_a = Rotation.from_quat(t_a_b[3:]).inv()
    return np.concatenate([-r_b_a.apply(t_a_b[:3]), r_b_a.as_quat()])


def interpolate(p0: Pose, p1: Pose, fraction: float) -> Pose:
    """Return the pose [7] at ``fraction`` in [0, 1] between two: position linear, rotation SLERP.

    SLERP takes the shorter arc (Shoemake, SIGGRAPH 1985).
    """
    position = p0[:3] + fraction * (p1[:3] - p0[:3])
    r0 = Rotation.from_quat(p0[3:])
    turn = (r0.inv() * Rotation.from_quat(p1[3:])).as_rotvec()
    return np.concatenate([position, (r0 * Rotation.from_rotvec(fraction * turn)).as_quat()])


def distance(p0: Pose, p1: Pose) -> tuple[float, float]:
    """Return how far two poses [7] are apart: metres and radians."""
    turn = Rotation.from_quat(p0[3:]).inv() * Rotation.from_quat(p1[3:])
    return float(np.linalg.norm(p1[:3] - p0[:3])), float(turn.magnitude())


def motion_between(p0: Pose, p1: Pose) -> NDArray[np.float64]:
    """Return the motion [6] from ``p0`` to ``p1``, as an action states it.

    ``[dx, dy, dz]`` m in base, then ``[droll, dpitch, dyaw]`` rad: the extrinsic x-y-z
    Euler angles of dR in ``R(p1) = dR R(p0)``.
    """
    turn = Rotation.from_quat(p1[3:]) * Rotation.from_quat(p0[3:]).inv()
    return np.concatenate([p1[:3] - p0[:3], turn.as_euler("xyz")])


def move(p0: Pose, motion: ArrayLike) -> Pose:
    """Return the pose [7] that ``motion`` [6] (see `motion_between`) leads to from ``p0``."""
    motion = np.asarray(motion, float)
    turn = Rotation.from_euler("xyz", motion[3:6])
    return np.concatenate([p0[:3] + motion[:3], (turn * Rotation.from_quat(p0[3:])).as_quat()])
