"""The `collector` command: one group or command for each job."""

from __future__ import annotations

from typing import Annotated

import typer

from collector.cli.lazy_commands import Mounted, lazy_group, run

COMMANDS = (
    Mounted(
        "calibrate",
        "collector.cli.calibrate",
        "app",
        "Calibrate the cameras: lens, place, delay of the stamps; with their uncertainty.",
    ),
    Mounted(
        "catalog",
        "collector.cli.catalog",
        "app",
        "Keep the catalogue: operators, decisions, and what is known of episodes.",
    ),
    Mounted(
        "console",
        "collector.cli.console",
        "console",
        "Work at a station: practise, collect, stop the arm; or watch one.",
    ),
    Mounted(
        "demo",
        "collector.cli.demo",
        "demo",
        "Record episodes on the simulated station: nobody and nothing else is needed.",
    ),
    Mounted(
        "episodes",
        "collector.cli.episodes",
        "app",
        "List, check, recover and draw recorded episodes.",
    ),
    Mounted(
        "preflight",
        "collector.cli.preflight",
        "preflight",
        "Check whether a running station is fit to record, and say what to do where it is not.",
    ),
    Mounted(
        "replay",
        "collector.cli.replay",
        "replay",
        "Execute the recorded actions in the simulator, from the episode's first state.",
    ),
    Mounted(
        "report",
        "collector.cli.report",
        "report",
        "Report success, throughput, cost and coverage of everything that was attempted.",
    ),
    Mounted(
        "station",
        "collector.cli.station",
        "station",
        "Run a station's nodes, or check its description.",
    ),
    Mounted(
        "tasks",
        "collector.cli.tasks",
        "app",
        "Check and list the task library; simulate a campaign over it.",
    ),
)

app = typer.Typer(
    cls=lazy_group(COMMANDS),
    help="Record robot demonstrations at a teleoperation station.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from collector.version import software_version

        typer.echo(software_version())
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line."""
    run(app)
