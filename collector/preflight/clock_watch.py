"""Whether the station clock was set while the station ran."""

from __future__ import annotations

import time
from collections.abc import Callable

from collector.clock import NS_PER_MS, Clock
from collector.preflight import clock_reference
from collector.preflight.observation import ClockObservation

TIGHT_NS = NS_PER_MS  # between two readings; more, and something else ran in between
TRIES = 5


def boot_time_ns() -> int:
    """Return ns since boot. No clock setting moves it, and it goes on while asleep."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class ClockWatch:
    """Compares the station clock with one that nobody sets, from its making on.

    A clock that is slewed takes the steady one with it, so what they differ by is a step.
    ``reference``: the offset to a second clock, ns, or None: see `reference_offset_ns`.
    """

    def __init__(
        self,
        clock: Clock,
        steady_ns: Callable[[], int] = boot_time_ns,
        reference: Callable[[], int | None] = clock_reference.reference_offset_ns,
    ) -> None:
        self._clock = clock
        self._steady_ns = steady_ns
        self._reference = reference
        self._began_ns = self._difference_ns()
        self._farthest_ns = 0

    def look(self) -> None:
        """Compare now. A clock that is set, and set back before the next look, is not noticed."""
        stepped_ns = self._difference_ns() - self._began_ns
        self._farthest_ns = max(self._farthest_ns, stepped_ns, key=abs)

    def observation(self, newest_sealed_ns: int | None = None) -> ClockObservation:
        """Return the largest step since the beginning, and the second clock."""
        self.look()
        return ClockObservation(
            stepped_ns=self._farthest_ns,
            reference=clock_reference.NAME,
            reference_offset_ns=self._reference(),
            newest_sealed_ns=newest_sealed_ns,
        )

    def _difference_ns(self) -> int:
        """Return station clock minus steady clock, read as closely together as it goes."""
        best: tuple[int, int] | None = None  # between the readings of the steady clock, difference
        for _ in range(TRIES):
            before_ns = self._steady_ns()
            now_ns = self._clock.now_ns()
            between_ns = self._steady_ns() - before_ns
            difference_ns = now_ns - before_ns - between_ns // 2
            if best is None or between_ns < best[0]:
                best = between_ns, difference_ns
            if between_ns <= TIGHT_NS:
                break
        assert best is not None
        return best[1]
