"""Buttons of the teleoperation device: pressed once, asked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.clock import NS_PER_MS
from collector.workflow.commands import Command

BOUNCE_NS = 150 * NS_PER_MS


class Buttons:
    """Turns the state of a device's buttons into commands, at each press.

    A button that is held asks once; one that bounces, too. What is held when the device is
    first heard was not pressed for us.
    """

    def __init__(self, commands: Mapping[int, Command]) -> None:
        """``commands``: number of the button, from 0, to what it asks for."""
        self._commands = dict(commands)
        self._held: dict[int, bool] = {}
        self._pressed_ns: dict[int, int] = {}

    def on_state(self, pressed: Sequence[int], now_ns: int) -> tuple[Command, ...]:
        """Take the state of all buttons, 1 = pressed; return what is asked for now."""
        asked = []
        for number, command in self._commands.items():
            held = number < len(pressed) and bool(pressed[number])
            was_held = self._held.get(number, held)
            self._held[number] = held
            last_ns = self._pressed_ns.get(number)
            bounces = last_ns is not None and 0 <= now_ns - last_ns < BOUNCE_NS
            if held and not was_held and not bounces:
                self._pressed_ns[number] = now_ns
                asked.append(command)
        return tuple(asked)
