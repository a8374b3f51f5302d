"""Forward and inverse kinematics of the Franka Panda, tool centre point at the fingertips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from collector.geometry import Matrix, Pose, from_matrix, matrix

JOINT_COUNT = 7
LOWER_RAD = np.array([-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973])
UPPER_RAD = np.array([2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973])
VELOCITY_RAD_S = np.array([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61])
REST_RAD = np.array([0.0, -0.35, 0.0, -2.25, 0.0, 1.90, np.pi / 4])

# Joint frames of assets/panda.urdf: translation m, rotation about x rad; each turns about z.
_FRAMES = (
    ((0.0, 0.0, 0.333), 0.0),
    ((0.0, 0.0, 0.0), -np.pi / 2),
    ((0.0, -0.316, 0.0), np.pi / 2),
    ((0.0825, 0.0, 0.0), np.pi / 2),
    ((-0.0825, 0.384, 0.0), -np.pi / 2),
    ((0.0, 0.0, 0.0), np.pi / 2),
    ((0.088, 0.0, 0.0), np.pi / 2),
)


def _fixed_frame(translation: tuple[float, float, float], roll: float) -> Matrix:
    result = np.eye(4)
    result[:3, :3] = Rotation.from_euler("x", roll).as_matrix()
    result[:3, 3] = translation
    return result


_JOINTS = tuple(_fixed_frame(*frame) for frame in _FRAMES)
# Flange, hand turned by -45 degrees, tool centre point 105 mm below the hand.
_TOOL = np.eye(4)
_TOOL[:3, :3] = Rotation.from_euler("z", -np.pi / 4).as_matrix()
_TOOL[2, 3] = 0.107 + 0.105


def _frames(q: NDArray[np.float64]) -> tuple[NDArray[np.float64], Matrix]:
    """Return each joint's frame [7, 4, 4] in base, and ``T_base_ee`` [4, 4]."""
    frames = np.empty((JOINT_COUNT, 4, 4))
    pose = np.eye(4)
    for index in range(JOINT_COUNT):
        c, s = np.cos(q[index]), np.sin(q[index])
        turn = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
        pose = pose @ _JOINTS[index] @ turn
        frames[index] = pose
    return frames, pose @ _TOOL


def forward_kinematics(joint_positions: NDArray[np.float64]) -> Pose:
    """Return ``T_base_ee`` [7] of the first seven ``joint_positions`` [>= 7] rad."""
    return from_matrix(_frames(joint_positions[:JOINT_COUNT])[1])


def inverse_kinematics(
    target: Pose,
    seed: NDArray[np.float64],
    rest: NDArray[np.float64] = REST_RAD,
    iterations: int = 8,
    null_space_gain: float = 0.02,
) -> NDArray[np.float64]:
    """Return joint positions [7] rad near ``seed`` that bring the tool to ``target`` [7].

    Damped least squares (Nakamura and Hanafusa, J. Dyn. Sys. Meas. Control 1986), with
    a pull towards ``rest`` in the null space of the task, inside the joint limits.
    Out of reach, it comes as near as it can.
    """
    q: NDArray[np.float64] = np.clip(np.asarray(seed, float), LOWER_RAD, UPPER_RAD)
    goal = matrix(target)
    error = np.empty(6)
    for iteration in range(iterations):
        frames, tool = _frames(q)
        error[:3] = goal[:3, 3] - tool[:3, 3]
        error[3:] = Rotation.from_matrix(goal[:3, :3] @ tool[:3, :3].T).as_rotvec()
        at_goal = np.linalg.norm(error[:3]) < 1e-6 and np.linalg.norm(error[3:]) < 1e-5
        if at_goal and iteration > 0:
            break
        axes = frames[:, :3, 2]
        jacobian = np.vstack([np.cross(axes, tool[:3, 3] - frames[:, :3, 3]).T, axes.T])
        damped = jacobian @ jacobian.T + 1e-5 * np.eye(6)
        inverse = jacobian.T @ np.linalg.inv(damped)
        step = inverse @ error
        if iteration == 0:  # once a call: the pull is a rate, not part of the solution
            pull = null_space_gain * (rest - q)
            step += pull - inverse @ (jacobian @ pull)
        q = np.clip(q + np.clip(step, -0.3, 0.3), LOWER_RAD, UPPER_RAD)
    return q
