"""What the safety layer promises an operator who means well."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from controlled_arm import HOME, ControlledArm, twist
from scipy.spatial.transform import Rotation

from collector.arm.limits import ArmLimits
from collector.arm.sample import ArmStatus
from collector.clock import NS_PER_MS
from collector.geometry import distance, motion_between


def test_it_holds_where_the_arm_is_before_any_command(arm) -> None:
    arm.measured = np.array([0.3, 0.2, 0.5, 0.0, 1.0, 0.0, 0.0])
    start = arm.measured.copy()
    sample = arm.tick(100)
    assert sample.status is ArmStatus.HOLD_SILENCE
    assert "no command" in sample.fault
    np.testing.assert_array_equal(sample.target_pose, start)


def test_a_velocity_moves_the_target_by_exactly_that_velocity(arm) -> None:
    arm.tick()
    before = arm.last
    arm.drive([0.1, -0.05, 0.02, 0.0, 0.0, 0.6], 1000)
    assert arm.last.status is ArmStatus.MOVING
    assert not any(s.clipped for s in arm.samples)
    motion = motion_between(before.target_pose, arm.last.target_pose)
    np.testing.assert_allclose(motion, [0.1, -0.05, 0.02, 0.0, 0.0, 0.6], atol=1e-9)


def test_a_fast_twist_keeps_its_direction_and_is_reported_as_clipped(arm) -> None:
    arm.tick()
    arm.drive([0.6, 0.8, 0.0, 0.0, 0.0, 0.0], 100)  # 1 m/s
    assert arm.last.clipped
    moved = arm.last.target_pose[:3] - HOME[:3]
    np.testing.assert_allclose(moved / np.linalg.norm(moved), [0.6, 0.8, 0.0], atol=1e-9)
    assert np.linalg.norm(moved) == pytest.approx(0.05, rel=1e-5)


@pytest.mark.parametrize("excess", [1.0001, 1.005, 1.01, 1.1, 2.0, 100.0])
def test_the_slightest_excess_is_held_to_the_limit(arm, excess: float) -> None:
    arm.tick()
    start = arm.last.target_pose
    arm.drive(excess * twist(0.3, -0.4, 0.0, 0.0, 2.5, 0.0), 200)
    metres, radians = distance(start, arm.last.target_pose)
    assert 0.0999 < metres <= 0.1
    assert 0.499 < radians <= 0.5


def test_exactly_the_limit_is_not_clipped(arm) -> None:
    arm.tick()
    arm.drive([0.5, 0.0, 0.0, 2.5, 0.0, 0.0], 200)
    assert not any(s.clipped for s in arm.samples)
    arm.drive([0.501, 0.0, 0.0, 0.0, 0.0, 0.0], 20)
    assert arm.last.clipped


def test_a_short_excess_between_two_readings_is_not_overlooked(arm) -> None:
    arm.tick()
    arm.say(twist=twist(0.1))
    arm.tick()
    arm.say(twist=twist(3.0))
    arm.say(twist=twist(0.1))
    assert arm.tick().clipped
    assert not arm.tick().clipped


def test_the_target_stays_in_the_box_and_says_so(arm) -> None:
    arm.tick()
    arm.drive([0.4, 0.0, 0.0, 0.0, 0.0, 0.0], 2000)
    assert arm.last.target_pose[0] == arm.limits.workspace_max[0]
    assert arm.last.clipped
    arm.drive([-0.1, 0.0, 0.0, 0.0, 0.0, 0.0], 100)
    assert not arm.last.clipped
    assert arm.last.target_pose[0] < arm.limits.workspace_max[0]


def test_an_arm_outside_the_box_can_only_come_in_and_never_jumps(arm) -> None:
    arm.measured[0] = 0.95
    arm.tick()
    arm.drive([0.3, 0.0, 0.0, 0.0, 0.0, 0.0], 200)
    assert arm.last.target_pose[0] == pytest.approx(0.95)
    arm.drive([-0.3, 0.0, 0.0, 0.0, 0.0, 0.0], 200)
    assert arm.last.target_pose[0] == pytest.approx(0.95 - 0.06, abs=1e-3)


def test_releasing_the_dead_man_holds_at_the_next_reading(arm) -> None:
    arm.tick()
    arm.drive([0.3, 0, 0, 0, 0, 0], 400)
    arm.say(twist=twist(0.3), dead_man=False)
    held = arm.last.target_pose
    for _ in range(100):
        arm.say(twist=twist(0.3), dead_man=False)
        sample = arm.tick()
        assert sample.status is ArmStatus.HOLD_DEAD_MAN
        assert sample.fault == ""
        np.testing.assert_array_equal(sample.target_pose, held)
    arm.drive([0.3, 0, 0, 0, 0, 0], 20)  # goes on from there
    assert distance(arm.last.target_pose, held)[0] == pytest.approx(0.006, rel=1e-3)


def test_silence_holds_after_the_watchdog_time(arm) -> None:
    arm.tick()
    arm.drive([0.3, 0, 0, 0, 0, 0], 100)
    said_ns = arm.now_ns - 20 * NS_PER_MS
    for _ in range(60):
        sample = arm.tick()
        moving = sample.stamp_ns - said_ns <= arm.limits.watchdog_ns
        assert sample.status is (ArmStatus.MOVING if moving else ArmStatus.HOLD_SILENCE)
    held = arm.last.target_pose
    assert held[0] - HOME[0] == pytest.approx(0.3 * 0.28, abs=0.004)
    arm.drive([0.0, 0, 0, 0, 0, 0], 20)
    assert arm.last.status is ArmStatus.MOVING


class TestPoseMode:
    def follow(self, arm: ControlledArm, path, period_ms: int = 20) -> None:
        for target in path:
            arm.say(mode="pose", target=target)
            arm.tick(period_ms // 10)

    def path(self, speed: float, count: int, period_s: float = 0.02) -> list[np.ndarray]:
        poses = [HOME.copy() for _ in range(count)]
        for k, target in enumerate(poses):
            target[1] += 0.4 * speed * k * period_s  # to the side and up: stays in the box
            target[2] += 0.3 * speed * k * period_s
        return poses

    def test_commands_within_the_limits_are_followed_and_not_clipped(self, arm) -> None:
        arm.tick()
        path = self.path(0.8, 50)  # 0.4 m/s
        self.follow(arm, path)
        assert arm.last.status is ArmStatus.MOVING
        assert not any(s.clipped for s in arm.samples)
        assert distance(arm.last.target_pose, path[-1])[0] < 1e-9

    def test_the_motion_is_even_although_poses_come_in_steps(self, arm) -> None:
        arm.tick()
        self.follow(arm, self.path(0.8, 50))
        moved = [
            distance(a.target_pose, b.target_pose)[0]
            for a, b in zip(arm.samples[-40:], arm.samples[-39:], strict=False)
        ]
        np.testing.assert_allclose(moved, 0.004, atol=1e-9)

    def test_jitter_at_a_quick_but_allowed_speed_is_not_clipped(self, arm) -> None:
        rng = np.random.default_rng(5)
        arm.tick()
        stamp_ns = arm.now_ns
        for k in range(100):
            target = HOME.copy()
            target[1] += 0.0045 * k * 0.9 - 0.2
            if k == 0:
                arm.measured = target.copy()
                arm.controller.anchor()
                arm.tick()
                stamp_ns = arm.now_ns
            # Read every 10 ms; arrives when it likes.
            arm.say(mode="pose", target=target, stamp_ns=stamp_ns + k * 10 * NS_PER_MS)
            arm.tick(int(rng.integers(0, 3)) if k else 1, period_ns=10 * NS_PER_MS)
            behind_ns = stamp_ns + k * 10 * NS_PER_MS - arm.now_ns
            if behind_ns > 0:
                arm.tick(1, period_ns=behind_ns)
        assert not any(s.clipped for s in arm.samples)

    def test_too_fast_is_clipped_until_caught_up(self, arm) -> None:
        arm.tick()
        self.follow(arm, self.path(0.2, 10))
        far = arm.last.target_pose.copy()
        far[1] -= 0.2  # a leap: 0.4 s at the limit
        self.follow(arm, [far] * 19)
        assert all(s.clipped for s in arm.samples[-37:])
        self.follow(arm, [far] * 10)
        assert not arm.last.clipped
        np.testing.assert_allclose(arm.last.target_pose, far, atol=1e-9)

    def test_a_first_pose_far_from_the_arm_is_refused_until_it_is_near(self, arm) -> None:
        arm.tick()
        far = HOME.copy()
        far[2] += 0.31
        self.follow(arm, [far] * 20)
        assert arm.last.status is ArmStatus.HOLD_REFUSED
        assert arm.last.fault == (
            "the device asks for a pose 0.31 m from the arm: bring it within 0.05 m"
        )
        np.testing.assert_array_equal(arm.last.target_pose, HOME)
        turned = HOME.copy()
        turned[3:] = (Rotation.from_rotvec([0, 0, 0.6]) * Rotation.from_quat(HOME[3:])).as_quat()
        self.follow(arm, [turned] * 3)
        assert "turned 0.60 rad" in arm.last.fault
        near = HOME.copy()
        near[2] += 0.04
        self.follow(arm, [near] * 20)
        assert arm.last.status is ArmStatus.MOVING
        assert not any(s.clipped for s in arm.samples)
        np.testing.assert_allclose(arm.last.target_pose, near, atol=1e-9)

    def test_after_any_hold_the_pose_must_be_near_again(self, arm) -> None:
        arm.tick()
        self.follow(arm, self.path(0.2, 10))
        arm.say(mode="pose", target=arm.last.target_pose, dead_man=False)
        arm.tick()
        far = arm.last.target_pose.copy()
        far[1] += 0.2
        self.follow(arm, [far] * 2)
        assert arm.last.status is ArmStatus.HOLD_REFUSED

    def test_changing_from_velocity_to_pose_is_a_new_engagement(self, arm) -> None:
        arm.tick()
        arm.drive([0.1, 0, 0, 0, 0, 0], 100)
        far = HOME.copy()
        far[1] += 0.3
        self.follow(arm, [far] * 2)
        assert arm.last.status is ArmStatus.HOLD_REFUSED


class TestGripper:
    def test_it_changes_only_while_moving_and_is_thresholded(self, arm) -> None:
        arm.tick()
        arm.say(gripper=1.0, dead_man=False)
        assert arm.tick().gripper_command == 0.0
        arm.say(gripper=0.49)
        assert arm.tick().gripper_command == 0.0
        arm.say(gripper=0.5)
        assert arm.tick().gripper_command == 1.0
        arm.say(gripper=0.0, dead_man=False)
        assert arm.tick().gripper_command == 1.0

    def test_it_is_in_motion_until_the_fingers_arrive(self, arm) -> None:
        arm.tick()
        arm.drive([0, 0, 0, 0, 0, 0], 1000, gripper=1.0)
        moving = [s.gripper_in_motion for s in arm.samples if s.gripper_command == 1.0]
        assert moving[0]
        assert 380 <= 10 * sum(moving) <= 410  # 80 mm at 0.2 m/s
        assert not moving[-1]
        arm.drive([0, 0, 0, 0, 0, 0], 1000, gripper=0.0)
        assert not arm.last.gripper_in_motion

    def test_it_is_in_motion_until_the_fingers_stall_on_an_object(self, arm) -> None:
        arm.tick()
        arm.say(gripper=1.0)
        states = []
        for k in range(60):
            arm.say(gripper=1.0)
            arm.tick()
            arm.opening_m = max(arm.opening_m, 0.045)  # the object
            states.append(arm.last.gripper_in_motion)
            assert states[-1] or k > 15
        assert not states[-1]
        # 35 mm at 0.2 m/s, then still for 100 ms
        assert 250 <= 10 * sum(states) <= 310

    def test_a_gripper_that_holds_something_at_the_start_keeps_it(self, arm) -> None:
        arm.opening_m = 0.05
        assert arm.tick().gripper_command == 1.0

    def test_a_world_that_is_laid_out_anew_is_taken_as_it_is(self, arm) -> None:
        arm.tick()
        arm.drive([0, 0, 0, 0, 0, 0], 600, gripper=1.0)
        arm.say(gripper=1.0, dead_man=False)
        arm.tick()
        arm.measured[0] += 0.03
        arm.opening_m = 0.08
        arm.controller.anchor()
        place = arm.measured.copy()
        sample = arm.tick()
        np.testing.assert_array_equal(sample.target_pose, place)
        assert sample.gripper_command == 0.0


def test_orientations_do_not_flip_their_sign(arm) -> None:
    arm.tick()
    arm.drive([0, 0, 0, 2.4, 0.3, 0], 4000)
    for a, b in zip(arm.samples, arm.samples[1:], strict=False):
        assert np.dot(a.target_pose[3:], b.target_pose[3:]) > 0.99


@pytest.mark.parametrize(
    "values",
    [
        {"linear_m_s": 0.0},
        {"angular_rad_s": np.nan},
        {"watchdog_ns": -1},
        {"workspace_min": (0.9, 0.0, 0.0)},
        {"workspace_max": (1.0, 1.0)},
    ],
)
def test_limits_that_make_no_sense_are_refused(values) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        dataclasses.replace(ArmLimits(), **values)
