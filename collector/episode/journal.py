"""Changes a closed HDF5 file so that a kill at any instant leaves it old or new, never torn.

HDF5 itself changes several places of a file one after the other. Here it works on an
overlay in memory; the resulting writes go into a redo journal beside the file first
(write-ahead logging, as in Gray and Reuter, *Transaction Processing*, 1993), and only a
whole journal is carried out. Carrying it out twice does no harm.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from collector.episode.format import LIBVER
from collector.episode.overlay import Overlay

_MAGIC = b"collector redo 1"
_HEAD = struct.Struct("<QQ")  # final size of the file, number of writes
_WRITE = struct.Struct("<QQ")  # offset, length


def journal_path(path: Path) -> Path:
    """Where the journal of ``path`` lies while there is one."""
    return path.with_name(path.name + ".journal")


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Run ``change`` on the h5py file at ``path``, all of it or none of it.

    The file's own content is not synced; sealing does that. Raises OSError when the disk
    fails: the file is then as it was, or `replay` completes it.
    """
    overlay = Overlay(path)
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
