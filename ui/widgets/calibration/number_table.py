"""Every number of a calibration with its uncertainty, and the last one's."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ui.calibration_figures import Figure
from ui.calibration_number_wording import figure_words, quantity_title
from ui.theme import Theme
from ui.widgets.text import scaled_font

ROW_HEIGHT = 25


class NumberTable(QTableWidget):
    """One row a number; it is read, not edited."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(0, 4, parent)
        self._shown: tuple[tuple[Figure, ...], str] | None = None
        self.setHorizontalHeaderLabels(
            [self.tr("Number"), self.tr("Value"), self.tr("Uncertainty"), self.tr("Last one")]
        )
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setFont(scaled_font(self.font(), 1.0))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.horizontalHeaderItem(0).setTextAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        self.setAccessibleName(self.tr("Numbers and their uncertainties"))
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        for widget in (self, self.viewport(), self.horizontalHeader()):
            palette = widget.palette()
            for role, colour in (
                (QPalette.ColorRole.Base, theme.surface),
                (QPalette.ColorRole.Window, theme.surface),
                (QPalette.ColorRole.Button, theme.surface),
                (QPalette.ColorRole.Text, theme.text),
                (QPalette.ColorRole.WindowText, theme.muted),
                (QPalette.ColorRole.ButtonText, theme.muted),
            ):
                palette.setColor(role, QColor(colour))
            widget.setPalette(palette)

    def show_figures(self, figures: tuple[Figure, ...], parent: str) -> None:
        """Show numbers of a pose in the frame ``parent``."""
        if (figures, parent) == self._shown:
            return
        self._shown = figures, parent
        self.setRowCount(len(figures))
        for row, figure in enumerate(figures):
            value, sigma, last = figure_words(figure)
            name = quantity_title(figure, parent)
            for column, text in enumerate((name, value, sigma, last)):
                item = QTableWidgetItem(text)
                side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
                item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
                if column == 1:
                    item.setFont(scaled_font(self.font(), 1.0, bold=True))
                self.setItem(row, column, item)
