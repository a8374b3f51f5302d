"""Maps a device's own timestamps to the station clock.

Only pairs (device time, time of arrival) are known. Transport and queueing can make a
sample late, never early, so the truth lies along the *lower envelope* of ``arrival -
device``: a line on or below every pair of a sliding window, whose slope is the skew
between the two clocks. The slope is the edge of the lower convex hull that spans the
mean device time, which is the solution of the linear program of Moon, Skelly and Towsley,
"Estimation and removal of clock skew from network delay measurements" (INFOCOM 1999), by
the hull of Zhang, Liu and Xia, "Clock synchronization algorithms for network
measurements" (INFOCOM 2002).

What one-way pairs cannot show is the smallest latency itself: the mapping contains it.
A camera's calibrated delay takes it out.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from collector.clock import NS_PER_MS, NS_PER_S

WRAP_32_BIT_US_NS = 2**32 * 1000  # a 32-bit counter of microseconds: 71.6 minutes

_SLOT_NS = NS_PER_S // 4  # the envelope keeps the least late pair of each slot
_SKEW_SPAN_NS = 10 * NS_PER_S  # a shorter window says nothing about the skew


def ns_from_ms(milliseconds: float) -> int:
    """Return integer nanoseconds of a device time in float milliseconds.

    Raises ValueError when the time is not finite.
    """
    if not math.isfinite(milliseconds):
        raise ValueError(f"{milliseconds} ms is not a device time")
    whole = math.floor(milliseconds)
    return whole * NS_PER_MS + round((milliseconds - whole) * NS_PER_MS)


class Cause(str, Enum):
    """Why a mapping had to start anew."""

    STATION_BACK = "the station clock was set back"
    DEVICE_BACK = "the device clock went back or restarted"
    TOO_EARLY = "stamps ran ahead: the device clock was set forward, or earlier samples were late"
    TOO_LATE = "stamps fell behind: the device clock was set back or the station clock forward"
    GAP = "no sample came for longer than the window"
    UNTRUSTED = "the device's stamps left or rejoined station time"


@dataclass(frozen=True)
class Discontinuity:
    """A break in the mapping: stamps on its two sides cannot be compared."""

    cause: Cause
    size_ns: int  # how far the mapping moved; positive: later on the station clock
    arrival_ns: int  # station clock


class DeviceClock:
    """The mapping of one device's clock to the station clock.

    Between two discontinuities the stamps given are strictly increasing. They are never
    later than the arrival, except by the nanosecond that keeps two equal ones apart. Every
    discontinuity is counted in `discontinuities`; the newest is `last_discontinuity`.

    With true skews within ``max_skew_ppm`` = r, a stamp minus the truth (smallest latency
    included) is at most ``lateness_i + 2 r (age_i + 0.25 s)`` for every pair i in the window,
    and at least ``-2 r window``; in practice the estimated skew makes both far smaller.

    ``window_ns``       sliding window of the envelope.
    ``max_skew_ppm``    largest skew believed; NTP slews by up to 500 ppm.
    ``step_ns``         a pair further than this below the envelope, or for ``confirm_ns``
                        above it, is a step of one of the clocks, not jitter.
    ``max_delay_ns``    a single pair further than this above is a step at once.
    ``wrap_ns``         where the device's counter wraps to zero; None: it does not.
    ``synchronized``    the device's stamps claim to be station time already (RealSense's
                        global time): they are taken as they are while that is believable.
    """

    def __init__(
        self,
        *,
        window_ns: int = 30 * NS_PER_S,
        max_skew_ppm: float = 500.0,
        step_ns: int = 20 * NS_PER_MS,
        max_delay_ns: int = NS_PER_S,
        confirm_ns: int = 3 * NS_PER_S,
        wrap_ns: int | None = WRAP_32_BIT_US_NS,
        synchronized: bool = False,
    ) -> None:
        self._window_ns = window_ns
        self._max_skew = max_skew_ppm * 1e-6
        self._step_ns = step_ns
        self._max_delay_ns = max_delay_ns
        self._confirm_ns = confirm_ns
        self._wrap_ns = wrap_ns
        self._synchronized = synchronized

        self.discontinuities = 0
        self.last_discontinuity: Discontinuity | None = None
        self.wraps = 0

        self._slots: deque[tuple[int, int]] = deque()  # (device, arrival - device), ns
        self._skew = 0.0
        self._wrapped_ns = 0  # what the wraps so far add up to
        self._raw_ns = 0  # newest device time, as the device told it
        self._device_ns: int | None = None  # newest device time, unwrapped
        self._arrival_ns = 0  # newest arrival
        self._late_since_ns: int | None = None  # arrival since which all pairs were late
        self._late_from_ns = 0  # device time of the first of them
        self._trusted = synchronized
        self._stamp_ns: int | None = None  # newest stamp given since the last discontinuity

    @property
    def skew_ppm(self) -> float:
        """How much faster the station clock runs than the device's, parts per million."""
        return self._skew * 1e6

    @property
    def offset_ns(self) -> int:
        """Station time minus unwrapped device time now, ns; 0 before the first sample."""
        return 0 if self._device_ns is None else self._envelope_ns(self._device_ns)

    @property
    def lateness_ns(self) -> int:
        """How much later than the envelope the newest sample came, ns."""
        if self._device_ns is None:
            return 0
        return self._arrival_ns - self._device_ns - self.offset_ns

    def stamp(self, device_ns: int, arrival_ns: int, age_ns: int = 0) -> int:
        """Return the station time of an event, int64 ns, and learn from the pair.

        ``device_ns`` is the device time of a sample that arrived at ``arrival_ns`` (station
        clock); the event lies ``age_ns`` before ``device_ns``.
        """
        before = self.discontinuities
        unwrapped_ns = self._unwrap(device_ns, arrival_ns)
        self._observe(unwrapped_ns, arrival_ns)
        mapped_ns = self._map(unwrapped_ns, device_ns, arrival_ns)
        stamp_ns = min(mapped_ns, arrival_ns) - max(age_ns, 0)
        if self._stamp_ns is not None and self.discontinuities == before:
            stamp_ns = max(stamp_ns, self._stamp_ns + 1)
        self._stamp_ns = stamp_ns
        return stamp_ns

    def _unwrap(self, raw_ns: int, arrival_ns: int) -> int:
        """Return the device time with the counter's wraps added."""
        wrap_ns = self._wrap_ns
        if wrap_ns and self._device_ns is not None and 0 <= raw_ns < wrap_ns > self._raw_ns >= 0:
            missing_ns = (arrival_ns - self._arrival_ns) - (raw_ns - self._raw_ns)
            wraps = (missing_ns + wrap_ns // 2) // wrap_ns
            if wraps > 0 and abs(missing_ns - wraps * wrap_ns) <= self._max_delay_ns:
                self._wrapped_ns += wraps * wrap_ns
                self.wraps += wraps
        self._raw_ns = raw_ns
        return raw_ns + self._wrapped_ns

    def _observe(self, device_ns: int, arrival_ns: int) -> None:
        """Take a pair into the envelope, or start a new one where a clock stepped."""
        delay_ns = arrival_ns - device_ns
        if self._device_ns is None:
            self._restart(device_ns, delay_ns)
        else:
            # a leap of the device clock is no reason to extrapolate over it
            reach_ns = min(device_ns, self._device_ns + self._window_ns)
            late_ns = delay_ns - self._envelope_ns(reach_ns)
            moved_ns = delay_ns - self._envelope_ns(self._device_ns)
            cause = self._judge(device_ns, arrival_ns, late_ns)
            if cause is Cause.TOO_LATE and late_ns <= self._max_delay_ns:
                # confirmed over many pairs: what they already show of the new mapping stays
                self._slots = deque(s for s in self._slots if s[0] >= self._late_from_ns)
                self._declare(cause, moved_ns, arrival_ns)
                self._late_since_ns = None
                self._take(device_ns, delay_ns)
            elif cause is not None:
                self._declare(cause, moved_ns, arrival_ns)
                self._restart(device_ns, delay_ns)
            else:
                self._take(device_ns, delay_ns)
        self._device_ns, self._arrival_ns = device_ns, arrival_ns

    def _judge(self, device_ns: int, arrival_ns: int, late_ns: int) -> Cause | None:
        """Return why the pair cannot belong to the mapping so far, or None."""
        assert self._device_ns is not None
        signs = (
            (Cause.STATION_BACK, arrival_ns < self._arrival_ns - self._step_ns),
            (Cause.DEVICE_BACK, device_ns < self._device_ns),
            (Cause.TOO_EARLY, late_ns < -self._step_ns),
            (Cause.TOO_LATE, late_ns > self._max_delay_ns),
            (Cause.GAP, arrival_ns - self._arrival_ns > self._window_ns),
        )
        for cause, holds in signs:
            if holds:
                return cause
        if late_ns <= self._step_ns:
            self._late_since_ns = None
        elif self._late_since_ns is None:
            self._late_since_ns, self._late_from_ns = arrival_ns, device_ns
        elif arrival_ns - self._late_since_ns >= self._confirm_ns:
            return Cause.TOO_LATE
        return None

    def _declare(self, cause: Cause, size_ns: int, arrival_ns: int) -> None:
        self.discontinuities += 1
        self.last_discontinuity = Discontinuity(cause, size_ns, arrival_ns)

    def _restart(self, device_ns: int, delay_ns: int) -> None:
        self._slots.clear()
        self._slots.append((device_ns, delay_ns))
        self._skew = 0.0
        self._late_since_ns = None

    def _take(self, device_ns: int, delay_ns: int) -> None:
        """Add a pair to the window; estimate the skew anew with each new slot."""
        slots = self._slots
        if slots and slots[-1][0] // _SLOT_NS == device_ns // _SLOT_NS:
            if delay_ns <= slots[-1][1]:
                slots[-1] = (device_ns, delay_ns)
            return
        slots.append((device_ns, delay_ns))
        while slots[0][0] < device_ns - self._window_ns:
            slots.popleft()
        if device_ns - slots[0][0] >= _SKEW_SPAN_NS:
            # the newest slot has one pair so far, too few to be near the envelope
            skew = _envelope_slope(list(slots)[:-1])
            self._skew = min(max(skew, -self._max_skew), self._max_skew)

    def _envelope_ns(self, device_ns: int) -> int:
        """Return the envelope at ``device_ns``: the line of slope ``_skew`` below all pairs."""
        skew = self._skew
        return min(delay + round(skew * (device_ns - at)) for at, delay in self._slots)

    def _map(self, unwrapped_ns: int, raw_ns: int, arrival_ns: int) -> int:
        """Return the station time of a device time."""
        if self._synchronized:
            trusted = -self._step_ns <= arrival_ns - raw_ns <= self._max_delay_ns
            if trusted != self._trusted:
                self._trusted = trusted
                self._declare(Cause.UNTRUSTED, arrival_ns - raw_ns, arrival_ns)
            if trusted:
                return raw_ns
        return unwrapped_ns + self._envelope_ns(unwrapped_ns)


def _envelope_slope(points: list[tuple[int, int]]) -> float:
    """Return the slope of the lower hull's edge that spans the mean abscissa.

    ``points`` are (device, delay) ns with increasing device time; 0 for fewer than two.
    """
    if len(points) < 2:
        return 0.0
    x0, y0 = points[0]
    hull: list[tuple[int, int]] = []
    for x_ns, y_ns in points:
        x, y = x_ns - x0, y_ns - y0
        while len(hull) >= 2:
            (ax, ay), (bx, by) = hull[-2], hull[-1]
            if (bx - ax) * (y - ay) > (by - ay) * (x - ax):
                break
            hull.pop()
        hull.append((x, y))
    mean = sum(x - x0 for x, _ in points) / len(points)
    for (ax, ay), (bx, by) in pairwise(hull):
        if bx >= mean:
            return (by - ay) / (bx - ax)
    return 0.0
