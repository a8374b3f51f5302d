"""The benchmark in short: as near to the truth as is possible, and as sure as it says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from rig_fixtures import BOARD, INTRINSICS, ORDINARY, SETUPS, capture

from benchmarks.hand_eye import (
    TARGETS,
    Outcome,
    bad_pose_trials,
    draw_rig,
    draw_views,
    measure,
    trials,
    with_bad_pose,
    wrong_focal_trials,
)
from calibration.adjustment import calibrate_hand_eye
from calibration.bundle_adjustment import RobotNoise
from calibration.covariance import pose_error
from calibration.observation import BoardView

TRIALS = 25


@cache
def outcome(setup: str) -> Outcome:
    return trials(setup, TRIALS)


@pytest.mark.parametrize("setup", SETUPS)
def test_errors_are_near_the_targets_and_below_every_opencv_method(setup: str) -> None:
    found = outcome(setup)
    median_mm, median_deg, ninth_mm = TARGETS[setup]
    # Of 25 trials a median scatters by an eighth; the benchmark's 100 are held to the targets.
    assert np.median(found.errors.mm) <= 1.3 * median_mm
    assert np.median(found.errors.deg) <= 1.3 * median_deg
    assert np.quantile(found.errors.mm, 0.9) <= 1.3 * ninth_mm
    least_mm, least_deg = found.least_median()
    assert np.median(found.errors.mm) <= 1.25 * least_mm
    assert np.median(found.errors.deg) <= 1.25 * least_deg
    assert len(found.methods) == 7
    for method, errors in found.methods.items():
        assert np.median(found.errors.mm) < np.median(errors.mm), method
        assert np.median(found.errors.deg) < np.median(errors.deg), method


@pytest.mark.parametrize("setup", SETUPS)
def test_errors_are_at_the_cramer_rao_bound_and_as_predicted(setup: str) -> None:
    found = outcome(setup)
    # Of 25 trials an RMS scatters by a twelfth: three of those, around one.
    for ratio in found.over_bound():
        assert 0.75 < ratio < 1.25
    for ratio in found.over_predicted():
        assert 0.8 < ratio < 1.25


@pytest.mark.parametrize("setup", SETUPS)
def test_one_bad_pose_is_named_and_costs_little(setup: str) -> None:
    _, cost, named = bad_pose_trials(setup, TRIALS)
    assert named == 1.0
    assert cost <= 1.2


@pytest.mark.parametrize("setup", SETUPS)
def test_three_bad_poses_are_all_named(setup: str) -> None:
    rng = np.random.default_rng(5)
    rig = draw_rig(setup, rng)
    views, _ = draw_views(rig, rng)
    for index in (2, 9, 17):
        views = with_bad_pose(views, index, rng)
    found = calibrate_hand_eye(views, BOARD, INTRINSICS, setup, ORDINARY)
    assert found.bad_views == ("2", "9", "17")
    error = pose_error(found.T_parent_camera, rig.T_parent_camera)
    assert np.linalg.norm(error[:3]) < 4.0 * found.sigma_position_m


def test_wrong_corners_are_left_out() -> None:
    _, views, _ = capture("eye_in_hand", 6)
    spoilt = []
    for i, view in enumerate(views):
        corners = view.corners.copy()
        corners[i % len(corners)] += [6.0, -4.0]
        spoilt.append(BoardView(view.ids, corners, view.T_base_ee, view.stamp_ns, view.name))
    found = calibrate_hand_eye(spoilt, BOARD, INTRINSICS, "eye_in_hand", ORDINARY)
    assert found.bad_corners == len(views)
    assert found.bad_views == ()
    assert found.sigma_px == pytest.approx(0.3, rel=0.1)
    clean = calibrate_hand_eye(views, BOARD, INTRINSICS, "eye_in_hand", ORDINARY)
    moved = pose_error(found.T_parent_camera, clean.T_parent_camera)
    assert np.linalg.norm(moved[:3]) < 0.25 * clean.sigma_position_m


def test_a_focal_length_one_percent_off_is_refined_jointly() -> None:
    as_given = wrong_focal_trials("eye_in_hand", TRIALS, refine=False)
    refined = wrong_focal_trials("eye_in_hand", TRIALS, refine=True)
    assert as_given > 3.0
    assert refined < 0.8


def test_a_good_robot_gives_a_good_calibration() -> None:
    good = RobotNoise(1e-4, float(np.deg2rad(0.02)))
    assert np.median(trials("eye_in_hand", 10, good).errors.mm) < 0.25


def test_a_robot_worse_than_stated_widens_the_uncertainty() -> None:
    _, views, _ = capture("eye_in_hand", 7, noise=ORDINARY.scaled(3.0, 3.0))
    found = calibrate_hand_eye(views, BOARD, INTRINSICS, "eye_in_hand", ORDINARY)
    told = calibrate_hand_eye(views, BOARD, INTRINSICS, "eye_in_hand", ORDINARY.scaled(3.0, 3.0))
    assert 2.0 < found.robot_factor_t < 4.0
    assert 2.0 < found.robot_factor_r < 4.0
    assert found.sigma_position_m == pytest.approx(told.sigma_position_m, rel=0.35)
    assert (told.robot_factor_t, told.robot_factor_r) == (1.0, 1.0)


@pytest.mark.parametrize("setup", SETUPS)
def test_transforms_are_named_by_their_two_frames(setup: str) -> None:
    _, views, _ = capture(setup, 8)
    found = calibrate_hand_eye(views, BOARD, INTRINSICS, setup, ORDINARY)
    names = (found.camera_transform_name, found.board_transform_name)
    assert (
        names
        == {
            "eye_in_hand": ("T_ee_camera", "T_base_board"),
            "eye_to_hand": ("T_base_camera", "T_ee_board"),
        }[setup]
    )


def test_the_benchmark_reports_every_target() -> None:
    results = measure("eye_in_hand", 3)
    assert sum(bool(result.target) for result in results) >= 10
    assert all(np.isfinite(result.value) for result in results)
