"""The whole station in the simulator records what it promises."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from running_station import (
    RunningStation,
    Session,
    environment,
    is_alive,
    steps_on_disk,
    wait_for,
)

from collector.clock import NS_PER_S
from collector.episode.reader import EpisodeReader
from collector.episode.verification import verify

pytestmark = [pytest.mark.ros, pytest.mark.system]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "cameras", ["simulated", pytest.param("recorded", marks=pytest.mark.endurance)]
)
def test_demo_seals_episodes_that_verify(cameras: str, tmp_path: Path, domain_id: int) -> None:
    tasks = {"simulated": "open_drawer,press_switch", "recorded": "press_switch"}[cameras]
    count = len(tasks.split(","))
    options = ["--json", "--fail-share", "0", "--data", str(tmp_path), "--cameras", cameras]
    done = subprocess.run(
        [sys.executable, "-m", "collector", "demo", *options, "--tasks", tasks, "-n", str(count)],
        env=environment(domain_id),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert [episode["task_id"] for episode in result["episodes"]] == tasks.split(",")
    assert all(episode["problems"] == [] for episode in result["episodes"])
    assert Path(result["contact_sheet"]).read_bytes().startswith(b"\x89PNG")
    with EpisodeReader(Path(result["episodes"][0]["path"])) as episode:
        facts = json.loads(episode.attributes["cameras_json"])
        expected = "realsense" if cameras == "recorded" else "simulated"
        assert {facts[name]["backend"] for name in facts} == {expected}
        moved = episode.array("actions")[:, :3]
        assert np.abs(moved).sum() > 0.1  # metres: the arm was driven
        assert len(np.unique(episode.images("static").reshape(episode.steps, -1), axis=0)) > 3


@pytest.mark.timeout(120)
def test_ctrl_c_ends_everything_while_recording(
    station: RunningStation, run_session: Callable[..., Session]
) -> None:
    run_session(tasks=["press_switch"], episodes=100)
    open_episode, _ = wait_for(lambda: steps_on_disk(station.data), 60, "it records")
    nodes = list(station.pids().values())
    assert station.stop() == 0
    assert not any(is_alive(pid) for pid in nodes)
    sealed = list((station.data / "episodes").rglob(open_episode))
    assert sealed, "the open episode was sealed on the way out"
    assert verify(sealed[0]) == []


@pytest.mark.endurance
@pytest.mark.timeout(900)
def test_ten_minutes_without_a_gap(
    station: RunningStation, run_session: Callable[..., Session]
) -> None:
    """Acceptance in real time: wants two cores for itself."""
    seconds = float(os.environ.get("COLLECTOR_ENDURANCE_S", "600"))
    began = time.monotonic()
    session = run_session(tasks=["place_red_in_bowl"], episodes=1, shortest_s=seconds, retries=0)
    (report,) = session.wait(seconds + 200)
    path = Path(report["path"])
    assert verify(path) == []
    with EpisodeReader(path) as episode:
        stamps = episode.array("timestamps/step")
        steps = round(seconds * 5)
        assert episode.steps >= steps
        assert np.all(np.diff(stamps) == NS_PER_S // 5)
        assert not episode.array("is_gap").any()
        for camera in episode.cameras:
            skews = np.abs(episode.skews_ns(camera))
            half_ns = NS_PER_S // 10 // 2
            print(f"{camera}: largest skew {skews.max() / 1e6:.1f} ms")
            assert np.mean(skews <= half_ns) >= 0.99
    print(f"{episode.steps} steps in {time.monotonic() - began:.0f} s, no gap")
