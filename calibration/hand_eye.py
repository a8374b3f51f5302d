"""Closed-form hand-eye calibrations: where the camera is, from poses alone.

They give bundle adjustment its start, and people a comparison. Methods, all OpenCV's:
AX = XB by Tsai & Lenz (IEEE T-RA 1989), Park & Martin (IEEE T-RA 1994), Horaud &
Dornaika (IJRR 1995), Andreff et al. (3DIM 1999), Daniilidis (IJRR 1999); AX = ZB
(robot-world) by Shah (J. Mechanisms Robotics 2013) and Li et al. (IJPS 2010).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.kinematic_chain import Setup
from calibration.observation import BoardGeometry, BoardView, Intrinsics, ObservationError
from collector.geometry import Pose, from_matrix, matrix

Matrices = NDArray[np.float64]

HAND_EYE_METHODS = {
    "Tsai": cv2.CALIB_HAND_EYE_TSAI,
    "Park": cv2.CALIB_HAND_EYE_PARK,
    "Horaud": cv2.CALIB_HAND_EYE_HORAUD,
    "Andreff": cv2.CALIB_HAND_EYE_ANDREFF,
    "Daniilidis": cv2.CALIB_HAND_EYE_DANIILIDIS,
}
ROBOT_WORLD_METHODS = {
    "Shah": cv2.CALIB_ROBOT_WORLD_HAND_EYE_SHAH,
    "Li": cv2.CALIB_ROBOT_WORLD_HAND_EYE_LI,
}
MIN_VIEWS = 3


@dataclass(frozen=True)
class ClosedForm:
    """What one method says.

    ``T_parent_camera``, ``T_holder_board`` [7] m, quaternion: None where the method failed,
    and then ``problem`` says why. ``reprojection_px``: the middle view's RMS, pixels.
    """

    method: str
    T_parent_camera: Pose | None = None
    T_holder_board: Pose | None = None
    reprojection_px: float = float("inf")
    problem: str = ""


def board_pose(view: BoardView, board: BoardGeometry, intrinsics: Intrinsics) -> tuple[Pose, float]:
    """Return ``T_camera_board`` [7] m of one view and its reprojection RMS, pixels.

    The better of the two poses a plane allows (Collins & Bartoli, IJCV 2014), refined.
    Raises ObservationError when the corners fix no pose.
    """
    points = np.ascontiguousarray(board.points[view.ids])
    distortion = np.array(intrinsics.distortion)
    # IPPE wants the plane's points around the origin.
    centre = points.mean(axis=0)
    try:
        found, turns, shifts, _ = cv2.solvePnPGeneric(
            points - centre, view.corners, intrinsics.K, distortion, flags=cv2.SOLVEPNP_IPPE
        )
    except cv2.error:
        found = 0
    best: tuple[float, Pose] | None = None
    for turn, shift in zip(turns, shifts, strict=True) if found else ():
        if not (np.all(np.isfinite(turn)) and np.all(np.isfinite(shift))):
            continue
        turn, shift = cv2.solvePnPRefineLM(  # noqa: PLW2901
            points - centre, view.corners, intrinsics.K, distortion, turn, shift
        )
        rotation = Rotation.from_rotvec(np.asarray(turn).reshape(3))
        position = np.asarray(shift).reshape(3)
        seen = intrinsics.project(rotation.apply(points - centre) + position)
        rms = float(np.sqrt(np.mean(np.sum((seen - view.corners) ** 2, axis=1))))
        if position[2] > 0.0 and np.isfinite(rms) and (best is None or rms < best[0]):
            position = position - rotation.apply(centre)
            best = (rms, np.concatenate([position, rotation.as_quat()]))
    if best is None:
        raise ObservationError(
            f"view {view.name}: its corners fix no pose of the board: leave it out"
        )
    return best[1], best[0]


def board_poses(
    views: Sequence[BoardView], board: BoardGeometry, intrinsics: Intrinsics
) -> list[Pose]:
    """Return ``T_camera_board`` [7] of each view. Raises ObservationError, see `board_pose`."""
    return [board_pose(view, board, intrinsics)[0] for view in views]


def closed_forms(
    views: Sequence[BoardView],
    board: BoardGeometry,
    intrinsics: Intrinsics,
    setup: Setup,
    poses: Sequence[Pose] | None = None,
) -> list[ClosedForm]:
    """Return what every closed form says, best reprojection first; failed ones come last.

    ``poses``: ``T_camera_board`` of each view, computed when not given. A rotation whose
    determinant is not +1, or that is no number, is a failure (Park's on one-axis motion).
    Raises ObservationError below three views.
    """
    if len(views) < MIN_VIEWS:
        raise ObservationError(
            f"{len(views)} views: hand-eye calibration needs {MIN_VIEWS} at the very least, take 20"
        )
    found = poses if poses is not None else board_poses(views, board, intrinsics)
    T_camera_board = np.stack([matrix(p) for p in found])
    T_base_ee = np.stack([matrix(view.T_base_ee) for view in views])
    # M maps the frame that holds the board into the frame that holds the camera.
    T_holder_parent = np.asarray(T_base_ee if setup == "eye_in_hand" else np.linalg.inv(T_base_ee))
    results = []
    for method, T_parent_camera, problem in _solutions(T_holder_parent, T_camera_board):
        if T_parent_camera is None:
            results.append(ClosedForm(method, problem=problem))
            continue
        T_holder_board = typical_pose(T_holder_parent @ T_parent_camera @ T_camera_board)
        T_camera_holder = np.linalg.inv(T_holder_parent @ T_parent_camera)
        errors = [
            _reprojection(view, board, intrinsics, T)
            for view, T in zip(views, T_camera_holder @ T_holder_board, strict=True)
        ]
        # The middle view: one bad pose must not choose the method.
        middle = float(np.median(errors))
        results.append(
            ClosedForm(method, from_matrix(T_parent_camera), from_matrix(T_holder_board), middle)
        )
    return sorted(results, key=lambda result: result.reprojection_px)


def best_closed_form(
    views: Sequence[BoardView],
    board: BoardGeometry,
    intrinsics: Intrinsics,
    setup: Setup,
    poses: Sequence[Pose] | None = None,
) -> ClosedForm:
    """Return the closed form that reprojects best.

    Raises ObservationError when none of them gives a pose: the motion is degenerate.
    """
    best = closed_forms(views, board, intrinsics, setup, poses)[0]
    if best.T_parent_camera is None:
        raise ObservationError(
            "no method finds the camera's pose from these views: turn the arm about at least "
            "two different axes and capture again"
        )
    return best


def _solutions(
    T_holder_parent: Matrices, T_camera_board: Matrices
) -> list[tuple[str, Matrices | None, str]]:
    """Return each method's T_parent_camera [4, 4], or None and why there is none."""
    holder_parent, camera_board = _parts(T_holder_parent), _parts(T_camera_board)
    parent_holder = _parts(np.asarray(np.linalg.inv(T_holder_parent)))
    results: list[tuple[str, Matrices | None, str]] = []
    # A method that fails is part of the answer, not worth a line on the terminal.
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        for name, flag in {**HAND_EYE_METHODS, **ROBOT_WORLD_METHODS}.items():
            try:
                if name in HAND_EYE_METHODS:
                    found = cv2.calibrateHandEye(*holder_parent, *camera_board, method=flag)
                    T, problem = _rigid(*found)
                else:
                    # These give T_camera_parent.
                    found = cv2.calibrateRobotWorldHandEye(
                        *camera_board, *parent_holder, method=flag
                    )[2:]
                    T, problem = _rigid(*found)
                    T = None if T is None else np.asarray(np.linalg.inv(T))
            except cv2.error as error:
                T, problem = None, f"failed: {error.err}"
            results.append((name, T, problem))
    finally:
        cv2.utils.logging.setLogLevel(level)
    return results


def _parts(poses: Matrices) -> tuple[list[Any], list[Any]]:
    """Return rotations and translations as OpenCV wants them."""
    return list(poses[:, :3, :3]), list(poses[:, :3, 3])


def _rigid(rotation: Any, position: Any) -> tuple[Matrices | None, str]:
    """Return the matrix [4, 4] of a rotation and a translation, or None and why it is none."""
    rotation = np.asarray(rotation, float)
    position = np.asarray(position, float).reshape(-1)
    if not (np.all(np.isfinite(rotation)) and np.all(np.isfinite(position))):
        return None, "the result is no number"
    determinant = float(np.linalg.det(rotation))
    if abs(determinant - 1.0) > 0.1:
        return None, f"the rotation's determinant is {determinant:.2f}"
    u, _, vt = np.linalg.svd(rotation)  # the nearest rotation
    result = np.eye(4)
    result[:3, :3] = u @ vt
    result[:3, 3] = position
    return result, ""


def _reprojection(
    view: BoardView, board: BoardGeometry, intrinsics: Intrinsics, T_camera_board: Matrices
) -> float:
    """Return a view's RMS distance, px; infinite when the board is behind the camera."""
    in_camera = board.points[view.ids] @ T_camera_board[:3, :3].T + T_camera_board[:3, 3]
    if np.any(in_camera[:, 2] <= 0.0):
        return float("inf")
    offset = intrinsics.project(in_camera) - view.corners
    return float(np.sqrt(np.mean(np.sum(offset**2, axis=1))))


def typical_pose(poses: Matrices) -> NDArray[np.float64]:
    """Return the mean matrix [4, 4] of the half of ``poses`` [n, 4, 4] nearest the middle one."""
    turns = Rotation.from_matrix(poses[:, :3, :3])
    angles = np.stack([(turn.inv() * turns).magnitude() for turn in turns])
    middle = int(np.argmin(np.median(angles, axis=1)))
    place = np.median(poses[:, :3, 3], axis=0)
    away = np.linalg.norm(poses[:, :3, 3] - place, axis=1)
    # A radian of rotation counts as half a metre: about the distance of the board.
    near = np.argsort(away + 0.5 * angles[middle])[: max(2, (len(poses) + 1) // 2)]
    result = np.eye(4)
    result[:3, :3] = turns[near].mean().as_matrix()
    result[:3, 3] = poses[near, :3, 3].mean(axis=0)
    return result
