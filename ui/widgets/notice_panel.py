"""A pause or a fault beside the pictures: why, and what to do."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from ui.sign import Shape
from ui.theme import Theme
from ui.widgets.symbol import Symbol
from ui.widgets.text import ElidedLabel, set_colour


class NoticePanel(QFrame):
    """Large: a person who comes back from a break reads it from the door."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._alert = False
        self._shape = Shape.BARS
        self._symbol = Symbol(72)
        self._title = ElidedLabel(2.2, bold=True)
        self._why = ElidedLabel(1.35, bold=True, lines=6)
        self._do = ElidedLabel(1.25, lines=6)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 20)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(self._symbol)
        for label in (self._title, self._why, self._do):
            column.addWidget(label)
        column.addStretch(2)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        ink = theme.abnormal if self._alert else theme.muted
        self._symbol.show_shape(self._shape, ink)
        for label in (self._title, self._why, self._do):
            set_colour(label, theme.text)
        self.update()

    def show_notice(self, shape: Shape, title: str, why: str, do: str, alert: bool) -> None:
        self._shape, self._alert = shape, alert
        self._title.setText(title)
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self._do.setText(do)
        self._do.setVisible(bool(do))
        self.setAccessibleName(title)
        self.setAccessibleDescription(f"{why} {do}".strip())
        self.set_theme(self._theme)

    def paintEvent(self, _: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge, width = (theme.abnormal, 3) if self._alert else (theme.border, 1)
        painter.setPen(QPen(QColor(edge), width))
        painter.setBrush(QColor(theme.surface))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 4, 4)
