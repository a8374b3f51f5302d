"""From a corner of the board to a pixel, through the arm, with every derivative.

``T_camera_board = inv(T_parent_camera) * M * T_holder_board``, where

================  ==========  ==========  =================================
set-up            parent      holder      M, maps the holder into the parent
================  ==========  ==========  =================================
``eye_in_hand``   ``ee``      ``base``    ``inv(T_base_ee)``
``eye_to_hand``   ``base``    ``ee``      ``T_base_ee``
================  ==========  ==========  =================================

Small changes of a pose are written ``[dt, dr]`` [6]: ``t + dt`` m, ``exp(dr) R`` rad, both
in the axes of the frame the pose is given in (as in ROS's PoseWithCovariance).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.observation import BoardGeometry, BoardView, Intrinsics, ObservationError
from collector.geometry import Pose

Array = NDArray[np.float64]
Setup = Literal["eye_in_hand", "eye_to_hand"]

MIN_CORNERS = 4  # fewer do not fix the pose of a plane


def parent_frame(setup: Setup) -> Literal["base", "ee"]:
    """Return the frame the camera is fixed in."""
    return "ee" if setup == "eye_in_hand" else "base"


def holder_frame(setup: Setup) -> Literal["base", "ee"]:
    """Return the frame the board is fixed in."""
    return "base" if setup == "eye_in_hand" else "ee"


def other_setup(setup: Setup) -> Setup:
    """Return the set-up this one is not."""
    return "eye_to_hand" if setup == "eye_in_hand" else "eye_in_hand"


def exp_so3(rotvec: Array) -> Array:
    """Return rotation matrices [..., 3, 3] of rotation vectors [..., 3] rad."""
    flat = Rotation.from_rotvec(rotvec.reshape(-1, 3)).as_matrix()
    return np.asarray(flat).reshape(*rotvec.shape[:-1], 3, 3)


def log_so3(rotation: Array) -> Array:
    """Return rotation vectors [..., 3] rad of rotation matrices [..., 3, 3]."""
    flat = Rotation.from_matrix(rotation.reshape(-1, 3, 3)).as_rotvec()
    return np.asarray(flat).reshape(*rotation.shape[:-2], 3)


@dataclass(frozen=True)
class Stack:
    """Views side by side, padded to the same number of corners.

    ``points`` [v, n, 3] m in the board; ``corners`` [v, n, 2] pixels; ``seen`` bool [v, n];
    ``position`` [v, 3] m and ``rotation`` [v, 3, 3]: the arm's measured ``T_base_ee``.
    """

    points: Array
    corners: Array
    seen: NDArray[np.bool_]
    position: Array
    rotation: Array

    @classmethod
    def of(cls, views: Sequence[BoardView], board: BoardGeometry) -> Stack:
        """Stack views. Raises ObservationError for unknown corners or too few of them."""
        if not views:
            raise ObservationError("there is no view of the board: capture some")
        most = max(len(view.ids) for view in views)
        points = np.zeros((len(views), most, 3))
        corners = np.zeros((len(views), most, 2))
        seen = np.zeros((len(views), most), bool)
        for i, view in enumerate(views):
            n = len(view.ids)
            if n < MIN_CORNERS:
                raise ObservationError(
                    f"view {view.name or i} shows {n} corners of {MIN_CORNERS} needed: leave it out"
                )
            if view.ids.min() < 0 or view.ids.max() >= len(board.points):
                raise ObservationError(
                    f"view {view.name or i} has corner {view.ids.max()}, the board has "
                    f"{len(board.points)}: choose the board that was printed"
                )
            points[i, :n] = board.points[view.ids]
            points[i, n:] = points[i, 0]  # padding, in front of the camera like the rest
            corners[i, :n] = view.corners
            seen[i, :n] = True
        poses = np.array([view.T_base_ee for view in views])
        return cls(
            points, corners, seen, poses[:, :3], Rotation.from_quat(poses[:, 3:]).as_matrix()
        )


@dataclass(frozen=True)
class State:
    """Everything that is estimated.

    ``t_camera`` [3], ``R_camera`` [3, 3]: T_parent_camera. ``t_board``, ``R_board``:
    T_holder_board. ``intrinsics`` [4 + d]: fx fy cx cy, distortion. ``scale``: true over
    stated size of the board. ``shift`` [v, 3] m and ``turn`` [v, 3, 3]: corrections of the
    measured arm poses. ``position``, ``rotation``: the measured poses themselves, which
    move with ``delay`` s where the arm's motion is known.
    """

    t_camera: Array
    R_camera: Array
    t_board: Array
    R_board: Array
    intrinsics: Array
    scale: float
    shift: Array
    turn: Array
    position: Array
    rotation: Array
    delay: float = 0.0

    @classmethod
    def start(
        cls, stack: Stack, intrinsics: Intrinsics, T_parent_camera: Pose, T_holder_board: Pose
    ) -> State:
        """Return a state at two poses [7], with no correction."""
        count = len(stack.position)
        return cls(
            t_camera=np.array(T_parent_camera[:3], float),
            R_camera=Rotation.from_quat(T_parent_camera[3:]).as_matrix(),
            t_board=np.array(T_holder_board[:3], float),
            R_board=Rotation.from_quat(T_holder_board[3:]).as_matrix(),
            intrinsics=intrinsics.parameters,
            scale=1.0,
            shift=np.zeros((count, 3)),
            turn=np.broadcast_to(np.eye(3), (count, 3, 3)).copy(),
            position=stack.position,
            rotation=stack.rotation,
        )

    @property
    def T_parent_camera(self) -> Pose:
        """The camera's pose [7]."""
        return np.concatenate([self.t_camera, Rotation.from_matrix(self.R_camera).as_quat()])

    @property
    def T_holder_board(self) -> Pose:
        """The board's pose [7]."""
        return np.concatenate([self.t_board, Rotation.from_matrix(self.R_board).as_quat()])

    @property
    def corrections(self) -> Array:
        """Corrections [v, 6] of the arm's measured poses: dt m, dr rad, in base."""
        return np.concatenate([self.shift, log_so3(self.turn)], axis=1)


