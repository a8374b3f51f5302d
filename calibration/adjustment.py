"""The hand-eye calibration of one camera: start, adjust, name what is wrong, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from calibration import robust
from calibration.bundle_adjustment import (
    Normal,
    Problem,
    RobotNoise,
    Weights,
    descend,
)
from calibration.covariance import (
    pose_covariances,
    position_sigma,
    rotation_sigma,
    shared_covariance,
)
from calibration.hand_eye import ClosedForm, board_poses, closed_forms
from calibration.kinematic_chain import Setup, State, holder_frame, parent_frame
from calibration.observation import BoardGeometry, BoardView, Intrinsics, ObservationError
from collector.geometry import Pose

Array = NDArray[np.float64]

START_SIGMA_PX = 0.5
FLOOR_SIGMA_PX = 0.02
REWEIGHTINGS = 12
GATINGS = 12
SIGNIFICANT = 1e-3


@dataclass(frozen=True)
class Adjustment:
    """The solution of a hand-eye problem with its uncertainty.

    ``T_parent_camera`` [7] is ``T_ee_camera`` for eye-in-hand and ``T_base_camera`` for
    eye-to-hand; ``T_holder_board`` [7] is ``T_base_board`` or ``T_ee_board``. Covariances
    [6, 6] are of translation m and rotation rad in the axes of the first frame. ``covariance``
    [g, g] is of everything shared: camera, board, then what was refined. ``intrinsics``: refined
    with their covariance, or as given. ``scale`` +- ``scale_sigma``: true over stated size of
    the board (1 and nan when not refined). ``delay_s`` +- ``delay_sigma_s`` likewise.
    ``corrections`` [v, 6] of the arm's poses. ``residuals`` [v, n, 2] px, 0 where nothing was
    seen. ``used`` [v] and ``corner_used`` [v, n]: what was not an outlier. ``sigma_px``: of a
    corner's coordinate, estimated. ``robot_factor_t``, ``_r``: how many times worse than stated
    the arm proved (at least 1; the covariance is widened by it).
    """

    problem: Problem
    state: State
    normal: Normal
    weights: Weights
    covariance: Array
    pose_covariance: Array
    pose_statistic: Array
    used: NDArray[np.bool_]
    corner_used: NDArray[np.bool_]
    robot_factor_t: float
    robot_factor_r: float
    names: tuple[str, ...]
    start: ClosedForm | None = None
    alternatives: tuple[ClosedForm, ...] = ()

    @property
    def setup(self) -> Setup:
        """``eye_in_hand`` or ``eye_to_hand``."""
        return self.problem.setup

    @property
    def camera_transform_name(self) -> str:
        """``T_ee_camera`` or ``T_base_camera``."""
        return f"T_{parent_frame(self.setup)}_camera"

    @property
    def board_transform_name(self) -> str:
        """``T_base_board`` or ``T_ee_board``."""
        return f"T_{holder_frame(self.setup)}_board"

    @property
    def T_parent_camera(self) -> Pose:
        """The camera's pose [7], see `camera_transform_name`."""
        return self.state.T_parent_camera

    @property
    def T_holder_board(self) -> Pose:
        """The board's pose [7], see `board_transform_name`."""
        return self.state.T_holder_board

    @property
    def camera_covariance(self) -> Array:
        """Covariance [6, 6] of the camera's pose."""
        return self.covariance[:6, :6]

    @property
    def board_covariance(self) -> Array:
        """Covariance [6, 6] of the board's pose."""
        return self.covariance[6:12, 6:12]

    @property
    def sigma_position_m(self) -> float:
        """Standard deviation of the camera's position in space, m."""
        return position_sigma(self.camera_covariance)

    @property
    def sigma_rotation_rad(self) -> float:
        """Standard deviation of the camera's orientation, rad."""
        return rotation_sigma(self.camera_covariance)

    @property
    def intrinsics(self) -> Intrinsics:
        """The intrinsics at the solution."""
        given = self.problem.intrinsics
        if self.problem.intrinsics_prior is None:
            return given
        at = self.problem.intrinsics_slice
        fx, fy, cx, cy, *distortion = (float(x) for x in self.state.intrinsics)
        return Intrinsics(
            given.width, given.height, fx, fy, cx, cy, tuple(distortion), self.covariance[at, at]
        )

    @property
    def scale(self) -> float:
        """True over stated size of the board."""
        return self.state.scale

    @property
    def scale_sigma(self) -> float:
        """Standard deviation of `scale`; nan when it was not estimated."""
        column = self.problem.scale_column
        return float("nan") if column is None else float(np.sqrt(self.covariance[column, column]))

    @property
    def delay_s(self) -> float:
        """The delay of the images' stamps, s."""
        return self.state.delay

    @property
    def delay_sigma_s(self) -> float:
        """Standard deviation of the delay, s; nan when it was not estimated."""
        column = self.problem.delay_column
        return float("nan") if column is None else float(np.sqrt(self.covariance[column, column]))

    @property
    def sigma_px(self) -> float:
        """Standard deviation of a corner's coordinate, px."""
        return self.weights.sigma_px

    @property
    def residuals(self) -> Array:
        """Residuals [v, n, 2] of all corners, px: projected minus seen."""
        return self.normal.residuals

    @property
    def rms_px(self) -> float:
        """RMS distance of the corners used, px, the arm's poses corrected."""
        squared = np.sum(self.residuals**2, axis=2)[self.corner_used]
        return float(np.sqrt(np.mean(squared)))

    @property
    def view_rms_px(self) -> Array:
        """RMS distance [v] of each view's corners, px, the arm's poses corrected."""
        seen = self.problem.stack.seen
        squared = np.where(seen, np.sum(self.residuals**2, axis=2), 0.0)
        return np.asarray(np.sqrt(squared.sum(axis=1) / seen.sum(axis=1)))

    @property
    def corrections(self) -> Array:
        """Corrections [v, 6] of the arm's poses, m and rad, in base."""
        return self.state.corrections

    @property
    def bad_views(self) -> tuple[str, ...]:
        """Names of the views whose arm pose does not fit the others."""
        return tuple(name for name, used in zip(self.names, self.used, strict=True) if not used)

    @property
    def bad_corners(self) -> int:
        """Number of corners left out, of all views."""
        return int(np.sum(self.problem.stack.seen & ~self.corner_used))


