"""How each stream of the station runs, a cell each."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QFocusEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from ui import wording
from ui.sign import Shape
from ui.station_view import EXPECTED_NODES, CellState, CellView
from ui.theme import Theme
from ui.widgets.symbol import Symbol
from ui.widgets.text import ElidedLabel, set_colour

_SHAPES = {
    CellState.OK: Shape.CHECK,
    CellState.WARNING: Shape.TRIANGLE,
    CellState.ERROR: Shape.CROSS,
    CellState.STALE: Shape.CROSS,
    CellState.SILENT: Shape.CROSS,
    CellState.UNHEARD: Shape.RING,
}
_WORDED = (CellState.WARNING, CellState.ERROR, CellState.STALE)
_BROKEN = (CellState.ERROR, CellState.STALE, CellState.SILENT)


class HealthCell(QFrame):
    """One stream. All figures are in its tooltip, which the keyboard's focus shows too."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._view: CellView | None = None
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._symbol = Symbol(16)
        self._title = ElidedLabel(1.0, bold=True)
        self._word = ElidedLabel(1.0, droppable=True)
        self._word.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._main = ElidedLabel(1.3)
        self._figures = ElidedLabel(0.95, lines=2)
        self._sentence = ElidedLabel(0.95, lines=3)
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(self._symbol)
        head.addWidget(self._title, 1)
        head.addWidget(self._word)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        column.setSpacing(3)
        column.addLayout(head)
        column.addWidget(self._main)
        column.addWidget(self._figures)
        column.addWidget(self._sentence)
        column.addStretch(1)
        # Every cell is as high as the fullest, so that nothing moves when a stream fails.
        heights = (self._title, self._main, self._figures, self._figures)
        self.setFixedHeight(sum(label.sizeHint().height() for label in heights) + 16 + 9)
        self.setMinimumWidth(110)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        if self._view is not None:
            self._paint_state(self._view.state)

    def show_view(self, view: CellView) -> None:
        if view == self._view:
            return
        before, self._view = self._view, view
        self._title.setText(wording.node_title(view.node))
        word = wording.cell_word(view)
        self._title.setMinimumWidth(min(self._title.sizeHint().width(), 100))
        self._word.setText(word if view.state in _WORDED else "")
        main, figures = wording.cell_main(view), wording.cell_figures(view)
        sentence = wording.cell_sentence(view)
        self._main.setText(main)
        self._main.setVisible(bool(main) and not (sentence and view.state is CellState.ERROR))
        self._figures.setText(figures)
        self._figures.setVisible(bool(figures) and not sentence)
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        details = wording.cell_details(view)
        self.setToolTip(details)
        if before is None or before.state is not view.state or before.node != view.node:
            self.setAccessibleName(f"{self._title.text()}: {word}")
            self._paint_state(view.state)
        self.setAccessibleDescription(details)

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
        theme, state = self._theme, self._view.state if self._view else CellState.UNHEARD
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPen(QColor(theme.border), 1)
        if state is CellState.WARNING:
            outline = QPen(QColor(theme.abnormal), 2)
        if state in _BROKEN:
            outline = QPen(QColor(theme.alert), 1)
        if self.hasFocus():
            outline = QPen(QColor(theme.focus), 2)
        painter.setPen(outline)
        painter.setBrush(QColor(theme.alert if state in _BROKEN else theme.surface))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)

    def _paint_state(self, state: CellState) -> None:
        theme = self._theme
        broken = state in _BROKEN
        ink = theme.on_alert if broken else theme.text
        quiet = theme.on_alert if broken else theme.muted
        mark = {CellState.WARNING: theme.abnormal}.get(state, quiet)
        ink = theme.muted if state is CellState.UNHEARD else ink
        for label in (self._title, self._main, self._sentence):
            set_colour(label, ink)
        set_colour(self._figures, quiet)
        set_colour(self._word, mark)
        self._symbol.show_shape(_SHAPES[state], mark)
        self.update()


class HealthStrip(QWidget):
    """The cells of the nodes that a station has, and of what else reports."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.cells: list[HealthCell] = []
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self.setAccessibleName(self.tr("Health of the streams"))
        self.show_views(tuple(CellView(node, CellState.UNHEARD) for node in EXPECTED_NODES))

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for cell in self.cells:
            cell.set_theme(theme)

    def show_views(self, views: tuple[CellView, ...]) -> None:
        while len(self.cells) < len(views):
            cell = HealthCell(self._theme, self)
            self._row.addWidget(cell, 1)
            if self.cells:
                QWidget.setTabOrder(self.cells[-1], cell)
            self.cells.append(cell)
        while len(self.cells) > len(views):
            cell = self.cells.pop()
            self._row.removeWidget(cell)
            cell.deleteLater()
        for cell, view in zip(self.cells, views, strict=True):
            cell.show_view(view)
