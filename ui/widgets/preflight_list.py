"""The checks before work: what is in order, what warns, what refuses and what to do about it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ui import session_wording as wording
from ui.session_view import CheckView
from ui.sign import Shape
from ui.theme import Theme
from ui.widgets.flat_button import FlatButton
from ui.widgets.symbol import Symbol
from ui.widgets.text import ElidedLabel, set_colour
from ui.wording import sentence

_SHAPES = {"ok": Shape.CHECK, "warning": Shape.TRIANGLE, "refusal": Shape.CROSS}
_ORDER = {"refusal": 0, "warning": 1, "ok": 2}


class CheckRow(QFrame):
    """One check."""

    def __init__(self, view: CheckView, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view, self._theme = view, theme
        symbol = Symbol(16)
        title = ElidedLabel(1.0, bold=view.level != "ok")
        title.setText(wording.check_title(view.name))
        text = ElidedLabel(0.95, lines=4)
        text.setText(sentence(view.sentence) if view.level != "ok" else "")
        if not text.text():  # not shown before it has its place: it would be a window of its own
            text.hide()
        lines = QVBoxLayout()
        lines.setSpacing(0)
        lines.addWidget(title)
        lines.addWidget(text)
        row = QHBoxLayout(self)
        refused = view.level == "refusal"
        margin = 6 if refused else 1
        row.setContentsMargins(8, margin, 8, margin)
        row.setSpacing(10)
        row.addWidget(symbol, alignment=Qt.AlignmentFlag.AlignTop)
        row.addLayout(lines, 1)
        ink = theme.on_alert if refused else theme.text
        mark = {"refusal": theme.on_alert, "warning": theme.abnormal}.get(view.level, theme.muted)
        set_colour(title, ink)
        set_colour(text, ink)
        symbol.show_shape(_SHAPES.get(view.level, Shape.RING), mark)
        self.setAccessibleName(f"{title.text()}: {view.level}")
        self.setAccessibleDescription(view.sentence)

    def paintEvent(self, _: QPaintEvent) -> None:
        if self._view.level != "refusal":
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.alert))
        painter.drawRoundedRect(self.rect(), 4, 4)


class PreflightList(QFrame):
    """All checks, those that refuse first; ``check_asked`` asks to go through them again."""

    check_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._checks: tuple[CheckView, ...] | None = None
        self._title = ElidedLabel(1.4, bold=True)
        self._title.setText(self.tr("Preflight"))
        self._summary = ElidedLabel(1.0, lines=2)
        self._rows = QWidget()
        self._column = QVBoxLayout(self._rows)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(3)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._rows)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setAccessibleName(self.tr("Checks"))
        self.check_button = FlatButton(self.tr("Check again"))
        self.check_button.setFixedHeight(48)
        self.check_button.setAccessibleName(self.check_button.text())
        self.check_button.clicked.connect(self.check_asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(6)
        column.addWidget(self._title)
        column.addWidget(self._summary)
        column.addWidget(self._scroll, 1)
        column.addWidget(self.check_button)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        set_colour(self._title, theme.text)
        set_colour(self._summary, theme.muted)
        self.check_button.set_theme(theme)
        for widget in (self._rows, self._scroll.viewport()):
            palette = widget.palette()
            palette.setColor(palette.ColorRole.Window, QColor(theme.surface))
            widget.setPalette(palette)
        checks, self._checks = self._checks, None
        if checks is not None:
            self.show_checks(checks)
        self.update()

    def show_checks(self, checks: tuple[CheckView, ...]) -> None:
        if checks == self._checks:
            return
        self._checks = checks
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        ordered = sorted(checks, key=lambda check: _ORDER.get(check.level, 0))
        for check in ordered:
            self._column.addWidget(CheckRow(check, self._theme))
        self._column.addStretch(1)
        refusals = sum(check.level == "refusal" for check in checks)
        warnings = sum(check.level == "warning" for check in checks)
        if not checks:
            text = self.tr("The station is being checked ...")
        elif refusals:
            text = self.tr("{0} to see to before work can begin, {1} to look at.").format(
                refusals, warnings
            )
        else:
            text = self.tr("Nothing refuses, {0} to look at.").format(warnings)
        self._summary.setText(text)

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self._theme.border), 1))
        painter.setBrush(QColor(self._theme.surface))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)
