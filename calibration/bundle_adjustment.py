"""Bundle adjustment over camera, board and every pose of the arm.

Minimises the reprojection of all corners plus what each arm pose is corrected by, weighed with
the robot's repeatability, by Levenberg-Marquardt with analytic derivatives; the poses are
eliminated by the Schur complement (Triggs, McLauchlan, Hartley & Fitzgibbon, "Bundle Adjustment
- A Modern Synthesis", 2000). Taking the arm as exact, as reprojection alone does, is four times
worse with an ordinary robot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.kinematic_chain import Setup, Stack, State, exp_so3, linearise, log_so3
from calibration.observation import BoardGeometry, BoardView, Intrinsics
from collector.geometry import Pose

Array = NDArray[np.float64]

MAX_STEPS = 30
POSE_FLOOR = 1e-9  # weight of a pose that is left out: keeps its equations solvable


@dataclass(frozen=True)
class RobotNoise:
    """How well the arm repeats and reports a pose, one standard deviation per axis.

    ``sigma_t_m`` m, ``sigma_r_rad`` rad.
    """

    sigma_t_m: float = 5e-4
    sigma_r_rad: float = float(np.deg2rad(0.1))

    def __post_init__(self) -> None:
        if not (self.sigma_t_m > 0.0 and self.sigma_r_rad > 0.0):
            raise ValueError("the robot's repeatability is above zero: take it from its data sheet")

    @property
    def covariance(self) -> Array:
        """Covariance [6, 6] of a pose: m, rad."""
        return np.diag([self.sigma_t_m**2] * 3 + [self.sigma_r_rad**2] * 3)

    @property
    def information(self) -> Array:
        """Inverse of the covariance [6, 6]."""
        return np.diag([self.sigma_t_m**-2] * 3 + [self.sigma_r_rad**-2] * 3)

    def scaled(self, factor_t: float, factor_r: float) -> RobotNoise:
        """Return this noise with its standard deviations multiplied."""
        return RobotNoise(self.sigma_t_m * factor_t, self.sigma_r_rad * factor_r)


class ArmMotion(NamedTuple):
    """The arm's measured poses and velocities at the views' stamps less a delay.

    ``position`` [v, 3] m, ``rotation`` [v, 3, 3], ``velocity`` [v, 3] m/s and
    ``angular_velocity`` [v, 3] rad/s, all in base.
    """

    position: Array
    rotation: Array
    velocity: Array
    angular_velocity: Array


@dataclass(frozen=True)
class Problem:
    """What to adjust, and what is known beforehand.

    ``intrinsics_prior`` [4 + d, 4 + d]: covariance of the intrinsics, which are refined when it
    is given; it must not come from these same views. ``scale_sigma``: the board's size is
    refined, known to this share beforehand. ``camera_prior``: pose [7] and covariance
    [6, 6] of T_parent_camera. ``motion``: arm poses by delay s; the delay is estimated then.
    """

    setup: Setup
    stack: Stack
    noise: RobotNoise
    intrinsics: Intrinsics
    intrinsics_prior: Array | None = None
    scale_sigma: float | None = None
    camera_prior: tuple[Pose, Array] | None = None
    motion: Callable[[float], ArmMotion] | None = None

    @classmethod
    def of(
        cls,
        views: Sequence[BoardView],
        board: BoardGeometry,
        intrinsics: Intrinsics,
        setup: Setup,
        noise: RobotNoise,
        intrinsics_prior: Array | None = None,
        scale_sigma: float | None = None,
    ) -> Problem:
        """Return the problem of ``views``. Raises ObservationError for views that do not fit."""
        stack = Stack.of(views, board)
        return cls(setup, stack, noise, intrinsics, intrinsics_prior, scale_sigma)

    @property
    def intrinsics_slice(self) -> slice:
        """Columns of the intrinsics among the shared unknowns; empty when they are fixed."""
        return slice(12, self._refined)

    @property
    def _refined(self) -> int:
        return 12 + (0 if self.intrinsics_prior is None else len(self.intrinsics.parameters))

    @property
    def scale_column(self) -> int | None:
        """Column of the board's size, None when it is fixed."""
        return None if self.scale_sigma is None else self._refined

    @property
    def delay_column(self) -> int | None:
        """Column of the delay, None when it is not estimated."""
        if self.motion is None:
            return None
        return self._refined + (self.scale_sigma is not None)

    @property
    def size(self) -> int:
        """Number of shared unknowns: camera 6, board 6, and what is refined."""
        return self._refined + (self.scale_sigma is not None) + (self.motion is not None)


