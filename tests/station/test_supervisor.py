"""What the supervisor promises, tried on real processes."""

from __future__ import annotations

import io
import os
import queue
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.station.launch_file import ProcessDescription
from collector.station.supervisor import StopTimes, Supervisor, SupervisorEvent

DEADLINE_S = 20.0  # when a wait is given up as failed; a passing test never comes near
STAY = "while :; do sleep 60 & wait; done"  # a shell runs a trap only between commands
FAST = StopTimes(terminate_s=0.2, kill_s=0.4, give_up_s=5.0)


def shell(name: str, script: str, **settings: object) -> ProcessDescription:
    return ProcessDescription(name, ("/bin/sh", "-c", script), **settings)  # type: ignore[arg-type]


class Events:
    """Collects events and lets a test wait for one."""

    def __init__(self) -> None:
        self._queue: queue.Queue[SupervisorEvent] = queue.Queue()
        self.seen: list[SupervisorEvent] = []

    def __call__(self, event: SupervisorEvent) -> None:
        self._queue.put(event)

    def wait_for(self, kind: str, name: str) -> SupervisorEvent:
        deadline_s = time.monotonic() + DEADLINE_S
        while True:
            event = self._queue.get(timeout=max(0.01, deadline_s - time.monotonic()))
            self.seen.append(event)
            if (event.kind, event.name) == (kind, name):
                return event

    def rest(self) -> list[SupervisorEvent]:
        while not self._queue.empty():
            self.seen.append(self._queue.get())
        return self.seen


class Line:
    """A named pipe that processes hold open: it tells what they say, and when all are gone."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "line"
        os.mkfifo(self.path)
        self._descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self._keeper: int | None = os.open(self.path, os.O_WRONLY)  # no end between two writers
        self._pending = b""

    def close(self) -> None:
        self._let_go()
        os.close(self._descriptor)

    def _let_go(self) -> None:
        if self._keeper is not None:
            os.close(self._keeper)
            self._keeper = None

    def _read(self) -> bytes:
        ready, _, _ = select.select([self._descriptor], [], [], DEADLINE_S)
        assert ready, "nothing was said in time"
        return os.read(self._descriptor, 4096)

    def hear(self, count: int) -> list[str]:
        """Wait for ``count`` lines."""
        while self._pending.count(b"\n") < count:
            self._pending += self._read()
        lines = self._pending.split(b"\n")
        self._pending = b"\n".join(lines[count:])
        return [line.decode() for line in lines[:count]]

    def wait_until_all_are_gone(self) -> None:
        """Wait until no process has the pipe open for writing."""
        self._let_go()
        while self._read():
            pass


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    pipe = Line(tmp_path)
    yield pipe
    pipe.close()


Run = Callable[..., tuple[Supervisor, Events]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Return a function that starts processes; they are stopped whatever the test does."""
    supervisors: list[Supervisor] = []

    def start(*descriptions: ProcessDescription, **settings: object) -> tuple[Supervisor, Events]:
        events = Events()
        settings = {"echo": False, "stop_times": FAST} | settings
        supervisor = Supervisor(
            descriptions,
            tmp_path / "logs",
            events,
            **settings,  # type: ignore[arg-type]
        )
        supervisors.append(supervisor)
        supervisor.start()
        return supervisor, events

    yield start
    for supervisor in supervisors:
        supervisor.stop()


def log(supervisor: Supervisor, name: str) -> list[str]:
    text = (supervisor.log_folder / f"{name}.log").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("--- ")]


def test_processes_start_in_order_and_all_stop(run: Run, line: Line) -> None:
    script = f"trap 'echo end $0; exit 0' INT; exec 3>{line.path}; echo up >&3; {STAY}"
    names = ["first", "second", "third"]
    descriptions = [shell(name, script) for name in names]
    supervisor, events = run(*descriptions, stop_times=StopTimes())
    line.hear(3)
    assert list(supervisor.process_ids()) == names
    supervisor.stop()
    seen = [(e.kind, e.name) for e in events.rest()]
    assert seen[:3] == [("started", name) for name in names]
    assert sorted(seen[3:]) == sorted(("stopped", name) for name in names)
    assert supervisor.process_ids() == {}
    assert not supervisor.is_running()
    line.wait_until_all_are_gone()


def test_a_process_that_ends_in_its_own_way_on_sigint_is_let_do_so(run: Run, line: Line) -> None:
    script = f"trap 'echo sealed; exit 7' INT; echo up >{line.path}; {STAY}"
    supervisor, events = run(shell("recorder", script), stop_times=StopTimes())
    line.hear(1)
    supervisor.stop()
    assert events.wait_for("stopped", "recorder").exit_code == 7
    assert log(supervisor, "recorder") == ["sealed"]


