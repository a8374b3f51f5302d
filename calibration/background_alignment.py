"""How far one picture of a fixed scene is shifted against another, whatever moves in front.

First the shift at which most of the reference's edges are found again, by trying all. From
there direct alignment (Lucas and Kanade, IJCAI 1981) of the edges with a similarity, with
weights that let go of what does not fit (Geman and McClure, 1987), graduated as in Black and
Rangarajan (IJCV 1996). Edges count, not corners alone: a bare bench has few corners. Light is
taken out beforehand, by the median pixel's gain and a high pass: left to the fit, a gain of
nothing would explain every edge that an arm now hides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_SEARCH_WIDTH_PX = 160  # of the picture in which all shifts are tried, about
_SEARCH_SHARE = 0.1  # of the picture's width: shifts up to this are tried
_SEARCH_STARTS = 3
_ITERATIONS = 30
_MIN_SLOPE = 3.0  # grey levels a pixel: weaker edges are noise
_BORDER_PX = 3
_MIN_PIXELS = 300
_NOISE = 1.5  # grey levels, of a blurred picture: differences below this are none
_SATURATED = 250.0
_BLUR_PX = 1.0
_HIGH_PASS_PX = 6.0
# An edge this far from where it should be no longer counts, px of a level: at first, at last.
_LETS_GO_PX = (2.0, 0.4)
_FITS_PX = 0.35
_PLAIN_SUPPORT = 0.7  # with so much found again no other shift is tried
# A camera turns about its axis and grows its picture less than it shifts: px, one sigma.
_STIFFNESS_PX = 6.0
# Neighbouring pixels of a blurred picture are not independent: so many count as one.
_PIXELS_PER_SAMPLE = 12.0
# Nothing is known better than this, px: pictures are sampled, and edges drawn on pixels.
_FLOOR_PX = 0.03


@dataclass(frozen=True)
class Alignment:
    """Where the reference is found in another picture; see `calibration.drift.Drift`."""

    x_px: float
    y_px: float
    roll_rad: float
    growth: float  # 0 for the same size
    shift_px: float
    sigma_px: float
    support: float


@dataclass(frozen=True)
class _Level:
    """One level of the reference's pyramid: N pixels on edges."""

    scale: float  # of the native picture
    values: NDArray[np.float64]  # [N] grey
    slopes: NDArray[np.float64]  # [N, 2] grey levels a pixel
    pixels: NDArray[np.float64]  # [N, 2]
    arms: NDArray[np.float64]  # [N, 2] from the middle, over `half`
    middle: NDArray[np.float64]  # [2] px
    half: float  # half the diagonal, px


