"""Calibrate and judge: everything that is done with the views of one camera, in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.adjustment import Adjustment, calibrate_hand_eye
from calibration.bundle_adjustment import RobotNoise
from calibration.excitation import Excitation, excitation
from calibration.hand_eye import MIN_VIEWS, board_poses, closed_forms
from calibration.hold_out import HoldOut, hold_out
from calibration.hypotheses import (
    UNEXPLAINED_PX,
    Change,
    Explanation,
    Measure,
    find_change,
    measure,
    other_explanation,
)
from calibration.kinematic_chain import Setup
from calibration.observation import BoardGeometry, BoardView, Intrinsics
from calibration.verdict import Finding, Verdict, explain, judge, judge_motion, unexplained

Array = NDArray[np.float64]

HOPELESS_PX = 10.0 * UNEXPLAINED_PX


@dataclass(frozen=True)
class Examination:
    """A calibration with everything that speaks for and against it.

    ``adjustment`` is None when there is nothing worth adjusting; the verdict says why.
    """

    setup: Setup
    motion: Excitation
    verdict: Verdict
    adjustment: Adjustment | None = None
    held_out: HoldOut | None = None
    size: Measure | None = None
    change: Change | None = None
    explanation: Explanation | None = None


def examine(
    views: Sequence[BoardView],
    board: BoardGeometry,
    intrinsics: Intrinsics,
    setup: Setup,
    noise: RobotNoise,
    intrinsics_prior: Array | None = None,
    legacy_pattern: bool = False,
) -> Examination:
    """Calibrate the camera's pose from ``views`` and judge the result.

    Arguments as for `calibration.adjustment.calibrate_hand_eye`. A mistake in the set-up is a
    finding, not an error. Raises ObservationError for views that are no views of this board.
    """
    motion = excitation(views, (intrinsics.width, intrinsics.height))
    if len(views) < MIN_VIEWS:
        return Examination(setup, motion, Verdict(tuple(judge_motion(motion))))
    poses = board_poses(views, board, intrinsics)
    start = closed_forms(views, board, intrinsics, setup, poses)[0]
    explanation = other_explanation(views, board, intrinsics, setup, poses, start)
    if explanation is not None:
        findings = [explain(explanation, setup), *judge_motion(motion)]
        return Examination(setup, motion, Verdict(tuple(findings)), explanation=explanation)
    if not start.reprojection_px < HOPELESS_PX:
        # Motion that fixes no pose fits nothing either: then that is the reason.
        findings = judge_motion(motion)
        if not motion.one_axis:
            findings.append(unexplained(start.reprojection_px))
        return Examination(setup, motion, Verdict(tuple(findings)))
    adjustment = calibrate_hand_eye(views, board, intrinsics, setup, noise, intrinsics_prior)
    held_out = None if motion.one_axis else hold_out(adjustment, views, board)
    size = None if motion.one_axis else measure(adjustment)
    stamps = np.array([view.stamp_ns for view in views], np.int64)
    # Without stamps the views are taken to be in the order they were captured.
    order = np.argsort(stamps, kind="stable") if len(np.unique(stamps)) == len(stamps) else None
    change = find_change(adjustment, order)
    verdict = judge(adjustment, motion, held_out, size, change, legacy_pattern, board.square_m)
    return Examination(setup, motion, verdict, adjustment, held_out, size, change, explanation)


def refusals(examination: Examination) -> tuple[Finding, ...]:
    """Return the findings for which the calibration must not be used."""
    return tuple(f for f in examination.verdict.findings if f.level == "refused")
