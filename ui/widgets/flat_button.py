"""A button in plain colours with a focus ring that can be seen."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QWidget

from ui.theme import Theme

BUTTON_RADIUS = 6


class FlatButton(QPushButton):
    """Set ``fill``, ``ink``, ``edge`` and ``ring``, or the plain colours of a theme."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        # Space stops the arm, so Return presses: outside of dialogs Qt leaves that to the desktop.
        self.setAutoDefault(True)
        self.fill = self.ink = self.edge = self.ring = "#000000"

    def set_theme(self, theme: Theme, strong: bool = False) -> None:
        """Wear the plain colours of a theme."""
        self.fill, self.ink = theme.surface, theme.text
        self.edge, self.ring = theme.text if strong else theme.border, theme.focus
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill = QColor(self.fill)
        if self.isDown():
            fill = QColor(self.edge)
        elif self.underMouse() and self.isEnabled():
            fill = fill.lighter(140) if fill.lightness() < 128 else fill.darker(108)
        area = self.rect().adjusted(3, 3, -3, -3)
        painter.setPen(QPen(QColor(self.edge), 1))
        painter.setBrush(fill)
        painter.drawRoundedRect(area, BUTTON_RADIUS, BUTTON_RADIUS)
        if self.hasFocus():
            painter.setPen(QPen(QColor(self.ring), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(
                self.rect().adjusted(1, 1, -1, -1), BUTTON_RADIUS + 2, BUTTON_RADIUS + 2
            )
        ink = QColor(self.ink)
        if not self.isEnabled():
            ink.setAlpha(110)
        painter.setPen(ink)
        text_width = painter.fontMetrics().horizontalAdvance(self.text())
        icon = 0 if self.icon().isNull() else self.iconSize().width()
        gap = 14 if icon else 0
        left = area.center().x() - (icon + gap + text_width) // 2
        if icon:
            top = area.center().y() - icon // 2
            painter.drawPixmap(
                left, top, self.icon().pixmap(self.iconSize(), self.devicePixelRatioF())
            )
        painter.drawText(
            area.adjusted(left - area.left() + icon + gap, 0, 8, 0),
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
            self.text(),
        )
