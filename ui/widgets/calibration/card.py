"""A framed surface, headings and fields, as all pages of the wizard have them."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QFrame, QLineEdit, QVBoxLayout, QWidget

from ui.theme import Theme
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
    """A line to type into, with a focus that can be seen."""

    def __init__(self, name: str, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFont(scaled_font(self.font(), 1.2))
        self.setFixedHeight(FIELD_HEIGHT)
        self.setAccessibleName(name)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        palette = self.palette()
        for role, colour in (
            (QPalette.ColorRole.Base, theme.surface),
            (QPalette.ColorRole.Text, theme.text),
            (QPalette.ColorRole.PlaceholderText, theme.muted),
            (QPalette.ColorRole.Button, theme.surface),
            (QPalette.ColorRole.Highlight, theme.focus),
            (QPalette.ColorRole.HighlightedText, theme.surface),
        ):
            palette.setColor(role, QColor(colour))
        self.setPalette(palette)


def ground(widget: QWidget, colour: str) -> None:
    """Colour what is behind a widget."""
    palette = widget.palette()
    palette.setColor(QPalette.ColorRole.Window, QColor(colour))
    palette.setColor(QPalette.ColorRole.Base, QColor(colour))
    widget.setPalette(palette)
