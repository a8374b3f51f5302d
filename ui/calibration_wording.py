"""The wizard's texts, through Qt's translation."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication

from collector.calibration_result import CameraCalibration
from ui.calibration_figures import (
    position_sigma_m,
    rotation_sigma_rad,
)
from ui.calibration_view import (
    Check,
    CheckState,
    InForce,
    Square,
    SquareView,
    WizardCheck,
    WizardStep,
)
from ui.wording import sentence

translate = QCoreApplication.translate


def step_title(step: WizardStep) -> str:
    titles = {
        WizardStep.CHOOSE: translate("calibration", "Camera and board"),
        WizardStep.CHECK: translate("calibration", "Checks"),
        WizardStep.PROPOSE: translate("calibration", "Poses"),
        WizardStep.CAPTURE: translate("calibration", "Capture"),
        WizardStep.RESULT: translate("calibration", "Result"),
        WizardStep.DONE: translate("calibration", "Done"),
    }
    return titles[step]


def camera_title(camera: str) -> str:
    titles = {
        "static": translate("calibration", "Static camera"),
        "wrist": translate("calibration", "Wrist camera"),
    }
    return titles.get(camera, camera)


def setup_words(camera: str) -> str:
    if camera == "wrist":
        return translate(
            "calibration", "It sits on the gripper. The board lies still within the arm's reach."
        )
    return translate(
        "calibration", "It stands still in the room. The board is held by the gripper."
    )


def in_force_words(known: InForce) -> str:
    calibration = known.calibration
    if calibration is None:
        if known.problem:
            return sentence(known.problem)
        return translate("calibration", "Nothing is in force: it was never calibrated.")
    parts = [age_words(known.age_days), uncertainty_words(calibration)]
    if calibration.person:
        parts.insert(1, translate("calibration", "by {0}").format(calibration.person))
    return translate("calibration", "In force: {0}.").format(", ".join(p for p in parts if p))


def age_words(days: float | None) -> str:
    if days is None:
        return translate("calibration", "of unknown age")
    if days < 1 / 24:
        return translate("calibration", "measured just now")
    if days < 2:
        return translate("calibration", "{0} hours old").format(max(1, round(24 * days)))
    return translate("calibration", "{0} days old").format(round(days))


def uncertainty_words(calibration: CameraCalibration) -> str:
    position, turn = position_sigma_m(calibration), rotation_sigma_rad(calibration)
    if position is None or turn is None:
        return translate("calibration", "uncertainty unknown")
    return translate("calibration", "± {0:.2f} mm and ± {1:.3f}°").format(
        1e3 * position, math.degrees(turn)
    )


def square_words(view: SquareView) -> str:
    square = "" if view.square_m is None else f"{1e3 * view.square_m:.3f}"
    texts = {
        Square.EMPTY: translate("calibration", "Measure the print and enter its width."),
        Square.UNREADABLE: translate("calibration", "Enter lengths in mm, such as 180.2."),
        Square.IMPOSSIBLE: translate(
            "calibration", "No board has such squares: enter the width of all squares together."
        ),
        Square.UNLIKELY: translate(
            "calibration",
            "One square: {0} mm. Boards are printed with 30 or 45 mm: count the squares again,"
            " and measure from the first square's outer edge to the last one's.",
        ),
        Square.RULER_DIFFERS: translate(
            "calibration",
            "One square: {0} mm. Ruler and squares say different scales: measure both again.",
        ),
        Square.GOOD: translate("calibration", "One square: {0} mm."),
        Square.NOT_MEASURED: translate(
            "calibration",
            "Not measured: 0.5 % of the size is 2.5 mm of the camera's place. Good for a"
            " simulated station only.",
        ),
    }
    text = texts[view.state].format(square)
    if view.state is Square.GOOD and view.scale is not None:
        percent = 100 * (view.scale - 1)
        if abs(percent) < 0.05:
            return text + " " + translate("calibration", "The print is true to size.")
        said = (
            translate(
                "calibration", "The print is {0:.1f} % too large; that is taken into account."
            )
            if percent > 0
            else translate(
                "calibration", "The print is {0:.1f} % too small; that is taken into account."
            )
        )
        return text + " " + said.format(abs(percent))
    return text


def check_title(check: WizardCheck, camera: str) -> str:
    titles = {
        Check.CALIBRATOR: translate("calibration", "Calibrator"),
        Check.CAMERA: camera_title(camera),
        Check.ARM: translate("calibration", "Arm"),
        Check.BOARD: translate("calibration", "Board"),
        Check.SIZE: translate("calibration", "Size of the board"),
    }
    return titles[check.check]


def check_words(check: WizardCheck, camera: str, square: SquareView) -> str:
    """Return what a check found; what is wrong says what to do."""
    if check.check is Check.SIZE:
        return square_words(square)
    if check.state is CheckState.OK:
        good = {
            Check.CALIBRATOR: translate("calibration", "It runs."),
            Check.CAMERA: translate("calibration", "It sends pictures."),
            Check.ARM: translate("calibration", "It answers."),
            Check.BOARD: translate("calibration", "It is seen, sharp."),
        }
        return good[check.check]
    bad = {
        Check.CALIBRATOR: translate("calibration", "It is not heard: start it beside the station."),
        Check.CAMERA: translate("calibration", "No fresh picture: check its cable and its node."),
        Check.ARM: translate("calibration", "It is stopped or silent: see at the bottom right."),
        Check.BOARD: _show_board(camera),
    }
    return sentence(check.sentence) or bad[check.check]


def _show_board(camera: str) -> str:
    if camera == "wrist":
        return translate(
            "calibration",
            "It is not seen now: lay it flat where the gripper can look at it, and let nothing"
            " cover it.",
        )
    return translate(
        "calibration", "It is not seen now: fix it to the gripper and turn it to the camera."
    )
