"""Every ended attempt as reports see it, with what the simulator and reviewers say of it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func, or_, select

from collector.catalogue.ledger import Ledger
from collector.catalogue.tables import AttemptRow, EpisodeRow, TaskRow
from collector.episode.goal import FAILURE, INTERRUPTED, SUCCESS
from collector.reports.attempt_record import AttemptRecord

NOBODY = "unknown"  # where sealed folders name no operator


def attempt_records(catalogue: Ledger) -> list[AttemptRecord]:
    """Return the ended attempts of all sessions and stations, oldest first.

    A success is contradicted where the simulator or the newest word of a reviewer calls it a
    failure; it is usable until its episode is withdrawn or deleted.
    """
    # The simulator's newest word is its label of the episode, else what the session told.
    contradicted: ColumnElement[bool] = or_(
        func.coalesce(EpisodeRow.label_reviewer, SUCCESS) == FAILURE,
        func.coalesce(EpisodeRow.label_predicate, SUCCESS) == FAILURE,
        and_(EpisodeRow.label_predicate.is_(None), AttemptRow.predicate.is_(False)),
    )
    usable: ColumnElement[bool] = or_(
        EpisodeRow.episode_id.is_(None),  # it is not registered yet
        and_(
            EpisodeRow.status.in_(("recorded", "released")),
            EpisodeRow.outcome != INTERRUPTED,
        ),
    )
    query = (
        select(
            AttemptRow.operator_id,
            AttemptRow.station_id,
            AttemptRow.session_id,
            AttemptRow.task_id,
            TaskRow.task_type,
            AttemptRow.phase,
            AttemptRow.outcome,
            AttemptRow.began_ns,
            AttemptRow.ended_ns,
            contradicted.label("contradicted"),
            usable.label("usable"),
        )
        .join(TaskRow, AttemptRow.task_id == TaskRow.task_id)
        .outerjoin(EpisodeRow, AttemptRow.episode_id == EpisodeRow.episode_id)
        .where(AttemptRow.ended_ns.is_not(None))
        .order_by(AttemptRow.began_ns, AttemptRow.attempt_id)
    )
    with catalogue._reading() as session:
        return [
            AttemptRecord(
                operator_id=row.operator_id or NOBODY,
                station_id=row.station_id,
                session_id=row.session_id or "",
                task_id=row.task_id,
                task_type=row.task_type,
                phase=row.phase,
                outcome=row.outcome,
                began_ns=row.began_ns,
                ended_ns=row.ended_ns or row.began_ns,
                contradicted=bool(row.contradicted),
                usable=bool(row.usable),
            )
            for row in session.execute(query)
        ]


def attempted(catalogue: Ledger) -> list[tuple[str, str]]:
    """Return who has attempted which task: operator and task, in alphabetical order."""
    query = select(AttemptRow.operator_id, AttemptRow.task_id).distinct()
    with catalogue._reading() as session:
        pairs = session.execute(query.where(AttemptRow.operator_id.is_not(None))).all()
    return sorted((str(operator), task) for operator, task in pairs)
