"""Rows with a mark, a title and what to do: checks before, findings after."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ui.sign import Shape
from ui.theme import Theme
from ui.widgets.calibration.card import ground
from ui.widgets.symbol import Symbol
from ui.widgets.text import ElidedLabel, set_colour

_SHAPES = {"ok": Shape.CHECK, "warning": Shape.TRIANGLE, "refused": Shape.CROSS}


@dataclass(frozen=True)
class FindingRow:
    """One row; ``level`` is ok, warning, refused or empty, ``spoken`` its word."""

    level: str
    title: str
    text: str
    spoken: str = ""


class _Row(QWidget):
    def __init__(self, row: FindingRow, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        symbol = Symbol(20)
        title = ElidedLabel(1.1, bold=True)
        title.setText(row.title)
        text = ElidedLabel(1.05, lines=8)
        text.setText(row.text)
        text.setVisible(bool(row.text))
        lines = QVBoxLayout()
        lines.setSpacing(1)
        if row.title:
            lines.addWidget(title)
        lines.addWidget(text)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 5, 8, 5)
        layout.setSpacing(12)
        layout.addWidget(symbol, alignment=Qt.AlignmentFlag.AlignTop)
        layout.addLayout(lines, 1)
        ink = {"ok": theme.good, "warning": theme.abnormal, "refused": theme.abnormal}
        symbol.show_shape(_SHAPES.get(row.level, Shape.RING), ink.get(row.level, theme.muted))
        set_colour(title, theme.text)
        set_colour(text, theme.muted if row.level in ("ok", "") and row.title else theme.text)
        self.setAccessibleName(": ".join(part for part in (row.title, row.spoken) if part))
        self.setAccessibleDescription(row.text)


class FindingsList(QScrollArea):
    """Rows that can be scrolled, with the keyboard too."""

    def __init__(self, name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: tuple[FindingRow, ...] | None = None
        self._held = QWidget()
        self._column = QVBoxLayout(self._held)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.setWidget(self._held)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(name)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for widget in (self._held, self.viewport()):
            ground(widget, theme.surface)
        rows, self._rows = self._rows, None
        if rows is not None:
            self.show_rows(rows)

    def show_rows(self, rows: tuple[FindingRow, ...]) -> None:
        if rows == self._rows:
            return
        self._rows = rows
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for row in rows:
            self._column.addWidget(_Row(row, self._theme))
        self._column.addStretch(1)
