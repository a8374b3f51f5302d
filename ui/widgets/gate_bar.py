"""How far a task is: the success rate against the gate, or demonstrations against the block."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.theme import Theme


class GateBar(QWidget):
    """A bar from 0 to 1 with a threshold and the interval of what it shows."""

    def __init__(self, theme: Theme, height: int = 14, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._height = height
        self._share = 0.0
        self._threshold: float | None = None
        self._bounds: tuple[float, float] | None = None
        self._practice = True
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(160, self._height)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_rate(
        self,
        share: float,
        threshold: float | None = None,
        bounds: tuple[float, float] | None = None,
        practice: bool = True,
    ) -> None:
        """Show a share; ``bounds`` of the true one where it is a rate."""
        shown = (share, threshold, bounds, practice)
        if shown != (self._share, self._threshold, self._bounds, self._practice):
            self._share, self._threshold, self._bounds, self._practice = shown
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        radius = area.height() / 4
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.setBrush(QColor(theme.window))
        painter.drawRoundedRect(area, radius, radius)
        share = min(max(self._share, 0.0), 1.0)
        filled = QRectF(area.left(), area.top(), area.width() * share, area.height())
        if share > 0:
            colour = QColor(theme.practice_ink if self._practice else theme.good)
            painter.setPen(Qt.PenStyle.NoPen)
            if self._practice:  # hatched as the banner's edge is: practice does not count
                painter.setBrush(QColor(theme.surface))
                painter.drawRoundedRect(filled, radius, radius)
                painter.setBrush(Qt.BrushStyle.BDiagPattern)
                brush = painter.brush()
                brush.setColor(colour)
                painter.setBrush(brush)
                painter.setPen(QPen(colour, 1))
            else:
                painter.setBrush(colour)
            painter.drawRoundedRect(filled, radius, radius)
        if self._bounds is not None:
            low, high = (area.left() + area.width() * bound for bound in self._bounds)
            middle = area.center().y()
            painter.setPen(QPen(QColor(theme.text), 1.5))
            painter.drawLine(QPointF(low, middle), QPointF(high, middle))
            for x in (low, high):
                painter.drawLine(QPointF(x, middle - 3), QPointF(x, middle + 3))
        if self._threshold is not None:
            x = area.left() + area.width() * self._threshold
            painter.setPen(QPen(QColor(theme.text), 2.5))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
