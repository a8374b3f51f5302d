"""Attempts: every try at a task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select, union_all

from collector.catalogue.ledger import Ledger
from collector.catalogue.tables import AttemptRow, EpisodeRow, TaskRow
from collector.episode.goal import DISCARDED, FAILURE, INTERRUPTED, SUCCESS, UNLABELLED

PHASES = ("practice", "collection")
OUTCOMES = (SUCCESS, FAILURE, UNLABELLED, DISCARDED, INTERRUPTED)


@dataclass(frozen=True)
class Attempt:
    """One try at a task."""

    attempt_id: int  # grows with time
    session_id: str | None
    operator_id: str | None
    station_id: str
    task_id: str
    phase: str  # practice | collection
    outcome: str  # one of OUTCOMES; `recording` while it is open
    episode_id: str | None
    detail: Mapping[str, Any]  # layout, arm start, practice measures
    began_ns: int
    ended_ns: int | None
    workflow_id: str | None  # what the session calls it; none for what it never told
    predicate: bool | None  # the simulator's judgement, as the session told it


class Attempts(Ledger):
    """Questions about attempts; `WorkflowRecords` writes them down."""

    def session_attempts(self, session_id: str) -> list[Attempt]:
        """Return the attempts of a session, oldest first."""
        with self._reading() as session:
            rows = session.scalars(
                select(AttemptRow)
                .where(AttemptRow.session_id == session_id)
                .order_by(AttemptRow.attempt_id)
            )
            return [_attempt(row) for row in rows]

    def collected_counts(self) -> dict[str, int]:
        """Return task -> demonstrations that count for its quota, of all sessions and stations.

        Collected, a success to the operator, and not called a failure by the simulator or a
        reviewer, withdrawn or deleted since. Known tasks without any have 0.
        """
        # Each part from an index alone: a join of all attempts costs five times as much.
        unusable = union_all(
            *(
                select(EpisodeRow.episode_id).where(condition)
                for condition in (
                    EpisodeRow.status.in_(("withdrawn", "deleted")),
                    EpisodeRow.outcome == INTERRUPTED,
                    EpisodeRow.label_reviewer == FAILURE,
                    EpisodeRow.label_predicate == FAILURE,
                )
            )
        )
        counted = (
            select(AttemptRow.task_id, func.count())
            .where(
                AttemptRow.phase == "collection",
                AttemptRow.outcome == SUCCESS,
                AttemptRow.predicate.is_not(False),
                # Its episode may not be registered yet.
                or_(AttemptRow.episode_id.is_(None), AttemptRow.episode_id.not_in(unusable)),
            )
            .group_by(AttemptRow.task_id)
        )
        with self._reading() as session:
            counts = dict.fromkeys(session.scalars(select(TaskRow.task_id)), 0)
            counts.update((task_id, count) for task_id, count in session.execute(counted))
            return counts


def _attempt(row: AttemptRow) -> Attempt:
    return Attempt(
        attempt_id=row.attempt_id,
        session_id=row.session_id,
        operator_id=row.operator_id,
        station_id=row.station_id,
        task_id=row.task_id,
        phase=row.phase,
        outcome=row.outcome,
        episode_id=row.episode_id,
        detail=json.loads(row.detail),
        began_ns=row.began_ns,
        ended_ns=row.ended_ns,
        workflow_id=row.workflow_id,
        predicate=row.predicate,
    )
