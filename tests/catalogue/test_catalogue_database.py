"""The database itself: made and migrated on opening, shared by processes, safe to kill."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from collector.catalogue import database
from collector.catalogue.catalogue import Catalogue
from collector.catalogue.custody import chain_faults
from collector.catalogue.database import REVISIONS, open_engine
from collector.catalogue.errors import CatalogueError
from collector.catalogue.tables import Base
from collector.clock import ManualClock

WRITER = """
import random, sys
from argon2 import PasswordHasher
from collector.catalogue.catalogue import Catalogue
from collector.clock import SystemClock
where, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
with Catalogue.open(where, SystemClock(), random.Random(name), quick) as catalogue:
    for number in range(count):
        catalogue.add_operator("4711", actor=name)
        print(number, flush=True)
"""


def writer(where: str | Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(where), name, str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_migrations_end_in_the_tables_that_the_software_uses(place: str | Path) -> None:
    engine = open_engine(place)
    with engine.connect() as connection:
        assert database.revision(connection) == REVISIONS[-1]
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_the_packaged_revisions_are_the_known_ones() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    revisions = [s.revision for s in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(revisions)) == REVISIONS


def test_a_database_that_is_newer_is_refused_and_left_alone(place: str | Path) -> None:
    engine = open_engine(place)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CatalogueError, match=r"newer than this software.*update the software"):
        open_engine(place)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    engine.dispose()


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE photos (id INTEGER)"))
    engine.dispose()
    with pytest.raises(CatalogueError, match="another program's"):
        open_engine(path)


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("mysql://host/db", "SQLite or PostgreSQL, not in mysql"),
        ("nothing://host/db", "SQLite or PostgreSQL, not in nothing"),
        ("postgresql://nobody:secret@/none?host=/nowhere", "cannot be opened"),
    ],
)
def test_a_place_of_no_use_is_refused_in_a_sentence(where: str, why: str) -> None:
    with pytest.raises(CatalogueError, match=why) as caught:
        open_engine(where)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    path.write_text("Dear diary, " * 100, encoding="utf-8")
    with pytest.raises(CatalogueError, match="cannot be opened"):
        open_engine(path)
    with pytest.raises(CatalogueError, match="cannot be opened"):
        open_engine(tmp_path)


def test_sqlite_is_in_wal_mode_and_durable(tmp_path: Path) -> None:
    engine = open_engine(tmp_path / "catalogue.db")
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1
    engine.dispose()


def test_two_processes_make_and_write_one_catalogue(place: str | Path) -> None:
    """Both may make the tables; every decision of both is in one whole chain."""
    writers = [writer(place, name, 25) for name in ("session", "console")]
    for process in writers:
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors
    with Catalogue.open(place, ManualClock(), random.Random(0)) as catalogue:
        chain = list(catalogue.custody_chain())
        assert sorted(e.actor for e in chain) == ["console"] * 25 + ["session"] * 25
        assert list(chain_faults(chain, (50, chain[-1].hash))) == []
        assert len(catalogue.operators()) == 50


def test_readers_do_not_wait_for_a_writer(open_catalogue) -> None:
    writing, reading = open_catalogue(), open_catalogue(seed=8)
    with writing.together():
        person = writing.add_operator("4711")
        assert reading.operators() == []
        assert writing.operators() == [person]
    assert reading.operators() == [person]


@pytest.mark.parametrize("decisions", [0, 7])
def test_a_killed_process_leaves_every_decision_whole(
    open_catalogue, made_place: str | Path, tmp_path: Path, decisions: int
) -> None:
    with writer(made_place, "doomed", 10_000) as process:
        assert process.stdout is not None
        confirmed = -1
        while confirmed < decisions:
            confirmed = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        # Not by communicate: it passes by the lines that were read ahead.
        confirmed += len(process.stdout.read().splitlines())
    catalogue: Catalogue = open_catalogue()
    people = len(catalogue.operators())
    # What was confirmed is there; at most one more was decided and not told.
    assert people - (confirmed + 1) in (0, 1)
    report = catalogue.check(tmp_path / "data")
    assert (report.custody_events, report.problems) == (people, [])
    catalogue.add_operator("4711")


def test_a_backup_of_any_database_opens_as_a_catalogue(open_catalogue, tmp_path: Path) -> None:
    catalogue: Catalogue = open_catalogue()
    people = [catalogue.add_operator("4711") for _ in range(3)]
    file = tmp_path / "backup.db"
    assert catalogue.backup(file) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.glob("backup.db*")] == ["backup.db"]
    copy: Catalogue = open_catalogue(where=file)
    assert copy.operators() == sorted(people, key=lambda p: p.operator_id)
    assert list(copy.custody_chain()) == list(catalogue.custody_chain())
    assert copy.sign_in(people[0].operator_id, "4711") == people[0]
    with pytest.raises(CatalogueError, match="exists already"):
        catalogue.backup(file)


def test_a_backup_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    with (
        Catalogue.open(path, ManualClock(), random.Random(0)) as catalogue,
        pytest.raises(CatalogueError, match="cannot be"),
    ):
        catalogue.backup(path / "backup.db")
