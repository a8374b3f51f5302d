"""Keyboard teleoperation: the keys, which are held, and how fast they move the arm."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.keyboard_teleop import GRIPPER, SPEED_KEYS, SPEEDS, TeleopView
from ui.theme import Theme
from ui.widgets.text import scaled_font

KEY, GAP, APART = 24, 3, 14
HEIGHT = 38
_GROUPS = ("WSADQE", "IKJLUO")  # move, turn


class TeleopPanel(QWidget):
    """A row of keys. Those that are held are filled; nothing held, nothing moves."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._view = TeleopView()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Keyboard teleoperation"))
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(740, HEIGHT)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_view(self, view: TeleopView) -> None:
        if view != self._view:
            self._view = view
            self.setVisible(view.enabled)
            self.setAccessibleDescription(self._headline())
            self.update()

    def _headline(self) -> str:
        if not self._view.listeners:
            return self.tr("Keyboard: the station's teleoperation device is another")
        if self._view.held:
            return self.tr("The keyboard moves the arm")
        return self.tr("Hold keys to move the arm")

    def paintEvent(self, _: QPaintEvent) -> None:
        theme, view = self._theme, self._view
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        alert = not view.listeners
        edge = theme.abnormal if alert else theme.text if view.held else theme.border
        painter.setPen(QPen(QColor(edge), 2))
        painter.setBrush(QColor(theme.surface))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)
        painter.setFont(scaled_font(self.font(), 1.0, bold=True))
        left = self._write(painter, 12.0, self._headline(), theme.abnormal if alert else theme.text)
        if alert:
            return
        painter.setFont(scaled_font(self.font(), 1.0))
        left += APART
        for title, keys in zip((self.tr("move"), self.tr("turn")), _GROUPS, strict=True):
            left = self._write(painter, left, title, theme.muted) + 6
            for key in keys:
                left = self._draw_key(painter, left, key, key in view.held)
            left += APART
        left = self._draw_key(painter, left, GRIPPER, view.gripper_closed) + 3
        fingers = self.tr("closed") if view.gripper_closed else self.tr("open")
        left = self._write(painter, left, fingers, theme.text) + APART
        for number, key in enumerate(SPEED_KEYS):
            left = self._draw_key(painter, left, key, number == view.speed)
        speed = self.tr("{0:.0f} cm/s").format(SPEEDS[view.speed][0] * 100)
        self._write(painter, left + 3, speed, theme.text)

    def _write(self, painter: QPainter, left: float, text: str, colour: str) -> float:
        """Write a text and return where it ends."""
        width = painter.fontMetrics().horizontalAdvance(text)
        painter.setPen(QColor(colour))
        area = QRectF(left, 0, width + 2, self.height())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, text)
        return left + width

    def _draw_key(self, painter: QPainter, left: float, key: str, held: bool) -> float:
        theme = self._theme
        area = QRectF(left, (self.height() - KEY) / 2, KEY, KEY)
        painter.setPen(QPen(QColor(theme.text if held else theme.border), 1))
        painter.setBrush(QColor(theme.strong if held else theme.window))
        painter.drawRoundedRect(area, 4, 4)
        painter.setPen(QColor(theme.on_strong if held else theme.text))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, key)
        return left + KEY + GAP
