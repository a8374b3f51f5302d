"""Practice: how the attempt goes, or how the last one went and what to improve."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from ui import session_wording as wording
from ui.feedback_view import FeedbackView
from ui.theme import Theme
from ui.widgets.text import ElidedLabel, set_colour

COLUMNS = 3
PLACES = 6


class FeedbackPanel(QFrame):
    """Up to six figures, each beside the operator's best, and one line of advice."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._view: FeedbackView | None = None
        self._rows = 2
        self._title = ElidedLabel(0.9, bold=True)
        self._advice = ElidedLabel(1.1, bold=True, lines=3)
        self._places = [(ElidedLabel(1.25, bold=True), ElidedLabel(0.85)) for _ in range(PLACES)]
        self._grid = grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        for number, place in enumerate(self._places):
            for line, label in enumerate(place):
                grid.addWidget(label, 2 * (number // COLUMNS) + line, number % COLUMNS)
        for column in range(COLUMNS):
            grid.setColumnStretch(column, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(10, 6, 10, 6)
        rows.setSpacing(3)
        rows.addWidget(self._title)
        rows.addWidget(self._advice)
        rows.addLayout(grid)
        self.set_theme(theme)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        set_colour(self._title, theme.practice_ink)
        set_colour(self._advice, theme.text)
        for value, title in self._places:
            set_colour(value, theme.text)
            set_colour(title, theme.muted)
        self.update()

    def show_rows(self, rows: int) -> None:
        """Show one or two rows of figures, as there is room."""
        self._rows = rows
        known = len(self._view.figures) if self._view is not None else 0
        for number, place in enumerate(self._places):
            for label in place:
                label.setVisible(number < min(known, rows * COLUMNS))

    def set_zoom(self, zoom: float) -> None:
        """Write ``zoom`` times as large."""
        for label in (self._title, self._advice, *(each for two in self._places for each in two)):
            label.set_zoom(zoom)

    def height_for(self, width: int) -> int:
        """Return the height that everything shown takes in ``width``."""
        layout = self.layout()
        assert layout is not None
        self._grid.invalidate()  # what is nested keeps a count of its own
        layout.invalidate()
        # Without advice no label wraps, and Qt answers -1.
        if not layout.hasHeightForWidth():
            return layout.sizeHint().height()
        return layout.heightForWidth(width)

    def show_view(self, view: FeedbackView) -> None:
        if view == self._view:
            return
        self._view = view
        self._title.setText(wording.feedback_title(view))
        advice = wording.feedback_advice(view)
        self._advice.setText(advice)
        self._advice.setVisible(bool(advice))
        spoken = []
        for place, figure in zip(self._places, view.figures, strict=False):
            value, title = wording.figure_value(figure), wording.figure_title(figure)
            place[0].setText(value)
            place[1].setText(title)
            spoken.append(f"{title} {value}")
        self.show_rows(self._rows)
        self.setAccessibleName(self._title.text())
        self.setAccessibleDescription(f"{advice} {', '.join(spoken)}".strip())

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.practice_ink), 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(QColor(self._theme.window))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 4, 4)
