"""The calibration wizard: what the bridge hears goes through the views into the window.

`python -m ui.calibration_wizard`, in an environment that `collector` has prepared.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QObject, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication

from collector.calibration_result import CalibrationError, CameraCalibration, load_calibration
from ui import theme as themes
from ui.calibration_signs import NavAction
from ui.calibration_values import (
    ArmPose,
    CalibrationEnding,
    CaptureProgress,
    DecisionAnswer,
    Proposal,
)
from ui.calibration_view import Event, InForce, WizardFacts, WizardStep
from ui.calibration_window import CalibrationWindow
from ui.console import system_instant
from ui.display import display_problem
from ui.station_view import StationFacts
from ui.translation import install_translation
from ui.values import CAMERAS, CameraFrame, Command, Instant, UnreadableFrame
from ui.verification_overlay import VerificationOverlay, pose_at, verification

if TYPE_CHECKING:
    from ui.calibration_bridge import CalibrationBridge

LOOK_MS = 50
POSES_KEPT = 200  # of the arm, 2 s: a picture is younger
CANNOT_RUN = 2


class Wizard(QObject):
    """Joins a bridge and a window. ``now`` tells the time, on the bridge's monotonic clock.

    ``files``: each camera's calibration file, as far as it is known here. ``open_file`` shows a
    report to the person.
    """

    def __init__(
        self,
        bridge: CalibrationBridge,
        window: CalibrationWindow,
        files: dict[str, Path],
        now: Callable[[], Instant] = system_instant,
        open_file: Callable[[Path], None] = lambda path: None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._window, self._files, self._now = bridge, window, files, now
        self._open_file = open_file
        self.station = StationFacts()
        self.facts = WizardFacts(CAMERAS)
        self._poses: deque[ArmPose] = deque(maxlen=POSES_KEPT)
        self._read_files()
        self._connect()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self.look()

    def _connect(self) -> None:
        bridge, window = self._bridge, self._window
        bridge.frame.connect(self._on_frame)
        bridge.arm.connect(self.station.on_arm)
        bridge.stream.connect(self.station.on_stream)
        bridge.outcome.connect(self.station.on_outcome)
        bridge.command_sent.connect(self.station.on_command)
        bridge.arm_pose.connect(self._on_arm_pose)
        bridge.board.connect(self.facts.on_board)
        bridge.proposal.connect(self._on_proposal)
        bridge.capture.connect(self._on_capture)
        bridge.ending.connect(self._on_ending)
        bridge.decision.connect(self._on_decision)
        window.command_asked.connect(self._command)
        window.asked.connect(self.act)
        window.camera_chosen.connect(self._choose)
        window.board_entered.connect(self._measured)
        window.person_entered.connect(self._enter_person)

    def look(self) -> None:
        """Show the present state."""
        now = self._now()
        self.facts.calibrator_there = self._bridge.is_there()
        self._window.show_view(self.facts.view(now, self.station.view(now)), self.station.view(now))

    # What the person does

    def act(self, action: NavAction) -> None:
        """Do what a button of the window says."""
        does: dict[NavAction, Callable[[], object]] = {
            NavAction.NEXT: self._next,
            NavAction.BACK: lambda: self.facts.go(Event.BACK),
            NavAction.PROPOSE: self._propose,
            NavAction.BY_HAND: lambda: self._begin(drives=False),
            NavAction.DRIVE: lambda: self._begin(drives=True),
            NavAction.CANCEL: self._cancel,
            NavAction.AGAIN: self._again,
            NavAction.DISCARD: lambda: self._decide(accept=False),
            NavAction.ACCEPT: lambda: self._decide(accept=True),
            NavAction.REPORT: self._show_report,
            NavAction.CLOSE: self._window.close,
        }
        does[action]()
        self.look()

    def _choose(self, camera: str) -> None:
        self.facts.choose(camera)
        self.look()

    def _measured(self, width: str, squares: int, ruler: str, as_meant: bool) -> None:
        self.facts.measured(width, squares, ruler, as_meant)
        self.look()

    def _enter_person(self, person: str) -> None:
        self.facts.person = person
        self.look()

    def _next(self) -> None:
        now = self._now()
        if self.facts.view(now, self.station.view(now)).can_next:
            self.facts.go(Event.NEXT)

    def _propose(self) -> None:
        if self.facts.step is not WizardStep.PROPOSE:
            return
        self.facts.begin_proposal()
        self._bridge.propose(self.facts.camera)

    def _begin(self, drives: bool) -> None:
        if self.facts.step is not WizardStep.PROPOSE:
            return
        if drives and not self._window.allows_driving:
            return
        goal = self.facts.make_goal(drives)
        if goal is not None:
            self.facts.begin(goal, self._now())
            self._bridge.calibrate(goal)

    def _cancel(self) -> None:
        self.facts.cancel()
        self._bridge.cancel()

    def _again(self) -> None:
        """A result that is left is thrown away: nothing lies about that could be taken for good."""
        if self.facts.step is WizardStep.RESULT:
            ending = self.facts.ending
            if ending is not None and ending.candidate:
                self._bridge.decide(self.facts.discarded(ending.candidate))
        elif self.facts.step is WizardStep.DONE:
            self._read_files()
        self.facts.go(Event.AGAIN)

    def _decide(self, accept: bool) -> None:
        call = self.facts.decide(accept, self._window.name)
        if call is not None:
            self._bridge.decide(call)

    def _show_report(self) -> None:
        ending = self.facts.ending
        if ending is not None and ending.report:
            self._open_file(Path(ending.report))

    def _command(self, command: Command) -> None:
        # What drives the arm must not go on when the person resets the stop.
        if command is Command.STOP_ARM and self.facts.step is WizardStep.CAPTURE:
            driven = self.facts.goal is not None and bool(self.facts.goal.poses)
            if driven and self.facts.ending is None:
                self._cancel()
        self._bridge.send(command)
        self.look()

    # What is heard

    def _on_frame(self, frame: CameraFrame | UnreadableFrame) -> None:
        self.station.on_frame(frame)
        if isinstance(frame, CameraFrame):
            self._window.show_frame(frame)
            if self.facts.step is WizardStep.RESULT:
                self._window.show_overlay(frame.camera, self._overlay(frame))

    def _overlay(self, frame: CameraFrame) -> VerificationOverlay | None:
        """Return what is projected onto a picture: by the new result where it is that camera's."""
        known = self.facts.in_force.get(frame.camera)
        if frame.camera == self.facts.camera and self.facts.candidate is not None:
            known = self.facts.candidate
        calibration = None if known is None else known.calibration
        if calibration is None:
            return None
        taken_ns = frame.stamp_ns - round(1e9 * calibration.delay_s)
        pose = pose_at(self._poses, taken_ns)
        if pose is None:
            return None
        try:
            return verification(calibration, pose.transform)
        except ValueError:  # a lens that is not known: nothing is drawn
            return None

    def _on_arm_pose(self, pose: ArmPose) -> None:
        self._poses.append(pose)
        self.facts.arm_pose = pose

    def _on_proposal(self, proposal: Proposal) -> None:
        self.facts.on_proposal(proposal)
        self.look()

    def _on_capture(self, progress: CaptureProgress) -> None:
        self.facts.on_progress(progress)
        self.look()

    def _on_ending(self, ending: CalibrationEnding) -> None:
        candidate = None
        if ending.candidate:
            candidate = read_file(self.facts.camera, Path(ending.candidate), self._now())
        self.facts.on_ending(ending, candidate)
        self.look()

    def _on_decision(self, answer: DecisionAnswer) -> None:
        self.facts.on_answer(answer)
        if self.facts.step is WizardStep.DONE:
            self._read_files()
        self.look()

    def _read_files(self) -> None:
        now = self._now()
        for camera in CAMERAS:
            path = self._files.get(camera)
            if path is None:
                said = "What is in force is not known here: start with the station's description"
                self.facts.in_force[camera] = InForce(camera, problem=said)
            elif path.exists():
                self.facts.in_force[camera] = read_file(camera, path, now)
            else:
                self.facts.in_force[camera] = InForce(camera)


