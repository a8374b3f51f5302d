"""The workflow's marks of attempts as rows of the catalogue, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from collector.catalogue.custody import canonical, plain_text
from collector.catalogue.ledger import Ledger
from collector.catalogue.tables import AttemptRow, EpisodeRow
from collector.episode.goal import FAILURE, SUCCESS
from collector.workflow.history import AttemptMark

Cells = dict[str, dict[tuple[int, int], int]]  # object -> cell -> attempts that began there

_JUDGEMENTS = {SUCCESS: True, FAILURE: False}
# What has a column of its own; the rest of a mark is kept in `detail`.
_IN_COLUMNS = {
    "attempt_id",
    "session_id",
    "operator_id",
    "task_id",
    "phase",
    "outcome",
    "started_ns",
    "ended_ns",
    "cells",
    "predicate",
    "verdict",
    "episode_id",
}
_COLUMNS = tuple(AttemptRow.__table__.columns)
_IN_DETAIL = AttemptMark.model_fields.keys() - _IN_COLUMNS


class WorkflowMarks(Ledger):
    """Questions of the workflow about attempts."""

    def mark(self, attempt_id: str) -> AttemptMark | None:
        """Return the attempt that the workflow calls so, or None."""
        with self._reading() as session:
            row = workflow_row(session, attempt_id)
            if row is None:
                return None
            episode = None if row.episode_id is None else session.get(EpisodeRow, row.episode_id)
            if episode is None:
                return mark_of(row, None, None)
            return mark_of(row, episode.label_reviewer, episode.label_predicate)

    def newest_marks(self, operator_id: str, task_id: str, most: int) -> list[AttemptMark]:
        """Return an operator's newest attempts at a task, oldest first.

        The newest ``most`` that are labelled, and of what lies between and after them the
        newest ``most``: all that a gate looks at whose window is no longer.
        """
        where = (AttemptRow.operator_id == operator_id, AttemptRow.task_id == task_id)
        labelled = AttemptRow.outcome.in_((SUCCESS, FAILURE))
        with self._reading() as session:
            marks = _newest(session, most, *where, labelled)
            others = [*where, ~labelled]
            if len(marks) == most:
                others.append(AttemptRow.began_ns >= marks[-1][0][0])
            marks += _newest(session, most, *others)
        return [mark for _, mark in sorted(marks, key=lambda keyed: keyed[0])]

    def session_marks(self, session_id: str) -> list[AttemptMark]:
        """Return every attempt of a session, oldest first."""
        with self._reading() as session:
            marks = _newest(session, None, AttemptRow.session_id == session_id)
        return [mark for _, mark in reversed(marks)]

    def cell_counts(self) -> dict[str, Cells]:
        """Return task -> object -> cell -> attempts that began there, of all stations."""
        query = (
            select(AttemptRow.task_id, AttemptRow.cells, func.count())
            .where(AttemptRow.cells.is_not(None))
            .group_by(AttemptRow.task_id, AttemptRow.cells)
        )
        counts: dict[str, Cells] = {}
        with self._reading() as session:
            for task_id, text, count in session.execute(query):
                for name, (x, y) in json.loads(text or "{}").items():
                    cells = counts.setdefault(task_id, {}).setdefault(name, {})
                    cells[x, y] = cells.get((x, y), 0) + count
        return counts


def workflow_row(session: Session, attempt_id: str) -> AttemptRow | None:
    """Return the row of the attempt that the workflow calls so."""
    return session.scalar(select(AttemptRow).where(AttemptRow.workflow_id == attempt_id))


def _newest(
    session: Session, most: int | None, *where: ColumnElement[bool]
) -> list[tuple[tuple[int, int], AttemptMark]]:
    """Return attempts, newest first, each with its place in time."""
    # Plain columns: an object of each row would cost more than the query.
    rows: Sequence[Any] = session.execute(
        select(*_COLUMNS, EpisodeRow.label_reviewer, EpisodeRow.label_predicate)
        .outerjoin(EpisodeRow, AttemptRow.episode_id == EpisodeRow.episode_id)
        .where(and_(*where))
        .order_by(AttemptRow.began_ns.desc(), AttemptRow.attempt_id.desc())
        .limit(most)
    ).all()
    return [
        ((row.began_ns, row.attempt_id), mark_of(row, row.label_reviewer, row.label_predicate))
        for row in rows
    ]


def detail_of(mark: AttemptMark, detail: str = "{}") -> str:
    """Return ``detail``, canonical JSON, with what the mark says beside its columns."""
    kept = {name: v for name, v in json.loads(detail).items() if name not in _IN_DETAIL}
    told = mark.model_dump(mode="json", include=set(_IN_DETAIL), exclude_defaults=True)
    texts = {name: plain_text(v) for name, v in told.items() if isinstance(v, str)}
    return canonical({**kept, **told, **texts})


def cells_of(mark: AttemptMark) -> str | None:
    """Return the mark's cells as canonical JSON; None where it has none."""
    return (
        canonical({name: list(cell) for name, cell in mark.cells.items()}) if mark.cells else None
    )


def mark_of(
    row: AttemptRow, label_reviewer: str | None, label_predicate: str | None
) -> AttemptMark:
    """Return a row as the workflow's mark, with the newest labels of its episode.

    What the workflow never named is called ``catalogue-<number>``.
    """
    values: dict[str, Any] = {
        "attempt_id": row.workflow_id or f"catalogue-{row.attempt_id}",
        "session_id": row.session_id or "",
        "operator_id": row.operator_id or "",
        "task_id": row.task_id,
        "phase": row.phase,
        "outcome": row.outcome,
        "started_ns": row.began_ns,
        "ended_ns": row.ended_ns or 0,
        "cells": json.loads(row.cells) if row.cells else {},
        "predicate": _JUDGEMENTS.get(label_predicate or "", row.predicate),
        "verdict": _JUDGEMENTS.get(label_reviewer or ""),
        "episode_id": row.episode_id or "",
    }
    detail: Mapping[str, Any] = json.loads(row.detail)
    told = {name: detail[name] for name in _IN_DETAIL if name in detail}
    try:
        return AttemptMark.model_validate({**told, **values})
    except ValidationError:  # a detail of that name which the workflow did not write
        return AttemptMark.model_validate(values)
