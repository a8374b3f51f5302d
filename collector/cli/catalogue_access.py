"""Opening the catalogue for a command: the options that name it, and its refusals in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collector.catalogue.catalogue import Catalogue

PROBLEMS = 1
BAD_USAGE = 2
DATA = Path("data")
SETTINGS = {"help_option_names": ["-h", "--help"]}

Root = Annotated[
    Path, typer.Option("--root", "-r", help="Data folder: the one that holds `episodes/`.")
]
Database = Annotated[
    str,
    typer.Option(
        "--catalogue",
        "--database",
        "-d",
        metavar="FILE_OR_URL",
        envvar="COLLECTOR_CATALOGUE",
        help="Database file or URL; without it, `catalogue.db` in the data folder.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]


def print_json(value: Any) -> None:
    """Print a plain value as JSON."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def fail(message: str, code: int = BAD_USAGE) -> typer.Exit:
    """Say what was wrong; the caller raises what is returned."""
    Console(stderr=True, highlight=False).print(Text(message, style="red"), soft_wrap=True)
    return typer.Exit(code)


def print_problems(problems: list[str]) -> None:
    """Print what was found to be wrong, a line each."""
    console = Console(highlight=False)
    for problem in problems:
        console.print(Text(problem, style="red"), soft_wrap=True)


@contextmanager
def open_catalogue(root: Path, database: str, make: bool = False) -> Iterator[Catalogue]:
    """Open the catalogue; what it refuses ends the command with its sentence.

    A refusal that belongs to a person, of a sign-in or a permission, exits with 1; all others
    with 2. ``make``: where there is none, begin one.
    """
    import random

    from collector.catalogue.catalogue import Catalogue
    from collector.catalogue.database import catalogue_file
    from collector.catalogue.errors import CatalogueError, NotPermittedError, SignInError
    from collector.clock import SystemClock

    where: str | Path = database or catalogue_file(root)
    try:
        if not make and "://" not in str(where) and not Path(where).exists():
            raise CatalogueError(
                f"there is no catalogue in {where}: make one with `collector catalog rebuild`, "
                "or name another --root"
            )
        with Catalogue.open(where, SystemClock(), random.SystemRandom()) as catalogue:
            yield catalogue
    except (SignInError, NotPermittedError) as error:
        raise fail(str(error), PROBLEMS) from error
    except CatalogueError as error:
        raise fail(str(error)) from error
