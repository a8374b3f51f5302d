"""A camera's intrinsics from many views of the board, with their covariance.

Zhang's method as OpenCV refines it (Zhang, PAMI 2000), started from a K that is known to be
near: without one, and with little tilt, the focal length comes out wrong by 9 to 200 % at a
residual that looks perfect.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.covariance import invert
from calibration.hand_eye import board_pose
from calibration.observation import BoardGeometry, BoardView, Intrinsics, ObservationError

Array = NDArray[np.float64]

MIN_VIEWS = 5
MIN_CORNERS = 6  # in one view, for it to say anything about the lens
LEAST_TILT_RAD = float(np.deg2rad(5.0))
GOOD_TILT_RAD = float(np.deg2rad(20.0))

# What is known of a lens nobody measured: a data sheet's focal length, a centred chip.
FACTORY_FOCAL_SHARE = 0.01
FACTORY_CENTRE_SHARE = 0.01
FACTORY_DISTORTION = (0.02, 0.05, 0.001, 0.001, 0.05)
# Of a lens that is measured here and now.
UNMEASURED_FOCAL_SHARE = 0.1
UNMEASURED_CENTRE_SHARE = 0.05
UNMEASURED_DISTORTION = (0.3, 0.5, 0.01, 0.01, 0.5)


@dataclass(frozen=True)
class IntrinsicsResult:
    """Measured intrinsics.

    ``intrinsics`` carries its covariance; ``sigma`` [4 + d]: standard deviations of fx, fy, cx,
    cy px and the distortion. ``rms_px``: RMS distance of all corners; ``view_rms_px`` [v];
    ``residuals``: per view [n, 2] px, projected minus seen. ``sigma_px``: of a corner's
    coordinate. ``tilt_rad`` [v]: angle between the board's normal and the optical axis.
    ``warnings``: sentences for the person.
    """

    intrinsics: Intrinsics
    sigma: Array
    rms_px: float
    sigma_px: float
    view_rms_px: Array
    residuals: tuple[Array, ...]
    tilt_rad: Array
    warnings: tuple[str, ...]


def factory_prior(intrinsics: Intrinsics) -> Array:
    """Return the covariance [4 + d, 4 + d] of intrinsics that nobody measured.

    One percent of the focal length, one percent of the width for the centre.
    """
    centre = FACTORY_CENTRE_SHARE * intrinsics.width
    sigma = [FACTORY_FOCAL_SHARE * intrinsics.fx, FACTORY_FOCAL_SHARE * intrinsics.fy]
    sigma += [centre, centre]
    for i in range(len(intrinsics.distortion)):
        sigma.append(FACTORY_DISTORTION[min(i, 4)])
    return np.diag(np.square(sigma))


def unmeasured_prior(intrinsics: Intrinsics) -> Array:
    """Return the covariance [4 + d, 4 + d] of a lens of which next to nothing is known.

    Wide enough for views to decide alone, also where ``intrinsics`` were started from the same
    views: it fixes only what no view shows.
    """
    centre = UNMEASURED_CENTRE_SHARE * intrinsics.width
    sigma = [UNMEASURED_FOCAL_SHARE * intrinsics.fx, UNMEASURED_FOCAL_SHARE * intrinsics.fy]
    sigma += [centre, centre]
    for i in range(len(intrinsics.distortion)):
        sigma.append(UNMEASURED_DISTORTION[min(i, 4)])
    return np.diag(np.square(sigma))


def guess(
    width: int, height: int, field_of_view_rad: float = float(np.deg2rad(70.0))
) -> Intrinsics:
    """Return intrinsics of a camera of which only the horizontal field of view is known."""
    focal = 0.5 * width / np.tan(0.5 * field_of_view_rad)
    return Intrinsics(width, height, focal, focal, (width - 1) / 2.0, (height - 1) / 2.0)


def calibrate_intrinsics(
    views: Sequence[BoardView], board: BoardGeometry, start: Intrinsics
) -> IntrinsicsResult:
    """Measure the intrinsics from ``views``, started from ``start`` (the factory's, or `guess`).

    The poses of the arm play no part. As many distortion coefficients are measured as ``start``
    has. Raises ObservationError below five views, when no view is tilted by 5 degrees (the focal
    length and the distance are then one number) and when OpenCV finds nothing.
    """
    good = [view for view in views if len(view.ids) >= MIN_CORNERS]
    if len(good) < MIN_VIEWS:
        raise ObservationError(
            f"{len(good)} views show {MIN_CORNERS} corners or more, intrinsics need at least "
            f"{MIN_VIEWS}: take 20, over the whole image"
        )
    # The tilt of a view is seen well enough with a focal length that is some percent off.
    tilts = np.array([tilt(view, board, start) for view in good])
    steep = float(np.max(tilts))
    if steep < LEAST_TILT_RAD:
        raise ObservationError(
            f"no view is tilted by more than {np.rad2deg(steep):.1f} degrees: the focal length "
            "cannot be told from the distance. Tilt the board by 20 to 40 degrees, each way"
        )
    points = [np.ascontiguousarray(board.points[view.ids], np.float32) for view in good]
    corners = [np.ascontiguousarray(view.corners, np.float32) for view in good]
    size = len(start.distortion)
    flags = cv2.CALIB_USE_INTRINSIC_GUESS
    if size >= 8:
        flags |= cv2.CALIB_RATIONAL_MODEL
    if size >= 12:
        flags |= cv2.CALIB_THIN_PRISM_MODEL
    if size >= 14:
        flags |= cv2.CALIB_TILTED_MODEL
    if size == 4:
        flags |= cv2.CALIB_FIX_K3
    distortion = np.zeros(max(5, size))
    distortion[:size] = start.distortion
    try:
        _, k, found, turns, shifts = cv2.calibrateCamera(
            points, corners, (start.width, start.height), start.K, distortion, flags=flags
        )
    except cv2.error as error:
        raise ObservationError(
            f"OpenCV finds no intrinsics ({error.err}): check that the chosen board is the "
            "printed one"
        ) from error
    distortion = np.asarray(found, float).reshape(-1)[:size]
    k = np.asarray(k, float)
    if not (np.all(np.isfinite(k)) and k[0, 0] > 0.0 and k[1, 1] > 0.0):
        raise ObservationError("these views give no focal length: tilt the board more, each way")
    return _result(good, board, start, k, distortion, turns, shifts, tilts)


def tilt(view: BoardView, board: BoardGeometry, intrinsics: Intrinsics) -> float:
    """Return the angle between the board's normal and the optical axis, rad."""
    pose, _ = board_pose(view, board, intrinsics)
    normal = Rotation.from_quat(pose[3:]).apply([0.0, 0.0, 1.0])
    return float(np.arccos(np.clip(abs(normal[2]), 0.0, 1.0)))


def _result(
    views: list[BoardView],
    board: BoardGeometry,
    start: Intrinsics,
    k: Array,
    distortion: Array,
    turns: Sequence[object],
    shifts: Sequence[object],
    tilts: Array,
) -> IntrinsicsResult:
    size = 4 + len(distortion)
    information = np.zeros((size, size))
    residuals = []
    for view, turn, shift in zip(views, turns, shifts, strict=True):
        pixels, jacobian = cv2.projectPoints(
            np.ascontiguousarray(board.points[view.ids]),
            np.asarray(turn, float),
            np.asarray(shift, float),
            k,
            distortion,
        )
        residuals.append(np.asarray(pixels, float).reshape(-1, 2) - view.corners)
        pose, lens = jacobian[:, :6], jacobian[:, 6 : 6 + size]
        # The board's pose in each view is eliminated (Schur complement).
        gain = np.linalg.lstsq(pose, lens, rcond=None)[0]
        information += lens.T @ (lens - pose @ gain)
    everything = np.concatenate(residuals)
    freedom = 2 * len(everything) - 6 * len(views) - size
    sigma_px = float(np.sqrt(np.sum(everything**2) / max(1, freedom)))
    covariance = sigma_px**2 * invert(information)
    sigma = np.sqrt(np.diag(covariance))
    fx, fy, cx, cy = float(k[0, 0]), float(k[1, 1]), float(k[0, 2]), float(k[1, 2])
    intrinsics = Intrinsics(
        start.width, start.height, fx, fy, cx, cy, tuple(float(d) for d in distortion), covariance
    )
    warnings = []
    if np.sqrt(np.mean(tilts**2)) < GOOD_TILT_RAD / 2.0:
        warnings.append(
            f"The board is tilted by {np.rad2deg(np.median(tilts)):.0f} degrees in the middle "
            "view: tilt it by 20 to 40 degrees, each way, to pin down the focal length."
        )
    if sigma[0] > 0.002 * fx or sigma[1] > 0.002 * fy:
        warnings.append(
            f"The focal length is known to {100 * max(sigma[0] / fx, sigma[1] / fy):.2f} % only: "
            "take more views, tilted, near and far."
        )
    covered = np.concatenate([view.corners for view in views])
    share = np.ptp(covered, axis=0) / [start.width, start.height]
    if np.min(share) < 0.6:
        warnings.append(
            f"The board was shown in {100 * share[0]:.0f} % of the width and "
            f"{100 * share[1]:.0f} % of the height: show it near the edges, where the lens bends."
        )
    return IntrinsicsResult(
        intrinsics=intrinsics,
        sigma=sigma,
        rms_px=float(np.sqrt(np.mean(np.sum(everything**2, axis=1)))),
        sigma_px=sigma_px,
        view_rms_px=np.array([np.sqrt(np.mean(np.sum(r**2, axis=1))) for r in residuals]),
        residuals=tuple(residuals),
        tilt_rad=tilts,
        warnings=tuple(warnings),
    )
