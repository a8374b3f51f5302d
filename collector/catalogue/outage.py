"""Remembers that a database could not be reached, and when trying again is worth it."""

from __future__ import annotations

from collector.clock import NS_PER_S, Clock

_SHARE = 4  # pauses are so many times as long as the tries between them
_LONGEST_PAUSE_NS = 30 * NS_PER_S


class Outage:
    """Whether something fails, and until when it is left alone.

    A try that fails at once may be made again at once. One that blocks, as on a server that
    vanished, is followed by a pause, so that the rest of the station goes on.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.cause = ""  # one sentence; empty while nothing fails
        self._failed_ns = 0
        self._again_ns = 0

    def waits(self) -> bool:
        """Whether it is too early to try again."""
        # A clock that was set back must not make the pause longer.
        return bool(self.cause) and self._failed_ns <= self._clock.now_ns() < self._again_ns

    def began(self, tried_ns: int, cause: str) -> None:
        """A try that began at ``tried_ns`` failed."""
        self.cause = cause
        self._failed_ns = self._clock.now_ns()
        pause_ns = min(_SHARE * max(self._failed_ns - tried_ns, 0), _LONGEST_PAUSE_NS)
        self._again_ns = self._failed_ns + pause_ns

    def over(self) -> None:
        """A try succeeded."""
        self.cause = ""
