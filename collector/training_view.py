"""The training image: centre square of the native image, area-resized to 224 x 224."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = 224


def crop_origin(width: int, height: int) -> tuple[int, int, int]:
    """Return x and y of the centre square's first pixel, and its side, in pixels."""
    side = min(width, height)
    return (width - side) // 2, (height - side) // 2, side


def training_image(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the training image [224, 224, 3] of a native image [height, width, 3] uint8.

    Raises ValueError for any other shape or type.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"not an RGB image: shape {image.shape}, {image.dtype}")
    height, width = image.shape[:2]
    x, y, side = crop_origin(width, height)
    square = image[y : y + side, x : x + side]
    # Area averages when shrinking; OpenCV turns it into linear when enlarging.
    resized = cv2.resize(square, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(resized, dtype=np.uint8)


def training_k(k: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """Return K [3, 3] of the training view, from K of a ``width`` x ``height`` native image.

    Pixel centres are at whole numbers (OpenCV), so resizing moves the principal
    point by half a pixel on either side. Distortion coefficients stay as they are.
    """
    x, y, side = crop_origin(width, height)
    scale = SIZE / side
    result = np.array(k, float)
    result[0, 0] *= scale
    result[1, 1] *= scale
    result[0, 2] = (k[0, 2] - x + 0.5) * scale - 0.5
    result[1, 2] = (k[1, 2] - y + 0.5) * scale - 0.5
    return result
