"""How much the arm turned is measured; held-out views are unlike the fit's, and judged fairly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rig_fixtures import BOARD, INTRINSICS, ORDINARY, SETUPS, capture
from scipy.spatial.transform import Rotation

from calibration.adjustment import calibrate_hand_eye
from calibration.bundle_adjustment import RobotNoise
from calibration.excitation import excitation
from calibration.hold_out import hold_out, judge_held_out, split, spread
from calibration.observation import BoardView

SIZE = (1280, 720)


def turned(rotvecs: list[list[float]]) -> list[BoardView]:
    corners = np.array([[600.0, 300.0], [700.0, 300.0], [600.0, 400.0], [700.0, 400.0]])
    poses = [np.r_[0.4, 0.0, 0.3, Rotation.from_rotvec(r).as_quat()] for r in rotvecs]
    return [BoardView(np.arange(4), corners, p) for p in poses]


def test_rotation_is_counted_about_each_axis_from_the_mean() -> None:
    views = turned([[a, b, 0.0] for a in (-0.3, 0.3) for b in (-0.1, 0.1)])
    found = excitation(views, SIZE)
    np.testing.assert_allclose(found.rms_rad, [0.3, 0.1, 0.0], atol=0.01)
    np.testing.assert_allclose(found.principal_rad, [0.3, 0.1, 0.0], atol=0.01)
    assert found.weakest == "z"
    assert not found.one_axis
    assert found.centred
    assert found.poses == 4
    assert not np.any(found.reached)


def test_rotation_about_one_oblique_axis_is_seen() -> None:
    axis = np.array([1.0, 1.0, 1.0]) / np.sqrt(3.0)
    found = excitation(turned([list(angle * axis) for angle in np.linspace(-1, 1, 9)]), SIZE)
    # About every axis there is plenty, and still it is one.
    assert np.all(found.rms_rad > np.deg2rad(20.0))
    assert found.one_axis
    assert abs(found.axis @ axis) == pytest.approx(1.0, abs=1e-6)


def test_the_first_views_can_be_measured_too() -> None:
    assert excitation([], SIZE).poses == 0
    assert excitation(turned([[0.1, 0.0, 0.0]]), SIZE).still


def test_the_farthest_views_are_held_out() -> None:
    _, views, _ = capture("eye_in_hand", 0)
    held = split(views)
    away = spread(views)
    assert held.sum() == 5
    assert away[held].min() >= away[~held].max()
    assert not split(views[:8]).any()


@pytest.mark.parametrize("setup", SETUPS)
def test_a_right_calibration_passes_by_the_robot_s_noise_not_by_pixels(setup: str) -> None:
    p_values = []
    for seed in range(12):
        _, views, _ = capture(setup, seed)
        found = hold_out(
            calibrate_hand_eye(views, BOARD, INTRINSICS, setup, ORDINARY), views, BOARD
        )
        assert found is not None
        assert found.passed
        assert found.rms_px == pytest.approx(found.expected_rms_px, rel=0.6)
        p_values.append(found.p_value)
    # Uniform where the expectation is right.
    assert 0.2 < np.mean(p_values) < 0.8


def test_held_out_views_expose_a_fit_that_is_wrong() -> None:
    rig, views, _ = capture("eye_in_hand", 1)
    fitted = calibrate_hand_eye(views, BOARD, INTRINSICS, "eye_in_hand", ORDINARY)
    _, other, _ = capture("eye_in_hand", 1)
    slipped = replace(rig, T_holder_board=rig.T_holder_board + np.array([0.006, 0, 0, 0, 0, 0, 0]))
    rng = np.random.default_rng(0)
    moved = [slipped.view(view.T_base_ee, rng, view.name) for view in other[:6]]
    assert not judge_held_out(fitted, moved, views, BOARD).passed


def test_one_held_out_view_that_fits_nothing_is_named_and_does_not_decide() -> None:
    _, views, _ = capture("eye_in_hand", 2, count=26)
    fit, held = views[:20], views[20:]
    held[3] = replace(held[3], T_base_ee=held[3].T_base_ee + np.array([0.02, 0, 0, 0, 0, 0, 0]))
    fitted = calibrate_hand_eye(fit, BOARD, INTRINSICS, "eye_in_hand", ORDINARY)
    found = judge_held_out(fitted, held, fit, BOARD)
    assert found.bad == ("pose 23",)
    assert found.passed
    assert not found.different


@pytest.mark.parametrize("setup", SETUPS)
def test_corners_of_unlike_views_may_be_less_certain_than_the_fit_s(setup: str) -> None:
    """Seen obliquely and from afar, corners are found to a tenth of a pixel at best."""
    good = RobotNoise(1e-4, float(np.deg2rad(0.02)))
    for seed in range(6):
        rig, views, true = capture(setup, seed, noise=good)
        rng = np.random.default_rng(seed)
        seen = [
            replace(
                replace(rig, sigma_px=0.1 if unlike else 0.03).view(at, rng, view.name),
                T_base_ee=view.T_base_ee,
            )
            for view, at, unlike in zip(views, true, split(views), strict=True)
        ]
        found = hold_out(calibrate_hand_eye(seen, BOARD, INTRINSICS, setup, good), seen, BOARD)
        assert found is not None
        assert found.passed, found.p_value
