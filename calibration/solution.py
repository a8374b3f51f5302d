"""From captured views to a calibration that can be stored: lens, pose, delay, and the verdict.

The lens and the pose are adjusted together, from a start that the same views give and a prior
that is wide enough not to count them twice (`calibration.intrinsics.unmeasured_prior`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from calibration.delay import ArmTrajectory, DelayResult, calibrate_delay
from calibration.examination import Examination, examine
from calibration.intrinsics import IntrinsicsResult, calibrate_intrinsics, unmeasured_prior
from calibration.observation import Intrinsics, ObservationError
from calibration.result import camera_calibration
from calibration.verdict import Finding, Verdict
from calibration.view_folder import CapturedViews
from collector.calibration_result import CameraCalibration

# A delay less certain than this is not worth applying.
USELESS_DELAY_S = 5e-3


@dataclass(frozen=True)
class Solution:
    """A solved calibration.

    ``lens``: the lens from the pictures alone, None where they do not tell. ``delay``: None where
    there was too little motion. ``verdict``: on everything. ``calibration``: what would be
    stored, None where nothing could be solved.
    """

    captured: CapturedViews
    examination: Examination
    lens: IntrinsicsResult | None
    delay: DelayResult | None
    verdict: Verdict
    calibration: CameraCalibration | None

    @property
    def ok(self) -> bool:
        """Whether the calibration may be put in place."""
        return self.calibration is not None and not self.verdict.refused


def solve(captured: CapturedViews, software: str = "") -> Solution:
    """Calibrate the camera from ``captured`` and judge the result.

    ``software``: the collector's version. A mistake in the set-up is a finding, not an error.
    Raises ObservationError for views that are no views of this board.
    """
    board = captured.board.geometry()
    lens, start, findings = _lens(captured)
    found = examine(
        captured.views,
        board,
        start,
        captured.setup,
        captured.noise,
        unmeasured_prior(start),
    )
    adjustment = found.adjustment
    delay = None
    if adjustment is not None:
        delay, said = _delay(captured, found)
        findings.append(said)
    verdict = Verdict((*found.verdict.findings, *findings))
    calibration = None
    if adjustment is not None:
        trusted = delay if delay is not None and delay.sigma_s <= USELESS_DELAY_S else None
        calibration = camera_calibration(
            adjustment,
            captured.views,
            board,
            verdict,
            camera=captured.camera,
            date=captured.date,
            columns=captured.board.columns,
            rows=captured.board.rows,
            person=captured.person,
            serial=captured.serial,
            software=software,
            marker_m=captured.board.marker_m,
            dictionary=captured.board.dictionary,
            legacy_pattern=captured.board.legacy_pattern,
            delay=trusted,
        )
    return Solution(captured, found, lens, delay, verdict, calibration)


def _lens(
    captured: CapturedViews,
) -> tuple[IntrinsicsResult | None, Intrinsics, list[Finding]]:
    """Return the lens from the pictures alone, what to start from, and what was found out."""
    try:
        lens = calibrate_intrinsics(captured.views, captured.board.geometry(), captured.intrinsics)
    except ObservationError as error:
        said = Finding("warning", "lens", f"The lens was not measured beforehand: {error}.")
        return None, captured.intrinsics, [said]
    focal = 100.0 * max(lens.sigma[0] / lens.intrinsics.fx, lens.sigma[1] / lens.intrinsics.fy)
    findings = [Finding("warning", "lens", text) for text in lens.warnings]
    if not findings:
        findings.append(
            Finding("ok", "lens", f"The pictures alone give the focal length to {focal:.2f} %.")
        )
    return lens, replace(lens.intrinsics, covariance=None), findings


def _delay(captured: CapturedViews, found: Examination) -> tuple[DelayResult | None, Finding]:
    adjustment = found.adjustment
    assert adjustment is not None
    try:
        trajectory = ArmTrajectory(captured.arm_stamps, captured.arm_poses)
        delay = calibrate_delay(
            captured.moving,
            trajectory,
            captured.board.geometry(),
            replace(adjustment.intrinsics, covariance=None),
            captured.setup,
            captured.noise,
            adjustment.T_parent_camera,
            adjustment.camera_covariance,
        )
    except ObservationError as error:
        text = f"The delay of the stamps was not measured: {error}."
        return None, Finding("warning", "delay", text)
    said = f"Stamps are {1e3 * delay.delay_s:.1f} +- {1e3 * delay.sigma_s:.1f} ms late"
    if delay.sigma_s > USELESS_DELAY_S:
        text = f"{said}, which is too uncertain to be applied: move the arm faster, to and fro."
        return delay, Finding("warning", "delay", text)
    if delay.warnings:
        return delay, Finding("warning", "delay", f"{said}. {' '.join(delay.warnings)}")
    return delay, Finding("ok", "delay", f"{said}, from {delay.views} pictures in motion.")
