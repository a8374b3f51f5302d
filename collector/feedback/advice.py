"""What to improve, in one line of plain words."""

from __future__ import annotations

from dataclasses import dataclass

from collector.feedback.measures import Best, Measures


@dataclass(frozen=True)
class AdvicePolicy:
    """From where on a measure is worth a word. Every finding counts as measure over limit."""

    idle_before_s: float = 2.0  # what it takes to look at a scene and reach for the device
    # Waiting for the fingers is not idle. The scripted operator, who aims and settles but never
    # hesitates, comes to 0.05 to 0.17.
    idle_within_share: float = 0.2
    idle_after_s: float = 2.0  # a still end teaches a policy to stand still
    clipped_share: float = 0.05  # one step in twenty: the recorded action is not what was meant
    # Fresh layouts alone made the scripted operator's paths and times differ by up to 1.65.
    path_ratio: float = 1.75
    duration_ratio: float = 1.75
    extra_reversals: int = 2  # one grasp tried again
    reversals_without_best: int = 4  # pick and place needs one; a chain of two needs three
    smoothness_loss: float = 0.5  # of the spectral arc length: one clear submovement more ...
    smoothness_loss_share: float = 0.3  # ... or this share of it, on a way of many parts
    # Without a best. One bell-shaped movement has -1.4; a push of 1 m in seven parts, -4.2.
    least_smoothness: float = -5.0


@dataclass(frozen=True)
class Finding:
    """One thing to improve."""

    measure: str  # name of the measure
    weight: float  # from 1, how far beyond its limit
    sentence: str


def findings(
    measures: Measures, best: Best | None = None, policy: AdvicePolicy | None = None
) -> tuple[Finding, ...]:
    """Return everything to improve, the most telling first; nothing when all is good.

    ``best``: the operator's own best on this task, see `best_of`.
    """
    m, best, p = measures, best or Best(), policy or AdvicePolicy()
    if m.steps < 2:
        return ()
    found: list[Finding] = []

    def judge(measure: str, weight: float, sentence: str) -> None:
        if weight > 1:
            found.append(Finding(measure, weight, sentence))

    total = f"{m.duration_s:.0f} s"
    judge(
        "idle_before_s",
        m.idle_before_s / p.idle_before_s,
        f"You waited {m.idle_before_s:.0f} s before you moved: look at the scene and plan the "
        f"grasp before you start.",
    )
    judge(
        "idle_within_s",
        m.idle_within_s / m.duration_s / p.idle_within_share,
        f"You paused {_seconds(m.idle_within_s)} of {total}: plan the whole way before you start, "
        f"then keep moving.",
    )
    judge(
        "idle_after_s",
        m.idle_after_s / p.idle_after_s,
        f"You held still for {m.idle_after_s:.0f} s at the end: end the attempt as soon as it is "
        f"done.",
    )
    judge(
        "clipped_share",
        m.clipped_share / p.clipped_share,
        f"The arm could not keep up in {100 * m.clipped_share:.0f} % of the steps: move your hand "
        f"more slowly.",
    )
    if best.path_m:
        ratio = m.path_m / best.path_m
        judge(
            "path_m",
            (ratio - 1) / (p.path_ratio - 1),
            f"Your path was {m.path_m:.2f} m, your best is {best.path_m:.2f} m: go straight to "
            f"the object and to its goal.",
        )
    if best.duration_s:
        judge(
            "duration_s",
            (m.duration_s / best.duration_s - 1) / (p.duration_ratio - 1),
            f"You took {total}, your best is {best.duration_s:.0f} s: keep a steady pace.",
        )
    if best.gripper_reversals is not None:
        extra, limit = m.gripper_reversals - best.gripper_reversals, p.extra_reversals
    else:
        extra, limit = m.gripper_reversals, p.reversals_without_best
    judge(
        "gripper_reversals",
        # A limit that is reached counts: there is no half of a reversal.
        extra / (limit - 0.5),
        f"The gripper changed its mind {m.gripper_reversals} times: line up with the object, "
        f"then close once.",
    )
    if m.smoothness is not None:
        known = best.smoothness if best.smoothness is not None else p.least_smoothness
        tolerated = max(p.smoothness_loss, p.smoothness_loss_share * abs(known))
        excess = known - m.smoothness
        judge(
            "smoothness",
            excess / tolerated if best.smoothness is not None else 1 + excess / tolerated,
            "Your hand stopped and started on the way: make each reach one even movement.",
        )
    return tuple(sorted(found, key=lambda f: -f.weight))


def advice(measures: Measures, best: Best | None = None, policy: AdvicePolicy | None = None) -> str:
    """Return the most telling thing to improve, one line; empty when all is good."""
    found = findings(measures, best, policy)
    return found[0].sentence if found else ""


# What has happened by then will not go away; of pauses and ways only the end tells.
LIVE_MEASURES = ("clipped_share", "gripper_reversals")
LIVE_STEPS = 10  # 2 s: of fewer, one clipped step would be a large share


def live_advice(
    measures: Measures, best: Best | None = None, policy: AdvicePolicy | None = None
) -> str:
    """Return what to improve while the attempt still runs, one line; mostly empty."""
    if measures.steps < LIVE_STEPS:
        return ""
    told = (f.sentence for f in findings(measures, best, policy) if f.measure in LIVE_MEASURES)
    return next(told, "")


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 2 else f"{value:.0f} s"
