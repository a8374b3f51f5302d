"""What a station's processes print: each line to the terminal, prefixed, and to a log file."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, TextIO

from collector.clock import NS_PER_S, Clock

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)  # ANSI; red stays for errors
_TERMINAL_LINES = 2000  # that may wait for a slow terminal before lines are left out of it
_CLOSE_S = 0.1  # for the terminal to show what waits
_LONGEST_LINE = 1 << 16  # bytes; a longer one is cut into several


class ProcessOutput:
    """Files and terminal of one run. Every method may be called from any thread."""

    def __init__(
        self, folder: Path, names: Iterable[str], clock: Clock, echo: bool, stream: TextIO
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._stream = stream
        # A terminal that is held with Ctrl-S, or a pipe that nobody reads, must hold up
        # neither the nodes nor the supervisor: it has a thread of its own.
        self._shown: queue.Queue[str | None] = queue.Queue(_TERMINAL_LINES)
        self._terminal = threading.Thread(target=self._show, name="terminal", daemon=True)
        if echo:
            self._terminal.start()
        self._lock = threading.Lock()
        coloured = stream.isatty() and "NO_COLOR" not in os.environ
        self._prefixes = {
            name: f"\x1b[{_COLOURS[index % len(_COLOURS)]}m[{name}]\x1b[0m "
            if coloured
            else f"[{name}] "
            for index, name in enumerate(names)
        }
        folder.mkdir(parents=True, exist_ok=True)
        self._files: dict[str, IO[bytes]] = {
            name: (folder / f"{name.replace('/', '_')}.log").open("ab", buffering=0)
            for name in self._prefixes
        }

    def follow(self, name: str, pipe: IO[bytes]) -> threading.Thread:
        """Copy ``pipe`` in a thread of its own until its last writer has closed it."""
        thread = threading.Thread(
            target=self._copy, args=(name, pipe), name=f"output of {name}", daemon=True
        )
        thread.start()
        return thread

    def note(self, name: str, text: str) -> None:
        """Write a line of the supervisor's own about a process."""
        now = datetime.fromtimestamp(self._clock.now_ns() / NS_PER_S, timezone.utc)
        stamp = now.isoformat(timespec="milliseconds")
        self._write(name, f"--- {stamp} {text}\n".encode(), f"--- {text}")

    def close(self) -> None:
        """Show what waits and close the log files; what is written later is lost."""
        if self._terminal.is_alive():
            with contextlib.suppress(queue.Full):
                self._shown.put(None, timeout=_CLOSE_S)
            self._terminal.join(_CLOSE_S)
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _copy(self, name: str, pipe: IO[bytes]) -> None:
        with pipe:
            while line := pipe.readline(_LONGEST_LINE):
                self._write(name, line, line.decode(errors="replace").rstrip("\r\n"))

    def _write(self, name: str, line: bytes, shown: str) -> None:
        with self._lock:
            file = self._files.get(name)
            if file is not None:
                try:
                    file.write(line)
                except OSError as error:  # a full disk must not end the station
                    file.close()
                    del self._files[name]
                    shown += f"\n--- the log of {name} ends here: {error.strerror}"
        if self._terminal.is_alive():
            with contextlib.suppress(queue.Full):
                self._shown.put_nowait(f"{self._prefixes[name]}{shown}\n")

    def _show(self) -> None:
        try:
            # Past the stream's buffer: its lock, held in a blocked write, would also hold
            # up the interpreter's end.
            descriptor: int | None = self._stream.fileno()
        except (OSError, ValueError):
            descriptor = None
        while (text := self._shown.get()) is not None:
            try:
                if descriptor is None:
                    self._stream.write(text)
                    self._stream.flush()
                    continue
                left = text.encode(errors="replace")
                while left:
                    left = left[os.write(descriptor, left) :]
            except (OSError, ValueError):  # the terminal is gone, or the reader of the pipe
                return
