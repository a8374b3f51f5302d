"""The journal of a session: one JSON line a transition, on disk before it takes effect.

A process killed at any instant leaves whole lines and at most one torn one at the end, which
stands for a request that was never answered: it is cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from collector.workflow.history import Fact
from collector.workflow.state_machine import Event, State


class JournalError(Exception):
    """The journal cannot be read or written; the message says what to do."""


class Entry(Fact):
    """One transition, who caused it and why, and what it changed."""

    sequence: int
    at_ns: int
    event: Event
    start: State
    end: State
    who: str
    why: str = ""
    changes: Mapping[str, Any] = {}


class Journal(Protocol):
    """Where transitions are kept."""

    def entries(self) -> list[Entry]:
        """Return all entries, oldest first. Raises JournalError."""

    def append(self, entry: Entry) -> None:
        """Keep the entry for good. Raises JournalError; then nothing was kept."""


class MemoryJournal:
    """A journal for simulated campaigns and tests: lives as long as the object."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def entries(self) -> list[Entry]:
        return list(self._entries)

    def append(self, entry: Entry) -> None:
        self._entries.append(entry)


class FileJournal:
    """JSON lines, appended and synced one by one."""

    def __init__(self, path: Path) -> None:
        """Open ``path``, or make it with its folder, and cut a torn end. Raises JournalError."""
        self._path = Path(path)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            content = self._path.read_bytes()
            self._end = content.rfind(b"\n") + 1
            if self._end < len(content):
                os.ftruncate(self._fd, self._end)
            os.fsync(self._fd)
            folder = os.open(self._path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            raise JournalError(
                f"{self._path}: cannot be opened: {error.strerror}: see to the folder's rights"
            ) from error

    def entries(self) -> list[Entry]:
        found = []
        lines = self._path.read_bytes()[: self._end].splitlines()
        for number, line in enumerate(lines, 1):
            try:
                found.append(Entry.model_validate_json(line))
            except ValidationError as error:
                raise JournalError(
                    f"{self._path}:{number}: not a line of a session's journal: put the file "
                    f"aside; the catalogue keeps what was recorded"
                ) from error
        return found

    def append(self, entry: Entry) -> None:
        line = (json.dumps(entry.model_dump(mode="json"), ensure_ascii=False) + "\n").encode()
        try:
            written = 0
            while written < len(line):
                written += os.pwrite(self._fd, line[written:], self._end + written)
            os.fsync(self._fd)
        except OSError as error:
            # What was written of it would otherwise glue to the next line.
            os.ftruncate(self._fd, self._end)
            raise JournalError(
                f"{self._path}: cannot be written: {error.strerror}: make room on the disk"
            ) from error
        self._end += len(line)

    def close(self) -> None:
        os.close(self._fd)
