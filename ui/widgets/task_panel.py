"""The task in hand: what to do, how far it is, how to lay the scene out, why this one."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from ui import session_wording as wording
from ui.feedback_view import FeedbackView
from ui.session_view import TaskView
from ui.sign import Shape
from ui.theme import Theme
from ui.widgets.feedback_panel import FeedbackPanel
from ui.widgets.gate_bar import GateBar
from ui.widgets.symbol import draw_symbol
from ui.widgets.text import ElidedLabel, scaled_font, set_colour
from ui.wording import sentence

MARGIN, SIDE, SPACING = 10, 14, 4
# Of the smallest window's panel; one that is larger both ways writes larger, up to a limit.
WIDTH, HEIGHT, MOST_ZOOM = 364, 370, 1.3


class PhaseTag(QWidget):
    """Practice: hollow, in blue, dashed. Collection: filled, in green."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._phase = ""
        self.setFont(scaled_font(self.font(), 1.0, bold=True))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def show_phase(self, phase: str) -> None:
        if phase != self._phase:
            self._phase = phase
            self.setAccessibleName(wording.phase_word(phase))
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        text = wording.phase_word(self._phase)
        return QSize(metrics.horizontalAdvance(text) + 44, metrics.height() + 10)

    def paintEvent(self, _: QPaintEvent) -> None:
        if not self._phase:
            return
        theme = self._theme
        practice = self._phase == wording.PRACTICE
        ink = QColor(theme.practice_ink if practice else theme.on_ready)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if practice:
            painter.setPen(QPen(ink, 1.5, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.ready))
        painter.drawRoundedRect(area, 4, 4)
        side = self.fontMetrics().height() * 0.75
        mark = QRectF(area.left() + 10, area.center().y() - side / 2, side, side)
        draw_symbol(painter, Shape.RING if practice else Shape.PLAY, mark, ink)
        painter.setPen(ink)
        text = area.adjusted(18 + side, 0, 0, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, wording.phase_word(self._phase))


