"""Uncertainties shrink with views, cover the error, and never claim what was not observed."""

from __future__ import annotations

import numpy as np
import pytest
from rig_fixtures import BOARD, INTRINSICS, ORDINARY, SETUPS, capture

from calibration.adjustment import calibrate_hand_eye
from calibration.covariance import invert, pose_error, predict
from calibration.robust import gate_poses, pose_gate, pose_statistic


@pytest.mark.parametrize("setup", SETUPS)
def test_every_unknown_has_an_uncertainty_that_holds(setup: str) -> None:
    camera, board, arm = [], [], []
    for seed in range(15):
        rig, views, true = capture(setup, seed)
        found = calibrate_hand_eye(views, BOARD, INTRINSICS, setup, ORDINARY)
        e = pose_error(found.T_parent_camera, rig.T_parent_camera)
        camera.append(e @ np.linalg.solve(found.camera_covariance, e))
        e = pose_error(found.T_holder_board, rig.T_holder_board)
        board.append(e @ np.linalg.solve(found.board_covariance, e))
        for i, view in enumerate(views):
            left = pose_error(true[i], view.T_base_ee) - found.corrections[i]
            arm.append(left @ np.linalg.solve(found.pose_covariance[i], left))
    # Each is chi-square of six degrees: mean six, standard deviation of the mean below one.
    assert np.mean(camera) == pytest.approx(6.0, abs=3.0)
    assert np.mean(board) == pytest.approx(6.0, abs=3.0)
    assert np.mean(arm) == pytest.approx(6.0, abs=1.5)


def test_more_views_are_surer() -> None:
    _, views, _ = capture("eye_to_hand", 1, count=40)
    few = calibrate_hand_eye(views[:20], BOARD, INTRINSICS, "eye_to_hand", ORDINARY)
    many = calibrate_hand_eye(views, BOARD, INTRINSICS, "eye_to_hand", ORDINARY)
    assert many.sigma_position_m == pytest.approx(few.sigma_position_m / np.sqrt(2.0), rel=0.25)


def test_what_was_not_observed_has_a_huge_variance_instead_of_an_error() -> None:
    covariance = invert(np.diag([4.0, 0.0, 1.0]))
    assert covariance[0, 0] == pytest.approx(0.25)
    assert covariance[1, 1] > 1e9
    assert np.all(np.isfinite(covariance))


def test_the_noise_of_corners_is_estimated() -> None:
    for setup in SETUPS:
        _, views, _ = capture(setup, 2)
        found = calibrate_hand_eye(views, BOARD, INTRINSICS, setup, ORDINARY)
        assert found.sigma_px == pytest.approx(0.3, rel=0.08)
        assert found.rms_px < 0.3 * np.sqrt(2.0) * 1.05


def test_a_prediction_expects_what_is_seen() -> None:
    seen, expected = [], []
    for seed in range(10):
        _, views, _ = capture("eye_in_hand", seed)
        found = calibrate_hand_eye(views[:15], BOARD, INTRINSICS, "eye_in_hand", ORDINARY)
        for view in views[15:]:
            p = predict(view, BOARD, found.problem, found.state, found.covariance, found.weights)
            assert p.p_value > 1e-5
            seen.append(p.rms_px**2)
            expected.append(p.expected_rms_px**2)
    assert np.sqrt(np.mean(seen) / np.mean(expected)) == pytest.approx(1.0, abs=0.2)
    # With an ordinary robot a right calibration is off by some pixels.
    assert np.sqrt(np.mean(seen)) > 2.0


def test_good_poses_pass_the_gate_and_the_worst_goes_first() -> None:
    rng = np.random.default_rng(0)
    prior = ORDINARY.covariance
    corrections = rng.normal(size=(2000, 6)) * np.sqrt(np.diag(prior))
    used = np.ones(2000, bool)
    nothing = np.zeros((2000, 6, 6))
    statistic = pose_statistic(corrections, nothing, prior, used)
    assert np.mean(statistic) == pytest.approx(6.0, rel=0.05)
    assert gate_poses(statistic, used).all()
    statistic[[5, 9]] = 2.0 * pose_gate(2000), 3.0 * pose_gate(2000)
    assert np.flatnonzero(~gate_poses(statistic, used)).tolist() == [9]
    # One that was left out and fits after all comes back.
    used[3] = False
    assert gate_poses(statistic, used)[3]