def test_one_that_ignores_sigint_gets_sigterm_and_then_sigkill(run: Run, line: Line) -> None:
    deaf = f"trap '' INT; echo up >{line.path}; {STAY}"
    deafer = f"trap '' INT TERM; echo up >{line.path}; {STAY}"
    supervisor, events = run(shell("deaf", deaf), shell("deafer", deafer))
    line.hear(2)
    supervisor.stop()
    assert events.wait_for("stopped", "deaf").signal == signal.SIGTERM
    assert events.wait_for("stopped", "deafer").signal == signal.SIGKILL


def test_grandchildren_go_too(run: Run, line: Line) -> None:
    grandchild = f"trap '' INT TERM; exec 3>{line.path}; echo up >&3; while :; do sleep 60; done"
    script = f"({grandchild}) & trap 'exit 0' INT; echo up >{line.path}; {STAY}"
    supervisor, events = run(shell("parent", script))
    line.hear(2)
    supervisor.stop()
    assert events.wait_for("stopped", "parent").exit_code == 0
    line.wait_until_all_are_gone()


def test_what_a_dead_process_leaves_behind_is_gone_before_it_starts_again(
    run: Run, line: Line
) -> None:
    script = f"(trap '' INT TERM; exec 3>{line.path}; echo child >&3; sleep 600) & wait"
    supervisor, events = run(shell("node", script, respawn=True, respawn_delay_s=3600.0))
    line.hear(1)
    os.kill(supervisor.process_ids()["node"], signal.SIGKILL)
    assert events.wait_for("died", "node").signal == signal.SIGKILL
    line.wait_until_all_are_gone()


def test_a_node_that_dies_starts_again_with_the_same_command_and_environment(
    run: Run, line: Line
) -> None:
    script = f"echo $WORD >{line.path}; exec sleep 600"
    node = shell("node", script, environment={"WORD": "hello"}, respawn=True)
    supervisor, events = run(node)
    assert line.hear(1) == ["hello"]
    first = supervisor.process_ids()["node"]
    os.kill(first, signal.SIGKILL)
    died = events.wait_for("died", "node")
    assert (died.pid, died.signal, died.exit_code) == (first, signal.SIGKILL, None)
    assert line.hear(1) == ["hello"]
    assert events.wait_for("started", "node").pid == supervisor.process_ids()["node"] != first


def test_a_crash_loop_is_slowed_down_and_its_reason_is_kept(run: Run) -> None:
    script = "echo out of luck; exit 3"
    node = shell("node", script, respawn=True, respawn_delay_s=0.01)
    supervisor, events = run(node, longest_delay_s=0.05)
    delays = [events.wait_for("restarting", "node").delay_s for _ in range(4)]
    assert delays == [0.01, 0.05, 0.05, 0.05]
    supervisor.stop()
    assert {e.exit_code for e in events.rest() if e.kind == "died"} == {3}
    assert log(supervisor, "node").count("out of luck") >= 4


def test_a_stop_ends_the_wait_for_a_restart(run: Run) -> None:
    node = shell("node", "exit 1", respawn=True, respawn_delay_s=3600.0)
    supervisor, events = run(node, longest_delay_s=3600.0)
    assert events.wait_for("restarting", "node").delay_s == 3600.0
    assert supervisor.is_running()
    supervisor.stop()
    supervisor.stop()
    assert not supervisor.is_running()


def test_a_program_that_is_missing_says_so_in_its_log(run: Run) -> None:
    supervisor, events = run(ProcessDescription("node", ("/nowhere/node",)))
    assert events.wait_for("died", "node").exit_code == 127
    supervisor.stop()
    assert log(supervisor, "node") == ["cannot run /nowhere/node: No such file or directory"]
    assert supervisor.failed


def test_a_folder_that_is_missing_does_not_stop_the_others(run: Run, line: Line) -> None:
    lost = shell("lost", "exit 0", cwd=Path("/nowhere"))
    _, events = run(lost, shell("node", f"echo up >{line.path}; exec sleep 600"))
    line.hear(1)
    assert events.wait_for("died", "lost").exit_code == 127


