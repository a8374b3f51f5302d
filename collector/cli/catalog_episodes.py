"""`collector catalog episodes`: find episodes, and decide what becomes of them."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from collector.cli.catalogue_access import (
    DATA,
    PROBLEMS,
    SETTINGS,
    AsJson,
    Database,
    Root,
    fail,
    open_catalogue,
    print_json,
    print_problems,
)
from collector.cli.days import Since, Until, Zone, find_zone, span_ns
from collector.cli.identification import PinFile, Reason, Who, is_terminal, sign_in
from collector.cli.terminal_table import Column, print_table
from collector.clock import NS_PER_S

if TYPE_CHECKING:
    from collector.catalogue.catalogue import Catalogue
    from collector.catalogue.episode_list import Episode

EPILOG = """
Examples:

  collector catalog episodes list --task stack_red_on_blue --status recorded

  collector catalog episodes label failure 20261124T135501-sim-1-0a3f --as op-7f3a

  collector catalog episodes release 20261124T135501-sim-1-0a3f --as op-7f3a --reason reviewed

The PIN is asked for, or read from --pin-file. Exit codes: 0 fine, 1 refused, 2 bad usage.
"""

NOTHING = "–"
_SIGNS = {
    "success": ("✓", "green"),
    "failure": ("✗", "red"),
    "unlabelled": ("?", "yellow"),
    None: (NOTHING, "dim"),
}
_STATUS_STYLES = {"released": "green", "withdrawn": "red", "deleted": "dim"}

app = typer.Typer(
    help="Find episodes; label, release and delete them (supervisors).",
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings=SETTINGS,
)

Ids = Annotated[list[str], typer.Argument(metavar="EPISODE...", help="Ids, as `list` shows them.")]


@app.command(name="list", epilog="Example:  collector catalog episodes list --since 2026-11-24")
def list_episodes(
    operator: Annotated[str | None, typer.Option(help="Pseudonym.")] = None,
    task: Annotated[str | None, typer.Option(help="Task id.")] = None,
    since: Since = None,
    until: Until = None,
    status: Annotated[
        str | None, typer.Option(help="recorded, released, withdrawn or deleted")
    ] = None,
    phase: Annotated[str | None, typer.Option(help="practice or collection")] = None,
    outcome: Annotated[str | None, typer.Option(help="As sealed: success, failure, ...")] = None,
    station: Annotated[str | None, typer.Option(help="Station id.")] = None,
    limit: Annotated[int, typer.Option(help="Episodes a page, 1 to 500.")] = 25,
    after: Annotated[
        str | None, typer.Option(metavar="PLACE", help="Where the page before ended.")
    ] = None,
    zone: Zone = "UTC",
    root: Root = DATA,
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """List episodes, newest first, a page at a time."""
    from collector.catalogue.episode_list import EpisodeFilter

    from_ns, before_ns = span_ns(since, until, find_zone(zone))
    wanted = EpisodeFilter(
        operator_id=operator,
        task_id=task,
        from_ns=from_ns,
        before_ns=before_ns,
        status=status,
        outcome=outcome,
        phase=phase,
        station_id=station,
    )
    with open_catalogue(root, database) as catalogue:
        page = catalogue.list_episodes(wanted, after, limit)
    if as_json:
        print_json({"episodes": [asdict(e) for e in page.episodes], "next": page.next})
        return
    if not page.episodes:
        typer.echo("No episode of the catalogue fits." if after is None else "That was the last.")
        return
    console = Console(highlight=False)
    _print(console, page.episodes)
    if page.next is not None:
        console.print(Text(f"Next page: {_next_command(page.next)}", style="dim"), soft_wrap=True)


def _next_command(place: str) -> str:
    words = sys.argv[1:]
    if "--after" in words:
        at = words.index("--after")
        words = words[:at] + words[at + 2 :]
    words = [word for word in words if not word.startswith("--after=")]
    return shlex.join(["collector", *words, "--after", place])


def _print(console: Console, episodes: Sequence[Episode]) -> None:
    columns = (
        Column("Episode"),
        Column("Task", gives_way=True),
        Column("Operator"),
        Column("Status"),
        Column("Op"),
        Column("Sim"),
        Column("Rev"),
        Column("Phase", optional=True),
        Column("Recorded", optional=True),
    )
    rows: list[tuple[str | Text, ...]] = []
    for episode in episodes:
        moment = datetime.fromtimestamp(episode.created_ns // NS_PER_S, timezone.utc)
        labels = (episode.label_operator, episode.label_predicate, episode.label_reviewer)
        rows.append(
            (
                episode.episode_id,
                episode.task_id,
                episode.operator_id or NOTHING,
                Text(episode.status, style=_STATUS_STYLES.get(episode.status, "default")),
                *(Text(*_SIGNS[label]) for label in labels),
                episode.phase,
                f"{moment:%Y-%m-%d %H:%M}Z",
            )
        )
    print_table(console, columns, rows)
    console.print(
        "Op, Sim, Rev: what operator, simulator and reviewer say, ✓ success, ✗ failure",
        style="dim",
    )


@app.command(epilog="Example:  collector catalog episodes label failure EPISODE --as op-7f3a")
def label(
    value: Annotated[
        str, typer.Argument(metavar="LABEL", help="success, failure, or unlabelled: no verdict")
    ],
    episodes: Ids,
    who: Who = "",
    pin_file: PinFile = None,
    reason: Reason = "",
    root: Root = DATA,
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """Give a reviewer's verdict; the operator's and the simulator's stay beside it."""
    from collector.episode.goal import LABELS

    if value not in LABELS:
        raise fail(f"there is no label {value!r}: choose from {', '.join(LABELS)}")
    with open_catalogue(root, database) as catalogue:
        person = sign_in(catalogue, who, pin_file).operator_id
        done, refusals = _decide(
            catalogue,
            episodes,
            lambda episode: catalogue.label(episode, "reviewer", value, person, reason),
        )
    _tell(f"labelled {value}", done, refusals, as_json)


