"""The shapes that go with the colours."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.sign import Shape


def draw_symbol(painter: QPainter, shape: Shape, area: QRectF, colour: QColor) -> None:
    """Draw a shape in the largest square in the middle of ``area``."""
    side = min(area.width(), area.height())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(area.center())
    painter.scale(side / 2, side / 2)  # the square is now from -1 to 1
    line = QPen(
        colour, 0.28, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    if shape in _FILLED:
        _FILLED[shape](painter)
    else:
        painter.setPen(line)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        _OUTLINED[shape](painter)
    painter.restore()


def symbol_pixmap(shape: Shape, colour: QColor, side: int, ratio: float) -> QPixmap:
    """Return a shape as a picture of ``side`` logical pixels."""
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_symbol(painter, shape, QRectF(0, 0, side, side), colour)
    painter.end()
    return pixmap


class Symbol(QWidget):
    """One shape, square. It says nothing to screen readers: the word beside it does."""

    def __init__(self, side: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._shape, self._colour = Shape.RING, QColor("#000000")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_shape(self, shape: Shape, colour: str) -> None:
        if (shape, QColor(colour)) != (self._shape, self._colour):
            self._shape, self._colour = shape, QColor(colour)
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        draw_symbol(painter, self._shape, QRectF(self.rect()), self._colour)


def _points(*points: tuple[float, float]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in points])


def _octagon() -> QPolygonF:
    angles = [math.radians(22.5 + 45 * k) for k in range(8)]
    return _points(*((0.95 * math.cos(a), 0.95 * math.sin(a)) for a in angles))


def _shoulders() -> QPainterPath:
    path = QPainterPath(QPointF(-0.8, 0.85))
    path.cubicTo(-0.8, -0.15, 0.8, -0.15, 0.8, 0.85)
    path.closeSubpath()
    return path


def _hook() -> QPainterPath:
    """The curved part of a question mark."""
    path = QPainterPath()
    path.moveTo(-0.45, -0.4)
    path.cubicTo(-0.45, -0.95, 0.5, -0.95, 0.5, -0.4)
    path.cubicTo(0.5, -0.05, 0, -0.05, 0, 0.32)
    return path


def _triangle() -> QPainterPath:
    """A triangle with the bar and the dot of its exclamation mark cut out."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    path.addPolygon(_points((0, -0.9), (0.98, 0.8), (-0.98, 0.8), (0, -0.9)))
    path.addRoundedRect(QRectF(-0.1, -0.35, 0.2, 0.62), 0.08, 0.08)
    path.addEllipse(QPointF(0, 0.53), 0.13, 0.13)
    return path


def _disc(painter: QPainter) -> None:
    painter.drawEllipse(QPointF(), 0.85, 0.85)


def _bars(painter: QPainter) -> None:
    for left in (-0.7, 0.2):
        painter.drawRoundedRect(QRectF(left, -0.8, 0.5, 1.6), 0.1, 0.1)


def _blocks(painter: QPainter) -> None:
    for left, top in ((-0.8, -0.8), (0.1, -0.8), (-0.8, 0.1), (0.1, 0.1)):
        painter.drawRoundedRect(QRectF(left, top, 0.7, 0.7), 0.1, 0.1)


def _person(painter: QPainter) -> None:
    painter.drawEllipse(QPointF(0, -0.42), 0.42, 0.42)
    painter.drawPath(_shoulders())


def _list(painter: QPainter) -> None:
    for top in (-0.7, -0.1, 0.5):
        painter.drawEllipse(QPointF(-0.72, top + 0.1), 0.13, 0.13)
        painter.drawRoundedRect(QRectF(-0.4, top, 1.25, 0.2), 0.08, 0.08)


def _ring(painter: QPainter) -> None:
    painter.drawEllipse(QPointF(), 0.72, 0.72)


def _target(painter: QPainter) -> None:
    _ring(painter)
    painter.drawPoint(QPointF())


def _clock(painter: QPainter) -> None:
    _ring(painter)
    painter.drawPolyline(_points((0, -0.42), (0, 0), (0.3, 0.2)))


def _question(painter: QPainter) -> None:
    painter.drawPath(_hook())
    painter.drawPoint(QPointF(0, 0.75))


def _cross(painter: QPainter) -> None:
    painter.drawLine(QPointF(-0.6, -0.6), QPointF(0.6, 0.6))
    painter.drawLine(QPointF(-0.6, 0.6), QPointF(0.6, -0.6))


_FILLED: dict[Shape, Callable[[QPainter], None]] = {
    Shape.DISC: _disc,
    Shape.OCTAGON: lambda painter: painter.drawPolygon(_octagon()),
    Shape.TRIANGLE: lambda painter: painter.drawPath(_triangle()),
    Shape.PLAY: lambda painter: painter.drawPolygon(
        _points((-0.6, -0.85), (0.85, 0), (-0.6, 0.85))
    ),
    Shape.BARS: _bars,
    Shape.BLOCKS: _blocks,
    Shape.PERSON: _person,
    Shape.LIST: _list,
    Shape.DASH: lambda painter: painter.drawRoundedRect(QRectF(-0.7, -0.15, 1.4, 0.3), 0.1, 0.1),
}
_OUTLINED: dict[Shape, Callable[[QPainter], None]] = {
    Shape.RING: _ring,
    Shape.TARGET: _target,
    Shape.CLOCK: _clock,
    Shape.QUESTION: _question,
    Shape.CHECK: lambda painter: painter.drawPolyline(
        _points((-0.7, 0.05), (-0.2, 0.55), (0.7, -0.5))
    ),
    Shape.CROSS: _cross,
}
