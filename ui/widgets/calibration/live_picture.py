"""A camera's live picture with what belongs on it: corners, coverage, or what is projected."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF

from ui.calibration_values import BoardSeen
from ui.scene_projection import Ink
from ui.theme import Theme
from ui.values import CameraFrame
from ui.verification_overlay import Pixel, VerificationOverlay
from ui.widgets.camera_view import Picture
from ui.widgets.text import scaled_font

# Over any picture: light lines with a dark edge.
SHADE = QColor(0, 0, 0, 190)
GOOD, POOR = QColor("#7CFC9A"), QColor("#ffcf4d")
WANTED = QColor(255, 255, 255)
_INKS = {
    Ink.X: QColor("#ff6b61"),
    Ink.Y: QColor("#6fe07c"),
    Ink.Z: QColor("#7fb4ff"),
    Ink.BOARD: QColor("#ffffff"),
}


class LivePicture(Picture):
    """``pressed`` has the place of a click, native pixels."""

    pressed = Signal(float, float)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._size: tuple[int, int] | None = None  # native width and height
        self._board: BoardSeen | None = None
        self._wanted: tuple[float, float] | None = None
        self._overlay: VerificationOverlay | None = None
        self._tip_seen: Pixel | None = None

    def show_frame(self, frame: CameraFrame) -> None:
        self._size = frame.pixels.shape[1], frame.pixels.shape[0]
        super().show_frame(frame)

    def show_board(
        self, board: BoardSeen | None, wanted: tuple[float, float] | None = None
    ) -> None:
        """Draw the corners that are seen, and where the board is wanted next (a share)."""
        if (board, wanted) != (self._board, self._wanted):
            self._board, self._wanted = board, wanted
            self.update()

    def show_overlay(self, overlay: VerificationOverlay | None, seen: Pixel | None = None) -> None:
        """Draw what a calibration projects, and where a person sees the tip."""
        if (overlay, seen) != (self._overlay, self._tip_seen):
            self._overlay, self._tip_seen = overlay, seen
            self.update()

    def area(self) -> QRectF | None:
        """Return where the picture is drawn, in this widget."""
        if self._size is None:
            return None
        size = QSizeF(*self._size).scaled(QSizeF(self.size()), Qt.AspectRatioMode.KeepAspectRatio)
        area = QRectF(QPointF(), size)
        area.moveCenter(QRectF(self.rect()).center())
        return area

    def mousePressEvent(self, event: QMouseEvent) -> None:
        area = self.area()
        if area is None or self._size is None or not area.contains(event.position()):
            return
        at = event.position() - area.topLeft()
        across, down = self._size[0] / area.width(), self._size[1] / area.height()
        self.pressed.emit(at.x() * across - 0.5, at.y() * down - 0.5)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        area = self.area()
        if area is None or self._size is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(area)
        if self._wanted is not None:
            self._draw_wanted(painter, area, self._wanted)
        if self._board is not None:
            self._draw_corners(painter, area, self._board)
        if self._overlay is not None:
            self._draw_overlay(painter, area, self._overlay)

    def _place(self, area: QRectF, pixel: Pixel, size: tuple[int, int]) -> QPointF:
        return QPointF(
            area.left() + (pixel[0] + 0.5) * area.width() / size[0],
            area.top() + (pixel[1] + 0.5) * area.height() / size[1],
        )

    def _draw_wanted(self, painter: QPainter, area: QRectF, at: tuple[float, float]) -> None:
        side = 0.2
        box = QRectF(0, 0, side * area.width(), side * area.height())
        box.moveCenter(
            QPointF(area.left() + at[0] * area.width(), area.top() + at[1] * area.height())
        )
        box = box.intersected(area.adjusted(3, 3, -3, -3))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((SHADE, 6), (WANTED, 2.5)):
            painter.setPen(QPen(colour, width, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(box, 6, 6)

    def _draw_corners(self, painter: QPainter, area: QRectF, board: BoardSeen) -> None:
        assert self._size is not None
        good = board.sharp and not board.sentence
        colour = GOOD if good else POOR
        places = [self._place(area, pixel, self._size) for pixel in board.pixels]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for shade in (True, False):
            painter.setPen(QPen(SHADE if shade else colour, 4.5 if shade else 2))
            for place in places:
                painter.drawEllipse(place, 4.5, 4.5)

    def _draw_overlay(self, painter: QPainter, area: QRectF, overlay: VerificationOverlay) -> None:
        size = overlay.width, overlay.height
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for shade in (True, False):
            for line in overlay.lines:
                colour = SHADE if shade else _INKS.get(line.ink, WANTED)
                painter.setPen(QPen(colour, 5 if shade else 2.2))
                places = [self._place(area, pixel, size) for pixel in line.points]
                painter.drawPolyline(QPolygonF(places))
        if overlay.tip is not None:
            tip = self._place(area, overlay.tip, size)
            for colour, width in ((SHADE, 5), (WANTED, 2)):
                painter.setPen(QPen(colour, width))
                painter.drawEllipse(tip, 11, 11)
                for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                    painter.drawLine(tip + QPointF(6 * dx, 6 * dy), tip + QPointF(17 * dx, 17 * dy))
            self._word(painter, area, tip, self.tr("gripper tip, projected"))
        if overlay.base is not None:
            base = self._place(area, overlay.base, size)
            if area.contains(base):
                self._word(painter, area, base, self.tr("base"))
        if self._tip_seen is not None:
            seen = self._place(area, self._tip_seen, size)
            for colour, width in ((SHADE, 6), (POOR, 3)):
                painter.setPen(QPen(colour, width))
                painter.drawLine(seen + QPointF(-8, -8), seen + QPointF(8, 8))
                painter.drawLine(seen + QPointF(-8, 8), seen + QPointF(8, -8))

    def _word(self, painter: QPainter, area: QRectF, at: QPointF, text: str) -> None:
        painter.setFont(scaled_font(self.font(), 1.0, bold=True))
        metrics = painter.fontMetrics()
        plate = QRectF(0, 0, metrics.horizontalAdvance(text) + 10, metrics.height() + 2)
        plate.moveTopLeft(at + QPointF(16, 12))
        plate.moveLeft(min(max(plate.left(), area.left() + 2), area.right() - plate.width() - 2))
        plate.moveTop(min(max(plate.top(), area.top() + 2), area.bottom() - plate.height() - 2))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(SHADE)
        painter.drawRoundedRect(plate, 3, 3)
        painter.setPen(WANTED)
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
