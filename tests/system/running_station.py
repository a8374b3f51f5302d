"""A real station in its own folder and ROS domain, run by the real command."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from collector.episode.reader import EpisodeReader, find_episodes
from collector.station.bringup import bring_up, default_launch_file
from collector.station.simulated import ScriptedSession, describe_simulated_station

STARTED = re.compile(r"^\[(\w+)\] --- started, process (\d+)")
LOOK_S = 0.05


def environment(domain_id: int) -> dict[str, str]:
    """Return the environment of a station that nobody else hears."""
    return {**os.environ, "ROS_DOMAIN_ID": str(domain_id), "NO_COLOR": "1"}


def wait_for(happened: Callable[[], Any], deadline_s: float, what: str) -> Any:
    """Return the first truthy answer; fail when there is none in time."""
    end_s = time.monotonic() + deadline_s
    while not (answer := happened()):
        assert time.monotonic() < end_s, f"{what} within {deadline_s:g} s"
        time.sleep(LOOK_S)
    return answer


class LineReader:
    """Collects the lines of a process in a thread."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.lines: list[str] = []
        self._process = process
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def join(self) -> None:
        self._thread.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip())
        self._process.stdout.close()


class RunningStation:
    """`collector station` on the simulated station, its data below ``folder``."""

    def __init__(self, folder: Path, domain_id: int) -> None:
        self.data = folder / "data"
        self.domain_id = domain_id
        self.description = folder / "station.yaml"
        describe_simulated_station(self.description, "data")
        self.output: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._reader: LineReader | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "collector", "station"]
        self._process = subprocess.Popen(
            [*command, f"station:={self.description}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(self.domain_id),
            start_new_session=True,
        )
        self._reader = LineReader(self._process)
        wait_for(lambda: self.pids().get("simulator"), 30, "the station starts")

    def pids(self) -> dict[str, int]:
        """Return the newest process of each node of this run."""
        assert self._reader is not None
        found = {}
        for line in list(self._reader.lines):
            if match := STARTED.match(line):
                found[match[1]] = int(match[2])
        return found

    def kill(self, node: str) -> None:
        """kill -9 a node, and wait until it was started again."""
        victim = self.pids()[node]
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: self.pids()[node] != victim, 30, f"{node} is started again")

    def kill_everything(self) -> None:
        """kill -9 the station's supervisor: its nodes must die with it."""
        nodes = self.pids().values()
        self._end(signal.SIGKILL)
        wait_for(lambda: not any(is_alive(pid) for pid in nodes), 10, "all nodes are gone")

    def stop(self) -> int:
        """Ctrl-C; return the exit code."""
        return self._end(signal.SIGINT)

    def log(self) -> str:
        """Return what the station printed."""
        running = self._reader.lines if self._reader is not None else []
        return "\n".join([*self.output, *running])

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        assert self._reader is not None
        os.kill(self._process.pid, number)
        code = self._process.wait(timeout=20)
        self._reader.join()
        self.output += self._reader.lines
        self._process = self._reader = None
        return code

    def close(self) -> None:
        if self._process is not None:
            self.stop()


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class Session:
    """The scripted session against a station, its reports collected in a thread."""

    def __init__(self, station: RunningStation, **parameters: Any) -> None:
        outside = environment(station.domain_id)
        bringup = bring_up(default_launch_file(), {"station": str(station.description)}, outside)
        self._session = ScriptedSession(bringup, outside, **parameters)
        self._all: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._collect)
        self._thread.start()

    def reports(self) -> list[dict[str, Any]]:
        """Return the whole attempts so far."""
        return [report for report in list(self._all) if "path" in report]

    def wait(self, timeout_s: float) -> list[dict[str, Any]]:
        """Return the reports of all attempts once it has ended by itself, and well."""
        self._thread.join(timeout_s)
        code, errors = self._session.end()
        assert code == 0, f"{self._all}\n{errors}"
        return self.reports()

    def close(self) -> None:
        self._session.end()
        self._thread.join()

    def _collect(self) -> None:
        for report in self._session.reports():
            self._all.append(report)


def steps_on_disk(data: Path) -> tuple[str, int] | None:
    """Return id and committed steps of the episode that is being recorded, if one is."""
    for path in find_episodes(data).partial:
        try:
            with EpisodeReader(path) as episode:
                return str(episode.attributes["episode_id"]), episode.steps
        except Exception:
            # Just being made, or sealed this very moment.
            return None
    return None
