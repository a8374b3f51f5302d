"""`collector demo --workflow`: practice, gate and interleaved collection, before one's eyes."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from collector.catalogue.errors import CatalogueError
from collector.episode.reader import find_episodes
from collector.episode.verification import verify
from collector.station.description import StationError
from collector.station.launch_file import LaunchError
from collector.workflow.history import COLLECTION
from collector.workflow_demo.programme import DemoError, Event, perform, prepare

FOLDER = "workflow_demo"


@dataclass
class Tally:
    """What has happened so far, for the summary."""

    names: dict[str, str]
    gates: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    practice: dict[tuple[str, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0])
    )
    order: list[Event] = field(default_factory=list)  # collected attempts
    blocks: list[Event] = field(default_factory=list)
    logs: str = ""

    def take(self, event: Event) -> str:
        """Count the event; return how the gate moved with it: opens, closes, or nothing."""
        if event["event"] == "block":
            self.blocks.append(event)
        if event["event"] == "station":
            self.logs = event["logs"]
        if event["event"] != "attempt":
            return ""
        key = event["operator"], event["task"]
        if event["phase"] == COLLECTION:
            self.order.append(event)
        else:
            tried = self.practice[key]
            tried[0] += event["outcome"] == "success" and event["predicate"] is not False
            tried[1] += 1
        moves = self.gates[key]
        is_open = bool(moves) and moves[-1] != "closes"
        if event["open"] and not is_open:
            moves.append("opens again" if moves else "opens")
        elif is_open and not event["open"]:
            moves.append("closes")
        else:
            return ""
        return moves[-1]


def run_workflow_demo(data: Path, demonstrations: int, seed: int, as_json: bool) -> int:
    """Run the demo in a folder of its own below ``data``; return its exit code."""
    console = Console(stderr=as_json, highlight=False)
    folder = data.absolute() / FOLDER
    try:
        plan = prepare(folder, seed)
        known = set(find_episodes(folder).sealed)
        tally = Tally({person.operator_id: person.name for person in plan.people})
        console.print(
            "practice in simulated time, then collection on the running station; "
            "a task opens at 85 % of the last 20 attempts, of at least 10"
        )
        for event in perform(plan, demonstrations, seed):
            _tell(console, tally, event)
    except (StationError, LaunchError, CatalogueError, DemoError) as error:
        typer.echo(str(error), err=True)
        return 2
    except OSError as error:
        typer.echo(
            f"{error.filename or data} cannot be written: {error.strerror}: "
            "choose another folder with --data",
            err=True,
        )
        return 2
    except KeyboardInterrupt:
        console.print(f"interrupted; what was recorded is kept in {folder}", soft_wrap=True)
        return 130
    episodes = [path for path in find_episodes(folder).sealed if path not in known]
    problems = {path.name: [str(p) for p in verify(path)] for path in episodes}
    if as_json:
        _print_json(tally, episodes, problems)
    else:
        _print(console, tally, folder, episodes, problems)
    return 1 if any(problems.values()) or not tally.order else 0


def _tell(console: Console, tally: Tally, event: Event) -> None:
    moved = tally.take(event)
    kind = event["event"]
    who = tally.names.get(event.get("operator", ""), "")
    task = _words(event.get("task", ""))
    if moved:
        style = "red" if moved == "closes" else "green"
        console.print(f"{who:<8} {task:<22} [{style}]{moved}[/]: {event['gate']}", soft_wrap=True)
    if kind == "attempt" and event["phase"] == COLLECTION:
        console.print(
            f"{who:<8} {task:<22} recorded, {event['outcome']}: {event['episode']}", soft_wrap=True
        )
    elif kind == "attempt" and event["outcome"] == "interrupted":
        console.print(f"{who:<8} {task:<22} interrupted: {event['reason']}", soft_wrap=True)
    elif kind == "station":
        console.print("starting the station")
    elif kind == "signed_in":
        console.print(f"[bold]{who} signs in[/] as {event['operator']}")
    elif kind == "block":
        console.print(f"{who:<8} {task:<22} {event['phase']}: {event['why']}", soft_wrap=True)
    elif kind == "back_to_practice":
        console.print(f"{event['why']}", soft_wrap=True)
    elif kind in ("died", "fault"):
        console.print(event["sentence"], soft_wrap=True)


def _words(task_id: str) -> str:
    return task_id.replace("_", " ")


def _print(
    console: Console,
    tally: Tally,
    folder: Path,
    episodes: list[Path],
    problems: dict[str, list[str]],
) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left")
    table.add_column("operator")
    table.add_column("task", no_wrap=True)
    table.add_column("practised", justify="right")
    table.add_column("gate")
    for (operator, task), moves in sorted(
        tally.gates.items(), key=lambda item: (list(tally.names).index(item[0][0]), item[0][1])
    ):
        good, tried = tally.practice[operator, task]
        table.add_row(
            tally.names[operator], _words(task), f"{good} of {tried}", ", ".join(moves) or "closed"
        )
    console.print()
    console.print(table)
    console.print()
    console.print("collected, in this order:", style="bold")
    for event in tally.order:
        console.print(
            f"  {tally.names[event['operator']]:<8} {_words(event['task']):<22} {event['outcome']}"
        )
    console.print()
    whole = sum(not found for found in problems.values())
    console.print(f"episodes  {len(episodes)} recorded, {whole} verify, in {folder}/episodes")
    for name, found in problems.items():
        for sentence in found:
            console.print(f"          {name}: {sentence}", soft_wrap=True)
    console.print(f"logs      {tally.logs}", soft_wrap=True)
    described = f"--station sim-01 --description {folder}/station.yaml --tasks {folder}/tasks"
    console.print(f"report    collector report --root {folder} {described}", soft_wrap=True)


def _print_json(tally: Tally, episodes: list[Path], problems: dict[str, list[str]]) -> None:
    gates = [
        {"operator": operator, "name": tally.names[operator], "task": task, "gate": moves}
        for (operator, task), moves in tally.gates.items()
    ]
    result = {
        "gates": gates,
        "blocks": tally.blocks,
        "collected": tally.order,
        "episodes": [{"path": str(path), "problems": problems[path.name]} for path in episodes],
        "logs": tally.logs,
    }
    typer.echo(json.dumps(result, indent=2))
