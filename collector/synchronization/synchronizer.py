"""Pair every camera with the arm on one exact grid.

Feed it with `add_frame` and `add_arm` as messages arrive, call `poll` at least every
50 ms from one timer of the station clock, and publish the steps it returns. One thread.

A tick is decided as soon as every stream certainly has its nearest sample, or when
``wait_ns`` after the tick have passed; what comes later is counted as late and changes
nothing. The grid goes on whatever the streams do: what is missing makes a gap.

The grid starts anew, with another ``grid_start_ns``, when the station clock steps back,
or when `poll` was not called (or the clock stepped forward) for longer than ``stall_ns``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from collector.arm.sample import ArmSample
from collector.clock import NS_PER_MS, NS_PER_S
from collector.synchronization.arm_stream import ArmStream, unusable
from collector.synchronization.camera_stream import CameraSettings, CameraStream, TrainingView
from collector.synchronization.grid import Grid, first_tick
from collector.synchronization.statistics import SynchronizerStatistics
from collector.synchronization.step import Step
from collector.training_view import training_image

# Stamp to arrival. Simulated cameras deliver 50-80 ms after the instant they drew,
# RealSense about 40 ms.
EXPECTED_LATENCY_NS = 80 * NS_PER_MS
# A wait is only paid where something is missing, so it may be generous.
WAIT_MARGIN = 1.5
# Buffers hold what arrives in a wait and a period; twice that rides out a burst or a
# `poll` that is late by as much.
BUFFER_MARGIN = 2.0
# Clocks that were synchronised over a network disagree by less.
FUTURE_TOLERANCE_NS = 20 * NS_PER_MS
# At 0.5 m/s the arm moves 0.5 mm in it: a step back by more would pair wrong poses.
CLOCK_STEP_BACK_NS = NS_PER_MS


def default_wait_ns(cameras: Mapping[str, CameraSettings], arm_gap_ns: int) -> int:
    """Return how long after its tick a step waits for missing samples.

    The frame at or after a tick is stamped at most one frame period after it, and arrives
    `EXPECTED_LATENCY_NS` after its stamp: for 10 fps 1.5 x (100 + 80) ms = 270 ms.
    """
    slowest_ns = max([arm_gap_ns, *(camera.period_ns for camera in cameras.values())])
    return math.ceil(WAIT_MARGIN * (slowest_ns + EXPECTED_LATENCY_NS))


class Synchronizer:
    """Make a `Step` of every tick from the frames of the cameras and the arm's samples.

    ``cameras`` maps names to `CameraSettings`, or to frames a second. ``training_view``
    turns a native image into the step's image; only chosen frames go through it, and an
    exception from it makes the step a gap. Raises ValueError for settings that make no
    sense.
    """

    def __init__(
        self,
        cameras: Mapping[str, CameraSettings | float],
        arm_rate_hz: float,
        *,
        period_ns: int = 200 * NS_PER_MS,
        wait_ns: int | None = None,
        arm_gap_ns: int = 50 * NS_PER_MS,
        training_view: TrainingView = training_image,
        stall_ns: int = NS_PER_S,
    ) -> None:
        settings = {
            name: camera if isinstance(camera, CameraSettings) else CameraSettings(float(camera))
            for name, camera in cameras.items()
        }
        if not 1.0 <= arm_rate_hz <= 10_000.0:
            raise ValueError(f"an arm reports 1 to 10 000 times a second, not {arm_rate_hz}")
        self.period_ns = period_ns
        self.wait_ns = default_wait_ns(settings, arm_gap_ns) if wait_ns is None else wait_ns
        if self.wait_ns < 0 or period_ns <= 0 or arm_gap_ns <= 0:
            raise ValueError("the wait, the period and the arm's gap are positive")
        self._stall_ns = max(stall_ns, 2 * period_ns)
        self._cameras = {
            name: CameraStream(
                name,
                camera,
                self._capacity(camera.fps, 2 * camera.period_ns),
                training_view,
            )
            for name, camera in settings.items()
        }
        self._arm = ArmStream(self._capacity(arm_rate_hz, 2 * arm_gap_ns), arm_gap_ns)
        self._grid: Grid | None = None
        self._starts: set[int] = set()
        self._index = 0
        self._decided_ns: int | None = None  # the last tick that was decided
        self._polled_ns = 0
        self._steps = 0
        self._gaps = 0
        self._restarts = 0
        self._last_restart = ""
        self._last_refusal = ""

    def add_frame(
        self,
        camera: str,
        stamp_ns: int,
        arrival_ns: int,
        counter: int | None,
        image: Any,
        *,
        digest: int | None = None,
    ) -> None:
        """Take a frame: ``stamp_ns`` mid-exposure, both times on the station clock.

        ``counter`` is the device's frame number where it is known; ``digest`` a checksum
        of the pixels where one was computed already. Raises KeyError for a camera that
        this synchronizer does not have.
        """
        stream = self._cameras[camera]
        stream.counts.arrived(stamp_ns, arrival_ns)
        self._begin(arrival_ns)
        if stamp_ns > arrival_ns + FUTURE_TOLERANCE_NS:
            stream.counts.refused += 1
            self._refuse_future(f"{camera} camera", stamp_ns, arrival_ns)
        elif self._decided_ns is not None and stamp_ns <= self._decided_ns:
            stream.add_late(stamp_ns, counter)
        else:
            stream.add(stamp_ns, counter, image, digest)

    def add_arm(self, sample: ArmSample, arrival_ns: int) -> None:
        """Take a sample of the arm; ``arrival_ns`` on the station clock."""
        counts = self._arm.counts
        counts.arrived(sample.stamp_ns, arrival_ns)
        self._begin(arrival_ns)
        if sample.stamp_ns > arrival_ns + FUTURE_TOLERANCE_NS:
            counts.refused += 1
            self._refuse_future("arm", sample.stamp_ns, arrival_ns)
        elif problem := unusable(sample):
            counts.refused += 1
            self._last_refusal = f"arm: {problem}"
        elif self._decided_ns is not None and sample.stamp_ns <= self._decided_ns:
            self._arm.add_late()
        else:
            self._arm.add(sample)

    def poll(self, now_ns: int) -> list[Step]:
        """Return the steps that can be decided at ``now_ns``, oldest first."""
        self._begin(now_ns)
        self._follow_clock(now_ns)
        steps: list[Step] = []
        assert self._grid is not None  # _begin made it
        while True:
            tick_ns = self._grid.tick_ns(self._index)
            if now_ns < tick_ns + self.wait_ns and not self._certain(tick_ns):
                return steps
            steps.append(self._decide(self._grid, tick_ns))

    def statistics(self) -> SynchronizerStatistics:
        """Return the counts since the start."""
        streams = {name: stream.statistics for name, stream in self._cameras.items()}
        return SynchronizerStatistics(
            steps=self._steps,
            gaps=self._gaps,
            restarts=self._restarts,
            last_restart=self._last_restart,
            last_refusal=self._last_refusal,
            streams={**streams, "arm": self._arm.statistics},
        )

    def _capacity(self, rate_hz: float, reach_ns: int) -> int:
        held_ns = self.wait_ns + self.period_ns + reach_ns
        return math.ceil(BUFFER_MARGIN * rate_hz * held_ns / NS_PER_S) + 4

    def _begin(self, now_ns: int) -> None:
        if self._grid is None:
            self._start_grid(now_ns)
            self._polled_ns = now_ns

    def _start_grid(self, now_ns: int) -> None:
        start_ns = first_tick(now_ns, self.period_ns)
        while start_ns in self._starts:  # time repeats itself after a step back; names do not
            start_ns += self.period_ns
        self._starts.add(start_ns)
        self._grid = Grid(start_ns, self.period_ns)
        self._index = 0

    def _follow_clock(self, now_ns: int) -> None:
        elapsed_ns, self._polled_ns = now_ns - self._polled_ns, now_ns
        if elapsed_ns < -CLOCK_STEP_BACK_NS:
            reason = f"the station clock stepped back by {-elapsed_ns / NS_PER_S:.3f} s"
            for stream in self._cameras.values():
                stream.restart()
            self._arm.restart()
            self._decided_ns = None
        elif elapsed_ns > self._stall_ns:
            reason = (
                f"the synchronizer stood still, or the station clock leapt, for "
                f"{elapsed_ns / NS_PER_S:.3f} s"
            )
        else:
            return
        self._restarts += 1
        self._last_restart = f"{reason}: the step grid started anew"
        self._start_grid(now_ns)

    def _certain(self, tick_ns: int) -> bool:
        return self._arm.certain(tick_ns) and all(
            stream.certain(tick_ns) for stream in self._cameras.values()
        )

    def _decide(self, grid: Grid, tick_ns: int) -> Step:
        reasons: list[str] = []
        parts = []
        for stream in self._cameras.values():
            part, reason = stream.at(tick_ns)
            parts.append(part)
            if reason:
                reasons.append(reason)
                stream.counts.gaps += 1
            stream.forget_before(tick_ns + self.period_ns)
        arm, reason = self._arm.at(tick_ns)
        if reason:
            reasons.append(reason)
            self._arm.counts.gaps += 1
        clipped = self._arm.clipped(tick_ns - self.period_ns, tick_ns)
        self._arm.forget_before(tick_ns)
        step = Step(
            index=self._index,
            stamp_ns=tick_ns,
            grid_start_ns=grid.start_ns,
            period_ns=self.period_ns,
            cameras=tuple(parts),
            arm=arm,
            clipped_since_previous=clipped,
            gap_reasons=tuple(reasons),
        )
        self._decided_ns = tick_ns
        self._index += 1
        self._steps += 1
        self._gaps += step.is_gap
        return step

    def _refuse_future(self, name: str, stamp_ns: int, arrival_ns: int) -> None:
        ahead_ms = (stamp_ns - arrival_ns) / NS_PER_MS
        self._last_refusal = (
            f"{name}: stamped {ahead_ms:.0f} ms in the future: set its clock to the station's"
        )
