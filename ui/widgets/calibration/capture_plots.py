"""What a capture has covered: the image, the orientations, and how each view fits."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from calibration.excitation import AIM_RAD
from calibration.image_coverage import CORNERS_PER_CELL, COVERED_SHARE
from ui.calibration_values import CaptureFigures, ViewTaken
from ui.sign import Shape
from ui.theme import Theme
from ui.widgets.symbol import draw_symbol
from ui.widgets.text import scaled_font

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class CapturePlot(QWidget):
    """A title, a word beside it, and a drawing below."""

    def __init__(self, theme: Theme, high: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.figures = CaptureFigures()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, high)

    def sizeHint(self) -> QSize:
        return QSize(380, self.minimumHeight())

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.update()

    def show_figures(self, figures: CaptureFigures) -> None:
        if figures != self.figures:
            self.figures = figures
            self.setAccessibleDescription(self.word())
            self.update()

    def word(self) -> str:
        """Return what stands beside the title."""
        raise NotImplementedError

    def begin(self, title: str) -> tuple[QPainter, QRectF]:
        """Draw title and word; return the painter and the room that is left."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(scaled_font(self.font(), 1.05, bold=True))
        painter.setPen(QColor(self.theme.text))
        height = painter.fontMetrics().height()
        line = QRectF(0, 0, self.width(), height)
        painter.drawText(line, _LEFT, title)
        painter.setFont(scaled_font(self.font(), 1.0))
        painter.setPen(QColor(self.theme.muted))
        painter.drawText(line, _RIGHT, self.word())
        return painter, QRectF(0, height + 5, self.width(), self.height() - height - 5)

    def say_nothing_yet(self, painter: QPainter, room: QRectF) -> None:
        painter.setPen(QColor(self.theme.muted))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, self.tr("Nothing yet"))


class CoverageMap(CapturePlot):
    """Where in the picture the board was: a cell is full once enough corners were in it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, 120, parent)
        self.setAccessibleName(self.tr("Picture covered"))

    def word(self) -> str:
        share = self.figures.coverage_share
        if share is None:
            return ""
        return self.tr("{0} of {1} %").format(round(100 * share), round(100 * COVERED_SHARE))

    def paintEvent(self, _: QPaintEvent) -> None:
        painter, room = self.begin(self.tr("Picture covered"))
        grid = self.figures.coverage
        if not grid:
            self.say_nothing_yet(painter, room)
            return
        theme = self.theme
        rows, columns = len(grid), len(grid[0])
        high = min(room.height(), room.width() * 0.62)
        wide = min(room.width(), high * 1.6)
        area = QRectF(room.left(), room.top(), wide, high)
        area.moveCenter(QPointF(room.center().x(), area.center().y()))
        across, down = area.width() / columns, area.height() / rows
        full = QColor(theme.good)
        for row, counts in enumerate(grid):
            for column, count in enumerate(counts):
                cell = QRectF(
                    area.left() + column * across, area.top() + row * down, across, down
                ).adjusted(1, 1, -1, -1)
                share = min(1.0, count / CORNERS_PER_CELL)
                colour = QColor(theme.window)
                if share > 0:
                    full.setAlphaF(0.15 + 0.45 * share if share < 1 else 0.9)
                    colour = full
                painter.setPen(QPen(QColor(theme.border), 1))
                painter.setBrush(QColor(theme.window))
                painter.drawRect(cell)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(colour)
                painter.drawRect(cell)
        place = self.figures.wanted_place
        if place is not None:
            at = QPointF(
                area.left() + place[0] * area.width(), area.top() + place[1] * area.height()
            )
            side = min(across, down) * 0.62
            draw_symbol(
                painter,
                Shape.TARGET,
                QRectF(at.x() - side / 2, at.y() - side / 2, side, side),
                QColor(theme.text),
            )


class ExcitationBars(CapturePlot):
    """How much the tool was turned about each of its axes, against the aim."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, 104, parent)
        self.setAccessibleName(self.tr("Rotation of the tool"))

    def word(self) -> str:
        turned = self.figures.excitation_rad
        if turned is None:
            return ""
        reached = sum(value >= AIM_RAD for value in turned)
        return self.tr("{0} of 3 axes at {1}° RMS").format(reached, round(math.degrees(AIM_RAD)))

    def paintEvent(self, _: QPaintEvent) -> None:
        painter, room = self.begin(self.tr("Rotation of the tool"))
        theme = self.theme
        turned = self.figures.excitation_rad or (0.0, 0.0, 0.0)
        row = min(34.0, room.height() / 3)
        left, right = 34.0, 46.0
        top_rad = 1.5 * AIM_RAD
        for number, (axis, value) in enumerate(zip("xyz", turned, strict=True)):
            line = QRectF(room.left(), room.top() + number * row, room.width(), row)
            painter.setPen(QColor(theme.text))
            painter.setFont(scaled_font(self.font(), 1.05, bold=True))
            painter.drawText(line.adjusted(4, 0, 0, 0), _LEFT, axis)
            bar = QRectF(left, line.center().y() - 6, line.width() - left - right, 12)
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.setBrush(QColor(theme.window))
            painter.drawRoundedRect(bar, 2, 2)
            reached = value >= AIM_RAD
            filled = QRectF(bar)
            filled.setWidth(bar.width() * min(1.0, value / top_rad))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.good if reached else theme.muted))
            painter.drawRoundedRect(filled, 2, 2)
            aim = bar.left() + bar.width() * AIM_RAD / top_rad
            painter.setPen(QPen(QColor(theme.text), 2))
            painter.drawLine(QPointF(aim, bar.top() - 4), QPointF(aim, bar.bottom() + 4))
            if reached:
                draw_symbol(
                    painter,
                    Shape.CHECK,
                    QRectF(17, line.center().y() - 6, 12, 12),
                    QColor(theme.good),
                )
            painter.setPen(QColor(theme.text))
            painter.setFont(scaled_font(self.font(), 1.0))
            painter.drawText(line, _RIGHT, f"{math.degrees(value):.0f}°")


