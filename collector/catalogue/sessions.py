"""Sessions: one operator at one station, with the workflow's state as last written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from collector.catalogue.custody import canonical
from collector.catalogue.errors import CatalogueError
from collector.catalogue.ledger import Ledger
from collector.catalogue.operators import consent_in_force, operator_row
from collector.catalogue.tables import SessionRow, StationRow, TaskRow
from collector.clock import NS_PER_S

BEGUN = "begun"
SIGNED_OUT = "signed_out"
FROM_EPISODES = "from_episodes"  # known from sealed folders alone


@dataclass(frozen=True)
class StationSession:
    """One operator at one station, from sign-in to sign-out."""

    session_id: str
    operator_id: str | None  # none where sealed folders name nobody
    station_id: str
    state: str  # of the workflow, as last written
    detail: Mapping[str, Any]  # what the workflow needs to go on after a crash
    began_ns: int
    ended_ns: int | None


class Sessions(Ledger):
    """Decisions about sessions."""

    def begin_session(
        self, operator_id: str, station_id: str, detail: Mapping[str, Any] | None = None
    ) -> StationSession:
        """Begin a session. Raises CatalogueError without consent, or while one is open there."""
        with self._deciding() as session:
            operator_row(session, operator_id)
            if consent_in_force(session, operator_id) is None:
                raise CatalogueError(
                    f"{operator_id} has no consent on file: "
                    f"`collector catalog operators consent {operator_id} DOCUMENT`"
                )
            open_one = _open_session(session, station_id)
            if open_one is not None:
                raise CatalogueError(
                    f"{open_one.operator_id} is signed in at {station_id}: sign them out first"
                )
            now_ns = self._clock.now_ns()
            session_id = self._new_session_id(session, now_ns)
            ensure_station(session, station_id, now_ns)
            row = SessionRow(
                session_id=session_id,
                operator_id=operator_id,
                station_id=station_id,
                state=BEGUN,
                detail=canonical(dict(detail or {})),
                began_ns=now_ns,
            )
            session.add(row)
            self._append(
                session,
                operator_id,
                "session.begin",
                f"session:{session_id}",
                payload={"operator": operator_id, "station": station_id},
            )
            session.flush()
            return _session(row)

    def _new_session_id(self, session: Session, now_ns: int) -> str:
        moment = datetime.fromtimestamp(now_ns // NS_PER_S, timezone.utc)
        while True:
            session_id = f"s-{moment:%Y%m%dT%H%M%S}-{self._rng.getrandbits(16):04x}"
            if session.get(SessionRow, session_id) is None:
                return session_id

    def save_session(
        self,
        session_id: str,
        state: str,
        detail: Mapping[str, Any],
        actor: str,
        reason: str = "",
    ) -> None:
        """Write down a transition of the workflow: who, why, and where it now stands.

        Raises CatalogueError when the session has ended.
        """
        with self._deciding() as session:
            row = open_session_row(session, session_id)
            payload = {"from": row.state, "to": state}
            row.state = state
            row.detail = canonical(dict(detail))
            self._append(
                session, actor, "session.transition", f"session:{session_id}", reason, payload
            )

    def end_session(self, session_id: str, actor: str, reason: str = "") -> None:
        """Sign out. Raises CatalogueError when the session has ended already."""
        with self._deciding() as session:
            row = open_session_row(session, session_id)
            row.state = SIGNED_OUT
            row.ended_ns = self._append(
                session, actor, "session.end", f"session:{session_id}", reason
            )

    def open_session(self, station_id: str) -> StationSession | None:
        """Return the session that is open at a station: where a restarted node goes on."""
        with self._reading() as session:
            row = _open_session(session, station_id)
            return None if row is None else _session(row)

    def session(self, session_id: str) -> StationSession:
        """Return a session. Raises CatalogueError when there is none."""
        with self._reading() as session:
            return _session(_session_row(session, session_id))


def _open_session(session: Session, station_id: str) -> SessionRow | None:
    return session.scalars(
        select(SessionRow).where(SessionRow.station_id == station_id, SessionRow.ended_ns.is_(None))
    ).first()


def _session_row(session: Session, session_id: str) -> SessionRow:
    row = session.get(SessionRow, session_id)
    if row is None:
        raise CatalogueError(f"there is no session {session_id}")
    return row


def open_session_row(session: Session, session_id: str) -> SessionRow:
    """Return the row of an open session. Raises CatalogueError when it has ended."""
    row = _session_row(session, session_id)
    if row.ended_ns is not None:
        raise CatalogueError(f"session {session_id} has ended: sign in again")
    return row


def ensure_station(session: Session, station_id: str, now_ns: int) -> None:
    """Make a station known."""
    if session.get(StationRow, station_id) is None:
        session.add(StationRow(station_id=station_id, created_ns=now_ns))
        session.flush()


def ensure_task(session: Session, task_id: str, task_type: str, now_ns: int) -> None:
    """Make a task known."""
    if session.get(TaskRow, task_id) is None:
        session.add(TaskRow(task_id=task_id, task_type=task_type, created_ns=now_ns))
        session.flush()


def _session(row: SessionRow) -> StationSession:
    return StationSession(
        session_id=row.session_id,
        operator_id=row.operator_id,
        station_id=row.station_id,
        state=row.state,
        detail=json.loads(row.detail),
        began_ns=row.began_ns,
        ended_ns=row.ended_ns,
    )
