"""The arm moves by itself straight and slowly, and lets go as soon as it should."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from collector.arm.command import ArmCommand
from collector.arm.controller import ArmController
from collector.arm.limits import ArmLimits
from collector.arm.sample import ArmSample, ArmStatus
from collector.clock import NS_PER_MS, NS_PER_S
from collector.devices.arm_driver import ArmReading
from collector.devices.teleop_device import TeleopReading
from collector.geometry import Pose, distance, interpolate, pose
from collector.teleop.commander import TeleopCommander
from collector.teleop.straight_move import ArmView, GuidedDevice

START = pose([0.5, 0.0, 0.4], Rotation.from_rotvec([np.pi, 0, 0]).as_quat())
GOAL = pose([0.42, 0.18, 0.31], Rotation.from_rotvec([2.6, 0.5, -0.3]).as_quat())
PERIOD_NS = 10 * NS_PER_MS


class Hand:
    """The operator's device."""

    def __init__(self) -> None:
        self.held = False
        self.gripper = 0.0

    def connect(self) -> None: ...

    def read(self, now_ns: int) -> TeleopReading | None:
        return TeleopReading(now_ns, np.full(6, 0.01), self.gripper, self.held)

    def disconnect(self) -> None: ...


class Arm:
    """Device, commander and safety layer, around an arm that follows its target at once."""

    def __init__(self, gripper: float = 1.0) -> None:
        self.now_ns = NS_PER_S
        self.hand = Hand()
        self.device = GuidedDevice(self.hand)
        self.commander = TeleopCommander(self.device, ArmLimits())
        self.controller = ArmController(ArmLimits())
        self.at: Pose = START
        self.held_at: Pose | None = None  # something holds the arm there
        self.commands: list[ArmCommand] = []
        self.samples: list[ArmSample] = []
        self.opening = 0.08 * (1.0 - gripper)
        self.run(20)

    def step(self) -> ArmSample:
        self.now_ns += PERIOD_NS
        if self.now_ns % (2 * PERIOD_NS) == 0:  # commands at 50 Hz
            command = self.commander.command(self.now_ns)
            if command is not None:
                self.commands.append(command)
                self.controller.on_command(command, self.now_ns)
        reading = ArmReading(
            stamp_ns=self.now_ns,
            joint_names=tuple("abcdefg"),
            joint_positions=np.zeros(7),
            joint_velocities=np.zeros(7),
            joint_efforts=np.zeros(7),
            ee_pose=self.at if self.held_at is None else self.held_at,
            gripper_opening=self.opening,
        )
        sample = self.controller.on_reading(reading)
        self.at = sample.target_pose
        self.device.on_arm(
            ArmView(
                sample.stamp_ns, sample.ee_pose, sample.target_pose, sample.gripper_command,
                sample.status, sample.fault,
            )
        )  # fmt: skip
        self.samples.append(sample)
        return sample

    def run(self, count: int) -> None:
        for _ in range(count):
            self.step()

    def move(self, goal: Pose = GOAL, speed: float = 0.1, at_most: int = 2000):
        assert self.device.begin(goal, speed, self.now_ns) == ""
        for _ in range(at_most):
            self.step()
            if (ended := self.device.take_ended()) is not None:
                return ended
        raise AssertionError("the move does not end")


def test_a_move_reaches_its_goal_on_a_straight_line_and_lets_go() -> None:
    arm = Arm()
    began = len(arm.samples)
    ended = arm.move()
    assert (ended.reached, ended.message) == (True, "")
    off_m, off_rad = distance(arm.at, GOAL)
    assert off_m < 1e-3
    assert off_rad < 5e-3
    way = [sample.target_pose for sample in arm.samples[began:]]
    whole = distance(START, GOAL)[0]
    for p in way:
        share = distance(START, p)[0] / whole
        away_m, away_rad = distance(p, interpolate(START, GOAL, min(1.0, share)))
        assert away_m < 1e-3
        assert away_rad < 1e-2
    arm.run(20)
    assert arm.samples[-1].status is ArmStatus.HOLD_DEAD_MAN
    assert not arm.commands[-1].dead_man


@pytest.mark.parametrize("speed", [0.05, 0.2])
def test_a_move_is_never_faster_than_asked_in_way_or_turn(speed: float) -> None:
    arm = Arm()
    began = len(arm.samples)
    assert arm.move(speed=speed).reached
    targets = [sample.target_pose for sample in arm.samples[began:]]
    steps = [distance(a, b) for a, b in pairwise(targets)]
    assert max(m for m, _ in steps) * 100 <= speed * 1.001
    assert max(r for _, r in steps) * 100 <= speed / 0.25 * 1.001
    assert not any(sample.clipped for sample in arm.samples)


