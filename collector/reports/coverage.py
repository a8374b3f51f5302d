"""How far each task's quota is filled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from collector.reports.attempt_record import AttemptRecord


@dataclass(frozen=True)
class CoverageRow:
    """One task against its quota."""

    task_id: str
    quota: int  # demonstrations wanted; 0: none
    collected: int  # demonstrations: collected successes
    share: float | None  # collected over quota; None without a quota
    missing: int


def coverage_rows(
    records: Iterable[AttemptRecord], quotas: Mapping[str, int]
) -> tuple[CoverageRow, ...]:
    """Return every task that has a quota or a demonstration, the least covered first.

    Tasks without a quota come last. Raises ValueError for a quota below 0.
    """
    for task_id, quota in quotas.items():
        if quota < 0:
            raise ValueError(f"the quota of {task_id} is {quota}, it must be 0 or more")
    collected = Counter(record.task_id for record in records if record.is_demonstration)
    rows = []
    for task_id in quotas.keys() | collected.keys():
        quota, made = quotas.get(task_id, 0), collected[task_id]
        rows.append(
            CoverageRow(task_id, quota, made, made / quota if quota else None, max(quota - made, 0))
        )
    return tuple(
        sorted(rows, key=lambda r: (r.share is None, r.share if r.share else 0.0, r.task_id))
    )
