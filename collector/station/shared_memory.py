"""Gives back the shared memory that killed ROS processes have left behind.

Fast DDS keeps a segment of each process in a file, here of 64 MiB (see
launch/fastdds_profile.xml), and next to it a lock file that the process holds locked. A
process that is killed leaves both. Its readers clean up after it, unless they were killed
as well: a station that is killed as a whole would leave half a gigabyte each time.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from pathlib import Path

from collector.clock import NS_PER_S, Clock

SHARED_MEMORY = Path("/dev/shm")
_LOCK = re.compile(r"(fastrtps|fastdds)_[0-9a-f]{16}_el")
# A process makes its lock file a moment before it locks it.
_SETTLED_NS = 10 * NS_PER_S


def remove_orphaned_segments(clock: Clock, folder: Path = SHARED_MEMORY) -> int:
    """Remove the segments whose process is gone, and return how many bytes they took.

    Segments of living processes are locked and stay, whoever they belong to; so do those
    that this user may not remove. Never raises OSError.
    """
    freed = 0
    with contextlib.suppress(OSError):
        for lock in sorted(folder.iterdir()):
            if _LOCK.fullmatch(lock.name):
                with contextlib.suppress(OSError):
                    freed += _remove_if_orphaned(lock, clock.now_ns())
    return freed


def _remove_if_orphaned(lock: Path, now_ns: int) -> int:
    descriptor = os.open(lock, os.O_RDONLY)
    try:
        if now_ns - os.fstat(descriptor).st_mtime_ns < _SETTLED_NS:
            return 0
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0  # its process lives
        segment = lock.with_name(lock.name.removesuffix("_el"))
        size = 0
        with contextlib.suppress(FileNotFoundError):
            size = segment.stat().st_blocks * 512
            segment.unlink()
        lock.unlink()
        return size
    finally:
        os.close(descriptor)
