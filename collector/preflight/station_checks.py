"""Checks of all but the cameras: grid, arm, teleoperation, disk, clock, consent."""

from __future__ import annotations

import math
from datetime import datetime, timezone

from collector.arm.sample import ArmStatus
from collector.clock import NS_PER_MS, NS_PER_S
from collector.preflight.observation import (
    ArmObservation,
    ClockObservation,
    ConsentObservation,
    DiskObservation,
    SynchronizerObservation,
    TeleopObservation,
)
from collector.preflight.policy import DAY_NS, PreflightPolicy
from collector.preflight.result import CheckResult, Findings, Value, first_finding


def check_steps(
    synchronizer: SynchronizerObservation | None, policy: PreflightPolicy
) -> CheckResult:
    """Steps come, and hardly any is a gap."""
    name = "steps"
    if synchronizer is None or synchronizer.steps == 0:
        return CheckResult(
            name, "refused", "No step has come: start both cameras and the arm, then wait a second."
        )
    steps, gaps = synchronizer.steps, synchronizer.gaps
    values: dict[str, Value] = {"steps": steps, "gaps": gaps}
    if gaps > policy.refuse_gap_share * steps:
        return CheckResult(
            name,
            "refused",
            f"Of the last {steps} steps, {gaps} are gaps: see which stream is missing, and restart "
            f"its node.",
            values,
        )
    if steps < policy.least_steps:
        return CheckResult(
            name,
            "refused",
            f"Only {steps} steps have come: wait a second, then check again.",
            values,
        )
    if gaps:
        return CheckResult(
            name,
            "warning",
            f"Of the last {steps} steps, {gaps} are gaps: close other programs if this goes on.",
            values,
        )
    return CheckResult(name, "ok", f"The last {steps} steps are whole.", values)


def check_arm_reachable(arm: ArmObservation | None, policy: PreflightPolicy) -> CheckResult:
    """The arm answers, at its rate, and nothing is latched."""
    name = "arm.reachable"
    if arm is None:
        return CheckResult(
            name, "refused", "The arm does not answer: switch it on and start its driver."
        )
    stream = arm.stream
    values: dict[str, Value] = {
        "state": arm.state,
        "rate_hz": stream.rate_hz,
        "nominal_hz": stream.nominal_hz,
        "age_ms": stream.age_ns / NS_PER_MS,
    }
    return first_finding(name, _arm_findings(arm, policy), values)


def _arm_findings(arm: ArmObservation, policy: PreflightPolicy) -> Findings:
    stream = arm.stream
    rate = f"{stream.rate_hz:.0f} of {stream.nominal_hz:g} Hz"
    because = f" ({arm.fault.rstrip('.')})" if arm.fault else ""
    if stream.age_ns > policy.refuse_age_ns:
        yield (
            "refused",
            f"The arm has been silent for {stream.age_ns / NS_PER_S:.1f} s: check its cable and "
            f"its driver.",
        )
    if arm.state == ArmStatus.LOST.value:
        yield "refused", f"The arm's driver sends nothing{because}: restart the driver."
    if arm.state == ArmStatus.STOPPED.value:
        # Its own account of a stop says no more than that.
        because = "" if arm.fault.startswith("the arm is stopped") else because
        yield (
            "refused",
            f"The arm is stopped{because}: see that it is free to move, then reset the stop.",
        )
    share = stream.rate_hz / stream.nominal_hz
    if not share >= policy.refuse_rate:  # not a number counts as none
        yield "refused", f"The arm's state comes at {rate}: check the network to the arm."
    if share < policy.warn_rate:
        yield "warning", f"The arm's state comes at {rate}: close other programs."
    if arm.fault:
        yield "warning", f"The arm reports: {arm.fault}"
    yield "ok", f"The arm answers at {rate}."


