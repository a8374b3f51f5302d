"""Whatever a commander sends, the target is finite, in the box, and slow enough."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from controlled_arm import HOME, ControlledArm, repeatable, twist
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from collector.arm.sample import ArmSample, ArmStatus
from collector.clock import NS_PER_MS, NS_PER_S

NAN, INF = float("nan"), float("inf")


def check(samples: list[ArmSample], arm: ControlledArm) -> None:
    """Assert the invariants over all samples of an arm that follows its target."""
    limits = arm.limits
    stamps = np.array([s.stamp_ns for s in samples])
    for sample in samples:
        assert np.all(np.isfinite(sample.target_pose))
        assert np.linalg.norm(sample.target_pose[3:]) == pytest.approx(1.0, abs=1e-9)
        assert np.all(sample.target_pose[:3] >= limits.workspace_min)
        assert np.all(sample.target_pose[:3] <= limits.workspace_max)
        assert sample.gripper_command in (0.0, 1.0)
        assert sample.status is not ArmStatus.HOLD_REFUSED or sample.fault
    poses = np.array([s.target_pose for s in samples])
    step = np.diff(poses[:, :3], axis=0)
    dt_s = np.diff(stamps) / NS_PER_S
    assert np.all(np.linalg.norm(step, axis=1) <= limits.linear_m_s * dt_s + 1e-12)
    # Every 200 ms, wherever they begin: the action of a step.
    ends = np.searchsorted(stamps, stamps + 200 * NS_PER_MS, side="right") - 1
    assert np.all(np.abs(poses[ends, :3] - poses[:, :3]) <= 0.1)
    turns = Rotation.from_quat(poses[ends, 3:]) * Rotation.from_quat(poses[:, 3:]).inv()
    assert np.all(np.abs(turns.as_euler("xyz")) <= 0.5)


BAD_COMMANDS: list[dict[str, Any]] = [
    {"twist": twist(NAN)},
    {"twist": twist(INF)},
    {"twist": twist(0, 0, 0, 0, -INF, 0)},
    {"twist": twist(1e300, 1e300, 1e300)},
    {"twist": np.zeros(5)},
    {"gripper": NAN},
    {"mode": "pose", "target": np.full(7, NAN)},
    {"mode": "pose", "target": np.array([INF, 0, 0, 0, 0, 0, 1])},
    {"mode": "pose", "target": np.array([0.5, 0, 0.4, 0, 0, 0, 0])},
    {"mode": "pose", "target": np.array([0.5, 0, 0.4, 5e-324, 0, 0, 0])},
    {"mode": "pose", "target": np.array([0.5, 0, 0.4, 2.0, 0, 0, 0])},
    {"mode": "pose", "target": np.array([0.5, 0, 0.4, 1e200, 0, 0, 0])},
    {"mode": "pose", "target": np.zeros(3)},
    {"mode": "joint"},
]


@pytest.mark.parametrize("bad", BAD_COMMANDS, ids=lambda bad: str(bad)[:50])
def test_a_bad_command_holds_with_a_sentence_and_a_good_one_goes_on(arm, bad) -> None:
    arm.tick()
    arm.drive([0.2, 0, 0, 0, 0, 0], 100)
    held = arm.last.target_pose
    arm.say(**bad)
    sample = arm.tick(5)
    assert sample.status is ArmStatus.HOLD_REFUSED
    assert sample.fault.startswith("the command")
    np.testing.assert_array_equal(sample.target_pose, held)
    arm.drive([0.2, 0, 0, 0, 0, 0], 100)
    assert arm.last.status is ArmStatus.MOVING
    check(arm.samples, arm)


@pytest.mark.parametrize("bad", BAD_COMMANDS, ids=lambda bad: str(bad)[:50])
def test_letting_go_works_whatever_else_the_command_says(arm, bad) -> None:
    arm.tick()
    arm.drive([0.2, 0, 0, 0, 0, 0], 100)
    arm.say(**bad, dead_man=False)
    assert arm.tick().status is ArmStatus.HOLD_DEAD_MAN


@pytest.mark.parametrize(("age_ms", "word"), [(-50, "future"), (201, "old"), (10**9, "old")])
def test_stamps_out_of_time_are_refused(arm, age_ms: int, word: str) -> None:
    arm.tick()
    arm.drive([0.2, 0, 0, 0, 0, 0], 100)
    arm.say(twist=twist(0.2), stamp_ns=arm.now_ns - age_ms * NS_PER_MS)
    assert arm.tick().status is ArmStatus.HOLD_REFUSED
    assert word in arm.last.fault


def test_an_older_command_does_not_replace_a_newer(arm) -> None:
    arm.tick()
    arm.say(dead_man=False)
    arm.say(twist=twist(0.3), stamp_ns=arm.now_ns - 30 * NS_PER_MS)
    assert arm.tick().status is ArmStatus.HOLD_DEAD_MAN
    assert arm.controller.ignored_commands == 1


def test_a_burst_at_1_khz_counts_only_by_its_newest(arm) -> None:
    arm.tick()
    for _ in range(50):
        for k in range(10):
            arm.say(
                twist=twist(0.5 if k % 2 else -50.0, 0.1 * k),
                stamp_ns=arm.now_ns + k * NS_PER_MS,
                arrival_ns=arm.now_ns + k * NS_PER_MS,
            )
        arm.tick()
    check(arm.samples, arm)
    assert arm.last.clipped
    arm.tick(21)
    assert arm.last.status is ArmStatus.HOLD_SILENCE  # nothing was queued


def test_jumping_poses_move_the_target_no_faster(arm) -> None:
    rng = np.random.default_rng(2)
    arm.tick()
    arm.say(mode="pose", target=HOME)
    arm.tick()
    for _ in range(300):
        quaternion = rng.normal(size=4)
        quaternion /= np.linalg.norm(quaternion)
        arm.say(mode="pose", target=np.r_[rng.uniform(-2, 2, 3), quaternion])
        arm.tick()
    assert arm.last.status is ArmStatus.MOVING
    assert arm.last.clipped
    check(arm.samples, arm)


def test_an_alternating_dead_man_never_gains_speed(arm) -> None:
    arm.tick()
    for k in range(300):
        arm.say(twist=twist(0.5, 0, 0, 0, 0, 2.5), dead_man=bool(k % 2))
        arm.tick()
    check(arm.samples, arm)


@pytest.mark.parametrize("back_ms", [5, 150, 400, 3_600_000])
def test_time_that_steps_back_holds_and_then_goes_on(arm, back_ms: int) -> None:
    arm.tick()
    arm.drive([0.3, 0, 0, 0, 0, 0], 200)
    place = arm.last.target_pose
    arm.now_ns -= back_ms * NS_PER_MS + 10 * NS_PER_MS
    sample = arm.tick()
    assert sample.status is ArmStatus.HOLD_SILENCE
    np.testing.assert_array_equal(sample.target_pose, place)
    before = len(arm.samples)
    arm.drive([0.3, 0, 0, 0, 0, 0], 400)
    assert arm.last.status is ArmStatus.MOVING
    check(arm.samples[before:], arm)


def test_commands_whose_clock_steps_back_alone_are_refused_or_ignored(arm) -> None:
    arm.tick()
    arm.drive([0.3, 0, 0, 0, 0, 0], 200)
    for _ in range(30):
        arm.say(twist=twist(0.3), stamp_ns=arm.now_ns - 150 * NS_PER_MS)
        arm.tick()
    check(arm.samples, arm)
    assert arm.last.status in (ArmStatus.MOVING, ArmStatus.HOLD_SILENCE)


numbers = st.one_of(st.floats(-2, 2), st.floats(allow_nan=True, allow_infinity=True), st.just(0.0))
poses = st.one_of(
    st.lists(numbers, min_size=7, max_size=7).map(np.array),
    st.tuples(st.floats(0.1, 0.9), st.floats(-0.6, 0.6), st.floats(-0.1, 0.9)).map(
        lambda p: np.r_[p, HOME[3:]]
    ),
)
commands = st.fixed_dictionaries(
    {"dead_man": st.sampled_from([True, True, True, False])},
    optional={
        "mode": st.sampled_from(["velocity", "pose", "pose", "nonsense"]),
        "twist": st.one_of(
            st.lists(numbers, min_size=6, max_size=6).map(np.array),
            st.lists(st.floats(-6, 6), min_size=6, max_size=6).map(np.array),
        ),
        "target": poses,
        "gripper": numbers,
        "delay_ns": st.integers(-40, 300).map(lambda ms: ms * NS_PER_MS),
    },
)
actions = st.one_of(
    commands,
    commands,
    st.integers(1, 30),  # readings, 10 ms apart
    st.integers(1, 5),
    st.sampled_from(["stop", "reset", "check", "uneven"]),
)


@repeatable
@given(st.lists(actions, min_size=5, max_size=60), st.sampled_from([1.0, 0.3, 0.1, 0.0]))
def test_any_sequence_keeps_the_target_finite_in_the_box_and_slow(
    sequence: list[Any], response: float
) -> None:
    """Also for an arm that lags, or is blocked."""
    arm = ControlledArm(response=response)
    arm.tick()
    for action in sequence:
        if isinstance(action, int):
            arm.tick(action)
        elif action == "stop":
            if response == 1.0:  # a stop takes the target back to an arm that lags, at once
                arm.controller.stop()
        elif action == "reset":
            arm.controller.reset_stop()
        elif action == "check":
            arm.controller.check(arm.now_ns + 5 * NS_PER_MS)
        elif action == "uneven":
            arm.tick(1, period_ns=73 * NS_PER_MS + 1)
        else:
            values = dict(action)
            stamp_ns = arm.now_ns - values.pop("delay_ns", 0)
            arm.say(stamp_ns=stamp_ns, **values)
            arm.tick()
    check(arm.samples, arm)
    stopped = [s for s in arm.samples if s.status is ArmStatus.STOPPED]
    assert all(not s.clipped for s in stopped)
