"""Views that took no part in the fit, and were taken differently, judge it.

Views like those of the fit flatter it: weak motion that both share cannot show. So the ones
farthest from the rest are held out. They are judged by what this robot and this fit should show:
a right calibration is off by three pixels with an ordinary robot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from scipy.stats import chi2

from calibration.adjustment import Adjustment, calibrate_hand_eye
from calibration.covariance import Prediction, predict
from calibration.observation import BoardGeometry, BoardView

Array = NDArray[np.float64]

SHARE = 0.25
LEAST_HELD = 3
LEAST_FITTED = 6
DIFFERENT = 1.2  # times the fit's own spread
ALARM = 1e-3
# Views unlike the rest are seen more obliquely and from farther away: their corners are not found
# better than this, px, however well those of the others are.
LEAST_SIGMA_PX = 0.1


@dataclass(frozen=True)
class HoldOut:
    """How the held-out views fit.

    ``predictions``: one a view. ``bad``: names of held-out views that fit nothing. ``chi_square``
    of ``freedom`` degrees and ``p_value``: of all the others' poses together. ``rms_px`` seen and
    ``expected_rms_px``. ``difference``: their distance from the fit's middle over the fit's own;
    ``different``: whether that is far enough to be a test.
    """

    predictions: tuple[Prediction, ...]
    bad: tuple[str, ...]
    chi_square: float
    freedom: int
    p_value: float
    rms_px: float
    expected_rms_px: float
    difference: float

    @property
    def different(self) -> bool:
        """Whether the held-out views were taken differently from the fit's."""
        return self.difference >= DIFFERENT

    @property
    def passed(self) -> bool:
        """Whether they fit as well as this robot and this fit should let them."""
        return self.p_value >= ALARM


def spread(views: Sequence[BoardView]) -> Array:
    """Return the distance [v] of each view's arm pose from their middle, in standard deviations."""
    positions = np.array([view.T_base_ee[:3] for view in views])
    turns = Rotation.from_quat(np.array([view.T_base_ee[3:] for view in views]))
    features = np.hstack(
        [positions - positions.mean(axis=0), (turns.mean().inv() * turns).as_rotvec()]
    )
    scale = np.maximum(np.std(features, axis=0), [1e-3] * 3 + [1e-2] * 3)
    return np.asarray(np.sqrt(np.mean((features / scale) ** 2, axis=1)))


def split(views: Sequence[BoardView], share: float = SHARE) -> NDArray[np.bool_]:
    """Return which views [v] to hold out: the ``share`` farthest from the middle of all.

    None when too few would be left to fit.
    """
    held = np.zeros(len(views), bool)
    count = max(LEAST_HELD, round(share * len(views)))
    if len(views) - count < LEAST_FITTED:
        return held
    held[np.argsort(spread(views))[-count:]] = True
    return held


def hold_out(
    adjustment: Adjustment, views: Sequence[BoardView], board: BoardGeometry
) -> HoldOut | None:
    """Fit ``adjustment``'s problem again without its outlying views, and predict those.

    ``views``: the ones ``adjustment`` was made from. Bad ones stay out of both. None when there
    are too few.
    """
    good = [view for view, used in zip(views, adjustment.used, strict=True) if used]
    held = split(good)
    if not np.any(held):
        return None
    fitted = [view for view, out in zip(good, held, strict=True) if not out]
    problem = adjustment.problem
    again = calibrate_hand_eye(
        fitted, board, problem.intrinsics, problem.setup, problem.noise,
        problem.intrinsics_prior, problem.scale_sigma,
    )  # fmt: skip
    return judge_held_out(
        again, [v for v, out in zip(good, held, strict=True) if out], fitted, board
    )


def judge_held_out(
    adjustment: Adjustment,
    held: Sequence[BoardView],
    fitted: Sequence[BoardView],
    board: BoardGeometry,
) -> HoldOut:
    """Judge ``adjustment``, made from ``fitted``, by views ``held`` that it never saw."""
    known_weights = adjustment.weights
    weights = replace(known_weights, sigma_px=max(known_weights.sigma_px, LEAST_SIGMA_PX))
    problem, state = adjustment.problem, adjustment.state
    predictions = tuple(
        predict(view, board, problem, state, adjustment.covariance, weights) for view in held
    )
    limit = ALARM / max(1, len(predictions)) / 10.0
    kept = [p for p in predictions if p.p_value >= limit]
    bad = tuple(p.name for p in predictions if p.p_value < limit)
    if len(bad) > max(1, len(predictions) // 4):
        kept, bad = list(predictions), ()  # so many are no outliers: the fit is wrong
    innovation = np.concatenate([p.innovation for p in kept])
    sensitivity = np.concatenate([p.sensitivity for p in kept])
    known = sensitivity.shape[1]
    covariance = sensitivity @ adjustment.covariance[:known, :known] @ sensitivity.T
    for i, p in enumerate(kept):
        at = slice(6 * i, 6 * i + 6)
        covariance[at, at] += p.noise_covariance
    statistic = float(innovation @ np.linalg.solve(covariance, innovation))
    corners = sum(len(p.residuals) for p in kept)
    squares = sum(p.rms_px**2 * len(p.residuals) for p in kept)
    expected = sum(p.expected_rms_px**2 * len(p.residuals) for p in kept)
    everything = spread([*fitted, *held])
    inner, outer = everything[: len(fitted)], everything[len(fitted) :]
    return HoldOut(
        predictions=predictions,
        bad=bad,
        chi_square=statistic,
        freedom=len(innovation),
        p_value=float(chi2.sf(statistic, len(innovation))),
        rms_px=float(np.sqrt(squares / corners)),
        expected_rms_px=float(np.sqrt(expected / corners)),
        difference=float(np.mean(outer) / max(float(np.mean(inner)), 1e-12)),
    )