class BackgroundAligner:
    """Aligns pictures with one reference picture."""

    def __init__(
        self, reference: NDArray[np.uint8], ignore: NDArray[np.bool_] | None = None
    ) -> None:
        """Keep ``reference`` [H, W] grey; ``ignore`` [H, W] marks what not to hold on to."""
        self._reference = reference
        self._levels: list[_Level] = []
        mask = None if ignore is None else ignore.astype(np.uint8)
        for index, picture in enumerate(_pyramid(reference)):
            self._levels.append(_level(picture, 0.5**index, mask))

    @property
    def usable(self) -> bool:
        """Whether the reference has enough edges."""
        return len(self._levels[0].values) >= _MIN_PIXELS

    def align(self, picture: NDArray[np.uint8]) -> Alignment | None:
        """Align ``picture`` [H, W] grey, as large as the reference; None where nothing fits."""
        pyramid = _pyramid(picture, _gain(self._reference, picture))
        best: Alignment | None = None
        for start in self._starts(pyramid):
            found = self._align_from(pyramid, start)
            if found is not None and (best is None or found.support > best.support):
                best = found
            if best is not None and best.support > _PLAIN_SUPPORT:
                break
        return best

    def _starts(self, pyramid: list[NDArray[np.float32]]) -> Iterator[NDArray[np.float64]]:
        """Yield shifts, native px: none, then those at which most edges are found again."""
        yield np.zeros(2)
        index = len(pyramid) - 1
        level, picture = self._levels[index], pyramid[index]
        width = picture.shape[1]
        reach = max(2, round(_SEARCH_SHARE * width))
        padded = np.pad(picture, reach, constant_values=-1e3)
        columns, rows = level.pixels.astype(int).T
        slack = np.maximum(np.linalg.norm(level.slopes, axis=1) / 2, 2.0 * _NOISE)
        side = 2 * reach + 1
        found = np.empty((side, side))
        for dy in range(side):
            for dx in range(side):
                seen = padded[rows + dy, columns + dx]
                found[dy, dx] = np.count_nonzero(np.abs(seen - level.values) < slack)
        for _ in range(_SEARCH_STARTS):
            dy, dx = divmod(int(np.argmax(found)), side)
            yield np.array([dx - reach, dy - reach]) / level.scale
            found[max(0, dy - 2) : dy + 3, max(0, dx - 2) : dx + 3] = 0

    def _align_from(
        self, pyramid: list[NDArray[np.float32]], start: NDArray[np.float64]
    ) -> Alignment | None:
        # Shift x, y of the middle, turn, growth: all as px of the native picture, the last two
        # at half a diagonal from the middle.
        motion = np.array([*start, 0.0, 0.0])
        fit: _Fit | None = None
        for level, picture in list(zip(self._levels, pyramid, strict=True))[::-1]:
            if len(level.values) < _MIN_PIXELS / 8:
                continue
            fit = _fit(level, picture, motion)
            if fit is None:
                return None
            motion = fit.motion
        if fit is None:
            return None
        half = self._levels[0].half
        # Over a picture turn and growth move points by a root mean square of arms' lengths.
        spread = 1.0 / np.sqrt(3.0)
        weights = np.array([1.0, 1.0, spread, spread])
        shift = float(np.linalg.norm(weights * motion))
        sigma = float(np.sqrt(np.sum(weights**2 * np.diag(fit.covariance)) + _FLOOR_PX**2))
        return Alignment(
            x_px=float(motion[0]),
            y_px=float(motion[1]),
            roll_rad=float(motion[2] / half),
            growth=float(motion[3] / half),
            shift_px=shift,
            sigma_px=sigma,
            support=fit.support,
        )


@dataclass(frozen=True)
class _Fit:
    motion: NDArray[np.float64]  # [4] native px
    covariance: NDArray[np.float64]  # [4, 4] native px
    support: float


def _fit(level: _Level, picture: NDArray[np.float32], motion: NDArray[np.float64]) -> _Fit | None:
    """Return the best fit from ``motion`` [4] on; None where it runs away."""
    motion = motion * level.scale
    slopes_of = _slopes(picture)
    height, width = picture.shape
    slope = np.linalg.norm(level.slopes, axis=1)
    # Residuals have some grey levels' variance, and many pixels speak as one.
    stiff = _NOISE**2 * _PIXELS_PER_SAMPLE / (_STIFFNESS_PX * level.scale) ** 2
    prior = np.diag([0.0, 0.0, stiff, stiff])
    x, y = level.arms.T
    for iteration in range(_ITERATIONS):
        pixels = level.pixels + _displacement(level, motion)
        usable = np.all((pixels >= 0) & (pixels <= (width - 1, height - 1)), axis=1)
        if usable.sum() < len(usable) / 8:
            return None
        residual = _sampled(picture, pixels) - level.values
        # The mean of both slopes, of the two pictures (Benhimane and Malis, IROS 2004).
        along = (level.slopes + _sampled(slopes_of, pixels)) / 2
        jacobian = np.column_stack(
            [
                along[:, 0],
                along[:, 1],
                along[:, 1] * x - along[:, 0] * y,
                along[:, 0] * x + along[:, 1] * y,
            ]
        )
        share = min(1.0, iteration / 10)
        lets_go = _LETS_GO_PX[0] * (_LETS_GO_PX[1] / _LETS_GO_PX[0]) ** share
        scale = np.hypot(lets_go * slope, 2.0 * _NOISE)
        weights = np.where(usable, 1.0 / (1.0 + (residual / scale) ** 2) ** 2, 0.0)
        weighted = jacobian * weights[:, None]
        normal = jacobian.T @ weighted + prior + 1e-6 * np.eye(4)
        step = -np.linalg.solve(normal, weighted.T @ residual + prior @ motion)
        motion = motion + step
        if not np.all(np.isfinite(motion)) or np.abs(motion).max() > max(width, height) / 2:
            return None
        if iteration > 10 and np.abs(step).max() < 1e-3:
            break
    variance = float(np.sum(weights * residual**2) / max(np.sum(weights), 1.0))
    covariance = np.linalg.inv(normal) * variance * _PIXELS_PER_SAMPLE
    fits = usable & (np.abs(residual) < np.hypot(_FITS_PX * slope, _NOISE))
    return _Fit(motion / level.scale, covariance / level.scale**2, float(np.mean(fits)))


