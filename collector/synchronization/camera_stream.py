"""One camera on its way to the grid: order, losses, frozen frames, the nearest frame.

A *frozen* camera delivers an old picture as new. Two signs tell, and a third does not:

- The device's frame counter repeats: certain, for every camera. The frame is never used.
- The pixels repeat exactly for longer than ``frozen_after_ns`` on a ``noisy`` camera.
  Every real sensor carries read-out and shot noise, so even two equal frames do not
  happen; the delay lets a single repeat inside a driver pass.
- The pixels repeat on a camera *without* noise: no sign at all. A simulated camera draws
  identical pixels whenever the scene is at rest. Such a camera is ``noisy=False``, and
  only its counter is believed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.clock import NS_PER_MS, NS_PER_S
from collector.synchronization.ring_buffer import Insertion, RingBuffer
from collector.synchronization.statistics import StreamCounts, StreamStatistics
from collector.synchronization.step import CameraStep

TrainingView = Callable[[Any], NDArray[np.uint8]]

# Every eighth row of a noisy frame: tens of thousands of noisy values, so that two
# different frames agree in all of them only if the sensor is dead; an eighth of the cost.
_DIGEST_ROWS = 8
# Frames that are overtaken come within a wait; older losses are final.
_REMEMBERED_LOSSES = 1000


@dataclass(frozen=True)
class CameraSettings:
    """What the synchronizer must know of a camera."""

    fps: float
    noisy: bool = False  # frames carry sensor noise: every real camera's do
    frozen_after_ns: int = 500 * NS_PER_MS  # of identical pixels, where noisy

    def __post_init__(self) -> None:
        if not 0.1 <= self.fps <= 1000.0:
            raise ValueError(f"a camera runs at 0.1 to 1000 frames a second, not at {self.fps}")

    @property
    def period_ns(self) -> int:
        """One frame period, ns."""
        return round(NS_PER_S / self.fps)


def frame_digest(image: object) -> int | None:
    """Return a checksum of the pixels in every eighth row; None for anything but an array."""
    if not isinstance(image, np.ndarray) or image.ndim < 1:
        return None
    return zlib.adler32(np.ascontiguousarray(image[::_DIGEST_ROWS]).tobytes())


@dataclass
class _Frame:
    stamp_ns: int
    counter: int | None
    image: Any
    digest: int | None
    frozen: bool = False


class CameraStream:
    """The frames of one camera, in the order of their stamps."""

    def __init__(
        self, name: str, settings: CameraSettings, capacity: int, view: TrainingView
    ) -> None:
        self.name = name
        self.settings = settings
        self.counts = StreamCounts()
        self._view = view
        self._frames: RingBuffer[_Frame] = RingBuffer(capacity)
        self._newest_ns: int | None = None
        self._highest_counter: int | None = None
        self._uncounted = 0  # frames without a counter since the highest
        self._missing: set[int] = set()  # counters that were leapt over
        self._same_pixels: tuple[int, int] | None = None  # digest, and the stamp it began at
        self._last_used_ns: int | None = None
        self._dropped = 0  # since the last step
        self._late = 0  # since the last step

    @property
    def statistics(self) -> StreamStatistics:
        """The counts so far."""
        return self.counts.snapshot(self._frames.overflowed)

    def add(self, stamp_ns: int, counter: int | None, image: Any, digest: int | None) -> None:
        """Take a frame whose tick is not decided yet."""
        frame = _Frame(stamp_ns, counter, image, digest)
        place = self._frames.at_or_after(stamp_ns)
        if place < len(self._frames) and self._frames.stamps[place] == stamp_ns:
            self.counts.duplicates += 1
            return
        if self._is_repeat(frame) or self._pixels_frozen(frame):
            frame.frozen = True
            self.counts.repeated += 1
        self._count_losses(stamp_ns, counter)
        if self._frames.insert(stamp_ns, frame) is Insertion.OUT_OF_ORDER:
            self.counts.out_of_order += 1
        self._seen(stamp_ns)

    def add_late(self, stamp_ns: int, counter: int | None) -> None:
        """Count a frame that came when its tick was decided already; it is not lost, only late."""
        self.counts.late += 1
        self._late += 1
        self._count_losses(stamp_ns, counter)
        self._seen(stamp_ns)

    def certain(self, tick_ns: int) -> bool:
        """True when no frame that is still to come in order can be nearer to the tick.

        Besides a frame at or after the tick this wants the one before it to be its
        neighbour by counter (by stamps, without counters): a leap may be a frame that was
        overtaken, which is worth the wait.
        """
        first_ns = tick_ns  # a frame that an earlier tick took is no candidate
        if self._last_used_ns is not None:
            first_ns = max(tick_ns, self._last_used_ns + 1)
        after = self._frames.at_or_after(first_ns)
        if after == len(self._frames):
            return False
        if self._frames.stamps[after] == tick_ns:
            return True
        if after == 0:
            return False
        left, right = self._frames.items[after - 1], self._frames.items[after]
        if left.counter is not None and right.counter is not None:
            return right.counter - left.counter in (0, 1)
        return right.stamp_ns - left.stamp_ns <= 1.5 * self.settings.period_ns

    def at(self, tick_ns: int) -> tuple[CameraStep, str]:
        """Return the camera's part of the step, and why it is a gap (empty when it is none).

        Of two frames equally near, the earlier is taken. No frame is used twice.
        """
        dropped, self._dropped = self._dropped, 0
        late, self._late = self._late, 0
        period_ns = self.settings.period_ns
        near = [f for f in self._frames.items if abs(f.stamp_ns - tick_ns) <= period_ns]
        usable = [
            f
            for f in near
            if not f.frozen and (self._last_used_ns is None or f.stamp_ns > self._last_used_ns)
        ]
        if usable:
            frame = min(usable, key=lambda f: (abs(f.stamp_ns - tick_ns), f.stamp_ns))
            self._last_used_ns = frame.stamp_ns
            try:
                image = self._view(frame.image)
            except Exception as error:  # whatever is wrong with one frame costs one step
                self.counts.refused += 1
                return self._absent(dropped), f"{self.name} camera: unusable frame: {error}"
            skew_ns = frame.stamp_ns - tick_ns
            self.counts.last_skew_ns = skew_ns
            return CameraStep(self.name, image, frame.stamp_ns, skew_ns, False, dropped), ""
        if any(f.frozen for f in near):
            return self._absent(dropped, frozen=True), f"{self.name} camera frozen"
        return self._absent(dropped), self._why_absent(tick_ns, late)

    def forget_before(self, next_tick_ns: int) -> None:
        """Let go of the frames that no later tick can use."""
        # One more period than the nearest frame needs: `certain` looks at its neighbour.
        self._frames.drop_before(next_tick_ns - 2 * self.settings.period_ns)

    def restart(self) -> None:
        """Forget every stamp: the station clock stepped back. Counters go on."""
        self._frames.clear()
        self._newest_ns = None
        self._same_pixels = None
        self._last_used_ns = None

    def _absent(self, dropped: int, frozen: bool = False) -> CameraStep:
        return CameraStep(self.name, None, 0, 0, frozen, dropped)

    def _why_absent(self, tick_ns: int, late: int) -> str:
        if late:
            return f"{self.name} camera: frames arrive too late to be used"
        if self._newest_ns is None:
            return f"{self.name} camera: no frame yet"
        if self._newest_ns < tick_ns:
            silence_ns = tick_ns - self._newest_ns
            return f"{self.name} camera: {silence_ns / NS_PER_MS:.0f} ms without a frame"
        return f"{self.name} camera: no new frame within one frame period of the tick"

    def _is_repeat(self, frame: _Frame) -> bool:
        """True when the device counter says that this frame was delivered before."""
        if frame.counter is None:
            return False
        for other in self._frames.items:
            if other.counter == frame.counter and not other.frozen:
                if frame.stamp_ns > other.stamp_ns:
                    return True
                other.frozen = True  # the repeat overtook the frame that it repeats
                self.counts.repeated += 1
                return False
        # The original may have left the buffer.
        newer = self._newest_ns is not None and frame.stamp_ns > self._newest_ns
        return newer and frame.counter == self._highest_counter

    def _pixels_frozen(self, frame: _Frame) -> bool:
        if not self.settings.noisy:
            return False
        if frame.digest is None:
            frame.digest = frame_digest(frame.image)
        if frame.digest is None or (
            self._newest_ns is not None and frame.stamp_ns < self._newest_ns
        ):
            return False
        if self._same_pixels is None or self._same_pixels[0] != frame.digest:
            self._same_pixels = (frame.digest, frame.stamp_ns)
        return frame.stamp_ns - self._same_pixels[1] > self.settings.frozen_after_ns

    def _seen(self, stamp_ns: int) -> None:
        self._newest_ns = stamp_ns if self._newest_ns is None else max(self._newest_ns, stamp_ns)

    def _count_losses(self, stamp_ns: int, counter: int | None) -> None:
        newer = self._newest_ns is None or stamp_ns > self._newest_ns
        elapsed_ns = 0 if self._newest_ns is None else max(0, stamp_ns - self._newest_ns)
        by_stamps = max(0, round(elapsed_ns / self.settings.period_ns) - 1)
        if counter is None and self._highest_counter is not None:
            self._uncounted += newer  # the next counter tells how many were lost
        elif counter is None:
            # Losses can only be estimated; what comes out of order was counted as lost.
            self._count(by_stamps if newer else -1)
        elif self._highest_counter is None:
            self._highest_counter = counter
        elif counter > self._highest_counter:
            lost = max(0, counter - self._highest_counter - 1 - self._uncounted)
            if lost > 2 * by_stamps + 2:
                self._count(by_stamps)  # more than the camera can take: the counter itself leapt
            else:
                if not self._uncounted:  # else it is not known which counters are missing
                    self._missing.update(range(self._highest_counter + 1, counter))
                self._count(lost)
            self._highest_counter = counter
            self._uncounted = 0
        elif counter in self._missing:
            self._missing.discard(counter)
            self._count(-1)
        elif newer and counter < self._highest_counter:
            self._missing.clear()  # the device was started anew and counts from the beginning
            self._highest_counter = counter
        if len(self._missing) > _REMEMBERED_LOSSES:
            self._missing = set(sorted(self._missing)[-_REMEMBERED_LOSSES // 2 :])

    def _count(self, lost: int) -> None:
        self.counts.dropped += lost
        self._dropped = max(0, self._dropped + lost)  # what a step has reported stays reported