@dataclass(frozen=True)
class Weights:
    """How much each observation counts: ``corner`` [v, n], ``pose`` [v], and what they are
    measured by: ``sigma_px`` of a corner's coordinate, ``noise`` of the arm."""

    corner: Array
    pose: Array
    sigma_px: float
    noise: RobotNoise


@dataclass(frozen=True)
class Normal:
    """The normal equations at a state, poses eliminated view by view.

    ``reduced`` [v, g, g] and ``reduced_gradient`` [v, g]: what each view says about the g shared
    unknowns. ``pose`` [v, 6, 6], ``pose_shared`` [v, 6, g], ``pose_gradient`` [v, 6].
    ``prior`` [g, g], ``prior_gradient`` [g]. ``residuals`` [v, n, 2] px, ``cost``: the
    weighted sum of squares.
    """

    reduced: Array
    reduced_gradient: Array
    pose: Array
    pose_inverse: Array
    pose_shared: Array
    pose_gradient: Array
    prior: Array
    prior_gradient: Array
    residuals: Array
    cost: float

    @property
    def shared(self) -> Array:
        """Information [g, g] on the shared unknowns."""
        return np.asarray(self.reduced.sum(axis=0) + self.prior)

    @property
    def gradient(self) -> Array:
        """Gradient [g] on the shared unknowns."""
        return np.asarray(self.reduced_gradient.sum(axis=0) + self.prior_gradient)


def normal_equations(
    problem: Problem, state: State, weights: Weights, damping: float = 0.0
) -> Normal:
    """Linearise and eliminate the arm's poses; ``damping`` is Levenberg-Marquardt's."""
    found = linearise(state, problem.stack, problem.setup)
    views, corners = problem.stack.seen.shape
    columns = [found.by_camera, found.by_board]
    if problem.intrinsics_prior is not None:
        columns.append(found.by_intrinsics)
    if problem.scale_sigma is not None:
        columns.append(found.by_scale)
    if problem.motion is not None:
        motion = problem.motion(state.delay)
        twist = np.concatenate([motion.velocity, motion.angular_velocity], axis=1)
        columns.append(-found.by_arm @ twist[:, None, :, None])
    shared = np.concatenate(columns, axis=-1).reshape(views, 2 * corners, -1)
    arm = found.by_arm.reshape(views, 2 * corners, 6)
    residuals = found.residuals.reshape(views, 2 * corners)
    weight = np.repeat(weights.corner * problem.stack.seen, 2, axis=1) / weights.sigma_px**2
    shared_w = (shared * weight[..., None]).transpose(0, 2, 1)
    arm_w = (arm * weight[..., None]).transpose(0, 2, 1)
    information = weights.noise.information
    pose_weight = np.maximum(weights.pose, POSE_FLOOR)
    corrections = state.corrections
    prior_pose = pose_weight[:, None, None] * information
    pose = arm_w @ arm + prior_pose
    pose_gradient = (arm_w @ residuals[..., None])[..., 0] + np.einsum(
        "vij,vj->vi", prior_pose, corrections
    )
    pose_shared = arm_w @ shared
    if damping:
        pose = pose + damping * pose * np.eye(6)
    inverse = np.linalg.inv(pose)
    gain = pose_shared.transpose(0, 2, 1) @ inverse
    reduced = shared_w @ shared - gain @ pose_shared
    gradient = (shared_w @ residuals[..., None] - gain @ pose_gradient[..., None])[..., 0]
    prior, prior_gradient, prior_cost = _shared_prior(problem, state)
    cost = (
        float(np.sum(weight * residuals**2))
        + float(np.einsum("vi,vij,vj->", corrections, prior_pose, corrections))
        + prior_cost
    )
    return Normal(
        reduced,
        gradient,
        pose,
        inverse,
        pose_shared,
        pose_gradient,
        prior,
        prior_gradient,
        found.residuals,
        cost,
    )