def test_what_the_gripper_holds_stays_held() -> None:
    arm = Arm(gripper=1.0)
    arm.hand.gripper = 0.0  # as a device says that was never used
    assert arm.move().reached
    arm.run(10)
    assert {sample.gripper_command for sample in arm.samples} == {1.0}


def test_the_operator_s_hand_ends_a_move_and_is_heard_after_it_let_go() -> None:
    arm = Arm()
    assert arm.device.begin(GOAL, 0.1, arm.now_ns) == ""
    arm.run(60)
    assert arm.samples[-1].status is ArmStatus.MOVING
    arm.hand.held = True
    arm.run(4)
    ended = arm.device.take_ended()
    assert ended is not None
    assert not ended.reached
    assert "took over" in ended.message
    stood = arm.samples[-1].target_pose
    arm.run(50)
    assert arm.samples[-1].status is ArmStatus.HOLD_DEAD_MAN
    assert np.array_equal(arm.samples[-1].target_pose, stood)
    assert arm.device.begin(GOAL, 0.1, arm.now_ns).startswith("the operator holds")
    arm.hand.held = False
    arm.run(10)
    arm.hand.held = True
    arm.run(20)
    assert arm.samples[-1].status is ArmStatus.MOVING


def test_cancelling_lets_go_where_the_arm_is() -> None:
    arm = Arm()
    assert arm.device.begin(GOAL, 0.1, arm.now_ns) == ""
    assert "another move" in arm.device.begin(START, 0.1, arm.now_ns)
    arm.run(60)
    arm.device.cancel("cancelled")
    arm.run(4)
    assert arm.device.take_ended() is not None
    stood = arm.samples[-1].target_pose
    arm.run(30)
    assert np.array_equal(arm.samples[-1].target_pose, stood)
    assert arm.move().reached  # and another may follow


def test_a_stop_ends_a_move_and_none_begins_while_stopped() -> None:
    arm = Arm()
    assert arm.device.begin(GOAL, 0.1, arm.now_ns) == ""
    arm.run(60)
    arm.controller.stop()
    arm.run(4)
    ended = arm.device.take_ended()
    assert ended is not None
    assert "stopped" in ended.message
    assert "stopped" in arm.device.begin(GOAL, 0.1, arm.now_ns)


def test_an_arm_that_is_held_back_ends_the_move() -> None:
    arm = Arm()
    assert arm.device.begin(GOAL, 0.1, arm.now_ns) == ""
    arm.run(60)
    arm.held_at = arm.at
    arm.run(500)
    ended = arm.device.take_ended()
    assert ended is not None
    assert not ended.reached
    assert not arm.device.moving


def test_a_goal_outside_the_workspace_ends_with_a_sentence() -> None:
    arm = Arm()
    ended = arm.move(pose([1.5, 0.0, 0.4], START[3:]))
    assert not ended.reached
    assert "workspace" in ended.message
    assert np.all(arm.at[:3] <= ArmLimits().workspace_max)


def test_an_arm_that_says_nothing_ends_the_move() -> None:
    arm = Arm()
    assert arm.device.begin(GOAL, 0.1, arm.now_ns) == ""
    arm.run(30)
    arm.device.read(arm.now_ns + NS_PER_S)
    ended = arm.device.take_ended()
    assert ended is not None
    assert "says nothing" in ended.message


@pytest.mark.parametrize(
    ("goal", "speed", "said"),
    [
        (np.full(7, np.nan), 0.1, "no pose"),
        (np.array([0.5, 0, 0.4, 0, 0, 0, 2.0]), 0.1, "length 2"),
        (GOAL, 3.0, "speed of 3"),
        (GOAL, -0.1, "speed of -0.1"),
    ],
)
def test_what_is_no_slow_move_is_refused(goal: Pose, speed: float, said: str) -> None:
    arm = Arm()
    assert said in arm.device.begin(goal, speed, arm.now_ns)
    assert not arm.device.moving


def test_an_arm_that_does_not_follow_is_told_with_its_reason() -> None:
    arm = Arm()
    view = arm.device._arm
    assert view is not None
    assert arm.device.begin(GOAL, 0.1, arm.now_ns) == ""
    for k in range(300):
        now_ns = arm.now_ns + k * PERIOD_NS
        fault = "the arm is 0.2 m away"
        refused = replace(view, stamp_ns=now_ns, status=ArmStatus.HOLD_REFUSED, fault=fault)
        arm.device.on_arm(refused)
        arm.device.read(now_ns)
    ended = arm.device.take_ended()
    assert ended is not None
    assert ended.message == fault