def check_arm_at_rest(arm: ArmObservation | None, policy: PreflightPolicy) -> CheckResult:
    """The arm and its gripper stand still."""
    name = "arm.rest"
    if arm is None:
        return CheckResult(
            name, "refused", "It is not known whether the arm is at rest: switch it on first."
        )
    velocity = arm.largest_joint_velocity
    values: dict[str, Value] = {
        "largest_joint_velocity_rad_s": velocity,
        "gripper_in_motion": arm.gripper_in_motion,
    }
    if not math.isfinite(velocity) or velocity > policy.refuse_joint_velocity:
        return CheckResult(
            name,
            "refused",
            f"The arm is moving at {velocity:.2f} rad/s: release the dead-man and let it come to "
            f"rest.",
            values,
        )
    if velocity > policy.warn_joint_velocity:
        return CheckResult(
            name,
            "warning",
            f"The arm is not quite at rest, {velocity:.3f} rad/s: wait a moment.",
            values,
        )
    if arm.gripper_in_motion:
        return CheckResult(
            name, "warning", "The gripper is moving: wait until the fingers have stopped.", values
        )
    return CheckResult(name, "ok", "The arm is at rest.", values)


def check_teleop(teleop: TeleopObservation | None, policy: PreflightPolicy) -> CheckResult:
    """The device speaks, and nobody holds the dead-man."""
    name = "teleop"
    if teleop is None:
        return CheckResult(
            name, "refused", "There is no teleoperation device: plug it in and start its node."
        )
    values: dict[str, Value] = {
        "device": teleop.device,
        "age_ms": None if teleop.age_ns is None else teleop.age_ns / NS_PER_MS,
        "dead_man": teleop.dead_man,
    }
    return first_finding(name, _teleop_findings(teleop, policy), values)


def _teleop_findings(teleop: TeleopObservation, policy: PreflightPolicy) -> Findings:
    who = f"The teleoperation device ({teleop.device})"
    if teleop.problem:
        yield "refused", f"{who} has a problem: {teleop.problem}"
    if teleop.age_ns is None:
        yield "refused", f"{who} has said nothing yet: wake it up, or check its cable."
        return
    if teleop.age_ns > policy.refuse_teleop_age_ns:
        age_s = teleop.age_ns / NS_PER_S
        yield "refused", f"{who} has been silent for {age_s:.1f} s: wake it up, or check its cable."
    if teleop.dead_man:
        yield "warning", f"{who} has its dead-man held: let go of it until you begin."
    if teleop.age_ns > policy.warn_teleop_age_ns:
        age_ms = teleop.age_ns / NS_PER_MS
        yield "warning", f"{who} last spoke {age_ms:.0f} ms ago: move it nearer, or charge it."
    yield "ok", f"{who} is alive."


def check_disk(disk: DiskObservation | None, policy: PreflightPolicy) -> CheckResult:
    """Room for the next attempts, by the size of those before."""
    name = "disk"
    if disk is None:
        return CheckResult(
            name, "refused", "The data folder's disk cannot be read: check that it is mounted."
        )
    each, known = attempt_bytes(disk, policy)
    attempts = max(disk.free_bytes - policy.reserve_bytes, 0) // each
    values: dict[str, Value] = {
        "free_bytes": disk.free_bytes,
        "attempt_bytes": each,
        "from_history": known,
        "attempts": attempts,
    }
    room = (
        f"The disk of {disk.path} has room for {attempts} attempts "
        f"({disk.free_bytes / 1e9:.1f} GB free, {each / 1e6:.0f} MB each)"
    )
    if attempts < policy.refuse_attempts:
        return CheckResult(
            name,
            "refused",
            f"{room}, a block needs {policy.refuse_attempts}: move released episodes elsewhere, or "
            f"use a larger disk.",
            values,
        )
    if attempts < policy.warn_attempts:
        return CheckResult(
            name, "warning", f"{room}: move released episodes elsewhere before tomorrow.", values
        )
    return CheckResult(name, "ok", f"{room}.", values)


def attempt_bytes(disk: DiskObservation, policy: PreflightPolicy) -> tuple[int, bool]:
    """Return how many bytes an attempt takes, and whether that is known from history.

    It is the 90th percentile: planning with the mean would run out half of the time.
    """
    history = sorted(size for size in disk.attempt_bytes if size > 0)
    if len(history) < policy.least_history:
        return max(policy.default_attempt_bytes, 1), False
    return history[math.ceil(0.9 * len(history)) - 1], True


def check_clock(clock: ClockObservation, now_ns: int, policy: PreflightPolicy) -> CheckResult:
    """Set, steady, right beside a second source, and not before what is already sealed."""
    name = "clock"
    values: dict[str, Value] = {
        "stepped_ms": clock.stepped_ns / NS_PER_MS,
        "reference": clock.reference,
        "offset_ms": (
            None if clock.reference_offset_ns is None else clock.reference_offset_ns / NS_PER_MS
        ),
    }
    return first_finding(name, _clock_findings(clock, now_ns, policy), values)


