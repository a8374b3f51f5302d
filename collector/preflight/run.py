"""Runs every check on one observation."""

from __future__ import annotations

from collections.abc import Iterator

from collector.preflight.camera_checks import (
    check_calibration,
    check_light,
    check_place,
    check_settings,
    check_skew,
    check_stream,
)
from collector.preflight.observation import CameraObservation, StationObservation
from collector.preflight.policy import PreflightPolicy
from collector.preflight.result import CheckResult, PreflightReport
from collector.preflight.station_checks import (
    check_arm_at_rest,
    check_arm_reachable,
    check_clock,
    check_consent,
    check_disk,
    check_steps,
    check_teleop,
)


def run_preflight(
    observation: StationObservation, policy: PreflightPolicy | None = None
) -> PreflightReport:
    """Return the result of every check, always the same ones in the same order.

    Cameras come in the policy's order; one that was not observed is refused, and one that
    the policy does not name follows after.
    """
    return PreflightReport(tuple(_results(observation, policy or PreflightPolicy())))


def _results(seen: StationObservation, policy: PreflightPolicy) -> Iterator[CheckResult]:
    yield check_consent(seen.consent, seen.now_ns, policy)
    yield check_clock(seen.clock, seen.now_ns, policy)
    yield check_disk(seen.disk, policy)
    by_name = {camera.name: camera for camera in seen.cameras}
    for name in (*policy.cameras, *(n for n in by_name if n not in policy.cameras)):
        camera = by_name.get(name, CameraObservation(name))
        yield check_stream(camera, policy)
        yield check_light(camera, policy)
        yield check_settings(camera, policy)
        yield check_calibration(camera, seen.now_ns, policy)
        yield check_place(camera)
        yield check_skew(camera, seen.synchronizer, policy)
    yield check_steps(seen.synchronizer, policy)
    yield check_arm_reachable(seen.arm, policy)
    yield check_arm_at_rest(seen.arm, policy)
    yield check_teleop(seen.teleop, policy)
