"""Turns a written ``.partial`` folder into a sealed episode.

Stages, each safe to be killed in and to be done again by recovery: the last attributes
go into ``episode.h5`` through a redo journal; the data files are synced and digested;
provenance and ``MANIFEST.sha256`` are written; one rename seals.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from collector.clock import NS_PER_S
from collector.episode import journal
from collector.episode import provenance as prov
from collector.episode.actions import out_of_bounds
from collector.episode.calibration_group import group_name
from collector.episode.format import (
    COMMIT,
    EPISODE_FILE,
    MANIFEST_FILE,
    PARTIAL_SUFFIX,
    PROVENANCE_FILE,
)
from collector.episode.goal import FAILURE, SUCCESS
from collector.episode.video import VideoResult

_BLOCK = 1 << 22


@dataclass(frozen=True)
class Ending:
    """How an episode ended: what `complete` writes into its attributes."""

    outcome: str
    end_reason: str = ""
    success_predicate: int = -1
    predicate_explanation: str = ""
    recovered: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)  # further root attributes
    videos: Mapping[str, VideoResult] = field(default_factory=dict)  # by camera

    @property
    def success(self) -> int:
        """The operator's label as a number: 1, 0, or -1 for none."""
        return {SUCCESS: 1, FAILURE: 0}.get(self.outcome, -1)


def iso_time(now_ns: int) -> str:
    """Return nanoseconds since the epoch as ISO 8601, UTC, in microseconds."""
    whole, rest = divmod(now_ns, NS_PER_S)
    moment = datetime.fromtimestamp(whole, timezone.utc).replace(microsecond=rest // 1000)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def complete(file: Any, ending: Ending, now_ns: int) -> None:
    """Write the last attributes into an open h5py file, and which video frames exist."""
    attributes = file.attrs
    stamps = file[COMMIT]
    steps = int(stamps.shape[0])
    for camera in attributes["cameras"]:
        video = ending.videos.get(camera, VideoResult(0, 0, "no video was kept"))
        group = file[f"raw/{camera}"]
        shown = group["video_frame"][()]
        lost = shown >= video.frames
        if lost.any():
            group["video_frame"][...] = np.where(lost, -1, shown)
        first = np.flatnonzero(shown == 0)
        if len(first) and not lost[first[0]]:
            group.attrs["video_origin_ns"] = group["stamps"][first[0]]
        group.attrs["dropped_video_frames"] = video.dropped
        group.attrs["video_note"] = video.note
    attributes["dropped_video_frames"] = sum(v.dropped for v in ending.videos.values())
    for name, count in ending.counts.items():
        attributes[name] = count
    attributes["steps"] = steps
    attributes["gaps"] = int(np.count_nonzero(file["is_gap"][()]))
    attributes["actions_out_of_bounds"] = int(np.count_nonzero(out_of_bounds(file["actions"][()])))
    attributes["grid_start_ns"] = int(stamps[0]) if steps else 0
    attributes["outcome"] = ending.outcome
    attributes["end_reason"] = ending.end_reason
    attributes["success"] = ending.success
    attributes["success_predicate"] = ending.success_predicate
    attributes["predicate_explanation"] = ending.predicate_explanation
    attributes["recovered"] = ending.recovered
    attributes["sealed"] = iso_time(now_ns)


def close(folder: Path, ending: Ending, now_ns: int) -> None:
    """Complete the attributes of ``folder``'s ``episode.h5``, all of them or none."""
    journal.edit(folder / EPISODE_FILE, lambda file: complete(file, ending, now_ns))


def digest_file(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    buffer = bytearray(_BLOCK)
    view = memoryview(buffer)
    with open(path, "rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(view[:count])
    return digest.hexdigest()


def sync(path: Path) -> None:
    """fsync a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def seal(folder: Path) -> tuple[Path, str]:
    """Seal a ``.partial`` folder whose ``episode.h5`` is complete.

    Returns the sealed folder and the sha256 of its manifest. Raises OSError when the disk
    fails; the folder is then still ``.partial``.
    """
    with h5py.File(folder / EPISODE_FILE, "r") as file:
        attributes = dict(file.attrs)
        calibrations = {
            camera: dict(file[group_name(camera)].attrs) for camera in attributes["cameras"]
        }
    for leftover in (PROVENANCE_FILE, MANIFEST_FILE):
        (folder / leftover).unlink(missing_ok=True)
    data = sorted(folder.iterdir())
    for path in data:
        os.chmod(path, 0o444)
    # Digests read the page cache while the disk syncs.
    with ThreadPoolExecutor(max_workers=4) as pool:
        synced = [pool.submit(sync, path) for path in data]
        digests = dict(zip([path.name for path in data], pool.map(digest_file, data), strict=True))
        for job in synced:
            job.result()
    text = json.dumps(prov.document(attributes, digests, calibrations), indent=1)
    digests[PROVENANCE_FILE] = hashlib.sha256(text.encode()).hexdigest()
    _write_synced(folder / PROVENANCE_FILE, text)
    manifest = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    _write_synced(folder / MANIFEST_FILE, manifest)
    sync(folder)
    return publish(folder), hashlib.sha256(manifest.encode()).hexdigest()


def manifest_faults(folder: Path) -> list[str]:
    """Return what in ``folder`` is not as its manifest says; nothing if all is.

    Digests every file. Raises OSError when there is no manifest.
    """
    text = (folder / MANIFEST_FILE).read_text(encoding="utf-8")
    faults = []
    named = {MANIFEST_FILE}
    for line in text.splitlines():
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not name or Path(name).name != name:
            faults.append(f"{MANIFEST_FILE} has a line that is no digest: {line[:80]!r}")
            continue
        named.add(name)
        path = folder / name
        if not path.is_file():
            faults.append(f"{name} is missing")
        elif digest_file(path) != digest:
            faults.append(f"{name} has changed: its digest is not the manifest's")
    for required in (EPISODE_FILE, PROVENANCE_FILE):
        if required not in named:
            faults.append(f"{MANIFEST_FILE} does not name {required}")
    faults += [
        f"{path.name} is not in {MANIFEST_FILE}"
        for path in sorted(folder.iterdir())
        if path.name not in named
    ]
    return faults


def publish(folder: Path) -> Path:
    """Give a complete ``.partial`` folder its name; return it."""
    target = folder.with_name(folder.name.removesuffix(PARTIAL_SUFFIX))
    os.rename(folder, target)
    sync(target.parent)
    return target


def _write_synced(path: Path, text: str) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(path, 0o444)
