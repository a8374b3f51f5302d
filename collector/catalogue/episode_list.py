"""Finding episodes: filters, and pages that stay fast and whole while episodes are added.

Pages go by key, newest first: a page begins after the last episode of the one before,
however many were registered in between.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from collector.catalogue.errors import CatalogueError
from collector.catalogue.ledger import Ledger
from collector.catalogue.tables import AttemptRow, ConsentRow, EpisodeRow, LabelRow
from collector.episode.goal import INTERRUPTED, LABELS

STATUSES = ("recorded", "released", "withdrawn", "deleted")
LARGEST_PAGE = 500


@dataclass(frozen=True)
class Episode:
    """A sealed episode as the catalogue knows it."""

    episode_id: str
    path: str
    digest: str  # sha256 of its manifest
    station_id: str
    task_id: str
    operator_id: str | None
    session_id: str | None
    phase: str
    outcome: str  # as sealed
    end_reason: str
    success: int  # the operator's label as sealed: 1, 0, -1 none
    success_predicate: int  # the simulator's, likewise
    steps: int
    gaps: int
    duration_s: float
    clipped_share: float
    max_skew_ns: Mapping[str, int]  # camera -> largest |skew|
    bytes: int
    recovered: bool
    created_ns: int
    status: str  # recorded | released | withdrawn | deleted
    label_operator: str | None  # the newest of each source; never merged
    label_predicate: str | None
    label_reviewer: str | None


@dataclass(frozen=True)
class Label:
    """A verdict on an episode."""

    episode_id: str
    source: str  # operator | predicate | reviewer
    value: str  # success | failure | unlabelled
    author: str
    reason: str
    stamp_ns: int


@dataclass(frozen=True)
class EpisodeFilter:
    """Which episodes: those that fit everything that is given."""

    operator_id: str | None = None
    task_id: str | None = None
    from_ns: int | None = None  # created at or after
    before_ns: int | None = None  # created before
    status: str | None = None  # one of STATUSES
    outcome: str | None = None
    phase: str | None = None
    station_id: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL. Raises CatalogueError for a status that there is not."""
        if self.status is not None and self.status not in STATUSES:
            raise CatalogueError(
                f"there is no status {self.status!r}: choose from {', '.join(STATUSES)}"
            )
        equal: dict[InstrumentedAttribute[Any], str | None] = {
            EpisodeRow.operator_id: self.operator_id,
            EpisodeRow.task_id: self.task_id,
            EpisodeRow.status: self.status,
            EpisodeRow.outcome: self.outcome,
            EpisodeRow.phase: self.phase,
            EpisodeRow.station_id: self.station_id,
        }
        conditions: list[ColumnElement[bool]] = [
            column == value for column, value in equal.items() if value is not None
        ]
        if self.from_ns is not None:
            conditions.append(EpisodeRow.created_ns >= self.from_ns)
        if self.before_ns is not None:
            conditions.append(EpisodeRow.created_ns < self.before_ns)
        return conditions


EVERYTHING = EpisodeFilter()


@dataclass(frozen=True)
class Page:
    """Some episodes, newest first."""

    episodes: tuple[Episode, ...]
    next: str | None  # what to ask for the next page with; none after the last


class EpisodeList(Ledger):
    """Questions about episodes."""

    def list_episodes(
        self, wanted: EpisodeFilter = EVERYTHING, after: str | None = None, limit: int = 50
    ) -> Page:
        """Return a page of at most ``limit`` episodes.

        ``after`` is the page before's ``next``. Raises CatalogueError for one that is none,
        or a limit outside 1 to 500.
        """
        if not 1 <= limit <= LARGEST_PAGE:
            raise CatalogueError(f"a page has 1 to {LARGEST_PAGE} episodes, not {limit}")
        query = _newest_first().where(*wanted.conditions()).limit(limit + 1)
        if after is not None:
            created_ns, _, episode_id = after.partition(":")
            if not created_ns.lstrip("-").isdecimal():
                raise CatalogueError(f"{after!r} is no place in a list: begin at its first page")
            query = query.where(
                tuple_(EpisodeRow.created_ns, EpisodeRow.episode_id)
                < tuple_(int(created_ns), episode_id)
            )
        with self._reading() as session:
            rows = session.execute(query).all()
        found = tuple(_episode(row._mapping) for row in rows[:limit])
        last = found[-1] if len(rows) > limit else None
        return Page(found, None if last is None else f"{last.created_ns}:{last.episode_id}")

    def episode(self, episode_id: str) -> Episode:
        """Return an episode. Raises CatalogueError when there is none."""
        with self._reading() as session:
            row = session.execute(
                _newest_first().where(EpisodeRow.episode_id == episode_id)
            ).one_or_none()
        if row is None:
            raise CatalogueError(
                f"the catalogue knows no episode {episode_id}: `collector catalog rebuild`"
            )
        return _episode(row._mapping)

    def labels(self, episode_id: str) -> list[Label]:
        """Return every verdict on an episode, oldest first."""
        with self._reading() as session:
            rows = session.scalars(
                select(LabelRow)
                .where(LabelRow.episode_id == episode_id)
                .order_by(LabelRow.label_id)
            )
            return [
                Label(r.episode_id, r.source, r.value, r.author, r.reason, r.stamp_ns) for r in rows
            ]

    def exportable_episodes(self, released_only: bool = True) -> list[Episode]:
        """Return what an export may take, newest first.

        Collected, ended by its operator and not discarded since, neither withdrawn nor deleted,
        of an operator whose consent is in force; and released, unless ``released_only`` is
        false. A discard that was undone counts as what it came back to.
        """
        statuses = ("released",) if released_only else ("released", "recorded")
        query = _newest_first().where(
            EpisodeRow.phase == "collection",
            EpisodeRow.outcome != INTERRUPTED,
            exists().where(
                AttemptRow.episode_id == EpisodeRow.episode_id, AttemptRow.outcome.in_(LABELS)
            ),
            EpisodeRow.status.in_(statuses),
            exists().where(
                ConsentRow.operator_id == EpisodeRow.operator_id,
                ConsentRow.withdrawn_ns.is_(None),
            ),
        )
        with self._reading() as session:
            return [_episode(row._mapping) for row in session.execute(query)]


def _newest_first() -> Select[Any]:
    # Plain columns: an object of each row would cost more than the query.
    columns = [getattr(EpisodeRow, field.name) for field in fields(Episode)]
    return select(*columns).order_by(EpisodeRow.created_ns.desc(), EpisodeRow.episode_id.desc())


def _episode(row: Mapping[Any, Any]) -> Episode:
    return Episode(**{**row, "max_skew_ns": json.loads(row["max_skew_ns"])})