def _shared_prior(problem: Problem, state: State) -> tuple[Array, Array, float]:
    information = np.zeros((problem.size, problem.size))
    offset = np.zeros(problem.size)
    if problem.camera_prior is not None:
        mean, covariance = problem.camera_prior
        information[:6, :6] = np.linalg.inv(covariance)
        offset[:3] = state.t_camera - mean[:3]
        offset[3:6] = log_so3(state.R_camera @ Rotation.from_quat(mean[3:]).as_matrix().T)
    if problem.intrinsics_prior is not None:
        at = problem.intrinsics_slice
        information[at, at] = information_of(problem.intrinsics_prior)
        offset[at] = state.intrinsics - problem.intrinsics.parameters
    column = problem.scale_column
    if column is not None and problem.scale_sigma is not None:
        information[column, column] = problem.scale_sigma**-2
        offset[column] = state.scale - 1.0
    gradient = information @ offset
    return information, gradient, float(offset @ gradient)


def information_of(covariance: Array) -> Array:
    """Return the inverse of ``covariance`` [n, n]; a variance of zero means known exactly."""
    scale = np.maximum(np.sqrt(np.diag(covariance)), 1e-9)
    correlation = covariance / np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0 + 1e-9)
    return np.asarray(np.linalg.inv(correlation) / np.outer(scale, scale))


def moved(problem: Problem, state: State, step: Array, pose_steps: Array) -> State:
    """Return ``state`` after a step [g] of the shared unknowns and [v, 6] of the arm's poses."""
    at, scale, delay = problem.intrinsics_slice, problem.scale_column, problem.delay_column
    result = replace(
        state,
        t_camera=state.t_camera + step[:3],
        R_camera=exp_so3(step[3:6]) @ state.R_camera,
        t_board=state.t_board + step[6:9],
        R_board=exp_so3(step[9:12]) @ state.R_board,
        intrinsics=state.intrinsics + step[at] if at.stop > at.start else state.intrinsics,
        scale=state.scale if scale is None else state.scale + float(step[scale]),
        shift=state.shift + pose_steps[:, :3],
        turn=exp_so3(pose_steps[:, 3:]) @ state.turn,
    )
    if delay is not None and problem.motion is not None:
        later = state.delay + float(step[delay])
        motion = problem.motion(later)
        result = replace(result, delay=later, position=motion.position, rotation=motion.rotation)
    return result


def solve_shared(information: Array, gradient: Array) -> Array:
    """Solve symmetric [g, g] for [g], scaled to a unit diagonal first."""
    scale = 1.0 / np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information * np.outer(scale, scale)
    try:
        return np.asarray(scale * np.linalg.solve(scaled, scale * gradient))
    except np.linalg.LinAlgError:
        return np.asarray(scale * (np.linalg.pinv(scaled) @ (scale * gradient)))


def descend(
    problem: Problem, state: State, weights: Weights, steps: int = MAX_STEPS
) -> tuple[State, Normal]:
    """Minimise at fixed weights; return the state and the undamped equations there."""
    damping = 0.0
    normal = normal_equations(problem, state, weights)
    for _ in range(steps):
        damped = normal if damping == 0.0 else normal_equations(problem, state, weights, damping)
        information = damped.shared
        if damping:
            information = information + damping * np.diag(np.diag(information))
        step = -solve_shared(information, damped.gradient)
        pose_steps = -np.einsum(
            "vij,vj->vi",
            damped.pose_inverse,
            damped.pose_gradient + np.einsum("vij,j->vi", damped.pose_shared, step),
        )
        with np.errstate(over="ignore", invalid="ignore"):
            candidate = moved(problem, state, step, pose_steps)
            trial = normal_equations(problem, candidate, weights)
        if np.isfinite(trial.cost) and trial.cost <= normal.cost * (1.0 + 1e-12) + 1e-12:
            gain = normal.cost - trial.cost
            state, normal = candidate, trial
            damping = damping / 10.0 if damping > 1e-7 else 0.0
            if gain <= 1e-7 * (1.0 + normal.cost):
                break
        else:
            damping = max(10.0 * damping, 1e-4)
            if damping > 1e8:
                break
    return state, normal
