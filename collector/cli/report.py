"""`collector report`: what the campaign has achieved, from the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from collector.cli.catalogue_access import (
    DATA,
    AsJson,
    Database,
    Root,
    fail,
    open_catalogue,
    print_json,
)
from collector.cli.days import Since, Until, Zone, find_zone, span_ns
from collector.cli.task_library import open_library

if TYPE_CHECKING:
    from collector.reports.attempt_record import AttemptRecord
    from collector.reports.campaign import CampaignReport
    from collector.station.description import HourlyRate, Station

EPILOG = """
Examples:

  collector report

  collector report --since 2026-11-18 --operator op-7f3a --by task,day

  collector report --description my_station.yaml --plots report/

  collector report --operator-rate 30 --station-rate 12 --currency EUR

  collector report --json | jq '.coverage[] | select(.missing > 0) | .task'

A success is one that neither the simulator nor a reviewer contradicts; its interval is
Wilson's, 95 %. Hours are those of the sessions, practice and resets included.
"""
PHASES = ("practice", "collection")


@dataclass(frozen=True)
class Wanted:
    """Which attempts are reported: those that fit everything that is given."""

    operator: str | None = None
    task: str | None = None
    station: str | None = None
    phase: str | None = None
    from_ns: int | None = None
    before_ns: int | None = None

    def __call__(self, record: AttemptRecord) -> bool:
        """Return whether the attempt fits."""
        return (
            self.operator in (None, record.operator_id)
            and self.task in (None, record.task_id)
            and self.station in (None, record.station_id)
            and self.phase in (None, record.phase)
            and (self.from_ns is None or record.began_ns >= self.from_ns)
            and (self.before_ns is None or record.began_ns < self.before_ns)
        )


def report(
    operator: Annotated[str | None, typer.Option(help="Of this pseudonym alone.")] = None,
    task: Annotated[str | None, typer.Option(help="Of this task alone.")] = None,
    station: Annotated[str | None, typer.Option(help="Of this station id alone.")] = None,
    phase: Annotated[str | None, typer.Option(help="practice or collection alone.")] = None,
    since: Since = None,
    until: Until = None,
    zone: Zone = "UTC",
    by: Annotated[
        str,
        typer.Option(
            help="What the last table has a row for: any of operator, task, task_type, station, "
            "phase, day."
        ),
    ] = "day,operator,task",
    rows: Annotated[
        int, typer.Option(min=0, help="Most rows of the last table, the newest days; 0: all.")
    ] = 30,
    description: Annotated[
        list[Path] | None,
        typer.Option(metavar="STATION.yaml", help="A station's `hourly_rate`; again for another."),
    ] = None,
    operator_rate: Annotated[
        float | None, typer.Option(min=0, help="What an operator's hour costs, at every station.")
    ] = None,
    station_rate: Annotated[
        float | None, typer.Option(min=0, help="What a station's hour costs, at every station.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Of both rates, as EUR.")] = None,
    tasks: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Task library with the quotas, else launch/tasks."),
    ] = None,
    plots: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Draw the report as PNG pictures, too.")
    ] = None,
    root: Root = DATA,
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """Report success, throughput, cost and coverage of everything that was attempted."""
    from collector.catalogue.attempt_records import attempt_records
    from collector.reports.campaign import campaign_report
    from collector.reports.success import success_rows

    if phase is not None and phase not in PHASES:
        raise fail(f"there is no phase {phase!r}: choose from {', '.join(PHASES)}")
    place = find_zone(zone)
    wanted = Wanted(operator, task, station, phase, *span_ns(since, until, place))
    quotas = {name: found.quota for name, found in open_library(tasks).tasks.items()}
    with open_catalogue(root, database) as catalogue:
        records = attempt_records(catalogue)
    stations = _stations(description or [])
    rates = _rates({r.station_id for r in records}, stations, operator_rate, station_rate, currency)
    keys = [name.strip() for name in by.split(",") if name.strip()]
    try:
        made = campaign_report(records, quotas, rates, place, wanted)
        last = success_rows([r for r in records if wanted(r)], keys, place)
    except ValueError as error:
        raise fail(str(error)) from error
    made = replace(made, coverage=tuple(c for c in made.coverage if task in (None, c.task_id)))
    paths = [] if plots is None else _draw(made, stations, plots)
    if as_json:
        filters = _filters(operator, task, station, phase, since, until)
        print_json({"filters": filters, "zone": zone, **made.as_dict()})
        return
    if made.success is None:
        nothing = "no attempt fits these filters" if records else "the catalogue has no attempt yet"
        typer.echo(f"Nothing to report: {nothing}.")
        return
    from collector.cli.report_tables import print_report

    shown = [record for record in records if wanted(record)]
    print_report(made, shown, last, keys, zone, place, rows)
    for path in paths:
        typer.echo(str(path))


def _filters(
    operator: str | None,
    task: str | None,
    station: str | None,
    phase: str | None,
    since: datetime | None,
    until: datetime | None,
) -> dict[str, Any]:
    return {
        "operator": operator,
        "task": task,
        "station": station,
        "phase": phase,
        "since": None if since is None else f"{since:%Y-%m-%d}",
        "until": None if until is None else f"{until:%Y-%m-%d}",
    }


def _stations(paths: Sequence[Path]) -> list[Station]:
    from collector.station.description import StationError, load_station

    try:
        return [load_station(path) for path in paths]
    except StationError as error:
        raise fail(str(error)) from error


def _rates(
    ids: set[str],
    stations: Sequence[Station],
    operator_rate: float | None,
    station_rate: float | None,
    currency: str | None,
) -> Mapping[str, HourlyRate]:
    """Return the hourly rate of each station that has one; the options' words go first."""
    from pydantic import ValidationError

    from collector.station.description import HourlyRate

    rates = {s.station_id: s.hourly_rate for s in stations if s.hourly_rate is not None}
    given = {"operator": operator_rate, "station": station_rate, "currency": currency}
    changes = {name: value for name, value in given.items() if value is not None}
    if changes:
        try:
            rates = {
                name: HourlyRate.model_validate(
                    {**(rates[name].model_dump() if name in rates else {}), **changes}
                )
                for name in ids
            }
        except ValidationError as error:
            raise fail(f"--currency {currency}: expected three capital letters, as EUR") from error
    # The example's zeros stand for what nobody has filled in yet.
    return {name: rate for name, rate in rates.items() if rate.operator or rate.station}


def _draw(made: CampaignReport, stations: Sequence[Station], folder: Path) -> list[Path]:
    from collector.reports import plots
    from collector.station.description import OperatorPolicy

    threshold = (stations[0].operator_policy if stations else OperatorPolicy()).threshold
    pictures: dict[str, Callable[[Path], None]] = {
        "success_by_task": lambda path: plots.draw_success_matrix(
            made.by_operator_task, threshold, path
        ),
        "success_by_day": lambda path: plots.draw_success_days(
            made.by_operator_day, threshold, path
        ),
        "coverage": lambda path: plots.draw_coverage(made.coverage, path),
        "throughput": lambda path: plots.draw_throughput(made.by_operator, path),
    }
    paths = []
    for name, draw in pictures.items():
        path = folder / f"{name}.png"
        try:
            draw(path)
        except OSError as error:
            raise fail(f"{path} cannot be written: {error}") from error
        paths.append(path)
    return paths
