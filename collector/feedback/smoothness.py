"""Smoothness of a movement: the spectral arc length of its speed profile.

SPARC after S. Balasubramanian, A. Melendez-Calderon, A. Roby-Brami, E. Burdet, "On the
analysis of movement smoothness", Journal of NeuroEngineering and Rehabilitation 12:112,
2015, with the parameters published there. It is the one of the measures compared there that
hardly minds noise, which a log dimensionless jerk, a third derivative, does.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

CUT_OFF_HZ = 20.0  # omega_c^max = 40 pi rad/s
AMPLITUDE_THRESHOLD = 0.05  # of the spectrum's value at 0 Hz
PADDING = 4  # zeros are added up to 2**(ceil(log2 N) + PADDING) points


def spectral_arc_length(speed: NDArray[np.float64], rate_hz: float) -> float:
    """Return the spectral arc length of one movement: negative, nearer to 0 is smoother.

    ``speed`` [N]: speed at a uniform ``rate_hz``, any unit, from standstill to standstill. A
    single bell-shaped movement has about -1.4; each submovement and each tremor makes it more
    negative. Neither the size nor the duration of the movement matters.

    Raises ValueError for fewer than two values, for a movement without motion, and for values
    that are not finite.
    """
    speed = np.asarray(speed, float)
    if speed.ndim != 1 or len(speed) < 2 or not np.all(np.isfinite(speed)):
        raise ValueError("a speed profile is a row of at least two finite numbers")
    if not rate_hz > 0:
        raise ValueError(f"the sampling rate is {rate_hz}, it must be positive")
    points = 2 ** (math.ceil(math.log2(len(speed))) + PADDING)
    spectrum = np.abs(np.fft.rfft(speed, points))
    if spectrum[0] <= 0:
        raise ValueError("there is no motion in this speed profile")
    spectrum /= spectrum[0]
    frequencies = np.fft.rfftfreq(points, 1 / rate_hz)
    inside = frequencies <= CUT_OFF_HZ
    # The last frequency, up to the cut-off, whose part of the spectrum still counts.
    last = int(np.flatnonzero(inside & (spectrum >= AMPLITUDE_THRESHOLD))[-1])
    if last == 0:
        raise ValueError("there is no movement in this speed profile, only a constant")
    steps_f = np.full(last, 1 / last)  # frequency, normalised to the part that counts
    steps_v = np.diff(spectrum[: last + 1])
    return -float(np.sum(np.hypot(steps_f, steps_v)))
