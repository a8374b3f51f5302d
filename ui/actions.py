"""What the operator can ask for: one table that binds the keys and draws the help."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication


class ActionId(Enum):
    STOP_ARM = "stop_arm"
    RESET_STOP = "reset_stop"
    HELP = "help"
    FULL_SCREEN = "full_screen"


@dataclass(frozen=True)
class Action:
    """``keys`` are portable key sequences; without one, the action has a button only."""

    id: ActionId
    text: str
    explanation: str
    keys: tuple[str, ...] = ()

    def translated_text(self) -> str:
        return QCoreApplication.translate("actions", self.text)

    def translated_explanation(self) -> str:
        return QCoreApplication.translate("actions", self.explanation)


ACTIONS = (
    Action(
        ActionId.STOP_ARM,
        str(QT_TRANSLATE_NOOP("actions", "Stop the arm")),
        str(
            QT_TRANSLATE_NOOP(
                "actions", "The arm holds where it is, until the stop is reset. Works at any time."
            )
        ),
        ("Space",),
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


def find_action(action_id: ActionId) -> Action:
    """Return the action of the table."""
    return next(action for action in ACTIONS if action.id is action_id)
