"""Simulated cameras whose truth is known: calibrated over ROS, and believed in an episode."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gripper_tip import Tips, tip_errors
from running_station import environment

from calibration.view_folder import load_views
from collector.calibration_result import load_calibration
from collector.simulation.renderer import Renderer
from collector.simulation.true_camera import truth_path
from collector.station.bringup import bring_up, default_launch_file
from collector.station.simulated import ScriptedSession
from collector.station.supervisor import Supervisor

pytestmark = [pytest.mark.ros, pytest.mark.system]

TIP_PX = 2.0


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    drawing = Renderer()
    yield drawing
    drawing.close()


def calibrate(data: Path, domain_id: int, *options: str) -> dict[str, Any]:
    """Run the demo; return what it says."""
    words = ["calibrate", "demo", "--json", "--data", str(data), *options]
    done = subprocess.run(
        [sys.executable, "-m", "collector", *words],
        env=environment(domain_id),
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def record(data: Path, domain_id: int, task: str) -> Path:
    """Record one episode on the station that was calibrated; return its folder."""
    outside = environment(domain_id)
    bringup = bring_up(default_launch_file(), {"station": str(data / "station.yaml")}, outside)
    bringup.log_folder.mkdir(parents=True)
    with (
        Supervisor(bringup.launch.processes, bringup.log_folder, lambda _: None, echo=False),
        ScriptedSession(bringup, outside, tasks=[task], episodes=1, seed=3) as session,
    ):
        reports = [report for report in session.reports() if "path" in report]
    assert reports, session.end()[1]
    return Path(reports[0]["path"])


def check_episode(
    data: Path, path: Path, cameras: Sequence[str], renderer: Renderer
) -> dict[str, Tips]:
    tips = {}
    for camera in cameras:
        found = tip_errors(path, load_calibration(truth_path(data, camera)), renderer)
        tips[camera] = found
        print(
            f"{camera}: {len(found.by_truth)} steps, by truth {found.by_truth.max():.2f} px at "
            f"most; {len(found.in_picture)} pictures, shifted by {np.median(found.in_picture):.2f} "
            f"px in the middle, {np.percentile(found.in_picture, 90):.2f} in nine of ten"
        )
    return tips


def believe(tips: Tips) -> None:
    assert len(tips.by_truth) >= 10
    assert tips.by_truth.max() <= TIP_PX
    assert len(tips.in_picture) >= 5
    assert np.percentile(tips.in_picture, 90) <= TIP_PX


@pytest.mark.timeout(600)
def test_a_wrist_camera_is_calibrated_over_ros_and_an_episode_shows_the_tip_where_it_is(
    tmp_path: Path, domain_id: int, renderer: Renderer
) -> None:
    said = calibrate(tmp_path, domain_id, "--cameras", "wrist", "--views", "20")
    values = {value["value"]: value for value in said["values"]}
    assert values.keys() == {"position", "orientation", "fx", "fy", "delay"}
    for value in values.values():
        assert value["error"] <= value["target"], value
        assert value["error"] <= 3.0 * value["sigma"], value
    report = Path(said["reports"]["wrist"])
    assert "T_ee_wrist_optical" in report.read_text(encoding="utf-8")
    views = load_views(report.parent)
    assert len(views.views) >= 12
    episode = record(tmp_path, domain_id, "press_switch")
    believe(check_episode(tmp_path, episode, ["wrist"], renderer)["wrist"])


@pytest.mark.endurance
@pytest.mark.timeout(900)
def test_both_cameras_and_an_episode_that_shows_the_tip_in_both(
    tmp_path: Path, domain_id: int, renderer: Renderer
) -> None:
    said = calibrate(tmp_path, domain_id)
    assert said["good"]
    assert said["took_s"] < 300.0
    episode = record(tmp_path, domain_id, "place_red_in_bowl")
    for tips in check_episode(tmp_path, episode, ["static", "wrist"], renderer).values():
        believe(tips)
