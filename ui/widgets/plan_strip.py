"""The session's tasks side by side: which is in hand, how far each is, its attempts."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui import session_wording as wording
from ui.session_view import PlanItem
from ui.sign import Shape
from ui.theme import Theme
from ui.widgets.gate_bar import GateBar
from ui.widgets.marks import Marks
from ui.widgets.symbol import Symbol
from ui.widgets.text import ElidedLabel, set_colour


class PlanCell(QFrame):
    """One task."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._item: PlanItem | None = None
        self._symbol = Symbol(14)
        self._title = ElidedLabel(1.05, bold=True)
        self._progress = ElidedLabel(0.95)
        self._bar = GateBar(theme, 9)
        self.marks = Marks(theme)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._symbol)
        head.addWidget(self._title, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 10, 6)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self._progress)
        column.addWidget(self._bar)
        column.addWidget(self.marks)
        self.setMinimumWidth(120)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._bar.set_theme(theme)
        self.marks.set_theme(theme)
        self._dress()

    def show_item(self, item: PlanItem) -> None:
        if item == self._item:
            return
        self._item = item
        self._title.setText(wording.task_title(item.task_id))
        progress = wording.plan_progress(item)
        self._progress.setText(progress)
        if item.collecting or item.done:
            share = item.collected / item.quota if item.quota else 1.0
            self._bar.show_rate(share, practice=False)
        else:
            self._bar.show_rate(item.gate.rate, item.gate.threshold)
        self.marks.show_marks(item.marks)
        now = self.tr("now, ") if item.current else ""
        self.setAccessibleName(f"{now}{self._title.text()}: {progress}")
        self.setToolTip(f"{self._title.text()}\n{progress}\n{wording.interval(item.gate)}")
        self._dress()

    def paintEvent(self, _: QPaintEvent) -> None:
        theme = self._theme
        current = self._item is not None and self._item.current
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.text if current else theme.border), 3 if current else 1))
        painter.setBrush(QColor(theme.surface))
        painter.drawRoundedRect(self.rect().adjusted(2, 2, -2, -2), 4, 4)

    def _dress(self) -> None:
        item, theme = self._item, self._theme
        if item is None:
            return
        set_colour(self._title, theme.text)
        set_colour(self._progress, theme.text if item.current else theme.muted)
        shape = Shape.CHECK if item.done else Shape.PLAY if item.collecting else Shape.RING
        ink = theme.good if item.collecting or item.done else theme.practice_ink
        self._symbol.show_shape(shape, ink)
        self.update()


class PlanStrip(QWidget):
    """The session's tasks, in the order of the plan."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.cells: list[PlanCell] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(self.tr("Session plan"))

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for cell in self.cells:
            cell.set_theme(theme)

    def show_plan(self, plan: tuple[PlanItem, ...]) -> None:
        while len(self.cells) < len(plan):
            cell = PlanCell(self._theme, self)
            self._row.addWidget(cell, 1)
            if self.cells:
                QWidget.setTabOrder(self.cells[-1].marks, cell.marks)
            self.cells.append(cell)
        while len(self.cells) > len(plan):
            cell = self.cells.pop()
            self._row.removeWidget(cell)
            cell.deleteLater()
        for cell, item in zip(self.cells, plan, strict=True):
            cell.show_item(item)
