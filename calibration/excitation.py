"""Whether the arm turned enough, and about enough axes, to tell where the camera is.

The camera's pose follows from how the arm's rotation and the camera's agree: without rotation
about two axes that are not parallel some of it cannot be told at all (Tsai & Lenz 1989).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.observation import BoardView

Array = NDArray[np.float64]

AIM_RAD = float(np.deg2rad(20.0))  # RMS about each axis
WEAK_RAD = float(np.deg2rad(10.0))
ONE_AXIS_RAD = float(np.deg2rad(2.0))
CENTRED = 0.08  # standard deviation of the board's place, as a share of the image


@dataclass(frozen=True)
class Excitation:
    """How much the arm turned and the board moved in the image.

    ``rms_rad`` [3]: RMS rotation about the x, y, z axes of the frame the camera or the board is
    carried by (``ee``), from their mean orientation. ``principal_rad`` [3]: about the axes of
    most and least rotation, most first; the second one is zero for motion about one axis.
    ``axis`` [3]: the axis of most rotation, in ee. ``image_spread`` [2]: standard deviation of
    the board's centre as a share of width and height. ``poses``: how many.
    """

    rms_rad: Array
    principal_rad: Array
    axis: Array
    image_spread: Array
    poses: int

    @property
    def reached(self) -> NDArray[np.bool_]:
        """Whether the aim of 20 degrees RMS is reached about x, y, z."""
        return np.asarray(self.rms_rad >= AIM_RAD)

    @property
    def one_axis(self) -> bool:
        """Whether all rotation is about one axis, or there is next to none."""
        return bool(self.principal_rad[1] < max(ONE_AXIS_RAD, 0.03 * self.principal_rad[0]))

    @property
    def still(self) -> bool:
        """Whether the arm did not turn at all."""
        return bool(self.principal_rad[0] < ONE_AXIS_RAD)

    @property
    def weakest(self) -> str:
        """Name of the ee axis with the least rotation."""
        return "xyz"[int(np.argmin(self.rms_rad))]

    @property
    def centred(self) -> bool:
        """Whether the board was always in the same place of the image."""
        return bool(np.max(self.image_spread) < CENTRED)


def excitation(views: Sequence[BoardView], image_size: tuple[int, int]) -> Excitation:
    """Measure the excitation of ``views``, also while they are still being taken.

    ``image_size``: width and height, px. With no view at all everything is zero.

    """
    if not views:
        return Excitation(np.zeros(3), np.zeros(3), np.array([0.0, 0.0, 1.0]), np.zeros(2), 0)
    turns = Rotation.from_quat(np.array([view.T_base_ee[3:] for view in views]))
    vectors = (turns.mean().inv() * turns).as_rotvec()
    _, values, axes = np.linalg.svd(vectors / np.sqrt(len(views)), full_matrices=True)
    principal = np.zeros(3)
    principal[: len(values)] = values
    centres = np.array([view.corners.mean(axis=0) for view in views])
    return Excitation(
        rms_rad=np.sqrt(np.mean(vectors**2, axis=0)),
        principal_rad=principal,
        axis=np.asarray(axes[0]),
        image_spread=np.std(centres / np.asarray(image_size, float), axis=0),
        poses=len(views),
    )
