"""Alembic's entry: runs the revisions in the transaction that `database.migrate` holds."""

from __future__ import annotations

from alembic import context

from collector.catalogue.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
