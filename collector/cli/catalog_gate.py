"""`collector catalog gate`: who may collect which task, and a supervisor's word on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from collector.cli.catalogue_access import (
    DATA,
    SETTINGS,
    AsJson,
    Database,
    Root,
    fail,
    open_catalogue,
    print_json,
)
from collector.cli.identification import PinFile, Reason, Who, sign_in
from collector.cli.task_library import open_library
from collector.cli.terminal_table import Column, print_table
from collector.clock import NS_PER_S

if TYPE_CHECKING:
    from collector.catalogue.catalogue import Catalogue
    from collector.station.description import OperatorPolicy
    from collector.workflow.gate import GateState

EPILOG = """
Examples:

  collector catalog gate list --operator op-7f3a

  collector catalog gate override op-7f3a open_drawer --open --as op-51aa --reason "new gripper"

  collector catalog gate override op-7f3a open_drawer --auto --as op-51aa --reason "used to it"

The PIN is asked for, or read from --pin-file. Exit codes: 0 fine, 1 refused, 2 bad usage.
"""

app = typer.Typer(
    help="Who may collect which task; open and close tasks (supervisors).",
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings=SETTINGS,
)


@app.command(name="list", epilog="Example:  collector catalog gate list --task open_drawer")
def list_gates(
    operator: Annotated[str | None, typer.Option(help="Of this pseudonym alone.")] = None,
    task: Annotated[str | None, typer.Option(help="Of this task alone.")] = None,
    overridden: Annotated[
        bool, typer.Option("--overridden", help="Only where a supervisor decided.")
    ] = False,
    description: Annotated[
        Path | None,
        typer.Option(metavar="STATION.yaml", help="The station whose policy counts."),
    ] = None,
    root: Root = DATA,
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """List where every operator stands with every task that was attempted or overridden."""
    policy = _policy(description)
    with open_catalogue(root, database) as catalogue:
        gates = _gates(catalogue, operator, task, policy)
    if overridden:
        gates = [gate for gate in gates if gate.override is not None]
    if as_json:
        print_json([gate.model_dump(mode="json") for gate in gates])
    elif not gates:
        typer.echo("No supervisor's word is in force." if overridden else "No attempt fits.")
    else:
        _print(Console(highlight=False), gates, policy.window)


def _policy(description: Path | None) -> OperatorPolicy:
    from collector.station.description import OperatorPolicy, StationError, load_station

    if description is None:
        return OperatorPolicy()
    try:
        return load_station(description).operator_policy
    except StationError as error:
        raise fail(str(error)) from error


def _gates(
    catalogue: Catalogue, operator: str | None, task: str | None, policy: OperatorPolicy
) -> list[GateState]:
    from collector.catalogue.attempt_records import attempted
    from collector.workflow.gate import judge
    from collector.workflow.history import Override

    people = [p.operator_id for p in catalogue.operators()]
    if operator is not None and operator not in people:
        raise fail(f"there is no operator {operator}: see `collector catalog operators list`")
    words = {
        (word.operator_id, word.task_id): Override(
            operator_id=word.operator_id,
            task_id=word.task_id,
            opens=word.opens,
            by=word.supervisor_id,
            reason=word.reason,
            at_ns=word.given_ns,
        )
        for person in people
        for word in catalogue.overrides(person)
    }
    return [
        judge(who, what, catalogue.newest_marks(who, what, policy.window), policy, words.get(key))
        for key in sorted({*attempted(catalogue), *words})
        for who, what in [key]
        if operator in (None, who) and task in (None, what)
    ]


def _print(console: Console, gates: Sequence[GateState], window: int) -> None:
    from collector.reports.tables import NO_RATE, NOTHING, RATE, percent, rate_of

    columns = (
        Column("Operator"),
        Column("Task", gives_way=True),
        Column("Gate"),
        Column(RATE),
        Column("Of", number=True),
        Column("To open", number=True),
        Column("Discards", number=True),
    )
    rows: list[tuple[str | Text, ...]] = []
    before = ""
    for gate in gates:
        share = percent(gate.discard_share)
        rows.append(
            (
                Text(gate.operator_id, style="dim" if gate.operator_id == before else "default"),
                gate.task_id,
                _word(gate),
                rate_of(gate.rate, gate.low, gate.high) if gate.attempts else NO_RATE,
                str(gate.attempts),
                NOTHING if gate.is_open else str(gate.successes_to_open or NOTHING),
                Text(f"{share} !", style="bold yellow") if gate.discards_suspicious else share,
            )
        )
        before = gate.operator_id
    print_table(console, columns, rows)
    console.print(
        f"Of: labelled attempts, {window} at most; {percent(gates[0].threshold)} of at least "
        f"{gates[0].min_attempts} open a task. To open: successes in a row.",
        style="dim",
    )
    if any(gate.discards_suspicious for gate in gates):
        console.print("!: a suspicious share of discards, more than 20 %", style="dim")
    decided = [gate for gate in gates if gate.override is not None]
    if decided:
        console.print()
        console.print("* By a supervisor", style="bold")
    for gate in decided:
        word = gate.override
        assert word is not None
        moment = datetime.fromtimestamp(word.at_ns // NS_PER_S, timezone.utc)
        opened = "opened" if word.opens else "closed"
        console.print(Text(f"{gate.operator_id} at {gate.task_id}"), soft_wrap=True)
        said = Text(f"{opened} by {word.by} on {moment:%Y-%m-%d}: {word.reason}")
        console.print(Padding(said, (0, 0, 0, 2)))


def _word(gate: GateState) -> Text:
    mark = " *" if gate.override is not None else ""
    return Text("open" + mark, "green") if gate.is_open else Text("closed" + mark, "yellow")


@app.command(
    epilog="Example:  collector catalog gate override op-7f3a open_drawer --open --reason 'new arm'"
)
def override(
    operator: Annotated[str, typer.Argument(metavar="OPERATOR", help="Pseudonym, as op-7f3a.")],
    task: Annotated[str, typer.Argument(metavar="TASK", help="Task id.")],
    opens: Annotated[bool, typer.Option("--open", help="Open the task whatever the rate.")] = False,
    closes: Annotated[bool, typer.Option("--close", help="Close it whatever the rate.")] = False,
    auto: Annotated[bool, typer.Option("--auto", help="Let the rate decide again.")] = False,
    reason: Reason = "",
    who: Who = "",
    pin_file: PinFile = None,
    tasks: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Task library, else launch/tasks.")
    ] = None,
    root: Root = DATA,
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """Open or close a task for an operator, or leave it to the gate again."""
    if opens + closes + auto != 1:
        raise fail("say one of --open, --close and --auto")
    if not reason.strip():
        raise fail('say why: --reason "..."; it is kept in the chain of custody and shown')
    task_type = _task_type(task, tasks)
    with open_catalogue(root, database) as catalogue:
        catalogue.operator(operator)  # refused now rather than after the PIN
        supervisor = sign_in(catalogue, who, pin_file).operator_id
        if auto:
            _end(catalogue, operator, task, supervisor, reason)
        else:
            catalogue.override_gate(operator, task, task_type, supervisor, reason, opens)
    state = "left to the gate" if auto else "open" if opens else "closed"
    if as_json:
        print_json({"operator": operator, "task": task, "gate": state, "by": supervisor})
    else:
        typer.echo(f"{task} is {state} for {operator}.")


def _task_type(task: str, folder: Path | None) -> str:
    from collector.tasks.library import UnknownTask

    try:
        return open_library(folder).find(task).task_type
    except UnknownTask as error:
        raise fail(str(error)) from error


def _end(catalogue: Catalogue, operator: str, task: str, supervisor: str, reason: str) -> None:
    words = catalogue.overrides(operator, task)
    if not words:
        raise fail(f"the gate decides already whether {operator} may collect {task}")
    with catalogue.together():
        for word in words:
            catalogue.end_override(word.override_id, supervisor, reason)
