"""The delay of a camera is found far below a frame, with an uncertainty that holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from rig_fixtures import BOARD, INTRINSICS, ORDINARY, SETUPS, draw_rig
from scipy.spatial.transform import Rotation

from calibration.delay import ArmTrajectory, calibrate_delay
from calibration.observation import BoardView, ObservationError
from calibration.synthetic_views import Rig, disturbed, draw_board_pose
from collector.geometry import IDENTITY, Pose

START_NS = 1_764_000_000_000_000_000
FRAME_S = 1.0 / 30.0


@dataclass
class Recording:
    rig: Rig
    views: list[BoardView]
    trajectory: ArmTrajectory


def record(setup: str, seed: int, delay_s: float, swing: float = 1.0) -> Recording:
    """Swing the arm for four seconds: 100 Hz poses with noise, 30 Hz pictures stamped late."""
    rng = np.random.default_rng(seed)
    rig = draw_rig(setup, rng)  # type: ignore[arg-type]
    near = 0.5 if setup == "eye_in_hand" else 0.8
    middle = rig.T_base_ee(
        draw_board_pose(rng, BOARD, INTRINSICS, (near, near), (0.3, 0.3), 0.3, 0.0)
    )

    def truth(t: float) -> Pose:
        hertz = np.array([0.5, 0.7, 0.4, 0.6, 0.45, 0.5])
        size = swing * np.array([0.06, 0.05, 0.04, 0.12, 0.12, 0.25])
        d = size * np.sin(2.0 * np.pi * hertz * t + np.array([0, 1, 2, 0, 0.5, 1]))
        turn = Rotation.from_rotvec(d[3:]) * Rotation.from_quat(middle[3:])
        return np.concatenate([middle[:3] + d[:3], turn.as_quat()])

    times = np.arange(0.0, 5.0, 0.01)
    stamps = START_NS + np.round(times * 1e9).astype(np.int64)
    reported = np.array([disturbed(truth(t), ORDINARY, rng) for t in times])
    views = []
    for t in np.arange(0.4, 4.7, FRAME_S):
        seen = rig.view(truth(t), rng, f"{t:.2f}")
        stamp = START_NS + round((t + delay_s) * 1e9)
        if len(seen.ids) >= 8:
            views.append(BoardView(seen.ids, seen.corners, IDENTITY, stamp, seen.name))
    return Recording(rig, views, ArmTrajectory(stamps, reported))


@pytest.mark.parametrize("setup", SETUPS)
def test_the_delay_is_found_within_two_milliseconds_and_within_its_sigma(setup: str) -> None:
    known = np.diag([5e-4**2] * 3 + [1e-3**2] * 3)
    scaled = []
    for seed, delay in enumerate((0.0, 0.0417, -0.012)):
        made = record(setup, seed, delay)
        found = calibrate_delay(
            made.views, made.trajectory, BOARD, INTRINSICS, setup, ORDINARY,
            made.rig.T_parent_camera, known,
        )  # fmt: skip
        assert found.delay_s == pytest.approx(delay, abs=1e-3)
        assert found.sigma_s < 5e-4
        assert found.warnings == ()
        scaled.append((found.delay_s - delay) / found.sigma_s)
    assert max(np.abs(scaled)) < 3.0


def test_the_camera_s_pose_may_be_estimated_with_it() -> None:
    made = record("eye_in_hand", 5, 0.025)
    guess = made.rig.T_parent_camera + np.array([0.004, -0.003, 0.005, 0, 0, 0, 0])
    found = calibrate_delay(
        made.views, made.trajectory, BOARD, INTRINSICS, "eye_in_hand", ORDINARY, guess
    )
    assert found.delay_s == pytest.approx(0.025, abs=1e-3)


def test_pictures_with_a_wrong_stamp_are_named() -> None:
    made = record("eye_in_hand", 6, 0.02)
    late = made.views[40]
    made.views[40] = BoardView(
        late.ids, late.corners, IDENTITY, late.stamp_ns + 120_000_000, late.name
    )
    found = calibrate_delay(
        made.views, made.trajectory, BOARD, INTRINSICS, "eye_in_hand", ORDINARY,
        made.rig.T_parent_camera, np.eye(6) * 1e-8,
    )  # fmt: skip
    assert found.bad_views == (late.name,)
    assert found.delay_s == pytest.approx(0.02, abs=1e-3)


def test_an_arm_that_hardly_moves_says_nothing() -> None:
    made = record("eye_in_hand", 7, 0.0, swing=0.002)
    with pytest.raises(ObservationError, match="move it to and fro"):
        calibrate_delay(
            made.views, made.trajectory, BOARD, INTRINSICS, "eye_in_hand", ORDINARY,
            made.rig.T_parent_camera,
        )  # fmt: skip


def test_pictures_beside_the_arm_s_recording_are_refused() -> None:
    made = record("eye_in_hand", 8, 20.0)
    with pytest.raises(ObservationError, match="half a second"):
        calibrate_delay(
            made.views, made.trajectory, BOARD, INTRINSICS, "eye_in_hand", ORDINARY,
            made.rig.T_parent_camera,
        )  # fmt: skip


def test_the_trajectory_wants_rising_stamps() -> None:
    poses = np.tile(IDENTITY, (3, 1))
    with pytest.raises(ObservationError, match="do not rise"):
        ArmTrajectory(np.array([0, 2, 1]), poses)
    with pytest.raises(ObservationError, match="two at least"):
        ArmTrajectory(np.array([0]), poses[:1])
