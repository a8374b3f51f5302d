"""How well a stream of samples runs: its rate, age, latency and losses."""

from __future__ import annotations

import itertools
import statistics
from collections import deque
from dataclasses import dataclass
from typing import Literal

from collector.clock import NS_PER_MS, NS_PER_S

Level = Literal["ok", "warning", "error", "stale"]

_WARN_RATE = 0.9  # of the target
_ERROR_RATE = 0.5
_WARN_LATENCY_S = 0.2  # one step of the 5 Hz grid
_STALE_PERIODS = 5
_STALE_S = 1.0  # at least: a single late sample is not a lost stream


@dataclass(frozen=True)
class HealthReport:
    """The state of one stream, as diagnostics show it."""

    name: str
    level: Level
    message: str  # one sentence
    values: dict[str, float]


@dataclass(frozen=True)
class _Sample:
    stamp_ns: int
    arrival_ns: int
    dropped: int
    frozen: bool


class StreamHealth:
    """The health of one stream over a sliding window.

    ``target_hz``  the rate the stream should have.
    ``window_s``   what rates and counts are taken over, seconds.

    Levels: *stale*: no sample for 1 s (or five periods of a slow stream), or none yet;
    *error*: under half the rate, or nothing but frozen samples; *warning*: under 90 % of
    the rate, samples lost, frozen, out of order or from the future, or a median latency
    beyond 200 ms; else *ok*.

    Raises ValueError for a target or window that is not positive.
    """

    def __init__(self, name: str, target_hz: float, window_s: float = 5.0) -> None:
        if not target_hz > 0 or not window_s > 0:
            raise ValueError(f"{name}: target rate and window must be positive")
        self.name = name
        self._target_hz = target_hz
        self._window_ns = round(window_s * NS_PER_S)
        self._stale_ns = round(max(_STALE_S, _STALE_PERIODS / target_hz) * NS_PER_S)
        self._samples: deque[_Sample] = deque()
        self._newest: _Sample | None = None
        self._total = self._dropped_total = self._frozen_total = 0

    def on_sample(
        self, stamp_ns: int, arrival_ns: int, dropped: int = 0, frozen: bool = False
    ) -> None:
        """Count a sample.

        ``stamp_ns`` and ``arrival_ns``: when it was taken and when it came, station clock.
        ``dropped``: how many were lost just before it. ``frozen``: it repeats the one
        before (same pixels or same device counter).
        """
        if self._newest is not None and arrival_ns < self._newest.arrival_ns:
            self._samples.clear()  # the clock was set back: old times mean nothing now
        self._newest = _Sample(stamp_ns, arrival_ns, dropped, frozen)
        self._samples.append(self._newest)
        self._forget(arrival_ns)
        self._total += 1
        self._dropped_total += dropped
        self._frozen_total += frozen

    def report(self, now_ns: int) -> HealthReport:
        """Return the state at ``now_ns``, station clock."""
        if self._newest is None:
            values = {"target_hz": self._target_hz, "rate_hz": 0.0, "samples_total": 0.0}
            return HealthReport(self.name, "stale", "No sample has come yet.", values)
        self._forget(now_ns)
        values = self._values(self._newest, now_ns)
        level, message = self._judge(values, len(self._samples))
        return HealthReport(self.name, level, message, values)

    def _forget(self, now_ns: int) -> None:
        while self._samples and self._samples[0].arrival_ns < now_ns - self._window_ns:
            self._samples.popleft()

    def _values(self, newest: _Sample, now_ns: int) -> dict[str, float]:
        samples = list(self._samples)
        stamps = [s.stamp_ns for s in samples]
        intervals = [b - a for a, b in itertools.pairwise(stamps)]
        latencies = [s.arrival_ns - s.stamp_ns for s in samples]
        return {
            "target_hz": self._target_hz,
            "rate_hz": self._rate_hz(now_ns),
            "age_ms": max(now_ns - newest.arrival_ns, 0) / NS_PER_MS,
            "latency_ms": (statistics.median(latencies) if latencies else 0) / NS_PER_MS,
            "latency_max_ms": max(latencies, default=0) / NS_PER_MS,
            "jitter_ms": (statistics.pstdev(intervals) if intervals else 0) / NS_PER_MS,
            "drops": float(sum(s.dropped for s in samples)),
            "frozen": float(sum(s.frozen for s in samples)),
            "out_of_order": float(sum(i <= 0 for i in intervals)),
            "from_future": float(sum(delay < 0 for delay in latencies)),
            "samples_total": float(self._total),
            "drops_total": float(self._dropped_total),
            "frozen_total": float(self._frozen_total),
        }

    def _rate_hz(self, now_ns: int) -> float:
        """Return the rate over the window; it sinks while an expected sample stays out."""
        samples = self._samples
        if len(samples) < 2:
            return 0.0
        overdue_ns = round(now_ns - NS_PER_S / self._target_hz)
        end_ns = max(samples[-1].arrival_ns, overdue_ns)
        return (len(samples) - 1) * NS_PER_S / max(end_ns - samples[0].arrival_ns, 1)

    def _judge(self, values: dict[str, float], count: int) -> tuple[Level, str]:
        """Return the level and its one sentence, the worst finding first."""
        rate = f"{values['rate_hz']:.1f} of {self._target_hz:g} Hz"
        if values["age_ms"] > self._stale_ns / NS_PER_MS:
            return "stale", f"No sample for {values['age_ms'] / 1000:.1f} s."
        if count < 2:
            return "ok", "The stream has just begun."
        if values["frozen"] == count:
            return "error", "Every sample repeats the one before: restart the device."
        share = values["rate_hz"] / self._target_hz
        if share < _ERROR_RATE:
            return "error", f"It runs at {rate}."
        findings = [f"it runs at {rate}"] if share < _WARN_RATE else []
        findings += [
            f"{values[key]:.0f} {what}"
            for key, what in (
                ("drops", "lost"),
                ("frozen", "frozen"),
                ("out_of_order", "out of order"),
                ("from_future", "stamped in the future"),
            )
            if values[key] > 0
        ]
        if values["latency_ms"] > 1000 * _WARN_LATENCY_S:
            findings.append(f"samples come {values['latency_ms']:.0f} ms late")
        if not findings:
            return "ok", f"It runs at {rate}."
        window_s = self._window_ns / NS_PER_S
        sentence = f"In the last {window_s:g} s: " + ", ".join(findings) + "."
        return "warning", sentence