def calibrate_hand_eye(
    views: Sequence[BoardView],
    board: BoardGeometry,
    intrinsics: Intrinsics,
    setup: Setup,
    noise: RobotNoise,
    intrinsics_prior: Array | None = None,
    scale_sigma: float | None = None,
) -> Adjustment:
    """Find the camera's pose, with its covariance, from views of the board.

    ``setup``: ``eye_in_hand`` (camera on the ee, board fixed in base) or ``eye_to_hand``
    (camera fixed in base, board on the ee). ``noise``: the arm's repeatability, used as prior of
    a correction of each of its poses. ``intrinsics_prior`` [4 + d, 4 + d]: refine the intrinsics
    with this covariance (of fx fy cx cy px, distortion), which must not come from these views.
    ``scale_sigma``: refine the board's size, known to this share.

    Starts from the closed form that reprojects best. Raises ObservationError when the views
    cannot be used or no start is found.
    """
    poses = board_poses(views, board, intrinsics)
    forms = closed_forms(views, board, intrinsics, setup, poses)
    start = forms[0]
    if start.T_parent_camera is None or start.T_holder_board is None:
        raise ObservationError(
            "no method finds the camera's pose from these views: turn the arm about at least "
            "two different axes and capture again"
        )
    problem = Problem.of(views, board, intrinsics, setup, noise, intrinsics_prior, scale_sigma)
    state = State.start(problem.stack, intrinsics, start.T_parent_camera, start.T_holder_board)
    names = tuple(view.name or str(i) for i, view in enumerate(views))
    found = adjust(problem, state, names)
    return replace(found, start=start, alternatives=tuple(forms))


