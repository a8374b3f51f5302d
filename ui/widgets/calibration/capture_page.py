"""Step 4: the live picture, and how far the capture is."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.calibration_number_wording import sigma_words
from ui.calibration_values import CaptureFigures
from ui.calibration_view import WizardView
from ui.theme import Theme
from ui.widgets.calibration.capture_plots import CoverageMap, ExcitationBars, ViewMarks
from ui.widgets.calibration.card import Card
from ui.widgets.text import ElidedLabel, set_colour
from ui.wording import sentence


class CapturePage(QWidget):
    """``pictures`` takes the live picture, which all steps share."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures = QHBoxLayout()
        self._card = Card("", theme)
        self.coverage = CoverageMap(theme)
        self.excitation = ExcitationBars(theme)
        self.marks = ViewMarks(theme)
        self._sigma = ElidedLabel(1.1, bold=True, lines=2)
        self._seen = ElidedLabel(1.1, bold=True, lines=2)
        column = self._card.column
        column.setSpacing(10)
        column.addWidget(self.coverage, 4)
        column.addWidget(self.excitation, 3)
        column.addWidget(self.marks, 4)
        column.addWidget(self._sigma)
        left = QVBoxLayout()
        left.setSpacing(4)
        left.addLayout(self.pictures, 1)
        left.addWidget(self._seen)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addLayout(left, 3)
        row.addWidget(self._card, 2)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._card.set_theme(theme)
        for plot in (self.coverage, self.excitation, self.marks):
            plot.set_theme(theme)
        for label in (self._sigma, self._seen):
            set_colour(label, theme.text)

    def show_view(self, view: WizardView) -> None:
        figures = view.progress.figures if view.progress is not None else CaptureFigures()
        for plot in (self.coverage, self.excitation, self.marks):
            plot.show_figures(figures)
        self._sigma.setText(sigma_words(figures.sigma_m, figures.sigma_rad))
        board = view.board
        if board is None or not board.pixels:
            seen = self.tr("The board is not seen.") if board is None else sentence(board.sentence)
            self._seen.setText(seen or self.tr("The board is not seen."))
            return
        said = self.tr("{0} corners").format(len(board.pixels))
        how = sentence(board.sentence) or self.tr("Sharp and still.")
        self._seen.setText(f"{said}. {how}")