def read_file(camera: str, path: Path, now: Instant) -> InForce:
    """Return a calibration file's content, or why it cannot be used."""
    try:
        calibration = load_calibration(path)
    except CalibrationError as error:
        return InForce(camera, problem=str(error))
    return InForce(camera, calibration, age_days=_age_days(calibration, now))


def _age_days(calibration: CameraCalibration, now: Instant) -> float | None:
    try:
        measured = datetime.fromisoformat(calibration.date.replace("Z", "+00:00"))
    except ValueError:
        return None
    if measured.tzinfo is None:
        measured = measured.replace(tzinfo=timezone.utc)
    return max(0.0, (now.station_ns * 1e-9 - measured.timestamp()) / 86_400.0)


def calibration_files(station: Path | None) -> dict[str, Path]:
    """Return the cameras' files of a station's description. Raises StationError."""
    if station is None:
        return {}
    from collector.station.description import load_station

    described = load_station(station)
    return {name: described.calibration_path(name) for name in CAMERAS if name in described.cameras}


def run(arguments: Sequence[str]) -> int:
    """Open the window and run until it is closed; return the exit code."""
    from collector.station.description import StationError
    from ui.calibration_bridge import CalibrationBridge

    options = _options(arguments[1:])
    try:
        files = calibration_files(options.station)
    except StationError as error:
        print(error, file=sys.stderr)
        return CANNOT_RUN
    application = QApplication([*arguments[:1]])
    application.setApplicationName("collector calibrate wizard")
    install_translation(application, QLocale.system())
    themes.apply(application, themes.system_theme())
    window = CalibrationWindow(themes.system_theme())

    def redress() -> None:
        themes.apply(application, themes.system_theme())
        window.set_theme(themes.system_theme())

    application.styleHints().colorSchemeChanged.connect(redress)
    bridge = CalibrationBridge()

    def fail(trace: str) -> None:
        print(trace, file=sys.stderr)
        print("the wizard lost its connection to ROS and ends: start it again", file=sys.stderr)
        application.exit(1)

    bridge.failed.connect(fail)
    wizard = Wizard(
        bridge,
        window,
        files,
        open_file=lambda path: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))),
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        # Python sees a signal at the next look, 50 ms later at most.
        signal.signal(number, lambda *_: application.quit())
    bridge.start()
    if options.camera:
        window.camera_chosen.emit(options.camera)
    window.choose.person.setText(options.person)
    window.resize(1280, 800)
    window.show()
    try:
        return application.exec()
    finally:
        wizard.deleteLater()
        bridge.close()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="collector calibrate wizard")
    parser.add_argument("--station", type=Path, help="the station's description, a YAML file")
    parser.add_argument("--camera", choices=CAMERAS, help="the camera to begin with")
    parser.add_argument("--person", default="", help="who calibrates")
    return parser.parse_args(list(arguments))


def main() -> int:
    """Run the wizard; where it cannot run here, say so in one sentence and return 2."""
    problem = display_problem(os.environ)
    if problem:
        print(problem, file=sys.stderr)
        return CANNOT_RUN
    try:
        return run(sys.argv)
    except ImportError as error:
        print(f"the wizard cannot start: {error}", file=sys.stderr)
        return CANNOT_RUN


if __name__ == "__main__":
    sys.exit(main())
