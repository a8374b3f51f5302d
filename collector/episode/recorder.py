"""Records one episode at a time: what the recorder node drives.

`begin` -> steps, arm samples and frames, from any thread -> `finish` or `discard`, which
seal. Samples that come while no episode is recorded are left out, save the last moments
before `begin`, which an interpolation at the first step needs.
"""

from __future__ import annotations

import json
import random
import shutil
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.arm.sample import ArmSample
from collector.calibration_result import CameraCalibration
from collector.clock import NS_PER_MS, NS_PER_S, Clock
from collector.episode import folders
from collector.episode.attempt import Attempt
from collector.episode.format import EPISODE_FILE, SCHEMA
from collector.episode.goal import (
    DISCARDED,
    LABELS,
    RECORDING,
    EpisodeGoal,
    Progress,
    RecordingError,
    SealedEpisode,
    StationFacts,
)
from collector.episode.recovery import recover_folder
from collector.episode.seal import Ending, close, iso_time, seal
from collector.episode.video import VideoEncoder
from collector.episode.writer import EpisodeFile
from collector.synchronization.step import Step

BYTES_PER_GB = 1_000_000_000
PREROLL_NS = 300 * NS_PER_MS
RESERVED_NAMES = ("arm", "step")  # of datasets beside those of cameras


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(path).free


@dataclass(frozen=True)
class Limits:
    """How much may wait, and how much disk must be left."""

    queue_steps: int = 25  # 5 s at 5 Hz, 8 MB: longer than a disk's worst hiccup
    # Native frames a camera: half a second at 30 fps; 14 MB at 640 x 480.
    queue_frames: int = 15
    min_free_bytes: int = 2 * BYTES_PER_GB  # to begin: half an hour of noisy images
    reserve_bytes: int = BYTES_PER_GB // 4  # below it the attempt ends while sealing still fits


@dataclass
class _Current:
    """The episode in hand."""

    episode_id: str
    folder: Path
    lock: int
    attempt: Attempt
    stopped: bool = False  # waits for its label: nothing more is taken


@dataclass
class _Preroll:
    """The last moments before an episode."""

    arm: deque[ArmSample] = field(default_factory=lambda: deque(maxlen=256))
    frames: deque[tuple[str, int]] = field(default_factory=lambda: deque(maxlen=64))


