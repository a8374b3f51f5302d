"""The console: what the bridge hears goes through the view into the window."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from ui import theme as themes
from ui.bridge import StationBridge
from ui.console_window import ConsoleWindow
from ui.station_view import StationFacts
from ui.values import CameraFrame, Command, Instant, UnreadableFrame

LOOK_MS = 50


def system_instant() -> Instant:
    """Return now: the station's clock is the system's."""
    return Instant(time.monotonic_ns(), time.time_ns())


class Console(QObject):
    """Joins a bridge and a window. ``now`` tells the time, on the bridge's monotonic clock."""

    def __init__(
        self,
        bridge: StationBridge,
        window: ConsoleWindow,
        now: Callable[[], Instant] = system_instant,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._window, self._now = window, now
        self.facts = StationFacts()
        bridge.frame.connect(self._on_frame)
        bridge.arm.connect(self.facts.on_arm)
        bridge.stream.connect(self.facts.on_stream)
        bridge.progress.connect(self.facts.on_progress)
        bridge.status.connect(self.facts.on_status)
        bridge.command_sent.connect(self._on_command)
        bridge.outcome.connect(self.facts.on_outcome)
        window.command_asked.connect(bridge.send)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self.look()

    def look(self) -> None:
        """Show the present state."""
        self._window.show_view(self.facts.view(self._now()))

    def _on_frame(self, frame: CameraFrame | UnreadableFrame) -> None:
        self.facts.on_frame(frame)
        if isinstance(frame, CameraFrame):
            self._window.show_frame(frame)

    def _on_command(self, command: Command) -> None:
        self.facts.on_command(command)
        self.look()


def run(arguments: Sequence[str]) -> int:
    """Open the window and run until it is closed; return the exit code."""
    application = QApplication(list(arguments))
    application.setApplicationName("collector console")
    themes.apply(application, themes.system_theme())
    window = ConsoleWindow(themes.system_theme())

    def redress() -> None:
        themes.apply(application, themes.system_theme())
        window.set_theme(themes.system_theme())

    application.styleHints().colorSchemeChanged.connect(redress)
    bridge = StationBridge()

    def fail(trace: str) -> None:
        print(trace, file=sys.stderr)
        print("the console lost its connection to ROS and ends: start it again", file=sys.stderr)
        application.exit(1)

    bridge.failed.connect(fail)
    console = Console(bridge, window)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Python sees a signal at the next look, 50 ms later at most.
        signal.signal(number, lambda *_: application.quit())
    bridge.start()
    window.resize(1280, 800)
    window.show()
    try:
        return application.exec()
    finally:
        console.deleteLater()
        bridge.close()
