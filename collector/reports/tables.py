"""Rows of a report as text, ready for a table of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collector.reports.coverage import CoverageRow
from collector.reports.success import SuccessRow
from collector.reports.throughput import ThroughputRow

NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """Headings and cells; columns from ``numbers_from`` on are numbers, to be set right."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers_from: int


def success_table(rows: Sequence[SuccessRow], by: Sequence[str]) -> Table:
    """Return the table of success rates; ``by`` names the parts of the keys."""
    return Table(
        (*by, "success", "95 % interval", "of", "discarded"),
        tuple(
            (
                *row.key,
                percent(row.rate),
                interval(row) if row.attempts else NOTHING,
                str(row.attempts),
                str(row.discarded),
            )
            for row in rows
        ),
        len(by),
    )


def throughput_table(rows: Sequence[ThroughputRow], by: Sequence[str]) -> Table:
    """Return the table of demonstrations an hour and their cost."""
    return Table(
        (*by, "hours", "attempts", "demonstrations", "an hour", "cost", "a demonstration"),
        tuple(
            (
                *row.key,
                f"{row.hours:.1f}",
                str(row.attempts),
                str(row.demonstrations),
                NOTHING if row.per_hour is None else f"{row.per_hour:.1f}",
                money(row.cost, row.currency),
                money(row.cost_per_demonstration, row.currency),
            )
            for row in rows
        ),
        len(by),
    )


def coverage_table(rows: Sequence[CoverageRow]) -> Table:
    """Return the table of quotas."""
    return Table(
        ("task", "collected", "quota", "covered", "missing"),
        tuple(
            (
                row.task_id,
                str(row.collected),
                str(row.quota) if row.quota else NOTHING,
                percent(row.share),
                str(row.missing),
            )
            for row in rows
        ),
        1,
    )


def percent(share: float | None) -> str:
    """Return a share in whole per cent; 100 % and 0 % are only what is exactly so."""
    if share is None:
        return NOTHING
    whole = round(100 * share)
    if whole == 100 and share < 1:
        whole = 99
    if whole == 0 and share > 0:
        whole = 1
    return f"{whole} %"


def interval(row: SuccessRow) -> str:
    """Return the interval of a rate in whole per cent."""
    return f"{100 * row.low:.0f}–{100 * row.high:.0f} %"


def money(amount: float | None, currency: str) -> str:
    """Return an amount with its currency."""
    return NOTHING if amount is None else f"{amount:,.2f} {currency}"