@app.command(epilog="Example:  collector catalog episodes release EPISODE --reason reviewed")
def release(
    episodes: Ids,
    who: Who = "",
    pin_file: PinFile = None,
    reason: Reason = "",
    root: Root = DATA,
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """Let exports take episodes."""
    _require(reason)
    with open_catalogue(root, database) as catalogue:
        person = sign_in(catalogue, who, pin_file).operator_id
        done, refusals = _decide(
            catalogue,
            episodes,
            lambda episode: catalogue.release_episode(episode, person, reason),
        )
    _tell("released", done, refusals, as_json)


@app.command(epilog="Example:  collector catalog episodes delete EPISODE --reason 'wrong scene'")
def delete(
    episodes: Ids,
    who: Who = "",
    pin_file: PinFile = None,
    reason: Reason = "",
    remove_folders: Annotated[
        bool, typer.Option("--remove-folders", help="Remove the sealed folders from the disk, too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether to.")] = False,
    root: Root = DATA,
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """Take episodes out of use for good; rebuilding does not bring them back."""
    _require(reason)
    if not yes:
        if not is_terminal():
            raise fail("deleting is for good: confirm it with --yes")
        what = "1 episode" if len(episodes) == 1 else f"{len(episodes)} episodes"
        folders = " and remove the folders" if remove_folders else ""
        typer.confirm(f"Delete {what} for good{folders}?", abort=True, err=True)
    with open_catalogue(root, database) as catalogue:
        person = sign_in(catalogue, who, pin_file).operator_id
        done, refusals = _decide(
            catalogue,
            episodes,
            lambda episode: catalogue.delete_episode(episode, person, reason),
        )
        gone = [catalogue.episode(episode) for episode in done]
    if remove_folders:
        # Only now: were a folder gone and the decision not, the catalogue would miss it.
        refusals += [problem for episode in gone if (problem := _remove_folder(episode))]
    _tell("deleted", done, refusals, as_json)


def _remove_folder(episode: Episode) -> str:
    """Remove an episode's folder, and no other; return what stood in the way, else nothing."""
    from collector.catalogue.errors import CatalogueError
    from collector.catalogue.sealed_facts import manifest_digest

    folder = Path(episode.path)
    if not folder.exists():
        return f"there is no folder {folder}: remove it where it lies"
    try:
        if manifest_digest(folder) != episode.digest:
            return f"{folder} is not the folder that was catalogued: look at it before removing it"
        shutil.rmtree(folder)
    except (CatalogueError, OSError) as error:
        return f"{folder} was not removed: {error}"
    return ""


def _decide(
    catalogue: Catalogue, episodes: Sequence[str], decision: Callable[[str], None]
) -> tuple[list[str], list[str]]:
    """Take a decision on each episode; return those decided, and why the others are not.

    Raises NotPermittedError, and has then decided nothing.
    """
    from collector.catalogue.errors import CatalogueError, NotPermittedError

    done, refusals = [], []
    with catalogue.together():
        for episode in dict.fromkeys(episodes):
            try:
                decision(episode)
            except NotPermittedError:
                raise
            except CatalogueError as error:
                refusals.append(str(error))
            else:
                done.append(episode)
    return done, refusals


def _tell(what: str, done: list[str], refusals: list[str], as_json: bool) -> None:
    """Print what was decided; exits with 1 where something was refused."""
    if as_json:
        print_json({"decision": what, "episodes": done, "refused": refusals})
    else:
        print_problems(refusals)
        shown = done[0] if len(done) == 1 else f"{len(done)} episodes"
        typer.echo(f"{shown} {what}" if done else f"nothing {what}")
    if refusals:
        raise typer.Exit(PROBLEMS)


def _require(reason: str) -> None:
    if not reason.strip():
        raise fail('say why: --reason "..."; it is kept in the chain of custody')