def adjust(problem: Problem, state: State, names: Sequence[str], gating: bool = True) -> Adjustment:
    """Adjust ``problem`` from ``state``, robustly; with ``gating`` off every view is used.

    The pixels' noise is estimated from the residuals, and the arm's is widened when its
    corrections prove that it is worse than stated (variance components: Forstner 1979).
    """
    seen = problem.stack.seen
    views = len(seen)
    weights = Weights(seen.astype(float), np.ones(views), START_SIGMA_PX, problem.noise)
    if gating:
        state, weights = _reweigh(problem, state, weights)
    used = np.ones(views, bool)
    corner_used = seen.copy()
    factor_t = factor_r = 1.0
    best: Adjustment | None = None
    seen_before: set[bytes] = set()
    for _ in range(GATINGS):
        noise = problem.noise.scaled(factor_t, factor_r)
        weights = Weights(corner_used.astype(float), used.astype(float), weights.sigma_px, noise)
        state, normal = descend(problem, state, weights)
        shared = shared_covariance(normal)
        posterior = pose_covariances(normal, shared)
        statistic = robust.pose_statistic(state.corrections, posterior, noise.covariance, used)
        best = Adjustment(
            problem, state, normal, weights, shared, posterior, statistic, used, corner_used,
            factor_t, factor_r, tuple(names),
        )  # fmt: skip
        sigma_px, ratios, surprising = _components(
            problem, normal, state, weights, shared, posterior
        )
        changed = abs(sigma_px / weights.sigma_px - 1.0) > 0.02
        wider_t = _widened(factor_t, ratios[0], surprising[0])
        wider_r = _widened(factor_r, ratios[1], surprising[1])
        weights = replace(weights, sigma_px=sigma_px)
        regated = False
        if gating:
            gated = robust.gate_poses(statistic, used)
            distance = np.sum(normal.residuals**2, axis=2) / sigma_px**2
            corners = seen & (distance <= robust.corner_gate())
            # A view that lost most of its corners keeps them: it is the view that is odd.
            thin = corners.sum(axis=1) < np.maximum(4, seen.sum(axis=1) // 2)
            corners[thin] = seen[thin]
            key = gated.tobytes() + corners.tobytes()
            same = np.array_equal(gated, used) and np.array_equal(corners, corner_used)
            if not same and key not in seen_before:
                seen_before.add(key)
                used, corner_used, regated = gated, corners, True
        # A bad pose makes the robot look worse, so it goes first.
        if regated:
            factor_t = factor_r = 1.0
        elif max(abs(wider_t / factor_t - 1.0), abs(wider_r / factor_r - 1.0)) > 0.02:
            factor_t, factor_r, changed = wider_t, wider_r, True
        if not (changed or regated):
            break
    assert best is not None
    return best


def _reweigh(problem: Problem, state: State, weights: Weights) -> tuple[State, Weights]:
    """Converge with smooth weights, so that no wrong corner or pose pulls the start away."""
    information = problem.noise.information
    seen = problem.stack.seen
    previous = np.inf
    for _ in range(REWEIGHTINGS):
        state, normal = descend(problem, state, weights, steps=4)
        lengths = np.sqrt(np.sum(normal.residuals**2, axis=2))
        # The middle of a Rayleigh distribution is 1.177 standard deviations.
        sigma_px = max(FLOOR_SIGMA_PX, float(np.median(lengths[seen])) / 1.1774)
        corrections = state.corrections
        squared = np.einsum("vi,ij,vj->v", corrections, information, corrections)
        weights = Weights(
            robust.corner_weights(lengths / sigma_px) * seen,
            robust.pose_weights(squared),
            sigma_px,
            problem.noise,
        )
        if abs(previous - normal.cost) < 1e-3 * normal.cost:
            break
        previous = normal.cost
    return state, weights


def _components(
    problem: Problem,
    normal: Normal,
    state: State,
    weights: Weights,
    shared: Array,
    posterior: Array,
) -> tuple[float, list[float], list[bool]]:
    """Return the pixels' standard deviation, and of the robot's translation and rotation the
    ratio of what is seen to what was assumed, and whether chance cannot explain it."""
    information = weights.noise.information
    pose = weights.pose
    taken = np.einsum("ij,vjk->vik", information, posterior)
    by_axis = np.einsum("vii->vi", taken)
    prior_share = float(np.sum(pose[:, None] * by_axis)) + float(np.trace(normal.prior @ shared))
    unknowns = 6 * len(pose) + problem.size
    # A pose left out still has its six unknowns, with nothing but pixels to fix them.
    corners = float(np.sum(weights.corner > 0.0))
    redundancy = 2.0 * corners - (unknowns - prior_share)
    squared = float(np.sum(weights.corner[..., None] * normal.residuals**2))
    sigma_px = max(FLOOR_SIGMA_PX, np.sqrt(squared / max(redundancy, 1.0)))
    corrections = state.corrections
    ratios: list[float] = []
    surprising: list[bool] = []
    for axes in (slice(0, 3), slice(3, 6)):
        freedom = float(np.sum(pose[:, None] * (1.0 - by_axis[:, axes])))
        scaled = corrections[:, axes] ** 2 * np.diag(information)[axes]
        total = float(np.sum(pose[:, None] * scaled))
        enough = freedom > 3.0
        ratios.append(float(np.sqrt(total / freedom)) if enough else 1.0)
        surprising.append(bool(enough and chi2.sf(total, freedom) < SIGNIFICANT))
    return float(sigma_px), ratios, surprising


def _widened(factor: float, ratio: float, surprising: bool) -> float:
    """Return the robot's factor: what is no more than chance does not widen what was stated."""
    return max(1.0, factor * ratio) if factor > 1.0 or surprising else 1.0
