"""A station with which nothing is wrong, and ways to change one thing about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from collector.clock import NS_PER_MS, NS_PER_S
from collector.preflight.light import Light
from collector.preflight.observation import (
    ArmObservation,
    CalibrationObservation,
    CameraObservation,
    ClockObservation,
    ConsentObservation,
    DiskObservation,
    DriftObservation,
    StationObservation,
    StreamObservation,
    SynchronizerObservation,
    TeleopObservation,
)

NOW_NS = 1_795_528_501_000_000_000
DAY_NS = 86_400 * NS_PER_S
LOCKED = {
    "exposure_us": 8000.0,
    "gain": 16.0,
    "white_balance": 4600.0,
    "enable_auto_exposure": 0.0,
    "enable_auto_white_balance": 0.0,
}


def fit_camera(name: str) -> CameraObservation:
    """A camera with which nothing is wrong."""
    return CameraObservation(
        name=name,
        stream=StreamObservation(30.0, 29.98, 20 * NS_PER_MS, 150),
        serial=f"SN-{name}",
        width=640,
        height=480,
        light=Light(30.0, 120.0, 220.0, 0.01, 0.01, 6400.0),
        metadata=(LOCKED,) * 30,
        calibration=CalibrationObservation(f"SN-{name}", 640, 480, NOW_NS - 2 * DAY_NS),
        drift=DriftObservation("ok", f"The {name} camera stands where it was calibrated.", 0.1),
    )


FIT = StationObservation(
    now_ns=NOW_NS,
    cameras=(fit_camera("static"), fit_camera("wrist")),
    synchronizer=SynchronizerObservation(
        25, 0, {"static": (3_000_000, -14_000_000), "wrist": (-9_000_000, 16_000_000)}
    ),
    arm=ArmObservation(StreamObservation(100.0, 100.0, 8 * NS_PER_MS, 500), "hold: dead-man"),
    teleop=TeleopObservation("spacemouse", 15 * NS_PER_MS),
    disk=DiskObservation("/data", 400 * 10**9, (20 * 10**6,) * 20),
    clock=ClockObservation(0, "NTP", 2 * NS_PER_MS, NOW_NS - DAY_NS),
    consent=ConsentObservation("op-07", True, ("recording", "release"), False, True),
)


def with_camera(**changes: Any) -> StationObservation:
    """Change the static camera."""
    static, wrist = FIT.cameras
    return replace(FIT, cameras=(replace(static, **changes), wrist))


def with_stream(**changes: Any) -> StationObservation:
    """Change the static camera's stream."""
    return with_camera(stream=replace(FIT.cameras[0].stream, **changes))


def with_light(**changes: Any) -> StationObservation:
    """Change the light in the static camera's image."""
    return with_camera(light=replace(FIT.cameras[0].light, **changes))


def with_settings(*frames: dict[str, float]) -> StationObservation:
    """Let the static camera's frames tell these settings."""
    return with_camera(metadata=frames)


def with_calibration(**changes: Any) -> StationObservation:
    """Change the static camera's calibration."""
    return with_camera(calibration=replace(FIT.cameras[0].calibration, **changes))


def with_part(part: str, **changes: Any) -> StationObservation:
    """Change another part of the station."""
    return replace(FIT, **{part: replace(getattr(FIT, part), **changes)})


def with_arm_stream(**changes: Any) -> StationObservation:
    """Change the stream of the arm's states."""
    return with_part("arm", stream=replace(FIT.arm.stream, **changes))