def _displacement(level: _Level, motion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each of the level's pixels moves, [N, 2] px of the level."""
    x, y = level.arms.T
    return np.column_stack(
        [motion[0] - motion[2] * y + motion[3] * x, motion[1] + motion[2] * x + motion[3] * y]
    )


def _level(picture: NDArray[np.float32], scale: float, ignore: NDArray[np.uint8] | None) -> _Level:
    slopes = _slopes(picture)
    steep = np.hypot(slopes[..., 0], slopes[..., 1])
    chosen = steep > _MIN_SLOPE
    chosen[:_BORDER_PX] = chosen[-_BORDER_PX:] = False
    chosen[:, :_BORDER_PX] = chosen[:, -_BORDER_PX:] = False
    height, width = picture.shape
    if ignore is not None:
        chosen &= cv2.resize(ignore, (width, height), interpolation=cv2.INTER_AREA) == 0
    rows, columns = np.nonzero(chosen)
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    half = float(np.linalg.norm(middle))
    pixels = np.column_stack([columns, rows]).astype(float)
    return _Level(
        scale,
        picture[rows, columns].astype(float),
        slopes[rows, columns].astype(float),
        pixels,
        (pixels - middle) / half,
        middle,
        half,
    )


def _gain(reference: NDArray[np.uint8], picture: NDArray[np.uint8]) -> float:
    """Return how much brighter ``picture`` is, by the median pixel: what moves is less."""
    one, other = (cv2.blur(grey, (8, 8))[4::8, 4::8].astype(float) for grey in (reference, picture))
    usable = (one > 10) & (one < _SATURATED) & (other < _SATURATED)
    if usable.sum() < 20:
        return 1.0
    return float(np.clip(np.median(other[usable] / one[usable]), 0.2, 5.0))


def _pyramid(grey: NDArray[np.uint8], gain: float = 1.0) -> list[NDArray[np.float32]]:
    """Return the picture [H, W] without its light, and its halves down to a small one.

    A little blurred, so that a shift of a part of a pixel changes it smoothly.
    """
    picture: NDArray[np.float32] = grey.astype(np.float32) / np.float32(gain)
    pictures = []
    while True:
        fine = cv2.GaussianBlur(picture, (0, 0), _BLUR_PX)
        pictures.append(fine - cv2.GaussianBlur(picture, (0, 0), _HIGH_PASS_PX))
        height, width = picture.shape
        if width <= 1.5 * _SEARCH_WIDTH_PX:
            return pictures
        even = picture[: height // 2 * 2, : width // 2 * 2]
        picture = cv2.resize(even, (width // 2, height // 2), interpolation=cv2.INTER_AREA)


def _slopes(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the slopes along x and y [H, W, 2], grey levels a pixel."""
    x = cv2.Sobel(picture, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    y = cv2.Sobel(picture, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return np.stack([x, y], axis=-1)


def _sampled(picture: NDArray[np.float32], pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``picture`` [H, W] or [H, W, 2] at ``pixels`` [N, 2], interpolated."""
    at = pixels.astype(np.float32).reshape(-1, 1, 2)
    limit = 32000  # rows of OpenCV's remap
    parts = [
        cv2.remap(picture, at[i : i + limit], None, cv2.INTER_LINEAR)
        for i in range(0, len(at), limit)
    ]
    values = np.concatenate(parts).astype(np.float64)
    return values.reshape(len(at), -1) if picture.ndim == 3 else values.ravel()
