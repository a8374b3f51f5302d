"""Step 2: the camera's picture with the board's corners, and what is checked."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from ui import calibration_wording as wording
from ui.calibration_view import CheckState, WizardView
from ui.theme import Theme
from ui.widgets.calibration.card import Card
from ui.widgets.calibration.findings_list import FindingRow, FindingsList

_LEVELS = {
    CheckState.OK: "ok",
    CheckState.WARNING: "warning",
    CheckState.REFUSAL: "refused",
    CheckState.WAITING: "",
}


class CheckPage(QWidget):
    """``pictures`` takes the live picture, which all steps share."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures = QHBoxLayout()
        self._card = Card(self.tr("Before the capture"), theme)
        self._list = FindingsList(self._card.title.text(), theme)
        self._card.column.addWidget(self._list, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addLayout(self.pictures, 3)
        row.addWidget(self._card, 2)

    def set_theme(self, theme: Theme) -> None:
        self._card.set_theme(theme)
        self._list.set_theme(theme)

    def show_view(self, view: WizardView) -> None:
        self._list.show_rows(
            tuple(
                FindingRow(
                    _LEVELS[check.state],
                    wording.check_title(check, view.camera),
                    wording.check_words(check, view.camera, view.square),
                    check.state.value,
                )
                for check in view.checks
            )
        )
