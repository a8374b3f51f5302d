"""Who works: operator and PIN, with keyboard or on the screen, and what consent means."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from ui.session_view import SignInView
from ui.session_wording import refusal_text
from ui.sign import Shape
from ui.theme import Theme
from ui.widgets.flat_button import FlatButton
from ui.widgets.symbol import Symbol
from ui.widgets.text import ElidedLabel, scaled_font, set_colour

KEY_SIDE = 64
FIELD_HEIGHT = 52


class SignIn(QWidget):
    """``asked`` has operator and PIN; the PIN is emptied once it was answered."""

    asked = Signal(str, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._view = SignInView()
        self._card = QFrame()
        self._title = ElidedLabel(2.0, bold=True)
        self._title.setText(self.tr("Sign in"))
        self._operator_label = self._label(self.tr("Operator"))
        self._pin_label = self._label(self.tr("PIN"))
        self.operator = self._field(self.tr("Operator"))
        self.operator.setPlaceholderText(self.tr("for example op-07"))
        self.operator.setMaxLength(64)
        self.pin = self._field(self.tr("PIN"))
        self.pin.setEchoMode(QLineEdit.EchoMode.Password)
        self.pin.setMaxLength(32)
        self.operator.returnPressed.connect(self.pin.setFocus)
        self.pin.returnPressed.connect(self.ask)
        self._note = ElidedLabel(1.0, bold=True, lines=2)
        self._note.hide()
        self._symbol = Symbol(20)
        self._problem = ElidedLabel(1.1, bold=True, lines=3)
        self._consent = QLabel(
            self.tr(
                "What you record is used as your consent on file says: pictures of the workspace"
                " and the arm's motion, under your pseudonym, never your name. You may withdraw"
                " it at any time: tell the supervisor."
            )
        )
        self._consent.setWordWrap(True)
        self._consent.setMinimumHeight(64)
        self.button = FlatButton(self.tr("Sign in"))
        self.button.setFont(scaled_font(self.font(), 1.3, bold=True))
        self.button.setFixedHeight(KEY_SIDE)
        self.button.setAccessibleName(self.tr("Sign in"))
        self.button.clicked.connect(self.ask)
        self.keys: list[FlatButton] = []
        self._lay_out()
        self.set_theme(theme)

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(6)
        left.addWidget(self._title)
        left.addSpacing(6)
        for label, entry in (
            (self._operator_label, self.operator),
            (self._pin_label, self.pin),
        ):
            left.addWidget(label)
            left.addWidget(entry)
        problem = QHBoxLayout()
        problem.addWidget(self._symbol, alignment=Qt.AlignmentFlag.AlignTop)
        problem.addWidget(self._problem, 1)
        place = QWidget()
        place.setLayout(problem)
        place.setFixedHeight(62)  # a sentence moves nothing
        problem.setContentsMargins(0, 4, 0, 0)
        left.addWidget(place)
        left.addWidget(self.button)
        left.addWidget(self._note)
        left.addWidget(self._consent)
        left.addStretch(1)
        right = QVBoxLayout()
        right.addStretch(1)
        right.addLayout(self._pad())
        right.addStretch(1)
        row = QHBoxLayout(self._card)
        row.setContentsMargins(32, 22, 32, 22)
        row.setSpacing(36)
        row.addLayout(left, 1)
        row.addLayout(right)
        self._card.setMaximumSize(820, 460)
        self._card.setMinimumWidth(640)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addStretch(1)
        outer.addWidget(self._card, 4)
        outer.addStretch(1)
        QWidget.setTabOrder(self.operator, self.pin)
        QWidget.setTabOrder(self.pin, self.button)

    def _pad(self) -> QGridLayout:
        pad = QGridLayout()
        pad.setSpacing(6)
        for number, text in enumerate(("1", "2", "3", "4", "5", "6", "7", "8", "9", "C", "0", "⌫")):
            key = FlatButton(text)
            key.setFont(scaled_font(self.font(), 1.5))
            key.setFixedSize(QSize(KEY_SIDE + 16, KEY_SIDE))
            key.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keyboard has its own digits
            names = {"C": self.tr("Empty the PIN"), "⌫": self.tr("Take the last digit back")}
            key.setAccessibleName(names.get(text, text))
            key.clicked.connect(lambda _=False, t=text: self._press(t))
            pad.addWidget(key, number // 3, number % 3)
            self.keys.append(key)
        return pad

    def _label(self, text: str) -> ElidedLabel:
        label = ElidedLabel(1.0, bold=True)
        label.setText(text)
        return label

    def _field(self, name: str) -> QLineEdit:
        entry = QLineEdit()
        entry.setFont(scaled_font(self.font(), 1.5))
        entry.setFixedHeight(FIELD_HEIGHT)
        entry.setTextMargins(10, 0, 10, 0)
        entry.setAccessibleName(name)
        return entry

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for label in (self._title, self._operator_label, self._pin_label, self._note):
            set_colour(label, theme.text)
        set_colour(self._consent, theme.muted)
        for entry in (self.operator, self.pin):
            palette = entry.palette()
            palette.setColor(QPalette.ColorRole.Base, QColor(theme.window))
            palette.setColor(QPalette.ColorRole.Text, QColor(theme.text))
            palette.setColor(QPalette.ColorRole.PlaceholderText, QColor(theme.muted))
            entry.setPalette(palette)
        for key in self.keys:
            key.set_theme(theme)
        button = self.button
        button.fill, button.ink = theme.strong, theme.on_strong
        button.edge, button.ring = theme.muted, theme.focus
        self._show_problem()
        self.update()

    def suggest(self, operator: str, note: str) -> None:
        """Fill in who is to sign in, and say a sentence about it."""
        self._note.setText(note)
        self._note.setVisible(bool(note))
        if operator:
            self.operator.setText(operator)

    def ask(self) -> None:
        """Sign in with what was typed; where something is missing, go there."""
        operator, pin = self.operator.text().strip(), self.pin.text()
        if self._view.waiting:
            return
        if not operator:
            self.operator.setFocus()
        elif not pin:
            self.pin.setFocus()
        else:
            self.asked.emit(operator, pin)

    def show_view(self, view: SignInView) -> None:
        before, self._view = self._view, view
        if view.attempts != before.attempts:
            self.pin.clear()
            # The answer to the right PIN comes once the page is left: it takes no keys then.
            if self.isVisible():
                self.pin.setFocus()
        if view == before:
            return
        for key in self.keys:
            key.setEnabled(not view.waiting)
        for entry in (self.operator, self.pin):  # they keep the keyboard's focus
            entry.setReadOnly(view.waiting)
        self.button.setText(self.tr("Checking ...") if view.waiting else self.tr("Sign in"))
        self._show_problem()

    def _press(self, text: str) -> None:
        if text == "C":
            self.pin.clear()
        elif text == "⌫":
            self.pin.backspace()
        else:
            self.pin.insert(text)
        self.pin.setFocus()

    def _show_problem(self) -> None:
        problem = refusal_text(self._view.refused)
        self._problem.setText(problem)
        self._symbol.setVisible(bool(problem))
        self._symbol.show_shape(Shape.TRIANGLE, self._theme.abnormal)
        set_colour(self._problem, self._theme.abnormal)
        self.pin.setAccessibleDescription(problem)

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.border), 1))
        painter.setBrush(QColor(self._theme.surface))
        painter.drawRoundedRect(self._card.geometry(), 8, 8)
