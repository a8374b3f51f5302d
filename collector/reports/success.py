"""Success rates with their intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from collector.reports.attempt_record import AttemptRecord
from collector.reports.grouping import UTC, grouped
from collector.workflow.gate import SUSPICIOUS_DISCARD_SHARE, wilson_interval

FEWEST_TO_SUSPECT = 10  # one discard of two attempts is no habit yet


@dataclass(frozen=True)
class SuccessRow:
    """Success of one group: of its labelled attempts, in practice and in collection."""

    key: tuple[str, ...]  # in the order that was asked for, such as operator, task, day
    attempts: int  # labelled
    successes: int  # that neither the simulator nor a reviewer contradicts
    rate: float | None  # None without a labelled attempt
    low: float  # 95 % Wilson interval; 0 and 1 without a labelled attempt
    high: float
    discarded: int
    other: int  # unlabelled and interrupted
    disputed: int  # labelled a success and contradicted: among the attempts, not the successes
    discard_share: float  # of the labelled and the discarded
    discards_suspicious: bool  # more than 20 %, of at least 10


def success_rows(
    records: Iterable[AttemptRecord],
    by: Sequence[str] = ("operator", "task", "day"),
    zone: tzinfo = UTC,
) -> tuple[SuccessRow, ...]:
    """Return the success of every group that occurs, in the order of the keys.

    Raises ValueError for an unknown name in ``by``.
    """
    rows = []
    for key, group in grouped(records, by, zone).items():
        attempts = sum(record.counts for record in group)
        successes = sum(record.succeeded for record in group)
        discarded = sum(record.discarded for record in group)
        low, high = wilson_interval(successes, attempts)
        decided = attempts + discarded
        share = discarded / decided if decided else 0.0
        rows.append(
            SuccessRow(
                key=key,
                attempts=attempts,
                successes=successes,
                rate=successes / attempts if attempts else None,
                low=low,
                high=high,
                discarded=discarded,
                other=len(group) - attempts - discarded,
                disputed=sum(record.disputed for record in group),
                discard_share=share,
                discards_suspicious=decided >= FEWEST_TO_SUSPECT
                and share > SUSPICIOUS_DISCARD_SHARE,
            )
        )
    return tuple(rows)
