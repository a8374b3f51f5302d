"""Writes down what a station's workflow tells: transitions, attempts, overrides, episodes.

The session's journal is the truth and the catalogue its memory: nothing that happened is
refused, neither after a withdrawal of consent nor after sign-out, and whatever is told
again changes nothing.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from collector.catalogue.custody import canonical, plain_text
from collector.catalogue.episodes import Episodes
from collector.catalogue.operators import ensure_operator
from collector.catalogue.sealed_facts import SealedFacts
from collector.catalogue.sessions import (
    BEGUN,
    FROM_EPISODES,
    SIGNED_OUT,
    ensure_station,
    ensure_task,
)
from collector.catalogue.tables import AttemptRow, CustodyRow, SessionRow, StationRow
from collector.catalogue.workflow_marks import (
    WorkflowMarks,
    cells_of,
    detail_of,
    workflow_row,
)
from collector.episode.goal import INTERRUPTED, RECORDING
from collector.workflow.history import AttemptMark
from collector.workflow.journal import Entry
from collector.workflow.state_machine import Event

_ANOTHER_BEGAN = "another session began at the station"


class WorkflowRecords(WorkflowMarks, Episodes):
    """What the workflow has decided already."""

    def journal_position(self, station_id: str) -> tuple[int, int] | None:
        """Return sequence and time of the newest entry of a station's journal that is kept."""
        with self._reading() as session:
            row = session.get(StationRow, station_id)
            if row is None or row.journal_sequence is None or row.journal_at_ns is None:
                return None
            return row.journal_sequence, row.journal_at_ns

    def write_entry(self, station_id: str, entry: Entry, session_id: str) -> None:
        """Write a transition of a station's session into the chain of custody.

        Signing in begins the catalogue's session of that id, and ends any that was left open
        there; signing out ends it. Without ``session_id`` it is the one that is open.
        """
        with self._deciding() as session:
            ensure_station(session, station_id, entry.at_ns)
            row: SessionRow | None
            if entry.event is Event.SIGN_IN:
                self._leave_older(session, station_id, session_id, entry)
                row = self._begun(
                    session,
                    session_id,
                    plain_text(entry.changes.get("operator_id", "")),
                    station_id,
                    entry.at_ns,
                )
            else:
                row = _session_of(session, station_id, session_id)
            action = "session.transition"
            payload: dict[str, Any] = {
                "event": entry.event.value,
                "from": entry.start.value,
                "to": entry.end.value,
                "at_ns": entry.at_ns,
                "sequence": entry.sequence,
            }
            if row is not None:
                row.state = entry.end.value
                detail = {**json.loads(row.detail), "journal_sequence": entry.sequence}
                if entry.event is Event.SIGN_IN:
                    action = "session.begin"
                    row.began_ns, row.ended_ns = entry.at_ns, None
                    told = {
                        "consent": plain_text(entry.changes.get("consent", "")),
                        "plan": list(entry.changes.get("plan", ())),
                    }
                    detail.update(told)
                    payload.update(told, operator=row.operator_id, station=station_id)
                elif entry.event is Event.SIGN_OUT:
                    action = "session.end"
                    row.state, row.ended_ns = SIGNED_OUT, entry.at_ns
                row.detail = canonical(detail)
            subject = f"session:{row.session_id}" if row is not None else f"station:{station_id}"
            self._append(
                session, plain_text(entry.who), action, subject, plain_text(entry.why), payload
            )
            station = session.get_one(StationRow, station_id)
            station.journal_sequence, station.journal_at_ns = entry.sequence, entry.at_ns

    def _leave_older(
        self, session: Session, station_id: str, session_id: str, entry: Entry
    ) -> None:
        """End what is open at a station from before: its journal was lost."""
        for row in session.scalars(
            select(SessionRow).where(
                SessionRow.station_id == station_id,
                SessionRow.ended_ns.is_(None),
                SessionRow.began_ns < entry.at_ns,
                SessionRow.session_id != session_id,
            )
        ).all():
            for attempt in session.scalars(
                select(AttemptRow).where(
                    AttemptRow.session_id == row.session_id, AttemptRow.ended_ns.is_(None)
                )
            ).all():
                self._end(session, attempt, INTERRUPTED, _ANOTHER_BEGAN, entry.at_ns)
            row.state, row.ended_ns = SIGNED_OUT, entry.at_ns
            subject = f"session:{row.session_id}"
            self._append(session, "session", "session.end", subject, _ANOTHER_BEGAN)

    def _begun(
        self, session: Session, session_id: str, operator_id: str, station_id: str, began_ns: int
    ) -> SessionRow:
        """Return the session's row, made where there is none: an attempt may be told first."""
        row = session.get(SessionRow, session_id)
        if row is not None and row.state != FROM_EPISODES:
            return row
        ensure_operator(session, operator_id, began_ns)
        ensure_station(session, station_id, began_ns)
        if row is None:
            row = SessionRow(session_id=session_id, detail=canonical({}))
            session.add(row)
        row.operator_id, row.station_id = operator_id, station_id
        row.state, row.began_ns, row.ended_ns = BEGUN, began_ns, None
        session.flush()
        return row

    def write_mark(self, station_id: str, mark: AttemptMark, task_type: str) -> None:
        """Write down an attempt, or what is said of it now.

        A label that changes after its end amends it, and is added to its episode's labels.
        The reviewer's verdict is not the workflow's to say: it is left out.
        """
        with self._deciding() as session:
            row = workflow_row(session, mark.attempt_id)
            if row is None and mark.episode_id:
                row = self._adopted(session, station_id, mark)
            if row is None:
                row = self._begin_marked(session, station_id, mark, task_type)
            self._take(session, row, mark)
            if mark.episode_id:
                self._tie(session, row, mark.episode_id)

    def _begin_marked(
        self, session: Session, station_id: str, mark: AttemptMark, task_type: str
    ) -> AttemptRow:
        self._begun(session, mark.session_id, mark.operator_id, station_id, mark.started_ns)
        ensure_operator(session, mark.operator_id, mark.started_ns)
        ensure_task(session, mark.task_id, task_type, mark.started_ns)
        row = AttemptRow(
            session_id=mark.session_id,
            operator_id=mark.operator_id,
            station_id=station_id,
            task_id=mark.task_id,
            phase=mark.phase,
            outcome=RECORDING,
            detail=canonical({}),
            began_ns=mark.started_ns,
            workflow_id=mark.attempt_id,
        )
        session.add(row)
        session.flush()
        self._append(
            session,
            "session",
            "attempt.begin",
            f"attempt:{row.attempt_id}",
            payload={
                "session": mark.session_id,
                "operator": mark.operator_id,
                "task": mark.task_id,
                "phase": mark.phase,
                "workflow": mark.attempt_id,
            },
        )
        return row

    def _adopted(self, session: Session, station_id: str, mark: AttemptMark) -> AttemptRow | None:
        """Give an attempt that is known from its episode alone the name of the workflow."""
        row = session.scalars(
            select(AttemptRow)
            .where(AttemptRow.episode_id == mark.episode_id, AttemptRow.workflow_id.is_(None))
            .order_by(AttemptRow.attempt_id)
            .limit(1)
        ).first()
        if row is None:
            return None
        self._begun(session, mark.session_id, mark.operator_id, station_id, mark.started_ns)
        row.workflow_id, row.session_id = mark.attempt_id, mark.session_id
        row.began_ns, row.ended_ns = mark.started_ns, mark.ended_ns or row.ended_ns
        self._append(
            session,
            "session",
            "attempt.adopt",
            f"attempt:{row.attempt_id}",
            payload={"workflow": mark.attempt_id},
        )
        return row

    def _take(self, session: Session, row: AttemptRow, mark: AttemptMark) -> None:
        """Let the row say what the mark says. That it was recording once ends no more."""
        if mark.outcome == RECORDING and row.outcome != RECORDING:
            return
        if mark.predicate is not None:
            row.predicate = mark.predicate
        cells = cells_of(mark)
        if row.cells != cells:
            row.cells = cells
        row.detail = detail_of(mark, row.detail)
        if mark.outcome == row.outcome:
            return
        reason = plain_text(mark.reason)
        if row.outcome == RECORDING:
            self._end(session, row, mark.outcome, reason, mark.ended_ns)
            return
        payload = {"from": row.outcome, "outcome": mark.outcome}
        row.outcome = mark.outcome
        subject = f"attempt:{row.attempt_id}"
        self._append(session, "session", "attempt.amend", subject, reason, payload)
        self._label_as_attempted(session, row)

    def _end(
        self, session: Session, row: AttemptRow, outcome: str, reason: str, ended_ns: int
    ) -> None:
        row.outcome = outcome
        now_ns = self._append(
            session,
            "session",
            "attempt.finish",
            f"attempt:{row.attempt_id}",
            reason,
            {"outcome": outcome, "episode": row.episode_id},
        )
        row.ended_ns = ended_ns or now_ns
        self._label_as_attempted(session, row)

    def _tie(self, session: Session, row: AttemptRow, episode_id: str) -> None:
        """Say whose episode it is, whatever was guessed before."""
        if row.episode_id == episode_id:
            return
        for other in session.scalars(
            select(AttemptRow).where(
                AttemptRow.episode_id == episode_id, AttemptRow.attempt_id != row.attempt_id
            )
        ).all():
            subject = f"attempt:{other.attempt_id}"
            decided = session.scalar(
                select(CustodyRow.sequence).where(CustodyRow.subject == subject).limit(1)
            )
            if other.workflow_id is None and decided is None:
                # Known from the episode alone: it was this attempt.
                session.delete(other)
            else:
                other.episode_id = None
        row.episode_id = episode_id
        self._append(
            session,
            "session",
            "attempt.seal",
            f"attempt:{row.attempt_id}",
            payload={"episode": episode_id},
        )
        self._label_as_attempted(session, row)

    def register_sealed(
        self, facts: SealedFacts, task_type: str, attempt_id: str, actor: str = "session"
    ) -> None:
        """Take the facts of a sealed folder, and tie it to what the workflow calls so.

        An attempt that is not known yet is tied when it is told. Raises CatalogueError as
        `register_facts`.
        """
        with self.together(), self._deciding() as session:
            row = workflow_row(session, attempt_id)
            if row is not None:
                self._tie(session, row, facts.episode_id)
                session.flush()
            self.register_facts(facts, task_type, actor)
            if row is not None:
                self._label_as_attempted(session, row)


def _session_of(session: Session, station_id: str, session_id: str) -> SessionRow | None:
    if session_id:
        return session.get(SessionRow, session_id)
    return session.scalars(
        select(SessionRow)
        .where(SessionRow.station_id == station_id, SessionRow.ended_ns.is_(None))
        .order_by(SessionRow.began_ns.desc())
        .limit(1)
    ).first()
