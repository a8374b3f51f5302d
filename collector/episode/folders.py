"""Where episodes lie, and which of them a living recorder holds.

``<root>/episodes/<YYYY-MM-DD>/<episode_id>`` is sealed; with ``.partial`` it is being
written or was left by a kill. A living recorder holds an advisory lock on the folder
itself, which the kernel drops with the process: no lock file is left behind.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from collector.clock import NS_PER_S
from collector.episode.format import MANIFEST_FILE, PARTIAL_SUFFIX
from collector.episode.seal import sync

EPISODES = "episodes"
REFUSED = "refused"
REASON_FILE = "REASON.txt"
_UNBORN_SUFFIX = ".begin"


def episodes_folder(root: Path) -> Path:
    """Folder of all episodes under a data root."""
    return root / EPISODES


def new_episode_id(now_ns: int, station_id: str, noise: int) -> str:
    """Return a sortable id: UTC second, station, and 4 hex digits of ``noise``."""
    moment = datetime.fromtimestamp(now_ns // NS_PER_S, timezone.utc)
    station = re.sub(r"[^A-Za-z0-9_-]+", "-", station_id).strip("-") or "station"
    return f"{moment:%Y%m%dT%H%M%S}-{station}-{noise & 0xFFFF:04x}"


def date_folder(root: Path, episode_id: str) -> Path:
    """Folder of the UTC day of an episode."""
    return episodes_folder(root) / f"{episode_id[:4]}-{episode_id[4:6]}-{episode_id[6:8]}"


def is_taken(root: Path, episode_id: str) -> bool:
    """Whether an episode of this id lies anywhere under ``root``."""
    places = (date_folder(root, episode_id), episodes_folder(root) / REFUSED)
    return any(
        (place / f"{episode_id}{suffix}").exists()
        for place in places
        for suffix in ("", PARTIAL_SUFFIX)
    )


def create_partial(root: Path, episode_id: str) -> tuple[Path, int]:
    """Create and lock the folder of a new episode; return it and the lock to `release`."""
    parent = date_folder(root, episode_id)
    parent.mkdir(parents=True, exist_ok=True)
    # It has no .partial name before it is locked: recovery cannot take it for an orphan.
    unborn = parent / f".{episode_id}{_UNBORN_SUFFIX}"
    unborn.mkdir()
    lock = try_lock(unborn)
    if lock is None:
        raise OSError(f"{unborn} is locked by another process")
    folder = parent / f"{episode_id}{PARTIAL_SUFFIX}"
    os.rename(unborn, folder)
    for place in (parent, parent.parent):
        sync(place)
    return folder, lock


def try_lock(folder: Path) -> int | None:
    """Lock a folder; return what to `release`, or None when another process holds it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def release(lock: int) -> None:
    """Let go of a lock."""
    os.close(lock)


def is_live(folder: Path) -> bool:
    """Whether a living process holds the folder."""
    try:
        lock = try_lock(folder)
    except OSError:
        return False
    if lock is None:
        return True
    release(lock)
    return False


def _days(root: Path) -> Iterator[Path]:
    folder = episodes_folder(root)
    if folder.is_dir():
        for day in sorted(folder.iterdir()):
            if day.is_dir() and day.name != REFUSED:
                yield day


def sealed_folders(root: Path) -> list[Path]:
    """All sealed episodes, oldest first."""
    return [
        path
        for day in _days(root)
        for path in sorted(day.iterdir())
        if not path.name.startswith(".")
        and path.suffix != PARTIAL_SUFFIX
        and (path / MANIFEST_FILE).is_file()
    ]


def partial_folders(root: Path) -> list[Path]:
    """All episodes without a seal, live or orphaned, oldest first."""
    return [
        path
        for day in _days(root)
        for path in sorted(day.iterdir())
        if path.suffix == PARTIAL_SUFFIX
    ]


def refused_folders(root: Path) -> list[Path]:
    """All folders that recovery could make nothing of."""
    folder = episodes_folder(root) / REFUSED
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def unborn_folders(root: Path) -> list[Path]:
    """Folders whose recorder was killed before it could write anything."""
    return [path for day in _days(root) for path in sorted(day.glob(f".*{_UNBORN_SUFFIX}"))]
