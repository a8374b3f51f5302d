"""The closed forms find the truth from exact views, and say so when they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rig_fixtures import BOARD, INTRINSICS, SETUPS, capture

from calibration.hand_eye import best_closed_form, board_pose, closed_forms
from calibration.observation import BoardView, ObservationError
from collector.geometry import IDENTITY, distance


@pytest.mark.parametrize("setup", SETUPS)
def test_every_method_finds_the_truth_from_exact_views(setup: str) -> None:
    rig, views, _ = capture(setup, 1, 12, exact=True)
    forms = closed_forms(views, BOARD, INTRINSICS, setup)
    assert {form.method for form in forms} == {
        "Tsai", "Park", "Horaud", "Andreff", "Daniilidis", "Shah", "Li",
    }  # fmt: skip
    for form in forms:
        assert form.T_parent_camera is not None, form.problem
        assert form.T_holder_board is not None
        for found, truth in (
            (form.T_parent_camera, rig.T_parent_camera),
            (form.T_holder_board, rig.T_holder_board),
        ):
            metres, radians = distance(found, truth)
            assert metres < 1e-5, form.method
            assert radians < 1e-5, form.method
        assert form.reprojection_px < 0.01


def test_the_best_reprojection_comes_first() -> None:
    _, views, _ = capture("eye_to_hand", 2)
    forms = closed_forms(views, BOARD, INTRINSICS, "eye_to_hand")
    errors = [form.reprojection_px for form in forms]
    assert errors == sorted(errors)
    best = best_closed_form(views, BOARD, INTRINSICS, "eye_to_hand")
    assert best.method == forms[0].method


@pytest.mark.parametrize("setup", SETUPS)
def test_a_result_that_is_no_rotation_is_a_failure(
    setup: str, capfd: pytest.CaptureFixture[str]
) -> None:
    _, views, _ = capture(setup, 3, tilt_deg=(0.0, 0.0))
    forms = closed_forms(views, BOARD, INTRINSICS, setup)
    failed = [form for form in forms if form.T_parent_camera is None]
    assert failed
    assert all(form.problem for form in failed)
    for form in forms:
        if form.T_parent_camera is not None:
            assert np.all(np.isfinite(form.T_parent_camera))
    assert capfd.readouterr().err == "", "OpenCV's complaints do not belong on the terminal"


def test_views_that_fix_nothing_are_refused() -> None:
    rig, views, _ = capture("eye_in_hand", 4, exact=True)
    with pytest.raises(ObservationError, match="2 views"):
        closed_forms(views[:2], BOARD, INTRINSICS, "eye_in_hand")
    line = BoardView(
        np.arange(5), np.column_stack([np.arange(5) * 40 + 400, np.full(5, 300)]), IDENTITY
    )
    with pytest.raises(ObservationError, match="leave it out"):
        board_pose(replace(line, name="7"), BOARD, INTRINSICS)
    pose, rms = board_pose(views[0], BOARD, INTRINSICS)
    metres, _ = distance(pose, rig.T_camera_board(views[0].T_base_ee))
    assert metres < 1e-6
    assert rms < 1e-3
