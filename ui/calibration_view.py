"""Where the calibration wizard stands, from what was heard and what the person did.

Pure: neither Qt nor ROS. One table says which event leads from which step to which.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from collector.calibration_result import CameraCalibration
from ui.calibration_values import (
    ArmPose,
    BoardSeen,
    CalibrationEnding,
    CalibrationGoal,
    CaptureProgress,
    DecisionAnswer,
    DecisionCall,
    Pose7,
    Proposal,
)
from ui.station_view import LOST, STOPPED, ArmView, PictureState, PictureView, StationView
from ui.values import Instant

NS_PER_S = 1_000_000_000
SEEN_S = 1.5  # a board that was not seen for so long is not seen
LATE_S = 2.0  # a camera without a picture for so long is lost
SILENT_S = 10.0  # the calibrator says nothing while it works
MIN_SQUARE_M, MAX_SQUARE_M = 0.001, 1.0
MEANT_SQUARES_M = (0.030, 0.045)  # of the boards that can be printed, A4 and A3
FAR_FROM_MEANT = 0.03  # of a square's side: a printer does less, a mistake more
RULER_MM = 100.0  # as it stands under a printed board
RULER_MISMATCH = 0.003  # between the ruler's scale and the board's


class WizardStep(Enum):
    """The steps, in their order."""

    CHOOSE = "choose"
    CHECK = "check"
    PROPOSE = "propose"
    CAPTURE = "capture"
    RESULT = "result"
    DONE = "done"


class Event(Enum):
    """What leads from one step to another."""

    NEXT = "next"
    BACK = "back"
    BEGUN = "begun"  # the capture was asked for
    SOLVED = "solved"  # a result came, good or refused
    FAILED = "failed"  # no result
    CANCELLED = "cancelled"
    AGAIN = "again"
    DECIDED = "decided"


TRANSITIONS: Mapping[tuple[WizardStep, Event], WizardStep] = {
    (WizardStep.CHOOSE, Event.NEXT): WizardStep.CHECK,
    (WizardStep.CHECK, Event.BACK): WizardStep.CHOOSE,
    (WizardStep.CHECK, Event.NEXT): WizardStep.PROPOSE,
    (WizardStep.PROPOSE, Event.BACK): WizardStep.CHECK,
    (WizardStep.PROPOSE, Event.BEGUN): WizardStep.CAPTURE,
    (WizardStep.CAPTURE, Event.SOLVED): WizardStep.RESULT,
    (WizardStep.CAPTURE, Event.FAILED): WizardStep.CAPTURE,
    (WizardStep.CAPTURE, Event.CANCELLED): WizardStep.PROPOSE,
    (WizardStep.CAPTURE, Event.AGAIN): WizardStep.PROPOSE,
    (WizardStep.RESULT, Event.AGAIN): WizardStep.PROPOSE,
    (WizardStep.RESULT, Event.DECIDED): WizardStep.DONE,
    (WizardStep.DONE, Event.AGAIN): WizardStep.CHOOSE,
}


@dataclass(frozen=True)
class InForce:
    """A camera's calibration as it is in force, or why it is not known."""

    camera: str
    calibration: CameraCalibration | None = None
    problem: str = ""
    age_days: float | None = None


class Square(Enum):
    """What was entered of the board's size."""

    EMPTY = "empty"
    UNREADABLE = "unreadable"
    IMPOSSIBLE = "impossible"  # outside of what a board can have
    UNLIKELY = "unlikely"  # far from any board that is printed: counted or measured wrongly
    RULER_DIFFERS = "ruler differs"  # ruler and board say another scale of the print
    GOOD = "good"
    NOT_MEASURED = "not measured"  # taken as it was meant, by the person's own wish


@dataclass(frozen=True)
class SquareView:
    """The measured side of a square; ``scale`` is of the print, 1 where it is true."""

    state: Square
    square_m: float | None = None  # 0: as it was meant
    scale: float | None = None
    ruler_scale: float | None = None

    @property
    def usable(self) -> bool:
        """Whether a calibration can begin with it."""
        return self.square_m is not None


