"""Weights and gates against wrong corners and wrong arm poses.

While converging, Huber's weights on corners and Cauchy's on poses (Triggs et al. 2000,
section 3.3) keep a bad one from pulling. Then each pose's *studentised* correction is tested
(data snooping: Baarda 1968), and what fails is left out whole, so that the clean rest keeps its
full efficiency and its covariance stays true.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

Array = NDArray[np.float64]

HUBER = 2.0  # standard deviations of a corner's distance
CAUCHY = 5.0  # of a pose's Mahalanobis distance: the 99.9th percentile of six degrees
CORNER_ALARM = 1e-5  # a good corner is gated this often
CALIBRATION_ALARM = 1e-3  # a clean calibration loses a good pose this often
MAX_BAD_SHARE = 1.0 / 3.0  # of the views: beyond, "outliers" is no explanation


def corner_weights(distance: Array) -> Array:
    """Return Huber's weights of corners ``distance`` standard deviations from their places."""
    return np.minimum(1.0, HUBER / np.maximum(distance, 1e-12))


def pose_weights(squared: Array) -> Array:
    """Return Cauchy's weights of poses at ``squared`` Mahalanobis distances [v].

    Scaled by the middle pose, so a robot worse than stated is not taken for outliers.
    """
    scale = spread(squared)
    return np.asarray(1.0 / (1.0 + squared / (CAUCHY**2 * scale)))


def spread(statistic: Array) -> float:
    """Return the middle of chi-square(6) ``statistic`` over the expected middle, at least 1."""
    if len(statistic) == 0:
        return 1.0
    return max(1.0, float(np.median(statistic) / chi2.median(6)))


def corner_gate() -> float:
    """Return the squared distance (of two degrees of freedom) beyond which a corner is wrong."""
    return float(chi2.isf(CORNER_ALARM, 2))


def pose_gate(count: int) -> float:
    """Return the statistic (of six degrees of freedom) beyond which one of ``count`` is wrong."""
    return float(chi2.isf(CALIBRATION_ALARM / max(1, count), 6))


def pose_statistic(
    corrections: Array, posterior: Array, prior: Array, used: NDArray[np.bool_]
) -> Array:
    """Return the studentised statistic [v] of arm-pose ``corrections`` [v, 6].

    ``posterior`` [v, 6, 6]: covariance of each correction; ``prior`` [6, 6]: the robot's. A pose
    that took part has its correction compared with ``prior - posterior``; one that was left out,
    with ``prior + posterior``. Chi-square of six degrees where nothing is wrong.
    """
    result = np.empty(len(corrections))
    scale = np.sqrt(np.diag(prior))
    for i, correction in enumerate(corrections):
        sign = -1.0 if used[i] else 1.0
        cov = (prior + sign * posterior[i]) / np.outer(scale, scale)
        values, vectors = np.linalg.eigh((cov + cov.T) / 2.0)
        # A direction that this pose alone decides tests nothing.
        along = vectors.T @ (correction / scale)
        tested = values > 0.02
        result[i] = np.sum(along[tested] ** 2 / values[tested])
    return result


def gate_poses(statistic: Array, used: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which poses [v] to use, given their statistic and which were used for it.

    At most one more is dropped at a time, the worst: a bad pose makes its neighbours look bad.
    Dropped ones come back when they fit after all.
    """
    limit = pose_gate(len(statistic)) * spread(statistic[used])
    result = np.array(used)
    result[~used & (statistic <= limit)] = True
    candidates = np.where(used, statistic, -np.inf)
    worst = int(np.argmax(candidates))
    if candidates[worst] > limit:
        result[worst] = False
    return result
