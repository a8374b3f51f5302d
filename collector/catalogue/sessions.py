"""Sessions: one operator at one station, with the workflow's state as last written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from collector.catalogue.errors import CatalogueError
from collector.catalogue.ledger import Ledger
from collector.catalogue.tables import SessionRow, StationRow, TaskRow

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
    """Questions about sessions; `WorkflowRecords` writes them down."""

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
