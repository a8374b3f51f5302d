"""The step grid: t_k = t_0 + k * period, exact in int64 nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """Ticks ``start_ns + index * period_ns``.

    ``start_ns`` is a whole multiple of the period since the epoch, so that every grid of
    a station has the same phase, whenever the synchronizer was started.
    """

    start_ns: int
    period_ns: int

    def __post_init__(self) -> None:
        if self.period_ns <= 0 or self.start_ns % self.period_ns:
            raise ValueError(
                f"a grid starts at a whole multiple of its period, not at {self.start_ns} ns "
                f"with {self.period_ns} ns"
            )

    def tick_ns(self, index: int) -> int:
        """Return t_k in ns on the station clock."""
        return self.start_ns + index * self.period_ns


def first_tick(now_ns: int, period_ns: int) -> int:
    """Return the first whole multiple of ``period_ns`` at or after ``now_ns``."""
    return -(-now_ns // period_ns) * period_ns
