"""What a view would add is what it adds; the poses proposed are safe and enough."""

from __future__ import annotations

import numpy as np
import pytest
from rig_fixtures import BOARD, INTRINSICS, ORDINARY, SETUPS, capture

from calibration.adjustment import calibrate_hand_eye
from calibration.excitation import AIM_RAD
from calibration.next_pose import gain, suggest_poses
from calibration.observation import ObservationError
from collector.geometry import IDENTITY

LOWER, UPPER = [0.1, -0.5, 0.05], [0.9, 0.5, 1.2]
DISTANCE = {"eye_in_hand": (0.35, 0.6), "eye_to_hand": (0.6, 1.1)}


@pytest.mark.parametrize("setup", SETUPS)
def test_the_gain_of_a_view_is_what_it_brings(setup: str) -> None:
    _, views, true = capture(setup, 0)
    before = calibrate_hand_eye(views[:8], BOARD, INTRINSICS, setup, ORDINARY)
    candidates = gain(before, BOARD, true[8:])
    best = int(np.argmax([g.a_optimal_m for g in candidates]))
    assert candidates[best].worthwhile
    with_best = [*views[:8], views[8 + best]]
    after = calibrate_hand_eye(with_best, BOARD, INTRINSICS, setup, ORDINARY)
    assert candidates[best].sigma_position_m == pytest.approx(after.sigma_position_m, rel=0.05)


def test_a_pose_that_does_not_show_the_board_adds_nothing() -> None:
    _, views, _ = capture("eye_in_hand", 1)
    before = calibrate_hand_eye(views, BOARD, INTRINSICS, "eye_in_hand", ORDINARY)
    (away,) = gain(before, BOARD, [IDENTITY])
    assert (away.corners, away.worthwhile) == (0, False)
    assert away.d_optimal == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("setup", SETUPS)
def test_proposed_poses_are_safe_and_reach_the_aim(setup: str) -> None:
    rig, _, _ = capture(setup, 2)
    rng = np.random.default_rng(0)
    plan = suggest_poses(
        setup, BOARD, INTRINSICS, rig.T_parent_camera, rig.T_holder_board, LOWER, UPPER, rng,
        noise=ORDINARY, distance_m=DISTANCE[setup], reachable=lambda p: p[1] < 0.4,
    )  # fmt: skip
    assert len(plan.poses) == 20
    for pose in plan.poses:
        assert np.all(pose[:3] >= LOWER)
        assert np.all(pose[:3] <= UPPER)
        assert pose[1] < 0.4
    assert np.all(plan.rms_rad >= AIM_RAD)
    views = [rig.view(p, rng, str(i)) for i, p in enumerate(plan.poses)]
    assert all(len(view.ids) == len(BOARD.points) for view in views)
    found = calibrate_hand_eye(views, BOARD, INTRINSICS, setup, ORDINARY)
    assert found.sigma_position_m == pytest.approx(plan.sigma_position_m, rel=0.2)
    _, drawn, _ = capture(setup, 2)
    blind = calibrate_hand_eye(drawn, BOARD, INTRINSICS, setup, ORDINARY)
    assert found.sigma_position_m < blind.sigma_position_m


def test_a_workspace_without_safe_poses_is_refused() -> None:
    rig, _, _ = capture("eye_in_hand", 3)
    with pytest.raises(ObservationError, match="widen the limits"):
        suggest_poses(
            "eye_in_hand", BOARD, INTRINSICS, rig.T_parent_camera, rig.T_holder_board,
            [5, 5, 5], [6, 6, 6], np.random.default_rng(0), draws=50,
        )  # fmt: skip
