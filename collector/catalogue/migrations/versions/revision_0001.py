"""Operators, consents, stations, tasks, sessions, attempts, episodes, labels, custody."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table, and the head of an empty chain."""
    op.create_table(
        "chain_head",
        sa.Column("head_id", INT, autoincrement=False, nullable=False),
        sa.Column("sequence", INT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("head_id"),
    )
    op.create_table(
        "custody_events",
        sa.Column("sequence", INT, autoincrement=False, nullable=False),
        sa.Column("stamp_ns", INT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("payload", TEXT, nullable=False),
        sa.Column("previous", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
        sa.UniqueConstraint("hash"),
    )
    op.create_index(op.f("ix_custody_events_subject"), "custody_events", ["subject"])
    op.create_table(
        "operators",
        sa.Column("operator_id", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("pin_hash", TEXT, nullable=True),
        sa.Column("failed_tries", INT, nullable=False),
        sa.Column("locked_until_ns", INT, nullable=False),
        sa.Column("withdrawn_ns", INT, nullable=True),
        sa.Column("created_ns", INT, nullable=False),
        sa.CheckConstraint("role in ('operator', 'supervisor')", name="ck_operators_role"),
        sa.PrimaryKeyConstraint("operator_id"),
    )
    op.create_table(
        "stations",
        sa.Column("station_id", TEXT, nullable=False),
        sa.Column("created_ns", INT, nullable=False),
        sa.PrimaryKeyConstraint("station_id"),
    )
    op.create_table(
        "tasks",
        sa.Column("task_id", TEXT, nullable=False),
        sa.Column("task_type", TEXT, nullable=False),
        sa.Column("created_ns", INT, nullable=False),
        sa.PrimaryKeyConstraint("task_id"),
    )
    op.create_table(
        "consents",
        sa.Column("consent_id", INT, nullable=False),
        sa.Column("operator_id", TEXT, nullable=False),
        sa.Column("document", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("given_ns", INT, nullable=False),
        sa.Column("withdrawn_ns", INT, nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operators.operator_id"],
        ),
        sa.PrimaryKeyConstraint("consent_id"),
    )
    op.create_index(op.f("ix_consents_operator_id"), "consents", ["operator_id"])
    op.create_table(
        "overrides",
        sa.Column("override_id", INT, nullable=False),
        sa.Column("operator_id", TEXT, nullable=False),
        sa.Column("task_id", TEXT, nullable=False),
        sa.Column("supervisor_id", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("given_ns", INT, nullable=False),
        sa.Column("ended_ns", INT, nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operators.operator_id"],
        ),
        sa.ForeignKeyConstraint(
            ["supervisor_id"],
            ["operators.operator_id"],
        ),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.task_id"],
        ),
        sa.PrimaryKeyConstraint("override_id"),
    )
    op.create_index(op.f("ix_overrides_operator_id"), "overrides", ["operator_id"])
    op.create_table(
        "sessions",
        sa.Column("session_id", TEXT, nullable=False),
        sa.Column("operator_id", TEXT, nullable=True),
        sa.Column("station_id", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.Column("began_ns", INT, nullable=False),
        sa.Column("ended_ns", INT, nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operators.operator_id"],
        ),
        sa.ForeignKeyConstraint(
            ["station_id"],
            ["stations.station_id"],
        ),
        sa.PrimaryKeyConstraint("session_id"),
    )
    op.create_index(op.f("ix_sessions_operator_id"), "sessions", ["operator_id"])
    op.create_index(op.f("ix_sessions_station_id"), "sessions", ["station_id"])
    op.create_table(
        "attempts",
        sa.Column("attempt_id", INT, nullable=False),
        sa.Column("session_id", TEXT, nullable=True),
        sa.Column("operator_id", TEXT, nullable=True),
        sa.Column("station_id", TEXT, nullable=False),
        sa.Column("task_id", TEXT, nullable=False),
        sa.Column("phase", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("episode_id", TEXT, nullable=True),
        sa.Column("detail", TEXT, nullable=False),
        sa.Column("began_ns", INT, nullable=False),
        sa.Column("ended_ns", INT, nullable=True),
        sa.CheckConstraint("phase in ('practice', 'collection')", name="ck_attempts_phase"),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operators.operator_id"],
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.session_id"],
        ),
        sa.ForeignKeyConstraint(
            ["station_id"],
            ["stations.station_id"],
        ),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.task_id"],
        ),
        sa.PrimaryKeyConstraint("attempt_id"),
    )
    op.create_index("ix_attempts_coverage", "attempts", ["phase", "outcome", "task_id"])
    op.create_index(op.f("ix_attempts_episode_id"), "attempts", ["episode_id"])
    op.create_index("ix_attempts_gate", "attempts", ["operator_id", "task_id", "attempt_id"])
    op.create_index(op.f("ix_attempts_session_id"), "attempts", ["session_id"])
    op.create_table(
        "episodes",
        sa.Column("episode_id", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("station_id", TEXT, nullable=False),
        sa.Column("task_id", TEXT, nullable=False),
        sa.Column("operator_id", TEXT, nullable=True),
        sa.Column("session_id", TEXT, nullable=True),
        sa.Column("phase", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("end_reason", TEXT, nullable=False),
        sa.Column("success", INT, nullable=False),
        sa.Column("success_predicate", INT, nullable=False),
        sa.Column("steps", INT, nullable=False),
        sa.Column("gaps", INT, nullable=False),
        sa.Column("duration_s", sa.Double(), nullable=False),
        sa.Column("clipped_share", sa.Double(), nullable=False),
        sa.Column("max_skew_ns", TEXT, nullable=False),
        sa.Column("bytes", INT, nullable=False),
        sa.Column("recovered", sa.Boolean(), nullable=False),
        sa.Column("created_ns", INT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("label_operator", TEXT, nullable=True),
        sa.Column("label_predicate", TEXT, nullable=True),
        sa.Column("label_reviewer", TEXT, nullable=True),
        sa.CheckConstraint(
            "status in ('recorded', 'released', 'withdrawn', 'deleted')", name="ck_episodes_status"
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operators.operator_id"],
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["sessions.session_id"],
        ),
        sa.ForeignKeyConstraint(
            ["station_id"],
            ["stations.station_id"],
        ),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.task_id"],
        ),
        sa.PrimaryKeyConstraint("episode_id"),
    )
    op.create_index("ix_episodes_operator", "episodes", ["operator_id", "created_ns", "episode_id"])
    op.create_index(
        "ix_episodes_operator_status",
        "episodes",
        ["operator_id", "status", "created_ns", "episode_id"],
    )
    op.create_index(
        "ix_episodes_operator_task",
        "episodes",
        ["operator_id", "task_id", "created_ns", "episode_id"],
    )
    op.create_index("ix_episodes_outcome", "episodes", ["outcome", "created_ns", "episode_id"])
    op.create_index("ix_episodes_phase", "episodes", ["phase", "created_ns", "episode_id"])
    op.create_index("ix_episodes_status", "episodes", ["status", "created_ns", "episode_id"])
    op.create_index("ix_episodes_task", "episodes", ["task_id", "created_ns", "episode_id"])
    op.create_index(
        "ix_episodes_task_status", "episodes", ["task_id", "status", "created_ns", "episode_id"]
    )
    op.create_index("ix_episodes_time", "episodes", ["created_ns", "episode_id"])
    op.create_table(
        "labels",
        sa.Column("label_id", INT, nullable=False),
        sa.Column("episode_id", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("author", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("stamp_ns", INT, nullable=False),
        sa.CheckConstraint(
            "source in ('operator', 'predicate', 'reviewer')", name="ck_labels_source"
        ),
        sa.CheckConstraint("value in ('success', 'failure', 'unlabelled')", name="ck_labels_value"),
        sa.ForeignKeyConstraint(
            ["episode_id"],
            ["episodes.episode_id"],
        ),
        sa.PrimaryKeyConstraint("label_id"),
    )
    op.create_index(op.f("ix_labels_episode_id"), "labels", ["episode_id"])
    op.execute(f"INSERT INTO chain_head (head_id, sequence, hash) VALUES (1, 0, '{'0' * 64}')")
