"""How long to wait before a process that died is started again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class BackOff:
    """Doubles the wait after each death, and starts over once a process has lived well."""

    initial_s: float
    longest_s: float = 30.0
    healthy_after_s: float = 10.0
    deaths: int = 0  # in a row

    def next_delay_s(self, lived_s: float) -> float:
        """Return the wait after a process died that had lived for ``lived_s``."""
        if lived_s >= self.healthy_after_s:
            self.deaths = 0
        # From no wait at all, doubling would never leave zero.
        delay_s = self.initial_s
        if self.deaths > 0:
            delay_s = max(self.initial_s, 0.1) * 2.0 ** min(self.deaths, 30)
        self.deaths += 1
        return min(delay_s, self.longest_s)
