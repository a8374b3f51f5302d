"""Plain data of a calibration, as `ui.calibration_bridge` hands it to the wizard.

``arrived_ns`` is this process's monotonic clock; ``stamp_ns`` is the station clock. Poses are
``T_a_b`` [7]: m, quaternion x y z w.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Pose7 = tuple[float, float, float, float, float, float, float]
FindingLevel = Literal["ok", "warning", "refused"]


@dataclass(frozen=True)
class ArmPose:
    """Where the arm's tool is."""

    transform: Pose7  # T_base_ee measured
    stamp_ns: int
    arrived_ns: int


@dataclass(frozen=True)
class BoardSeen:
    """What is seen of the board in one picture."""

    camera: str
    pixels: tuple[tuple[float, float], ...]  # corners, native image
    sharp: bool
    still: bool
    sentence: str  # what would help; empty: good
    stamp_ns: int
    arrived_ns: int


@dataclass(frozen=True)
class Proposal:
    """Poses that the arm could drive through, or why there are none."""

    camera: str
    ok: bool
    message: str
    poses: tuple[Pose7, ...]  # T_base_ee


@dataclass(frozen=True)
class CalibrationGoal:
    """A calibration to be made. Without ``poses`` the arm is moved by hand."""

    camera: str
    square_m: float  # 0: as the board was meant
    person: str
    poses: tuple[Pose7, ...] = ()
    views: int = 0  # 0: until the prediction is good


@dataclass(frozen=True)
class ViewTaken:
    """One view that was taken, and how it fits the others so far."""

    name: str
    residual_px: float | None = None  # None: nothing was solved yet
    used: bool = True  # false for an outlier
    corners: int = 0


@dataclass(frozen=True)
class CaptureFigures:
    """How far a capture is; what was not said is empty or None."""

    views: tuple[ViewTaken, ...] = ()
    wanted_views: int | None = None
    coverage: tuple[tuple[int, ...], ...] = ()  # corners a cell, the first row at the top
    coverage_share: float | None = None  # 0 to 1
    wanted_place: tuple[float, float] | None = None  # share of width and height, 0 to 1
    excitation_rad: tuple[float, float, float] | None = None  # RMS about x, y, z of ee
    sigma_m: float | None = None  # predicted of the result
    sigma_rad: float | None = None
    poses_done: int | None = None  # of those that the arm drives through


@dataclass(frozen=True)
class CaptureProgress:
    """What the calibrator does now."""

    phase: str  # looking | moving | capturing | checking | solving
    views: int
    sentence: str  # what to do next
    figures: CaptureFigures
    arrived_ns: int


@dataclass(frozen=True)
class Finding:
    """One thing that was checked of a result, and what to do about it."""

    level: FindingLevel
    name: str
    sentence: str


@dataclass(frozen=True)
class CalibrationEnding:
    """How a calibration ended. ``candidate`` and ``report`` are paths, empty where none is."""

    ok: bool
    message: str = ""
    candidate: str = ""
    report: str = ""
    findings: tuple[Finding, ...] = field(default=())
    cancelled: bool = False


@dataclass(frozen=True)
class DecisionCall:
    """A result to be put in place, or thrown away."""

    candidate: str
    accept: bool
    person: str


@dataclass(frozen=True)
class DecisionAnswer:
    """What became of a decision."""

    call: DecisionCall
    ok: bool
    message: str
    path: str
