"""Light in an image: how bright it is, what is lost, and of what colour it seems.

The colour temperature is an estimate of the *image*: the scene's mean is taken for grey (G.
Buchsbaum, "A spatial processor model for object colour perception", Journal of the Franklin
Institute 310, 1980), and the temperature of that colour comes from C. S. McCamy, "Correlated
color temperature as an explicit function of chromaticity coordinates", Color Research and
Application 17, 1992. A camera whose white balance fits its light gives about 6500 K, the white
of sRGB, whatever the lamp; a coloured table moves it by a thousand kelvin. So it tells a lamp
that was changed or a white balance that is off; it does not measure the lamp.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Values that a camera clips to, with some room for its noise and for video levels.
DARKEST = 5
BRIGHTEST = 250
SAMPLES = 20_000  # pixels looked at: shares are then known to half a per cent
LUMA = np.array([0.2126, 0.7152, 0.0722])  # ITU-R BT.709
# Linear sRGB to CIE XYZ, IEC 61966-2-1.
TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]],
)
MIN_CCT_K, MAX_CCT_K = 2000.0, 12_500.0  # the range McCamy's cubic was fitted to
MIN_COLOUR_SHARE = 0.05  # of the pixels; fewer unclipped ones say nothing of the light


@dataclass(frozen=True)
class Light:
    """Brightness is luma, 0 to 255; shares are of the pixels, 0 to 1."""

    p5: float
    median: float
    p95: float
    dark_share: float  # luma at most `DARKEST`
    bright_share: float  # any channel at least `BRIGHTEST`
    cct_k: float | None  # None: too few unclipped pixels, or no colour that a lamp has


def measure_light(image: NDArray[np.uint8]) -> Light:
    """Measure an RGB image [height, width, 3] uint8. Raises ValueError for any other."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"not an RGB image: shape {image.shape}, {image.dtype}")
    pixels = image.reshape(-1, 3)
    # Odd, so that it does not keep to every other column of an image of even width.
    pixels = pixels[:: max(1, len(pixels) // SAMPLES) | 1]
    luma = pixels @ LUMA
    bright = np.any(pixels >= BRIGHTEST, axis=1)
    dark = luma <= DARKEST
    p5, median, p95 = np.percentile(luma, [5, 50, 95])
    usable = pixels[~bright & ~dark]
    enough = len(usable) >= MIN_COLOUR_SHARE * len(pixels)
    return Light(
        p5=float(p5),
        median=float(median),
        p95=float(p95),
        dark_share=float(dark.mean()),
        bright_share=float(bright.mean()),
        cct_k=_grey_world_cct(usable) if enough else None,
    )


def cct_of_chromaticity(x: float, y: float) -> float:
    """Return the correlated colour temperature in K of CIE 1931 x, y (McCamy 1992)."""
    n = (x - 0.3320) / (0.1858 - y)
    return float(449.0 * n**3 + 3525.0 * n**2 + 6823.3 * n + 5520.33)


def _grey_world_cct(pixels: NDArray[np.uint8]) -> float | None:
    values = pixels.astype(float) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ linear.mean(axis=0)
    total = float(xyz.sum())
    x, y = xyz[0] / total, xyz[1] / total
    if y <= 0.2:  # the cubic has its pole at 0.1858: blue and violet, no lamp
        return None
    cct = cct_of_chromaticity(float(x), float(y))
    return cct if MIN_CCT_K <= cct <= MAX_CCT_K else None
