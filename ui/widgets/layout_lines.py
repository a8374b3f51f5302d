"""The drawn layout over a picture: where each object goes, where the arm starts."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPolygonF

from ui.layout_projection import LayoutOverlay
from ui.widgets.text import scaled_font

# Over any picture: light lines on dark ones.
LINE, SHADE = "#ffffff", QColor(0, 0, 0, 170)


def draw_layout(painter: QPainter, overlay: LayoutOverlay, area: QRectF, font: QFont) -> None:
    """Draw a layout over the picture that fills ``area``."""
    across, down = area.width() / overlay.width, area.height() / overlay.height

    def place(point: tuple[float, float]) -> QPointF:
        return QPointF(area.left() + point[0] * across, area.top() + point[1] * down)

    painter.save()
    painter.setClipRect(area)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(scaled_font(font, 1.0, bold=True))
    metrics = painter.fontMetrics()
    for shade in (True, False):
        colour = SHADE if shade else QColor(LINE)
        for item in overlay.objects:
            ring = QPolygonF([place(point) for point in item.ring])
            painter.setPen(QPen(colour, 5 if shade else 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPolygon(ring)
            painter.drawLine(place(item.middle), place(item.nose))
        if overlay.arm is not None:
            painter.setPen(QPen(colour, 4 if shade else 1.5, Qt.PenStyle.DashLine))
            tool = place(overlay.arm)
            if overlay.arm_foot is not None:
                painter.drawLine(tool, place(overlay.arm_foot))
            painter.setPen(QPen(colour, 5 if shade else 2))
            side = 8.0
            painter.drawPolygon(
                QPolygonF(
                    [
                        tool + QPointF(0, -side),
                        tool + QPointF(side, 0),
                        tool + QPointF(0, side),
                        tool + QPointF(-side, 0),
                    ]
                )
            )
    labels = [
        (item.name.replace("_", " "), QPolygonF([place(p) for p in item.ring]).boundingRect())
        for item in overlay.objects
    ]
    taken: list[QRectF] = []
    for text, ring in labels:
        width = metrics.horizontalAdvance(text) + 10
        plate = QRectF(0, 0, width, metrics.height() + 2)
        plate.moveCenter(QPointF(ring.center().x(), ring.bottom() + plate.height() / 2 + 4))
        plate.moveLeft(min(max(plate.left(), area.left() + 2), area.right() - width - 2))
        while any(plate.intersects(other) for other in taken):
            plate.translate(0, plate.height() + 1)
        taken.append(plate)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(SHADE)
        painter.drawRoundedRect(plate, 3, 3)
        painter.setPen(QColor(LINE))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()
