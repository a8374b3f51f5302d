"""Opens HDF5 files over an overlay: what is written, or corrected, stays in memory.

A writer that was killed leaves its file marked as open for writing. HDF5's SWMR reader
opens such a file, but meets damage by trying again for hours, so it is no way to read what
a kill left. Here the mark is cleared in memory, and damage is an error at once. The layout
of the superblock is that of the HDF5 File Format Specification, version 3.0, II.A.
"""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import Any

import h5py

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SUPERBLOCK_BYTES = 48  # version 3, 8-byte addresses, without a user block
_FLAGS = 11  # offset of the consistency flags
_END_OF_FILE = 28
_CHECKSUM = 44


class Overlay(io.RawIOBase):
    """A file that is read from disk, and whose writes stay in memory."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._disk = os.open(path, os.O_RDONLY)
        self.size = os.fstat(self._disk).st_size
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
        data = bytearray(os.pread(self._disk, len(view), start).ljust(len(view), b"\0"))
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
        if not self.closed:
            os.close(self._disk)
        super().close()


def open_reading(path: Path) -> Any:
    """Open an HDF5 file to read: closed, being written in SWMR mode, or left by a kill.

    Raises OSError when it is no HDF5 file of format 1.10, or is cut short.
    """
    with open(path, "rb") as file:
        superblock = file.read(_SUPERBLOCK_BYTES)
    if len(superblock) < _SUPERBLOCK_BYTES or superblock[:9] != _SIGNATURE + b"\x03":
        raise OSError("it is no HDF5 file of format 1.10")
    if superblock[_FLAGS] == 0:
        return h5py.File(path, "r", locking=False)
    overlay = Overlay(path)
    head = bytearray(superblock[:_CHECKSUM])
    head[_FLAGS] = 0
    # A writer in SWMR mode notes the end of the file late.
    struct.pack_into("<Q", head, _END_OF_FILE, overlay.size)
    overlay.write(bytes(head) + struct.pack("<I", lookup3(head)))
    return h5py.File(overlay, "r")


def _rotate(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & 0xFFFFFFFF


def lookup3(data: bytes | bytearray) -> int:
    """Return Bob Jenkins' lookup3 hash (hashlittle, 2006), HDF5's checksum of metadata."""
    a = b = c = (0xDEADBEEF + len(data)) & 0xFFFFFFFF
    mask = 0xFFFFFFFF
    blocks = range(0, max(len(data) - 1, 0) // 12 * 12, 12)
    for start in blocks:
        x, y, z = struct.unpack_from("<III", data, start)
        a, b, c = (a + int(x)) & mask, (b + int(y)) & mask, (c + int(z)) & mask
        a, c = (a - c) & mask ^ _rotate(c, 4), (c + b) & mask
        b, a = (b - a) & mask ^ _rotate(a, 6), (a + c) & mask
        c, b = (c - b) & mask ^ _rotate(b, 8), (b + a) & mask
        a, c = (a - c) & mask ^ _rotate(c, 16), (c + b) & mask
        b, a = (b - a) & mask ^ _rotate(a, 19), (a + c) & mask
        c, b = (c - b) & mask ^ _rotate(b, 4), (b + a) & mask
    rest = bytes(data[len(blocks) * 12 :])
    if not rest:
        return c
    x, y, z = struct.unpack("<III", rest.ljust(12, b"\0"))
    a, b, c = (a + int(x)) & mask, (b + int(y)) & mask, (c + int(z)) & mask
    c = ((c ^ b) - _rotate(b, 14)) & mask
    a = ((a ^ c) - _rotate(c, 11)) & mask
    b = ((b ^ a) - _rotate(a, 25)) & mask
    c = ((c ^ b) - _rotate(b, 16)) & mask
    a = ((a ^ c) - _rotate(c, 4)) & mask
    b = ((b ^ a) - _rotate(a, 14)) & mask
    return ((c ^ b) - _rotate(b, 24)) & mask
