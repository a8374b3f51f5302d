"""Neutral greys, and colours for state and for what is abnormal alone.

Red says that it records, green that a demonstration could be, blue that it would be practice,
amber that something is abnormal. Each goes with a word and a shape (``widgets.symbol``), so
that none is needed to tell states apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb; texts keep a contrast of at least 4.5 to what is beneath."""

    window: str
    surface: str
    border: str
    text: str
    muted: str
    abnormal: str  # amber, as a text or an outline on surface
    strong: str  # the stop button
    on_strong: str
    focus: str
    good: str  # a success, as a mark on surface
    practice_ink: str  # practice, as a text or an outline on surface
    # Fills, the same by day and by night.
    recording: str = "#b3141c"
    on_recording: str = "#ffffff"
    ready: str = "#1f6b3a"
    on_ready: str = "#ffffff"
    alert: str = "#f2a900"
    on_alert: str = "#1a1a1a"
    practice: str = "#1d5a94"
    on_practice: str = "#ffffff"
    asking: str = "#3a3a3a"
    on_asking: str = "#ffffff"
    idle: str = "#5a5a5a"
    on_idle: str = "#ffffff"


LIGHT = Theme(
    window="#e6e6e6",
    surface="#f7f7f7",
    border="#bdbdbd",
    text="#1a1a1a",
    muted="#595959",
    abnormal="#8a5200",
    strong="#1f1f1f",
    on_strong="#ffffff",
    focus="#1a1a1a",
    good="#1f6b3a",
    practice_ink="#1d5a94",
)
DARK = Theme(
    window="#191919",
    surface="#262626",
    border="#4a4a4a",
    text="#ededed",
    muted="#a8a8a8",
    abnormal="#f2a900",
    strong="#f0f0f0",
    on_strong="#141414",
    focus="#ffffff",
    good="#5fc48a",
    practice_ink="#7db7ee",
)


def system_theme() -> Theme:
    """Return the theme that the desktop asks for."""
    dark = QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return DARK if dark else LIGHT


def palette(theme: Theme) -> QPalette:
    """Return Qt's palette for a theme."""
    result = QPalette(QColor(theme.surface), QColor(theme.window))
    roles = QPalette.ColorRole
    for role, colour in (
        (roles.WindowText, theme.text),
        (roles.Text, theme.text),
        (roles.ButtonText, theme.text),
        (roles.Base, theme.surface),
        (roles.PlaceholderText, theme.muted),
        (roles.ToolTipBase, theme.surface),
        (roles.ToolTipText, theme.text),
        (roles.Highlight, theme.focus),
        (roles.HighlightedText, theme.surface),
    ):
        result.setColor(role, QColor(colour))
    return result


def apply(application: QApplication, theme: Theme) -> None:
    """Dress the application."""
    application.setStyle("Fusion")
    application.setPalette(palette(theme))
