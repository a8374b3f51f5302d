"""What the operator can ask for: one table that binds keys, buttons and pedals, and is the help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication


class ActionId(Enum):
    START_STOP = "start_stop"
    SUCCESS = "success"
    FAILURE = "failure"
    DISCARD = "discard"
    STOP_ARM = "stop_arm"
    RESET_STOP = "reset_stop"
    PAUSE = "pause"
    TELEOP = "teleop"
    MUTE = "mute"
    FULL_SCREEN = "full_screen"
    HELP = "help"


@dataclass(frozen=True)
class Action:
    """``keys`` are portable key sequences, ``buttons`` evdev's names of a gamepad's buttons.

    A foot pedal is a keyboard: its keys are in ``keys``. Without a key, the action has a
    button on the screen only. ``request`` is what the session is asked for.
    """

    id: ActionId
    text: str
    explanation: str
    keys: tuple[str, ...] = ()
    buttons: tuple[str, ...] = ()
    request: str = ""

    def translated_text(self) -> str:
        return QCoreApplication.translate("actions", self.text)

    def shown_buttons(self) -> str:
        """Return a gamepad's buttons as a person names them: South is the lowest of the four."""
        return ", ".join(name.removeprefix("BTN_").capitalize() for name in self.buttons)

    def translated_explanation(self) -> str:
        return QCoreApplication.translate("actions", self.explanation)


# F13 to F16 are what programmable foot pedals send by default where they send no letters.
ACTIONS = (
    Action(
        ActionId.START_STOP,
        str(QT_TRANSLATE_NOOP("actions", "Start / stop")),
        str(
            QT_TRANSLATE_NOOP(
                "actions",
                "Begin the next attempt, end it, take it back before it begins; go on after a"
                " pause.",
            )
        ),
        ("R", "F5", "F13"),
        ("BTN_START",),
        "start_stop",
    ),
    Action(
        ActionId.SUCCESS,
        str(QT_TRANSLATE_NOOP("actions", "Success")),
        str(QT_TRANSLATE_NOOP("actions", "End the attempt: the task is done.")),
        ("Y", "F6", "F14"),
        ("BTN_SOUTH",),
        "success",
    ),
    Action(
        ActionId.FAILURE,
        str(QT_TRANSLATE_NOOP("actions", "Failure")),
        str(QT_TRANSLATE_NOOP("actions", "End the attempt: the task is not done.")),
        ("N", "F7", "F15"),
        ("BTN_EAST",),
        "failure",
    ),
    Action(
        ActionId.DISCARD,
        str(QT_TRANSLATE_NOOP("actions", "Discard")),
        str(
            QT_TRANSLATE_NOOP(
                "actions",
                "Throw the attempt away; between attempts, the last one. Once more undoes it.",
            )
        ),
        ("Backspace", "F8", "F16"),
        ("BTN_WEST",),
        "discard",
    ),
    Action(
        ActionId.STOP_ARM,
        str(QT_TRANSLATE_NOOP("actions", "Stop the arm")),
        str(
            QT_TRANSLATE_NOOP(
                "actions", "The arm holds where it is, until the stop is reset. Works at any time."
            )
        ),
        ("Space",),
        ("BTN_SELECT", "BTN_MODE"),
    ),
    Action(
        ActionId.RESET_STOP,
        str(QT_TRANSLATE_NOOP("actions", "Reset the stop")),
        str(
            QT_TRANSLATE_NOOP(
                "actions", "By its button alone, which is there while the arm is stopped."
            )
        ),
    ),
    Action(
        ActionId.PAUSE,
        str(QT_TRANSLATE_NOOP("actions", "Pause")),
        str(QT_TRANSLATE_NOOP("actions", "Take a break between attempts, and go on after it.")),
        ("P",),
    ),
    Action(
        ActionId.TELEOP,
        str(QT_TRANSLATE_NOOP("actions", "Keyboard teleoperation")),
        str(
            QT_TRANSLATE_NOOP(
                "actions",
                "Hold keys: W S A D Q E move, I K J L U O turn, G grips, 1 to 4 speed.",
            )
        ),
        ("F9",),
    ),
    Action(
        ActionId.MUTE,
        str(QT_TRANSLATE_NOOP("actions", "Sound")),
        str(QT_TRANSLATE_NOOP("actions", "Tones off, and on again.")),
        ("F10",),
    ),
    Action(
        ActionId.FULL_SCREEN,
        str(QT_TRANSLATE_NOOP("actions", "Full screen")),
        str(QT_TRANSLATE_NOOP("actions", "Fill the screen with the window, and back.")),
        ("F11",),
    ),
    Action(
        ActionId.HELP,
        str(QT_TRANSLATE_NOOP("actions", "Help")),
        str(QT_TRANSLATE_NOOP("actions", "Show and hide this page.")),
        ("F1", "?"),
    ),
)

COMMANDS = (ActionId.START_STOP, ActionId.SUCCESS, ActionId.FAILURE, ActionId.DISCARD)
DEBOUNCED = (*COMMANDS, ActionId.PAUSE, ActionId.TELEOP)
DEBOUNCE_NS = 150_000_000


def find_action(action_id: ActionId, actions: Sequence[Action] = ACTIONS) -> Action:
    """Return the action of the table."""
    return next(action for action in actions if action.id is action_id)


def rebound(
    keys: Mapping[str, Sequence[str]], buttons: Mapping[str, Sequence[str]]
) -> tuple[Action, ...]:
    """Return the table with other keys or buttons, by the actions' ids.

    The stop keeps its own whatever is added to it: nobody shall press Space in vain.
    """
    result = []
    for action in ACTIONS:
        name = action.id.value
        new = replace(
            action,
            keys=tuple(keys.get(name, action.keys)),
            buttons=tuple(buttons.get(name, action.buttons)),
        )
        if action.id is ActionId.STOP_ARM:
            new = replace(new, keys=tuple(dict.fromkeys((*action.keys, *new.keys))))
        result.append(new)
    return tuple(result)


class Debounce:
    """Lets an action through unless it came a moment before: switches bounce, feet tremble."""

    def __init__(self, within_ns: int = DEBOUNCE_NS) -> None:
        self._within_ns = within_ns
        self._passed_ns: dict[ActionId, int] = {}

    def passes(self, action: ActionId, now_ns: int) -> bool:
        """Return whether the action counts. The stop always does."""
        before_ns = self._passed_ns.get(action)
        if (
            action in DEBOUNCED
            and before_ns is not None
            and 0 <= now_ns - before_ns < self._within_ns
        ):
            return False
        self._passed_ns[action] = now_ns
        return True
