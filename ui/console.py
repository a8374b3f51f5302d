"""The console: what the bridge hears goes through the views into the window."""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QLocale, QObject, QTimer
from PySide6.QtWidgets import QApplication

from ui import theme as themes
from ui.actions import ActionId
from ui.bridge import StationBridge
from ui.console_window import ConsoleWindow
from ui.cues import Cue, count_of, cue_of
from ui.gamepad import Gamepads
from ui.keyboard_teleop import KeyboardTeleop
from ui.layout_projection import LayoutOverlay, overlay
from ui.session_view import SESSION, SessionFacts, SessionView
from ui.settings import Settings, SettingsError, load_settings, settings_path
from ui.sounds import Sounds
from ui.station_view import StationFacts
from ui.teleop_keys import TeleopKeys
from ui.translation import install_translation
from ui.values import (
    CameraFrame,
    CameraModel,
    CameraPose,
    Command,
    Instant,
    Outcome,
    SessionAnswer,
    SessionCall,
    SessionReport,
    StreamReport,
    UnreadableFrame,
)

LOOK_MS = 50
BAD_SETTINGS = 2


def system_instant() -> Instant:
    """Return now: the station's clock is the system's."""
    return Instant(time.monotonic_ns(), time.time_ns())


class Console(QObject):
    """Joins a bridge and a window. ``now`` tells the time, on the bridge's monotonic clock.

    ``play`` takes the cues; by default nobody hears them.
    """

    def __init__(
        self,
        bridge: StationBridge,
        window: ConsoleWindow,
        now: Callable[[], Instant] = system_instant,
        play: Callable[[Cue], None] = lambda _: None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._window, self._now, self._play = bridge, window, now, play
        self.facts = StationFacts()
        self.session = SessionFacts()
        self.teleop = KeyboardTeleop()
        self.teleop_keys = TeleopKeys(
            self.teleop, window, bridge.teleoperate, lambda: now().monotonic_ns
        )
        self._model: CameraModel | None = None
        self._pose: CameraPose | None = None
        self._overlay: tuple[object, LayoutOverlay | None] = (None, None)
        self._count: int | None = None
        self._connect()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self.look()

    def _connect(self) -> None:
        bridge, window = self._bridge, self._window
        bridge.frame.connect(self._on_frame)
        bridge.arm.connect(self.facts.on_arm)
        bridge.stream.connect(self._on_stream)
        bridge.progress.connect(self.facts.on_progress)
        bridge.status.connect(self.facts.on_status)
        bridge.command_sent.connect(self._on_command)
        bridge.outcome.connect(self.facts.on_outcome)
        bridge.session.connect(self._on_session)
        bridge.feedback.connect(self.session.on_feedback)
        bridge.card.connect(self.session.on_card)
        bridge.called.connect(self._on_call)
        bridge.answer.connect(self._on_answer)
        bridge.camera_model.connect(self._on_model)
        bridge.camera_pose.connect(self._on_pose)
        window.command_asked.connect(bridge.send)
        window.session_asked.connect(bridge.call)
        window.acted.connect(self._on_acted)
        window.teleop_toggled.connect(self._toggle_teleop)
        window.summary_left.connect(self._leave_summary)

    def look(self) -> None:
        """Show the present state."""
        now = self._now()
        station = self.facts.view(now)
        session = self.session.view(now, station)
        count = session.banner.countdown
        cue = count_of(self._count, count)
        self._count = count
        if cue is not None:
            self._play(cue)
        self._window.show_view(station, session)
        self._window.show_layout(self._layout(session))
        heard = self.teleop.enabled and self._bridge.teleop_is_heard()
        self._window.show_teleop(self.teleop.view(heard))

    def _layout(self, session: SessionView) -> LayoutOverlay | None:
        """Return where the layout lies in the static picture; made anew only on a change."""
        key = (session.layout, self._model, self._pose)
        if key != self._overlay[0]:
            made = None
            if session.layout is not None and self._model is not None and self._pose is not None:
                try:
                    made = overlay(session.layout, self._model, self._pose)
                except ValueError:  # a lens or a frame that is not known: nothing is drawn
                    made = None
            self._overlay = key, made
        return self._overlay[1]

    # What is heard

    def _on_frame(self, frame: CameraFrame | UnreadableFrame) -> None:
        self.facts.on_frame(frame)
        if isinstance(frame, CameraFrame):
            self._window.show_frame(frame)

    def _on_stream(self, report: StreamReport) -> None:
        self.facts.on_stream(report)
        if report.node == SESSION:
            self.session.on_alive(report.arrived_ns)

    def _on_session(self, report: SessionReport) -> None:
        before = self.session.status
        self.session.on_session(report)
        if report.status is not None:
            cue = cue_of(before, report.status)
            if cue is not None:
                self._play(cue)
        self.look()

    def _on_model(self, model: CameraModel) -> None:
        if model.camera == "static":
            self._model = model

    def _on_pose(self, pose: CameraPose) -> None:
        if pose.camera == "static":
            self._pose = pose

    def _on_answer(self, answer: SessionAnswer) -> None:
        self.session.on_answer(answer)
        if answer.outcome is not Outcome.DONE:
            self._play(Cue.REFUSED)
        self.look()

    # What is asked

    def _on_acted(self, action: ActionId) -> None:
        self._play(Cue.FAULT if action is ActionId.STOP_ARM else Cue.PRESSED)

    def _on_command(self, command: Command) -> None:
        self.facts.on_command(command)
        self.look()

    def _on_call(self, call: SessionCall) -> None:
        self.session.on_call(call, self._now())
        self.look()

    def _toggle_teleop(self) -> None:
        arm = self.facts.arm
        if not self.teleop.enabled and arm is not None:
            self.teleop.gripper_closed = arm.gripper_closed
        self.teleop_keys.toggle()
        self.look()

    def _leave_summary(self) -> None:
        self.session.dismiss_summary()
        self.look()


def run(arguments: Sequence[str]) -> int:
    """Open the window and run until it is closed; return the exit code."""
    options = _options(arguments[1:])
    application = QApplication([*arguments[:1]])
    application.setApplicationName("collector console")
    install_translation(application, QLocale.system())
    try:
        settings = load_settings(options.settings or settings_path())
    except SettingsError as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    themes.apply(application, themes.system_theme())
    window = ConsoleWindow(themes.system_theme(), settings.actions())

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
    sounds = _sounds(settings, window)
    console = Console(bridge, window, play=sounds.play)
    pads = Gamepads(parent=window)
    pads.pressed.connect(window.press_button)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Python sees a signal at the next look, 50 ms later at most.
        signal.signal(number, lambda *_: application.quit())
    bridge.start()
    pads.start()
    window.sign_in.suggest(options.operator, options.note)
    if options.teleop:
        window.trigger(ActionId.TELEOP)
    window.resize(1280, 800)
    window.show()
    keep_out_of_collection()
    try:
        return application.exec()
    finally:
        pads.close()
        console.deleteLater()
        bridge.close()


def keep_out_of_collection() -> None:
    """Let the garbage collector leave what is loaded by now alone.

    Going through all of it takes tens of milliseconds, in which the window would stand still.
    """
    gc.collect()
    gc.freeze()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="collector console")
    parser.add_argument("--settings", type=Path, help="keys, buttons and sounds, a YAML file")
    parser.add_argument("--operator", default="", help="who is to sign in")
    parser.add_argument("--note", default="", help="a sentence on the sign-in screen")
    parser.add_argument("--teleop", action="store_true", help="begin with the keyboard's on")
    return parser.parse_args(list(arguments))


def _sounds(settings: Settings, window: ConsoleWindow) -> Sounds:
    sounds = Sounds(settings.speech, window)
    sounds.muted = not settings.sound

    def toggle() -> None:
        sounds.muted = not sounds.muted
        window.show_muted(sounds.muted)

    window.mute_toggled.connect(toggle)
    window.show_muted(sounds.muted)
    return sounds
