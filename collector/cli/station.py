"""`collector station`: check a station, show what it runs, run it."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from collector.clock import SystemClock
from collector.station.bringup import Bringup, bring_up, default_launch_file
from collector.station.description import Station, StationError, load_station
from collector.station.launch_file import LaunchError
from collector.station.shared_memory import remove_orphaned_segments
from collector.station.supervisor import Supervisor

BAD_INPUT = 2
EPILOG = """
Examples:

  collector station

  collector station launch/station.launch.yaml station:=my_station.yaml

  collector station --check my_station.yaml

  collector station --show-processes
"""


def station(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LAUNCH_FILE] [NAME:=VALUE]",
            help="A ROS 2 launch file in YAML, by default the simulated station's, and its "
            "arguments.",
            show_default=False,
        ),
    ] = None,
    *,
    check: Annotated[
        Path | None,
        typer.Option(
            "--check",
            metavar="STATION.yaml",
            help="Check a station description and summarise it; start nothing.",
            show_default=False,
        ),
    ] = None,
    show_processes: Annotated[
        bool,
        typer.Option("--show-processes", help="List the processes and their commands; start none."),
    ] = False,
    show_arguments: Annotated[
        bool, typer.Option("--show-args", help="List the launch file's arguments; start nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print what is checked or listed as JSON.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Keep the nodes' output in the log files alone.")
    ] = False,
) -> None:
    """Run a station's nodes, or check its description.

    A node that dies is started again. Ctrl-C ends all of them within 3 s. What each node
    prints is kept in the data folder, under logs/.
    """
    try:
        if check is not None:
            if words or show_processes or show_arguments:
                _refuse("--check takes a station description and nothing else")
            _print_station(check, load_station(check), as_json)
            return
        launch_file, arguments = _launch_arguments(words or [])
        bringup = bring_up(launch_file, arguments)
    except (StationError, LaunchError) as error:
        _refuse(str(error))
    if show_arguments:
        _print_arguments(bringup, as_json)
    elif show_processes:
        _print_processes(bringup, as_json)
    elif as_json:
        _refuse("--json goes with --check, --show-processes or --show-args")
    else:
        raise typer.Exit(_run(bringup, quiet))


def _refuse(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(BAD_INPUT)


def _launch_arguments(words: list[str]) -> tuple[Path, dict[str, str]]:
    launch_file = None
    arguments = {}
    for word in words:
        name, separator, value = word.partition(":=")
        if separator:
            arguments[name] = value
        elif launch_file is None:
            launch_file = Path(word)
        else:
            _refuse(f"{word!r} is neither NAME:=VALUE nor the one launch file {launch_file}")
    return launch_file or default_launch_file(), arguments


def _run(bringup: Bringup, quiet: bool) -> int:
    if not bringup.launch.processes:
        _refuse("the launch file starts no process: nothing to run")
    remove_orphaned_segments(SystemClock())
    supervisor = Supervisor(bringup.launch.processes, bringup.log_folder, echo=not quiet)
    name = bringup.station.station_id if bringup.station else "what the launch file names"
    typer.echo(f"running {name}, logs in {bringup.log_folder}; Ctrl-C ends it")
    sys.stdout.flush()
    try:
        interrupted = supervisor.run_until_interrupted()
    except OSError as error:
        _refuse(f"{bringup.log_folder} cannot be written: {error.strerror}")
    return 1 if supervisor.failed and not interrupted else 0


def _print_processes(bringup: Bringup, as_json: bool) -> None:
    if as_json:
        _print_json(
            [
                {
                    "name": process.name,
                    "command": list(process.command),
                    "environment": dict(process.environment),
                    "cwd": str(process.cwd) if process.cwd else None,
                    "respawn": process.respawn,
                    "respawn_delay_s": process.respawn_delay_s,
                }
                for process in bringup.launch.processes
            ]
        )
        return
    for process in bringup.launch.processes:
        again = f"restarted after {process.respawn_delay_s:g} s" if process.respawn else "run once"
        typer.echo(f"{process.name} ({again})")
        for key, value in process.environment.items():
            typer.echo(f"    {key}={shlex.quote(value)}")
        typer.echo(f"    {shlex.join(process.command)}")


def _print_arguments(bringup: Bringup, as_json: bool) -> None:
    values = bringup.launch.configurations
    if as_json:
        _print_json(
            [
                {"name": a.name, "value": values[a.name], "description": a.description}
                for a in bringup.launch.arguments
            ]
        )
        return
    for argument in bringup.launch.arguments:
        typer.echo(f"{argument.name}:={values[argument.name]}    {argument.description}")


def _print_station(path: Path, described: Station, as_json: bool) -> None:
    if as_json:
        _print_json(described.model_dump(mode="json"))
        return
    rows = [
        ("station", f"{described.station_id}{_named(described.name)}"),
        ("steps", f"{described.rate_hz:g} Hz, every {described.period_ns / 1e6:g} ms"),
        ("data", str(described.data)),
    ]
    for name, camera in described.cameras.items():
        source = camera.serial or (str(camera.recording) if camera.recording else "")
        known = camera.calibration is not None and camera.calibration.is_file()
        calibrated = "calibrated" if known else f"no calibration yet: {camera.calibration}"
        size = f"{camera.width}x{camera.height} at {camera.fps} Hz"
        rows.append((f"{name} camera", f"{camera.backend}{_named(source)}, {size}, {calibrated}"))
        if camera.recording is not None and not camera.recording.is_file():
            rows.append(("", f"the recording {camera.recording} does not exist yet"))
    arm, limits = described.arm, described.arm.limits
    box = ", ".join(
        f"{axis} {low:g} to {high:g}"
        for axis, low, high in zip("xyz", limits.workspace.min, limits.workspace.max, strict=True)
    )
    rows += [
        ("arm", f"{arm.backend}, {len(arm.joints)} joints, {arm.rate_hz:g} Hz"),
        ("limits", f"{limits.linear_m_s:g} m/s, {limits.angular_rad_s:g} rad/s; {box} m"),
        ("teleop", f"{described.teleop.device}, {described.teleop.rate_hz:g} Hz"),
        ("licence", described.recording.licence),
        ("network", _network(described)),
    ]
    typer.echo(f"{path} is valid")
    for label, text in rows:
        typer.echo(f"  {label:<14} {text}")


def _named(name: str) -> str:
    return f" ({name})" if name else ""


def _network(described: Station) -> str:
    network = described.network
    reach = "this computer only" if network.localhost_only else "the whole subnet"
    domain = "" if network.domain_id is None else f", domain {network.domain_id}"
    return reach + domain


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
