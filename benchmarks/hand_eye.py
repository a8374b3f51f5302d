"""How near hand-eye calibration comes to the truth, to its own promise and to what is possible.

1280 x 720, f 912 px, 7 x 5 corners at 30 mm seen to 0.3 px, an arm that reports its poses to
0.5 mm and 0.1 deg an axis, 20 poses tilted by 15 to 40 deg and rolled by +-60 deg; eye-in-hand at
0.35 to 0.6 m, eye-to-hand at 0.6 to 1.1 m. Every trial draws its own rig.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from benchmarks.result import Result
from calibration.adjustment import Adjustment, calibrate_hand_eye
from calibration.bundle_adjustment import RobotNoise
from calibration.covariance import cramer_rao, pose_error
from calibration.intrinsics import factory_prior
from calibration.kinematic_chain import Setup
from calibration.observation import BoardGeometry, BoardView, Intrinsics
from calibration.synthetic_views import Rig, draw_board_pose
from collector.geometry import Pose, pose

Array = NDArray[np.float64]

TRIALS = 100
POSES = 20
BOARD = BoardGeometry.grid(7, 5, 0.030)
INTRINSICS = Intrinsics(1280, 720, 912.0, 912.0, 639.5, 359.5)
ORDINARY = RobotNoise(5e-4, float(np.deg2rad(0.1)))
GOOD = RobotNoise(1e-4, float(np.deg2rad(0.02)))
SIGMA_PX = 0.3
DISTANCE: dict[Setup, tuple[float, float]] = {
    "eye_in_hand": (0.35, 0.6),
    "eye_to_hand": (0.6, 1.1),
}
# Median mm, median deg, 90th percentile mm.
TARGETS: dict[Setup, tuple[float, float, float]] = {
    "eye_in_hand": (0.51, 0.064, 0.92),
    "eye_to_hand": (0.63, 0.055, 1.3),
}


def draw_rig(setup: Setup, rng: np.random.Generator, noise: RobotNoise = ORDINARY) -> Rig:
    """Draw a camera on the flange and a board in front of the arm, or the other way round."""

    def near(position: list[float], degrees: list[float]) -> Pose:
        place = np.array(position) + rng.uniform(-0.02, 0.02, 3)
        turn = Rotation.from_euler("xyz", np.array(degrees) + rng.uniform(-10, 10, 3), degrees=True)
        return pose(place, turn.as_quat())

    if setup == "eye_in_hand":
        camera = near([0.05, -0.03, 0.06], [5.0, -8.0, 92.0])
        middle = near([0.5, 0.1, 0.02], [180.0, 0.0, 20.0])
    else:
        camera = near([1.0, 0.2, 0.6], [-120.0, 0.0, 80.0])
        middle = near([0.0, 0.0, 0.05], [3.0, 4.0, 30.0])
    # The board is held by its middle; its frame begins at a corner.
    held = middle[:3] - Rotation.from_quat(middle[3:]).apply(BOARD.centre)
    board = np.concatenate([held, middle[3:]])
    return Rig(setup, BOARD, INTRINSICS, camera, board, noise, SIGMA_PX)


def draw_views(
    rig: Rig, rng: np.random.Generator, count: int = POSES
) -> tuple[list[BoardView], list[Pose]]:
    """Draw ``count`` views and the true arm poses they were taken from."""
    distance = DISTANCE[rig.setup]
    tilt = (float(np.deg2rad(15.0)), float(np.deg2rad(40.0)))
    true = [
        rig.T_base_ee(
            draw_board_pose(rng, BOARD, INTRINSICS, distance, tilt, float(np.deg2rad(60.0)))
        )
        for _ in range(count)
    ]
    return [rig.view(p, rng, str(i), i + 1) for i, p in enumerate(true)], true


def with_bad_pose(views: list[BoardView], index: int, rng: np.random.Generator) -> list[BoardView]:
    """Return the views with one arm pose reported 10 mm and 2 deg beside the truth."""
    there = rng.normal(size=3)
    about = rng.normal(size=3)
    reported = views[index].T_base_ee
    turn = Rotation.from_rotvec(np.deg2rad(2.0) * about / np.linalg.norm(about))
    shifted = reported[:3] + 0.010 * there / np.linalg.norm(there)
    moved = np.concatenate([shifted, (turn * Rotation.from_quat(reported[3:])).as_quat()])
    return [*views[:index], replace(views[index], T_base_ee=moved), *views[index + 1 :]]


@dataclass
class Errors:
    """Errors [6] of a camera's pose over the trials: m, rad."""

    values: list[Array] = field(default_factory=list)

    def add(self, estimate: Pose, truth: Pose) -> None:
        """Add the error of one trial."""
        self.values.append(pose_error(estimate, truth))

    @property
    def mm(self) -> Array:
        """Distances [trials], mm."""
        return np.asarray(1e3 * np.linalg.norm(np.array(self.values)[:, :3], axis=1))

    @property
    def deg(self) -> Array:
        """Angles [trials], deg."""
        return np.asarray(np.rad2deg(np.linalg.norm(np.array(self.values)[:, 3:], axis=1)))


