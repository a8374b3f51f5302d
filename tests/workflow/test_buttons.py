"""A press of a device's button asks once, whatever its contacts do."""

from __future__ import annotations

from collector.clock import NS_PER_MS
from collector.workflow.buttons import Buttons
from collector.workflow.commands import Command

COMMANDS = {0: Command.START_STOP, 2: Command.SUCCESS}


def test_a_press_asks_once_however_long_it_is_held() -> None:
    buttons = Buttons(COMMANDS)
    asked = [buttons.on_state([0, 0, 0], 0)]
    asked += [buttons.on_state([1, 0, 0], k * 300 * NS_PER_MS) for k in range(1, 5)]
    assert asked == [(), (Command.START_STOP,), (), (), ()]


def test_a_bouncing_contact_is_one_press() -> None:
    buttons = Buttons(COMMANDS)
    states = [0, 1, 0, 1, 0, 1]
    asked = [buttons.on_state([s, 0, 0], k * 20 * NS_PER_MS) for k, s in enumerate(states)]
    assert sum(asked, ()) == (Command.START_STOP,)
    assert buttons.on_state([0, 0, 0], 900 * NS_PER_MS) == ()
    assert buttons.on_state([1, 0, 0], 920 * NS_PER_MS) == (Command.START_STOP,)


def test_what_is_held_when_the_device_comes_is_not_a_press() -> None:
    buttons = Buttons(COMMANDS)
    assert buttons.on_state([1, 0, 1], 0) == ()
    assert buttons.on_state([0, 0, 0], NS_PER_MS) == ()
    assert buttons.on_state([0, 0, 1], 2 * NS_PER_MS) == (Command.SUCCESS,)


def test_a_device_with_fewer_buttons_presses_none_of_the_others() -> None:
    buttons = Buttons(COMMANDS)
    assert buttons.on_state([], 0) == ()
    assert buttons.on_state([1], NS_PER_MS) == (Command.START_STOP,)
