"""Poses that would calibrate a camera well, and that the arm can go to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from calibration.board import CharucoBoard
from calibration.bundle_adjustment import RobotNoise
from calibration.kinematic_chain import Setup
from calibration.next_pose import suggest_poses
from calibration.observation import Intrinsics
from collector.geometry import Pose, compose, distance, interpolate, inverse, matrix
from collector.simulation.kinematics import (
    LOWER_RAD,
    UPPER_RAD,
    forward_kinematics,
    inverse_kinematics,
)
from collector.station.description import ArmDescription

DEFAULT_COUNT = 32
SPARE = 1.4  # proposed for each that is wanted: some ways lead out of reach
NEAR, FAR = 0.6, 1.3  # of the distance at which the board is seen now
LARGEST_TURN_RAD = float(np.deg2rad(65.0))  # from where the arm is now
CLEARANCE_M = 0.02  # of board and camera above the workspace's floor
BOX_MARGIN_M = 0.01
_PAPER_M = 0.02  # around the squares
_JOINT_MARGIN_RAD = 0.05
_WAY_POINTS = 8
_NEAREST = 10  # poses tried as the next one
_RADIAN_M = 0.3  # as a short way counts it

Reach = Callable[[Pose], bool]


def propose(
    arm: ArmDescription,
    setup: Setup,
    board: CharucoBoard,
    intrinsics: Intrinsics,
    noise: RobotNoise,
    at: Pose,
    joints: NDArray[np.float64],
    T_parent_camera: Pose,
    T_holder_board: Pose,
    count: int,
    rng: np.random.Generator,
) -> list[Pose]:
    """Return ``T_base_ee`` [7] of up to ``count`` poses, in the order of a short way.

    ``at`` [7] and ``joints`` rad: where the arm is. ``T_parent_camera``, ``T_holder_board`` [7]:
    about where camera and board are. On a real arm only the workspace's box, the turn and the
    clearance are known; a simulated one's reach is. Raises ObservationError when too few are safe.
    """
    low = np.array(arm.limits.workspace.min) + BOX_MARGIN_M
    high = np.array(arm.limits.workspace.max) - BOX_MARGIN_M
    sheet = _sheet(board)
    floor_m = float(arm.limits.workspace.min[2]) + CLEARANCE_M
    simulated = arm.backend == "simulated"

    def safe(pose: Pose) -> bool:
        if distance(at, pose)[1] > LARGEST_TURN_RAD:
            return False
        if setup == "eye_to_hand":
            t = matrix(compose(pose, T_holder_board))
            lowest = float(np.min(sheet @ t[2, :3] + t[2, 3]))
        else:
            lowest = float(compose(pose, T_parent_camera)[2])
        if lowest < floor_m:
            return False
        return not simulated or _solved(pose, joints) is not None

    seen = compose(inverse(T_parent_camera), _in_parent(setup, at, T_holder_board))
    away_m = float(np.linalg.norm(matrix(seen)[:3, :3] @ board.geometry().centre + seen[:3]))
    plan = suggest_poses(
        setup,
        board.geometry(),
        intrinsics,
        T_parent_camera,
        T_holder_board,
        low,
        high,
        rng,
        count=round(SPARE * count) if simulated else count,
        noise=noise,
        distance_m=(NEAR * away_m, FAR * away_m),
        reachable=safe,
    )
    poses = list(plan.poses)
    return _on_the_way(at, poses, joints)[:count] if simulated else poses


def _in_parent(setup: Setup, at: Pose, T_holder_board: Pose) -> Pose:
    return compose(inverse(at) if setup == "eye_in_hand" else at, T_holder_board)


def _sheet(board: CharucoBoard) -> NDArray[np.float64]:
    width, height = board.size_m
    low, right, bottom = -_PAPER_M, width + _PAPER_M, height + _PAPER_M
    return np.array([[low, low, 0], [right, low, 0], [right, bottom, 0], [low, bottom, 0]], float)


def _solved(
    pose: Pose, seed: NDArray[np.float64], iterations: int = 40
) -> NDArray[np.float64] | None:
    """Return joints [7] rad of the simulated arm at ``pose``; None out of reach."""
    joints = inverse_kinematics(pose, seed, iterations=iterations)
    metres, radians = distance(forward_kinematics(joints), pose)
    if metres > 1e-3 or radians > 5e-3:
        return None
    inside = np.all(joints > LOWER_RAD + _JOINT_MARGIN_RAD) and np.all(
        joints < UPPER_RAD - _JOINT_MARGIN_RAD
    )
    return joints if inside else None


def _on_the_way(at: Pose, poses: list[Pose], joints: NDArray[np.float64]) -> list[Pose]:
    """Return the ``poses`` that the simulated arm reaches on straight ways, one after another."""
    kept: list[Pose] = []
    rest = list(poses)
    here, now = at, joints
    while rest:
        rest.sort(key=lambda pose: _cost(here, pose))
        for pose in rest[:_NEAREST]:
            reached = _led(here, pose, now)
            if reached is not None:
                kept.append(pose)
                rest = [other for other in rest if other is not pose]
                here, now = pose, reached
                break
        else:
            break
    return kept


def _cost(here: Pose, pose: Pose) -> float:
    metres, radians = distance(here, pose)
    return metres + _RADIAN_M * radians


def _led(here: Pose, pose: Pose, joints: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the joints [7] rad at the end of the straight way; None where it cannot be gone."""
    now: NDArray[np.float64] | None = joints
    for k in range(1, _WAY_POINTS + 1):
        assert now is not None
        now = _solved(interpolate(here, pose, k / _WAY_POINTS), now, 20)
        if now is None:
            return None
    return now
