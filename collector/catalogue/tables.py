"""The tables. Stamps are int64 nanoseconds on the station clock.

Facts of sealed episodes can be read from their folders again; everything else here is a
decision, and stands in `custody_events` as well.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Double, ForeignKey, Index, Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

# Texts sort by code point on every server, so that pages come out the same.
_TEXT = String().with_variant(String(collation="C"), "postgresql")
# SQLite numbers rows by itself only in a column that is called INTEGER.
_INT = BigInteger().with_variant(Integer, "sqlite")


def _one_of(table: str, column: str, *values: str) -> CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} in ({allowed})", name=f"ck_{table}_{column}")


class Base(DeclarativeBase):
    """All tables."""

    type_annotation_map: ClassVar[dict[type, TypeEngine[Any]]] = {
        str: _TEXT,
        int: _INT,
        float: Double(),
    }


class OperatorRow(Base):
    """A person under a pseudonym. The name is not here."""

    __tablename__ = "operators"
    __table_args__ = (_one_of("operators", "role", "operator", "supervisor"),)

    operator_id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]  # operator | supervisor
    pin_hash: Mapped[str | None]  # argon2; none for a person known from episodes alone
    failed_tries: Mapped[int] = mapped_column(default=0)  # in a row
    locked_until_ns: Mapped[int] = mapped_column(default=0)
    withdrawn_ns: Mapped[int | None]  # of the newest withdrawal of consent
    created_ns: Mapped[int]


class ConsentRow(Base):
    """A person's consent to be recorded; several over the years."""

    __tablename__ = "consents"

    consent_id: Mapped[int] = mapped_column(primary_key=True)
    operator_id: Mapped[str] = mapped_column(ForeignKey("operators.operator_id"), index=True)
    document: Mapped[str]  # file name of what was signed
    digest: Mapped[str]  # its sha256
    scope: Mapped[str]
    given_ns: Mapped[int]
    withdrawn_ns: Mapped[int | None]


class StationRow(Base):
    """A station that has recorded."""

    __tablename__ = "stations"

    station_id: Mapped[str] = mapped_column(primary_key=True)
    created_ns: Mapped[int]
    # The newest entry of its session's journal that stands in the chain of custody.
    journal_sequence: Mapped[int | None]
    journal_at_ns: Mapped[int | None]


class TaskRow(Base):
    """A task that has been attempted."""

    __tablename__ = "tasks"

    task_id: Mapped[str] = mapped_column(primary_key=True)
    task_type: Mapped[str]
    created_ns: Mapped[int]


class SessionRow(Base):
    """One operator at one station, from sign-in to sign-out."""

    __tablename__ = "sessions"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    operator_id: Mapped[str | None] = mapped_column(ForeignKey("operators.operator_id"), index=True)
    station_id: Mapped[str] = mapped_column(ForeignKey("stations.station_id"), index=True)
    state: Mapped[str]  # of the workflow, as last written
    detail: Mapped[str]  # canonical JSON: what the workflow needs to go on after a crash
    began_ns: Mapped[int]
    ended_ns: Mapped[int | None]


class AttemptRow(Base):
    """One try at a task, practised or collected."""

    __tablename__ = "attempts"
    __table_args__ = (
        _one_of("attempts", "phase", "practice", "collection"),
        Index("ix_attempts_gate", "operator_id", "task_id", "began_ns", "attempt_id"),
        Index("ix_attempts_coverage", "phase", "outcome", "task_id", "predicate", "episode_id"),
        Index("ix_attempts_workflow", "workflow_id", unique=True),
        Index("ix_attempts_cells", "task_id", "cells"),
    )

    attempt_id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[str | None] = mapped_column(ForeignKey("sessions.session_id"), index=True)
    operator_id: Mapped[str | None] = mapped_column(ForeignKey("operators.operator_id"))
    station_id: Mapped[str] = mapped_column(ForeignKey("stations.station_id"))
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.task_id"))
    phase: Mapped[str]  # practice | collection
    outcome: Mapped[str]  # of `attempts.OUTCOMES`; `recording` while it is open
    # No foreign key: the attempt ends before its episode is registered.
    episode_id: Mapped[str | None] = mapped_column(index=True)
    detail: Mapped[str]  # canonical JSON: layout, arm start, practice measures
    began_ns: Mapped[int]
    ended_ns: Mapped[int | None]
    workflow_id: Mapped[str | None]  # what the session calls it; none for what it never told
    predicate: Mapped[bool | None]  # the simulator's judgement, as the session told it
    cells: Mapped[str | None]  # canonical JSON: object -> cell of its zone that it began in