class ViewMarks(CapturePlot):
    """A bar a view: how far its corners are from where the solution has them."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, 110, parent)
        self.setAccessibleName(self.tr("Views and their residuals"))

    def word(self) -> str:
        left_out = [view.name for view in self.figures.views if not view.used]
        if left_out:
            return self.tr("left out: {0}").format(", ".join(left_out))
        return self.tr("px RMS")

    def paintEvent(self, _: QPaintEvent) -> None:
        painter, room = self.begin(self.tr("Views and their residuals"))
        views = self.figures.views
        if not views:
            self.say_nothing_yet(painter, room)
            return
        theme = self.theme
        metrics = painter.fontMetrics()
        known = [view.residual_px for view in views if view.residual_px is not None]
        top = max([1.0, *[1.15 * value for value in known if value < 50]])
        axis = 34.0
        area = QRectF(
            axis, room.top() + 3, room.width() - axis, room.height() - metrics.height() - 6
        )
        for share in (0.0, 0.5, 1.0):
            y = area.bottom() - share * area.height()
            painter.setPen(QPen(QColor(theme.border), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(theme.muted))
            painter.drawText(QRectF(0, y - 8, axis - 6, 16), _RIGHT, f"{share * top:.1f}")
        wide = min(26.0, area.width() / len(views))
        every = max(1, math.ceil(24.0 / wide))
        for number, view in enumerate(views):
            column = QRectF(area.left() + number * wide, area.top(), wide, area.height())
            self._draw_view(painter, view, column, top)
            if number % every == 0 or (number == len(views) - 1 and number % every > every / 2):
                painter.setPen(QColor(theme.muted))
                place = QRectF(column.center().x() - 20, area.bottom() + 3, 40, metrics.height())
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, view.name.lstrip("0"))

    def _draw_view(self, painter: QPainter, view: ViewTaken, column: QRectF, top: float) -> None:
        theme = self.theme
        side = max(4.0, min(11.0, column.width() - 2))
        if view.residual_px is None:
            mark = QRectF(0, 0, side, side)
            mark.moveCenter(QPointF(column.center().x(), column.bottom() - side / 2 - 1))
            draw_symbol(painter, Shape.RING, mark, QColor(theme.muted))
            return
        share = min(1.0, view.residual_px / top)
        bar = column.adjusted(column.width() * 0.2, 0, -column.width() * 0.2, 0)
        bar.setTop(bar.bottom() - max(2.0, share * bar.height()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.muted if view.used else theme.abnormal))
        painter.drawRect(bar)
        if not view.used:
            mark = QRectF(0, 0, side, side)
            mark.moveCenter(
                QPointF(column.center().x(), max(column.top() + side / 2, bar.top() - side))
            )
            draw_symbol(painter, Shape.CROSS, mark, QColor(theme.abnormal))
