"""How uncertain the numbers are, and how far off a prediction may be.

Covariances are inverses of the information at the solution: the posterior, and at the truth the
Cramer-Rao bound, which no unbiased method beats. They know the noise of corners and of the arm;
they know nothing of what is wrong the same way in every pose, such as an offset of a joint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from scipy.stats import chi2

from calibration.bundle_adjustment import Normal, Problem, RobotNoise, Weights, normal_equations
from calibration.kinematic_chain import Setup, Stack, State, linearise
from calibration.observation import BoardGeometry, BoardView, Intrinsics
from collector.geometry import Pose

Array = NDArray[np.float64]

# Below this share of the best-known direction, a direction counts as not observed at all.
SINGULAR = 1e-11


def invert(information: Array) -> Array:
    """Return the covariance [g, g] of ``information`` [g, g].

    Directions that nothing was observed of get a huge variance instead of an error.
    """
    diagonal = np.diag(information)
    scale = 1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1e-12))
    scaled = information * np.outer(scale, scale)
    values, vectors = np.linalg.eigh((scaled + scaled.T) / 2.0)
    values = np.maximum(values, SINGULAR * max(1.0, float(values[-1])))
    inverse = (vectors / values) @ vectors.T
    return np.asarray(inverse * np.outer(scale, scale))


def shared_covariance(normal: Normal) -> Array:
    """Return the posterior covariance [g, g] of the shared unknowns."""
    return invert(normal.shared)


def pose_covariances(normal: Normal, shared: Array) -> Array:
    """Return the posterior covariance [v, 6, 6] of each arm pose's correction."""
    gain = normal.pose_inverse @ normal.pose_shared
    return np.asarray(normal.pose_inverse + gain @ shared @ gain.transpose(0, 2, 1))


def cramer_rao(
    views: Sequence[BoardView],
    board: BoardGeometry,
    intrinsics: Intrinsics,
    setup: Setup,
    noise: RobotNoise,
    sigma_px: float,
    T_parent_camera: Pose,
    T_holder_board: Pose,
    intrinsics_prior: Array | None = None,
) -> Array:
    """Return the Cramer-Rao bound [g, g] for views whose ``T_base_ee`` are the true poses.

    The first six are the camera's pose, m and rad. ``views`` need no true corners: only which
    corners were seen. ``noise`` and ``sigma_px`` are those the measurements will have.
    """
    problem = Problem.of(views, board, intrinsics, setup, noise, intrinsics_prior)
    state = State.start(problem.stack, intrinsics, T_parent_camera, T_holder_board)
    weights = Weights(np.ones(problem.stack.seen.shape), np.ones(len(views)), sigma_px, noise)
    return shared_covariance(normal_equations(problem, state, weights))


def position_sigma(covariance: Array) -> float:
    """Return the standard deviation of a position in space, m, of a pose's covariance [6, 6]."""
    return float(np.sqrt(np.trace(covariance[:3, :3])))


def rotation_sigma(covariance: Array) -> float:
    """Return the standard deviation of an orientation, rad, of a pose's covariance [6, 6]."""
    return float(np.sqrt(np.trace(covariance[3:6, 3:6])))


def pose_error(estimate: Pose, truth: Pose) -> Array:
    """Return how far ``estimate`` is off ``truth`` [6]: m and rad, as covariances count."""
    turn = Rotation.from_quat(estimate[3:]) * Rotation.from_quat(truth[3:]).inv()
    return np.concatenate([estimate[:3] - truth[:3], turn.as_rotvec()])


@dataclass(frozen=True)
class Prediction:
    """A view that took no part in the fit, predicted and seen.

    ``residuals`` [n, 2] px; ``rms_px`` and ``expected_rms_px``: of a corner's distance.
    ``innovation`` [6]: by how much the arm's pose would have to be corrected, m and rad in base;
    ``noise_covariance`` [6, 6]: what pixels and robot alone let it be; ``sensitivity`` [6, g]:
    its derivative by the shared unknowns; ``p_value``: of the innovation, chi-square of six.
    """

    name: str
    residuals: Array
    rms_px: float
    expected_rms_px: float
    innovation: Array
    noise_covariance: Array
    sensitivity: Array
    p_value: float


def predict(
    view: BoardView,
    board: BoardGeometry,
    problem: Problem,
    state: State,
    shared: Array,
    weights: Weights,
) -> Prediction:
    """Predict ``view`` from a solution that did not see it, and say how it fits.

    Its arm pose is taken as reported: the expected error is the pixels', the robot's and the
    solution's own. ``shared`` [g, g]: the solution's posterior covariance.
    """
    stack = Stack.of([view], board)
    fresh = replace(
        state,
        shift=np.zeros((1, 3)),
        turn=np.eye(3)[None],
        position=stack.position,
        rotation=stack.rotation,
    )
    found = linearise(fresh, stack, problem.setup)
    count = 2 * len(view.ids)
    columns = [found.by_camera, found.by_board]
    if problem.intrinsics_prior is not None:
        columns.append(found.by_intrinsics)
    if problem.scale_sigma is not None:
        columns.append(found.by_scale)
    jacobian = np.concatenate(columns, axis=-1).reshape(count, -1)
    known = jacobian.shape[1]
    arm = found.by_arm.reshape(count, 6)
    residual = found.residuals.reshape(count)
    of_shared = shared[:known, :known]
    arm_inverse = invert(arm.T @ arm)
    innovation = -arm_inverse @ (arm.T @ residual)
    sensitivity = -arm_inverse @ (arm.T @ jacobian)
    noise = weights.sigma_px**2 * arm_inverse + weights.noise.covariance
    total = noise + sensitivity @ of_shared @ sensitivity.T
    spread = (
        weights.sigma_px**2 * count
        + np.trace(arm @ weights.noise.covariance @ arm.T)
        + np.trace(jacobian @ of_shared @ jacobian.T)
    )
    statistic = float(innovation @ np.linalg.solve(total, innovation))
    pixels = residual.reshape(-1, 2)
    return Prediction(
        name=view.name,
        residuals=pixels,
        rms_px=float(np.sqrt(np.mean(np.sum(pixels**2, axis=1)))),
        expected_rms_px=float(np.sqrt(spread / len(pixels))),
        innovation=innovation,
        noise_covariance=noise,
        sensitivity=sensitivity,
        p_value=float(chi2.sf(statistic, 6)),
    )
