"""A whole campaign in one report: rows for tables and plots, and plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    by_operator: tuple[ThroughputRow, ...]
    total: ThroughputRow | None  # None without an attempt
    coverage: tuple[CoverageRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON: lists of rows, with the parts of each key by name."""
        return {
            "success": [
                _named(row, ("operator", "task", "day")) for row in self.by_operator_task_day
            ],
            "throughput": [_named(row, ("operator",)) for row in self.by_operator],
            "total": None if self.total is None else _named(self.total, ()),
            "coverage": [asdict(row) for row in self.coverage],
        }


def campaign_report(
    records: Iterable[AttemptRecord],
    quotas: Mapping[str, int],
    rates: Mapping[str, HourlyRate],
    zone: tzinfo = UTC,
) -> CampaignReport:
    """Report a campaign from its ended attempts.

    ``quotas``: demonstrations wanted, by task id. ``rates``: by station id. ``zone``: where a
    day begins. Raises ValueError for a quota below 0, and for several currencies.
    """
    records = list(records)
    total = throughput_rows(records, rates, (), zone)
    return CampaignReport(
        by_operator_task_day=success_rows(records, ("operator", "task", "day"), zone),
        by_operator_task=success_rows(records, ("operator", "task"), zone),
        by_operator_day=success_rows(records, ("operator", "day"), zone),
        by_operator=throughput_rows(records, rates, ("operator",), zone),
        total=total[0] if total else None,
        coverage=coverage_rows(records, quotas),
    )


def _named(row: SuccessRow | ThroughputRow, names: Sequence[str]) -> dict[str, Any]:
    values = asdict(row)
    key = values.pop("key")
    return {**dict(zip(names, key, strict=True)), **values}
