"""What the safety layer promises when something is not right: it holds, and says why."""

from __future__ import annotations

import numpy as np
import pytest
from controlled_arm import HOME, twist

from collector.arm.sample import ArmStatus
from collector.clock import NS_PER_MS
from collector.devices.arm_driver import ArmError
from collector.geometry import distance


class TestFollowingError:
    def test_an_arm_that_cannot_follow_is_held_until_the_operator_presses_again(self, arm) -> None:
        arm.response = 0.0  # something blocks it
        arm.tick()
        arm.drive([0.4, 0, 0, 0, 0, 0], 1000)
        assert arm.last.status is ArmStatus.HOLD_REFUSED
        assert "from its target: clear what holds it back" in arm.last.fault
        np.testing.assert_allclose(arm.last.target_pose, HOME, atol=1e-6)
        for before, after in zip(arm.samples, arm.samples[1:], strict=False):
            assert distance(before.target_pose, after.target_pose)[0] <= 0.005  # never a jump
        arm.response = 0.6
        arm.drive([0.4, 0, 0, 0, 0, 0], 100)
        assert arm.last.status is ArmStatus.HOLD_REFUSED
        arm.say(dead_man=False)
        arm.tick()
        arm.drive([0.4, 0, 0, 0, 0, 0], 100)
        assert arm.last.status is ArmStatus.MOVING

    def test_an_arm_that_is_pushed_while_it_holds_is_not_pulled_back(self, arm) -> None:
        arm.tick()
        arm.drive([0, 0, 0, 0, 0, 0], 1000, gripper=1.0)
        arm.say(dead_man=False)
        arm.response = 0.0
        for _ in range(100):
            arm.measured[1] -= 0.003
            arm.tick()
            assert distance(arm.last.target_pose, arm.measured)[0] <= 0.16
        assert arm.last.gripper_command == 1.0  # what it holds, it keeps
        arm.response = 0.6
        arm.drive([0.1, 0, 0, 0, 0, 0], 20)
        assert arm.last.status is ArmStatus.MOVING  # no fault: it was no failure to follow

    def test_a_reset_of_the_world_is_taken_as_it_is(self, arm) -> None:
        arm.tick()
        arm.drive([0, 0, 0, 0, 0, 0], 1000, gripper=1.0)
        arm.say(gripper=1.0, dead_man=False)
        arm.tick()
        arm.measured = HOME + np.array([0.0, 0.06, 0.0, 0, 0, 0, 0])
        arm.opening_m = 0.08
        place = arm.measured.copy()
        sample = arm.tick()
        np.testing.assert_array_equal(sample.target_pose, place)
        assert sample.gripper_command == 0.0

    def test_a_leap_while_it_moves_holds_until_pressed_again(self, arm) -> None:
        arm.tick()
        arm.drive([0.1, 0, 0, 0, 0, 0], 100)
        arm.measured = arm.measured + np.array([0.0, 0.1, 0.0, 0, 0, 0, 0])
        place = arm.measured.copy()
        arm.drive([0.1, 0, 0, 0, 0, 0], 100)
        assert arm.last.status is ArmStatus.HOLD_REFUSED
        assert "leapt" in arm.last.fault
        np.testing.assert_allclose(arm.last.target_pose, place, atol=1e-12)

    def test_a_little_error_while_it_holds_moves_nothing(self, arm) -> None:
        arm.tick()
        arm.drive([0.3, 0, 0, 0, 0, 0], 200)
        arm.say(dead_man=False)
        held = arm.tick().target_pose
        arm.response = 0.0
        for _ in range(5):
            arm.measured[2] -= 0.01
            arm.tick()
        np.testing.assert_array_equal(arm.tick(10).target_pose, held)


class TestStop:
    def test_it_latches_at_the_measured_pose(self, arm) -> None:
        arm.response = 0.1  # lags
        arm.tick()
        arm.drive([0.3, 0, 0, 0, 0, 0], 400)
        assert distance(arm.last.target_pose, arm.measured)[0] > 0.01
        arm.controller.stop()
        assert arm.controller.status is ArmStatus.STOPPED
        place = arm.measured.copy()
        arm.drive([0.3, 0, 0, 0, 0, 0], 400)
        assert arm.last.status is ArmStatus.STOPPED
        assert "reset the stop" in arm.last.fault
        np.testing.assert_allclose(arm.last.target_pose, place, atol=1e-12)
        np.testing.assert_array_equal(arm.measured, place)

    def test_it_is_not_reset_while_the_dead_man_is_held(self, arm) -> None:
        arm.tick()
        arm.drive([0.3, 0, 0, 0, 0, 0], 100)
        arm.controller.stop()
        arm.drive([0.3, 0, 0, 0, 0, 0], 100)
        ok, why = arm.controller.reset_stop()
        assert not ok
        assert "release it" in why
        arm.say(twist=twist(np.nan))  # nonsense with the dead-man held is still held
        assert not arm.controller.reset_stop()[0]
        arm.say(dead_man=False)
        arm.tick()
        assert arm.controller.reset_stop()[0]
        assert arm.tick().status is ArmStatus.HOLD_DEAD_MAN
        arm.drive([0.3, 0, 0, 0, 0, 0], 20)
        assert arm.last.status is ArmStatus.MOVING

    def test_it_is_reset_when_the_device_fell_silent_but_wants_a_release(self, arm) -> None:
        arm.tick()
        arm.drive([0.3, 0, 0, 0, 0, 0], 100)
        arm.controller.stop()
        arm.tick(50)
        assert arm.controller.reset_stop()[0]
        arm.drive([0.3, 0, 0, 0, 0, 0], 100)
        assert arm.last.status is ArmStatus.HOLD_REFUSED
        assert "release the dead-man" in arm.last.fault

    def test_a_stop_before_anything_else_holds(self, arm) -> None:
        arm.controller.stop()
        assert arm.tick().status is ArmStatus.STOPPED
        assert arm.controller.reset_stop()[0]
        assert arm.controller.reset_stop() == (True, "the arm is not stopped")

    def test_it_keeps_what_the_gripper_holds(self, arm) -> None:
        arm.tick()
        arm.drive([0, 0, 0, 0, 0, 0], 200, gripper=1.0)
        arm.opening_m = 0.05
        arm.controller.stop()
        assert arm.tick(5).gripper_command == 1.0


