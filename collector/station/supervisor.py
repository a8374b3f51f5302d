"""Runs a station's processes: starts them, restarts what dies, stops all of them in time."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Literal, TextIO

from typing_extensions import Self

from collector.clock import Clock, SystemClock
from collector.station import die_with_parent
from collector.station.back_off import BackOff
from collector.station.launch_file import ProcessDescription
from collector.station.process_output import ProcessOutput

INTERRUPT_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LAST_LINES_S = 0.3  # for what a dead process has left in its pipe; usually none is needed


@dataclass(frozen=True)
class SupervisorEvent:
    """Something that happened to a process.

    ``started`` -> ``died`` -> ``restarting`` -> ``started`` ... and ``stopped`` in the end.
    """

    kind: Literal["started", "died", "restarting", "stopped"]
    name: str
    pid: int
    exit_code: int | None = None  # of died and stopped, where the process left by itself
    signal: int | None = None  # of died and stopped, where a signal ended it
    delay_s: float | None = None  # of restarting

    def __str__(self) -> str:
        ended = f"with code {self.exit_code}"
        if self.signal is not None:
            ended = f"by signal {_signal_name(self.signal)}"
        if self.kind == "started":
            return f"started, process {self.pid}"
        if self.kind == "restarting":
            return f"starts again in {self.delay_s:g} s"
        return f"{self.kind} {ended}"


@dataclass(frozen=True)
class StopTimes:
    """When a stop escalates, s after it began."""

    terminate_s: float = 1.5  # SIGTERM to what SIGINT has not ended
    kill_s: float = 2.3  # SIGKILL to what is left
    give_up_s: float = 2.8  # no longer wait for a process that the kernel does not let go


@dataclass
class _Process:
    description: ProcessDescription
    back_off: BackOff
    running: subprocess.Popen[bytes] | None = None
    reader: threading.Thread | None = None
    started_s: float = 0.0  # monotonic
    restart_at_s: float | None = None  # monotonic


@dataclass(frozen=True)
class _Exited:
    name: str
    pid: int


@dataclass(frozen=True)
class _Stop:
    """Asks the supervising thread to stop everything."""


class Supervisor:
    """Runs processes until told to stop. Its methods may be called from any thread.

    ``on_event`` is called on the supervising thread and must not block. Logs go to
    ``log_folder``, a file a process, appended to.
    """

    def __init__(
        self,
        descriptions: Sequence[ProcessDescription],
        log_folder: Path,
        on_event: Callable[[SupervisorEvent], None] | None = None,
        echo: bool = True,
        *,
        stop_times: StopTimes = StopTimes(),
        longest_delay_s: float = 30.0,
        healthy_after_s: float = 10.0,
        clock: Clock | None = None,
        stream: TextIO | None = None,
    ) -> None:
        self.log_folder = Path(log_folder)
        self._on_event = on_event
        self._stop_times = stop_times
        self._processes = {
            description.name: _Process(
                description,
                BackOff(description.respawn_delay_s, longest_delay_s, healthy_after_s),
            )
            for description in descriptions
        }
        if len(self._processes) != len(descriptions):
            raise ValueError("two processes have the same name")
        self._echo = echo
        self._clock = clock or SystemClock()
        self._stream = stream or sys.stdout
        self._output: ProcessOutput | None = None
        # SimpleQueue: its put may be called from a signal handler.
        self._inbox: queue.SimpleQueue[_Exited | _Stop] = queue.SimpleQueue()
        self._ended: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._all_started = threading.Event()
        self._state = threading.Lock()
        self._pids: dict[str, int] = {}
        self._failed = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start all processes in order; return when the last has been started.

        Raises OSError where the log folder cannot be made, RuntimeError if called twice.
        """
        with self._state:
            if self._thread is not None:
                raise RuntimeError("this supervisor has been started before")
            self._output = ProcessOutput(
                self.log_folder, self._processes, self._clock, self._echo, self._stream
            )
            # The kernel kills a process when the thread that forked it exits (see
            # die_with_parent). So this one thread forks them all, the first time and
            # after each death, and lives until the last of them is gone.
            self._thread = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
            self._thread.start()
        self._all_started.wait()

    def stop(self) -> None:
        """Stop everything and return when it is gone, after 3 s at most. May be called twice.

        Interrupts all processes, last started first, with SIGINT; then SIGTERM; then
        SIGKILL (see StopTimes). Each signal goes to the whole process group.
        """
        with self._state:
            thread = self._thread
        if thread is None:
            return
        self._inbox.put(_Stop())
        if thread is not threading.current_thread():
            thread.join()

    def process_ids(self) -> dict[str, int]:
        """Return the ids of the processes that run now, by name, in the order of their start."""
        with self._state:
            return {name: self._pids[name] for name in self._processes if name in self._pids}

    def is_running(self) -> bool:
        """Return whether anything runs or is about to be started again."""
        with self._state:
            return self._thread is not None and self._thread.is_alive()

    @property
    def failed(self) -> bool:
        """True once a process that is not started again has ended with an error."""
        return self._failed

    def run_until_interrupted(self) -> bool:
        """Start if need be, wait for Ctrl-C, SIGTERM or SIGHUP or the end of all, and stop.

        Returns True if interrupted. Call it on the main thread. Further signals while it
        stops are ignored: a recorder needs its second to seal what it has.
        """
        interrupted: list[int] = []

        def interrupt(number: int, _frame: FrameType | None) -> None:
            interrupted.append(number)
            self._ended.put(number)

        previous = {number: signal.signal(number, interrupt) for number in INTERRUPT_SIGNALS}
        try:
            try:
                if self._thread is None:
                    self.start()
                self._ended.get()
            finally:
                self.stop()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        return bool(interrupted)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    # Everything below runs on the supervising thread.

    def _supervise(self) -> None:
        try:
            for process in self._processes.values():
                self._start(process)
            self._all_started.set()
            while self._alive_or_restarting():
                message = self._next_message()
                if isinstance(message, _Stop):
                    break
                if message is not None:
                    self._bury(message)
                self._restart_due()
        finally:
            self._stop_all()
            self._all_started.set()
            self._ended.put(None)
            assert self._output is not None
            self._output.close()

    def _alive_or_restarting(self) -> bool:
        return any(p.running or p.restart_at_s is not None for p in self._processes.values())

    def _next_message(self) -> _Exited | _Stop | None:
        due = [p.restart_at_s for p in self._processes.values() if p.restart_at_s is not None]
        wait_s = max(0.0, min(due) - time.monotonic()) if due else None
        try:
            return self._inbox.get(timeout=wait_s)
        except queue.Empty:
            return None

    def _restart_due(self) -> None:
        now_s = time.monotonic()
        for process in self._processes.values():
            if process.restart_at_s is not None and process.restart_at_s <= now_s:
                process.restart_at_s = None
                self._start(process)

    def _start(self, process: _Process) -> None:
        description = process.description
        shim = [sys.executable, "-I", "-S", str(Path(die_with_parent.__file__)), str(os.getpid())]
        try:
            running = subprocess.Popen(
                [*shim, *description.command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=description.cwd,
                env=_environment(description.environment),
                # A session of its own: Ctrl-C reaches it through the supervisor alone,
                # and its whole process group can be signalled.
                start_new_session=True,
            )
        except OSError as error:
            self._tell(SupervisorEvent("died", description.name, pid=0, exit_code=127), str(error))
            self._after_death(process, pid=0)
            return
        process.running = running
        process.started_s = time.monotonic()
        with self._state:
            self._pids[description.name] = running.pid
        assert running.stdout is not None
        assert self._output is not None
        self._tell(SupervisorEvent("started", description.name, running.pid))
        process.reader = self._output.follow(description.name, running.stdout)
        threading.Thread(
            target=self._await_exit, args=(description.name, running.pid), daemon=True
        ).start()

    def _await_exit(self, name: str, pid: int) -> None:
        """Wait in a thread of its own; leave the dead process for the supervisor to bury."""
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        self._inbox.put(_Exited(name, pid))

    def _bury(self, message: _Exited, stopping: bool = False) -> None:
        process = self._processes[message.name]
        running = process.running
        if running is None or running.pid != message.pid:
            return
        # What it has left behind goes with it. The dead process still holds its id, so
        # the id of the group cannot have passed to another.
        _signal_group(running.pid, signal.SIGKILL)
        code = running.wait()
        with self._state:
            self._pids.pop(message.name, None)
        process.running = None
        if process.reader is not None:
            process.reader.join(0.02 if stopping else _LAST_LINES_S)
        event = SupervisorEvent(
            "stopped" if stopping else "died",
            message.name,
            message.pid,
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
        )
        self._tell(event)
        if not stopping:
            self._failed |= code != 0 and not process.description.respawn
            self._after_death(process, message.pid)

    def _after_death(self, process: _Process, pid: int) -> None:
        if not process.description.respawn:
            return
        now_s = time.monotonic()
        delay_s = process.back_off.next_delay_s(now_s - process.started_s)
        process.restart_at_s = now_s + delay_s
        name = process.description.name
        self._tell(SupervisorEvent("restarting", name, pid, delay_s=delay_s))

    def _stop_all(self) -> None:
        for process in self._processes.values():
            process.restart_at_s = None
        began_s = time.monotonic()
        for number, until_s in (
            (signal.SIGINT, self._stop_times.terminate_s),
            (signal.SIGTERM, self._stop_times.kill_s),
            (signal.SIGKILL, self._stop_times.give_up_s),
        ):
            for running in self._running_last_first():
                _signal_group(running.pid, number)
            while any(self._running_last_first()):
                left_s = began_s + until_s - time.monotonic()
                try:
                    message = self._inbox.get(timeout=max(0.0, left_s))
                except queue.Empty:
                    break
                if isinstance(message, _Exited):
                    self._bury(message, stopping=True)

    def _running_last_first(self) -> Iterator[subprocess.Popen[bytes]]:
        for process in reversed(self._processes.values()):
            if process.running is not None:
                yield process.running

    def _tell(self, event: SupervisorEvent, reason: str = "") -> None:
        assert self._output is not None
        self._output.note(event.name, f"{event}{': ' if reason else ''}{reason}")
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception as error:  # a listener must not take the station down
            self._output.note(event.name, f"a listener failed: {error!r}")


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    # Python holds back what it prints into a pipe, and a killed node would take it along.
    return {"PYTHONUNBUFFERED": "1", **os.environ, **added}


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
