"""`collector console`: the window on a running station."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.database import catalogue_file
from collector.catalogue.errors import CatalogueError
from collector.clock import Clock, SystemClock
from collector.station.bringup import bring_up, default_launch_file
from collector.station.description import StationError
from collector.station.launch_file import LaunchError
from collector.station.ros_domain import claim_domain
from collector.station.shared_memory import remove_orphaned_segments
from collector.station.simulated import describe_simulated_station
from collector.station.supervisor import Supervisor

CANNOT_RUN = 2
KEYBOARD: dict[str, Any] = {"device": "twist", "rate_hz": 50}  # the console publishes twists
SIMULATED_PIN = "1234"
SIMULATED_CONSENT = (
    "Nobody but whoever runs this simulation: episodes of the simulated station may be recorded "
    "and used for training.\n"
)
EPILOG = """
Examples:

  collector console

  collector console --sim

  collector console --domain-id 7
"""
SIM_DATA = Path("data") / "sim"


def console(
    *,
    sim: Annotated[
        bool,
        typer.Option(
            "--sim",
            help="Start a simulated station too, its arm moved with this keyboard; it ends with "
            "the window.",
        ),
    ] = False,
    data: Annotated[
        Path, typer.Option(help="With --sim: where episodes, logs and the catalogue go.")
    ] = SIM_DATA,
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
    settings: Annotated[
        Path | None,
        typer.Option(
            help="Keys, gamepad buttons and sounds, a YAML file; by default "
            "~/.config/collector/console.yaml, where there is one.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Work at a station: practise, collect, stop the arm; or watch one.

    The window may be opened and closed at any time, also while an episode is recorded.
    ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET looks for a station beyond this computer.

    Exit code 2: no window can be opened here.
    """
    if importlib.util.find_spec("PySide6") is None:
        _refuse("the console needs PySide6: install it with  pip install 'collector[ui]'")
    if importlib.util.find_spec("rclpy") is None:
        _refuse("the console needs ROS 2: run make setup, or source a ROS 2 installation")
    words = [sys.executable, "-m", "ui"]
    if settings is not None:
        words += ["--settings", str(settings)]
    try:
        if sim:
            raise typer.Exit(_run_simulated(data.absolute(), words, domain_id))
        environment = console_environment(dict(os.environ), domain_id)
    except (StationError, LaunchError, CatalogueError) as error:
        _refuse(str(error))
    # The window is a process of its own, as every node is: ROS reads its environment when
    # it is loaded, and this package imports neither ROS nor Qt.
    sys.stdout.flush()
    os.execve(sys.executable, words, environment)


def _run_simulated(data: Path, words: list[str], domain_id: int | None) -> int:
    """Run a simulated station and a console on it until the window is closed."""
    path = data / "station.yaml"
    try:
        describe_simulated_station(path, ".", sections={"teleop": KEYBOARD})
        own = str(claim_domain()) if domain_id is None else str(domain_id)
        # A domain of its own: the keyboard must never move the arm of a station that runs here.
        bringup = bring_up(
            default_launch_file(), {"station": str(path)}, {**os.environ, "ROS_DOMAIN_ID": own}
        )
        bringup.log_folder.mkdir(parents=True)
        operator = simulated_operator(data, SystemClock())
    except OSError as error:
        _refuse(
            f"{error.filename or data} cannot be written: {error.strerror}: "
            "choose another folder with --data"
        )
    if operator is not None:
        note = f"This station is simulated: operator {operator[0]}, PIN {operator[1]}."
        words = [*words, "--operator", operator[0], "--note", note]
        typer.echo(note)
    typer.echo(f"logs in {bringup.log_folder}")
    sys.stdout.flush()
    remove_orphaned_segments(SystemClock())
    environment = {**os.environ, **bringup.launch.processes[0].environment}
    with Supervisor(bringup.launch.processes, bringup.log_folder, echo=False):
        window = subprocess.Popen([*words, "--teleop"], env=environment)
        # Ctrl-C reaches the window as well: it closes by itself, then the station ends.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda received, _: window.send_signal(received))
        return window.wait()


def simulated_operator(data: Path, clock: Clock) -> tuple[str, str] | None:
    """Return operator and PIN of a simulated station, made where the catalogue knows nobody.

    None where it knows others: they sign in with their own. Raises CatalogueError, OSError.
    """
    kept = data / "private" / "simulated_operator.txt"
    catalogue = Catalogue.open(catalogue_file(data), clock, random.SystemRandom())
    try:
        known = {person.operator_id for person in catalogue.operators()}
        if kept.is_file():
            operator_id, pin = kept.read_text(encoding="utf-8").split()
            return (operator_id, pin) if operator_id in known else None
        if known:
            return None
        kept.parent.mkdir(parents=True, exist_ok=True)
        consent = kept.parent / "simulated_consent.txt"
        consent.write_text(SIMULATED_CONSENT, encoding="utf-8")
        operator_id = catalogue.add_operator(SIMULATED_PIN).operator_id
        catalogue.give_consent(operator_id, consent, "recording and training")
        kept.write_text(f"{operator_id} {SIMULATED_PIN}\n", encoding="utf-8")
        kept.chmod(0o600)
        return operator_id, SIMULATED_PIN
    finally:
        catalogue.close()


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
