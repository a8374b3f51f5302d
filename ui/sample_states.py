"""States of a station as the gallery and the tests draw them, the bad ones first of all."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

from ui.station_view import NS_PER_S, StationFacts
from ui.values import (
    CAMERAS,
    ArmReport,
    CameraFrame,
    Command,
    CommandOutcome,
    Instant,
    Level,
    Outcome,
    RecordingProgress,
    RecordingStatus,
    StreamReport,
    UnreadableFrame,
)

NOW = Instant(monotonic_ns=1_000 * NS_PER_S, station_ns=1_764_000_000 * NS_PER_S)
SAMPLES = Path(__file__).parent / "samples"
LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"


@cache
def picture(camera: str) -> npt.NDArray[np.uint8]:
    """Return what the simulated station's camera sees, 480 x 640 x 3."""
    image = QImage(str(SAMPLES / f"{camera}.png")).convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def frame(camera: str, age_s: float = 0.05) -> CameraFrame:
    """Return a picture that is ``age_s`` old."""
    age_ns = round(age_s * NS_PER_S)
    return CameraFrame(camera, picture(camera), NOW.station_ns - age_ns, NOW.monotonic_ns - age_ns)


def report(
    node: str,
    level: Level = "ok",
    message: str = "",
    age_s: float = 0.5,
    **values: float | str,
) -> StreamReport:
    """Return a status of `/diagnostics` that came ``age_s`` ago."""
    said: Mapping[str, str] = {
        key: f"{v:.6g}" if isinstance(v, float) else v for key, v in values.items()
    }
    streams = {
        "static_camera": "static camera",
        "wrist_camera": "wrist camera",
        "arm": "arm driver",
        "teleop": "teleop device",
        "synchronizer": "steps",
    }
    arrived_ns = NOW.monotonic_ns - round(age_s * NS_PER_S)
    return StreamReport(node, streams.get(node, node), level, message, said, arrived_ns)


def arm(
    state: str = "moving", fault: str = "", clipped: bool = False, age_s: float = 0.01
) -> ArmReport:
    """Return a state of the arm."""
    return ArmReport(state, fault, clipped, NOW.monotonic_ns - round(age_s * NS_PER_S))


def running(recorder_says: str = "Ready.", age_s: float = 0.0) -> StationFacts:
    """Return a station that runs well, and was last heard ``age_s`` ago."""
    facts = StationFacts()
    for camera in CAMERAS:
        facts.on_frame(frame(camera, 0.06 + age_s))
        facts.on_stream(
            report(
                f"{camera}_camera",
                "ok",
                "It runs at 29.9 of 30 Hz.",
                0.5 + age_s,
                rate_hz=29.93,
                target_hz=30.0,
                age_ms=21.0,
                latency_ms=12.0,
                drops=0.0,
                frozen=0.0,
                samples_total=8123.0,
            )
        )
    facts.on_arm(arm("hold: dead-man", age_s=0.01 + age_s))
    facts.on_stream(
        report(
            "arm",
            "ok",
            "It runs at 100.0 of 100 Hz.",
            0.5 + age_s,
            rate_hz=100.02,
            target_hz=100.0,
            age_ms=4.0,
            drops=0.0,
        )
    )
    facts.on_stream(report("teleop", "ok", "The device answers.", 0.5 + age_s, reconnects=0.0))
    facts.on_stream(
        report(
            "synchronizer",
            "ok",
            "It runs at 5.0 of 5 Hz.",
            0.5 + age_s,
            rate_hz=5.0,
            target_hz=5.0,
            age_ms=120.0,
            gaps=0.0,
            dropped=0.0,
            skew_static_ms=-7.4,
            skew_wrist_ms=11.2,
        )
    )
    facts.on_stream(
        report(
            "recorder",
            "ok",
            recorder_says,
            0.5 + age_s,
            steps=213.0,
            gaps=0.0,
            bytes=18_400_000.0,
            queue=0.02,
        )
    )
    return facts