@dataclass
class Outcome:
    """What a set of trials comes to."""

    errors: Errors
    methods: dict[str, Errors]
    bound: Array  # [trials, 6, 6] covariance no unbiased method beats
    predicted: Array  # [trials, 6] variances the adjustment states
    seconds: Array

    def over_bound(self) -> tuple[float, float]:
        """Return RMS error over the Cramer-Rao bound, of position and of rotation."""
        return self._ratio(np.einsum("tii->ti", self.bound))

    def least_median(self) -> tuple[float, float]:
        """Return the median mm and deg of errors drawn from the bound: what these rigs allow."""
        rng = np.random.default_rng(0)
        factor = np.linalg.cholesky(self.bound)
        drawn = np.einsum("tij,dtj->dti", factor, rng.normal(size=(500, len(factor), 6)))
        place = float(np.median(1e3 * np.linalg.norm(drawn[..., :3], axis=-1)))
        return place, float(np.median(np.rad2deg(np.linalg.norm(drawn[..., 3:], axis=-1))))

    def over_predicted(self) -> tuple[float, float]:
        """Return RMS error over the predicted one, of position and of rotation."""
        return self._ratio(self.predicted)

    def _ratio(self, variances: Array) -> tuple[float, float]:
        squares = np.array(self.errors.values) ** 2
        place, turn = (
            float(np.sqrt(squares[:, at].sum() / variances[:, at].sum()))
            for at in (slice(0, 3), slice(3, 6))
        )
        return place, turn


def trials(setup: Setup, count: int, noise: RobotNoise = ORDINARY, seed: int = 0) -> Outcome:
    """Calibrate ``count`` times, with every method."""
    outcome = Outcome(Errors(), {}, np.empty((count, 6, 6)), np.empty((count, 6)), np.empty(count))
    for trial in range(count):
        rng = np.random.default_rng([seed, trial])
        rig = draw_rig(setup, rng, noise)
        views, true = draw_views(rig, rng)
        begin = time.perf_counter()
        found = calibrate_hand_eye(views, BOARD, INTRINSICS, setup, noise)
        outcome.seconds[trial] = time.perf_counter() - begin
        outcome.errors.add(found.T_parent_camera, rig.T_parent_camera)
        outcome.predicted[trial] = np.diag(found.camera_covariance)
        exact = [replace(v, T_base_ee=p) for v, p in zip(views, true, strict=True)]
        bound = cramer_rao(
            exact, BOARD, INTRINSICS, setup, noise, SIGMA_PX, rig.T_parent_camera,
            rig.T_holder_board,
        )  # fmt: skip
        outcome.bound[trial] = bound[:6, :6]
        for form in found.alternatives:
            if form.T_parent_camera is not None:
                errors = outcome.methods.setdefault(form.method, Errors())
                errors.add(form.T_parent_camera, rig.T_parent_camera)
    return outcome


def bad_pose_trials(setup: Setup, count: int, seed: int = 0) -> tuple[float, float, float]:
    """Return median mm with one bad pose, over the clean median, and the share it was named in.

    Named means: it, and no other.
    """
    clean, bad, named = Errors(), Errors(), 0
    for trial in range(count):
        rng = np.random.default_rng([seed, trial])
        rig = draw_rig(setup, rng)
        views, _ = draw_views(rig, rng)
        index = int(rng.integers(POSES))
        spoilt = with_bad_pose(views, index, rng)
        found = calibrate_hand_eye(views, BOARD, INTRINSICS, setup, ORDINARY)
        clean.add(found.T_parent_camera, rig.T_parent_camera)
        found = calibrate_hand_eye(spoilt, BOARD, INTRINSICS, setup, ORDINARY)
        bad.add(found.T_parent_camera, rig.T_parent_camera)
        named += found.bad_views == (str(index),)
    median = float(np.median(bad.mm))
    return median, median / float(np.median(clean.mm)), named / count


