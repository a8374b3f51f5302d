"""States of the calibration wizard as the gallery and the tests draw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from collector.calibration_result import CameraCalibration
from ui.calibration_values import (
    ArmPose,
    CalibrationEnding,
    CaptureProgress,
    DecisionAnswer,
    DecisionCall,
    Finding,
    Proposal,
)
from ui.calibration_view import InForce, WizardFacts, WizardStep
from ui.sample_calibration_values import (
    FINDINGS,
    REFUSALS,
    TOOL,
    WARNINGS,
    calibration,
    corners,
    figures,
    poses,
    with_board,
)
from ui.sample_states import LONG, NOW, arm, frame, running
from ui.station_view import StationFacts
from ui.values import CAMERAS, CameraFrame
from ui.verification_overlay import VerificationOverlay, verification

SECRET = "/data/station/calibration/candidates/2026-11-24T17-30-00Z"


@dataclass
class SampleWizard:
    """A wizard in some state, with the station beside it; ``result_tab``: which one is open."""

    facts: WizardFacts
    station: StationFacts = field(default_factory=running)
    result_tab: int = 0
    confirmed: bool = False
    pose_chosen: int | None = None
    pressed: tuple[float, float] | None = None  # on the verified picture, native pixels

    def frames(self) -> list[CameraFrame]:
        """Return the pictures, with the board in that of the chosen camera."""
        board = self.facts.boards.get(self.facts.camera)
        return [
            with_board(frame) if board is not None and frame.camera == board.camera else frame
            for frame in self.station.frames.values()
        ]

    def overlays(self) -> dict[str, VerificationOverlay]:
        """Return what is projected onto each picture."""
        made = {}
        for camera, in_force in self.facts.in_force.items():
            new = self.facts.candidate if camera == self.facts.camera else None
            known = new or in_force
            if known.calibration is not None:
                made[camera] = verification(known.calibration, TOOL)
        return made


def _facts(step: WizardStep, camera: str = "static") -> WizardFacts:
    facts = WizardFacts(CAMERAS, step, camera, width_text="180.24", ruler_text="100.1")
    facts.person = "Ada Lovelace"
    facts.calibrator_there = True
    facts.in_force = {
        name: InForce(name, calibration(name), age_days=3.2 if name == "static" else 41.0)
        for name in CAMERAS
    }
    facts.boards = {name: corners(camera=name) for name in CAMERAS}
    facts.arm_pose = ArmPose(TOOL, NOW.station_ns, NOW.monotonic_ns)
    return facts


def _first() -> SampleWizard:
    facts = _facts(WizardStep.CHOOSE)
    facts.person = facts.width_text = facts.ruler_text = ""
    facts.in_force = {name: InForce(name) for name in CAMERAS}
    return SampleWizard(facts)


def _chosen() -> SampleWizard:
    return SampleWizard(_facts(WizardStep.CHOOSE))


def _wrong_size() -> SampleWizard:
    facts = _facts(WizardStep.CHOOSE, "wrist")
    facts.width_text, facts.ruler_text = "151.2", ""
    broken = "/data/station/calibration/wrist.yaml was changed after it was measured: calibrate"
    facts.in_force["wrist"] = InForce("wrist", problem=f"{broken} again")
    facts.person = LONG
    return SampleWizard(facts)


def _checks_good() -> SampleWizard:
    return SampleWizard(_facts(WizardStep.CHECK))


def _checks_bad() -> SampleWizard:
    facts = _facts(WizardStep.CHECK)
    facts.calibrator_there = False
    facts.boards.clear()
    facts.as_meant = True
    station = running()
    station.on_arm(arm("stopped"))
    return SampleWizard(facts, station)


def _board_unseen() -> SampleWizard:
    facts = _facts(WizardStep.CHECK)
    said = "The board is cut off at the right: show all of it, with its white edge."
    facts.boards["static"] = corners(said, sharp=False)
    return SampleWizard(facts)


def _propose_empty() -> SampleWizard:
    return SampleWizard(_facts(WizardStep.PROPOSE))


def _proposing() -> SampleWizard:
    facts = _facts(WizardStep.PROPOSE)
    facts.begin_proposal()
    return SampleWizard(facts)


def _proposed() -> SampleWizard:
    facts = _facts(WizardStep.PROPOSE)
    facts.proposal = Proposal("static", True, "", poses())
    return SampleWizard(facts, confirmed=True, pose_chosen=4)


def _no_pose() -> SampleWizard:
    facts = _facts(WizardStep.PROPOSE)
    said = "only 3 of 1500 poses show the whole board within the limits: move the board nearer"
    facts.proposal = Proposal("static", False, f"{said} to the middle of the workspace", ())
    return SampleWizard(facts)


def _capture(
    views: int, phase: str, sentence: str, bad: int | None = None, camera: str = "static"
) -> SampleWizard:
    facts = _facts(WizardStep.CAPTURE, camera)
    facts.proposal = Proposal(camera, True, "", poses())
    facts.goal = facts.make_goal(drives=phase == "moving")
    facts.begun_ns = NOW.monotonic_ns
    facts.progress = CaptureProgress(phase, views, sentence, figures(views, bad), NOW.monotonic_ns)
    return SampleWizard(facts)


def _begun() -> SampleWizard:
    made = _capture(0, "looking", "")
    made.facts.progress = None
    return made


def _few() -> SampleWizard:
    edge = "Tilt the board's left edge, as the picture shows it,"
    said = f"{edge} 20 to 45 degrees towards the camera."
    made = _capture(4, "looking", said)
    made.facts.boards["static"] = corners("Hold still.")
    return made


def _moving() -> SampleWizard:
    return _capture(13, "moving", "The arm drives to pose 14 of 20: keep clear of it.", bad=7)


def _solving() -> SampleWizard:
    made = _capture(20, "solving", "All views are taken: the result is worked out.")
    made.facts.boards.clear()
    return made


def _arm_stopped() -> SampleWizard:
    made = _moving()
    made.station.on_arm(arm("stopped"))
    return made


def _cancelling() -> SampleWizard:
    made = _moving()
    made.facts.cancel()
    return made


def _failed() -> SampleWizard:
    made = _capture(4, "solving", "")
    said = "4 views are too few to solve anything: take 20, at least 6"
    made.facts.ending = CalibrationEnding(False, said)
    return made


def _ended(
    findings: tuple[Finding, ...], candidate: CameraCalibration | None, camera: str = "static"
) -> SampleWizard:
    facts = _facts(WizardStep.RESULT, camera)
    refused = any(finding.level == "refused" for finding in findings)
    message = "the calibration is refused: see its findings" if refused else ""
    path = "" if candidate is None else f"{SECRET}/{camera}.yaml"
    facts.ending = CalibrationEnding(not refused, message, path, f"{SECRET}/report.html", findings)
    if candidate is not None:
        facts.candidate = InForce(camera, candidate, age_days=0.001)
    return SampleWizard(facts)


def _good() -> SampleWizard:
    return _ended(FINDINGS, calibration("static", 1.0, 0.0004))


def _warned() -> SampleWizard:
    return _ended(WARNINGS, calibration("wrist", 1.6, 0.004), "wrist")


def _refused() -> SampleWizard:
    return _ended(REFUSALS, calibration("static", 9.0, 0.012))


def _nothing_solved() -> SampleWizard:
    return _ended(REFUSALS[:1], None)


def _numbers() -> SampleWizard:
    made = _good()
    made.result_tab = 1
    return made


def _views() -> SampleWizard:
    made = _warned()
    made.result_tab = 2
    return made


def _verified() -> SampleWizard:
    made = _good()
    made.result_tab, made.pressed = 3, (330.0, 170.0)
    return made


def _first_result() -> SampleWizard:
    made = _good()
    made.facts.in_force["static"] = InForce("static")
    return made


def _not_accepted() -> SampleWizard:
    made = _good()
    call = DecisionCall(f"{SECRET}/static.yaml", True, "Ada Lovelace")
    said = "/data/station/calibration/static.yaml cannot be written: No space left on device"
    made.facts.answer = DecisionAnswer(call, False, f"{said}; check the disk and its rights", "")
    return made


def _accepted() -> SampleWizard:
    made = _good()
    made.facts.step = WizardStep.DONE
    call = DecisionCall(f"{SECRET}/static.yaml", True, "Ada Lovelace")
    path = "/data/station/calibration/static.yaml"
    made.facts.answer = DecisionAnswer(call, True, "", path)
    return made


def _discarded() -> SampleWizard:
    made = _good()
    made.facts.step = WizardStep.DONE
    call = DecisionCall(f"{SECRET}/static.yaml", False, "Ada Lovelace")
    made.facts.answer = DecisionAnswer(call, True, "", "")
    return made


def _long() -> SampleWizard:
    made = _ended(
        (Finding("warning", "long", f"{LONG} {LONG}: {WARNINGS[0].sentence} {LONG}"), *WARNINGS),
        calibration("static", 1.0, 0.02),
    )
    made.facts.person = f"{LONG} {LONG}"
    return made


def _camera_lost() -> SampleWizard:
    made = _few()
    made.station.on_frame(frame("static", 4.0))
    return made


CALIBRATIONS: dict[str, Callable[[], SampleWizard]] = {
    "calibration_first": _first,
    "calibration_chosen": _chosen,
    "calibration_wrong_size": _wrong_size,
    "calibration_checks_good": _checks_good,
    "calibration_checks_bad": _checks_bad,
    "calibration_board_unseen": _board_unseen,
    "calibration_propose_empty": _propose_empty,
    "calibration_proposing": _proposing,
    "calibration_proposed": _proposed,
    "calibration_no_pose": _no_pose,
    "calibration_begun": _begun,
    "calibration_few_views": _few,
    "calibration_moving": _moving,
    "calibration_solving": _solving,
    "calibration_arm_stopped": _arm_stopped,
    "calibration_camera_lost": _camera_lost,
    "calibration_cancelling": _cancelling,
    "calibration_failed": _failed,
    "calibration_good": _good,
    "calibration_numbers": _numbers,
    "calibration_views": _views,
    "calibration_verified": _verified,
    "calibration_first_result": _first_result,
    "calibration_warned": _warned,
    "calibration_refused": _refused,
    "calibration_nothing_solved": _nothing_solved,
    "calibration_not_accepted": _not_accepted,
    "calibration_accepted": _accepted,
    "calibration_discarded": _discarded,
    "calibration_long_names": _long,
}
