"""Attempts: every try at a task.

An attempt is written down when it begins. A process killed in it leaves it open, to be
found by `open_attempts` and marked as interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, or_, select, union_all
from sqlalchemy.orm import Session

from collector.catalogue.custody import canonical
from collector.catalogue.errors import CatalogueError
from collector.catalogue.ledger import Ledger
from collector.catalogue.operators import consent_in_force
from collector.catalogue.sessions import ensure_task, open_session_row
from collector.catalogue.tables import AttemptRow, EpisodeRow, SessionRow, TaskRow
from collector.episode.goal import DISCARDED, FAILURE, INTERRUPTED, RECORDING, SUCCESS, UNLABELLED

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
    """Decisions about attempts."""

    def begin_attempt(
        self,
        session_id: str,
        task_id: str,
        task_type: str,
        phase: str,
        detail: Mapping[str, Any] | None = None,
    ) -> Attempt:
        """Write down that an attempt begins.

        Raises CatalogueError when the session has ended, its operator's consent is withdrawn,
        or an attempt is open in it.
        """
        with self._deciding() as session:
            now_ns = self._clock.now_ns()
            row = self._begin(session, session_id, task_id, task_type, phase, detail, now_ns)
            return _attempt(row)

    def finish_attempt(
        self,
        attempt_id: int,
        outcome: str,
        episode_id: str | None = None,
        detail: Mapping[str, Any] | None = None,
        actor: str = "session",
        reason: str = "",
    ) -> Attempt:
        """Write down how an attempt ended; ``detail`` is added to what it began with.

        Raises CatalogueError when it has ended already: `amend_attempt` changes an outcome.
        """
        with self._deciding() as session:
            row = _attempt_row(session, attempt_id)
            if row.ended_ns is not None:
                raise CatalogueError(f"attempt {attempt_id} has ended already, as {row.outcome}")
            self._finish(session, row, outcome, episode_id, detail, actor, reason, None)
            return _attempt(row)

    def record_attempt(
        self,
        session_id: str,
        task_id: str,
        task_type: str,
        phase: str,
        outcome: str,
        episode_id: str | None = None,
        detail: Mapping[str, Any] | None = None,
        began_ns: int | None = None,
        ended_ns: int | None = None,
    ) -> Attempt:
        """Write down a whole attempt at once. Raises CatalogueError as `begin_attempt`."""
        with self._deciding() as session:
            began_ns = self._clock.now_ns() if began_ns is None else began_ns
            row = self._begin(session, session_id, task_id, task_type, phase, detail, began_ns)
            self._finish(session, row, outcome, episode_id, None, "session", "", ended_ns)
            return _attempt(row)

    def _begin(
        self,
        session: Session,
        session_id: str,
        task_id: str,
        task_type: str,
        phase: str,
        detail: Mapping[str, Any] | None,
        began_ns: int,
    ) -> AttemptRow:
        if phase not in PHASES:
            raise CatalogueError(f"there is no phase {phase!r}: choose from {', '.join(PHASES)}")
        sitting = open_session_row(session, session_id)
        if sitting.operator_id is None or consent_in_force(session, sitting.operator_id) is None:
            raise CatalogueError(f"{sitting.operator_id} has withdrawn consent: record nothing")
        open_id = session.scalar(
            select(AttemptRow.attempt_id).where(
                AttemptRow.session_id == session_id, AttemptRow.ended_ns.is_(None)
            )
        )
        if open_id is not None:
            raise CatalogueError(f"attempt {open_id} is open in {session_id}: end it first")
        ensure_task(session, task_id, task_type, began_ns)
        row = AttemptRow(
            session_id=session_id,
            operator_id=sitting.operator_id,
            station_id=sitting.station_id,
            task_id=task_id,
            phase=phase,
            outcome=RECORDING,
            detail=canonical(dict(detail or {})),
            began_ns=began_ns,
        )
        session.add(row)
        session.flush()
        self._append(
            session,
            "session",
            "attempt.begin",
            f"attempt:{row.attempt_id}",
            payload={
                "session": session_id,
                "operator": sitting.operator_id,
                "task": task_id,
                "phase": phase,
            },
        )
        return row

    def _finish(
        self,
        session: Session,
        row: AttemptRow,
        outcome: str,
        episode_id: str | None,
        detail: Mapping[str, Any] | None,
        actor: str,
        reason: str,
        ended_ns: int | None,
    ) -> None:
        _require_outcome(outcome)
        row.outcome = outcome
        if episode_id is not None:  # else as registering the episode tied it
            row.episode_id = episode_id
        if detail:
            row.detail = canonical({**json.loads(row.detail), **detail})
        now_ns = self._append(
            session,
            actor,
            "attempt.finish",
            f"attempt:{row.attempt_id}",
            reason,
            {"outcome": outcome, "episode": row.episode_id},
        )
        row.ended_ns = now_ns if ended_ns is None else ended_ns

    def amend_attempt(self, attempt_id: int, outcome: str, actor: str, reason: str) -> Attempt:
        """Change the outcome of an attempt that has ended: a discard, or its undoing.

        Raises CatalogueError while it is open, and once its operator has signed out.
        """
        _require_outcome(outcome)
        with self._deciding() as session:
            row = _attempt_row(session, attempt_id)
            if row.ended_ns is None:
                raise CatalogueError(f"attempt {attempt_id} is still open: end it first")
            sitting = None if row.session_id is None else session.get(SessionRow, row.session_id)
            if sitting is None or sitting.ended_ns is not None:
                raise CatalogueError(
                    f"attempt {attempt_id} is final since its operator signed out: "
                    "a reviewer can still label its episode"
                )
            payload = {"from": row.outcome, "outcome": outcome}
            row.outcome = outcome
            self._append(session, actor, "attempt.amend", f"attempt:{attempt_id}", reason, payload)
            return _attempt(row)

    def attempt(self, attempt_id: int) -> Attempt:
        """Return an attempt. Raises CatalogueError when there is none."""
        with self._reading() as session:
            return _attempt(_attempt_row(session, attempt_id))

    def open_attempts(self, station_id: str) -> list[Attempt]:
        """Return the attempts at a station that have not ended: it was killed in them."""
        with self._reading() as session:
            rows = session.scalars(
                select(AttemptRow)
                .join(SessionRow, AttemptRow.session_id == SessionRow.session_id)
                .where(SessionRow.station_id == station_id, AttemptRow.ended_ns.is_(None))
                .order_by(AttemptRow.attempt_id)
            )
            return [_attempt(row) for row in rows]

    def attempts(
        self,
        operator_id: str,
        task_id: str,
        phase: str | None = None,
        limit: int | None = None,
        outcomes: tuple[str, ...] = OUTCOMES,
    ) -> list[Attempt]:
        """Return an operator's ended attempts at a task, newest first: what the gate counts."""
        query = (
            select(AttemptRow)
            .where(
                AttemptRow.operator_id == operator_id,
                AttemptRow.task_id == task_id,
                AttemptRow.outcome.in_(outcomes),
            )
            .order_by(AttemptRow.began_ns.desc(), AttemptRow.attempt_id.desc())
            .limit(limit)
        )
        if phase is not None:
            query = query.where(AttemptRow.phase == phase)
        with self._reading() as session:
            return [_attempt(row) for row in session.scalars(query)]

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


def _require_outcome(outcome: str) -> None:
    if outcome not in OUTCOMES:
        raise CatalogueError(f"there is no outcome {outcome!r}: choose from {', '.join(OUTCOMES)}")


def _attempt_row(session: Session, attempt_id: int) -> AttemptRow:
    row = session.get(AttemptRow, attempt_id)
    if row is None:
        raise CatalogueError(f"there is no attempt {attempt_id}")
    return row


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
