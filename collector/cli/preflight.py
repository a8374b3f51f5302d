"""`collector preflight`: is a running station fit to record?"""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector.station.bringup import Bringup, bring_up, default_launch_file
from collector.station.description import StationError
from collector.station.launch_file import LaunchError
from collector.station.node_process import node_command, node_environment

CANNOT_ASK = 2
NODE_MODULE = "collector_nodes.preflight_node"
START_S = 30.0  # for a slow machine to load ROS; a node that hangs is not waited for any longer
STYLES = {"ok": "green", "warning": "yellow", "refused": "bold red"}
NO_CONSENT = "Nobody has signed in: consent on file is not part of this verdict."
EPILOG = """
Examples:

  collector preflight

  collector preflight my_station.yaml

  collector preflight --json | jq '.results[] | select(.level != "ok")'
"""


def preflight(
    station: Annotated[
        Path | None,
        typer.Argument(
            metavar="STATION.yaml",
            help="The description of the station that runs, by default the simulated station's.",
            show_default=False,
        ),
    ] = None,
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
    patience: Annotated[
        float,
        typer.Option(min=1.0, max=120.0, help="Seconds to wait for streams that stay out."),
    ] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print every check as JSON.")] = False,
) -> None:
    """Check whether a running station is fit to record, and say what to do where it is not.

    Looks at cameras, light, calibrations, skew, arm, teleoperation device, disk and clock.
    Nobody has signed in: the operator's consent is left to the session.

    Exit code 0: fit, perhaps with warnings; 1: something refuses; 2: no station to ask.
    """
    if importlib.util.find_spec("rclpy") is None:
        _refuse("a station's preflight needs ROS 2: run make setup, or source a ROS 2 installation")
    arguments = {} if station is None else {"station": str(station)}
    if domain_id is not None:
        arguments["domain_id"] = str(domain_id)
    try:
        bringup = bring_up(default_launch_file(), arguments)
    except (StationError, LaunchError) as error:
        _refuse(str(error))
    report = _ask(bringup, patience)
    if as_json:
        typer.echo(json.dumps({**report, "consent": "not checked"}, indent=2, ensure_ascii=False))
    else:
        _print(Console(highlight=False), report)
    raise typer.Exit(0 if report["passed"] else 1)


def _refuse(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(CANNOT_ASK)


def _ask(bringup: Bringup, patience_s: float) -> dict[str, Any]:
    """Run the node that looks at the station; return what it reports."""
    with Console(stderr=True).status("listening to the station ..."):
        try:
            answer = subprocess.run(
                node_command(bringup, NODE_MODULE, {"patience_s": patience_s}),
                capture_output=True,
                text=True,
                check=False,
                timeout=patience_s + START_S,
                env=node_environment(bringup),
            )
        except subprocess.TimeoutExpired:
            _refuse("the station's preflight does not answer: try again, or restart the station")
    errors = answer.stderr.strip()
    if answer.returncode == CANNOT_ASK and errors:
        _refuse(errors)
    if answer.returncode != 0:
        last = errors.splitlines()[-1] if errors else "it ended without a word"
        _refuse(f"the station's preflight did not work: {last}")
    report: dict[str, Any] = json.loads(answer.stdout)
    return report


def _print(console: Console, report: Mapping[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("level", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("finding")
    for check in report["results"]:
        level = str(check["level"])
        # Text, not markup: a sentence may hold brackets.
        table.add_row(Text(level, STYLES[level]), Text(check["name"]), Text(check["sentence"]))
    table.add_row(Text("left out", "dim"), Text("consent"), Text(NO_CONSENT))
    console.print(table)
    console.print()
    levels = [check["level"] for check in report["results"]]
    refused, warned = levels.count("refused"), levels.count("warning")
    warnings = f"{warned} {'warning' if warned == 1 else 'warnings'}"
    if refused:
        verdict = Text("not fit to record", STYLES["refused"])
        counts = f": {refused} refused, {warnings}"
    else:
        verdict, counts = Text("fit to record", STYLES["ok"]), f", {warnings}" if warned else ""
    console.print(Text(f"{report['station']}: ") + verdict + Text(counts), soft_wrap=True)
