"""Checks of one camera: stream, light, settings, calibration, and its skew to the grid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from collector.clock import NS_PER_MS, NS_PER_S
from collector.preflight.light import Light
from collector.preflight.observation import (
    CalibrationObservation,
    CameraObservation,
    StreamObservation,
    SynchronizerObservation,
)
from collector.preflight.policy import DAY_NS, PreflightPolicy
from collector.preflight.result import CheckResult, Findings, Level, Value, first_finding


def check_stream(camera: CameraObservation, policy: PreflightPolicy) -> CheckResult:
    """Alive, at its rate, with fresh frames that differ."""
    name, who = f"camera.{camera.name}.stream", f"The {camera.name} camera"
    if camera.problem:
        return CheckResult(name, "refused", f"{who} has a problem: {camera.problem}")
    stream = camera.stream
    if stream is None:
        return CheckResult(
            name, "refused", f"{who} has sent no frame: check its cable, then restart its node."
        )
    values: dict[str, Value] = {
        "rate_hz": stream.rate_hz,
        "nominal_hz": stream.nominal_hz,
        "age_ms": stream.age_ns / NS_PER_MS,
        "frozen": stream.frozen,
        "dropped": stream.dropped,
        "from_future": stream.from_future,
    }
    return first_finding(name, _stream_findings(who, stream, policy), values)


def _stream_findings(who: str, stream: StreamObservation, policy: PreflightPolicy) -> Findings:
    rate = f"{stream.rate_hz:.1f} of {stream.nominal_hz:g} Hz"
    share = stream.rate_hz / stream.nominal_hz
    if stream.age_ns > policy.refuse_age_ns:
        age_s = stream.age_ns / NS_PER_S
        yield "refused", f"{who} has been silent for {age_s:.1f} s: check its cable."
    if stream.frozen > policy.refuse_frozen_share * max(stream.samples, 1):
        yield (
            "refused",
            f"{who} repeats old frames, {stream.frozen} of the last {stream.samples}: unplug it "
            f"and plug it in again.",
        )
    if not share >= policy.refuse_rate:  # not a number counts as none
        yield (
            "refused",
            f"{who} runs at {rate}: plug it into a USB 3 port of its own, or lower its resolution.",
        )
    if share < policy.warn_rate:
        yield (
            "warning",
            f"{who} runs at {rate}: close other programs, and check that it has a USB 3 port.",
        )
    if stream.from_future:
        yield (
            "warning",
            f"{who} stamps {stream.from_future} frames in the future: restart its node, so that "
            f"its clock is fitted anew.",
        )
    if stream.frozen or stream.dropped:
        yield (
            "warning",
            f"{who} lost {stream.dropped} and repeated {stream.frozen} of the last "
            f"{stream.samples} frames: check its cable if this goes on.",
        )
    yield "ok", f"{who} runs at {rate}."


def check_light(camera: CameraObservation, policy: PreflightPolicy) -> CheckResult:
    """Bright enough, not clipped, of an ordinary colour."""
    name, who = f"camera.{camera.name}.light", f"The {camera.name} camera's image"
    light = camera.light
    if light is None:
        return CheckResult(name, "refused", f"{who} has not been seen: wait for its first frame.")
    values: dict[str, Value] = {**vars(light)}
    return first_finding(name, _light_findings(who, light, policy), values)


def _light_findings(who: str, light: Light, policy: PreflightPolicy) -> Findings:
    darker = "open the blinds or switch on the lamps, or set a longer exposure"
    brighter = "shield the lamp or the window, or set a shorter exposure"
    low, high = policy.refuse_median
    if light.median < low or light.dark_share > policy.refuse_dark_share:
        yield "refused", f"{who} is too dark, median {light.median:.0f} of 255: {darker}."
    if light.median > high or light.bright_share > policy.refuse_bright_share:
        yield (
            "refused",
            f"{who} is too bright, {100 * light.bright_share:.0f} % of it clipped: {brighter}.",
        )
    if light.p95 - light.p5 < policy.least_contrast:
        yield (
            "refused",
            f"{who} shows nothing, all of it is between {light.p5:.0f} and {light.p95:.0f} of 255: "
            f"take off the lens cap, or clean the lens.",
        )
    low, high = policy.warn_median
    if light.median < low or light.dark_share > policy.warn_dark_share:
        yield (
            "warning",
            f"{who} is rather dark, median {light.median:.0f} of 255, "
            f"{100 * light.dark_share:.0f} % black: {darker}.",
        )
    if light.median > high or light.bright_share > policy.warn_bright_share:
        yield (
            "warning",
            f"{who} is rather bright, median {light.median:.0f} of 255, "
            f"{100 * light.bright_share:.0f} % clipped: {brighter}.",
        )
    if light.cct_k is None:
        yield (
            "warning",
            f"{who} has no colour of light that could be told: look at it, and check the lamps.",
        )
    elif not policy.warn_cct_k[0] <= light.cct_k <= policy.warn_cct_k[1]:
        seems = "yellow" if light.cct_k < policy.warn_cct_k[0] else "blue"
        yield (
            "warning",
            f"{who} is {seems}, about {light.cct_k:.0f} K: use the usual lamps, or set "
            f"white_balance_k in the station description to theirs.",
        )
    yield "ok", f"{who} is well lit, median {light.median:.0f} of 255, {light.cct_k or 0:.0f} K."


def check_settings(camera: CameraObservation, policy: PreflightPolicy) -> CheckResult:
    """Exposure, gain and white balance locked, so that every episode looks alike."""
    name, who = f"camera.{camera.name}.settings", f"The {camera.name} camera"
    if camera.simulated:
        return CheckResult(name, "ok", f"{who} is drawn: its settings cannot drift.")
    if not camera.metadata:
        return CheckResult(
            name,
            "warning",
            f"{who} does not tell its settings: install the driver's metadata support, or compare "
            f"the brightness of episodes by eye.",
        )
    newest = camera.metadata[-1]
    values: dict[str, Value] = dict(newest)
    drifting = [
        words
        for key, words in (
            ("exposure_us", "exposure"),
            ("gain", "gain"),
            ("white_balance", "white balance"),
        )
        if _spread(camera.metadata, key) > policy.warn_setting_spread
    ]
    automatic = [
        words
        for key, words in (
            ("enable_auto_exposure", "exposure"),
            ("enable_auto_white_balance", "white balance"),
        )
        if newest.get(key)
    ]
    if automatic:
        moving = f" (now changing: {' and '.join(drifting)})" if drifting else ""
        return CheckResult(
            name,
            "warning",
            f"{who} chooses its {' and '.join(automatic)} itself{moving}: set exposure_us and "
            f"white_balance_k in the station description.",
            values,
        )
    if drifting:
        return CheckResult(
            name,
            "refused",
            f"{who} does not hold its {' and '.join(drifting)}: unplug it and plug it in again, "
            f"and close other programs that use it.",
            values,
        )
    unknown = [
        words
        for keys, words in (
            (("enable_auto_exposure", "exposure_us"), "exposure"),
            (("enable_auto_white_balance", "white_balance"), "white balance"),
        )
        if not any(key in newest for key in keys)
    ]
    if unknown:
        return CheckResult(
            name,
            "warning",
            f"{who} does not tell its {' and '.join(unknown)}: set exposure_us and "
            f"white_balance_k in the station description.",
            values,
        )
    return CheckResult(name, "ok", f"{who} holds its exposure and white balance.", values)


def _spread(frames: Sequence[Mapping[str, float]], key: str) -> float:
    """Return the relative spread of a setting over the frames that tell it."""
    told = [frame[key] for frame in frames if key in frame]
    if not told or max(told) <= 0:
        return 0.0
    return (max(told) - min(told)) / max(told)


def check_calibration(
    camera: CameraObservation, now_ns: int, policy: PreflightPolicy
) -> CheckResult:
    """Present, young, and of the camera that is plugged in."""
    name, who = f"camera.{camera.name}.calibration", f"The {camera.name} camera"
    found = camera.calibration
    if found is None:
        return CheckResult(name, "refused", f"{who} is not calibrated: run the calibration.")
    if found.problem:
        return CheckResult(name, "refused", f"{who}'s calibration cannot be used: {found.problem}")
    age_ns = None if found.date_ns is None else now_ns - found.date_ns
    values: dict[str, Value] = {
        "calibrated_serial": found.serial,
        "serial": camera.serial,
        "age_days": None if age_ns is None else age_ns / DAY_NS,
        "width": found.width,
        "height": found.height,
    }
    return first_finding(name, _calibration_findings(who, camera, found, age_ns, policy), values)


def _calibration_findings(
    who: str,
    camera: CameraObservation,
    found: CalibrationObservation,
    age_ns: int | None,
    policy: PreflightPolicy,
) -> Findings:
    if found.serial and camera.serial and found.serial != camera.serial:
        yield (
            "refused",
            f"{who} that is plugged in has the serial {camera.serial}, the calibration is of "
            f"{found.serial}: plug that one in, or calibrate this one.",
        )
    if camera.width and (found.width, found.height) != (camera.width, camera.height):
        yield (
            "refused",
            f"{who} sends {camera.width} x {camera.height}, its calibration is of "
            f"{found.width} x {found.height}: set that size in the station description, or "
            f"calibrate again.",
        )
    if camera.simulated:
        yield "ok", f"{who} is drawn with its calibration: it does not age."
        return
    if age_ns is None:
        yield "warning", f"{who}'s calibration has no date: calibrate again to be sure."
        return
    days = f"{age_ns / DAY_NS:.1f} days"
    if age_ns > policy.refuse_calibration_age_ns:
        limit = policy.refuse_calibration_age_ns / DAY_NS
        yield (
            "refused",
            f"{who}'s calibration is {days} old, at most {limit:g} are allowed: calibrate again.",
        )
    if age_ns < -policy.sealed_tolerance_ns:
        yield (
            "refused",
            f"{who}'s calibration has a date in the future: check the station's clock, or "
            f"calibrate again.",
        )
    if age_ns > policy.warn_calibration_age_ns:
        yield (
            "warning",
            f"{who}'s calibration is {days} old: look at its overlay, or calibrate again.",
        )
    if not found.serial or not camera.serial:
        whose = "the calibration does" if not found.serial else "the camera does"
        yield (
            "warning",
            f"{who} may not be the one that was calibrated, {whose} not tell its serial: look at "
            f"its overlay.",
        )
    yield "ok", f"{who}'s calibration is {days} old."


def check_place(camera: CameraObservation) -> CheckResult:
    """A fixed camera still stands where it was calibrated."""
    name, seen = f"camera.{camera.name}.place", camera.drift
    if seen is None:
        return CheckResult(
            name, "ok", f"Whether the {camera.name} camera was moved is not watched."
        )
    level: Level = "refused" if seen.level == "error" else seen.level
    shift = None if math.isnan(seen.shift_px) else seen.shift_px
    return CheckResult(name, level, seen.sentence, {"shift_px": shift})


def check_skew(
    camera: CameraObservation,
    synchronizer: SynchronizerObservation | None,
    policy: PreflightPolicy,
) -> CheckResult:
    """Its frames near enough to the ticks of the grid."""
    name, who = f"camera.{camera.name}.skew", f"The {camera.name} camera's frames"
    skews = synchronizer.skews_ns.get(camera.name, ()) if synchronizer else ()
    if not skews or camera.stream is None:
        return CheckResult(
            name, "refused", f"{who} are in no step: wait for the synchronizer, or restart it."
        )
    period_ns = NS_PER_S / camera.stream.nominal_hz
    largest_ns = max(abs(skew) for skew in skews)
    values: dict[str, Value] = {
        "largest_skew_ms": largest_ns / NS_PER_MS,
        "period_ms": period_ns / NS_PER_MS,
        "steps": len(skews),
    }
    text = f"{who} are up to {largest_ns / NS_PER_MS:.1f} ms from the ticks"
    if largest_ns > policy.refuse_skew_periods * period_ns:
        return CheckResult(
            name,
            "refused",
            f"{text}, more than a frame period of {period_ns / NS_PER_MS:.1f} ms: restart the "
            f"camera, so that its clock is fitted anew.",
            values,
        )
    if largest_ns > policy.warn_skew_periods * period_ns:
        return CheckResult(
            name,
            "warning",
            f"{text}, half a frame period of {period_ns / NS_PER_MS / 2:.1f} ms is usual: close "
            f"other programs if steps turn into gaps.",
            values,
        )
    return CheckResult(name, "ok", f"{text}.", values)