@dataclass(frozen=True)
class Linearisation:
    """Residuals [v, n, 2] pixels (projected minus seen; 0 where nothing was seen) and
    their derivatives: by the camera's pose [v, n, 2, 6], the board's pose [v, n, 2, 6], the
    arm's pose [v, n, 2, 6], the intrinsics [v, n, 2, 4 + d] and the scale [v, n, 2, 1].
    ``depth`` [v, n] m.
    """

    residuals: Array
    by_camera: Array
    by_board: Array
    by_arm: Array
    by_intrinsics: Array
    by_scale: Array
    depth: Array


def _cross(rows: Array, vectors: Array) -> Array:
    """Rows [v, n, 2, 3] times the cross matrix of vectors [v, n, 3]."""
    v = vectors[:, :, None, :]
    a, b = rows, v
    return np.stack(
        [
            a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1],
            a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2],
            a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0],
        ],
        axis=-1,
    )


def project_points(points: Array, intrinsics: Array) -> tuple[Array, Array, Array]:
    """Project camera points [..., 3] m with fx fy cx cy and distortion [4 + d].

    Returns pixels [..., 2], their derivatives by the points [..., 2, 3] and by the
    intrinsics [..., 2, 4 + d].
    """
    fx, fy, cx, cy = intrinsics[:4]
    k = np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
    zero = np.zeros(3)
    flat = np.ascontiguousarray(points.reshape(-1, 3))
    pixels, jacobian = cv2.projectPoints(flat, zero, zero, k, intrinsics[4:])
    shape = points.shape[:-1]
    jacobian = np.asarray(jacobian).reshape(*shape, 2, -1)
    # OpenCV's columns: rotation, translation, f, c, distortion. At the identity the
    # derivative by the translation is the one by the point.
    return np.asarray(pixels).reshape(*shape, 2), jacobian[..., 3:6], jacobian[..., 6:]


def linearise(state: State, stack: Stack, setup: Setup) -> Linearisation:
    """Return residuals and analytic derivatives of every corner at ``state``."""
    rotation = state.turn @ state.rotation
    position = state.position + state.shift
    arm = state.scale * (stack.points @ state.R_board.T)
    in_holder = arm + state.t_board
    if setup == "eye_to_hand":
        lever = in_holder @ rotation.transpose(0, 2, 1)
        in_parent = lever + position[:, None]
    else:
        lever = in_holder - position[:, None]
        in_parent = lever @ rotation
    from_camera = in_parent - state.t_camera
    in_camera = from_camera @ state.R_camera
    pixels, by_point, by_intrinsics = project_points(in_camera, state.intrinsics)

    by_parent = by_point @ state.R_camera.T
    if setup == "eye_to_hand":
        by_holder = by_parent @ rotation[:, None]
        by_arm = np.concatenate([by_parent, -_cross(by_parent, lever)], axis=-1)
    else:
        by_holder = by_parent @ rotation.transpose(0, 2, 1)[:, None]
        by_arm = np.concatenate([-by_holder, _cross(by_holder, lever)], axis=-1)
    by_camera = np.concatenate([-by_parent, _cross(by_parent, from_camera)], axis=-1)
    by_board = np.concatenate([by_holder, -_cross(by_holder, arm)], axis=-1)
    by_scale = by_holder @ (arm / state.scale)[..., None]
    residuals = np.where(stack.seen[..., None], pixels - stack.corners, 0.0)
    return Linearisation(
        residuals, by_camera, by_board, by_arm, by_intrinsics, by_scale, in_camera[..., 2]
    )
