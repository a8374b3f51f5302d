"""Where to take the next view: what a pose of the arm would add, and a set of safe poses.

The gain is D-optimal (the uncertainty's volume) and A-optimal (its mean square), as in the design
of experiments (Pukelsheim 1993): expected information needs no measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from calibration.adjustment import Adjustment
from calibration.bundle_adjustment import Problem, RobotNoise, Weights, normal_equations
from calibration.covariance import invert, position_sigma
from calibration.kinematic_chain import MIN_CORNERS, Setup, State
from calibration.observation import BoardGeometry, BoardView, Intrinsics, ObservationError
from calibration.synthetic_views import Rig, draw_board_pose
from collector.geometry import Pose

Array = NDArray[np.float64]

WORTHWHILE = 0.05  # of the volume's logarithm: less is not worth a picture
START_SIGMA = (0.05, 0.2)  # m, rad: how well a camera is known before any view
MARGIN = 0.02  # of the image's width that stays free around the board
EXPECTED_SIGMA_PX = 0.3


@dataclass(frozen=True)
class Gain:
    """What a view at a pose would add.

    ``d_optimal``: by how much the logarithm of the camera pose's uncertainty volume falls;
    ``a_optimal_m``: by how many m its position sigma falls; ``sigma_position_m``: to what.
    ``corners``: how many the image would show.
    """

    d_optimal: float
    a_optimal_m: float
    sigma_position_m: float
    corners: int

    @property
    def worthwhile(self) -> bool:
        """Whether the view would add enough to be taken."""
        return self.d_optimal >= WORTHWHILE


def gain(adjustment: Adjustment, board: BoardGeometry, candidates: Sequence[Pose]) -> list[Gain]:
    """Return what a view with the arm at each of ``candidates`` (T_base_ee [7]) would add.

    ``adjustment``: what is known so far, from three views on. A pose that does not show the
    board adds nothing.
    """
    problem = adjustment.problem
    rig = Rig(
        problem.setup,
        board,
        adjustment.intrinsics,
        adjustment.T_parent_camera,
        adjustment.T_holder_board,
        problem.noise,
        adjustment.sigma_px,
    )
    before = adjustment.normal.shared
    sigma = adjustment.sigma_position_m
    volume = _log_volume(invert(before)[:6, :6])
    added, corners = _expected(rig, candidates, problem, adjustment.weights)
    results = []
    for information, seen in zip(added, corners, strict=True):
        covariance = invert(before + information)[:6, :6]
        after = position_sigma(covariance)
        results.append(Gain(volume - _log_volume(covariance), sigma - after, after, seen))
    return results


@dataclass(frozen=True)
class PosePlan:
    """Poses for an arm to drive through.

    ``poses``: T_base_ee [7] in the order of a short way round. ``sigma_position_m``: the
    uncertainty to expect. ``rms_rad`` [3]: RMS rotation about the x, y, z axes of ee.
    """

    poses: tuple[Pose, ...]
    sigma_position_m: float
    rms_rad: Array


def suggest_poses(
    setup: Setup,
    board: BoardGeometry,
    intrinsics: Intrinsics,
    T_parent_camera: Pose,
    T_holder_board: Pose,
    lower_m: ArrayLike,
    upper_m: ArrayLike,
    rng: np.random.Generator,
    count: int = 20,
    noise: RobotNoise | None = None,
    distance_m: tuple[float, float] = (0.35, 0.7),
    reachable: Callable[[Pose], bool] | None = None,
    draws: int = 1500,
) -> PosePlan:
    """Choose ``count`` poses of the arm that show the whole board and tell most.

    ``T_parent_camera``, ``T_holder_board`` [7]: about where camera and board are, known to some
    cm. ``lower_m``, ``upper_m`` [3]: the box, in base, that ee may be in. ``reachable``: says
    whether the arm can go to a T_base_ee, inverse kinematics and obstacles included; the box
    alone promises neither. Poses are drawn and the best taken one by one (greedy D-optimal), then
    put in the order of the nearest next.

    Raises ObservationError when fewer than ``count`` poses of ``draws`` are safe.
    """
    noise = noise or RobotNoise()
    lower, upper = np.asarray(lower_m, float), np.asarray(upper_m, float)
    rig = Rig(setup, board, intrinsics, T_parent_camera, T_holder_board, noise, EXPECTED_SIGMA_PX)
    safe: list[Pose] = []
    for _ in range(draws):
        seen = draw_board_pose(
            rng, board, intrinsics, distance_m, (0.0, np.deg2rad(45.0)), np.pi / 2.0, 0.3
        )
        pose = rig.T_base_ee(seen)
        if np.any(pose[:3] < lower) or np.any(pose[:3] > upper):
            continue
        if not _whole_board(rig, pose) or (reachable is not None and not reachable(pose)):
            continue
        safe.append(pose)
        if len(safe) >= 12 * count:
            break
    if len(safe) < count:
        raise ObservationError(
            f"only {len(safe)} of {draws} poses show the whole board within the limits: move the "
            "board nearer to the middle of the workspace, or widen the limits"
        )
    problem = Problem.of([rig.view(safe[0], rng, exact=True)], board, intrinsics, setup, noise)
    weights = Weights(np.ones((1, 1)), np.ones(1), EXPECTED_SIGMA_PX, noise)
    added, _ = _expected(rig, safe, problem, weights)
    turns = Rotation.from_quat(np.array(safe)[:, 3:])
    known = np.diag(np.repeat([START_SIGMA[0] ** -2, START_SIGMA[1] ** -2] * 2, 3))
    chosen: list[int] = []
    for _ in range(count):
        covariances = np.linalg.inv(known + added)[:, :6, :6]
        volumes = np.linalg.slogdet(covariances)[1]
        volumes[chosen] = np.inf
        best = int(np.argmin(volumes))
        chosen.append(best)
        known = known + added[best]
    turned = turns[chosen]
    vectors = (turned.mean().inv() * turned).as_rotvec()
    return PosePlan(
        poses=tuple(_short_way([safe[i] for i in chosen])),
        sigma_position_m=position_sigma(invert(known)[:6, :6]),
        rms_rad=np.sqrt(np.mean(vectors**2, axis=0)),
    )


def _expected(
    rig: Rig, poses: Sequence[Pose], problem: Problem, weights: Weights
) -> tuple[Array, list[int]]:
    """Return the information [p, g, g] a view at each pose would add, and corners it would show."""
    rng = np.random.default_rng(0)  # unused by an exact view
    views, where, corners = [], [], []
    for i, pose in enumerate(poses):
        view = rig.view(pose, rng, exact=True)
        corners.append(len(view.ids))
        if len(view.ids) >= MIN_CORNERS:
            views.append(view)
            where.append(i)
    added = np.zeros((len(poses), problem.size, problem.size))
    if views:
        planned = Problem.of(
            views, rig.board, rig.intrinsics, rig.setup, weights.noise,
            problem.intrinsics_prior, problem.scale_sigma,
        )  # fmt: skip
        state = State.start(planned.stack, rig.intrinsics, rig.T_parent_camera, rig.T_holder_board)
        fresh = Weights(
            np.ones(planned.stack.seen.shape), np.ones(len(views)), weights.sigma_px, weights.noise
        )
        added[where] = normal_equations(planned, state, fresh).reduced
    return added, corners


def _whole_board(rig: Rig, pose: Pose) -> bool:
    view: BoardView = rig.view(pose, np.random.default_rng(0), exact=True)
    if len(view.ids) < len(rig.board.points):
        return False
    margin = MARGIN * rig.intrinsics.width + _square_px(rig, pose)
    size = np.array([rig.intrinsics.width, rig.intrinsics.height])
    return bool(np.all(view.corners > margin) and np.all(view.corners < size - margin))


def _square_px(rig: Rig, pose: Pose) -> float:
    """Return about how many pixels a square takes: the board reaches that far past its corners."""
    return rig.intrinsics.fx * rig.board.square_m / float(rig.T_camera_board(pose)[2])


def _log_volume(covariance: Array) -> float:
    return 0.5 * float(np.linalg.slogdet(covariance)[1])


def _short_way(poses: list[Pose]) -> list[Pose]:
    """Order poses by the nearest next one; a radian counts as 0.3 m."""
    rest = list(poses)
    way = [rest.pop(0)]
    while rest:
        here = way[-1]
        turn = Rotation.from_quat(here[3:]).inv()
        costs = [
            np.linalg.norm(p[:3] - here[:3]) + 0.3 * (turn * Rotation.from_quat(p[3:])).magnitude()
            for p in rest
        ]
        way.append(rest.pop(int(np.argmin(costs))))
    return way
