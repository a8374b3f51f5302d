"""Splits a hand's path into movements, and measures the smoothness of each.

The spectral arc length is defined for one movement from standstill to standstill; a
manipulation task has several. A movement ends when the speed stays under `STANDSTILL_M_S`
for `PAUSE_S`: a shorter stop is a submovement, and costs smoothness.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from collector.clock import NS_PER_MS, NS_PER_S
from collector.feedback.smoothness import spectral_arc_length

STANDSTILL_M_S = 0.01  # a hand at rest drifts and trembles by some mm/s
PAUSE_S = 0.5  # about the shortest deliberate stop; a grip takes 0.3 to 0.5 s
SHORTEST_S = 0.3  # less is a twitch, too short for a spectrum
GAP_NS = 50 * NS_PER_MS  # samples farther apart straddle a gap; nothing is made up across it
RATE_HZ = 100.0  # samples come at 100 Hz or more
LEAP_M_S = 5.0  # ten times what the limiter lets through: the world was laid out anew
MAX_MOVEMENT_S = 120.0  # bounds memory where a device never comes to rest


class Movements:
    """Takes positions one at a time; the cost of each is O(log n), amortised.

    A movement's spectrum is taken once, when it ends.
    """

    def __init__(self) -> None:
        self._stamps: list[int] = []  # of the open movement, ns
        self._lengths: list[float] = []  # way along it, m
        self._last: tuple[int, NDArray[np.float64]] | None = None
        self._moving_until = 0  # index in the lists, of its last sample in motion
        self._weighted = 0.0  # s
        self._seconds = 0.0
        self._count = 0

    def add(self, stamp_ns: int, position: NDArray[np.float64]) -> None:
        """Take the next position [3] m. What is not newer than the last is left out.

        A position with NaN is a gap.
        """
        if not np.all(np.isfinite(position)):
            self._end()
            self._last = None
            return
        last, self._last = self._last, (stamp_ns, np.array(position, float))
        if last is None:
            return
        passed_ns = stamp_ns - last[0]
        if passed_ns <= 0:
            self._last = last
            return
        way = float(np.linalg.norm(self._last[1] - last[1]))
        speed = way * NS_PER_S / passed_ns
        if passed_ns > GAP_NS or speed > LEAP_M_S:
            self._end()
            return
        moving = speed > STANDSTILL_M_S
        if not self._stamps:
            if not moving:
                return
            self._stamps, self._lengths = [last[0]], [0.0]
        self._stamps.append(stamp_ns)
        self._lengths.append(self._lengths[-1] + way)
        if moving:
            self._moving_until = len(self._stamps) - 1
        rested_ns = stamp_ns - self._stamps[self._moving_until]
        lasted_ns = stamp_ns - self._stamps[0]
        if rested_ns >= PAUSE_S * NS_PER_S or lasted_ns >= MAX_MOVEMENT_S * NS_PER_S:
            self._end()

    def smoothness(self) -> tuple[float | None, int]:
        """Return the spectral arc length, and how many movements it is of, so far.

        It is the mean over the movements, each weighted by its duration, the one in hand
        included; None where there is no movement yet.
        """
        weighted, seconds, count = self._weighted, self._seconds, self._count
        in_hand = self._measured()
        if in_hand is not None:
            weighted += in_hand[0] * in_hand[1]
            seconds += in_hand[1]
            count += 1
        return (weighted / seconds if seconds else None), count

    def ended(self) -> tuple[float | None, int]:
        """Return the same in O(1), of the movements that have ended."""
        return (self._weighted / self._seconds if self._seconds else None), self._count

    def _measured(self) -> tuple[float, float] | None:
        """Return spectral arc length and duration in s of the movement in hand."""
        end = self._moving_until + 1
        if not self._stamps or end < 2:
            return None
        start_ns = self._stamps[0]
        duration_s = (self._stamps[end - 1] - start_ns) / NS_PER_S
        if duration_s < SHORTEST_S:
            return None
        times = (np.array(self._stamps[:end], np.int64) - start_ns) / NS_PER_S
        # Interpolating the way, not the speed, keeps the length whatever the stamps' jitter.
        uniform = np.arange(0.0, duration_s + 0.5 / RATE_HZ, 1 / RATE_HZ)
        speed = np.diff(np.interp(uniform, times, self._lengths[:end])) * RATE_HZ
        return spectral_arc_length(speed, RATE_HZ), duration_s

    def _end(self) -> None:
        measured = self._measured()
        if measured is not None:
            self._weighted += measured[0] * measured[1]
            self._seconds += measured[1]
            self._count += 1
        self._stamps, self._lengths, self._moving_until = [], [], 0
