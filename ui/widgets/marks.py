"""Attempts as marks in a row: shape and colour say what became of each."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ui import session_wording
from ui.session_view import MarkKind, MarkView
from ui.sign import Shape
from ui.theme import Theme
from ui.widgets.symbol import draw_symbol

SIDE = 18
GAP = 4
MARK_SHAPES = {
    MarkKind.SUCCESS: Shape.CHECK,
    MarkKind.CONTRADICTED: Shape.TRIANGLE,
    MarkKind.FAILURE: Shape.CROSS,
    MarkKind.DISCARDED: Shape.DASH,
    MarkKind.INTERRUPTED: Shape.TRIANGLE,
    MarkKind.UNLABELLED: Shape.QUESTION,
    MarkKind.RECORDING: Shape.DISC,
}


def mark_colour(kind: MarkKind, theme: Theme) -> str:
    """Return the colour that goes with the shape."""
    return {
        MarkKind.SUCCESS: theme.good,
        MarkKind.DISCARDED: theme.muted,
        MarkKind.RECORDING: theme.text,
        MarkKind.UNLABELLED: theme.text,
        MarkKind.FAILURE: theme.text,
    }.get(kind, theme.abnormal)


class Marks(QWidget):
    """The newest attempts, as many as fit, the newest at the right.

    A tile behind a mark says that it was collected; one without was practice.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._marks: tuple[MarkView, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.show_marks(())

    def sizeHint(self) -> QSize:
        return QSize(10 * (SIDE + GAP), SIDE + 4)

    def minimumSizeHint(self) -> QSize:
        return QSize(3 * (SIDE + GAP), SIDE + 4)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_marks(self, marks: tuple[MarkView, ...]) -> None:
        if marks == self._marks and self.accessibleDescription():
            return
        self._marks = marks
        text = session_wording.marks_text(marks)
        self.setToolTip(text)
        self.setAccessibleName(self.tr("Attempts of this session"))
        self.setAccessibleDescription(text)
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            place = self.mapToGlobal(QPoint(0, self.height()))
            QToolTip.showText(place, self.toolTip(), self)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        QToolTip.hideText()
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = max(1, (self.width() - 2) // (SIDE + GAP))
        shown = self._marks[-room:]
        if len(shown) < len(self._marks):  # the first place says that there are more
            shown = shown[1:]
        left = 2.0
        painter.setPen(QColor(theme.muted))
        if len(shown) < len(self._marks):
            area = QRectF(0, 0, SIDE + GAP, self.height())
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "…")
            left += SIDE + GAP
        elif not shown:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, "–")
        for mark in shown:
            tile = QRectF(left, (self.height() - SIDE) / 2, SIDE, SIDE)
            if mark.collected:
                painter.setPen(QPen(QColor(theme.muted), 1))
                painter.setBrush(QColor(theme.window))
                painter.drawRoundedRect(tile, 3, 3)
            colour = QColor(mark_colour(mark.kind, theme))
            draw_symbol(painter, MARK_SHAPES[mark.kind], tile.adjusted(3, 3, -3, -3), colour)
            left += SIDE + GAP
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)
