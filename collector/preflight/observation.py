"""What is known of a station at one instant: the input of the preflight checks.

Everything is plain data that a node has from `/diagnostics`, from the newest frames, from
`/arm/state`, and from files. None stands for "not known", and is judged as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal

from collector.calibration_result import CameraCalibration
from collector.clock import NS_PER_MS, NS_PER_S
from collector.health import HealthReport
from collector.preflight.light import Light


@dataclass(frozen=True)
class StreamObservation:
    """How one stream runs."""

    nominal_hz: float
    rate_hz: float
    age_ns: int  # of the newest sample, by its arrival
    samples: int  # in the window that the counts below are of
    frozen: int = 0  # the same device counter as before, or the same pixels of a noisy camera
    dropped: int = 0
    from_future: int = 0


def stream_of(report: HealthReport, window_s: float = 5.0) -> StreamObservation | None:
    """Return what `/diagnostics` says of a stream, or None when it had no sample yet.

    ``window_s``: what the report's counts are of, see `StreamHealth`.
    """
    values = report.values
    if not values.get("samples_total"):
        return None
    return StreamObservation(
        nominal_hz=values["target_hz"],
        rate_hz=values["rate_hz"],
        age_ns=round(values["age_ms"] * NS_PER_MS),
        samples=min(round(values["rate_hz"] * window_s) + 1, round(values["samples_total"])),
        frozen=round(values.get("frozen", 0)),
        dropped=round(values.get("drops", 0)),
        from_future=round(values.get("from_future", 0)),
    )


@dataclass(frozen=True)
class CalibrationObservation:
    """A camera's calibration file."""

    serial: str = ""  # of the camera that was calibrated; empty: not stated
    width: int = 0  # pixels
    height: int = 0
    date_ns: int | None = None  # None: not stated, or not a date
    problem: str = ""  # why the file cannot be used, one sentence; then nothing else counts


def calibration_of(calibration: CameraCalibration) -> CalibrationObservation:
    """Return what the checks need of a calibration. A date without a zone is UTC."""
    return CalibrationObservation(
        serial=calibration.serial,
        width=calibration.width,
        height=calibration.height,
        date_ns=_date_ns(calibration.date),
    )


def _date_ns(text: str) -> int | None:
    try:
        # Python 3.10 does not read the Z that stands for UTC.
        date = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    return int(date.timestamp()) * NS_PER_S


@dataclass(frozen=True)
class DriftObservation:
    """A fixed camera's picture beside the one that was kept with its calibration."""

    level: Literal["ok", "warning", "error"]  # steady, not to be told, moved
    sentence: str
    shift_px: float = float("nan")  # native pixels, RMS over the picture


@dataclass(frozen=True)
class CameraObservation:
    """One camera, as plugged in."""

    name: str  # static, wrist
    stream: StreamObservation | None = None  # None: no frame has come
    problem: str = ""  # what its node says is wrong, one sentence
    serial: str = ""  # empty: not known
    width: int = 0  # of the native image, pixels; 0: not known
    height: int = 0
    simulated: bool = False  # drawn: its settings cannot drift
    light: Light | None = None  # of the newest frame
    # Metadata of the newest frames, oldest first: exposure_us, gain, white_balance,
    # enable_auto_exposure, enable_auto_white_balance (0 or 1), as far as the device tells.
    metadata: tuple[Mapping[str, float], ...] = ()
    calibration: CalibrationObservation | None = None  # None: there is no file
    drift: DriftObservation | None = None  # None: nothing to compare with


@dataclass(frozen=True)
class SynchronizerObservation:
    """The newest steps of the grid."""

    steps: int
    gaps: int
    skews_ns: Mapping[str, tuple[int, ...]]  # camera -> signed, of the steps that have a frame


@dataclass(frozen=True)
class ArmObservation:
    """The arm, as `/arm/state` and `/diagnostics` tell."""

    stream: StreamObservation
    state: str  # see `ArmStatus`
    fault: str = ""  # one sentence, or empty
    largest_joint_velocity: float = 0.0  # rad/s, absolute, over the last second
    gripper_in_motion: bool = False


@dataclass(frozen=True)
class TeleopObservation:
    """The teleoperation device."""

    device: str
    age_ns: int | None  # of its newest reading; None: it never said anything
    dead_man: bool = False  # True while held
    problem: str = ""  # what its node says is wrong, one sentence


@dataclass(frozen=True)
class DiskObservation:
    """The disk that episodes are written to."""

    path: str
    free_bytes: int
    attempt_bytes: tuple[int, ...] = ()  # of the newest attempts on this station, any order


@dataclass(frozen=True)
class ClockObservation:
    """The station clock beside others."""

    # How far it leapt against the monotonic clock since the station started: a clock that is
    # only slewed takes the monotonic one with it, so anything here is a step.
    stepped_ns: int = 0
    reference: str = ""  # what it is compared with: NTP, another computer, a device
    reference_offset_ns: int | None = None  # station clock minus reference; None: nothing to ask
    newest_sealed_ns: int | None = None  # when the newest episode was sealed; None: there is none


@dataclass(frozen=True)
class ConsentObservation:
    """The consent of the operator who signed in."""

    operator_id: str  # pseudonym
    on_file: bool
    scope: tuple[str, ...] = ()
    withdrawn: bool = False
    document_matches: bool | None = None  # its digest; None: the document was not looked at
    expires_ns: int | None = None  # None: it does not expire


@dataclass(frozen=True)
class StationObservation:
    """Everything that preflight looks at, at one instant."""

    now_ns: int  # station clock
    cameras: tuple[CameraObservation, ...]  # in the station's order
    synchronizer: SynchronizerObservation | None = None
    arm: ArmObservation | None = None
    teleop: TeleopObservation | None = None
    disk: DiskObservation | None = None
    clock: ClockObservation = field(default_factory=ClockObservation)
    consent: ConsentObservation | None = None
