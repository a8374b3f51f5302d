"""A whole campaign in one report: rows for tables and plots, and plain values for JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Any

from collector.reports.attempt_record import AttemptRecord
from collector.reports.coverage import CoverageRow, coverage_rows
from collector.reports.grouping import UTC
from collector.reports.success import SuccessRow, success_rows
from collector.reports.throughput import ThroughputRow, throughput_rows
from collector.station.description import HourlyRate


@dataclass(frozen=True)
class CampaignReport:
    """Everything that is reported of a campaign."""

    by_operator_task_day: tuple[SuccessRow, ...]
    by_operator_task: tuple[SuccessRow, ...]
    by_operator_day: tuple[SuccessRow, ...]
    success_by_operator: tuple[SuccessRow, ...]
    success_by_task: tuple[SuccessRow, ...]
    success: SuccessRow | None  # of all; None without an attempt
    by_operator: tuple[ThroughputRow, ...]
    total: ThroughputRow | None  # None without an attempt
    coverage: tuple[CoverageRow, ...]  # of the whole campaign

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON: lists of rows, with the parts of each key by name."""
        return {
            "success": [
                _named(row, ("operator", "task", "day")) for row in self.by_operator_task_day
            ],
            "success_by_operator": [_named(row, ("operator",)) for row in self.success_by_operator],
            "success_by_task": [_named(row, ("task",)) for row in self.success_by_task],
            "success_of_all": None if self.success is None else _named(self.success, ()),
            "throughput": [_named(row, ("operator",)) for row in self.by_operator],
            "total": None if self.total is None else _named(self.total, ()),
            "coverage": [
                {"task": (values := asdict(row)).pop("task_id"), **values} for row in self.coverage
            ],
        }


def campaign_report(
    records: Iterable[AttemptRecord],
    quotas: Mapping[str, int],
    rates: Mapping[str, HourlyRate],
    zone: tzinfo = UTC,
    wanted: Callable[[AttemptRecord], bool] | None = None,
) -> CampaignReport:
    """Report a campaign from its ended attempts.

    ``records``: all of them. ``quotas``: demonstrations wanted, by task id. ``rates``: by
    station id. ``zone``: where a day begins. ``wanted`` says which attempts are reported, None
    for all; the coverage of a quota is always that of everyone and every day. Raises
    ValueError for a quota below 0, and for several currencies.
    """
    records = list(records)
    shown = records if wanted is None else [record for record in records if wanted(record)]
    total = throughput_rows(records, rates, (), zone, wanted)
    success = success_rows(shown, (), zone)
    return CampaignReport(
        by_operator_task_day=success_rows(shown, ("operator", "task", "day"), zone),
        by_operator_task=success_rows(shown, ("operator", "task"), zone),
        by_operator_day=success_rows(shown, ("operator", "day"), zone),
        success_by_operator=success_rows(shown, ("operator",), zone),
        success_by_task=success_rows(shown, ("task",), zone),
        success=success[0] if success else None,
        by_operator=throughput_rows(records, rates, ("operator",), zone, wanted),
        total=total[0] if total else None,
        coverage=coverage_rows(records, quotas),
    )


def _named(row: SuccessRow | ThroughputRow, names: Sequence[str]) -> dict[str, Any]:
    values = asdict(row)
    key = values.pop("key")
    return {**dict(zip(names, key, strict=True)), **values}
