"""Whether a calibration can be used, and in words what is wrong and what to do.

The predicted uncertainty decides, and the held-out views judged by this robot's noise; a small
residual proves nothing. Each finding has a level: ``refused`` must not be used, ``warning`` may
be used by someone who knows why, ``ok`` is said for the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from calibration.adjustment import Adjustment
from calibration.excitation import AIM_RAD, WEAK_RAD, Excitation
from calibration.hold_out import HoldOut
from calibration.hypotheses import Change, Explanation, Measure
from calibration.kinematic_chain import Setup, holder_frame, other_setup, parent_frame
from calibration.robust import MAX_BAD_SHARE

Level = Literal["ok", "warning", "refused"]

REFUSED_SIGMA_M = 2e-3
WARNING_SIGMA_M = 1e-3
FEWEST_VIEWS = 6
GOOD_VIEWS = 12
BAD_SIGMA_PX = 1.0
WORSE_ROBOT = 1.5

SYSTEMATIC = (
    "The uncertainty counts the noise of corners and of the arm's poses. It cannot know what is "
    "wrong the same way in every pose: a joint whose zero is off by 0.1 degrees moved a camera by "
    "2.8 mm while sigma said 0.9. Check the projected gripper tip against the picture, near and "
    "far in the workspace."
)
SETUP_WORDS: dict[Setup, str] = {
    "eye_in_hand": "the camera on the arm's tool and the board fixed in the room",
    "eye_to_hand": "the camera fixed in the room and the board on the arm's tool",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: its ``level``, a ``code`` for programs, and ``text``."""

    level: Level
    code: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """All findings; the worst decides."""

    findings: tuple[Finding, ...]

    @property
    def level(self) -> Level:
        """The worst level of all findings."""
        levels = {finding.level for finding in self.findings}
        if "refused" in levels:
            return "refused"
        return "warning" if "warning" in levels else "ok"

    @property
    def refused(self) -> bool:
        """Whether the calibration must not be used."""
        return self.level == "refused"

    def has(self, code: str) -> bool:
        """Whether there is a finding ``code``."""
        return any(finding.code == code for finding in self.findings)

    def text(self) -> str:
        """All findings as text, the worst first, and what the covariance cannot know."""
        order = ("refused", "warning", "ok")
        worst_first = sorted(self.findings, key=lambda finding: order.index(finding.level))
        lines = [f"{finding.level}: {finding.text}" for finding in worst_first]
        return "\n".join([*lines, f"note: {SYSTEMATIC}"])


def judge_motion(motion: Excitation) -> list[Finding]:
    """Judge how the arm moved; also while views are still being taken."""
    findings = []
    rms = ", ".join(
        f"{axis} {np.rad2deg(value):.0f}" for axis, value in zip("xyz", motion.rms_rad, strict=True)
    )
    aim = f"{np.rad2deg(AIM_RAD):.0f}"
    if motion.poses < FEWEST_VIEWS:
        findings.append(
            Finding(
                "refused",
                "too_few_poses",
                f"{motion.poses} views can hide any mistake: take 20, at least {FEWEST_VIEWS}.",
            )
        )
    elif motion.poses < GOOD_VIEWS:
        findings.append(
            Finding(
                "warning",
                "few_poses",
                f"{motion.poses} views are few to find a bad one among: take 20.",
            )
        )
    if motion.still:
        findings.append(
            Finding(
                "refused",
                "no_rotation",
                "The arm did not turn between the views: without rotation the camera's place "
                f"cannot be told. Turn it by {aim} degrees and more about each axis.",
            )
        )
    elif motion.one_axis:
        axis = ", ".join(f"{x:.2f}" for x in motion.axis)
        findings.append(
            Finding(
                "refused",
                "one_axis",
                f"All rotation is about one axis ({axis} in ee; parallel axes count as one): the "
                "camera's place along it cannot be told. Also tilt the tool about the two other "
                f"axes, {aim} degrees and more each way.",
            )
        )
    elif np.min(motion.rms_rad) < WEAK_RAD:
        findings.append(
            Finding(
                "warning",
                "little_rotation",
                f"RMS rotation about the tool's axes is {rms} degrees: turn it more about "
                f"{motion.weakest}, the aim is {aim} on each.",
            )
        )
    else:
        findings.append(
            Finding("ok", "rotation", f"RMS rotation about the tool's axes: {rms} degrees.")
        )
    if motion.centred and motion.poses >= FEWEST_VIEWS:
        findings.append(
            Finding(
                "warning",
                "board_centred",
                "The board was always in the same place of the image: also show it left, right, "
                "high and low, so that errors of the lens come to light.",
            )
        )
    return findings


