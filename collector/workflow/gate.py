"""The gate between practice and collection, for one operator and one task.

A task is open while the operator's rolling success over the last ``window`` labelled
attempts, of at least ``min_attempts``, is at or above ``threshold``. Practice and collection
both count, so that a task whose success falls goes back to practice. Discarded, interrupted
and unlabelled attempts neither raise nor lower the rate; discards are watched by their share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from collector.station.description import OperatorPolicy
from collector.workflow.history import DISCARDED, AttemptMark, Fact, Override

SUSPICIOUS_DISCARD_SHARE = 0.20
_Z_95 = 1.959963984540054  # two-sided 95 % of the normal distribution


class GateState(Fact):
    """How the operator stands with one task.

    ``attempts`` and ``successes`` are those of the window; ``low`` and ``high`` bound the
    true rate with 95 % confidence. ``successes_to_open`` is how many successes in a row would
    open the task by its rate, 0 where it is reached.
    """

    operator_id: str
    task_id: str
    is_open: bool
    attempts: int
    successes: int
    rate: float  # 0 where there is no attempt
    low: float
    high: float
    successes_to_open: int
    min_attempts: int
    threshold: float
    contradicted: int = 0  # labelled a success, but the simulator or a reviewer says otherwise
    discards: int = 0  # of the last `window` attempts that were ended by the operator
    discard_share: float = 0.0
    discards_suspicious: bool = False
    override: Override | None = None

    def sentence(self) -> str:
        """Return where the operator stands, for a person."""
        counted = f"{self.successes} of the last {self.attempts} attempts succeeded"
        if self.attempts == 0:
            counted = "no attempt yet"
        if self.override is not None and self.override.opens is not None:
            word = "opened" if self.override.opens else "closed"
            return f"{word} by {self.override.by}: {self.override.reason} ({counted})"
        if self.is_open:
            return f"{counted}, {self.threshold:.0%} are asked for"
        rows = "success" if self.successes_to_open == 1 else "successes in a row"
        return f"{counted}; {self.successes_to_open} {rows} would open it"


def wilson_interval(successes: int, attempts: int, z: float = _Z_95) -> tuple[float, float]:
    """Return the score interval of a rate (Wilson 1927, J. Am. Stat. Assoc. 22, 209-212).

    Without attempts nothing is known: (0, 1).
    """
    if attempts == 0:
        return 0.0, 1.0
    rate = successes / attempts
    spread = z * math.sqrt(rate * (1 - rate) / attempts + (z / (2 * attempts)) ** 2)
    middle = rate + z * z / (2 * attempts)
    scale = 1 + z * z / attempts
    low = 0.0 if successes == 0 else (middle - spread) / scale
    high = 1.0 if successes == attempts else (middle + spread) / scale
    return low, high


def judge(
    operator_id: str,
    task_id: str,
    marks: Sequence[AttemptMark],
    policy: OperatorPolicy,
    override: Override | None = None,
) -> GateState:
    """Judge the operator's attempts at the task, ``marks``, oldest first."""
    recent: list[AttemptMark] = []
    ended: list[AttemptMark] = []
    for mark in reversed(marks):
        if mark.counts and len(recent) < policy.window:
            recent.insert(0, mark)
        if (mark.counts or mark.outcome == DISCARDED) and len(ended) < policy.window:
            ended.append(mark)
        if len(recent) == len(ended) == policy.window:
            break
    results = [mark.succeeded for mark in recent]
    successes, attempts = sum(results), len(results)
    to_open = successes_to_open(results, policy)
    low, high = wilson_interval(successes, attempts)
    discards = sum(mark.outcome == DISCARDED for mark in ended)
    share = discards / len(ended) if ended else 0.0
    forced = override.opens if override is not None else None
    return GateState(
        operator_id=operator_id,
        task_id=task_id,
        is_open=to_open == 0 if forced is None else forced,
        attempts=attempts,
        successes=successes,
        rate=successes / attempts if attempts else 0.0,
        low=low,
        high=high,
        successes_to_open=to_open,
        min_attempts=policy.min_attempts,
        threshold=policy.threshold,
        contradicted=sum(mark.outcome == "success" and not mark.succeeded for mark in recent),
        discards=discards,
        discard_share=share,
        # One discard of the first two attempts is no habit yet.
        discards_suspicious=len(ended) >= policy.min_attempts and share > SUSPICIOUS_DISCARD_SHARE,
        override=override,
    )


def successes_to_open(results: Sequence[bool], policy: OperatorPolicy) -> int:
    """Return how many successes in a row would open the task; 0 where it is open by its rate.

    ``results`` are the labelled attempts, oldest first. Exact: each further success also
    pushes the oldest attempt out of a full window.
    """
    # Through the decimal text, so that 17 of 20 is 85 % whatever binary fractions say.
    threshold = Fraction(str(policy.threshold))
    window = list(results[-policy.window :])
    for more in range(policy.window + 1):
        attempts = len(window)
        if attempts >= policy.min_attempts and sum(window) >= threshold * attempts:
            return more
        window = [*window, True][-policy.window :]
    return policy.window  # a policy whose min_attempts exceeds its window; stations refuse it
