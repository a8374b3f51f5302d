"""Noise of an image sensor, cheap enough for every frame."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_SPARE_PX = 64  # the field is larger than the picture by so much, to be cut elsewhere each time


class SensorNoise:
    """Adds Gaussian noise of ``sigma`` grey levels to pictures of one size.

    One field is drawn once; every picture gets another part of it, which costs a tenth
    of drawing anew.
    """

    def __init__(self, sigma: float, width: int, height: int, rng: np.random.Generator) -> None:
        size = (height + _SPARE_PX, width + _SPARE_PX, 3)
        self._field = np.rint(rng.normal(0.0, sigma, size)).astype(np.int16)
        self._shape = (height, width)
        self._rng = rng

    def add(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return ``image`` [H, W, 3] with noise, clipped to 0 to 255."""
        height, width = self._shape
        y, x = self._rng.integers(0, _SPARE_PX + 1, 2)
        part = self._field[y : y + height, x : x + width]
        noisy: NDArray[np.uint8] = cv2.add(image, part, dtype=cv2.CV_8U)
        return noisy
