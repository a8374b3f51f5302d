"""Only the shared memory of processes that are gone is given back."""

from __future__ import annotations

import fcntl
from pathlib import Path

from collector.clock import NS_PER_S, ManualClock
from collector.station.shared_memory import remove_orphaned_segments

SIZE = 1 << 16


def segment(folder: Path, name: str) -> tuple[Path, Path]:
    memory, lock = folder / name, folder / f"{name}_el"
    memory.write_bytes(b"x" * SIZE)
    lock.touch()
    return memory, lock


def clock_after(lock: Path, seconds: int) -> ManualClock:
    return ManualClock(lock.stat().st_mtime_ns + seconds * NS_PER_S)


def test_a_segment_whose_process_is_gone_is_removed(tmp_path: Path) -> None:
    memory, lock = segment(tmp_path, "fastrtps_0123456789abcdef")
    assert remove_orphaned_segments(clock_after(lock, 60), tmp_path) == SIZE
    assert not memory.exists()
    assert not lock.exists()


def test_a_segment_that_its_process_holds_stays(tmp_path: Path) -> None:
    memory, lock = segment(tmp_path, "fastrtps_0123456789abcdef")
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert remove_orphaned_segments(clock_after(lock, 60), tmp_path) == 0
    assert memory.exists()
    assert lock.exists()


def test_a_segment_that_is_just_being_made_stays(tmp_path: Path) -> None:
    memory, lock = segment(tmp_path, "fastrtps_0123456789abcdef")
    assert remove_orphaned_segments(clock_after(lock, 1), tmp_path) == 0
    assert memory.exists()


def test_other_files_stay(tmp_path: Path) -> None:
    for name in ("fastrtps_port7000", "sem.fastrtps_port7000_mutex", "mine"):
        memory, lock = segment(tmp_path, name)
        assert remove_orphaned_segments(clock_after(lock, 60), tmp_path) == 0
        assert memory.exists()


def test_a_folder_that_is_missing_is_no_trouble(tmp_path: Path) -> None:
    assert remove_orphaned_segments(ManualClock(), tmp_path / "none") == 0