def test_logs_are_complete_and_lines_are_shown_with_their_process(run: Run, line: Line) -> None:
    count = 20_000
    shown = io.StringIO()
    script = f"seq {count}; printf 'no newline'; printf '\\377\\n' >&2; printf last"
    supervisor, events = run(shell("talker", script), echo=True, stream=shown)
    events.wait_for("died", "talker")
    supervisor.stop()
    written = (supervisor.log_folder / "talker.log").read_bytes()
    lines = [entry for entry in written.split(b"\n") if not entry.startswith(b"--- ")]
    assert lines[:count] == [str(number).encode() for number in range(1, count + 1)]
    assert b"no newline\xff" in written
    assert b"last" in written
    first = next(entry for entry in shown.getvalue().splitlines() if "---" not in entry)
    assert first == "[talker] 1"


def test_a_terminal_that_nobody_reads_holds_up_nothing(run: Run) -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream, os.fdopen(reader):
        node = shell(
            "talker",
            "yes 0123456789012345678901234567890123456789 | head -c 400000; echo; echo done",
        )
        supervisor, events = run(node, echo=True, stream=stream)
        events.wait_for("died", "talker")
        supervisor.stop()
        assert log(supervisor, "talker")[-1] == "done"


def test_a_listener_that_fails_is_noted_and_harms_nothing(tmp_path: Path) -> None:
    def listener(event: SupervisorEvent) -> None:
        raise RuntimeError("listener is broken")

    supervisor = Supervisor([shell("node", "echo fine")], tmp_path, listener, echo=False)
    supervisor.run_until_interrupted()
    assert log(supervisor, "node") == ["fine"]
    assert "listener is broken" in (tmp_path / "node.log").read_text(encoding="utf-8")


def test_it_ends_by_itself_when_nothing_is_left_to_run(tmp_path: Path) -> None:
    supervisor = Supervisor([shell("a", "exit 0"), shell("b", "exit 1")], tmp_path, echo=False)
    assert not supervisor.run_until_interrupted()
    assert supervisor.failed


def test_it_can_be_stopped_from_its_own_listener(tmp_path: Path) -> None:
    def listener(event: SupervisorEvent) -> None:
        if event.kind == "died":
            supervisor.stop()

    node = shell("node", "exit 0", respawn=True)
    supervisor = Supervisor([node], tmp_path, listener, echo=False)

    supervisor.start()
    supervisor.stop()
    assert not supervisor.is_running()


def test_two_processes_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same name"):
        Supervisor([shell("a", "exit 0"), shell("a", "exit 0")], tmp_path)


def supervising_program(folder: Path, *scripts: str) -> subprocess.Popen[bytes]:
    """Start a program of its own that supervises shell scripts until interrupted."""
    program = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        from collector.station.launch_file import ProcessDescription
        from collector.station.supervisor import Supervisor
        nodes = [
            ProcessDescription(f"node{{index}}", ("/bin/sh", "-c", script), respawn=True)
            for index, script in enumerate(sys.argv[1:])
        ]
        Supervisor(nodes, Path({str(folder)!r}), echo=True).run_until_interrupted()
        """
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, *scripts], stdout=subprocess.DEVNULL, start_new_session=True
    )


def test_when_the_supervisor_is_killed_its_processes_die(tmp_path: Path, line: Line) -> None:
    hold = f"trap '' INT TERM HUP; exec 3>{line.path}; echo $$ >&3; exec sleep 600"
    program = supervising_program(tmp_path / "logs", hold, hold)
    with program:
        first, second = line.hear(2)
        # Also one that was started again: it must not be bound to a thread that has ended.
        os.kill(int(first), signal.SIGKILL)
        (third,) = line.hear(1)
        assert len({first, second, third}) == 3
        program.kill()
    line.wait_until_all_are_gone()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_way_to_interrupt_it_leaves_nothing_behind(
    tmp_path: Path, line: Line, number: signal.Signals
) -> None:
    script = f"trap 'exit 0' INT; exec 3>{line.path}; echo $$ >&3; {STAY}"
    with supervising_program(tmp_path / "logs", script, script) as program:
        line.hear(2)
        program.send_signal(number)
        assert program.wait(DEADLINE_S) == 0
    line.wait_until_all_are_gone()


def test_a_second_interrupt_does_not_cut_the_stop_short(tmp_path: Path, line: Line) -> None:
    # The node needs the second Ctrl-C to come while it seals: it says when it begins.
    script = (
        f"exec 3>{line.path}; trap 'echo sealing >&3; sleep 0.2; echo sealed >&3; exit 0' INT; "
        f"echo up >&3; {STAY}"
    )
    with supervising_program(tmp_path / "logs", script) as program:
        line.hear(1)
        program.send_signal(signal.SIGINT)
        assert line.hear(1) == ["sealing"]
        program.send_signal(signal.SIGINT)
        assert line.hear(1) == ["sealed"]
        assert program.wait(DEADLINE_S) == 0
    line.wait_until_all_are_gone()