class EpisodeRow(Base):
    """A sealed folder: its facts, then what people decided about it."""

    __tablename__ = "episodes"
    __table_args__ = (
        _one_of("episodes", "status", "recorded", "released", "withdrawn", "deleted"),
        Index("ix_episodes_time", "created_ns", "episode_id"),
        Index("ix_episodes_operator", "operator_id", "created_ns", "episode_id"),
        Index("ix_episodes_task", "task_id", "created_ns", "episode_id"),
        Index("ix_episodes_status", "status", "created_ns", "episode_id"),
        Index("ix_episodes_operator_task", "operator_id", "task_id", "created_ns", "episode_id"),
        Index("ix_episodes_task_status", "task_id", "status", "created_ns", "episode_id"),
        Index("ix_episodes_operator_status", "operator_id", "status", "created_ns", "episode_id"),
        Index("ix_episodes_phase", "phase", "created_ns", "episode_id"),
        Index("ix_episodes_outcome", "outcome", "created_ns", "episode_id"),
        Index("ix_episodes_reviewer", "label_reviewer", "episode_id"),
        Index("ix_episodes_predicate", "label_predicate", "episode_id"),
    )

    episode_id: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str]
    digest: Mapped[str]  # sha256 of its manifest
    station_id: Mapped[str] = mapped_column(ForeignKey("stations.station_id"))
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.task_id"))
    operator_id: Mapped[str | None] = mapped_column(ForeignKey("operators.operator_id"))
    session_id: Mapped[str | None] = mapped_column(ForeignKey("sessions.session_id"))
    phase: Mapped[str]
    outcome: Mapped[str]  # as sealed
    end_reason: Mapped[str]
    success: Mapped[int]  # the operator's label as sealed: 1, 0, -1 none
    success_predicate: Mapped[int]  # the simulator's, likewise
    steps: Mapped[int]
    gaps: Mapped[int]
    duration_s: Mapped[float]
    clipped_share: Mapped[float]
    max_skew_ns: Mapped[str]  # canonical JSON: camera -> largest |skew|
    bytes: Mapped[int]
    recovered: Mapped[bool]
    created_ns: Mapped[int]
    # Decisions.
    status: Mapped[str]  # recorded | released | withdrawn | deleted
    label_operator: Mapped[str | None]  # the newest of each source in `labels`
    label_predicate: Mapped[str | None]
    label_reviewer: Mapped[str | None]


class LabelRow(Base):
    """A verdict on an episode. Rows are only ever added."""

    __tablename__ = "labels"
    __table_args__ = (
        _one_of("labels", "source", "operator", "predicate", "reviewer"),
        _one_of("labels", "value", "success", "failure", "unlabelled"),
    )

    label_id: Mapped[int] = mapped_column(primary_key=True)
    episode_id: Mapped[str] = mapped_column(ForeignKey("episodes.episode_id"), index=True)
    source: Mapped[str]  # operator | predicate | reviewer
    value: Mapped[str]  # success | failure | unlabelled
    author: Mapped[str]
    reason: Mapped[str]
    stamp_ns: Mapped[int]


class OverrideRow(Base):
    """A supervisor's word on the gate, in force until another word or its end."""

    __tablename__ = "overrides"

    override_id: Mapped[int] = mapped_column(primary_key=True)
    operator_id: Mapped[str] = mapped_column(ForeignKey("operators.operator_id"), index=True)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.task_id"))
    supervisor_id: Mapped[str] = mapped_column(ForeignKey("operators.operator_id"))
    reason: Mapped[str]
    given_ns: Mapped[int]
    ended_ns: Mapped[int | None]
    opens: Mapped[bool | None]  # opens or closes the task; none leaves it to the gate again


class CustodyRow(Base):
    """One link of the chain of custody. Rows are only ever added."""

    __tablename__ = "custody_events"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 1
    stamp_ns: Mapped[int]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str]
    payload: Mapped[str]  # canonical JSON
    previous: Mapped[str]  # hash of the event before
    hash: Mapped[str] = mapped_column(unique=True)


class ChainHeadRow(Base):
    """The newest link, one row: what every writer locks first, so that writers take turns."""

    __tablename__ = "chain_head"

    head_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sequence: Mapped[int]
    hash: Mapped[str]
