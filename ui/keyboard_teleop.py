"""Keys held -> a velocity of the arm. Pure: the keys and the time are handed in.

Holding a movement key is the dead-man: with every key released the hand is off, and nothing
more is sent (`collector_nodes.twist_device` takes silence for a released dead-man). One
command of no velocity is sent first, so that the arm holds at once. Toggling the gripper
counts as a held dead-man for a moment: the arm moves its fingers only while it is held.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ui.values import TwistCommand

GRIPPER_HOLD_NS = 400_000_000  # the arm debounces the dead-man and takes the command well within
SPEEDS = ((0.03, 0.2), (0.08, 0.5), (0.16, 1.0), (0.3, 1.8))  # m/s, rad/s; limits: 0.5 and 2.5
FIRST_SPEED = 1

# Key -> axis of the twist (x, y, z, then the turns about them), and its sign. In base: x
# forward, y left, z up.
AXES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "W": (0, 1),
        "S": (0, -1),
        "A": (1, 1),
        "D": (1, -1),
        "Q": (2, 1),
        "E": (2, -1),
        "J": (3, -1),
        "L": (3, 1),
        "I": (4, 1),
        "K": (4, -1),
        "U": (5, 1),
        "O": (5, -1),
    }
)
GRIPPER = "G"
SPEED_KEYS = ("1", "2", "3", "4")
KEYS = frozenset((*AXES, GRIPPER, *SPEED_KEYS))


@dataclass(frozen=True)
class TeleopView:
    """What the window shows of it."""

    enabled: bool = False
    held: tuple[str, ...] = ()
    speed: int = FIRST_SPEED  # index into SPEEDS
    gripper_closed: bool = False
    listeners: bool = False  # whether the station takes these commands


class KeyboardTeleop:
    """The keys that are held and what they ask of the arm.

    ``gripper_closed``: what the gripper was asked last; set it to what it is before the
    first key, so that moving does not move the fingers.
    """

    def __init__(self) -> None:
        self.enabled = False
        self.speed = FIRST_SPEED
        self.gripper_closed = False
        self._held: dict[str, None] = {}
        self._gripper_until_ns: int | None = None
        self._asked = False  # the last command asked for something

    @property
    def held(self) -> tuple[str, ...]:
        """The movement keys that are held, in the order in which they were pressed."""
        return tuple(self._held)

    def press(self, key: str, now_ns: int) -> bool:
        """Take a key that was pressed; return whether it means something here."""
        if not self.enabled or key not in KEYS:
            return False
        if key in SPEED_KEYS:
            self.speed = SPEED_KEYS.index(key)
        elif key == GRIPPER:
            self.gripper_closed = not self.gripper_closed
            self._gripper_until_ns = now_ns + GRIPPER_HOLD_NS
        else:
            self._held[key] = None
        return True

    def release(self, key: str) -> None:
        """Take a key that was released."""
        self._held.pop(key, None)

    def release_all(self) -> None:
        """Let go of everything: the window lost the focus, is closed, or teleoperation ends."""
        self._held.clear()
        self._gripper_until_ns = None

    def toggle(self) -> None:
        """Switch on or off; off lets go of everything."""
        self.release_all()
        self.enabled = not self.enabled

    def command(self, now_ns: int) -> TwistCommand | None:
        """Return what to send now; None is silence, the dead-man released."""
        until_ns = self._gripper_until_ns
        gripping = until_ns is not None and 0 <= until_ns - now_ns <= GRIPPER_HOLD_NS
        asks = self.enabled and (bool(self._held) or gripping)
        if not asks and not self._asked:
            return None
        self._asked = asks
        twist = [0.0] * 6
        if asks:
            for key in self._held:
                axis, sign = AXES[key]
                twist[axis] += sign * SPEEDS[self.speed][axis // 3]
        x, y, z, roll, pitch, yaw = twist
        gripper = 1.0 if self.gripper_closed else 0.0
        return TwistCommand((x, y, z), (roll, pitch, yaw), gripper)

    def view(self, listeners: bool) -> TeleopView:
        """Return what the window shows."""
        return TeleopView(self.enabled, self.held, self.speed, self.gripper_closed, listeners)
