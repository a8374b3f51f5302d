"""`collector calibrate wizard`: the window that leads through a calibration."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from collector.clock import SystemClock
from collector.station.bringup import bring_up, default_launch_file
from collector.station.description import StationError
from collector.station.launch_file import LaunchError, ProcessDescription
from collector.station.ros_domain import claim_domain
from collector.station.shared_memory import remove_orphaned_segments
from collector.station.supervisor import Supervisor

CANNOT_RUN = 2
SIM_DATA = Path("data") / "sim_calibration"
SIM_SEED = 3
# Of a simulated station: nothing is recorded here.
NEEDED = ("simulator", "arm", "teleop", "static_camera", "wrist_camera")
EPILOG = """
Examples:

  collector calibrate wizard my_station.yaml

  collector calibrate wizard --sim
"""


def wizard(
    station: Annotated[
        Path | None,
        typer.Argument(
            metavar="STATION.yaml",
            help="The station's description, by default the simulated station's.",
            show_default=False,
        ),
    ] = None,
    *,
    camera: Annotated[
        str, typer.Option(help="The camera to begin with: static or wrist.", show_default=False)
    ] = "",
    person: Annotated[str, typer.Option(help="Who calibrates; kept with the result.")] = "",
    sim: Annotated[
        bool,
        typer.Option(
            "--sim",
            help="Start a simulated station with imperfect cameras too; it ends with the window.",
        ),
    ] = False,
    data: Annotated[
        Path, typer.Option(help="With --sim: where calibrations and logs go.")
    ] = SIM_DATA,
    calibrator: Annotated[
        bool,
        typer.Option(
            "--calibrator/--no-calibrator",
            help="Run the calibrator too; not where the station runs one already.",
        ),
    ] = True,
    domain_id: Annotated[
        int | None,
        typer.Option("--domain-id", min=0, max=232, help="The station's ROS domain."),
    ] = None,
) -> None:
    """Calibrate a camera of a running station, led through every step by a window.

    Exit code 2: no window can be opened here.
    """
    if importlib.util.find_spec("PySide6") is None:
        _refuse("the wizard needs PySide6: install it with  pip install 'collector[ui]'")
    if importlib.util.find_spec("rclpy") is None:
        _refuse("the wizard needs ROS 2: run make setup, or source a ROS 2 installation")
    if camera not in ("", "static", "wrist"):
        _refuse(f"there is no camera {camera!r}: give static or wrist")
    words = [sys.executable, "-m", "ui.calibration_wizard"]
    words += ["--camera", camera] if camera else []
    words += ["--person", person] if person else []
    try:
        raise typer.Exit(
            _run(words, station, data.absolute() if sim else None, calibrator, domain_id)
        )
    except (StationError, LaunchError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(
            f"{error.filename or data} cannot be written: {error.strerror}: choose another folder"
        )


def _run(
    words: Sequence[str],
    station: Path | None,
    data: Path | None,
    calibrator: bool,
    domain_id: int | None,
) -> int:
    """Run the window, and beside it what it needs; ``data``: a simulated station's folder."""
    launch_file = default_launch_file()
    described = station.absolute() if station else launch_file.parent / "stations/simulated.yaml"
    environment = dict(os.environ)
    if data is not None:
        from collector.cli.calibration_demo import describe_imperfect_station

        described = describe_imperfect_station(data, SIM_SEED)
        # A domain of its own: this must never move the arm of a station that runs here.
        domain_id = claim_domain() if domain_id is None else domain_id
    if domain_id is not None:
        environment["ROS_DOMAIN_ID"] = str(domain_id)
    arguments = {"station": str(described)}
    beside = bring_up(launch_file.with_name("calibration.launch.yaml"), arguments, environment)
    processes: list[ProcessDescription] = list(beside.launch.processes) if calibrator else []
    if data is not None:
        station_processes = bring_up(launch_file, arguments, environment).launch.processes
        processes += [process for process in station_processes if process.name in NEEDED]
    environment |= beside.launch.processes[0].environment
    words = [*words, "--station", str(described)]
    if not processes:
        sys.stdout.flush()
        return subprocess.run(words, env=environment, check=False).returncode
    beside.log_folder.mkdir(parents=True, exist_ok=True)
    typer.echo(f"logs in {beside.log_folder}")
    sys.stdout.flush()
    if data is not None:
        remove_orphaned_segments(SystemClock())
    with Supervisor(processes, beside.log_folder, echo=False):
        window = subprocess.Popen(words, env=environment)
        # Ctrl-C reaches the window as well: it closes by itself, then the rest ends.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda received, _: window.send_signal(received))
        return window.wait()


def _refuse(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(CANNOT_RUN)
