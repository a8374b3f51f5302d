"""The buttons below a step."""

from __future__ import annotations

import itertools

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QWidget

from ui.calibration_signs import NavAction, NavButton
from ui.theme import Theme
from ui.widgets.flat_button import FlatButton
from ui.widgets.text import scaled_font

HEIGHT = 64
MIN_WIDTH_STRONG = 170


class NavBar(QFrame):
    """``asked`` has the NavAction of a button that was pressed."""

    asked = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown: tuple[NavButton, ...] = ()
        self.buttons = {action: self._button(action) for action in NavAction}
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(6)
        row.addWidget(self.buttons[NavAction.BACK])
        row.addStretch(1)
        for action in list(NavAction)[1:]:
            row.addWidget(self.buttons[action])
        self.set_theme(theme)
        for one, other in itertools.pairwise(self.buttons.values()):
            QWidget.setTabOrder(one, other)

    def _button(self, action: NavAction) -> FlatButton:
        button = FlatButton("")
        button.setFixedHeight(HEIGHT)
        button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        button.clicked.connect(lambda: self.asked.emit(action))
        button.hide()
        return button

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for button in self.buttons.values():
            button.set_theme(theme)
        shown, self._shown = self._shown, ()
        self.show_buttons(shown)
        self.update()

    def show_buttons(self, shown: tuple[NavButton, ...]) -> None:
        if shown == self._shown:
            return
        self._shown = shown
        wanted = {button.action: button for button in shown}
        for action, button in self.buttons.items():
            view = wanted.get(action)
            if view is None:
                button.setVisible(False)
                continue
            button.setText(view.text)
            button.setAccessibleName(view.text)
            button.setEnabled(view.enabled)
            button.setFont(scaled_font(self.font(), 1.15, bold=view.strong))
            button.set_theme(self._theme, strong=view.strong)
            if view.onward and view.enabled:
                button.fill, button.ink = self._theme.ready, self._theme.on_ready
                button.edge = self._theme.ready
            room = MIN_WIDTH_STRONG if view.strong else 0
            wide = max(room, button.fontMetrics().horizontalAdvance(view.text) + 44)
            button.setFixedWidth(wide)
            button.setVisible(True)
            button.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.border), 1))
        painter.setBrush(QColor(self._theme.surface))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)