def _clock_findings(clock: ClockObservation, now_ns: int, policy: PreflightPolicy) -> Findings:
    today = datetime.fromtimestamp(now_ns // NS_PER_S, tz=timezone.utc).strftime("%Y-%m-%d")
    set_it = "set it, and switch on time synchronisation (timedatectl set-ntp true)"
    if now_ns < policy.earliest_ns:
        yield "refused", f"The station's clock says {today}, it was never set: {set_it}."
    sealed_ns = clock.newest_sealed_ns
    if sealed_ns is not None and now_ns < sealed_ns - policy.sealed_tolerance_ns:
        behind_s = (sealed_ns - now_ns) / NS_PER_S
        yield (
            "refused",
            f"The station's clock is {_span(behind_s)} before the newest sealed episode: {set_it}.",
        )
    offset_ns = clock.reference_offset_ns
    reference = clock.reference or "a second clock"
    if offset_ns is not None and abs(offset_ns) > policy.refuse_offset_ns:
        yield (
            "refused",
            f"The station's clock is {_span(abs(offset_ns) / NS_PER_S)} off {reference}: {set_it}.",
        )
    if abs(clock.stepped_ns) > policy.refuse_step_ns:
        yield (
            "refused",
            f"The station's clock leapt by {_span(abs(clock.stepped_ns) / NS_PER_S)}: wait until "
            f"it is synchronised, then restart the station.",
        )
    if abs(clock.stepped_ns) > policy.warn_step_ns:
        yield (
            "warning",
            f"The station's clock leapt by {abs(clock.stepped_ns) / NS_PER_MS:.0f} ms since the "
            f"station started: let it be slewed, not stepped (chrony: makestep 1 3).",
        )
    if offset_ns is None:
        yield (
            "warning",
            "The station's clock has no second clock to compare with: switch on time "
            "synchronisation (timedatectl set-ntp true).",
        )
        return
    if abs(offset_ns) > policy.warn_offset_ns:
        yield (
            "warning",
            f"The station's clock is {abs(offset_ns) / NS_PER_MS:.0f} ms off {reference}: check "
            f"its time synchronisation.",
        )
    yield "ok", f"The station's clock is within {abs(offset_ns) / NS_PER_MS:.0f} ms of {reference}."


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s"


def check_consent(
    consent: ConsentObservation | None, now_ns: int, policy: PreflightPolicy
) -> CheckResult:
    """The operator has agreed, to this, and still does."""
    name = "consent"
    if consent is None:
        return CheckResult(name, "refused", "Nobody has signed in: sign in first.")
    values: dict[str, Value] = {
        "operator_id": consent.operator_id,
        "expires_in_days": (
            None if consent.expires_ns is None else (consent.expires_ns - now_ns) / DAY_NS
        ),
    }
    return first_finding(name, _consent_findings(consent, now_ns, policy), values)


def _consent_findings(
    consent: ConsentObservation, now_ns: int, policy: PreflightPolicy
) -> Findings:
    who = f"Operator {consent.operator_id}"
    if consent.withdrawn:
        yield "refused", f"{who} has withdrawn consent: nothing may be recorded."
    if not consent.on_file:
        yield "refused", f"{who} has no consent on file: have the form signed and filed."
    if consent.document_matches is False:
        yield (
            "refused",
            f"{who}'s consent document is not the one that was filed: file the signed one again.",
        )
    missing = [scope for scope in policy.consent_scope if scope not in consent.scope]
    if missing:
        yield (
            "refused",
            f"{who} has not agreed to {', '.join(missing)}: have a form that covers it signed.",
        )
    if consent.expires_ns is not None and now_ns >= consent.expires_ns:
        yield "refused", f"{who}'s consent has expired: have the form signed anew."
    if consent.expires_ns is not None and consent.expires_ns - now_ns < policy.warn_expires_ns:
        days = (consent.expires_ns - now_ns) / DAY_NS
        yield "warning", f"{who}'s consent expires in {days:.0f} days: have the form signed anew."
    yield "ok", f"{who}'s consent is on file."
