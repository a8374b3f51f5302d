"""How a camera's lens bends the pinhole picture that a renderer draws."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from collector.devices.camera import Intrinsics

# Undistorting must come back to the pixel that it began at, or the model turns back inside
# the picture and shows one ray twice.
_LARGEST_ROUND_TRIP_PX = 0.01
# A lens that needs a pinhole picture larger than this is a mistake in the coefficients.
_LARGEST_GROWTH = 3.0
_MARGIN_PX = 2  # for the interpolation at the border


class Lens:
    """The distortion of ``intrinsics``, ready to bend pictures.

    ``pinhole`` are the intrinsics, without distortion, of the picture to draw: as large as
    it must be for every pixel of the bent one to lie in it.
    """

    def __init__(self, intrinsics: Intrinsics) -> None:
        """Trace every pixel's ray. Raises ValueError for a distortion that cannot be drawn."""
        self.intrinsics = intrinsics
        self._distorts = any(intrinsics.distortion)
        if not self._distorts:
            self.pinhole = intrinsics
            return
        rays = self.rays
        focal = np.array([intrinsics.fx, intrinsics.fy])
        centre = np.array([intrinsics.cx, intrinsics.cy])
        pixels = rays.astype(np.float64) * focal + centre
        low = np.floor(pixels.min(axis=(0, 1))).astype(int) - _MARGIN_PX
        high = np.ceil(pixels.max(axis=(0, 1))).astype(int) + _MARGIN_PX
        width, height = (int(n) for n in high - low + 1)
        if width > _LARGEST_GROWTH * intrinsics.width or height > _LARGEST_GROWTH * (
            intrinsics.height
        ):
            raise ValueError(_too_strong(intrinsics))
        self.pinhole = Intrinsics(
            width=width,
            height=height,
            fx=intrinsics.fx,
            fy=intrinsics.fy,
            cx=intrinsics.cx - float(low[0]),
            cy=intrinsics.cy - float(low[1]),
        )
        self._map = (pixels[1:-1, 1:-1] - low).astype(np.float32)

    @cached_property
    def rays(self) -> NDArray[np.float32]:
        """Ray (x, y, 1) of every pixel's centre, as x, y: [H + 2, W + 2, 2].

        A border of one pixel is around the picture: pixel (u, v) is at [v + 1, u + 1].
        """
        k = self.intrinsics
        u, v = np.meshgrid(np.arange(-1.0, k.width + 1), np.arange(-1.0, k.height + 1))
        pixels = np.stack([u, v], axis=-1)
        if not self._distorts:
            rays = (pixels - (k.cx, k.cy)) / (k.fx, k.fy)
            return rays.astype(np.float32)
        coefficients = np.array(k.distortion)
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 200, 1e-12)
        rays = cv2.undistortPointsIter(
            pixels.reshape(-1, 1, 2), k.k, coefficients, None, None, criteria
        ).reshape(-1, 2)
        if not np.all(np.isfinite(rays)):
            raise ValueError(_too_strong(k))
        points = np.column_stack([rays, np.ones(len(rays))])
        back = cv2.projectPoints(points, np.zeros(3), np.zeros(3), k.k, coefficients)[0]
        error = np.abs(back.reshape(-1, 2) - pixels.reshape(-1, 2)).max()
        if not error < _LARGEST_ROUND_TRIP_PX:
            raise ValueError(_too_strong(k))
        return np.asarray(rays.reshape(pixels.shape), np.float32)

    def bend(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return what the lens makes of a pinhole ``picture`` [H', W', 3]: [H, W, 3]."""
        if not self._distorts:
            return picture
        bent: NDArray[np.uint8] = cv2.remap(picture, self._map, None, cv2.INTER_LINEAR)
        return bent

    def bend_depth(self, depth_m: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the depth [H, W] of each bent pixel, from the pinhole's [H', W'], m.

        The nearest neighbour's: a mean of two bodies' depths is the depth of neither.
        """
        if not self._distorts:
            return depth_m
        bent: NDArray[np.float32] = cv2.remap(depth_m, self._map, None, cv2.INTER_NEAREST)
        return bent


def _too_strong(intrinsics: Intrinsics) -> str:
    shown = ", ".join(f"{c:g}" for c in intrinsics.distortion)
    return (
        f"the distortion [{shown}] folds the picture of {intrinsics.width} x "
        f"{intrinsics.height} over itself: give smaller coefficients"
    )
