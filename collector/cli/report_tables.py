"""A campaign's report in the terminal: a summary, then operators, quotas, and days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector.cli.terminal_table import Column, print_table
from collector.reports import tables
from collector.reports.attempt_record import AttemptRecord
from collector.reports.campaign import CampaignReport
from collector.reports.success import SuccessRow

MOST_FLAGS = 6


def print_report(
    made: CampaignReport,
    shown: Sequence[AttemptRecord],
    last: Sequence[SuccessRow],
    by: Sequence[str],
    zone_name: str,
    zone: tzinfo,
    most_rows: int,
) -> None:
    """Print everything; ``last`` are the rows of the last table, keyed ``by``.

    ``shown`` are the attempts that were reported, at least one.
    """
    console = Console(highlight=False)
    _print_summary(console, made, shown, zone_name, zone)
    people = tables.people_table(made.success_by_operator, made.by_operator)
    _print_section(console, "Operators", people)
    _print_section(
        console,
        "Tasks and quotas",
        tables.coverage_table(made.coverage, made.success_by_task),
        "of everyone and every day; the least covered first",
    )
    if by:
        _print_last(console, last, by, most_rows)
    _print_flags(console, made)


def _print_summary(
    console: Console,
    made: CampaignReport,
    shown: Sequence[AttemptRecord],
    zone_name: str,
    zone: tzinfo,
) -> None:
    success, total = made.success, made.total
    assert success is not None
    assert total is not None
    days = sorted({record.day(zone) for record in shown})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    operators = _count(len({r.operator_id for r in shown}), "operator")
    tasks = _count(len({r.task_id for r in shown}), "task")
    stations = _count(len({r.station_id for r in shown}), "station")
    rate = "no attempt was labelled"
    if success.rate is not None:
        rate = (
            f"{tables.percent(success.rate)}, between {100 * success.low:.1f} and "
            f"{100 * success.high:.1f} % (95 %)"
        )
    output = f"{total.demonstrations:,} in {total.hours:,.1f} h"
    if total.per_hour is not None:
        output += f": {total.per_hour:.1f} an hour"
    if total.cost_per_demonstration is not None:
        output += f", {tables.money(total.cost_per_demonstration, total.currency)} each"
    lines = [
        ("Attempts", f"{len(shown):,} by {operators} at {tasks} and {stations}"),
        ("Days", f"{when} ({zone_name})"),
        ("Success", rate),
        ("Demonstrations", output),
    ]
    if total.cost is None:
        lines.append(("Cost", "not known: --description STATION.yaml, or --operator-rate"))
    if success.disputed:
        plural = "" if success.disputed == 1 else "es"
        lines.append(
            (
                "Contradicted",
                f"{success.disputed:,} success{plural}, by simulator or reviewer: not counted as "
                "such",
            )
        )
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for label, value in lines:
        grid.add_row(label, Text(value))
    console.print(grid)


def _print_last(console: Console, rows: Sequence[SuccessRow], by: Sequence[str], most: int) -> None:
    ordered = list(rows)
    columns = list(by)
    if "day" in columns:  # the newest day on top, and in front
        at = columns.index("day")
        ordered.sort(key=lambda row: row.key[at], reverse=True)
    kept = ordered[:most] if most else ordered
    _print_section(
        console,
        f"Success by {', '.join(columns)}",
        tables.success_table(kept, columns),
        repeats=True,
    )
    if len(kept) < len(ordered):
        more = _count(len(ordered) - len(kept), "row")
        console.print(f"{more} more: --rows 0 shows all", style="dim")


def _print_section(
    console: Console, title: str, table: tables.Table, note: str = "", repeats: bool = False
) -> None:
    console.print()
    console.print(Text.assemble((title, "bold"), (f"  {note}" if note else "", "dim")))
    names = table.headings[: table.numbers_from]
    flexible = "Task" if "Task" in names else names[0]
    columns = [
        Column(
            heading,
            number=k >= table.numbers_from and heading not in (tables.RATE, ""),
            gives_way=heading == flexible,
            optional=not heading,  # a bar
        )
        for k, heading in enumerate(table.headings)
    ]
    rows = []
    before: tuple[str, ...] = ()
    for row in table.rows:
        same = 0
        while repeats and same < min(len(before), len(names) - 1) and row[same] == before[same]:
            same += 1
        rows.append([_cell(cell, k < same) for k, cell in enumerate(row)])
        before = row
    print_table(console, columns, rows)


def _cell(cell: str, repeated: bool) -> Text:
    if cell.endswith(tables.FLAG):
        return Text(cell, style="bold yellow")
    return Text(cell, style="dim" if repeated or cell.strip() == tables.NOTHING else "default")


def _print_flags(console: Console, made: CampaignReport) -> None:
    flagged = [(row.key[0], row) for row in made.success_by_operator if row.discards_suspicious]
    flagged += [
        (f"{row.key[0]} at {row.key[1]}", row)
        for row in sorted(made.by_operator_task, key=lambda row: -row.discard_share)
        if row.discards_suspicious
    ]
    if not flagged:
        return
    console.print()
    console.print(Text("! Suspicious: more than 20 % of the attempts discarded", "bold yellow"))
    for who, row in flagged[:MOST_FLAGS]:
        console.print(Text(f"  {who}: {row.discarded} of {row.attempts + row.discarded}"))
    if len(flagged) > MOST_FLAGS:
        console.print(f"  and {len(flagged) - MOST_FLAGS} more, in --json", style="dim")


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
