"""`collector tasks`: check and list the task library, and simulate a campaign over it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector.cli.catalogue_access import (
    PROBLEMS,
    SETTINGS,
    AsJson,
    fail,
    print_json,
)
from collector.cli.task_library import library_folder, open_library
from collector.cli.terminal_table import Column, print_table

if TYPE_CHECKING:
    from collector.tasks.library import TaskLibrary
    from collector.workflow.campaign import CampaignReport

EPILOG = """
Examples:

  collector tasks check my_tasks/

  collector tasks list

  collector tasks simulate --operators 8 --attempts 4000

Exit codes: 0 fine, 1 problems were found, 2 bad usage.
"""

app = typer.Typer(
    help="Check and list the task library; simulate a campaign over it.",
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings=SETTINGS,
)

Folder = Annotated[
    Path | None,
    typer.Argument(metavar="FOLDER", help="Folder of task files, else launch/tasks."),
]


@app.command(epilog="Example:  collector tasks check my_tasks/")
def check(folder: Folder = None, as_json: AsJson = False) -> None:
    """Check every task file, and whether they fit together and the simulator."""
    from collector.simulation.tasks import TASKS as SIMULATED
    from collector.tasks.library import TaskLibraryError, load_library

    place = library_folder(folder)
    try:
        library = load_library(place, SIMULATED)
    except TaskLibraryError as error:
        problems = str(error).splitlines()
        if as_json:
            print_json({"folder": str(place), "ok": False, "problems": problems})
            raise typer.Exit(PROBLEMS) from error
        raise fail(str(error), PROBLEMS) from error
    if as_json:
        print_json({"folder": str(place), "ok": True, "tasks": list(library.tasks)})
        return
    composites = sum(task.is_composite for task in library.tasks.values())
    quota = sum(task.quota for task in library.tasks.values())
    typer.echo(
        f"{place}: {len(library.tasks)} tasks are sound, {composites} of them composite; "
        f"{quota:,} demonstrations are wanted."
    )


@app.command(name="list", epilog="Example:  collector tasks list --json")
def list_tasks(folder: Folder = None, as_json: AsJson = False) -> None:
    """List every task: type, weight, quota, budget, and the chain of a composite."""
    library = open_library(folder)
    if as_json:
        print_json([_as_dict(library, name) for name in library.tasks])
        return
    console = Console(highlight=False)
    columns = (
        Column("Task", gives_way=True),
        Column("Type"),
        Column("Weight"),
        Column("Quota", number=True),
        Column("Budget", number=True),
    )
    rows = [
        (
            name,
            task.task_type,
            task.weight,
            f"{task.quota:,}",
            f"{library.budget_steps(name):,} steps",
        )
        for name, task in library.tasks.items()
    ]
    print_table(console, columns, rows)
    chains = Table.grid(padding=(0, 2))
    for name, task in library.tasks.items():
        if task.is_composite:
            chains.add_row(name, ", then ".join(task.parts))
    if chains.rows:
        console.print()
        console.print("Chains", style="bold")
        console.print(chains)


def _as_dict(library: TaskLibrary, name: str) -> dict[str, Any]:
    task = library.find(name)
    return {
        "task": name,
        "task_type": task.task_type,
        "weight": task.weight,
        "quota": task.quota,
        "budget_steps": library.budget_steps(name),
        "parts": list(task.parts),
        "predicates": list(task.predicates),
        "instruction": task.instruction,
    }


@app.command(epilog="Example:  collector tasks simulate --seed 3 --json")
def simulate(
    folder: Folder = None,
    operators: Annotated[int, typer.Option(min=1, help="Simulated people.")] = 20,
    attempts: Annotated[
        int, typer.Option(min=1, help="Most attempts, practice included.")
    ] = 10_000,
    stations: Annotated[
        int | None,
        typer.Option(min=1, help="Stations side by side; else 4, or one for each of fewer people."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed is the same campaign.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Run a campaign without robots: simulated people, the station's own workflow.

    Gate, interleaving and layouts are those of a station, so this tells whether quotas can be
    reached before anyone is hired. Exit code 1: the workflow broke a promise.
    """
    from collector.workflow.campaign import Campaign, CampaignPlan

    library = open_library(folder)
    plan = CampaignPlan(
        operators=operators,
        attempts=attempts,
        stations=min(4, operators) if stations is None else stations,
        seed=seed,
    )
    try:
        campaign = Campaign(library, plan)
    except ValueError as error:
        raise fail(str(error)) from error
    with Console(stderr=True, highlight=False).status(
        f"{attempts:,} attempts by {operators} people"
    ):
        report = campaign.run()
    if as_json:
        print_json({"plan": asdict(plan), **_campaign_as_dict(report)})
    else:
        _print_campaign(Console(highlight=False), plan.operators, plan.stations, report)
    if report.below_gate or report.repeated_types:
        raise typer.Exit(PROBLEMS)


def _campaign_as_dict(report: CampaignReport) -> dict[str, Any]:
    values = asdict(report)
    for name, task in report.tasks.items():
        values["tasks"][name]["covered"] = task.covered if task.quota else None
    return values


def _print_campaign(
    console: Console, operators: int, stations: int, report: CampaignReport
) -> None:
    from collector.reports.tables import NO_RATE, RATE, percent, rate_of

    console.print(
        Text.assemble(
            (f"{report.attempts:,} attempts", "bold"),
            f" by {operators} simulated people at {stations} stations, in {report.sessions:,} "
            f"sessions, {report.simulated_h:,.0f} h of work",
        )
    )
    console.print()
    columns = (
        Column("Task", gives_way=True),
        Column("Demonstrations", number=True),
        Column("Covered", number=True),
        Column("Practised", number=True),
        Column("Recorded", number=True, optional=True),
        Column(RATE),
        Column("Gate"),
    )
    rows = []
    for name, task in report.tasks.items():
        rows.append(
            (
                name,
                f"{task.collected:,} of {task.quota:,}",
                percent(task.covered if task.quota else None),
                f"{task.practice:,}",
                f"{task.collection:,}",
                rate_of(task.success, *task.interval) if task.collection else NO_RATE,
                f"+{task.opened} −{task.fell_back}",
            )
        )
    print_table(console, columns, rows)
    console.print()
    console.print(
        f"The gate opened {report.opened:,} times (+) and closed {report.fell_back:,} times (−)."
    )
    _print_promise(
        console,
        report.below_gate,
        "Nothing was collected below the gate.",
        "attempts were collected below the gate: the workflow is broken.",
    )
    _print_promise(
        console,
        report.repeated_types,
        "No two blocks in a row were of one type.",
        "blocks repeated the type of the block before: the workflow is broken.",
    )


def _print_promise(console: Console, broken: int, kept: str, sentence: str) -> None:
    if broken:
        console.print(Text(f"✗ {broken:,} {sentence}", style="bold red"))
    else:
        console.print(Text(f"✓ {kept}", style="green"))
