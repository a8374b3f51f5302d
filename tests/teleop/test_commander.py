"""What the operator's device says becomes a command, or a released dead-man and a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.arm.limits import ArmLimits
from collector.clock import NS_PER_MS, NS_PER_S
from collector.devices.teleop_device import TeleopError, TeleopReading
from collector.teleop.commander import EXCESS, TeleopCommander

START_NS = 1_700_000_000_000_000_000


class Device:
    """A device that does what a test says."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {"dead_man": True}
        self.missing = self.gone = self.silent = False
        self.attempts_ns: list[int] = []
        self.now: Callable[[], int] = lambda: START_NS
        self.connected = False

    def connect(self) -> None:
        self.attempts_ns.append(self.now())
        if self.missing:
            raise TeleopError("no SpaceMouse found: plug it in")
        self.connected = True

    def read(self, now_ns: int) -> TeleopReading | None:
        assert self.connected
        if self.gone:
            raise TeleopError("the SpaceMouse was unplugged")
        if self.silent:
            return None
        return TeleopReading(
            **{"stamp_ns": now_ns, "twist": np.zeros(6), "gripper": 0.0, **self.values}
        )

    def disconnect(self) -> None:
        self.connected = False


class Operated:
    """A commander at 50 Hz in simulated time."""

    def __init__(self) -> None:
        self.device = Device()
        self.commander = TeleopCommander(self.device, ArmLimits())
        self.now_ns = START_NS
        self.device.now = lambda: self.now_ns

    def run(self, duration_ms: int) -> list[Any]:
        commands = []
        for _ in range(duration_ms // 20):
            self.now_ns += 20 * NS_PER_MS
            commands.append(self.commander.command(self.now_ns))
        return commands


@pytest.fixture
def operated() -> Operated:
    return Operated()


def test_a_reading_becomes_a_velocity_command(operated) -> None:
    twist = np.array([0.1, -0.2, 0.05, 0.3, 0.0, -1.0])
    operated.device.values.update(twist=twist, gripper=0.7)
    command = operated.run(200)[-1]
    assert (command.mode, command.dead_man, command.stamp_ns) == ("velocity", True, operated.now_ns)
    np.testing.assert_array_equal(command.twist, twist)
    assert command.gripper == pytest.approx(0.7)
    assert operated.commander.health.ok


def test_twists_are_bounded_but_still_show_that_more_was_asked(operated) -> None:
    limits = ArmLimits()
    operated.device.values["twist"] = np.array([30.0, 40.0, 0.0, 0.0, 0.0, 1e300])
    twist = operated.run(40)[-1].twist
    np.testing.assert_allclose(
        twist,
        [
            0.6 * EXCESS * limits.linear_m_s,
            0.8 * EXCESS * limits.linear_m_s,
            0,
            0,
            0,
            EXCESS * limits.angular_rad_s,
        ],
    )
    assert EXCESS > 1.0


def test_the_dead_man_counts_after_a_moment_and_is_released_at_once(operated) -> None:
    assert [c.dead_man for c in operated.run(80)] == [False, False, True, True]
    operated.device.values["dead_man"] = False
    assert [c.dead_man for c in operated.run(40)] == [False, False]
    for held in (True, False, True, False):  # a bouncing contact never counts
        operated.device.values["dead_man"] = held
        assert [c.dead_man for c in operated.run(20)] == [False]


def test_a_silent_device_releases_the_dead_man(operated) -> None:
    operated.run(200)
    operated.device.silent = True
    commands = operated.run(200)
    assert commands[:5] == [None] * 5  # 100 ms: the arm's watchdog is 200 ms
    assert all(c is not None and not c.dead_man and not c.twist.any() for c in commands[5:])
    assert "said nothing for 0.2 s" in operated.commander.health.message
    operated.device.silent = False
    assert [c.dead_man for c in operated.run(80)] == [False, False, True, True]
    assert operated.commander.health.ok


def test_a_missing_device_is_tried_again_with_growing_pauses(operated) -> None:
    operated.device.missing = True
    commands = operated.run(40_000)
    assert not any(c.dead_man for c in commands)
    pauses_s = np.diff(operated.device.attempts_ns) / NS_PER_S
    np.testing.assert_allclose(pauses_s[:7], [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0])
    health = operated.commander.health
    assert not health.ok
    assert not health.connected
    assert health.message == "no SpaceMouse found: plug it in (trying again in 8.0 s)"
    operated.device.missing = False
    operated.run(8000)
    assert operated.commander.health.ok


def test_after_a_loss_the_dead_man_must_be_released_first(operated) -> None:
    operated.run(200)
    operated.device.gone = True
    command = operated.run(20)[-1]
    assert not command.dead_man
    assert "unplugged" in operated.commander.health.message
    operated.device.gone = False
    assert not any(c.dead_man for c in operated.run(2000))
    assert operated.commander.health.connected
    assert operated.commander.health.reconnects == 1
    assert "release the dead-man" in operated.commander.health.message
    operated.device.values["dead_man"] = False
    operated.run(20)
    operated.device.values["dead_man"] = True
    assert operated.run(80)[-1].dead_man
    assert operated.commander.health.ok


def test_a_device_that_connects_but_never_works_is_tried_less_and_less(operated) -> None:
    operated.device.gone = True
    operated.run(20_000)
    assert len(operated.device.attempts_ns) <= 6


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"twist": np.full(6, np.nan)}, "not finite"),
        ({"twist": np.zeros(3)}, "not finite"),
        ({"gripper": np.inf}, "not finite"),
        ({"stamp_ns": START_NS - NS_PER_S}, "repeats a reading"),
        ({"stamp_ns": START_NS + NS_PER_S}, "in the future"),
    ],
)
def test_nonsense_releases_the_dead_man_and_says_so(operated, values, words: str) -> None:
    operated.run(200)
    operated.device.values.update(values)
    command = operated.run(20)[-1]
    assert not command.dead_man
    assert np.all(np.isfinite(command.twist))
    assert words in operated.commander.health.message


