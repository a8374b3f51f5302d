"""A calibration's numbers and its direction, in words."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication

from calibration.verdict import REFUSED_SIGMA_M, SYSTEMATIC
from collector.calibration_result import CameraCalibration
from ui.calibration_figures import (
    Change,
    Figure,
    Quantity,
)
from ui.wording import sentence

translate = QCoreApplication.translate


def quantity_title(figure: Figure, parent: str) -> str:
    titles = {
        Quantity.X: translate("calibration", "x in {0}"),
        Quantity.Y: translate("calibration", "y in {0}"),
        Quantity.Z: translate("calibration", "z in {0}"),
        Quantity.ROTATION_X: translate("calibration", "turn about x of {0}"),
        Quantity.ROTATION_Y: translate("calibration", "turn about y of {0}"),
        Quantity.ROTATION_Z: translate("calibration", "turn about z of {0}"),
        Quantity.FX: translate("calibration", "focal length fx"),
        Quantity.FY: translate("calibration", "focal length fy"),
        Quantity.CX: translate("calibration", "centre cx"),
        Quantity.CY: translate("calibration", "centre cy"),
        Quantity.DELAY: translate("calibration", "delay of the stamps"),
    }
    if figure.quantity is Quantity.DISTORTION:
        names = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")
        name = names[figure.index] if figure.index < len(names) else str(figure.index + 1)
        return translate("calibration", "distortion {0}").format(name)
    return titles[figure.quantity].format(frame_words(parent))


def frame_words(frame: str) -> str:
    names = {
        "base": translate("calibration", "base"),
        "ee": translate("calibration", "the gripper"),
    }
    return names.get(frame, frame)


def transform_name(calibration: CameraCalibration) -> str:
    return f"T_{calibration.parent_frame}_{calibration.child_frame}"


def direction_words(calibration: CameraCalibration) -> str:
    """Return which way round the transform is, in words that leave no other reading."""
    if calibration.parent_frame == "ee":
        text = translate(
            "calibration",
            "the {0} camera's pose in the gripper's frame (ee). It maps a point that the camera"
            " sees to that point in ee.",
        )
    else:
        text = translate(
            "calibration",
            "the {0} camera's pose in the arm's base. It maps a point that the camera sees to"
            " that point in base.",
        )
    return text.format(calibration.camera)


def place_words(calibration: CameraCalibration) -> str:
    """Return where the camera is, with directions instead of signs, in its parent frame."""
    x, y, z = (1e3 * v for v in calibration.transform[:3])
    if calibration.parent_frame == "ee":
        return translate(
            "calibration", "Lens at x {0:+.0f}, y {1:+.0f}, z {2:+.0f} mm from the fingertips."
        ).format(x, y, z)
    front = (
        translate("calibration", "{0:.0f} mm in front")
        if x >= 0
        else translate("calibration", "{0:.0f} mm behind")
    )
    side = (
        translate("calibration", "{0:.0f} mm to the left")
        if y >= 0
        else translate("calibration", "{0:.0f} mm to the right")
    )
    height = (
        translate("calibration", "{0:.0f} mm above")
        if z >= 0
        else translate("calibration", "{0:.0f} mm below")
    )
    return translate("calibration", "Seen from the arm's base the lens is {0}, {1}, {2}.").format(
        front.format(abs(x)), side.format(abs(y)), height.format(abs(z))
    )


def change_words(change: Change | str | None) -> str:
    if change is None:
        return translate("calibration", "There is no earlier calibration to compare with.")
    if isinstance(change, str):
        return sentence(change)
    text = translate(
        "calibration",
        "Against the last one: moved by {0:.2f} mm, turned by {1:.3f}°, focal length {2:+.2f} %.",
    ).format(change.shift_mm, change.turn_deg, change.focal_percent)
    if change.sigmas is None:
        return text
    if change.sigmas > 4.0:  # of six numbers together: beyond what noise does in 1 of 100 cases
        return (
            text
            + " "
            + translate(
                "calibration", "That is more than both uncertainties allow: the camera was moved."
            )
        )
    return text + " " + translate("calibration", "That is within both uncertainties.")


def figure_words(figure: Figure) -> tuple[str, str, str]:
    """Return value with unit, its uncertainty, and the last one."""
    digits, unit = figure.digits, f" {figure.unit}".rstrip()
    sigma = translate("calibration", "unknown")
    if figure.sigma is not None:
        sigma = f"± {figure.sigma:.{digits}f}{unit}"
    last = "" if figure.last is None else f"{figure.last:.{digits}f}{unit}"
    return f"{figure.value:.{digits}f}{unit}", sigma, last


def systematic_note() -> str:
    return translate("calibration", SYSTEMATIC)


def sigma_words(sigma_m: float | None, sigma_rad: float | None) -> str:
    if sigma_m is None:
        return translate("calibration", "Expected uncertainty: not yet known.")
    text = translate("calibration", "Expected uncertainty: ± {0:.2f} mm").format(1e3 * sigma_m)
    if sigma_rad is not None:
        text += translate("calibration", ", ± {0:.3f}°").format(math.degrees(sigma_rad))
    if sigma_m > REFUSED_SIGMA_M:
        limit = 1e3 * REFUSED_SIGMA_M
        text += " " + translate("calibration", "(refused above {0:.0f} mm)").format(limit)
    return text
