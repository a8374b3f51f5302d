"""Step 5: what came of it, and whether to believe it."""

from __future__ import annotations

import itertools

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ui import calibration_number_wording as wording
from ui.calibration_figures import change, figures
from ui.calibration_scene import calibration_scene
from ui.calibration_values import CaptureFigures, Finding, ViewTaken
from ui.calibration_view import WizardView
from ui.calibration_wording import uncertainty_words
from ui.scene_projection import Scene
from ui.theme import Theme
from ui.widgets.calibration.capture_plots import ViewMarks
from ui.widgets.calibration.card import Card, Field
from ui.widgets.calibration.findings_list import FindingRow, FindingsList
from ui.widgets.calibration.number_table import NumberTable
from ui.widgets.calibration.scene_view import SceneView
from ui.widgets.calibration.verification_page import VerificationPage
from ui.widgets.flat_button import FlatButton
from ui.widgets.text import ElidedLabel, scaled_font, set_colour
from ui.wording import sentence

TAB_HEIGHT = 38


class ResultPage(QWidget):
    """``name_entered`` has the name that the result is accepted with."""

    name_entered = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.tabs = [
            FlatButton(text)
            for text in (
                self.tr("Findings"),
                self.tr("Numbers"),
                self.tr("Views"),
                self.tr("On live pictures"),
            )
        ]
        self._group = QButtonGroup(self)
        self.findings = FindingsList(self.tr("Findings"), theme)
        self.numbers = NumberTable(theme)
        self.marks = ViewMarks(theme)
        self.verification = VerificationPage(theme)
        self.scene = SceneView(theme)
        self._direction = Card("", theme)
        self._place = ElidedLabel(1.05, bold=True, lines=2)
        self._words = ElidedLabel(1.0, lines=3)
        self._sigma = ElidedLabel(1.05, bold=True)
        self._change = ElidedLabel(1.0, lines=3)
        self.name = Field(self.tr("Accept with the name"), theme)
        self._name_label = ElidedLabel(1.0)
        self._name_label.setText(self.tr("Accept with the name"))
        self.name.setMaxLength(80)
        self.name.textChanged.connect(self.name_entered)
        self._lay_out()
        self.show_tab(0)
        self.set_theme(theme)

    def _lay_out(self) -> None:
        tabs = QHBoxLayout()
        tabs.setSpacing(4)
        for number, tab in enumerate(self.tabs):
            tab.setCheckable(True)
            tab.setFixedHeight(TAB_HEIGHT)
            tab.setMinimumWidth(150)
            tab.setAccessibleName(tab.text())
            tab.clicked.connect(lambda _=False, number=number: self.show_tab(number))
            self._group.addButton(tab)
            tabs.addWidget(tab)
        tabs.addStretch(1)
        tabs.addWidget(self._name_label)
        self.name.setFixedWidth(220)
        tabs.addWidget(self.name)
        self._cards = []
        self._left = QStackedWidget()
        for widget in (self.findings, self.numbers, self.marks):
            card = Card("", self._theme)
            card.column.addWidget(widget, 1)
            self._cards.append(card)
            self._left.addWidget(card)
        for label in (self._place, self._words, self._sigma, self._change):
            self._direction.column.addWidget(label)
        self._direction.column.setSpacing(3)
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.scene, 1)
        right.addWidget(self._direction)
        self._both = QWidget()
        both = QHBoxLayout(self._both)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(8)
        both.addWidget(self._left, 1)
        both.addLayout(right, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._both)
        self._stack.addWidget(self.verification)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(tabs)
        column.addWidget(self._stack, 1)
        order = [*self.tabs, self.name, self.scene]
        for one, other in itertools.pairwise(order):
            QWidget.setTabOrder(one, other)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for part in (
            self.findings,
            self.numbers,
            self.marks,
            self.verification,
            self.scene,
            self._direction,
            self.name,
            *self._cards,
        ):
            part.set_theme(theme)
        for label in (self._place, self._words, self._sigma, self._change):
            set_colour(label, theme.text)
        set_colour(self._words, theme.muted)
        set_colour(self._name_label, theme.muted)
        self._paint_tabs()

    def show_tab(self, number: int) -> None:
        """Show findings, numbers, views or the live pictures."""
        self.tabs[number].setChecked(True)
        if number == 3:
            self._stack.setCurrentWidget(self.verification)
        else:
            self._stack.setCurrentWidget(self._both)
            self._left.setCurrentIndex(number)
        self._paint_tabs()

    def _paint_tabs(self) -> None:
        for tab in self.tabs:
            chosen = tab.isChecked()
            tab.set_theme(self._theme, strong=chosen)
            if chosen:
                tab.fill, tab.ink = self._theme.strong, self._theme.on_strong
            tab.setFont(scaled_font(self.font(), 1.05, bold=chosen))

    def show_view(self, view: WizardView) -> None:
        ending = view.ending
        if ending is None:
            return
        self._name_label.setVisible(view.can_accept or view.deciding)
        self.name.setVisible(view.can_accept or view.deciding)
        new = view.candidate.calibration if view.candidate is not None else None
        findings = ending.findings
        if view.candidate is not None and view.candidate.problem:
            unreadable = Finding("refused", "candidate", view.candidate.problem)
            findings = (unreadable, *findings)
        rows = [_row(finding, self) for finding in findings]
        if new is not None:
            note = FindingRow("", self.tr("What no number here knows"), wording.systematic_note())
            rows.append(note)
        self.findings.show_rows(tuple(rows))
        for tab in self.tabs[1:]:
            tab.setEnabled(new is not None)
        if new is None:
            if not self.tabs[0].isChecked():
                self.show_tab(0)
            note = self.tr("A refused result is not kept: the report shows what there was")
            self.scene.show_scene(Scene(), note)
            self._direction.hide()
            return
        last = view.in_force[view.camera].calibration
        self._direction.show()
        self._direction.title.setText(wording.transform_name(new))
        self._direction.title.show()
        self._place.setText(wording.place_words(new))
        self._words.setText(sentence(wording.direction_words(new)))
        self._sigma.setText(self.tr("Known to {0}").format(uncertainty_words(new)))
        self._change.setText(wording.change_words(None if last is None else change(new, last)))
        self.numbers.show_figures(figures(new, last), new.parent_frame)
        self.marks.show_figures(
            CaptureFigures(
                tuple(ViewTaken(v.name, v.residual_px, v.used, v.corners) for v in new.views or ())
            )
        )
        tool = view.tool
        if tool is not None:
            tool = tuple(round(value, 2) for value in tool)  # type: ignore[assignment]
        self.scene.show_scene(calibration_scene(new, tool))
        self.verification.show_view(view)

    def focus(self) -> None:
        """Begin with the findings."""
        self.show_tab(0)
        self.tabs[0].setFocus(Qt.FocusReason.OtherFocusReason)


def _row(finding: Finding, page: QWidget) -> FindingRow:
    words = {
        "ok": page.tr("in order"),
        "warning": page.tr("warning"),
        "refused": page.tr("refused"),
    }
    title = "" if finding.level == "ok" else words[finding.level].capitalize()
    return FindingRow(finding.level, title, sentence(finding.sentence), words[finding.level])
