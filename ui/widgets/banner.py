"""The station's state, to be read from across the room."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QBrush,
    QColor,
    QPainter,
    QPaintEvent,
    QPalette,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from ui.sign import Shape, Sign, Tone
from ui.theme import Theme
from ui.widgets.symbol import Symbol
from ui.widgets.text import ElidedLabel, set_colour

WORD_SCALE = 4.2
SYMBOL_SIDE = 64
EDGE = 12  # px: hatched in practice, solid in collection


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
        self._sign: Sign | None = None
        self.setAutoFillBackground(True)
        self._symbol = Symbol(SYMBOL_SIDE)
        self._word = ElidedLabel(WORD_SCALE, bold=True)
        self._headline = ElidedLabel(1.6, bold=True, lines=2)
        self._detail = ElidedLabel(1.25)
        self._warning = Plate(theme)
        self._phase = ElidedLabel(1.25, bold=True)
        self._phase.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._clock = ElidedLabel(WORD_SCALE, bold=True)
        self._clock.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
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
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addStretch()
        right.addWidget(self._clock)
        right.addWidget(self._phase)
        right.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 12, 24, 12 + EDGE)
        row.setSpacing(20)
        row.addWidget(self._symbol)
        row.addWidget(self._word)
        row.addSpacing(12)
        row.addLayout(lines, 1)
        row.addLayout(right)
        # As high with its warning as without: what is below never moves.
        lines_high = (self._headline, self._detail, self._warning)
        text_height = sum(part.sizeHint().height() for part in lines_high) + 8
        right_height = self._clock.sizeHint().height() + self._phase.sizeHint().height()
        self.setFixedHeight(max(text_height, right_height, SYMBOL_SIDE) + 24 + EDGE)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._warning.set_theme(theme)
        if self._sign is not None:
            self._paint_tone(self._sign)

    def show_sign(self, sign: Sign) -> None:
        """Show what there is to know now."""
        before, self._sign = self._sign, sign
        if sign == before:
            return
        self._fit(self._word, sign.word)
        self._headline.setText(sign.headline)
        self._detail.setText(sign.detail)
        self._detail.setVisible(bool(sign.detail))
        self._warning.show_text(sign.warning)
        self._headline.set_lines(1 if sign.warning else 2)
        self._fit(self._clock, sign.clock)
        self._clock.setVisible(bool(sign.clock))
        self._clock.setAccessibleName(sign.clock_name)
        self._fit(self._phase, sign.phase_word)
        self._phase.setVisible(bool(sign.phase_word))
        if before is None or (before.word, before.tone, before.phase) != (
            sign.word,
            sign.tone,
            sign.phase,
        ):
            self._paint_tone(sign)
            self.setAccessibleName(self.tr("Station: {0}").format(sign.word))
            # Said aloud where there is a screen reader.
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))
        spoken = (sign.phase_word, sign.headline, sign.detail, sign.warning)
        self.setAccessibleDescription(" ".join(part for part in spoken if part))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._sign is None or not self._sign.phase:
            return
        _, ink = _colours(self._theme, self._sign.tone)
        colour = QColor(ink)
        edge = QRect(0, self.height() - EDGE, self.width(), EDGE)
        painter = QPainter(self)
        if self._sign.phase == "practice":
            colour.setAlpha(150)
            painter.fillRect(edge, QBrush(colour, Qt.BrushStyle.BDiagPattern))
        else:
            colour.setAlpha(220)
            painter.fillRect(edge.adjusted(0, 4, 0, 0), colour)

    def _fit(self, label: ElidedLabel, text: str) -> None:
        """Give a large text all the room it needs: only the lines beside it yield."""
        if label.text() != text:
            label.setText(text)
            label.setMinimumWidth(label.fontMetrics().horizontalAdvance(text) + 4)

    def _paint_tone(self, sign: Sign) -> None:
        fill, ink = _colours(self._theme, sign.tone)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(fill))
        self.setPalette(palette)
        for label in (self._word, self._headline, self._detail, self._clock, self._phase):
            set_colour(label, ink)
        self._symbol.show_shape(sign.shape, ink)
        self.update()


def _colours(theme: Theme, tone: Tone) -> tuple[str, str]:
    return {
        Tone.IDLE: (theme.idle, theme.on_idle),
        Tone.READY: (theme.ready, theme.on_ready),
        Tone.PRACTICE: (theme.practice, theme.on_practice),
        Tone.ASKING: (theme.asking, theme.on_asking),
        Tone.RECORDING: (theme.recording, theme.on_recording),
        Tone.ALERT: (theme.alert, theme.on_alert),
    }[tone]
