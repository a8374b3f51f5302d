"""The station's state, to be read from across the room."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleEvent, QColor, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui import wording
from ui.station_view import BannerView, StationState
from ui.theme import Theme
from ui.widgets.symbol import Shape, Symbol
from ui.widgets.text import ElidedLabel, set_colour

WORD_SCALE = 4.2
SYMBOL_SIDE = 64
_SHAPES = {
    StationState.WAITING: Shape.RING,
    StationState.LOST: Shape.CROSS,
    StationState.NOT_READY: Shape.TRIANGLE,
    StationState.READY: Shape.CHECK,
    StationState.STOPPED: Shape.OCTAGON,
    StationState.NOT_STOPPED: Shape.CROSS,
    StationState.RECORDING: Shape.DISC,
}


class Plate(QFrame):
    """A sentence that something is abnormal, on the colour for that."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self._symbol = Symbol(18)
        self._label = ElidedLabel(1.2, bold=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 2, 8, 2)
        row.setSpacing(8)
        row.addWidget(self._symbol)
        row.addWidget(self._label, 1)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.set_theme(theme)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(theme.alert))
        self.setPalette(palette)
        set_colour(self._label, theme.on_alert)
        self._symbol.show_shape(Shape.TRIANGLE, theme.on_alert)

    def show_text(self, text: str) -> None:
        self._label.setText(text)
        self.setVisible(bool(text))


class Banner(QFrame):
    """Word, shape and colour over the full width; beside them what there is to know."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._view: BannerView | None = None
        self.setAutoFillBackground(True)
        self._symbol = Symbol(SYMBOL_SIDE)
        self._word = ElidedLabel(WORD_SCALE, bold=True)
        self._headline = ElidedLabel(1.6, bold=True)
        self._detail = ElidedLabel(1.25, lines=2)
        self._warning = Plate(theme)
        self._elapsed = ElidedLabel(WORD_SCALE, bold=True)
        self._elapsed.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._elapsed.setAccessibleName(self.tr("Recording time"))
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addStretch()
        lines.addWidget(self._headline)
        lines.addWidget(self._detail)
        plate = QHBoxLayout()
        plate.addWidget(self._warning)
        plate.addStretch()
        lines.addLayout(plate)
        lines.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 14, 24, 14)
        row.setSpacing(20)
        row.addWidget(self._symbol)
        row.addWidget(self._word)
        row.addSpacing(12)
        row.addLayout(lines, 1)
        row.addWidget(self._elapsed)
        # As high with its warning as without: what is below never moves.
        lines_high = (self._headline, self._detail, self._warning)
        text_height = sum(part.sizeHint().height() for part in lines_high) + 8
        self.setFixedHeight(max(text_height, self._word.sizeHint().height(), SYMBOL_SIDE) + 28)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._warning.set_theme(theme)
        if self._view is not None:
            self._paint_state(self._view.state)

    def show_view(self, view: BannerView) -> None:
        """Show a state."""
        changed = self._view is None or self._view.state is not view.state
        self._view = view
        word = wording.banner_word(view.state)
        self._fit(self._word, word)
        self._headline.setText(wording.banner_headline(view))
        detail = wording.banner_detail(view)
        self._detail.setText(detail)
        self._detail.setVisible(bool(detail))
        warning = wording.banner_warning(view)
        self._warning.show_text(warning)
        elapsed = wording.banner_elapsed(view)
        self._fit(self._elapsed, elapsed)
        self._elapsed.setVisible(bool(elapsed))
        if changed:
            self._paint_state(view.state)
            self.setAccessibleName(self.tr("Station: {0}").format(word))
            # Said aloud where there is a screen reader.
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))
        self.setAccessibleDescription(f"{self._headline.text()} {detail} {warning}".strip())

    def _fit(self, label: ElidedLabel, text: str) -> None:
        """Give a large text all the room it needs: only the lines beside it yield."""
        if label.text() != text:
            label.setText(text)
            label.setMinimumWidth(label.fontMetrics().horizontalAdvance(text) + 4)

    def _paint_state(self, state: StationState) -> None:
        theme = self._theme
        fill, ink = {
            StationState.WAITING: (theme.idle, theme.on_idle),
            StationState.READY: (theme.ready, theme.on_ready),
            StationState.RECORDING: (theme.recording, theme.on_recording),
        }.get(state, (theme.alert, theme.on_alert))
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(fill))
        self.setPalette(palette)
        for label in (self._word, self._headline, self._detail, self._elapsed):
            set_colour(label, ink)
        self._symbol.show_shape(_SHAPES[state], ink)
