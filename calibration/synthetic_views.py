"""Views of a board from a known truth: for benchmarks, and to rehearse poses before taking them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.bundle_adjustment import RobotNoise
from calibration.kinematic_chain import Setup
from calibration.observation import BoardGeometry, BoardView, Intrinsics
from collector.geometry import Pose, compose, inverse

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rig:
    """A camera, an arm and a board as they truly are.

    ``T_parent_camera`` [7] and ``T_holder_board`` [7] as in `calibration.kinematic_chain`.
    ``sigma_px``: noise of a corner's coordinate; ``noise``: of the arm's reported pose.
    """

    setup: Setup
    board: BoardGeometry
    intrinsics: Intrinsics
    T_parent_camera: Pose
    T_holder_board: Pose
    noise: RobotNoise
    sigma_px: float

    def T_camera_board(self, T_base_ee: Pose) -> Pose:
        """Return where the camera sees the board when the arm is truly at ``T_base_ee``."""
        M = inverse(T_base_ee) if self.setup == "eye_in_hand" else T_base_ee
        return compose(inverse(self.T_parent_camera), compose(M, self.T_holder_board))

    def T_base_ee(self, T_camera_board: Pose) -> Pose:
        """Return where the arm must be for the camera to see the board at ``T_camera_board``."""
        M = compose(self.T_parent_camera, compose(T_camera_board, inverse(self.T_holder_board)))
        return inverse(M) if self.setup == "eye_in_hand" else M

    def view(
        self,
        T_base_ee: Pose,
        rng: np.random.Generator,
        name: str = "",
        stamp_ns: int = 0,
        exact: bool = False,
    ) -> BoardView:
        """Return what is seen and reported with the arm truly at ``T_base_ee``.

        Corners outside the image are not seen. ``exact``: without any noise.
        """
        T = self.T_camera_board(T_base_ee)
        in_camera = Rotation.from_quat(T[3:]).apply(self.board.points) + T[:3]
        pixels = self.intrinsics.project(in_camera)
        reported = np.array(T_base_ee, float)
        if not exact:
            pixels = pixels + rng.normal(0.0, self.sigma_px, pixels.shape)
            reported = disturbed(reported, self.noise, rng)
        inside = (
            (in_camera[:, 2] > 0.0)
            & np.all(pixels >= 0.0, axis=1)
            & (pixels[:, 0] <= self.intrinsics.width - 1)
            & (pixels[:, 1] <= self.intrinsics.height - 1)
        )
        return BoardView(np.flatnonzero(inside), pixels[inside], reported, stamp_ns, name)


def disturbed(T_base_ee: Pose, noise: RobotNoise, rng: np.random.Generator) -> Pose:
    """Return the pose [7] as an arm with ``noise`` reports it."""
    turn = Rotation.from_rotvec(rng.normal(0.0, noise.sigma_r_rad, 3))
    position = T_base_ee[:3] + rng.normal(0.0, noise.sigma_t_m, 3)
    return np.concatenate([position, (turn * Rotation.from_quat(T_base_ee[3:])).as_quat()])


def draw_board_pose(
    rng: np.random.Generator,
    board: BoardGeometry,
    intrinsics: Intrinsics,
    distance_m: tuple[float, float],
    tilt_rad: tuple[float, float],
    roll_rad: float,
    spread: float = 0.25,
) -> Pose:
    """Draw ``T_camera_board`` [7]: a board that faces the camera, tilted, rolled, off centre.

    ``tilt_rad``: least and most angle between the board's normal and the optical axis, about an
    axis drawn evenly in the board; ``roll_rad``: most, either way, about the optical axis;
    ``spread``: how far its centre may lie from the image's, as a share of width and height.
    """
    distance = rng.uniform(*distance_m)
    tilt = rng.uniform(*tilt_rad)
    towards = rng.uniform(0.0, 2.0 * np.pi)
    axis = np.array([np.cos(towards), np.sin(towards), 0.0])
    rotation = Rotation.from_rotvec([0.0, 0.0, rng.uniform(-roll_rad, roll_rad)])
    rotation = Rotation.from_rotvec(tilt * axis) * rotation
    u = (rng.uniform(-spread, spread)) * intrinsics.width / intrinsics.fx
    v = (rng.uniform(-spread, spread)) * intrinsics.height / intrinsics.fy
    centre = distance * np.array([u, v, 1.0])
    return np.concatenate([centre - rotation.apply(board.centre), rotation.as_quat()])