def explain(explanation: Explanation, setup: Setup) -> Finding:
    """Put into words that the views are read the wrong way."""
    numbers = (
        f"read as declared they are off by {explanation.declared_px:.0f} px, so by "
        f"{explanation.reprojection_px:.1f} px"
    )
    inverted = "the arm's poses are given as T_ee_base instead of T_base_ee (inverted)"
    swapped = (
        f"this is the other camera or set-up, with {SETUP_WORDS[other_setup(setup)]} "
        "(swapped cameras)"
    )
    if explanation.mistake == "quaternion_order":
        text = (
            "The views fit when the arm's quaternions are read in the order w x y z: "
            f"{numbers}. Hand them over as x y z w."
        )
    elif explanation.mistake == "inverted_poses":
        text = f"The views fit when {inverted}: {numbers}. Check the driver's transform" + (
            "." if explanation.certain else f"; or else {swapped}."
        )
    else:
        text = f"The views fit when {swapped}: {numbers}. Choose the camera that was meant" + (
            "." if explanation.certain else f"; or else {inverted}."
        )
    return Finding("refused", explanation.mistake, text)


def unexplained(reprojection_px: float) -> Finding:
    """Put into words that nothing fits the views."""
    return Finding(
        "refused",
        "does_not_fit",
        f"Arm and board do not move together: the best start is off by {reprojection_px:.0f} px. "
        "Check that the board is fixed, that it is the one chosen, that the poses are T_base_ee of "
        "this arm in m, and that they belong to the images' stamps.",
    )


def judge(
    adjustment: Adjustment,
    motion: Excitation,
    held_out: HoldOut | None = None,
    size: Measure | None = None,
    change: Change | None = None,
    legacy_pattern: bool = False,
    square_m: float | None = None,
) -> Verdict:
    """Judge a calibration by everything that was found out about it.

    ``size``: `hypotheses.measure`. ``change``: `hypotheses.find_change`. ``legacy_pattern``:
    the detection found the board in the pattern of OpenCV before 4.6. ``square_m``: stated.
    """
    findings = judge_motion(motion)
    findings += _uncertainty(adjustment)
    findings += _outliers(adjustment)
    # A wrong size can look like a move and the other way round: the stronger one is meant.
    if change is not None and size is not None and size.wrong:
        if change.statistic - change.limit > size.excess:
            size = None
        else:
            change = None
    if change is not None:
        findings.append(_change(change, adjustment))
    if held_out is not None:
        findings += _held_out(held_out)
    elif motion.poses >= FEWEST_VIEWS:
        findings.append(
            Finding(
                "warning",
                "no_hold_out",
                "There are too few good views to hold some out: nothing checked the result.",
            )
        )
    if size is not None:
        findings.append(_size(size, square_m))
    if legacy_pattern:
        findings.append(
            Finding(
                "refused",
                "legacy_pattern",
                "The board was printed in the legacy pattern (OpenCV before 4.6): choose it as "
                "legacy, or print a new one.",
            )
        )
    return Verdict(tuple(findings))


def _uncertainty(adjustment: Adjustment) -> list[Finding]:
    sigma = adjustment.sigma_position_m
    turn = float(np.rad2deg(adjustment.sigma_rotation_rad))
    said = f"{adjustment.camera_transform_name} is known to {1e3 * sigma:.2f} mm and {turn:.3f} deg"
    if sigma > REFUSED_SIGMA_M or not np.isfinite(sigma):
        text = (
            f"{said} (one sigma), worse than {1e3 * REFUSED_SIGMA_M:.0f} mm, whatever the "
            "residuals say. Take more views with more rotation about all axes, nearer to the board."
        )
        findings = [Finding("refused", "uncertain", text)]
    elif sigma > WARNING_SIGMA_M:
        text = f"{said} (one sigma). More views with more rotation would make it better."
        findings = [Finding("warning", "uncertain", text)]
    else:
        findings = [Finding("ok", "uncertainty", f"{said} (one sigma).")]
    worse = max(adjustment.robot_factor_t, adjustment.robot_factor_r)
    if worse > WORSE_ROBOT:
        noise = adjustment.weights.noise
        findings.append(
            Finding(
                "warning",
                "robot_worse",
                f"The arm's poses scatter {worse:.1f} times more than stated "
                f"({1e3 * noise.sigma_t_m:.2f} mm, {np.rad2deg(noise.sigma_r_rad):.2f} deg an "
                "axis): it was still moving, the stamps are off, or its kinematics are. The "
                "uncertainty was widened by it.",
            )
        )
    if adjustment.sigma_px > BAD_SIGMA_PX:
        findings.append(
            Finding(
                "warning",
                "corners_noisy",
                f"Corners scatter by {adjustment.sigma_px:.1f} px: focus the camera, flatten the "
                "board, hold still, and measure the intrinsics.",
            )
        )
    return findings


