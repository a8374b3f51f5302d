"""Turns what a kill left of an episode into a sealed, marked one, or says why not.

Every stage can be killed and done again: files are rebuilt beside the old ones and
replace them in one step, and sealing is that of the recorder.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from collector.clock import Clock
from collector.episode import folders, journal
from collector.episode.actions import actions_of
from collector.episode.format import (
    COMMIT,
    EPISODE_FILE,
    LIBVER,
    MANIFEST_FILE,
    PARTIAL_SUFFIX,
    SCHEMA,
    image_name,
    step_signals,
)
from collector.episode.goal import INTERRUPTED
from collector.episode.overlay import open_reading
from collector.episode.seal import Ending, complete, digest_file, manifest_faults, publish, seal
from collector.episode.seal import sync as sync_path
from collector.episode.video import VideoResult, salvage
from collector.episode.writer import NO_ACTION

KILLED = "the recorder was killed; recovered up to its last whole step"
REBUILT_SUFFIX = ".recovering"


@dataclass(frozen=True)
class RecoveryReport:
    """What became of one orphan."""

    path: Path  # where it lies now
    ok: bool  # sealed
    episode_id: str
    steps: int
    reason: str  # what was done, or why nothing could be
    digest: str = ""  # sha256 of the manifest
    outcome: str = ""
    gaps: int = 0


class Unusable(Exception):
    """Nothing can be made of an orphan; the message says why."""


def recover(root: Path, clock: Clock) -> list[RecoveryReport]:
    """Recover every orphaned episode under ``root``, oldest first; live ones are left alone.

    An orphan of which nothing can be made moves to ``episodes/refused``. One that cannot be
    recovered for now, as when the disk is full, stays where it is and is reported.
    """
    for unborn in folders.unborn_folders(root):
        if not folders.is_live(unborn):
            shutil.rmtree(unborn, ignore_errors=True)
    reports = []
    for folder in folders.partial_folders(root):
        try:
            lock = folders.try_lock(folder)
        except FileNotFoundError:  # sealed since it was listed
            continue
        if lock is None:
            continue
        try:
            if folder.exists():
                reports.append(_recover_or_refuse(root, folder, clock))
        finally:
            folders.release(lock)
    return reports


def _recover_or_refuse(root: Path, folder: Path, clock: Clock) -> RecoveryReport:
    episode_id = folder.name.removesuffix(PARTIAL_SUFFIX)
    try:
        return recover_folder(folder, clock)
    except Unusable as error:
        target = _refuse(root, folder, str(error))
        return RecoveryReport(target, False, episode_id, 0, str(error))
    except OSError as error:
        reason = f"not recovered for now: {error}; free space or check the disk, and run it again"
        return RecoveryReport(folder, False, episode_id, 0, reason)


def _refuse(root: Path, folder: Path, reason: str) -> Path:
    place = folders.episodes_folder(root) / folders.REFUSED
    place.mkdir(exist_ok=True)
    text = f"Nothing could be recovered of this episode: {reason}.\n"
    (folder / folders.REASON_FILE).write_text(text, encoding="utf-8")
    target = place / folder.name.removesuffix(PARTIAL_SUFFIX)
    if target.exists():
        target = place / f"{target.name}-{folder.stat().st_ino}"
    os.rename(folder, target)
    sync_path(place)
    return target


def recover_folder(
    folder: Path, clock: Clock, outcome: str = INTERRUPTED, reason: str = KILLED
) -> RecoveryReport:
    """Seal one orphan, whose lock the caller holds.

    Raises Unusable when it holds no whole step, OSError when the disk fails meanwhile.
    """
    for leftover in folder.glob(f"*{REBUILT_SUFFIX}"):
        leftover.unlink()
    file = folder / EPISODE_FILE
    if not file.exists():
        raise Unusable(f"it has no {EPISODE_FILE}: the recorder was killed before its first step")
    if (folder / MANIFEST_FILE).exists() and not manifest_faults(folder):
        digest = digest_file(folder / MANIFEST_FILE)
        return _report(publish(folder), digest, "it was whole, and only its name was missing")
    journal.replay(file)
    if _is_complete(file):
        done = "it was whole; its sealing was completed"
    else:
        _rebuild(folder, outcome, reason, clock.now_ns())
        done = reason
    path, digest = seal(folder)
    return _report(path, digest, done)


def _report(path: Path, digest: str, done: str) -> RecoveryReport:
    with h5py.File(path / EPISODE_FILE, "r") as file:
        a = file.attrs
        return RecoveryReport(
            path, True, a["episode_id"], int(a["steps"]), done, digest, a["outcome"], int(a["gaps"])
        )


def _is_complete(path: Path) -> bool:
    """Whether the last attributes are in the file: only the seal is missing."""
    try:
        with h5py.File(path, "r") as file:
            return bool(file.attrs.get("sealed", ""))
    except OSError:  # a writer was killed: HDF5's flags are still set
        return False


def _rebuild(folder: Path, outcome: str, reason: str, now_ns: int) -> None:
    """Replace ``episode.h5`` by a whole copy of its committed rows, and cut torn videos."""
    path = folder / EPISODE_FILE
    try:
        source = open_reading(path)
    except OSError as error:
        raise Unusable(
            f"{EPISODE_FILE} cannot be opened ({error}): most likely the recorder was killed "
            "before its first step, or the disk failed"
        ) from error
    with source:
        steps, arm_rows, frame_rows = _usable_rows(source)
        videos = {
            camera: _salvage(folder, camera, source, rows) for camera, rows in frame_rows.items()
        }
        rebuilt = folder / (EPISODE_FILE + REBUILT_SUFFIX)
        with h5py.File(rebuilt, "w", libver=LIBVER) as target:
            target.attrs.update(dict(source.attrs))
            for name in source:
                source.copy(source[name], target, name=name)
            _trim(target, steps, arm_rows, frame_rows)
            ending = Ending(outcome, reason, recovered=True, videos=videos)
            complete(target, ending, now_ns)
    sync_path(rebuilt)
    os.replace(rebuilt, path)
    sync_path(folder)


def _usable_rows(source: Any) -> tuple[int, int, dict[str, int]]:
    """Return how many steps, arm samples and frames of each camera are whole.

    Raises Unusable for a foreign file, or one without a whole step.
    """
    try:
        if source.attrs.get("schema") != SCHEMA:
            raise Unusable(f"{EPISODE_FILE} is not of schema {SCHEMA}")
        cameras = list(source.attrs["cameras"])
        signals = step_signals(len(source.attrs["joint_names"]), cameras)
        steps = min(int(source[signal.name].shape[0]) for signal in signals)
        stamps = source[COMMIT][:steps]
        # Rows without a stamp were not committed.
        grid = stamps[:1] + np.arange(steps) * int(source.attrs["period_ns"])
        steps = _leading((stamps == grid) & (stamps > 0))
        for camera in cameras:
            steps = _decodable(source[image_name(camera)], steps)
        arm_rows = _whole_rows(source["raw/arm"])
        frame_rows = {camera: _whole_rows(source[f"raw/{camera}"]) for camera in cameras}
    except (KeyError, RuntimeError, ValueError, OSError) as error:
        raise Unusable(f"{EPISODE_FILE} is damaged: {error}") from error
    if steps == 0:
        raise Unusable("the recorder was killed before its first step was whole")
    return steps, arm_rows, frame_rows


def _leading(good: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    """Length of the leading run of True."""
    return int(np.argmin(np.append(good, False)))


def _decodable(images: Any, steps: int) -> int:
    for k in range(steps):
        try:
            images[k]
        except OSError:
            return k
    return steps


def _whole_rows(group: Any) -> int:
    rows = min(int(dataset.shape[0]) for dataset in group.values())
    stamps = group["stamps"][:rows]
    return _leading(np.diff(stamps, prepend=0) > 0)


def _salvage(folder: Path, camera: str, source: Any, rows: int) -> VideoResult:
    """Replace a camera's video by its whole frames; remove it where there are none.

    ``rows`` native frames have their stamp on disk. The video may be ahead of them: frames
    without a stamp are cut off.
    """
    video = folder / f"{camera}.mp4"
    shown = source[f"raw/{camera}/video_frame"][:rows]
    if not video.exists():
        return VideoResult(0, 0, "no video was kept")
    rebuilt = folder / (video.name + REBUILT_SUFFIX)
    frames = salvage(video, rebuilt, most=int(np.count_nonzero(shown >= 0)))
    if frames == 0:
        video.unlink()
    else:
        sync_path(rebuilt)
        os.replace(rebuilt, video)
    lost = int(np.count_nonzero(shown >= frames))
    begun = shown[np.argmax(shown >= 0) :] if (shown >= 0).any() else shown[:0]
    dropped = int(np.count_nonzero(begun < 0))
    note = f"its last {lost} frames were lost when the recorder was killed" if lost else ""
    return VideoResult(frames, lost + dropped, note)


def _trim(target: Any, steps: int, arm_rows: int, frame_rows: dict[str, int]) -> None:
    """Cut every dataset to its whole rows and end the episode at its last step."""
    cameras = list(target.attrs["cameras"])
    for signal in step_signals(len(target.attrs["joint_names"]), cameras):
        target[signal.name].resize(steps, axis=0)
    for group, rows in (("arm", arm_rows), *frame_rows.items()):
        for dataset in target[f"raw/{group}"].values():
            dataset.resize(rows, axis=0)
    # The last step may have been completed toward a step that is lost.
    last = steps - 1
    grippers = target["observations/gripper_command"][()]
    for name, pose in (("actions", "target_pose"), ("actions_measured", "ee_pose")):
        target[name][...] = actions_of(target[f"observations/{pose}"][()], grippers)
    target["action_clipped"][last] = False
    reasons = target["gap_reason"][last].decode().split("; ")
    if NO_ACTION in reasons:
        reasons.remove(NO_ACTION)
        target["gap_reason"][last] = "; ".join(reasons).encode()
        target["is_gap"][last] = bool(reasons)
    target["is_last"][...] = np.arange(steps) == last
