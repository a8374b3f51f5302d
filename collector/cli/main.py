"""The `collector` command: one group or command for each job."""

from __future__ import annotations

from typing import Annotated

import typer

from collector.cli import catalog, console, demo, episodes, replay, station
from collector.version import software_version

app = typer.Typer(
    help="Record robot demonstrations at a teleoperation station.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
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


app.command(name="console", epilog=console.EPILOG)(console.console)
app.command(name="demo", epilog=demo.EPILOG)(demo.demo)
app.command(name="replay", epilog=replay.EPILOG)(replay.replay)
app.add_typer(catalog.app, name="catalog")
app.add_typer(episodes.app, name="episodes")
app.command(name="station", epilog=station.EPILOG)(station.station)


def main() -> None:
    """Run the command line."""
    app()
