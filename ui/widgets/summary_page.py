"""What the session came to: figures, plots, what a supervisor should look at."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ui.summary_view import SummaryView
from ui.theme import Theme
from ui.widgets.flat_button import FlatButton
from ui.widgets.plots import SuccessPlot, TimePlot
from ui.widgets.text import ElidedLabel, scaled_font, set_colour
from ui.wording import duration, sentence


class SummaryPage(QFrame):
    """``done`` asks to go on to the next sign-in."""

    done = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._view: SummaryView | None = None
        self._title = ElidedLabel(1.9, bold=True)
        self._flags = ElidedLabel(1.05, bold=True, lines=3)
        self._figures = [(ElidedLabel(2.0, bold=True), ElidedLabel(1.0)) for _ in range(5)]
        self.plots = (SuccessPlot(theme), TimePlot(theme))
        self.button = FlatButton(self.tr("Next sign-in"))
        self.button.setFont(scaled_font(self.font(), 1.2, bold=True))
        self.button.setFixedSize(240, 64)
        self.button.setAccessibleName(self.button.text())
        self.button.clicked.connect(self.done)
        figures = QHBoxLayout()
        figures.setSpacing(24)
        for value, title in self._figures:
            place = QVBoxLayout()
            place.setSpacing(0)
            place.addWidget(value)
            place.addWidget(title)
            figures.addLayout(place, 1)
        plots = QHBoxLayout()
        plots.setSpacing(40)
        plots.addWidget(self.plots[0], 2)
        plots.addWidget(self.plots[1], 3)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 18, 28, 18)
        column.setSpacing(12)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        column.addLayout(figures)
        column.addWidget(self._flags)
        column.addLayout(plots, 1)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        set_colour(self._title, theme.text)
        set_colour(self._flags, theme.abnormal)
        for value, title in self._figures:
            set_colour(value, theme.text)
            set_colour(title, theme.muted)
        for plot in self.plots:
            plot.theme = theme
            plot.update()
        self.button.set_theme(theme, strong=True)
        self.update()

    def show_summary(self, view: SummaryView) -> None:
        if view == self._view:
            return
        self._view = view
        self._title.setText(self.tr("Session of {0} is over").format(view.operator_id))
        flags = "\n".join(sentence(flag) for flag in view.flags)
        self._flags.setText(flags)
        self._flags.setVisible(bool(flags))
        rate = f"{view.successes / view.labelled:.0%}" if view.labelled else "–"
        hourly = view.demonstrations / view.seconds * 3600 if view.seconds >= 60 else None
        texts = (
            (str(view.demonstrations), self.tr("demonstrations collected")),
            (rate, self.tr("{0} of {1} succeeded").format(view.successes, view.labelled)),
            (str(view.discarded), self.tr("discarded, {0} interrupted").format(view.interrupted)),
            (duration(view.seconds), self.tr("from first to last attempt")),
            (f"{hourly:.0f}" if hourly is not None else "–", self.tr("demonstrations an hour")),
        )
        for (value, title), (said, meaning) in zip(self._figures, texts, strict=True):
            value.setText(said)
            title.setText(meaning)
        for plot in self.plots:
            plot.show_view(view)
        self.setAccessibleName(self._title.text())
        self.setAccessibleDescription(", ".join(f"{a} {b}" for a, b in texts))

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.border), 1))
        painter.setBrush(QColor(self._theme.surface))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 6, 6)
