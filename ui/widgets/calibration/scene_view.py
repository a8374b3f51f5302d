"""A scene in space, to be turned with the mouse or the arrow keys."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.scene_projection import Ink, Line, Scene, Viewpoint, around
from ui.theme import DARK, Theme
from ui.widgets.text import scaled_font

TURN_KEY_RAD, TURN_PX_RAD = 0.15, 0.008
ZOOM = 0.87
# Axes in the colours every robot tool draws them in; paler by night.
_AXES = {
    Ink.X: ("#c62828", "#ff7b72"),
    Ink.Y: ("#2e7d32", "#6fd17a"),
    Ink.Z: ("#1f5fc4", "#79b0ff"),
}


class SceneView(QWidget):
    """Drag or arrow keys turn, the wheel or + and - bring nearer, Home shows all."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._scene = Scene()
        self._seen: Viewpoint | None = None
        self._chosen = False  # a person chose the viewpoint
        self._dragged: QPointF | None = None
        self.note = ""  # where there is nothing to draw
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(260, 180)
        self.setAccessibleName(self.tr("Drawing in space"))
        self.setToolTip(self.tr("Drag, or arrow keys: turn. Wheel, or + and -: nearer. Home: all."))

    def sizeHint(self) -> QSize:
        return QSize(560, 420)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_scene(self, scene: Scene, note: str = "") -> None:
        """Show a scene; the viewpoint a person chose stays for the next one of its size."""
        if scene == self._scene and note == self.note:
            return
        was_empty = self._scene.empty
        self._scene, self.note = scene, note
        if not self._chosen or was_empty:
            self._fit()
        self.setAccessibleDescription(scene.description or note)
        self.update()

    def show_all(self) -> None:
        """See the whole scene, from the side that is looked from now."""
        self._chosen = False
        self._fit()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._chosen:
            self._fit()

    def _fit(self) -> None:
        if self._scene.empty:
            self._seen = None
        else:
            self._seen = around(self._scene, self.width(), self.height(), self._seen)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._dragged = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged is None or self._seen is None:
            return
        moved = event.position() - self._dragged
        self._dragged = event.position()
        self._seen = self._seen.turned(-TURN_PX_RAD * moved.x(), TURN_PX_RAD * moved.y())
        self._chosen = True
        self.update()

    def mouseReleaseEvent(self, _: QMouseEvent) -> None:
        self._dragged = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._seen is not None:
            self._seen = self._seen.nearer(ZOOM ** (event.angleDelta().y() / 120))
            self._chosen = True
            self.update()
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        turns = {
            Qt.Key.Key_Left: (-TURN_KEY_RAD, 0.0),
            Qt.Key.Key_Right: (TURN_KEY_RAD, 0.0),
            Qt.Key.Key_Up: (0.0, TURN_KEY_RAD),
            Qt.Key.Key_Down: (0.0, -TURN_KEY_RAD),
        }
        factors = {Qt.Key.Key_Plus: ZOOM, Qt.Key.Key_Equal: ZOOM, Qt.Key.Key_Minus: 1 / ZOOM}
        key = Qt.Key(event.key())
        if self._seen is not None and key in turns:
            self._seen, self._chosen = self._seen.turned(*turns[key]), True
        elif self._seen is not None and key in factors:
            self._seen, self._chosen = self._seen.nearer(factors[key]), True
        elif key == Qt.Key.Key_Home:
            self.show_all()
        else:
            super().keyPressEvent(event)
            return
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge, width = (theme.focus, 2) if self.hasFocus() else (theme.border, 1)
        painter.setPen(QPen(QColor(edge), width))
        painter.setBrush(QColor(theme.surface))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 4, 4)
        if self._scene.empty or self._seen is None:
            painter.setPen(QColor(theme.muted))
            painter.setFont(scaled_font(self.font(), 1.2))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()).adjusted(24, 24, -24, -24), flags, self.note)
            return
        painter.setClipRect(self.rect().adjusted(3, 3, -3, -3))
        for line in self._far_first(self._seen):
            self._draw(painter, line, self._seen)
        self._draw_labels(painter, self._seen)
        self._draw_key(painter)

    def _far_first(self, seen: Viewpoint) -> list[Line]:
        """The ground first, then what is far: what is near covers it."""
        eye = np.array(seen.target) + seen.distance_m * seen.back()

        def order(line: Line) -> tuple[int, float]:
            layer = 0 if line.ink is Ink.GROUND else 2 if line.ink is Ink.LINK else 1
            middle = np.mean(np.array(line.points), axis=0)
            return layer, -float(np.linalg.norm(middle - eye))

        return sorted(self._scene.lines, key=order)

    def _draw(self, painter: QPainter, line: Line, seen: Viewpoint) -> None:
        places = seen.project(line.points, self.width(), self.height())
        if not np.isfinite(places).all():
            return
        colour = self._colour(line.ink)
        polygon = QPolygonF([QPointF(float(x), float(y)) for x, y in places])
        style = Qt.PenStyle.DashLine if line.dashed else Qt.PenStyle.SolidLine
        cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        painter.setPen(QPen(colour, line.width, style, cap, join))
        if line.filled:
            painter.setBrush(colour)
            painter.drawPolygon(polygon)
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(polygon)
        if line.arrow:
            self._draw_head(painter, places[-2], places[-1], colour)

    def _draw_head(
        self, painter: QPainter, start: np.ndarray, end: np.ndarray, colour: QColor
    ) -> None:
        way = end - start
        length = float(np.linalg.norm(way))
        if length < 12:
            return
        along = way / length
        across = np.array([-along[1], along[0]])
        corners = (end, end - 14 * along + 6 * across, end - 14 * along - 6 * across)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawPolygon(QPolygonF([QPointF(float(x), float(y)) for x, y in corners]))

    def _draw_labels(self, painter: QPainter, seen: Viewpoint) -> None:
        theme = self._theme
        taken: list[QRectF] = []
        ordered = sorted(self._scene.labels, key=lambda label: not label.strong)
        for label in ordered:
            place = seen.project([label.point], self.width(), self.height())[0]
            if not np.isfinite(place).all():
                continue
            painter.setFont(scaled_font(self.font(), 1.0, bold=label.strong))
            metrics = painter.fontMetrics()
            size = QRectF(0, 0, metrics.horizontalAdvance(label.text) + 8, metrics.height() + 2)
            free = self._free_place(size, float(place[0]), float(place[1]), taken, label.strong)
            if not free:
                continue
            taken.append(size)
            plate = QColor(theme.surface)
            plate.setAlpha(225)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(plate)
            painter.drawRoundedRect(size, 3, 3)
            painter.setPen(QColor(theme.text if label.strong else theme.muted))
            painter.drawText(size, Qt.AlignmentFlag.AlignCenter, label.text)

    def _free_place(
        self, plate: QRectF, x: float, y: float, taken: list[QRectF], insist: bool
    ) -> bool:
        """Move a label's plate beside its point; return whether there is room for it."""
        wide, high = plate.width(), plate.height()
        corners = [(8, 4), (8, -high - 4), (-wide - 8, 4), (-wide - 8, -high - 4)]
        further = [(8, 4 + step * (high + 1)) for step in range(1, 12)] if insist else []
        for dx, dy in [*corners, *further]:
            plate.moveTopLeft(QPointF(x + dx, y + dy))
            if insist:
                plate.moveLeft(min(max(plate.left(), 6), self.width() - wide - 6))
            if not any(plate.intersects(other) for other in taken):
                return True
        return insist

    def _draw_key(self, painter: QPainter) -> None:
        """Which colour is which axis."""
        painter.setFont(scaled_font(self.font(), 0.95, bold=True))
        metrics = painter.fontMetrics()
        left, y = 14.0, self.height() - 10.0 - metrics.height()
        for ink, letter in ((Ink.X, "x"), (Ink.Y, "y"), (Ink.Z, "z")):
            colour = self._colour(ink)
            painter.setPen(QPen(colour, 3))
            middle = y + metrics.height() / 2
            painter.drawLine(QPointF(left, middle), QPointF(left + 16, middle))
            painter.setPen(colour)
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(QRectF(left + 21, y, 20, metrics.height()), flags, letter)
            left += 44

    def _colour(self, ink: Ink) -> QColor:
        theme = self._theme
        night = theme == DARK
        if ink in _AXES:
            return QColor(_AXES[ink][1 if night else 0])
        return QColor(
            {
                Ink.GROUND: "#3a3a3a" if night else "#dcdcdc",
                Ink.ARM: theme.text,
                Ink.CAMERA: theme.practice_ink,
                Ink.BOARD: theme.muted,
                Ink.LINK: theme.abnormal,
                Ink.FAINT: "#555555" if night else "#c9c9c9",
            }[ink]
        )
