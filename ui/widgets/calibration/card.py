"""A framed surface, headings and fields, as all pages of the wizard have them."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QCheckBox, QFrame, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from ui.sign import Shape
from ui.theme import Theme
from ui.widgets.symbol import draw_symbol
from ui.widgets.text import ElidedLabel, scaled_font, set_colour

MARGIN = 14
FIELD_HEIGHT = 40


class Card(QFrame):
    """A surface with a heading; ``column`` takes what is on it."""

    def __init__(self, title: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.alert = False
        self.title = ElidedLabel(1.3, bold=True)
        self.title.setText(title)
        self.title.setVisible(bool(title))
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(MARGIN, 10, MARGIN, 10)
        self.column.setSpacing(8)
        self.column.addWidget(self.title)
        self.setAccessibleName(title)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        set_colour(self.title, theme.text)
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        theme = self.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge, width = (theme.abnormal, 2) if self.alert else (theme.border, 1)
        painter.setPen(QPen(QColor(edge), width))
        painter.setBrush(QColor(theme.surface))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -2, -2), 4, 4)


class Field(QLineEdit):
    """A line to type into, with an edge and a focus that can be seen, by night too."""

    def __init__(self, name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFont(scaled_font(self.font(), 1.2))
        self.setFixedHeight(FIELD_HEIGHT)
        self.setFrame(False)
        self.setTextMargins(8, 0, 8, 0)
        self.setAccessibleName(name)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        dress(self, theme)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        draw_edge(self, self._theme)


class Number(QSpinBox):
    """A whole number, dressed as a field."""

    def __init__(self, name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setFont(scaled_font(self.font(), 1.2))
        self.setFixedHeight(FIELD_HEIGHT)
        self.setAccessibleName(name)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        dress(self, theme)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        draw_edge(self, self._theme)


class Tick(QCheckBox):
    """A box to tick, with a mark and a focus that can be seen."""

    def __init__(self, text: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self.setAccessibleName(text)
        self.setMinimumHeight(30)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def hitButton(self, at: QPoint) -> bool:
        return self.rect().contains(at)

    def paintEvent(self, _: QPaintEvent) -> None:
        theme = self._theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(4, self.height() / 2 - 9, 18, 18)
        painter.setPen(QPen(QColor(theme.text), 1.5))
        painter.setBrush(QColor(theme.surface))
        painter.drawRoundedRect(box, 3, 3)
        if self.isChecked():
            mark = box.adjusted(3, 3, -3, -3)
            draw_symbol(painter, Shape.CHECK, mark, QColor(theme.text))
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.setPen(QColor(theme.text))
        room = self.rect().adjusted(32, 0, -4, 0)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(room, flags, text)


def draw_edge(widget: QWidget, theme: Theme) -> None:
    """Draw the edge of a field; a thick one where it has the focus."""
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    focused = widget.hasFocus()
    painter.setPen(QPen(QColor(theme.focus if focused else theme.muted), 2 if focused else 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(widget.rect()).adjusted(1, 1, -1, -1), 3, 3)


def dress(widget: QWidget, theme: Theme) -> None:
    """Wear a theme's colours as something to type into."""
    palette = widget.palette()
    for role, colour in (
        (QPalette.ColorRole.Base, theme.surface),
        (QPalette.ColorRole.Text, theme.text),
        (QPalette.ColorRole.PlaceholderText, theme.muted),
        (QPalette.ColorRole.Button, theme.surface),
        (QPalette.ColorRole.ButtonText, theme.text),
        (QPalette.ColorRole.Highlight, theme.focus),
        (QPalette.ColorRole.HighlightedText, theme.surface),
    ):
        palette.setColor(role, QColor(colour))
    widget.setPalette(palette)


def ground(widget: QWidget, colour: str) -> None:
    """Colour what is behind a widget."""
    palette = widget.palette()
    palette.setColor(QPalette.ColorRole.Window, QColor(colour))
    palette.setColor(QPalette.ColorRole.Base, QColor(colour))
    widget.setPalette(palette)
