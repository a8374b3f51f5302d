"""The workflow's names for attempts, where they began, its journals, overrides that close."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add what was not kept before; every override so far opened its task."""
    op.add_column("stations", sa.Column("journal_sequence", INT, nullable=True))
    op.add_column("stations", sa.Column("journal_at_ns", INT, nullable=True))
    op.add_column("attempts", sa.Column("workflow_id", TEXT, nullable=True))
    op.add_column("attempts", sa.Column("predicate", sa.Boolean(), nullable=True))
    op.add_column("attempts", sa.Column("cells", TEXT, nullable=True))
    op.create_index("ix_attempts_workflow", "attempts", ["workflow_id"], unique=True)
    op.create_index("ix_attempts_cells", "attempts", ["task_id", "cells"])
    op.drop_index("ix_attempts_gate", "attempts")
    op.create_index(
        "ix_attempts_gate", "attempts", ["operator_id", "task_id", "began_ns", "attempt_id"]
    )
    op.drop_index("ix_attempts_coverage", "attempts")
    op.create_index(
        "ix_attempts_coverage",
        "attempts",
        ["phase", "outcome", "task_id", "predicate", "episode_id"],
    )
    op.create_index("ix_episodes_reviewer", "episodes", ["label_reviewer", "episode_id"])
    op.create_index("ix_episodes_predicate", "episodes", ["label_predicate", "episode_id"])
    op.add_column("overrides", sa.Column("opens", sa.Boolean(), nullable=True))
    overrides = sa.table("overrides", sa.column("opens", sa.Boolean()))
    op.execute(overrides.update().values(opens=sa.true()))