def _outliers(adjustment: Adjustment) -> list[Finding]:
    bad = adjustment.bad_views
    if not bad:
        return []
    names = ", ".join(bad)
    if len(bad) > MAX_BAD_SHARE * len(adjustment.used):
        return [
            Finding(
                "refused",
                "many_bad_poses",
                f"{len(bad)} of {len(adjustment.used)} views do not fit the others ({names}): "
                "something moved, or the poses do not belong to the images. Capture again.",
            )
        ]
    worst = adjustment.corrections[~adjustment.used]
    far = float(np.max(np.linalg.norm(worst[:, :3], axis=1)))
    turn = float(np.rad2deg(np.max(np.linalg.norm(worst[:, 3:], axis=1))))
    return [
        Finding(
            "warning",
            "bad_pose",
            "Left out, because the arm's pose does not fit the others (by up to "
            f"{1e3 * far:.1f} mm and {turn:.1f} deg): view {names}. Capture it again, "
            "with the arm at rest.",
        )
    ]


def _change(change: Change, adjustment: Adjustment) -> Finding:
    by = (
        f"{1e3 * np.linalg.norm(change.shift_m):.1f} mm and "
        f"{np.rad2deg(np.linalg.norm(change.turn_rad)):.2f} deg"
    )
    camera = f"the camera moved on {parent_frame(adjustment.setup)}"
    board = f"the board slipped on {holder_frame(adjustment.setup)}"
    if change.moved == "camera":
        what, code = camera, "camera_moved"
    elif change.moved == "board":
        what, code = board, "board_slipped"
    else:
        what, code = f"{camera} or {board}", "something_moved"
    return Finding(
        "refused",
        code,
        f"Between the views something gave way: {what} before view {change.view}, by {by}. Tighten "
        "it and capture again.",
    )


def _held_out(held_out: HoldOut) -> list[Finding]:
    numbers = (
        f"{held_out.rms_px:.1f} px where {held_out.expected_rms_px:.1f} px are expected of this "
        "robot and this fit"
    )
    findings = []
    if not held_out.passed:
        findings.append(
            Finding(
                "refused",
                "held_out",
                f"Views that were held out do not fit: {numbers} (p = {held_out.p_value:.1g}). The "
                "model is wrong somewhere: intrinsics, board size, joint offsets, or stamps.",
            )
        )
    elif not held_out.different:
        findings.append(
            Finding(
                "warning",
                "held_out_alike",
                "The held-out views are like the fitted ones, so they prove little: add views far "
                "from the others.",
            )
        )
    else:
        findings.append(Finding("ok", "held_out", f"Held-out views: {numbers}."))
    if held_out.bad:
        findings.append(
            Finding(
                "warning",
                "bad_held_out",
                f"These held-out views fit nothing: {', '.join(held_out.bad)}. Capture them again.",
            )
        )
    return findings


def _size(size: Measure, square_m: float | None) -> Finding:
    square = "" if square_m is None else f" ({1e3 * square_m * size.scale:.2f} mm a square)"
    board = f"{100 * (size.scale - 1.0):+.2f} +- {100 * size.scale_sigma:.2f} %"
    lens = f"{100 * (size.focal - 1.0):+.2f} +- {100 * size.focal_sigma:.2f} %"
    wrong = size.wrong
    if wrong == "board_size":
        text = (
            f"By the arm's measure the board differs by {board} from its stated size{square}: "
            "measure ten squares of the print and state their size."
        )
    elif wrong == "lens":
        text = (
            "The given intrinsics do not fit the corners, in the distortion or the centre: measure "
            "the intrinsics first, or refine them jointly."
        )
    elif wrong == "focal_length":
        text = (
            f"By the arm's measure the focal length differs by {lens} from the given one: measure "
            "the intrinsics first, or refine them jointly."
        )
    elif wrong:
        text = (
            f"By the arm's measure the board's size differs by {board} from the stated one"
            f"{square}, or the focal length by {lens} from the given one: measure ten squares "
            "of the print, then the intrinsics."
        )
    elif size.doubtful:
        text = (
            f"By the arm's measure the board's size differs by {board} from the stated one, more "
            "than is likely: measure ten squares of the print."
        )
        return Finding("warning", "board_size_doubtful", text)
    else:
        return Finding("ok", "board_scale", f"The board's size agrees with the arm's: {board}.")
    return Finding("refused", wrong, text)