class CheckState(Enum):
    """The state of one check."""

    WAITING = "waiting"
    OK = "ok"
    WARNING = "warning"
    REFUSAL = "refusal"


class Check(Enum):
    """What is checked before a capture."""

    CALIBRATOR = "calibrator"
    CAMERA = "camera"
    ARM = "arm"
    BOARD = "board"
    SIZE = "size"


@dataclass(frozen=True)
class WizardCheck:
    """One check; ``sentence`` is the station's own where it has one."""

    check: Check
    state: CheckState
    sentence: str = ""


class Trouble(Enum):
    """Why a capture stands still or ended."""

    FAILED = "failed"
    SILENT = "silent"
    GONE = "gone"
    ARM_STOPPED = "arm stopped"
    ARM_LOST = "arm lost"
    CAMERA_LOST = "camera lost"


@dataclass(frozen=True)
class WizardView:
    """All that the wizard shows, beside the pictures."""

    step: WizardStep
    camera: str
    in_force: Mapping[str, InForce]
    square: SquareView
    person: str
    checks: tuple[WizardCheck, ...]
    board: BoardSeen | None  # of the newest picture; None where none is seen
    proposal: Proposal | None
    proposing: bool
    progress: CaptureProgress | None
    by_hand: bool
    cancelling: bool
    trouble: Trouble | None
    trouble_sentence: str
    ending: CalibrationEnding | None
    candidate: InForce | None  # the result's file as it was read
    deciding: bool
    answer: DecisionAnswer | None
    tool: Pose7 | None
    can_next: bool
    can_accept: bool


