"""A catalogue of the first revision, with rows in it, goes on as one of today's."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, event, inspect, text

from collector.catalogue import database
from collector.catalogue.catalogue import Catalogue
from collector.clock import ManualClock

ROWS = """
INSERT INTO stations (station_id, created_ns) VALUES ('lab-1', 1);
INSERT INTO tasks (task_id, task_type, created_ns) VALUES ('stack', 'stacking', 1);
INSERT INTO operators (operator_id, role, failed_tries, locked_until_ns, created_ns)
    VALUES ('op-1', 'operator', 0, 0, 1), ('sup-1', 'supervisor', 0, 0, 1);
INSERT INTO sessions (session_id, operator_id, station_id, state, detail, began_ns, ended_ns)
    VALUES ('s-1', 'op-1', 'lab-1', 'signed_out', '{}', 1, 9);
INSERT INTO attempts (attempt_id, session_id, operator_id, station_id, task_id, phase, outcome,
                      detail, began_ns, ended_ns)
    VALUES (1, 's-1', 'op-1', 'lab-1', 'stack', 'practice', 'failure',
            '{"layout":{"seed":5},"reason":7}', 2, 3),
           (2, 's-1', 'op-1', 'lab-1', 'stack', 'collection', 'success', '{}', 4, 5);
INSERT INTO overrides (operator_id, task_id, supervisor_id, reason, given_ns, ended_ns)
    VALUES ('op-1', 'stack', 'sup-1', 'a guest', 2, 3), ('op-1', 'stack', 'sup-1', 'again', 4, NULL)
"""


def _writes(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@pytest.fixture
def old(place: str | Path) -> str | Path:
    """A catalogue as the first revision left it."""
    url = place if isinstance(place, str) else f"sqlite:///{place}"
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def connected(connection, _) -> None:
            connection.isolation_level = None

        event.listen(engine, "begin", _writes)
    with engine.begin() as connection:
        database.migrate(connection, "0001")
        for statement in ROWS.split(";"):
            connection.execute(text(statement.replace(":5", r"\:5").replace(":7", r"\:7")))
    engine.dispose()
    return place


def test_what_was_decided_before_stands(old: str | Path) -> None:
    with Catalogue.open(old, ManualClock(100), random.Random(0)) as catalogue:
        engine = catalogue._engine
        with engine.connect() as connection:
            assert database.revision(connection) == "0002"
        columns = {column["name"] for column in inspect(engine).get_columns("attempts")}
        assert {"workflow_id", "predicate", "cells"} <= columns
        first, second = catalogue.session_attempts("s-1")
        assert (first.attempt_id, first.outcome, first.workflow_id) == (1, "failure", None)
        assert first.detail == {"layout": {"seed": 5}, "reason": 7}
        assert (second.outcome, second.predicate) == ("success", None)
        assert catalogue.collected_counts() == {"stack": 1}
        assert catalogue.cell_counts() == {}
        (word,) = catalogue.overrides("op-1")
        assert (word.reason, word.opens) == ("again", True)


def test_attempts_that_the_workflow_never_named_count_for_its_gate(old: str | Path) -> None:
    with Catalogue.open(old, ManualClock(100), random.Random(0)) as catalogue:
        marks = catalogue.newest_marks("op-1", "stack", 20)
        assert [(m.attempt_id, m.outcome, m.started_ns) for m in marks] == [
            ("catalogue-1", "failure", 2),
            ("catalogue-2", "success", 4),
        ]


def test_two_attempts_cannot_have_one_name(old: str | Path) -> None:
    with Catalogue.open(old, ManualClock(100), random.Random(0)) as catalogue:
        indexes = inspect(catalogue._engine).get_indexes("attempts")
        unique = [index["column_names"] for index in indexes if index["unique"]]
        assert unique == [["workflow_id"]]
