"""What else could explain the views: the other set-up, inverted poses, a wrong board, a move.

A mistake in the set-up seldom looks like one: residuals stay moderate and the answer is wrong.
Each is tried here, and the one that fits better is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from calibration.adjustment import Adjustment
from calibration.bundle_adjustment import Normal, Weights, descend
from calibration.covariance import invert
from calibration.hand_eye import ClosedForm, board_poses, closed_forms
from calibration.intrinsics import factory_prior
from calibration.kinematic_chain import Setup, other_setup
from calibration.observation import BoardGeometry, BoardView, Intrinsics
from collector.geometry import Pose

Array = NDArray[np.float64]

BETTER = 0.4  # of the declared set-up's reprojection: then another explanation wins
UNEXPLAINED_PX = 8.0  # a right set-up stays below this with an ordinary robot
SCALE_PRIOR = 0.05
FOCAL_PRIOR = 0.02
MEASURE_ALARM = 1e-3
MEASURE_DOUBT = 0.02
ATTRIBUTED_SIGMAS = 2.5
CHANGE_ALARM = 1e-4
CHANGE_VIEWS = 3  # on either side of a change
GATED_SHARE = 0.15  # more bad views than this are perhaps no outliers but a change

Mistake = Literal["inverted_poses", "wrong_setup", "quaternion_order"]


@dataclass(frozen=True)
class Explanation:
    """Another reading of the views that fits much better.

    ``mistake``: the likelier name; ``reprojection_px`` of this reading and ``declared_px`` of the
    declared one. ``certain``: whether it can be nothing else.
    """

    mistake: Mistake
    reprojection_px: float
    declared_px: float
    certain: bool


@dataclass(frozen=True)
class Measure:
    """The board's size and the focal length by the arm's own measure, over the stated ones.

    ``scale`` +- ``scale_sigma`` and ``focal`` +- ``focal_sigma``: estimated together, so each
    allows for the other being off. ``statistic``: of two degrees, that both are as stated;
    ``limit``: what chance allows; ``doubtful``: it seldom reaches that far. ``focal`` counts only
    when the intrinsics were taken as given; then ``lens_statistic`` tests the others, centre
    and distortion, against ``lens_limit``.
    """

    scale: float
    scale_sigma: float
    focal: float
    focal_sigma: float
    statistic: float
    limit: float
    lens_statistic: float = 0.0
    lens_limit: float = float("inf")
    doubtful: bool = False

    @property
    def excess(self) -> float:
        """By how much chance is exceeded, by size, focal length or the rest of the lens."""
        return max(self.statistic - self.limit, self.lens_statistic - self.lens_limit)

    @property
    def wrong(
        self,
    ) -> Literal["", "board_size", "focal_length", "board_size_or_focal_length", "lens"]:
        """What is not as stated; empty when all agrees."""
        if self.lens_statistic > self.lens_limit:
            return "lens"  # bent straight lines spoil the other two as well
        if self.statistic <= self.limit:
            return ""
        of_scale = abs(self.scale - 1.0) / self.scale_sigma
        of_focal = abs(self.focal - 1.0) / self.focal_sigma
        if of_scale > ATTRIBUTED_SIGMAS and of_scale > 2.0 * of_focal:
            return "board_size"
        if of_focal > ATTRIBUTED_SIGMAS and of_focal > 2.0 * of_scale:
            return "focal_length"
        return "board_size_or_focal_length"


@dataclass(frozen=True)
class Change:
    """Something moved between two views.

    ``moved``: the camera on its parent, or the board on its holder (``unclear`` when both
    explain it about as well). ``view``: name of the first view after it; ``index``: its place in
    time. ``shift_m`` [3] and ``turn_rad`` [3]: by how much. ``statistic``: chi-square of six
    degrees, beyond ``limit``.
    """

    moved: Literal["camera", "board", "unclear"]
    view: str
    index: int
    shift_m: Array
    turn_rad: Array
    statistic: float
    limit: float


def other_explanation(
    views: Sequence[BoardView],
    board: BoardGeometry,
    intrinsics: Intrinsics,
    setup: Setup,
    poses: Sequence[Pose] | None = None,
    declared: ClosedForm | None = None,
) -> Explanation | None:
    """Fit the views both ways round and return what fits much better than ``setup``, if any.

    Tried: the other set-up, which is the same equation as poses given as ``T_ee_base`` (which of
    the two it is, is told from where camera and board end up), and quaternions in the order
    w x y z. ``poses``, ``declared``: what is already computed of the declared reading.
    """
    found = list(poses) if poses is not None else board_poses(views, board, intrinsics)
    if declared is None:
        declared = closed_forms(views, board, intrinsics, setup, found)[0]
    px = declared.reprojection_px
    if px < UNEXPLAINED_PX:
        return None
    swapped = closed_forms(views, board, intrinsics, other_setup(setup), found)[0]
    reordered = [
        replace(
            view, T_base_ee=np.concatenate([view.T_base_ee[:3], np.roll(view.T_base_ee[3:], -1)])
        )
        for view in views
    ]
    order = closed_forms(reordered, board, intrinsics, setup, found)[0]
    best = min(swapped, order, key=lambda form: form.reprojection_px)
    if not best.reprojection_px < BETTER * px:
        return None
    if best is order:
        return Explanation("quaternion_order", best.reprojection_px, px, True)
    assert best.T_parent_camera is not None
    assert best.T_holder_board is not None
    camera = float(np.linalg.norm(best.T_parent_camera[:3]))
    held = float(np.linalg.norm(best.T_holder_board[:3]))
    # Something is fixed to the arm's tool, close to it; the other stands away from the base.
    camera_is_far = camera > held
    wrong_setup = camera_is_far if setup == "eye_in_hand" else not camera_is_far
    clear = max(camera, held) > 2.0 * min(camera, held)
    mistake: Mistake = "wrong_setup" if wrong_setup else "inverted_poses"
    return Explanation(mistake, best.reprojection_px, px, clear)


def measure(adjustment: Adjustment) -> Measure:
    """Estimate board size and focal length together with everything else.

    Where the adjustment refined its intrinsics, the focal length is its own concern and only the
    board's size is tested; else both are, the focal length known as its covariance says, or
    within `FOCAL_PRIOR`.
    """
    problem = adjustment.problem
    fixed = problem.intrinsics_prior is None
    prior = problem.intrinsics_prior
    if prior is None:
        prior = np.zeros((len(problem.intrinsics.parameters),) * 2)
        # The focal lengths of both axes change together: square pixels.
        f = np.array([problem.intrinsics.fx, problem.intrinsics.fy])
        known = problem.intrinsics.covariance
        share = FOCAL_PRIOR if known is None else max(1e-4, float(np.sqrt(known[0, 0])) / f[0])
        prior[:2, :2] = np.outer(f, f) * share**2 + np.diag((1e-4 * f) ** 2)
    wider = replace(problem, intrinsics_prior=prior, scale_sigma=SCALE_PRIOR)
    weights = adjustment.weights
    state, normal = descend(wider, adjustment.state, weights)
    covariance = invert(normal.shared)
    column = wider.scale_column
    assert column is not None
    f0 = problem.intrinsics.fx
    focal_column = wider.intrinsics_slice.start
    offset = np.array([state.scale - 1.0, state.intrinsics[0] / f0 - 1.0])
    rows = np.zeros((2, wider.size))
    rows[0, column], rows[1, focal_column] = 1.0, 1.0 / f0
    both = rows @ covariance @ rows.T
    if fixed:
        statistic = float(offset @ np.linalg.solve(both, offset))
    else:
        statistic = float(offset[0] ** 2 / both[0, 0])
    freedom = 2 if fixed else 1
    limit = float(chi2.isf(MEASURE_ALARM, freedom))
    lens_statistic, lens_limit = 0.0, float("inf")
    if fixed:
        free = replace(wider, intrinsics_prior=factory_prior(problem.intrinsics))
        _, relaxed = descend(free, state, weights)
        lens_statistic = normal.cost - relaxed.cost
        lens_limit = float(chi2.isf(MEASURE_ALARM, len(problem.intrinsics.parameters) - 2))
    return Measure(
        lens_statistic=lens_statistic,
        lens_limit=lens_limit,
        scale=state.scale,
        scale_sigma=float(np.sqrt(both[0, 0])),
        focal=float(1.0 + offset[1]) if fixed else 1.0,
        focal_sigma=float(np.sqrt(both[1, 1])),
        statistic=statistic,
        limit=limit,
        doubtful=bool(statistic > chi2.isf(MEASURE_DOUBT, freedom)),
    )


def find_change(adjustment: Adjustment, order: NDArray[np.int64] | None = None) -> Change | None:
    """Find the view from which on camera or board stood elsewhere, if there is one.

    For every split of the views in time, both halves get a pose of their own; by how much that
    lowers the cost is chi-square of six degrees (a score test, so all splits cost one fit).
    ``order`` [v]: the views in order of time, as given when None.
    """
    count = len(adjustment.used)
    order = np.arange(count) if order is None else order
    if count < 2 * CHANGE_VIEWS:
        return None
    problem = adjustment.problem
    gated = 1.0 - float(np.mean(adjustment.used))
    pose = np.ones(count) if gated > GATED_SHARE else adjustment.used.astype(float)
    # With the robot's stated noise: a move would have been taken for a worse robot.
    weights = Weights(
        adjustment.corner_used.astype(float), pose, adjustment.sigma_px, problem.noise
    )
    state, normal = descend(problem, adjustment.state, weights)
    corrections = state.corrections
    cost = float(
        np.einsum("v,vi,ij,vj->", pose, corrections, problem.noise.information, corrections)
    )
    freedom = 6.0 * float(np.sum(pose)) - 18.0
    best: tuple[float, int, slice, Array] | None = None
    scores: dict[str, float] = {}
    for kind, at in (("camera", slice(0, 6)), ("board", slice(6, 12))):
        for k in range(CHANGE_VIEWS, count - CHANGE_VIEWS + 1):
            gain, delta = _gain(normal, order[k:], at)
            worse = max(1.0, (cost - gain) / max(freedom, 1.0))
            statistic = gain / worse
            scores[kind] = max(scores.get(kind, 0.0), statistic)
            if best is None or statistic > best[0]:
                best = (statistic, k, at, delta)
    if best is None:
        return None
    splits = 2 * (count - 2 * CHANGE_VIEWS + 1)
    limit = float(chi2.isf(CHANGE_ALARM / splits, 6))
    statistic, k, at, delta = best
    if statistic <= limit:
        return None
    moved: Literal["camera", "board", "unclear"] = "camera" if at.start == 0 else "board"
    # Ahead by less than a few units of log-likelihood is no difference.
    if abs(scores["camera"] - scores["board"]) < 12.0:
        moved = "unclear"
    name = adjustment.names[int(order[k])]
    return Change(moved, name, k, delta[:3], delta[3:], statistic, limit)


def _gain(normal: Normal, after: NDArray[np.int64], at: slice) -> tuple[float, Array]:
    """Return by how much the cost falls when ``after`` get an own pose, and its change [6]."""
    shared = invert(normal.shared)
    part = normal.reduced[after].sum(axis=0)
    gradient = normal.reduced_gradient[after].sum(axis=0)[at]
    cross = part[:, at]
    information = part[at, at] - cross.T @ shared @ cross
    # The shared gradient is zero at the solution, so only the new unknowns have one.
    covariance = invert(information)
    delta = -covariance @ gradient
    return float(gradient @ covariance @ gradient), np.asarray(delta)
