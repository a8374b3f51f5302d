"""The station clock: int64 nanoseconds, handed in wherever time is read."""

from __future__ import annotations

import time
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


class Clock(Protocol):
    """A source of the current time in nanoseconds."""

    def now_ns(self) -> int:
        """Return nanoseconds since the Unix epoch on the station clock."""


class SystemClock:
    """The station clock of a running station: the system clock, as ROS uses it."""

    def now_ns(self) -> int:
        return time.time_ns()


class ManualClock:
    """A clock that stands still until it is set: simulated time and tests."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        return self._now_ns

    def advance(self, duration_ns: int) -> int:
        """Move the clock by ``duration_ns`` (may be negative: a clock step) and return it."""
        self._now_ns += duration_ns
        return self._now_ns

    def set(self, now_ns: int) -> None:
        self._now_ns = now_ns
