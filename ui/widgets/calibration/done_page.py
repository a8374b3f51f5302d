"""Step 6: where the file and the report are."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ui.calibration_view import WizardView
from ui.theme import Theme
from ui.widgets.calibration.card import Card
from ui.widgets.text import scaled_font
from ui.wording import sentence


class DonePage(QWidget):
    """Paths that can be copied."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._card = Card(" ", theme)
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setFont(scaled_font(self.font(), 1.2))
        self._said.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._card.column.setContentsMargins(24, 20, 24, 20)
        self._card.column.setSpacing(14)
        self._card.column.addWidget(self._said)
        middle = QVBoxLayout()
        middle.addStretch(1)
        middle.addWidget(self._card)
        middle.addStretch(2)
        row = QHBoxLayout(self)
        row.addStretch(1)
        row.addLayout(middle, 4)
        row.addStretch(1)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._card.set_theme(theme)
        palette = self._said.palette()
        for role, colour in (
            (QPalette.ColorRole.WindowText, theme.text),
            (QPalette.ColorRole.Highlight, theme.focus),
            (QPalette.ColorRole.HighlightedText, theme.surface),
        ):
            palette.setColor(role, QColor(colour))
        self._said.setPalette(palette)

    def show_view(self, view: WizardView) -> None:
        answer, ending = view.answer, view.ending
        if answer is None:
            return
        lines = [sentence(answer.message)] if answer.message else []
        if answer.call.accept:
            self._card.title.setText(self.tr("Accepted by {0}").format(answer.call.person))
            lines.append(self.tr("Calibration file:\n{0}").format(answer.path))
            lines.append(
                self.tr(
                    "The one before it is kept beside it, named by its date. Episodes recorded from"
                    " now on carry the new one."
                )
            )
        else:
            self._card.title.setText(self.tr("Discarded"))
            lines.append(self.tr("Nothing was changed."))
        if ending is not None and ending.report:
            lines.append(self.tr("Report:\n{0}").format(ending.report))
        self._said.setText("\n\n".join(lines))
        self._said.setAccessibleName(self._card.title.text())
