"""`collector calibrate demo`: both simulated cameras, over ROS, against their truth."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector.calibration_result import CameraCalibration, load_calibration
from collector.cli.calibration_process import CalibrationProcess
from collector.clock import SystemClock
from collector.geometry import distance
from collector.simulation.true_camera import truth_path
from collector.station.bringup import Bringup, bring_up, default_launch_file
from collector.station.ros_domain import claim_domain
from collector.station.shared_memory import remove_orphaned_segments
from collector.station.simulated import describe_simulated_station
from collector.station.supervisor import Supervisor, SupervisorEvent

SIZE, FPS = (640, 480), 10
SPEED_M_S = 0.2
# The simulated arm reports its pose exactly; a good real one is as sure as this.
ROBOT_SIGMA_M, ROBOT_SIGMA_RAD = 2e-4, 6e-4
COVERS = 3.0  # standard deviations that an error may be
STATION_FILE = "station.yaml"


@dataclass(frozen=True)
class Measured:
    """One value of a camera: how far it is off, how far it may be, how sure it says it is."""

    camera: str
    value: str
    unit: str
    truth: float | None
    estimate: float | None
    error: float
    sigma: float
    target: float

    @property
    def good(self) -> bool:
        """Whether it is within its target, and its uncertainty covers the error."""
        return self.error <= self.target and self.error <= COVERS * self.sigma


def describe_imperfect_station(data: Path, seed: int) -> Path:
    """Write the description of a simulated station with imperfect cameras; return its path."""
    path = data / STATION_FILE
    cameras: dict[str, dict[str, Any]] = {
        name: {
            "backend": "simulated",
            "width": SIZE[0],
            "height": SIZE[1],
            "fps": FPS,
            "phase_ms": phase_ms,
            "simulation": {"imperfect": True, "seed": seed},
        }
        for name, phase_ms in (("static", 0.0), ("wrist", 37.0))
    }
    describe_simulated_station(path, ".", cameras)
    return path


def run_calibration_demo(
    data: Path, cameras: Sequence[str], views: int, seed: int, as_json: bool
) -> bool:
    """Calibrate ``cameras`` with files below ``data``; return whether every value is good.

    Raises StationError, LaunchError, OSError.
    """
    console = Console(stderr=as_json, highlight=False)
    began_s = time.monotonic()
    path = describe_imperfect_station(data, seed)
    measured: list[Measured] = []
    reports: dict[str, str] = {}
    for camera in cameras:
        # What a run before has measured is not what this one may know.
        (data / "calibration" / f"{camera}.yaml").unlink(missing_ok=True)
        report = _calibrate(console, path, camera, views)
        reports[camera] = report
        if report:
            measured += compare_with_truth(data, camera)
    took_s = time.monotonic() - began_s
    good = all(reports.values()) and all(m.good for m in measured)
    if as_json:
        values = [{**asdict(m), "good": m.good} for m in measured]
        said = {"good": good, "took_s": took_s, "reports": reports, "values": values}
        typer.echo(json.dumps(said, indent=2))
    else:
        _print(console, measured, reports, took_s)
    return good


def _calibrate(console: Console, station: Path, camera: str, views: int) -> str:
    """Return the path of the report; empty where nothing was put in place."""
    # A domain of its own: a demo must never move the arm of a station that runs here.
    environment = {"ROS_DOMAIN_ID": str(claim_domain()), **os.environ}
    bringup = bring_up(default_launch_file(), {"station": str(station)}, environment)
    bringup.log_folder.mkdir(parents=True)
    needed = {"simulator", "arm", "teleop", f"{camera}_camera"}
    processes = [p for p in bringup.launch.processes if p.name in needed]
    events: list[SupervisorEvent] = []
    remove_orphaned_segments(SystemClock())
    with (
        Supervisor(processes, bringup.log_folder, events.append, echo=False),
        console.status(f"{camera}: starting the station ...") as status,
    ):
        report = _follow(console, status, bringup, camera, views)
    for event in events:
        if event.kind == "died":
            console.print(f"{event}; see {bringup.log_folder}", soft_wrap=True)
    return report


def _follow(console: Console, status: Any, bringup: Bringup, camera: str, views: int) -> str:
    report = ""
    with CalibrationProcess(
        bringup,
        camera=camera,
        drive=True,
        person="demo",
        poses=views,
        speed_m_s=SPEED_M_S,
        robot_sigma_m=ROBOT_SIGMA_M,
        robot_sigma_rad=ROBOT_SIGMA_RAD,
    ) as process:
        for event in process.events():
            kind = event["event"]
            if kind == "progress":
                sentence = event["sentence"]
                status.update(Text(f"{camera}: {event['views']} views  {sentence}"))
            elif kind == "proposed":
                process.answer(True)
            elif kind == "solved":
                if event["ok"]:
                    process.answer(True)
                    report = event["report"]
                else:
                    console.print(Text(f"{camera}: {event['message']}", "bold red"))
            elif kind == "decided" and not event["ok"]:
                console.print(Text(f"{camera}: {event['message']}", "bold red"))
                report = ""
            elif kind == "failed":
                console.print(Text(f"{camera}: {event['message']}", "bold red"))
    return report


def compare_with_truth(data: Path, camera: str) -> list[Measured]:
    """Return how far the calibration in force is off the truth. Raises CalibrationError."""
    found = load_calibration(data / "calibration" / f"{camera}.yaml")
    return compare(found, load_calibration(truth_path(data, camera)))


def compare(found: CameraCalibration, truth: CameraCalibration) -> list[Measured]:
    """Return how far ``found`` is off ``truth``. ``found`` is measured: with covariances."""
    assert found.covariance is not None
    assert found.intrinsics_covariance is not None
    off_m, off_rad = distance(np.array(found.transform), np.array(truth.transform))
    variances = np.diag(np.array(found.covariance))
    sigma_m, sigma_rad = (float(np.sqrt(np.sum(v))) for v in (variances[:3], variances[3:]))
    lens = np.sqrt(np.diag(np.array(found.intrinsics_covariance)))
    degrees = 180.0 / np.pi
    result = [
        Measured(found.camera, "position", "mm", None, None, 1e3 * off_m, 1e3 * sigma_m, 1.0),
        Measured(
            found.camera, "orientation", "deg", None, None, degrees * off_rad,
            degrees * sigma_rad, 0.1,
        ),
    ]  # fmt: skip
    for name, estimate, true, sigma in (
        ("fx", found.fx, truth.fx, float(lens[0])),
        ("fy", found.fy, truth.fy, float(lens[1])),
    ):
        off = abs(estimate - true)
        result.append(Measured(found.camera, name, "px", true, estimate, off, sigma, 0.002 * true))
    late, true_late = 1e3 * found.delay_s, 1e3 * truth.delay_s
    sigma_ms = 1e3 * (found.delay_sigma_s or 0.0)
    off_ms = abs(late - true_late)
    result.append(Measured(found.camera, "delay", "ms", true_late, late, off_ms, sigma_ms, 2.0))
    return result


def _print(
    console: Console, measured: Sequence[Measured], reports: dict[str, str], took_s: float
) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("camera", "value", "truth", "estimate", "error", "sigma", "target", "unit", ""):
        right = title in ("truth", "estimate", "error", "sigma", "target")
        table.add_column(title, justify="right" if right else "left", no_wrap=True)
    for m in measured:
        verdict = Text("good", "green") if m.good else Text("not good", "bold red")
        table.add_row(
            m.camera,
            m.value,
            "" if m.truth is None else f"{m.truth:.2f}",
            "" if m.estimate is None else f"{m.estimate:.2f}",
            f"{m.error:.3f}",
            f"{m.sigma:.3f}",
            f"{m.target:.2f}",
            m.unit,
            verdict,
        )
    console.print(table)
    for camera, report in reports.items():
        if report:
            console.print(f"{camera} report  {report}", soft_wrap=True)
    console.print(f"took {took_s:.0f} s", style="dim")
