"""What is drawn from a calibration lies where the calibration has it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from collector.geometry import compose, inverse
from ui.calibration_scene import calibration_scene, proposal_scene, tilt_rad
from ui.calibration_values import ArmPose
from ui.sample_calibration_values import TOOL, calibration, corners, poses
from ui.scene_projection import Ink, Line, Scene, Viewpoint, around
from ui.verification_overlay import check_tip, pose_at, verification

SIZES = [(560, 240), (400, 900), (1100, 700)]


def link(scene: Scene) -> Line:
    (found,) = [line for line in scene.lines if line.ink is Ink.LINK]
    return found


def test_the_arrow_goes_from_the_parent_frame_to_the_camera():
    static = calibration()
    arrow = link(calibration_scene(static, TOOL))
    assert arrow.arrow
    assert arrow.points[0] == (0.0, 0.0, 0.0)
    assert arrow.points[1] == pytest.approx(static.transform[:3])
    wrist = calibration("wrist")
    arrow = link(calibration_scene(wrist, TOOL))
    assert arrow.points[0] == pytest.approx(TOOL[:3])
    at = compose(np.array(TOOL), np.array(wrist.transform))[:3]
    assert arrow.points[1] == pytest.approx(at)


@pytest.mark.parametrize("camera", ["static", "wrist"])
def test_base_gripper_camera_and_board_are_all_named(camera):
    scene = calibration_scene(calibration(camera), TOOL)
    assert {label.text for label in scene.labels} == {
        "base",
        "gripper (ee)",
        f"{camera} camera",
        "board",
    }


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("camera", ["static", "wrist"])
def test_a_viewpoint_shows_all_that_matters(camera, size):
    scene = calibration_scene(calibration(camera), TOOL)
    places = around(scene, *size).project(scene.what_matters(), *size)
    assert np.all(places >= 0)
    assert np.all(places <= size)
    filled = np.ptp(places, axis=0) / size
    assert 0.6 < filled.max() <= 1.0


def test_turning_and_nearing_keep_the_target_in_the_middle():
    seen = Viewpoint((0.4, 0.1, 0.2), 2.0).turned(1.0, 0.3).nearer(0.5)
    (place,) = seen.project([(0.4, 0.1, 0.2)], 640, 480)
    assert place == pytest.approx([320, 240])
    assert Viewpoint().turned(0.0, 9.0).lift_rad < np.pi / 2


def test_what_is_behind_the_eye_is_not_drawn():
    seen = Viewpoint(distance_m=1.0, turn_rad=0.0, lift_rad=0.0)
    assert np.isnan(seen.project([(2.0, 0.0, 0.0)], 640, 480)).all()


def test_up_is_up_and_right_is_right():
    seen = Viewpoint(distance_m=2.0, turn_rad=0.0, lift_rad=0.0)  # looked at from +x
    up, left = seen.project([(0, 0, 0.3), (0, -0.3, 0)], 400, 400)
    assert up[1] < 200
    assert left[0] < 200  # from +x, y points to the right


def test_poses_are_numbered_in_their_order():
    scene = proposal_scene(poses(5), 2, calibration(), TOOL)
    numbers = [label for label in scene.labels if label.text.isdigit()]
    assert [label.text for label in numbers] == ["1", "2", "3", "4", "5"]
    assert [label.text for label in numbers if label.strong] == ["3"]
    assert link(scene).points[1:] == tuple(pytest.approx(p[:3]) for p in poses(5))


def test_the_tilt_is_from_pointing_straight_down():
    assert tilt_rad(TOOL) == pytest.approx(0.0)
    leaning = Rotation.from_quat(TOOL[3:]) * Rotation.from_euler("x", 0.4)
    assert tilt_rad((*TOOL[:3], *leaning.as_quat())) == pytest.approx(0.4)


# Over the live pictures


@pytest.mark.parametrize("camera", ["static", "wrist"])
def test_the_tip_is_projected_through_pose_lens_and_distortion(camera):
    known = calibration(camera)
    drawn = verification(known, TOOL)
    place = np.array(known.transform)
    T_base_camera = place if camera == "static" else compose(np.array(TOOL), place)
    turn = inverse(T_base_camera)
    rvec = Rotation.from_quat(turn[3:]).as_rotvec()
    expected, _ = cv2.projectPoints(
        np.array([TOOL[:3]]), rvec, turn[:3], known.k, np.array(known.distortion)
    )
    assert drawn.tip == pytest.approx(tuple(expected.ravel()), abs=1e-6)


def test_the_board_is_drawn_where_its_corners_are_seen():
    seen = np.array(corners().pixels)
    board = [line for line in verification(calibration(), TOOL).lines if line.ink is Ink.BOARD]
    outline = np.array([point for line in board for point in line.points])
    assert np.all(seen.min(axis=0) > outline.min(axis=0))
    assert np.all(seen.max(axis=0) < outline.max(axis=0))


def test_a_pressed_tip_tells_its_distance_in_mm():
    drawn = verification(calibration(), TOOL)
    check = check_tip(drawn, (drawn.tip[0] + 3.0, drawn.tip[1] + 4.0))
    assert check.off_px == pytest.approx(5.0)
    known = calibration()
    distance = np.linalg.norm(np.array(TOOL[:3]) - np.array(known.transform[:3]))
    assert check.off_mm == pytest.approx(1e3 * 5.0 * distance / known.fx)


def test_the_arms_pose_is_that_of_the_pictures_stamp():
    kept = [ArmPose(TOOL, stamp, stamp) for stamp in (0, 10, 20, 30)]
    assert pose_at(kept, 14).stamp_ns == 10
    assert pose_at(kept, 99).stamp_ns == 30
    assert pose_at([], 5) is None