class TaskPanel(QFrame):
    """All of a task that an operator has to know, and in practice how it goes.

    Where there is no room for all of it, the least needed yields first, a line at a time.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tag = PhaseTag(theme)
        self._title = ElidedLabel(1.05)
        self._title.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._instruction = ElidedLabel(1.5, bold=True, lines=3)
        self._gate = ElidedLabel(1.1, bold=True, lines=2)
        self._bar = GateBar(theme)
        self._interval = ElidedLabel(0.9)
        self._remark = ElidedLabel(1.0, bold=True, lines=2)
        self._layout_head = self._head(self.tr("Lay out"))
        self._directions = ElidedLabel(1.0, lines=7)
        self._criterion_head = self._head(self.tr("Success is"))
        self._criterion = ElidedLabel(1.0, lines=3)
        self._why_head = self._head(self.tr("Why this task"))
        self._why = ElidedLabel(0.95, lines=3)
        self.feedback = FeedbackPanel(theme)
        self._parts: tuple[QWidget, ...] = (
            self._instruction,
            self._gate,
            self._bar,
            self._interval,
            self._remark,
            self.feedback,
            self._layout_head,
            self._directions,
            self._criterion_head,
            self._criterion,
            self._why_head,
            self._why,
        )
        for part in (self._tag, self._title, *self._parts):
            part.setParent(self)
        self.set_theme(theme)

    def _head(self, text: str) -> ElidedLabel:
        label = ElidedLabel(0.9, bold=True)
        label.setText(text)
        return label

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._tag.set_theme(theme)
        self._bar.set_theme(theme)
        self.feedback.set_theme(theme)
        for label in (self._instruction, self._gate, self._directions, self._criterion):
            set_colour(label, theme.text)
        heads = (self._layout_head, self._criterion_head, self._why_head)
        for label in (self._title, self._interval, self._why, *heads):
            set_colour(label, theme.muted)
        set_colour(self._remark, theme.abnormal)
        self.update()

    def show_task(self, view: TaskView | None, feedback: FeedbackView | None) -> None:
        """Show a task, and in practice the attempt that runs or the last one."""
        if view is None:
            return
        self._tag.show_phase(view.phase)
        self._title.setText(wording.task_title(view.task_id))
        self._instruction.setText(wording.task_title(view.instruction))
        self._gate.setText(wording.gate_headline(view))
        practice = view.phase == wording.PRACTICE
        gate = view.gate
        if practice and gate is not None:
            bounds = (gate.low, gate.high) if gate.attempts else None
            self._bar.show_rate(gate.rate, gate.threshold, bounds)
            self._interval.setText(wording.interval(gate))
        else:
            share = view.block_done / view.block_length if view.block_length else 0.0
            self._bar.show_rate(share, practice=False)
            self._interval.setText(wording.interval(gate) if gate is not None else "")
        self._remark.setText(sentence(view.remark))
        # While an attempt runs nothing is laid out; its figures take the room.
        live = feedback is not None and feedback.live
        self._directions.setText("" if live else "\n".join(view.directions))
        self._criterion.setText(view.criterion)
        self._why.setText(view.reason)
        self.feedback.setVisible(feedback is not None)
        if feedback is not None:
            self.feedback.show_view(feedback)
        self._fit()
        self.setAccessibleName(f"{wording.phase_word(view.phase)}: {self._instruction.text()}")
        self.setAccessibleDescription(
            " ".join((self._gate.text(), *view.directions, view.criterion, view.reason))
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._zoom(min(self.width() / WIDTH, self.height() / HEIGHT))
        self._fit()

    def _zoom(self, wanted: float) -> None:
        zoom = min(MOST_ZOOM, max(1.0, round(20 * wanted) / 20))
        self._tag.setFont(scaled_font(self.font(), zoom, bold=True))
        for part in (self._title, *self._parts):
            if isinstance(part, ElidedLabel | FeedbackPanel):
                part.set_zoom(zoom)

    def _fit(self) -> None:
        """Give each text as many lines as there is room for, and each part its place."""
        lines = {self._instruction: 3, self._gate: 2, self._remark: 2}
        lines |= {self._directions: 9, self._criterion: 4, self._why: 4}
        self.feedback.show_rows(2)
        self._apply(lines)
        # What yields, down to how many lines, in this order.
        for label, least in (
            (self._why, 2),
            (self._criterion, 2),
            (self._directions, 5),
            (None, 1),
            (self._why, 0),
            (self._directions, 3),
            (self._criterion, 0),
            (self._instruction, 2),
            (self._remark, 1),
            (self._directions, 2),
        ):
            if label is None:
                if self._place() > self.height():
                    self.feedback.show_rows(1)
                continue
            lines[label] = min(lines[label], self._used(label))
            while lines[label] > least and self._place() > self.height():
                lines[label] -= 1
                self._apply(lines)
        self._place()

    def _place(self) -> int:
        """Put every part that is shown in its place; return the height that all take."""
        left, width = SIDE, self.width() - 2 * SIDE
        tag = self._tag.sizeHint()
        self._tag.setGeometry(left, MARGIN, tag.width(), tag.height())
        beside = left + tag.width() + 6
        self._title.setGeometry(beside, MARGIN, self.width() - SIDE - beside, tag.height())
        top = MARGIN + tag.height() + SPACING
        for part in self._parts:
            if not part.isHidden():
                height = self._height_of(part, width)
                part.setGeometry(left, top, width, height)
                top += height + SPACING
        return top - SPACING + MARGIN

    def _height_of(self, part: QWidget, width: int) -> int:
        if part is self.feedback:
            return self.feedback.height_for(width)
        if part.hasHeightForWidth():
            return part.heightForWidth(width)
        return part.sizeHint().height()

    def _apply(self, lines: Mapping[ElidedLabel, int]) -> None:
        heads = {
            self._directions: self._layout_head,
            self._criterion: self._criterion_head,
            self._why: self._why_head,
        }
        for label, count in lines.items():
            label.set_lines(max(1, count))
            shown = bool(label.text()) and count > 0
            label.setVisible(shown)
            if label in heads:
                heads[label].setVisible(shown)

    def _used(self, label: ElidedLabel) -> int:
        width = self.width() - 2 * SIDE
        return max(1, label.heightForWidth(width) // label.fontMetrics().height())

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.border), 1))
        painter.setBrush(QColor(self._theme.surface))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)
