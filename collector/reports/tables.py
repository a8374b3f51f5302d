"""Rows of a report as text, ready for a table of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collector.reports.coverage import CoverageRow
from collector.reports.success import SuccessRow
from collector.reports.throughput import ThroughputRow

NOTHING = "–"
RATE = "Success"
NO_RATE = f"{NOTHING:>5}"
FLAG = "!"  # at the end of a cell that wants attention
BAR_CELLS = 20
_EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True)
class Table:
    """Headings and cells; columns from ``numbers_from`` on are numbers, to be set right.

    Not so the column ``RATE``, whose cells are aligned in themselves.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers_from: int


def success_table(rows: Sequence[SuccessRow], by: Sequence[str]) -> Table:
    """Return the table of success rates; ``by`` names the parts of the keys."""
    return Table(
        (*(name.replace("_", " ").capitalize() for name in by), RATE, *_COUNTS),
        tuple((*row.key, rate(row), *_counts(row)) for row in rows),
        len(by),
    )


_COUNTS = ("Attempts", "Discarded")


def _counts(row: SuccessRow) -> tuple[str, str]:
    flag = f" {FLAG}" if row.discards_suspicious else ""
    return f"{row.attempts:,}", percent(row.discard_share) + flag


def people_table(success: Sequence[SuccessRow], output: Sequence[ThroughputRow]) -> Table:
    """Return the table of operators: success, and what their hours gave and cost.

    Both are keyed by the operator alone. Without any rate there is no column of costs.
    """
    made = {row.key: row for row in output}
    currency = next((row.currency for row in output if row.currency), "")
    costs = (f"{currency} each",) if currency else ()
    return Table(
        ("Operator", RATE, *_COUNTS, "Hours", "Demos", "Demos/h", *costs),
        tuple(
            (*row.key, rate(row), *_counts(row), *_output(made[row.key], bool(currency)))
            for row in success
        ),
        1,
    )


def _output(row: ThroughputRow, with_cost: bool) -> tuple[str, ...]:
    each = row.cost_per_demonstration
    return (
        f"{row.hours:,.1f}",
        f"{row.demonstrations:,}",
        NOTHING if row.per_hour is None else f"{row.per_hour:.1f}",
        *([NOTHING if each is None else f"{each:,.2f}"] if with_cost else []),
    )


def coverage_table(rows: Sequence[CoverageRow], success: Sequence[SuccessRow] = ()) -> Table:
    """Return the table of quotas, a bar last; ``success`` is keyed by task."""
    rates = {row.key[0]: rate(row) for row in success}
    return Table(
        ("Task", RATE, "Demos", "Quota", "Missing", "Covered", ""),
        tuple(
            (
                row.task_id,
                rates.get(row.task_id, NO_RATE),
                f"{row.collected:,}",
                f"{row.quota:,}" if row.quota else NOTHING,
                f"{row.missing:,}",
                percent(row.share),
                bar(row.share),
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


def rate(row: SuccessRow) -> str:
    """Return a rate and its interval, as `rate_of`."""
    return NO_RATE if row.rate is None else rate_of(row.rate, row.low, row.high)


def rate_of(share: float, low: float, high: float) -> str:
    """Return a rate and its interval in whole per cent; beneath each other when set left."""
    return f"{percent(share):>5}  {100 * low:.0f}–{100 * high:.0f}"


def interval(row: SuccessRow) -> str:
    """Return the interval of a rate in whole per cent."""
    return f"{100 * row.low:.0f}–{100 * row.high:.0f} %"


def money(amount: float | None, currency: str) -> str:
    """Return an amount with its currency."""
    return NOTHING if amount is None else f"{amount:,.2f} {currency}"


def bar(share: float | None) -> str:
    """Return a share as a bar of 20 characters; whole only from 100 % on."""
    if share is None:
        return " " * BAR_CELLS
    eighths = min(int(8 * BAR_CELLS * share), 8 * BAR_CELLS)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(BAR_CELLS, "·")
