"""Changes a closed HDF5 file so that a kill at any instant leaves it old or new, never torn.

HDF5 itself changes several places of a file one after the other. Here it works on an
overlay in memory; the resulting writes go into a redo journal beside the file first
(write-ahead logging, as in Gray and Reuter, *Transaction Processing*, 1993), and only a
whole journal is carried out. Carrying it out twice does no harm.
"""

from __future__ import annotations

import hashlib
import io
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from collector.episode.format import LIBVER

_MAGIC = b"collector redo 1"
_HEAD = struct.Struct("<QQ")  # final size of the file, number of writes
_WRITE = struct.Struct("<QQ")  # offset, length


class _Overlay(io.RawIOBase):
    """A file that is read from disk, and whose writes stay in memory."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._disk = open(path, "rb")  # noqa: SIM115 - closed with the overlay
        self.size = os.fstat(self._disk.fileno()).st_size
        self.writes: list[tuple[int, bytes]] = []
        self._position = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        start = self._position
        data = bytearray(os.pread(self._disk.fileno(), len(view), start).ljust(len(view), b"\0"))
        for offset, block in self.writes:
            low, high = max(offset, start), min(offset + len(block), start + len(view))
            if low < high:
                data[low - start : high - start] = block[low - offset : high - offset]
        view[:] = data
        self._position += len(view)
        return len(view)

    def write(self, data: Any) -> int:
        block = bytes(data)
        self.writes.append((self._position, block))
        self._position += len(block)
        self.size = max(self.size, self._position)
        return len(block)

    def truncate(self, size: int | None = None) -> int:
        self.size = self._position if size is None else size
        return self.size

    def close(self) -> None:
        self._disk.close()
        super().close()


def journal_path(path: Path) -> Path:
    """Where the journal of ``path`` lies while there is one."""
    return path.with_name(path.name + ".journal")


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Run ``change`` on the h5py file at ``path``, all of it or none of it.

    The file's own content is not synced; sealing does that. Raises OSError when the disk
    fails: the file is then as it was, or `replay` completes it.
    """
    overlay = _Overlay(path)
    try:
        with h5py.File(overlay, "r+", libver=LIBVER) as file:
            change(file)
        payload = b"".join(
            [
                _HEAD.pack(overlay.size, len(overlay.writes)),
                *(_WRITE.pack(offset, len(block)) + block for offset, block in overlay.writes),
            ]
        )
    finally:
        overlay.close()
    journal = journal_path(path)
    with open(journal, "wb") as file:
        file.write(_MAGIC + hashlib.sha256(payload).digest() + payload)
        file.flush()
        os.fsync(file.fileno())
    replay(path)


def replay(path: Path) -> bool:
    """Carry out the journal beside ``path`` and remove it; return whether there was a whole one.

    A journal cut short belongs to a change that never began: it is removed. The changed
    file is synced before its journal goes.
    """
    journal = journal_path(path)
    if not journal.exists():
        return False
    content = journal.read_bytes()
    start = len(_MAGIC) + hashlib.sha256().digest_size
    payload = content[start:]
    whole = content[:start] == _MAGIC + hashlib.sha256(payload).digest()
    if whole:
        size, count = _HEAD.unpack_from(payload)
        position = _HEAD.size
        with open(path, "r+b") as file:
            for _ in range(count):
                offset, length = _WRITE.unpack_from(payload, position)
                position += _WRITE.size
                os.pwrite(file.fileno(), payload[position : position + length], offset)
                position += length
            file.truncate(size)
            os.fsync(file.fileno())
    os.unlink(journal)
    return whole
