"""What a running simulated station costs: CPU of each node, and what it records."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from benchmarks.result import Result
from collector.episode.reader import EpisodeReader
from collector.station.bringup import bring_up, default_launch_file
from collector.station.ros_domain import claim_domain
from collector.station.simulated import ScriptedSession, describe_simulated_station
from collector.station.supervisor import Supervisor

SECONDS = 40.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def run() -> list[Result]:
    """Record one episode of 40 s while counting each node's CPU time."""
    with tempfile.TemporaryDirectory(prefix="station-") as folder:
        description = Path(folder) / "station.yaml"
        describe_simulated_station(description, ".")
        environment = {**os.environ, "ROS_DOMAIN_ID": str(claim_domain())}
        bringup = bring_up(default_launch_file(), {"station": str(description)}, environment)
        shares: dict[str, float] = {}
        with Supervisor(bringup.launch.processes, bringup.log_folder, echo=False) as supervisor:
            watcher = threading.Thread(target=_watch, args=(supervisor, shares))
            watcher.start()
            parameters = {"tasks": ["place_red_in_bowl"], "episodes": 1, "shortest_s": SECONDS}
            with ScriptedSession(bringup, **parameters) as session:
                report = next(r for r in session.reports() if "path" in r)
            watcher.join()
        return [*_cpu(shares), *_episode(Path(report["path"]))]


def _watch(supervisor: Supervisor, shares: dict[str, float]) -> None:
    """Fill in each node's share of a core, over the middle of the recording."""
    time.sleep(SECONDS / 3)
    before = {name: _cpu_s(pid) for name, pid in supervisor.process_ids().items()}
    began = time.monotonic()
    time.sleep(SECONDS / 2)
    elapsed = time.monotonic() - began
    for name, pid in supervisor.process_ids().items():
        shares[name] = (_cpu_s(pid) - before[name]) / elapsed


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _cpu(shares: dict[str, float]) -> list[Result]:
    nodes = [Result(f"CPU of {name}", 100 * share, "% core") for name, share in shares.items()]
    return [*nodes, Result("CPU of all nodes", 100 * sum(shares.values()), "% core", "< 200")]


def _episode(path: Path) -> list[Result]:
    with EpisodeReader(path) as episode:
        arm_s = np.diff(episode.array("raw/arm/stamps")) / 1e9
        results = [
            Result("steps recorded", episode.steps, "", f">= {SECONDS * 5:.0f}"),
            Result("gaps", float(episode.array("is_gap").sum()), "", "0"),
            Result("arm samples", 1 / float(np.median(arm_s)), "Hz", ">= 100"),
        ]
        for camera in episode.cameras:
            skews_ms = np.abs(episode.skews_ns(camera)) / 1e6
            name = f"|skew| of {camera}, 99th percentile"
            results.append(Result(name, float(np.percentile(skews_ms, 99)), "ms", "<= 50"))
    return results
