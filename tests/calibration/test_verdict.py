"""It refuses to flatter: every mistake of a set-up is found and said in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from rig_fixtures import BOARD, INTRINSICS, ORDINARY, SETUPS, capture
from scipy.spatial.transform import Rotation

from calibration.covariance import pose_error
from calibration.examination import Examination, examine, refusals
from calibration.intrinsics import factory_prior
from calibration.kinematic_chain import other_setup
from calibration.observation import BoardGeometry, BoardView
from calibration.synthetic_views import Rig
from collector.geometry import compose, inverse, pose


def look(
    views: Sequence[BoardView], setup: str, board: BoardGeometry = BOARD, **options: object
) -> Examination:
    return examine(views, board, INTRINSICS, setup, ORDINARY, **options)  # type: ignore[arg-type]


def codes(examination: Examination) -> set[str]:
    return {finding.code for finding in refusals(examination)}


def text(examination: Examination, code: str) -> str:
    return next(f.text for f in examination.verdict.findings if f.code == code)


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("seed", range(8))
def test_a_clean_calibration_is_not_refused(setup: str, seed: int) -> None:
    rig, views, _ = capture(setup, seed)
    found = look(views, setup)
    assert not codes(found), found.verdict.text()
    assert found.adjustment is not None
    assert not found.adjustment.bad_views
    error = pose_error(found.adjustment.T_parent_camera, rig.T_parent_camera)
    assert np.linalg.norm(error[:3]) < 3.0 * found.adjustment.sigma_position_m


@pytest.mark.parametrize("setup", SETUPS)
def test_inverted_poses_are_named(setup: str) -> None:
    _, views, _ = capture(setup, 1)
    found = look([replace(v, T_base_ee=inverse(v.T_base_ee)) for v in views], setup)
    assert codes(found) == {"inverted_poses"}
    assert "T_ee_base instead of T_base_ee" in text(found, "inverted_poses")
    assert found.adjustment is None


@pytest.mark.parametrize("setup", SETUPS)
def test_a_swapped_camera_is_named(setup: str) -> None:
    _, views, _ = capture(setup, 2)
    found = look(views, other_setup(setup))
    assert codes(found) == {"wrong_setup"}
    assert "swapped cameras" in text(found, "wrong_setup")


@pytest.mark.parametrize("setup", SETUPS)
def test_quaternions_in_the_other_order_are_named(setup: str) -> None:
    _, views, _ = capture(setup, 3)
    wxyz = [
        replace(v, T_base_ee=np.concatenate([v.T_base_ee[:3], np.roll(v.T_base_ee[3:], 1)]))
        for v in views
    ]
    assert codes(look(wxyz, setup)) == {"quaternion_order"}


@pytest.mark.parametrize("setup", SETUPS)
def test_poses_that_belong_to_other_images_do_not_fit(setup: str) -> None:
    _, views, _ = capture(setup, 4)
    order = np.random.default_rng(0).permutation(len(views))
    shuffled = [replace(v, T_base_ee=views[i].T_base_ee) for v, i in zip(views, order, strict=True)]
    assert refusals(look(shuffled, setup))


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("share", [0.99, 1.01])
def test_a_wrong_board_size_is_named_with_the_right_one(setup: str, share: float) -> None:
    _, views, _ = capture(setup, 5)
    stated = BoardGeometry(BOARD.points * share, BOARD.square_m * share)
    found = look(views, setup, stated)
    assert "board_size" in codes(found), found.verdict.text()
    assert found.size is not None
    assert share * found.size.scale == pytest.approx(1.0, abs=4.0 * found.size.scale_sigma)
    assert "measure ten squares" in text(found, "board_size")


@pytest.mark.parametrize("setup", SETUPS)
def test_a_focal_length_taken_as_given_and_wrong_is_named(setup: str) -> None:
    _, views, _ = capture(setup, 6)
    lens = replace(INTRINSICS, fx=INTRINSICS.fx * 1.01, fy=INTRINSICS.fy * 1.01)
    found = examine(views, BOARD, lens, setup, ORDINARY)
    assert codes(found) & {"focal_length", "board_size_or_focal_length"}
    refined = examine(views, BOARD, lens, setup, ORDINARY, factory_prior(lens))
    assert not codes(refined), refined.verdict.text()
    assert refined.adjustment is not None
    assert refined.adjustment.intrinsics.fx == pytest.approx(INTRINSICS.fx, rel=0.004)


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("what", ["camera", "board"])
@pytest.mark.parametrize("first", [6, 10, 14])
def test_what_gave_way_half_way_is_named_with_the_view(setup: str, what: str, first: int) -> None:
    nudge = pose([0.003, 0.0, 0.0], Rotation.from_rotvec([0.0, 0.012, 0.0]).as_quat())

    def change(rig: Rig, index: int) -> Rig:
        if index < first:
            return rig
        if what == "camera":
            return replace(rig, T_parent_camera=compose(rig.T_parent_camera, nudge))
        return replace(rig, T_holder_board=compose(rig.T_holder_board, nudge))

    _, views, _ = capture(setup, 7, change=change)
    # Handed over in any order: the stamps say which came first.
    found = look([views[i] for i in np.random.default_rng(1).permutation(len(views))], setup)
    code = {"camera": "camera_moved", "board": "board_slipped"}[what]
    assert code in codes(found), found.verdict.text()
    assert f"pose {first}," in text(found, code)


def test_one_bad_pose_is_no_change() -> None:
    _, views, _ = capture("eye_in_hand", 8)
    off = views[9].T_base_ee + np.array([0.01, 0, 0, 0, 0, 0, 0])
    views[9] = replace(views[9], T_base_ee=off)
    found = look(views, "eye_in_hand")
    assert not codes(found)
    assert "view pose 9" in text(found, "bad_pose")


@pytest.mark.parametrize("setup", SETUPS)
def test_motion_about_one_axis_is_always_refused(setup: str) -> None:
    for seed in range(3):
        _, views, _ = capture(setup, seed, tilt_deg=(0.0, 0.0))
        found = look(views, setup)
        assert "one_axis" in codes(found)
    # Without any noise every residual is zero, and it is refused all the same.
    _, views, _ = capture(setup, 0, tilt_deg=(0.0, 0.0), exact=True)
    assert "one_axis" in codes(look(views, setup))


@pytest.mark.parametrize("setup", SETUPS)
def test_an_arm_that_does_not_turn_is_refused(setup: str) -> None:
    _, views, _ = capture(setup, 0, tilt_deg=(0.0, 0.0), roll_deg=0.0)
    assert "no_rotation" in codes(look(views, setup))


def test_weak_motion_is_refused_by_its_sigma_though_its_residuals_are_small() -> None:
    _, views, _ = capture("eye_in_hand", 1, tilt_deg=(0.0, 8.0))
    found = look(views, "eye_in_hand")
    assert found.held_out is not None
    assert found.held_out.passed
    assert codes(found) == {"uncertain"}
    assert found.verdict.has("little_rotation")
    assert "whatever the residuals say" in text(found, "uncertain")


def test_too_few_views_are_refused() -> None:
    _, views, _ = capture("eye_in_hand", 2)
    for count in (0, 2, 5):
        assert "too_few_poses" in codes(look(views[:count], "eye_in_hand"))
    assert "few_poses" in {f.code for f in look(views[:9], "eye_in_hand").verdict.findings}


def test_a_board_always_in_the_centre_is_named() -> None:
    _, views, _ = capture("eye_in_hand", 3, spread=0.0)
    found = look(views, "eye_in_hand")
    assert found.verdict.has("board_centred")
    assert found.verdict.level == "warning"


def test_a_legacy_pattern_is_refused() -> None:
    _, views, _ = capture("eye_in_hand", 4)
    assert codes(look(views, "eye_in_hand", legacy_pattern=True)) == {"legacy_pattern"}


def test_the_report_says_what_the_covariance_cannot_know() -> None:
    _, views, _ = capture("eye_in_hand", 5)
    said = look(views, "eye_in_hand").verdict.text()
    assert "It cannot know" in said
    assert "0.1 degrees moved a camera by 2.8 mm" in said


def test_many_views_that_do_not_fit_are_no_outliers() -> None:
    rng = np.random.default_rng(2)
    _, views, _ = capture("eye_in_hand", 6)
    for i in range(0, 20, 2):
        off = np.concatenate(
            [views[i].T_base_ee[:3] + rng.normal(0, 0.02, 3), views[i].T_base_ee[3:]]
        )
        views[i] = replace(views[i], T_base_ee=off)
    assert refusals(look(views, "eye_in_hand"))


@pytest.mark.parametrize("setup", SETUPS)
def test_a_lens_that_bends_and_was_not_measured_is_named(setup: str) -> None:
    bent = replace(INTRINSICS, distortion=(0.12, -0.2, 0.0, 0.0, 0.0))
    _, views, _ = capture(setup, 7, change=lambda rig, _: replace(rig, intrinsics=bent))
    assert "lens" in codes(look(views, setup))
    measured = examine(views, BOARD, bent, setup, ORDINARY)
    assert not codes(measured), measured.verdict.text()
    refined = examine(views, BOARD, INTRINSICS, setup, ORDINARY, factory_prior(INTRINSICS))
    assert "lens" not in codes(refined)


def test_half_a_percent_of_board_size_is_mostly_noticed() -> None:
    """It costs 2.5 mm, and is three and a half sigma of what an ordinary robot can tell."""
    sigma = np.diag([1.0, 1.0, 1.0, 1.0, 1e-3, 1e-3, 1e-4, 1e-4, 1e-3]) ** 2
    measured = replace(INTRINSICS, covariance=sigma)
    stated = BoardGeometry(BOARD.points * 1.005, BOARD.square_m * 1.005)
    noticed, scales = 0, []
    for seed in range(6):
        _, views, _ = capture("eye_in_hand", seed)
        found = examine(views, stated, measured, "eye_in_hand", ORDINARY)
        noticed += any(f.code.startswith("board_size") for f in found.verdict.findings)
        assert found.size is not None
        scales.append((1.005 * found.size.scale - 1.0) / found.size.scale_sigma)
        clean = examine(views, BOARD, measured, "eye_in_hand", ORDINARY)
        assert not codes(clean), clean.verdict.text()
    assert noticed >= 4
    assert 0.3 < np.sqrt(np.mean(np.square(scales))) < 2.0
