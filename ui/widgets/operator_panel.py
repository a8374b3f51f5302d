"""Who is signed in, and the few buttons that are not needed during an attempt."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from ui.actions import Action, ActionId, find_action
from ui.theme import Theme
from ui.widgets.flat_button import FlatButton
from ui.widgets.text import ElidedLabel, set_colour


class OperatorPanel(QFrame):
    """``asked`` tells which action; ``sign_out_asked`` ends the session."""

    asked = Signal(object)  # ActionId
    sign_out_asked = Signal()

    def __init__(
        self, actions: Sequence[Action], theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._who = ElidedLabel(1.0)
        self._said, self._muted = "", False
        self.pause_button = self._button(find_action(ActionId.PAUSE, actions), ActionId.PAUSE)
        self._pause_text = find_action(ActionId.PAUSE, actions).translated_text()
        self._pause_key = self._key(ActionId.PAUSE, actions)
        self.teleop_button = self._button(find_action(ActionId.TELEOP, actions), ActionId.TELEOP)
        self.teleop_button.setText(
            self.tr("Teleop  {0}").format(self._key(ActionId.TELEOP, actions))
        )
        self.help_button = self._button(find_action(ActionId.HELP, actions), ActionId.HELP)
        self.sign_out_button = FlatButton(self.tr("Sign out"))
        self.sign_out_button.setAccessibleName(self.tr("Sign out"))
        self.sign_out_button.clicked.connect(self.sign_out_asked)
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, button in enumerate(self.buttons):
            button.setMinimumHeight(34)
            grid.addWidget(button, number // 2, number % 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._who)
        column.addLayout(grid, 1)
        self.setFixedWidth(236)
        self.set_theme(theme)

    @property
    def buttons(self) -> tuple[FlatButton, ...]:
        return (self.pause_button, self.sign_out_button, self.teleop_button, self.help_button)

    def _key(self, action_id: ActionId, actions: Sequence[Action]) -> str:
        keys = find_action(action_id, actions).keys
        return (
            QKeySequence(keys[0]).toString(QKeySequence.SequenceFormat.NativeText) if keys else ""
        )

    def _button(self, action: Action, action_id: ActionId) -> FlatButton:
        button = FlatButton(
            f"{action.translated_text()}  {self._key(action_id, (action,))}".strip()
        )
        button.setAccessibleName(action.translated_text())
        button.setAccessibleDescription(action.translated_explanation())
        button.setToolTip(action.translated_explanation())
        button.clicked.connect(lambda: self.asked.emit(action_id))
        return button

    def set_theme(self, theme: Theme) -> None:
        set_colour(self._who, theme.muted)
        for button in self.buttons:
            button.set_theme(theme)

    def show_muted(self, muted: bool) -> None:
        self._muted = muted
        self._show_who()

    def _show_who(self) -> None:
        off = self.tr("sound off (F10)") if self._muted else ""
        self._who.setText("  ·  ".join(part for part in (off, self._said) if part))

    def show_operator(
        self, operator_id: str, can_pause: bool, paused: bool, can_sign_out: bool
    ) -> None:
        who = self.tr("Operator {0}").format(operator_id) if operator_id else ""
        self._said = who or self.tr("Nobody is signed in")
        self._show_who()
        self.pause_button.setEnabled(can_pause or paused)
        what = self.tr("Go on") if paused else self._pause_text
        self.pause_button.setText(f"{what}  {self._pause_key}".strip())
        self.pause_button.setAccessibleName(what)
        self.sign_out_button.setEnabled(can_sign_out)
