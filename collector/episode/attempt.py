"""One attempt being recorded: bounded queues in front, one writer thread behind.

Callers never wait. What does not fit is counted, and a step that does not fit ends the
attempt: the steps before it are kept.
"""

from __future__ import annotations

import queue
import re
import threading
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from collector.arm.sample import ArmSample
from collector.clock import NS_PER_S
from collector.episode.video import VideoEncoder
from collector.episode.writer import EpisodeFile, UnexpectedShape, usable
from collector.synchronization.step import Step

ARM = "arm"
LOST_NS = NS_PER_S  # a stream or the grid is lost after this long
MAX_PENDING_SAMPLES = 4000  # 40 s of a 100 Hz arm: longer than any step queue lasts

Row = TypeVar("Row")


class _Raw(Generic[Row]):
    """Rows of one raw stream on their way to the writer, stamps strictly increasing."""

    def __init__(self) -> None:
        self.rows: deque[Row] = deque()
        self._last_ns: int | None = None

    def accepts(self, stamp_ns: int) -> bool:
        return self._last_ns is None or stamp_ns > self._last_ns

    def append(self, stamp_ns: int, row: Row) -> None:
        self._last_ns = stamp_ns
        self.rows.append(row)

    def take(self) -> list[Row]:
        taken = list(self.rows)
        self.rows.clear()
        return taken


def _in_short(error: Exception) -> str:
    """The system's own words, where HDF5 wraps them in a page of detail."""
    found = re.search(r"error message = '([^']+)'", str(error))
    return found.group(1) if found else str(error)


