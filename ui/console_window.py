"""The console's window: banner, both cameras, health, arm."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.actions import ACTIONS, ActionId
from ui.station_view import StationView
from ui.theme import Theme
from ui.values import CAMERAS, CameraFrame, Command
from ui.widgets.arm_panel import ArmPanel
from ui.widgets.banner import Banner
from ui.widgets.camera_view import CameraView
from ui.widgets.health_strip import HealthStrip
from ui.widgets.help_overlay import HelpOverlay


class ConsoleWindow(QWidget):
    """Shows what it is given; ``command_asked`` tells what the operator wants."""

    command_asked = Signal(object)  # Command

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Station console"))
        self.setMinimumSize(960, 600)
        self.banner = Banner(theme)
        self.cameras = {name: CameraView(name, theme) for name in CAMERAS}
        self.health = HealthStrip(theme)
        self.arm = ArmPanel(theme)
        pictures = QHBoxLayout()
        pictures.setSpacing(8)
        for view in self.cameras.values():
            pictures.addWidget(view, 1)
        below = QVBoxLayout()
        below.setContentsMargins(8, 0, 8, 8)
        below.setSpacing(8)
        below.addLayout(pictures, 1)
        below.addWidget(self.health)
        below.addWidget(self.arm)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.banner)
        column.addLayout(below, 1)
        self.help = HelpOverlay(ACTIONS, theme, self, above=self.banner, below=self.arm)
        # The stop comes first, whatever was added last.
        arm = self.arm
        self.setTabOrder(arm.stop_button, arm.reset_button)
        self.setTabOrder(arm.reset_button, arm.help_button)
        self.setTabOrder(arm.help_button, self.health.cells[0])
        self._bind()
        self.arm.stop_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_theme(self, theme: Theme) -> None:
        """Wear another theme."""
        for camera in self.cameras.values():
            camera.set_theme(theme)
        self.banner.set_theme(theme)
        self.health.set_theme(theme)
        self.arm.set_theme(theme)
        self.help.set_theme(theme)

    def show_frame(self, frame: CameraFrame) -> None:
        """Show a camera's newest picture."""
        if frame.camera in self.cameras:
            self.cameras[frame.camera].show_frame(frame)

    def show_view(self, view: StationView) -> None:
        """Show the station's state."""
        self.banner.show_view(view.banner)
        for picture in view.pictures:
            self.cameras[picture.camera].show_view(picture)
        self.health.show_views(view.cells)
        self.arm.show_view(view.arm)

    def trigger(self, action: ActionId) -> None:
        """Do what an action of the table says."""
        if action is ActionId.STOP_ARM:
            self.command_asked.emit(Command.STOP_ARM)
        elif action is ActionId.RESET_STOP:
            self.command_asked.emit(Command.RESET_STOP)
        elif action is ActionId.HELP:
            self._toggle_help()
        elif action is ActionId.FULL_SCREEN:
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _bind(self) -> None:
        for action in ACTIONS:
            for key in action.keys:
                shortcut = QShortcut(QKeySequence(key), self)
                shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
                shortcut.setAutoRepeat(False)
                shortcut.activated.connect(lambda asked=action.id: self.trigger(asked))
        self.arm.stop_asked.connect(lambda: self.trigger(ActionId.STOP_ARM))
        self.arm.reset_asked.connect(lambda: self.trigger(ActionId.RESET_STOP))
        self.arm.help_asked.connect(lambda: self.trigger(ActionId.HELP))
        self.help.close_asked.connect(lambda: self.trigger(ActionId.HELP))

    def _toggle_help(self) -> None:
        if self.help.isVisible():
            self.help.hide()
            self.arm.stop_button.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.help.open()