@dataclass
class WizardFacts:
    """What was heard and done so far.

    Methods that begin with ``on_`` take what the station says; the others what the person does.
    """

    cameras: tuple[str, ...] = ("static", "wrist")
    step: WizardStep = WizardStep.CHOOSE
    camera: str = "static"
    width_text: str = ""  # of all squares together, mm, as typed
    ruler_text: str = ""
    squares: int = 6  # across
    as_meant: bool = False
    person: str = ""
    in_force: dict[str, InForce] = field(default_factory=dict)
    calibrator_there: bool = False
    boards: dict[str, BoardSeen] = field(default_factory=dict)
    arm_pose: ArmPose | None = None
    proposal: Proposal | None = None
    proposing: bool = False
    goal: CalibrationGoal | None = None
    begun_ns: int = 0
    progress: CaptureProgress | None = None
    cancelling: bool = False
    ending: CalibrationEnding | None = None
    candidate: InForce | None = None
    deciding: DecisionCall | None = None
    answer: DecisionAnswer | None = None

    # What the person does

    def choose(self, camera: str) -> None:
        """Choose the camera that is to be calibrated; what was proposed for another one goes."""
        if camera not in self.cameras:
            raise ValueError(f"there is no camera {camera!r}: one of {', '.join(self.cameras)}")
        if camera != self.camera:
            self.camera, self.proposal, self.proposing = camera, None, False

    def measured(self, width: str, squares: int, ruler: str, as_meant: bool) -> None:
        """Take what was measured of the board, as it was typed."""
        self.width_text, self.squares, self.ruler_text = width, squares, ruler
        self.as_meant = as_meant

    def go(self, event: Event) -> bool:
        """Follow the table; return whether it led anywhere."""
        to = TRANSITIONS.get((self.step, event))
        if to is None:
            return False
        self.step = to
        return True

    def begin_proposal(self) -> None:
        """Poses were asked for."""
        self.proposing, self.proposal = True, None

    def make_goal(self, drives: bool) -> CalibrationGoal | None:
        """Return what is to be asked of the calibrator; None where something is missing."""
        square = self.square()
        poses = self.proposal.poses if drives and self.proposal is not None else ()
        if square.square_m is None or not self.person.strip() or (drives and not poses):
            return None
        return CalibrationGoal(self.camera, square.square_m, self.person.strip(), poses)

    def begin(self, goal: CalibrationGoal, now: Instant) -> None:
        """The capture was asked for."""
        if self.go(Event.BEGUN):
            self.goal, self.begun_ns = goal, now.monotonic_ns
            self.progress = self.ending = self.candidate = self.answer = None
            self.cancelling = False

    def cancel(self) -> None:
        """The person wants the capture to end without a result."""
        self.cancelling = self.step is WizardStep.CAPTURE and self.ending is None

    def decide(self, accept: bool, name: str) -> DecisionCall | None:
        """Return what is to be asked of the calibrator; None where that cannot be."""
        ending = self.ending
        if self.step is not WizardStep.RESULT or ending is None or self.deciding is not None:
            return None
        if accept and not (ending.ok and ending.candidate and name.strip()):
            return None
        call = DecisionCall(ending.candidate, accept, name.strip())
        if not ending.candidate:  # nothing was kept: there is nobody to ask
            self.answer = DecisionAnswer(call, True, "", "")
            self.go(Event.DECIDED)
            return None
        self.deciding, self.answer = call, None
        return call

    def discarded(self, candidate: str) -> DecisionCall:
        """Return what throws a result away that the person leaves without a word."""
        return DecisionCall(candidate, False, self.person.strip())

    # What is heard

    def on_board(self, board: BoardSeen) -> None:
        self.boards[board.camera] = board

    def on_proposal(self, proposal: Proposal) -> None:
        if proposal.camera == self.camera:
            self.proposal, self.proposing = proposal, False

    def on_progress(self, progress: CaptureProgress) -> None:
        if self.step is WizardStep.CAPTURE and self.ending is None:
            self.progress = progress

    def on_ending(self, ending: CalibrationEnding, candidate: InForce | None) -> None:
        """A calibration ended; ``candidate`` is its file, where there is one."""
        if self.step is not WizardStep.CAPTURE:
            return
        self.ending, self.candidate = ending, candidate
        if ending.cancelled or self.cancelling:
            self.ending = self.candidate = None
            self.go(Event.CANCELLED)
        elif ending.findings or ending.candidate:
            self.go(Event.SOLVED)
        else:
            self.go(Event.FAILED)
        self.cancelling = False

    def on_answer(self, answer: DecisionAnswer) -> None:
        if self.deciding != answer.call:
            return
        self.deciding, self.answer = None, answer
        if answer.ok:
            self.go(Event.DECIDED)

    # What is shown

    def square(self) -> SquareView:
        """Return what was entered of the board's size."""
        if self.as_meant:
            return SquareView(Square.NOT_MEASURED, 0.0)
        if not self.width_text.strip():
            return SquareView(Square.EMPTY)
        width_mm = read_mm(self.width_text)
        ruler_mm = read_mm(self.ruler_text) if self.ruler_text.strip() else RULER_MM
        if width_mm is None or ruler_mm is None or self.squares < 1:
            return SquareView(Square.UNREADABLE)
        square_m = 1e-3 * width_mm / self.squares
        if not MIN_SQUARE_M <= square_m <= MAX_SQUARE_M:
            return SquareView(Square.IMPOSSIBLE)
        meant = min(MEANT_SQUARES_M, key=lambda side: abs(side - square_m))
        scale = square_m / meant
        ruler_scale = ruler_mm / RULER_MM if self.ruler_text.strip() else None
        state = Square.GOOD
        if abs(scale - 1.0) > FAR_FROM_MEANT:
            state = Square.UNLIKELY
        elif ruler_scale is not None and abs(ruler_scale - scale) > RULER_MISMATCH:
            state = Square.RULER_DIFFERS
        return SquareView(state, square_m, scale, ruler_scale)

    def view(self, now: Instant, station: StationView) -> WizardView:
        """Return what the wizard shows at ``now``."""
        board = self._board(now)
        checks = self._checks(now, station, board)
        trouble, sentence = self._trouble(now, station)
        able = {
            WizardStep.CHOOSE: self.square().usable and bool(self.person.strip()),
            WizardStep.CHECK: not any(
                check.state in (CheckState.REFUSAL, CheckState.WAITING) for check in checks
            ),
            WizardStep.PROPOSE: self.proposal is not None and bool(self.proposal.poses),
        }
        ending = self.ending
        return WizardView(
            step=self.step,
            camera=self.camera,
            in_force={name: self.in_force.get(name, InForce(name)) for name in self.cameras},
            square=self.square(),
            person=self.person,
            checks=checks,
            board=board,
            proposal=self.proposal,
            proposing=self.proposing,
            progress=self.progress,
            by_hand=self.goal is not None and not self.goal.poses,
            cancelling=self.cancelling,
            trouble=trouble,
            trouble_sentence=sentence,
            ending=ending,
            candidate=self.candidate,
            deciding=self.deciding is not None,
            answer=self.answer,
            tool=None if self.arm_pose is None else self.arm_pose.transform,
            can_next=able.get(self.step, False),
            can_accept=(
                self.step is WizardStep.RESULT
                and ending is not None
                and ending.ok
                and bool(ending.candidate)
                and self.deciding is None
            ),
        )

    def _board(self, now: Instant) -> BoardSeen | None:
        board = self.boards.get(self.camera)
        if board is None or now.monotonic_ns - board.arrived_ns > SEEN_S * NS_PER_S:
            return None
        return board

    def _checks(
        self, now: Instant, station: StationView, board: BoardSeen | None
    ) -> tuple[WizardCheck, ...]:
        there = CheckState.OK if self.calibrator_there else CheckState.REFUSAL
        picture = next((p for p in station.pictures if p.camera == self.camera), None)
        live = _fresh(picture)
        arm = station.arm
        arm_off = _gone(arm) or arm.state == STOPPED
        arm_state = CheckState.REFUSAL if arm_off else CheckState.OK
        # A board that cannot be seen from here may be seen from the poses: no refusal.
        seen = board is not None and bool(board.pixels)
        good = board is not None and seen and board.sharp and not board.sentence
        size = self.square()
        size_ok = size.state is Square.GOOD
        return (
            WizardCheck(Check.CALIBRATOR, there),
            WizardCheck(
                Check.CAMERA,
                CheckState.OK if live else CheckState.REFUSAL,
                picture.problem if picture is not None else "",
            ),
            WizardCheck(Check.ARM, arm_state, arm.fault),
            WizardCheck(
                Check.BOARD,
                CheckState.OK if good else CheckState.WARNING,
                board.sentence if board is not None else "",
            ),
            WizardCheck(Check.SIZE, CheckState.OK if size_ok else CheckState.WARNING),
        )

    def _trouble(self, now: Instant, station: StationView) -> tuple[Trouble | None, str]:
        if self.step is not WizardStep.CAPTURE:
            return None, ""
        if self.ending is not None:
            return Trouble.FAILED, self.ending.message
        arm = station.arm
        picture = next((p for p in station.pictures if p.camera == self.camera), None)
        heard_ns = self.begun_ns if self.progress is None else self.progress.arrived_ns
        solving = self.progress is not None and self.progress.phase == "solving"
        limit_s = 6 * SILENT_S if solving else SILENT_S
        # The first that holds is the one to see to.
        wrong = {
            Trouble.GONE: not self.calibrator_there,
            Trouble.ARM_STOPPED: arm.state == STOPPED,
            Trouble.ARM_LOST: _gone(arm),
            Trouble.CAMERA_LOST: not _fresh(picture),
            Trouble.SILENT: now.monotonic_ns - heard_ns > limit_s * NS_PER_S,
        }
        trouble = next((trouble for trouble, holds in wrong.items() if holds), None)
        return trouble, arm.fault if trouble is Trouble.ARM_LOST else ""


def _fresh(picture: PictureView | None) -> bool:
    """Whether pictures come; one that is late for a moment is no reason to stop."""
    if picture is None or picture.age_s is None:
        return False
    shown = picture.state in (PictureState.LIVE, PictureState.STALE)
    return shown and picture.age_s < LATE_S


def _gone(arm: ArmView) -> bool:
    return arm.level is None or arm.silent_s is not None or arm.state == LOST


def read_mm(text: str) -> float | None:
    """Return a typed length in mm, with a point or a comma; None where it is none."""
    try:
        value = float(text.strip().removesuffix("mm").strip().replace(",", "."))
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None
