"""Demonstrations an hour, and what one costs.

Time is that of the sessions, not of the attempts: laying the objects out anew is work. An
attempt *takes* from the end of the one before it in its session to its own end, so the times
of a session's attempts add up to the session from its first attempt on. Practice counts: it
is what the demonstrations after it cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from collector.clock import NS_PER_S
from collector.reports.attempt_record import AttemptRecord
from collector.reports.grouping import UTC, key_of
from collector.station.description import HourlyRate

# Between two attempts of a session; whoever is away for longer has gone.
LONGEST_PAUSE_NS = 30 * 60 * NS_PER_S
_NS_PER_HOUR = 3600 * NS_PER_S


@dataclass(frozen=True)
class ThroughputRow:
    """Output and cost of one group."""

    key: tuple[str, ...]
    hours: float
    attempts: int
    demonstrations: int  # collected successes
    per_hour: float | None  # None without time
    cost: float | None  # None where a station's hourly rate is not known
    cost_per_demonstration: float | None  # None without a demonstration, too
    currency: str  # ISO 4217; empty where no rate is known


def throughput_rows(
    records: Iterable[AttemptRecord],
    rates: Mapping[str, HourlyRate],
    by: Sequence[str] = ("operator",),
    zone: tzinfo = UTC,
    wanted: Callable[[AttemptRecord], bool] | None = None,
) -> tuple[ThroughputRow, ...]:
    """Return output and cost of every group, in the order of the keys; one row for ``by=()``.

    ``records`` are whole sessions: what an attempt took is known from the one before it.
    ``wanted`` says which of them are reported; None for all. ``rates``: of each station, by
    its id. Raises ValueError for an unknown name in ``by``, and where the stations of the
    records are paid in several currencies.
    """
    records = list(records)
    timed = [(r, took_ns) for r, took_ns in _times(records) if wanted is None or wanted(r)]
    currency = _currency([record for record, _ in timed], rates)
    hours: dict[tuple[str, ...], float] = defaultdict(float)
    cost: dict[tuple[str, ...], float] = defaultdict(float)
    attempts: dict[tuple[str, ...], int] = defaultdict(int)
    demonstrations: dict[tuple[str, ...], int] = defaultdict(int)
    unpaid: set[tuple[str, ...]] = set()
    for record, took_ns in timed:
        key = key_of(record, by, zone)
        took_h = took_ns / _NS_PER_HOUR
        hours[key] += took_h
        attempts[key] += 1
        demonstrations[key] += record.is_demonstration
        rate = rates.get(record.station_id)
        if rate is None:
            unpaid.add(key)
        else:
            cost[key] += took_h * (rate.operator + rate.station)
    rows = []
    for key in sorted(attempts):
        paid = None if key in unpaid else cost[key]
        made = demonstrations[key]
        rows.append(
            ThroughputRow(
                key=key,
                hours=hours[key],
                attempts=attempts[key],
                demonstrations=made,
                per_hour=made / hours[key] if hours[key] > 0 else None,
                cost=paid,
                cost_per_demonstration=paid / made if paid is not None and made else None,
                currency=currency if paid is not None else "",
            )
        )
    return tuple(rows)


def _times(records: Sequence[AttemptRecord]) -> Iterable[tuple[AttemptRecord, int]]:
    """Yield every record with the time it took, ns."""
    sessions: dict[tuple[str, str], list[AttemptRecord]] = defaultdict(list)
    for record in records:
        # A session that was not named is that of one operator at one station.
        session = record.session_id or f"of {record.operator_id}"
        sessions[(record.station_id, session)].append(record)
    for group in sessions.values():
        until_ns: int | None = None
        for record in sorted(group, key=lambda r: (r.began_ns, r.ended_ns)):
            since_ns = record.began_ns
            if until_ns is not None and record.began_ns - until_ns <= LONGEST_PAUSE_NS:
                since_ns = until_ns
            yield record, max(record.ended_ns - since_ns, 0)
            until_ns = max(record.ended_ns, until_ns or 0)


def _currency(records: Sequence[AttemptRecord], rates: Mapping[str, HourlyRate]) -> str:
    seen = sorted({rates[r.station_id].currency for r in records if r.station_id in rates})
    if len(seen) > 1:
        raise ValueError(
            f"the stations are paid in {' and '.join(seen)}: report those of each currency by "
            f"themselves"
        )
    return seen[0] if seen else ""