class Recorder:
    """Writes episodes under ``root``. All methods may be called from any thread."""

    def __init__(
        self,
        root: Path,
        station: StationFacts,
        calibrations: Mapping[str, CameraCalibration],
        clock: Clock,
        video: bool = True,
        *,
        rng: random.Random | None = None,
        limits: Limits | None = None,
        free_bytes: Callable[[Path], int] = _free_bytes,
    ) -> None:
        """Prepare to record below ``root``, which need not exist.

        ``rng`` makes episode ids unique (the system's randomness by default), ``free_bytes``
        tells how much a folder's disk has left. Raises RecordingError when a camera's name
        or the rate cannot be recorded.
        """
        for name in station.cameras:
            if name in RESERVED_NAMES or "/" in name or not name:
                raise RecordingError(f"a camera cannot be named {name!r}: choose another name")
        if not station.rate_hz > 0:
            raise RecordingError(f"the rate must be positive, not {station.rate_hz} Hz")
        self._root = root
        self._station = station
        self._calibrations = dict(calibrations)
        self._clock = clock
        self._video = video
        self._rng = rng or random.SystemRandom()
        self._limits = limits or Limits()
        self._free_bytes = free_bytes
        self._lifecycle = threading.Lock()
        self._samples = threading.Lock()
        self._current: _Current | None = None
        self._preroll = _Preroll()

    def begin(self, goal: EpisodeGoal) -> str:
        """Begin an episode and return its id.

        Raises RecordingError when one is in progress, a camera is not calibrated, or the
        disk is nearly full or cannot be written.
        """
        with self._lifecycle:
            if self._current is not None:
                raise RecordingError(
                    f"episode {self._current.episode_id} is being recorded: finish or discard it"
                )
            self._check_calibrations()
            try:
                self._root.mkdir(parents=True, exist_ok=True)
                free = self._free_bytes(self._root)
                if free < self._limits.min_free_bytes:
                    raise RecordingError(
                        f"only {free / BYTES_PER_GB:.1f} GB are free in {self._root}, an episode "
                        f"wants {self._limits.min_free_bytes / BYTES_PER_GB:.1f} GB: "
                        "free space first"
                    )
                current = self._create(goal)
            except OSError as error:
                raise RecordingError(
                    f"{self._root} cannot be written: {error}; check the disk and its permissions"
                ) from error
            with self._samples:
                self._hand_over_preroll(current.attempt)
                self._current = current
            return current.episode_id

    def add_step(self, step: Step) -> None:
        """Take one step. Its arrays must not be changed afterwards."""
        if (current := self._current) is not None and not current.stopped:
            current.attempt.add_step(step, self._clock.now_ns())

    def add_arm_sample(self, sample: ArmSample) -> None:
        """Take one arm sample. Its arrays must not be changed afterwards."""
        with self._samples:
            if self._current is not None and not self._current.stopped:
                self._current.attempt.add_arm_sample(sample)
            else:
                self._preroll.arm.append(sample)

    def add_frame(self, camera: str, image: NDArray[np.uint8], stamp_ns: int) -> None:
        """Take one native frame [H, W, 3] uint8 RGB. It must not be changed afterwards.

        Raises RecordingError for a camera that the station has not.
        """
        if camera not in self._station.cameras:
            raise RecordingError(
                f"the station has no camera {camera!r}, only {', '.join(self._station.cameras)}"
            )
        with self._samples:
            if self._current is not None and not self._current.stopped:
                self._current.attempt.add_frame(camera, image, stamp_ns)
            else:
                self._preroll.frames.append((camera, stamp_ns))

    def stop(self) -> None:
        """Take nothing more of the episode: it waits to be labelled and sealed.

        Raises RecordingError when nothing is recorded.
        """
        with self._samples:
            if self._current is None:
                raise RecordingError("no episode is being recorded: begin one first")
            self._current.stopped = True

    def finish(
        self,
        outcome: str,
        predicate_known: bool = False,
        predicate_success: bool = False,
        predicate_explanation: str = "",
    ) -> SealedEpisode:
        """Seal the episode with the operator's label (success, failure, unlabelled).

        It is sealed as discarded instead, with the reason as its message, when it had to
        end (see `watch`) or holds no step. Raises RecordingError for another label, when
        nothing is recorded, or when sealing fails: the folder is then left to `recover`.
        """
        if outcome not in LABELS:
            raise RecordingError(f"{outcome!r} is no label: choose one of {', '.join(LABELS)}")
        predicate = int(predicate_success) if predicate_known else -1
        return self._end(outcome, "", predicate, predicate_explanation)

    def discard(self, reason: str = "") -> SealedEpisode:
        """Seal the episode as discarded. Raises RecordingError as `finish` does."""
        return self._end(DISCARDED, reason or "discarded by the operator", -1, "")

    def progress(self) -> Progress:
        """Return what is on disk of the episode in hand."""
        current = self._current
        if current is None:
            return Progress("", 0, 0, {}, 0, 0.0)
        attempt = current.attempt
        try:
            size = sum(path.stat().st_size for path in current.folder.iterdir())
        except OSError:  # sealed this very moment
            size = 0
        return Progress(
            current.episode_id,
            attempt.file.steps,
            attempt.file.gaps,
            dict(attempt.skews_ns),
            size,
            attempt.queue_share,
        )

    def watch(self, now_ns: int) -> str | None:
        """Return why the episode in hand must end, as a sentence, or None.

        A second without a step, a stream missing for a whole second, a step that was lost,
        a disk that fills up or a writer that failed: discard with the reason.
        """
        current = self._current
        if current is None:
            return None
        if current.stopped:
            return current.attempt.failure or None
        if reason := current.attempt.lost(now_ns):
            return reason
        try:
            free = self._free_bytes(current.folder)
        except OSError as error:
            return f"the disk does not answer: {error}"
        if free < self._limits.reserve_bytes:
            return f"the disk is nearly full, {free / BYTES_PER_GB:.2f} GB are left: free space"
        return None

    def close(self) -> None:
        """Discard an episode in hand. Raises RecordingError when it cannot be sealed."""
        if self._current is not None:
            self.discard("the recorder was shut down")

    def _check_calibrations(self) -> None:
        for name, facts in self._station.cameras.items():
            calibration = self._calibrations.get(name)
            if calibration is None:
                raise RecordingError(f"the {name} camera has no calibration: calibrate it first")
            serial = str(facts.get("serial", ""))
            if serial and calibration.serial and serial != calibration.serial:
                raise RecordingError(
                    f"the {name} camera is {serial}, its calibration is of {calibration.serial}: "
                    "calibrate this one, or plug that one in"
                )

    def _create(self, goal: EpisodeGoal) -> _Current:
        now_ns = self._clock.now_ns()
        station = self._station
        while True:
            noise = self._rng.getrandbits(16)
            episode_id = folders.new_episode_id(now_ns, station.station_id, noise)
            if not folders.is_taken(self._root, episode_id):
                break
        folder, lock = folders.create_partial(self._root, episode_id)
        try:
            period_ns = round(NS_PER_S / station.rate_hz)
            file = EpisodeFile(
                folder / EPISODE_FILE,
                self._attributes(episode_id, goal, period_ns, now_ns),
                goal,
                calibrations=self._calibrations,
                cameras={name: {**f, "video_note": ""} for name, f in station.cameras.items()},
                joints=len(station.joint_names),
            )
        except BaseException:
            folders.release(lock)
            raise
        encoder = (
            VideoEncoder(folder, station.cameras, self._limits.queue_frames)
            if self._video
            else None
        )
        attempt = Attempt(
            file,
            encoder,
            cameras=station.cameras,
            period_ns=period_ns,
            started_ns=now_ns,
            queue_steps=self._limits.queue_steps,
        )
        return _Current(episode_id, folder, lock, attempt)

    def _attributes(
        self, episode_id: str, goal: EpisodeGoal, period_ns: int, now_ns: int
    ) -> dict[str, Any]:
        station = self._station
        return {
            "schema": SCHEMA,
            "episode_id": episode_id,
            "task_id": goal.task_id,
            "task_type": goal.task_type,
            "phase": goal.phase,
            "collector_id": goal.collector_id,
            "session_id": goal.session_id,
            "consent": goal.consent,
            "station_id": station.station_id,
            "station_name": station.station_name,
            "software_version": station.software_version,
            "licence": station.licence,
            "rate_hz": float(station.rate_hz),
            "period_ns": period_ns,
            "joint_names": list(station.joint_names),
            "cameras": list(station.cameras),
            "cameras_json": json.dumps({name: dict(f) for name, f in station.cameras.items()}),
            "arm_json": json.dumps(dict(station.arm)),
            "layout_seed": np.uint64(goal.layout_seed),
            "created": iso_time(now_ns),
            "grid_start_ns": 0,
            "sealed": "",
            "outcome": RECORDING,
            "end_reason": "",
            "success": -1,
            "success_predicate": -1,
            "predicate_explanation": "",
            "steps": 0,
            "gaps": 0,
            "actions_out_of_bounds": 0,
            "dropped_video_frames": 0,
            "steps_repeated": 0,
            "arm_samples_lost": 0,
            "raw_out_of_order": 0,
            "recovered": False,
        }

    def _hand_over_preroll(self, attempt: Attempt) -> None:
        oldest_ns = self._clock.now_ns() - PREROLL_NS
        for sample in self._preroll.arm:
            if sample.stamp_ns >= oldest_ns:
                attempt.add_arm_sample(sample)
        for camera, stamp_ns in self._preroll.frames:
            if stamp_ns >= oldest_ns:
                attempt.add_stamp(camera, stamp_ns)
        self._preroll = _Preroll()

    def _end(self, outcome: str, reason: str, predicate: int, explanation: str) -> SealedEpisode:
        with self._lifecycle:
            with self._samples:
                current, self._current = self._current, None
            if current is None:
                raise RecordingError("no episode is being recorded: begin one first")
            attempt = current.attempt
            try:
                attempt.stop()
                if attempt.failure or attempt.file.steps == 0:
                    outcome = DISCARDED
                    reason = reason or attempt.failure or "no step arrived"
                if attempt.failure and attempt.failure not in reason:
                    reason = f"{reason}; {attempt.failure}"
                if attempt.file_broken:
                    return self._seal_broken(current, reason)
                ending = self._ending(attempt, outcome, reason, predicate, explanation)
                close(current.folder, ending, self._clock.now_ns())
                path, digest = seal(current.folder)
            except Exception as error:  # OSError of the disk, and whatever HDF5 makes of it
                raise RecordingError(
                    f"episode {current.episode_id} could not be sealed: {error}; free space or "
                    "check the disk, then run `collector episodes recover`"
                ) from error
            finally:
                folders.release(current.lock)
            return SealedEpisode(
                current.episode_id,
                str(path),
                digest,
                outcome,
                reason,
                attempt.file.steps,
                attempt.file.gaps,
            )

    def _ending(
        self, attempt: Attempt, outcome: str, reason: str, predicate: int, explanation: str
    ) -> Ending:
        return Ending(
            outcome,
            reason,
            predicate,
            explanation,
            counts={
                "steps_repeated": attempt.steps_repeated,
                "arm_samples_lost": attempt.arm_samples_lost,
                "raw_out_of_order": attempt.raw_out_of_order,
            },
            videos=attempt.encoder.results() if attempt.encoder is not None else {},
        )

    def _seal_broken(self, current: _Current, reason: str) -> SealedEpisode:
        """Seal what a failed writer left, through recovery."""
        report = recover_folder(current.folder, self._clock, outcome=DISCARDED, reason=reason)
        if not report.ok:
            raise OSError(report.reason)
        return SealedEpisode(
            current.episode_id,
            str(report.path),
            report.digest,
            DISCARDED,
            reason,
            report.steps,
            report.gaps,
        )
