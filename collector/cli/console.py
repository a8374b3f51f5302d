"""`collector console`: the window on a running station."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from collector.station.bringup import bring_up, default_launch_file
from collector.station.description import StationError
from collector.station.launch_file import LaunchError

CANNOT_RUN = 2
EPILOG = """
Examples:

  collector console

  collector console --domain-id 7
"""


def console(
    *,
    domain_id: Annotated[
        int | None,
        typer.Option(
            "--domain-id",
            min=0,
            max=232,
            help="The station's ROS domain; by default ROS_DOMAIN_ID, else the station's own.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Watch a running station: cameras, health, recording; stop the arm.

    The window may be opened and closed at any time, also while an episode is recorded.
    ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET looks for a station beyond this computer.

    Exit code 2: no window can be opened here.
    """
    if importlib.util.find_spec("PySide6") is None:
        _refuse("the console needs PySide6: install it with  pip install 'collector[ui]'")
    if importlib.util.find_spec("rclpy") is None:
        _refuse("the console needs ROS 2: run make setup, or source a ROS 2 installation")
    try:
        environment = console_environment(dict(os.environ), domain_id)
    except (StationError, LaunchError) as error:
        _refuse(str(error))
    # The window is a process of its own, as every node is: ROS reads its environment when
    # it is loaded, and this package imports neither ROS nor Qt.
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "ui"], environment)


def console_environment(
    environment: dict[str, str], domain_id: int | None, launch_file: Path | None = None
) -> dict[str, str]:
    """Return the environment with the transports and the network of the station's processes.

    Raises LaunchError and StationError.
    """
    arguments = {} if domain_id is None else {"domain_id": str(domain_id)}
    launch = bring_up(launch_file or default_launch_file(), arguments, environment).launch
    result = dict(environment)
    for process in launch.processes:
        # What all of them get; the nodes of one station share one network.
        result.update(process.environment)
    return result


def _refuse(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(CANNOT_RUN)
