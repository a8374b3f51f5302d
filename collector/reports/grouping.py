"""Groups attempts by what a report is about: operator, task, type of task, station, day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timezone, tzinfo

from collector.reports.attempt_record import AttemptRecord

UTC = timezone.utc
KEYS: dict[str, Callable[[AttemptRecord, tzinfo], str]] = {
    "operator": lambda record, zone: record.operator_id,
    "task": lambda record, zone: record.task_id,
    "task_type": lambda record, zone: record.task_type,
    "station": lambda record, zone: record.station_id,
    "phase": lambda record, zone: record.phase,
    "day": lambda record, zone: record.day(zone),
}


def key_of(record: AttemptRecord, by: Sequence[str], zone: tzinfo) -> tuple[str, ...]:
    """Return the record's place in a grouping. Raises ValueError for an unknown name in ``by``."""
    unknown = [name for name in by if name not in KEYS]
    if unknown:
        raise ValueError(f"cannot group by {unknown[0]!r}: choose from {', '.join(KEYS)}")
    return tuple(KEYS[name](record, zone) for name in by)


def grouped(
    records: Iterable[AttemptRecord], by: Sequence[str], zone: tzinfo = UTC
) -> dict[tuple[str, ...], list[AttemptRecord]]:
    """Return the records of each group, groups in sorted order.

    Raises ValueError for an unknown name in ``by``.
    """
    groups: dict[tuple[str, ...], list[AttemptRecord]] = {}
    for record in records:
        groups.setdefault(key_of(record, by, zone), []).append(record)
    return dict(sorted(groups.items()))
