"""The two plots of a session's end: success of each task, time of each attempt."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui import session_wording as wording
from ui.sign import Shape
from ui.summary_view import SummaryView
from ui.theme import Theme
from ui.widgets.symbol import draw_symbol
from ui.widgets.text import scaled_font


class _Plot(QWidget):
    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.view: SummaryView | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(280, 140)

    def sizeHint(self) -> QSize:
        return QSize(480, 260)

    def show_view(self, view: SummaryView) -> None:
        self.view = view
        self.update()

    def begin(self, title: str) -> tuple[QPainter, QRectF]:
        """Draw the title; return the painter and the room that is left."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(scaled_font(self.font(), 1.1, bold=True))
        painter.setPen(QColor(self.theme.text))
        height = painter.fontMetrics().height()
        painter.drawText(QRectF(0, 0, self.width(), height), title)
        painter.setFont(scaled_font(self.font(), 1.0))
        return painter, QRectF(0, height + 8, self.width(), self.height() - height - 8)


class SuccessPlot(_Plot):
    """A bar a task: share of its labelled attempts that succeeded."""

    def paintEvent(self, _: QPaintEvent) -> None:
        painter, room = self.begin(self.tr("Success by task"))
        if self.view is None:
            return
        theme, metrics = self.theme, painter.fontMetrics()
        tasks = self.view.tasks
        row = min(54.0, room.height() / max(1, len(tasks)))
        numbers = 130.0
        for number, task in enumerate(tasks):
            top = room.top() + number * row
            name = metrics.elidedText(
                wording.task_title(task.task_id),
                Qt.TextElideMode.ElideRight,
                int(room.width() - numbers),
            )
            painter.setPen(QColor(theme.text))
            line = QRectF(0, top, room.width(), metrics.height())
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft, name)
            said = self.tr("{0} of {1}").format(task.successes, task.labelled)
            if not task.labelled:
                said = self.tr("no attempt")
            painter.setPen(QColor(theme.muted))
            painter.drawText(line, Qt.AlignmentFlag.AlignRight, said)
            bar = QRectF(0.5, top + metrics.height() + 2, room.width() - 1, max(6.0, row * 0.22))
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.setBrush(QColor(theme.window))
            painter.drawRoundedRect(bar, 2, 2)
            if task.successes:
                filled = QRectF(bar)
                filled.setWidth(bar.width() * task.successes / task.labelled)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(theme.good))
                painter.drawRoundedRect(filled, 2, 2)


class TimePlot(_Plot):
    """A mark an attempt: how long it took, and what became of it."""

    def paintEvent(self, _: QPaintEvent) -> None:
        painter, room = self.begin(self.tr("Time of each attempt, s"))
        if self.view is None:
            return
        theme, metrics = self.theme, painter.fontMetrics()
        points = self.view.points
        if not points:
            painter.setPen(QColor(theme.muted))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, self.tr("No attempt was labelled"))
            return
        step, top_value = _scale(max(point.seconds for point in points))
        left = metrics.horizontalAdvance(f"{top_value:g}") + 10.0
        line = metrics.height()
        last = max(point.number for point in points)
        right = 10.0 + metrics.horizontalAdvance(str(last)) / 2
        area = QRectF(
            room.left() + left,
            room.top() + 6,
            room.width() - left - right,
            room.height() - line - 18,
        )
        count = round(top_value / step)
        for tick in range(count + 1):
            y = area.bottom() - area.height() * tick / count
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(theme.muted))
            painter.drawText(
                QRectF(0, y - line / 2, left - 6, line),
                Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
                f"{tick * step:g}",
            )
        for number in sorted({1, (last + 1) // 2, last}):
            x = area.left() + area.width() * _share(number, last)
            painter.drawText(
                QRectF(x - 40, area.bottom() + 8, 80, line),
                Qt.AlignmentFlag.AlignCenter,
                str(number),
            )
        side = max(7.0, min(13.0, area.width() / max(1, last)))
        for point in points:
            x = area.left() + area.width() * _share(point.number, last)
            y = area.bottom() - area.height() * point.seconds / top_value
            shape = Shape.CHECK if point.success else Shape.CROSS
            colour = QColor(theme.good if point.success else theme.text)
            draw_symbol(painter, shape, QRectF(x - side / 2, y - side / 2, side, side), colour)


def _share(number: int, last: int) -> float:
    return (number - 1) / (last - 1) if last > 1 else 0.5


def _scale(largest: float) -> tuple[float, float]:
    """Return the step of an axis and its end: at most five round steps."""
    rough = max(largest, 1.0) / 4
    power = 10 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough)
    return step, step * math.ceil(max(largest, 1.0) / step)
