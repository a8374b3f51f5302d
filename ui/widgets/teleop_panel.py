"""Keyboard teleoperation: the keys, which are held, and how fast they move the arm."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.keyboard_teleop import GRIPPER, SPEED_KEYS, SPEEDS, TeleopView
from ui.theme import Theme
from ui.widgets.text import scaled_font

KEY, GAP = 26, 4
_ROWS = (("Q", "W", "E", "", "U", "I", "O"), ("A", "S", "D", "", "J", "K", "L"))


class TeleopPanel(QWidget):
    """Keys that are held are filled; nothing held, nothing moves."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._view = TeleopView()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Keyboard teleoperation"))
        self.hide()

    def sizeHint(self) -> QSize:
        return QSize(470, 100)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_view(self, view: TeleopView) -> None:
        if view != self._view:
            self._view = view
            self.setVisible(view.enabled)
            self.setAccessibleDescription(self._texts()[1])
            self.update()

    def _texts(self) -> tuple[str, str, str]:
        view = self._view
        speed = SPEEDS[view.speed][0]
        where = self.tr("The station does not take the keyboard: its device is another")
        if view.listeners:
            where = self.tr("Let go of the keys: the arm holds")
        return (
            self.tr("Keyboard moves the arm"),
            where,
            self.tr("{0:.0f} cm/s").format(speed * 100),
        )

    def paintEvent(self, _: QPaintEvent) -> None:
        theme, view = self._theme, self._view
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        alert = not view.listeners
        painter.setPen(QPen(QColor(theme.abnormal if alert else theme.text), 2))
        painter.setBrush(QColor(theme.surface))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
        headline, where, speed = self._texts()
        painter.setPen(QColor(theme.text))
        painter.setFont(scaled_font(self.font(), 1.0, bold=True))
        painter.drawText(12, 20, headline)
        painter.setFont(scaled_font(self.font(), 0.9))
        painter.setPen(QColor(theme.abnormal if alert else theme.muted))
        painter.drawText(
            QRectF(190, 6, self.width() - 200, 18), Qt.AlignmentFlag.AlignVCenter, where
        )
        for number, row in enumerate(_ROWS):
            for column, key in enumerate(row):
                if key:
                    place = QRectF(12 + column * (KEY + GAP), 32 + number * (KEY + GAP), KEY, KEY)
                    self._draw_key(painter, place, key, key in view.held)
        left = 12 + 7 * (KEY + GAP) + 10
        gripper = QRectF(left, 32, KEY, KEY)
        self._draw_key(painter, gripper, GRIPPER, view.gripper_closed)
        painter.setPen(QColor(theme.text))
        painter.drawText(
            QRectF(left + KEY + 8, 32, 150, KEY),
            Qt.AlignmentFlag.AlignVCenter,
            self.tr("gripper closed") if view.gripper_closed else self.tr("gripper open"),
        )
        for number, key in enumerate(SPEED_KEYS):
            place = QRectF(left + number * (KEY + GAP), 32 + KEY + GAP, KEY, KEY)
            self._draw_key(painter, place, key, number == view.speed)
        painter.setPen(QColor(theme.text))
        painter.drawText(
            QRectF(left + 4 * (KEY + GAP) + 4, 32 + KEY + GAP, 90, KEY),
            Qt.AlignmentFlag.AlignVCenter,
            speed,
        )

    def _draw_key(self, painter: QPainter, area: QRectF, key: str, held: bool) -> None:
        theme = self._theme
        painter.setPen(QPen(QColor(theme.text if held else theme.border), 1))
        painter.setBrush(QColor(theme.strong if held else theme.window))
        painter.drawRoundedRect(area, 4, 4)
        painter.setPen(QColor(theme.on_strong if held else theme.text))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, key)