class Attempt:
    """Takes steps, arm samples and frames from any thread and writes them in order."""

    def __init__(
        self,
        file: EpisodeFile,
        encoder: VideoEncoder | None,
        *,
        cameras: Iterable[str],
        period_ns: int,
        started_ns: int,
        queue_steps: int,
    ) -> None:
        self.file = file
        self.encoder = encoder
        self.cameras = tuple(cameras)
        self.failure = ""  # why the attempt must end
        self.file_broken = False  # writing failed: the file is recovery's
        self.steps_repeated = 0
        self.arm_samples_lost = 0
        self.raw_out_of_order = 0
        self.skews_ns: dict[str, int] = {}
        self._refused = False  # by the writer: nothing more is written
        self._period_ns = period_ns
        self._started_ns = started_ns
        self._arrival_ns = started_ns  # when the last step came
        self._last_ns: int | None = None  # stamp of the last step
        self._seen_ns: dict[str, int] = {}  # stream -> stamp of the last step that had it
        self._steps: queue.Queue[Step | None] = queue.Queue(queue_steps)
        self._raw_lock = threading.Lock()
        self._step_lock = threading.Lock()
        self._arm: _Raw[ArmSample] = _Raw()
        # Stamp and video frame of each native frame.
        self._frames: dict[str, _Raw[tuple[int, int]]] = {c: _Raw() for c in self.cameras}
        self._thread = threading.Thread(target=self._run, name="episode-writer", daemon=True)
        self._thread.start()

    @property
    def queue_share(self) -> float:
        """Share of the step queue in use, 0 to 1."""
        return self._steps.qsize() / self._steps.maxsize

    def add_step(self, step: Step, now_ns: int) -> None:
        """Queue one step. A step from before the attempt, or one that came already, is left out."""
        with self._step_lock:
            if self.failure or step.stamp_ns < self._started_ns:
                return
            self.failure = self._misfit(step)
            if self.failure:
                return
            self._arrival_ns = now_ns
            if self._last_ns is None:
                before_ns = step.stamp_ns - self._period_ns
                self._seen_ns = dict.fromkeys((*self.cameras, ARM), before_ns)
            elif step.stamp_ns <= self._last_ns:
                self.steps_repeated += 1
                return
            try:
                self._steps.put_nowait(step)
            except queue.Full:
                self.failure = (
                    f"the disk did not keep up: the step at {step.stamp_ns} ns was lost; "
                    "record to a faster disk"
                )
                return
            self._last_ns = step.stamp_ns
            self._note_streams(step)

    def _misfit(self, step: Step) -> str:
        """Return why ``step`` cannot follow the last one, or nothing."""
        if step.period_ns != self._period_ns:
            return (
                f"the synchronizer steps every {step.period_ns / 1e6:g} ms, the station "
                f"records every {self._period_ns / 1e6:g} ms: give both the same rate"
            )
        if step.stamp_ns != step.grid_start_ns + step.index * step.period_ns:
            return f"step {step.index} is not on its own grid: the synchronizer is wrong"
        if self._last_ns is None:
            return ""
        ahead_ns = step.stamp_ns - self._last_ns
        if ahead_ns % self._period_ns:
            return "the step grid restarted: the station clock or the synchronizer did"
        missing = ahead_ns // self._period_ns - 1
        if missing * self._period_ns >= LOST_NS:
            return f"{missing} steps in a row did not arrive"
        return ""

    def _note_streams(self, step: Step) -> None:
        for camera in step.cameras:
            if camera.name in self._seen_ns:
                self.skews_ns[camera.name] = camera.skew_ns
                if usable(camera):
                    self._seen_ns[camera.name] = step.stamp_ns
        if step.arm is not None:
            self._seen_ns[ARM] = step.stamp_ns
        for stream, seen_ns in self._seen_ns.items():
            if step.stamp_ns - seen_ns >= LOST_NS and not self.failure:
                what = "arm" if stream == ARM else f"{stream} camera"
                self.failure = f"the {what} was missing for a whole second"

    def add_arm_sample(self, sample: ArmSample) -> None:
        """Queue one arm sample."""
        with self._raw_lock:
            if not self._arm.accepts(sample.stamp_ns):
                self.raw_out_of_order += 1
            elif len(self._arm.rows) >= MAX_PENDING_SAMPLES:
                self.arm_samples_lost += 1
            else:
                self._arm.append(sample.stamp_ns, sample)

    def add_stamp(self, camera: str, stamp_ns: int) -> None:
        """Note a native frame that came before the attempt began: no video shows it."""
        self._add_frame(camera, None, stamp_ns)

    def add_frame(self, camera: str, image: NDArray[np.uint8], stamp_ns: int) -> None:
        """Note a native frame [H, W, 3] and give it to the video."""
        self._add_frame(camera, image, stamp_ns)

    def _add_frame(self, camera: str, image: NDArray[np.uint8] | None, stamp_ns: int) -> None:
        with self._raw_lock:
            frames = self._frames[camera]
            if not frames.accepts(stamp_ns):
                self.raw_out_of_order += 1
                return
            shown = -1
            if image is not None and self.encoder is not None:
                shown = self.encoder.submit(camera, image, stamp_ns)
            frames.append(stamp_ns, (stamp_ns, shown))

    def lost(self, now_ns: int) -> str | None:
        """Return why the attempt must end at ``now_ns``, or None."""
        if self.failure:
            return self.failure
        silence_ns = now_ns - self._arrival_ns
        if silence_ns > LOST_NS:
            return f"no step for {silence_ns / NS_PER_S:.1f} s: the synchronizer sends nothing"
        return None

    def stop(self) -> None:
        """Write what is queued, close the videos, and end the threads. Never raises.

        Afterwards ``file`` is closed, or ``file_broken`` is true.
        """
        self._steps.put(None)
        self._thread.join()
        if self.encoder is not None:
            self.encoder.close()

    def _run(self) -> None:
        step: Step | None = None
        try:
            while (step := self._steps.get()) is not None:
                self._write(step)
            self._write(None)
            self.file.close()
        except Exception as error:  # HDF5 raises OSError, RuntimeError, ValueError, ...
            self._end(f"the episode could not be written: {_in_short(error)}")
            self.file_broken = True
            self.file.abandon()
            while step is not None:  # nobody may wait for room in the queue
                step = self._steps.get()

    def _end(self, reason: str) -> None:
        with self._step_lock:
            self.failure = self.failure or reason

    def _write(self, step: Step | None) -> None:
        """Write what is raw, then ``step`` and, as gaps, the steps that are missing before it."""
        if self._refused:
            return
        try:
            self._write_raw()
            if step is None:
                return
            if self.file.end_ns is not None:
                missing_ns = self.file.end_ns + self._period_ns
                while missing_ns < step.stamp_ns:
                    self.file.append_missing(missing_ns, "step missing: it never arrived")
                    missing_ns += self._period_ns
            self.file.append_step(step)
        except UnexpectedShape as error:  # what came before is whole
            self._refused = True
            self._end(str(error))

    def _write_raw(self) -> None:
        with self._raw_lock:
            samples = self._arm.take()
            frames = {camera: raw.take() for camera, raw in self._frames.items()}
        for camera, rows in frames.items():
            self.file.extend_frames(camera, [row[0] for row in rows], [row[1] for row in rows])
        self.file.extend_arm(samples)