def recording(gaps: int = 0) -> StationFacts:
    """Return a station that records, for 42 s."""
    facts = running("Recording 20261124T142918-sim-01-3f69.")
    facts.on_arm(arm("moving"))
    since_ns = NOW.station_ns - 42 * NS_PER_S
    facts.on_status(RecordingStatus(True, since_ns, NOW.monotonic_ns - NS_PER_S // 2))
    facts.on_stream(
        report(
            "recorder",
            "ok",
            "Recording 20261124T142918-sim-01-3f69.",
            0.4,
            steps=213.0,
            gaps=float(gaps),
            bytes=18_400_000.0,
            queue=0.02,
        )
    )
    facts.on_progress(RecordingProgress(213, gaps, 18_400_000, NOW.monotonic_ns - NS_PER_S // 10))
    return facts


def _lost() -> StationFacts:
    facts = recording()
    for camera in CAMERAS:
        facts.on_frame(frame(camera, 95))
    silent = running("Recording 20261124T142918-sim-01-3f69.", age_s=95)
    silent.frames = facts.frames
    return silent


def _not_ready() -> StationFacts:
    facts = running()
    facts.on_stream(
        report(
            "recorder",
            "error",
            "calibration/static.yaml does not exist: calibrate the static camera first",
            0.5,
            steps=0.0,
            bytes=0.0,
            queue=0.0,
        )
    )
    return facts


def _starting() -> StationFacts:
    facts = StationFacts()
    facts.on_arm(arm("hold: no command"))
    facts.on_stream(
        report("arm", "ok", "The stream has just begun.", rate_hz=99.0, target_hz=100.0, age_ms=6.0)
    )
    return facts


def _stopped() -> StationFacts:
    facts = running()
    facts.on_arm(arm("stopped"))
    facts.on_stream(
        report(
            "arm",
            "warning",
            "The arm is stopped.",
            rate_hz=100.0,
            target_hz=100.0,
            age_ms=4.0,
            drops=0.0,
        )
    )
    return facts


def _stale_wrist() -> StationFacts:
    facts = recording(gaps=2)
    facts.on_frame(frame("wrist", 0.64))
    facts.on_stream(
        report(
            "wrist_camera",
            "warning",
            "In the last 5 s: it runs at 24.1 of 30 Hz, 11 lost, samples come 240 ms late.",
            rate_hz=24.1,
            target_hz=30.0,
            age_ms=640.0,
            drops=11.0,
        )
    )
    return facts


def _lost_wrist() -> StationFacts:
    facts = recording(gaps=9)
    facts.on_frame(frame("wrist", 4.2))
    facts.on_stream(
        report(
            "wrist_camera",
            "error",
            "The camera 0123456789 is not connected: plug it in (trying again in 2.0 s)",
            rate_hz=0.0,
            target_hz=30.0,
            age_ms=4200.0,
            drops=0.0,
        )
    )
    facts.on_stream(report("teleop", "ok", "The device answers.", age_s=7.0))
    return facts


def _unreadable() -> StationFacts:
    facts = running()
    facts.on_frame(
        UnreadableFrame(
            "static",
            "encoding 'bayer_rggb8' is not one of rgb8, bgr8, rgba8, bgra8, mono8",
            NOW.monotonic_ns,
        )
    )
    return facts


def _cut() -> StationFacts:
    facts = recording()
    facts.on_progress(RecordingProgress(213, 0, 18_400_000, NOW.monotonic_ns - 4 * NS_PER_S))
    facts.on_stream(report("recorder", "ok", "Recording 20261124T142918-sim-01-3f69.", 3.4))
    return facts


def _stop_failed() -> StationFacts:
    facts = recording()
    facts.on_arm(arm("moving"))
    facts.on_command(Command.STOP_ARM)
    facts.on_outcome(CommandOutcome(Command.STOP_ARM, Outcome.NO_ANSWER, "", NOW.monotonic_ns))
    return facts


def _arm_lost() -> StationFacts:
    facts = running()
    facts.on_arm(
        arm(
            "lost",
            "the arm's driver has sent nothing for 0.5 s: check its power and"
            " its cable, then restart the driver",
        )
    )
    facts.on_stream(report("arm", "stale", "No sample for 3.2 s.", rate_hz=0.0, target_hz=100.0))
    return facts


def _clipped() -> StationFacts:
    facts = recording()
    facts.on_arm(arm("moving", clipped=True))
    return facts


def _long_names() -> StationFacts:
    facts = recording(gaps=1)
    facts.on_stream(
        report(
            "recorder",
            "ok",
            f"Recording 20261124T142918-{LONG.lower()}-3f69.",
            0.3,
            steps=123456.0,
            bytes=9.87e9,
            queue=0.97,
        )
    )
    facts.on_progress(RecordingProgress(123456, 1, 9_870_000_000, NOW.monotonic_ns))
    facts.recording_since_ns = NOW.station_ns - 24_691 * NS_PER_S
    facts.on_arm(
        arm(
            "hold: refused",
            f"the command of {LONG} is refused: its target lies 1.234 m"
            " outside of the workspace, move it back and release the dead-man first",
        )
    )
    facts.on_stream(
        report(
            f"{LONG.lower()}_force_torque_sensor",
            "error",
            f"{LONG} " * 3,
            rate_hz=999.9,
            target_hz=1000.0,
            age_ms=12345.0,
        )
    )
    facts.on_stream(
        report(
            "simulator",
            "warning",
            "In the last 5 s: it runs at 204.2 of 240 Hz.",
            rate_hz=204.2,
            target_hz=240.0,
            age_ms=5.0,
        )
    )
    return facts


STATES = {
    "waiting": StationFacts,
    "starting": _starting,
    "not_ready": _not_ready,
    "ready": running,
    "recording": recording,
    "recording_stale_wrist": _stale_wrist,
    "recording_lost_wrist": _lost_wrist,
    "recording_clipped": _clipped,
    "recording_cut": _cut,
    "stopped": _stopped,
    "stop_failed": _stop_failed,
    "arm_lost": _arm_lost,
    "unreadable": _unreadable,
    "station_lost": _lost,
    "long_names": _long_names,
}