def wrong_focal_trials(
    setup: Setup, count: int, refine: bool, share: float = 0.01, seed: int = 0
) -> float:
    """Return median mm with a focal length that is ``share`` too long, refined jointly or not."""
    given = replace(INTRINSICS, fx=INTRINSICS.fx * (1 + share), fy=INTRINSICS.fy * (1 + share))
    errors = Errors()
    for trial in range(count):
        rng = np.random.default_rng([seed, trial])
        rig = draw_rig(setup, rng)
        views, _ = draw_views(rig, rng)
        prior = factory_prior(given) if refine else None
        found: Adjustment = calibrate_hand_eye(views, BOARD, given, setup, ORDINARY, prior)
        errors.add(found.T_parent_camera, rig.T_parent_camera)
    return float(np.median(errors.mm))


def run(count: int = TRIALS) -> list[Result]:
    """Measure both set-ups."""
    return [*measure("eye_in_hand", count), *measure("eye_to_hand", count)]


def measure(setup: Setup, count: int) -> list[Result]:
    """Measure one set-up."""
    outcome = trials(setup, count)
    median_mm, median_deg, ninth_mm = TARGETS[setup]
    errors = outcome.errors
    ninth: Callable[[Array], float] = lambda values: float(np.quantile(values, 0.9))  # noqa: E731
    best = min(float(np.median(e.mm)) for e in outcome.methods.values())
    results = [
        Result(f"{setup}, median", float(np.median(errors.mm)), "mm", f"<= {median_mm}"),
        Result(f"{setup}, median", float(np.median(errors.deg)), "deg", f"<= {median_deg}"),
        Result(f"{setup}, 90th percentile", ninth(errors.mm), "mm", f"<= {ninth_mm}"),
        Result(
            f"{setup}, median over OpenCV's best", float(np.median(errors.mm)) / best, "", "< 1"
        ),
    ]
    least_mm, least_deg = outcome.least_median()
    results += [
        Result(f"{setup}, median at the Cramer-Rao bound", least_mm, "mm"),
        Result(f"{setup}, median at the Cramer-Rao bound", least_deg, "deg"),
    ]
    for what, value in zip(("position", "rotation"), outcome.over_bound(), strict=True):
        results.append(
            Result(f"{setup}, {what} over the Cramer-Rao bound", value, "", "0.9 to 1.1")
        )
    for what, value in zip(("position", "rotation"), outcome.over_predicted(), strict=True):
        results.append(Result(f"{setup}, {what} over predicted", value, "", "0.8 to 1.25"))
    results.append(Result(f"{setup}, slowest", float(outcome.seconds.max()), "s", "< 2"))
    results.append(Result(f"{setup}, typical time", float(np.median(outcome.seconds)), "s"))
    for name, method in outcome.methods.items():
        results.append(Result(f"{setup}, OpenCV {name}, median", float(np.median(method.mm)), "mm"))
        results.append(
            Result(f"{setup}, OpenCV {name}, median", float(np.median(method.deg)), "deg")
        )
        results.append(Result(f"{setup}, OpenCV {name}, 90th percentile", ninth(method.mm), "mm"))
    median, cost, named = bad_pose_trials(setup, count)
    results += [
        Result(f"{setup}, one bad pose, median", median, "mm"),
        Result(f"{setup}, one bad pose over clean", cost, "", "<= 1.2"),
        Result(f"{setup}, the bad pose and no other named", 100.0 * named, "%", "100"),
    ]
    target = "< 0.8" if setup == "eye_in_hand" else ""
    for refine in (False, True):
        how = "refined" if refine else "taken as given"
        results.append(
            Result(
                f"{setup}, f 1 % off, {how}",
                wrong_focal_trials(setup, count, refine),
                "mm",
                target if refine else "",
            )
        )
    good = trials(setup, max(10, count // 4), GOOD)
    results.append(Result(f"{setup}, good robot, median", float(np.median(good.errors.mm)), "mm"))
    return results