class TestLost:
    def test_a_silent_driver_is_reported_and_wants_a_new_press(self, arm) -> None:
        arm.tick()
        assert arm.controller.check(arm.now_ns + 100 * NS_PER_MS) is None
        arm.drive([0.3, 0, 0, 0, 0, 0], 100)
        now_ns = arm.now_ns + 300 * NS_PER_MS
        lost = arm.controller.check(now_ns)
        assert lost is not None
        assert lost.status is ArmStatus.LOST
        assert lost.stamp_ns == now_ns
        assert "nothing for 0.3 s" in lost.fault
        arm.now_ns = now_ns
        arm.drive([0.3, 0, 0, 0, 0, 0], 100)
        assert arm.last.status is ArmStatus.HOLD_REFUSED
        arm.say(dead_man=False)
        arm.tick()
        arm.drive([0.3, 0, 0, 0, 0, 0], 20)
        assert arm.last.status is ArmStatus.MOVING

    def test_it_returns_without_moving_although_the_arm_sagged(self, arm) -> None:
        arm.tick()
        arm.drive([0.3, 0, 0, 0, 0, 0], 100)
        arm.now_ns += 500 * NS_PER_MS
        arm.measured[2] -= 0.04
        place = arm.measured.copy()
        np.testing.assert_allclose(arm.tick().target_pose, place, atol=1e-12)

    def test_a_gap_between_readings_moves_nothing_even_unchecked(self, arm) -> None:
        arm.tick()
        arm.drive([0.3, 0, 0, 0, 0, 0], 100)
        arm.say(twist=twist(0.3))
        before = arm.measured.copy()
        arm.tick(1, period_ns=150 * NS_PER_MS)
        assert arm.last.status is ArmStatus.HOLD_REFUSED
        np.testing.assert_allclose(arm.last.target_pose, before, atol=1e-12)

    def test_an_arm_that_was_just_anchored_may_be_lost(self, arm) -> None:
        arm.tick()
        arm.controller.anchor()
        lost = arm.controller.check(arm.now_ns + 300 * NS_PER_MS)
        assert lost is not None
        assert lost.status is ArmStatus.LOST
        assert lost.gripper_command == 0.0
        arm.controller.anchor()
        broken = arm.reading(ee_pose=np.full(7, np.nan))
        assert arm.controller.on_reading(broken).status is ArmStatus.LOST
        assert arm.tick().status is ArmStatus.HOLD_SILENCE

    def test_a_driver_that_repeats_its_last_reading_stays_lost(self, arm) -> None:
        arm.tick()
        assert arm.controller.check(arm.now_ns + 200 * NS_PER_MS) is not None
        assert arm.controller.on_reading(arm.reading()).status is ArmStatus.LOST
        assert arm.controller.check(arm.now_ns + 210 * NS_PER_MS) is not None
        assert arm.tick().status is not ArmStatus.LOST

    def test_nothing_to_report_before_the_first_reading(self, arm) -> None:
        assert arm.controller.check(arm.now_ns + 10**12) is None

    def test_after_a_clock_step_back_silence_is_noticed_in_time(self, arm) -> None:
        arm.tick()
        back_ns = arm.now_ns - 3_600 * 10**9
        assert arm.controller.check(back_ns) is None
        assert arm.controller.check(back_ns + 150 * NS_PER_MS) is not None

    @pytest.mark.parametrize(
        "values",
        [
            {"ee_pose": np.full(7, np.nan)},
            {"ee_pose": np.zeros(7)},
            {"ee_pose": np.zeros(6)},
            {"joint_positions": np.array([np.inf, 0.0])},
            {"gripper_opening": np.nan},
        ],
    )
    def test_readings_that_are_none_never_get_through(self, arm, values) -> None:
        with pytest.raises(ArmError, match="first reading cannot be used"):
            arm.controller.on_reading(arm.reading(**values))
        arm.tick()
        arm.drive([0.3, 0, 0, 0, 0, 0], 100)
        sample = arm.controller.on_reading(arm.reading(**values))
        assert sample.status is ArmStatus.LOST
        assert np.all(np.isfinite(sample.ee_pose))
        assert np.all(np.isfinite(sample.target_pose))
        arm.drive([0.3, 0, 0, 0, 0, 0], 20)
        assert arm.last.status is ArmStatus.HOLD_REFUSED
