"""Views are checked as they come in, and the chain's derivatives are those of the chain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rig_fixtures import BOARD, INTRINSICS, SETUPS, capture

from calibration.bundle_adjustment import Problem, RobotNoise, moved
from calibration.kinematic_chain import Stack, State, linearise
from calibration.observation import BoardGeometry, BoardView, Intrinsics, ObservationError
from collector.geometry import IDENTITY


def test_a_view_says_what_is_wrong_with_it() -> None:
    corners = np.zeros((2, 2))
    for values, says in (
        (([0, 1, 2], corners, IDENTITY), "3 ids for 2 corners"),
        (([1, 1], corners, IDENTITY), "twice"),
        (([0, 1], corners * np.nan, IDENTITY), "no number"),
        (([0, 1], corners, [0, 0, 0, 0, 0, 0, 2.0]), "x y z w"),
        (([0, 1], corners, [0, 0, 0]), "no pose of the arm"),
    ):
        with pytest.raises(ObservationError, match=says):
            BoardView(*values, name="7")  # type: ignore[arg-type]


def test_views_of_another_board_or_with_too_few_corners_are_refused() -> None:
    _, views, _ = capture("eye_in_hand", 0, 3)
    with pytest.raises(ObservationError, match="choose the board that was printed"):
        Stack.of(views, BoardGeometry.grid(3, 3, 0.03))
    few = replace(views[0], ids=views[0].ids[:3], corners=views[0].corners[:3])
    with pytest.raises(ObservationError, match="pose 0"):
        Stack.of([few], BOARD)
    with pytest.raises(ObservationError):
        Stack.of([], BOARD)


def test_intrinsics_project_as_a_pinhole_and_refuse_nonsense() -> None:
    pixels = INTRINSICS.project([[0.1, -0.2, 0.5], [0.0, 0.0, 1.0]])
    f, cx, cy = INTRINSICS.fx, INTRINSICS.cx, INTRINSICS.cy
    np.testing.assert_allclose(pixels, [[cx + f * 0.2, cy - f * 0.4], [cx, cy]], atol=1e-9)
    assert INTRINSICS.project(np.empty((0, 3))).shape == (0, 2)
    with pytest.raises(ObservationError):
        Intrinsics(640, 480, -1.0, 600.0, 320.0, 240.0)
    with pytest.raises(ObservationError):
        Intrinsics(640, 480, 600.0, 600.0, 320.0, 240.0, (0.0, 0.0, 0.0))


@pytest.mark.parametrize("setup", SETUPS)
def test_derivatives_are_those_of_finite_differences(setup: str) -> None:
    rig, views, _ = capture(setup, 3, 4)
    lens = replace(INTRINSICS, distortion=(-0.1, 0.05, 0.001, -0.002, 0.01))
    problem = Problem.of(views, BOARD, lens, setup, RobotNoise(), np.eye(9), scale_sigma=0.01)
    state = State.start(problem.stack, lens, rig.T_parent_camera, rig.T_holder_board)
    rng = np.random.default_rng(1)
    turned = moved(problem, state, np.zeros(22), 0.02 * rng.normal(size=(4, 6)))
    found = linearise(turned, problem.stack, setup)
    shared = np.concatenate(
        [found.by_camera, found.by_board, found.by_intrinsics, found.by_scale], axis=-1
    )
    still = np.zeros((4, 6))
    steps = np.array([1e-6] * 12 + [1e-3] * 4 + [1e-6] * 5 + [1e-6])
    for column, h in enumerate(steps):
        step = np.zeros(22)
        step[column] = h
        up = linearise(moved(problem, turned, step, still), problem.stack, setup).residuals
        down = linearise(moved(problem, turned, -step, still), problem.stack, setup).residuals
        wanted = np.where(problem.stack.seen[..., None], shared[..., column], 0.0)
        np.testing.assert_allclose((up - down) / (2 * h), wanted, rtol=1e-4, atol=1e-2)
    for column in range(6):
        one = np.zeros((4, 6))
        one[:, column] = 1e-6
        up = linearise(moved(problem, turned, np.zeros(22), one), problem.stack, setup).residuals
        down = linearise(moved(problem, turned, np.zeros(22), -one), problem.stack, setup).residuals
        wanted = np.where(problem.stack.seen[..., None], found.by_arm[..., column], 0.0)
        np.testing.assert_allclose((up - down) / 2e-6, wanted, rtol=1e-4, atol=1e-2)
