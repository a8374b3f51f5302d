"""What the wizard's banner says, and which buttons stand below a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QCoreApplication

from ui.calibration_view import CheckState, Trouble, WizardStep, WizardView
from ui.calibration_wording import camera_title, check_title, check_words, step_title
from ui.sign import Shape, Sign, Tone
from ui.wording import sentence

translate = QCoreApplication.translate


class NavAction(Enum):
    """What the buttons below a step do."""

    # In their order on the screen: what is most wanted stands at the right.
    BACK = "back"
    PROPOSE = "propose"
    BY_HAND = "by hand"
    REPORT = "report"
    AGAIN = "again"
    DISCARD = "discard"
    CANCEL = "cancel"
    NEXT = "next"
    DRIVE = "drive"
    ACCEPT = "accept"
    CLOSE = "close"


@dataclass(frozen=True)
class NavButton:
    """One button; ``strong`` stands out, ``onward`` is the usual way on."""

    action: NavAction
    text: str
    enabled: bool = True
    strong: bool = False

    @property
    def onward(self) -> bool:
        """Whether it is a way on rather than out."""
        return self.strong and self.action not in (NavAction.CANCEL, NavAction.DISCARD)


def phase_title(phase: str) -> str:
    titles = {
        "looking": translate("calibration", "Looking"),
        "moving": translate("calibration", "Moving"),
        "capturing": translate("calibration", "Capturing"),
        "checking": translate("calibration", "Checking"),
        "solving": translate("calibration", "Solving"),
    }
    return titles.get(phase, phase)


def trouble_words(trouble: Trouble, said: str) -> str:
    texts = {
        Trouble.FAILED: translate("calibration", "No result came of it."),
        Trouble.SILENT: translate(
            "calibration", "The calibrator says nothing any more: cancel, and look at its log."
        ),
        Trouble.GONE: translate(
            "calibration", "The calibrator is gone: start it again, then begin anew."
        ),
        Trouble.ARM_STOPPED: translate(
            "calibration", "The arm is stopped: reset the stop, or cancel."
        ),
        Trouble.ARM_LOST: translate("calibration", "The arm is not heard: check its driver."),
        Trouble.CAMERA_LOST: translate(
            "calibration", "No fresh picture comes: check the camera's cable and its node."
        ),
    }
    return sentence(said) or texts[trouble]


def sign(view: WizardView) -> Sign:
    """Return the banner: one word, and what to do next in one large sentence."""
    return _SIGNS[view.step](view)


def _choose(view: WizardView) -> Sign:
    headline = translate("calibration", "Choose the camera, measure the board, enter your name.")
    if view.can_next:
        headline = translate("calibration", "All is entered: go on.")
    return Sign(step_title(view.step), Shape.LIST, Tone.IDLE, headline)


def _check(view: WizardView) -> Sign:
    word = step_title(view.step)
    bad = next((c for c in view.checks if c.state is CheckState.REFUSAL), None)
    if bad is not None:
        said = f"{check_title(bad, view.camera)}: {check_words(bad, view.camera, view.square)}"
        return Sign(word, Shape.TRIANGLE, Tone.ALERT, said)
    warns = next((c for c in view.checks if c.state is CheckState.WARNING), None)
    if warns is not None:
        said = check_words(warns, view.camera, view.square)
        return Sign(word, Shape.LIST, Tone.ASKING, said)
    return Sign(word, Shape.CHECK, Tone.READY, translate("calibration", "All is in order: go on."))


def _propose(view: WizardView) -> Sign:
    word = step_title(view.step)
    if view.proposing:
        said = translate("calibration", "Safe poses are being looked for ...")
        return Sign(word, Shape.CLOCK, Tone.IDLE, said)
    if view.proposal is None:
        said = translate("calibration", "Let poses be proposed, or move the arm by hand.")
        return Sign(word, Shape.QUESTION, Tone.ASKING, said)
    if not view.proposal.poses:
        said = sentence(view.proposal.message) or translate(
            "calibration", "No pose is safe: move the board, or move the arm by hand."
        )
        return Sign(word, Shape.TRIANGLE, Tone.ALERT, said)
    said = translate(
        "calibration", "Look at the way, clear it, and confirm that the arm may drive."
    )
    detail = translate("calibration", "{0} poses").format(len(view.proposal.poses))
    return Sign(word, Shape.QUESTION, Tone.ASKING, said, detail)


def _capture(view: WizardView) -> Sign:
    progress = view.progress
    if view.trouble is Trouble.FAILED:
        word = translate("calibration", "Failed")
        said = trouble_words(view.trouble, view.trouble_sentence)
        return Sign(word, Shape.CROSS, Tone.ALERT, said)
    word = step_title(view.step) if progress is None else phase_title(progress.phase)
    if view.cancelling:
        said = translate("calibration", "It is being cancelled; nothing is changed.")
        return Sign(word, Shape.DASH, Tone.IDLE, said)
    warning = ""
    if view.trouble is not None:
        warning = trouble_words(view.trouble, view.trouble_sentence)
    if progress is None:
        said = translate("calibration", "The calibrator begins ...")
        return Sign(word, Shape.CLOCK, Tone.IDLE, said, warning=warning)
    moving = progress.phase == "moving"
    detail = translate("calibration", "The arm drives by itself.") if moving else ""
    wanted = progress.figures.wanted_views
    count = str(progress.views) if not wanted else f"{progress.views} / {wanted}"
    return Sign(
        word,
        {"moving": Shape.PLAY, "solving": Shape.CLOCK}.get(progress.phase, Shape.TARGET),
        Tone.ALERT if warning else Tone.PRACTICE if moving else Tone.ASKING,
        sentence(progress.sentence),
        detail,
        warning,
        count,
        translate("calibration", "Views taken"),
    )


def _result(view: WizardView) -> Sign:
    ending = view.ending
    warnings = 0 if ending is None else sum(f.level == "warning" for f in ending.findings)
    failed = view.answer is not None and not view.answer.ok
    warning = sentence(view.answer.message) if view.answer is not None and failed else ""
    if ending is None or not ending.ok:
        said = "" if ending is None else sentence(ending.message)
        said = said or translate(
            "calibration", "It must not be used: read why, then capture again."
        )
        word = translate("calibration", "Refused")
        return Sign(word, Shape.CROSS, Tone.ALERT, said, warning=warning)
    if warnings:
        word = translate("calibration", "Usable")
        said = translate(
            "calibration", "Read the warnings and check the pictures before you accept."
        )
        return Sign(word, Shape.TRIANGLE, Tone.ASKING, said, warning=warning)
    word = translate("calibration", "Good")
    said = translate("calibration", "Check it on the live pictures, then accept.")
    return Sign(word, Shape.CHECK, Tone.READY, said, warning=warning)


def _done(view: WizardView) -> Sign:
    word = step_title(view.step)
    accepted = view.answer is not None and view.answer.call.accept
    if accepted:
        said = translate("calibration", "{0}: the new calibration is in force.")
        return Sign(word, Shape.CHECK, Tone.READY, said.format(camera_title(view.camera)))
    said = translate("calibration", "Discarded: what was in force stays in force.")
    return Sign(word, Shape.DASH, Tone.IDLE, said)


_SIGNS: dict[WizardStep, Callable[[WizardView], Sign]] = {
    WizardStep.CHOOSE: _choose,
    WizardStep.CHECK: _check,
    WizardStep.PROPOSE: _propose,
    WizardStep.CAPTURE: _capture,
    WizardStep.RESULT: _result,
    WizardStep.DONE: _done,
}


def nav_buttons(view: WizardView, confirmed: bool) -> tuple[NavButton, ...]:
    """Return the buttons of a step; ``confirmed``: the person allows the arm to drive."""
    return _BUTTONS[view.step](view, confirmed)


def _choose_buttons(view: WizardView, _: bool) -> tuple[NavButton, ...]:
    return (NavButton(NavAction.NEXT, translate("calibration", "Go on"), view.can_next, True),)


def _check_buttons(view: WizardView, _: bool) -> tuple[NavButton, ...]:
    return (_back(), *_choose_buttons(view, _))


def _propose_buttons(view: WizardView, confirmed: bool) -> tuple[NavButton, ...]:
    again = translate("calibration", "Propose poses")
    if view.proposal is not None:
        again = translate("calibration", "Propose others")
    drive, by_hand = translate("calibration", "Drive"), translate("calibration", "Move by hand")
    return (
        _back(),
        NavButton(NavAction.PROPOSE, again, not view.proposing, not view.can_next),
        NavButton(NavAction.BY_HAND, by_hand),
        NavButton(NavAction.DRIVE, drive, view.can_next and confirmed, view.can_next),
    )


def _capture_buttons(view: WizardView, _: bool) -> tuple[NavButton, ...]:
    if view.trouble is Trouble.FAILED:
        return (NavButton(NavAction.AGAIN, translate("calibration", "Begin anew"), True, True),)
    cancel = translate("calibration", "Cancel")
    return (NavButton(NavAction.CANCEL, cancel, not view.cancelling, True),)


def _result_buttons(view: WizardView, _: bool) -> tuple[NavButton, ...]:
    again, discard = translate("calibration", "Again"), translate("calibration", "Discard")
    accept = translate("calibration", "Accept")
    return (
        NavButton(NavAction.REPORT, translate("calibration", "Report"), _reported(view)),
        NavButton(NavAction.AGAIN, again, not view.deciding),
        NavButton(NavAction.DISCARD, discard, not view.deciding, not view.can_accept),
        NavButton(NavAction.ACCEPT, accept, view.can_accept, view.can_accept),
    )


def _done_buttons(view: WizardView, _: bool) -> tuple[NavButton, ...]:
    return (
        NavButton(NavAction.REPORT, translate("calibration", "Open the report"), _reported(view)),
        NavButton(NavAction.AGAIN, translate("calibration", "Calibrate another")),
        NavButton(NavAction.CLOSE, translate("calibration", "Close"), True, True),
    )


def _back() -> NavButton:
    return NavButton(NavAction.BACK, translate("calibration", "Back"))


def _reported(view: WizardView) -> bool:
    return view.ending is not None and bool(view.ending.report)


_BUTTONS: dict[WizardStep, Callable[[WizardView, bool], tuple[NavButton, ...]]] = {
    WizardStep.CHOOSE: _choose_buttons,
    WizardStep.CHECK: _check_buttons,
    WizardStep.PROPOSE: _propose_buttons,
    WizardStep.CAPTURE: _capture_buttons,
    WizardStep.RESULT: _result_buttons,
    WizardStep.DONE: _done_buttons,
}