def test_the_gripper_keeps_its_command_while_the_device_is_away(operated) -> None:
    operated.device.values["gripper"] = 1.0
    operated.run(100)
    operated.device.gone = True
    assert operated.run(20)[-1].gripper == 1.0


def test_a_clock_that_steps_back_does_not_delay_the_next_attempt(operated) -> None:
    operated.device.missing = True
    operated.run(4000)
    operated.now_ns -= 3600 * NS_PER_S
    operated.device.missing = False
    operated.run(8000)
    assert operated.commander.health.connected


def test_close_lets_go(operated) -> None:
    operated.run(40)
    operated.commander.close()
    assert not operated.device.connected
    assert not operated.commander.health.ok


events = st.sampled_from(["missing", "gone", "silent", "dead_man", "nan", "back", "run"])


@settings(derandomize=True, deadline=None, max_examples=80)
@given(st.lists(events, max_size=40))
def test_whatever_happens_commands_are_bounded_and_nothing_is_raised(sequence: list[str]) -> None:
    operated = Operated()
    limits = ArmLimits()
    for event in sequence:
        device = operated.device
        if event in ("missing", "gone", "silent"):
            setattr(device, event, not getattr(device, event))
        elif event == "dead_man":
            device.values["dead_man"] = not device.values["dead_man"]
        elif event == "nan":
            device.values["twist"] = np.full(6, np.nan if "twist" not in device.values else 9.0)
        elif event == "back":
            operated.now_ns -= 700 * NS_PER_MS
        for command in operated.run(60):
            if command is None:
                continue
            assert np.linalg.norm(command.twist[:3]) <= EXCESS * limits.linear_m_s + 1e-9
            assert np.linalg.norm(command.twist[3:]) <= EXCESS * limits.angular_rad_s + 1e-9
            if not device.values["dead_man"] or not device.connected:
                assert not command.dead_man
