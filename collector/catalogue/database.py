"""Opens the catalogue's database: SQLite in WAL mode, or PostgreSQL by URL.

Readers see one snapshot, writers take turns: SQLite by BEGIN IMMEDIATE, PostgreSQL by the
lock on the chain's head. A schema of an older revision is brought up to date on opening.
"""

from __future__ import annotations

import math
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from collector.catalogue.errors import CatalogueError

FILE_NAME = "catalogue.db"
REVISIONS = ("0001", "0002")  # oldest first; the last is what this software reads and writes

_MIGRATIONS = Path(__file__).parent / "migrations"
WAIT_S = 20.0  # for another writer, or for a server
_MIGRATION_LOCK = 0x636F6C6C  # any number that nobody else locks in this database


def catalogue_file(root: Path) -> Path:
    """Where the catalogue of a data folder lies."""
    return root / FILE_NAME


def open_engine(where: str | Path, wait_s: float = WAIT_S) -> Engine:
    """Return an engine on an up-to-date schema.

    ``where`` is the path of a SQLite file, made if there is none, or a database's URL.
    ``wait_s`` is how long a statement waits for another writer or for the server.
    Raises CatalogueError when it cannot be reached, is newer than this software, or is
    another program's.
    """
    url = _url(where)
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() == "sqlite" and url.database:
        _make_private_file(Path(url.database))
    try:
        engine = _engine(url, wait_s)
    except ModuleNotFoundError as error:
        raise CatalogueError(
            f"{shown} needs a driver: pip install 'collector[postgres]'"
        ) from error
    try:
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine, wait_s)
        _bring_up_to_date(engine, shown)
    except CatalogueError:
        engine.dispose()
        raise
    except (DBAPIError, sqlite3.Error) as error:
        engine.dispose()
        cause = error.orig if isinstance(error, DBAPIError) else error
        said = " ".join(str(cause).split())
        raise CatalogueError(f"{shown} cannot be opened: {said}") from error
    return engine


def _url(where: str | Path) -> URL:
    if "://" not in str(where):
        return URL.create("sqlite", database=str(where))
    try:
        url = make_url(str(where))
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise CatalogueError(
                f"a catalogue lives in SQLite or PostgreSQL, not in {url.get_backend_name()}"
            )
    except (ArgumentError, NoSuchModuleError) as error:
        raise CatalogueError(
            "that is no database URL: write postgresql://user@host/database"
        ) from error
    return url


def _make_private_file(path: Path) -> None:
    """Make an empty file that only its owner reads: it will hold the PINs' hashes."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise CatalogueError(f"{path} cannot be opened: {error.strerror}") from error


def _engine(url: URL, wait_s: float) -> Engine:
    if url.get_backend_name() == "sqlite":
        return create_engine(url)
    # A server that vanished is noticed; what the URL says itself stands.
    settings = {
        "connect_timeout": max(2, math.ceil(wait_s)),
        "options": f"-c lock_timeout={round(1000 * wait_s)}",
        "tcp_user_timeout": 1000 * max(2, math.ceil(wait_s)),
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
    }
    given = {name: value for name, value in settings.items() if name not in url.query}
    # A server that was started again costs no request its answer.
    return create_engine(url, connect_args=given, pool_pre_ping=True)


def _prepare_sqlite(engine: Engine, wait_s: float) -> None:
    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions begin below, not in the driver
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * wait_s)}")
        connection.execute("PRAGMA foreign_keys = ON")
        # A decision is on disk when it is confirmed, also when the power fails.
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    raw = engine.raw_connection()
    try:
        _to_wal(raw.driver_connection)
    finally:
        raw.close()


def _to_wal(connection: Any) -> None:
    """Set WAL mode, which another process that opens the same new file may hold up."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        else:
            if mode in ("wal", "memory"):
                return
            raise CatalogueError("the catalogue's disk knows no WAL mode: move it to a local one")
        time.sleep(0.01)


def revision(connection: Connection) -> str | None:
    """Return the schema's revision; None for a database without tables.

    Raises CatalogueError when the tables are another program's.
    """
    tables = set(inspect(connection).get_table_names())
    if "alembic_version" in tables:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)
    if tables:
        raise CatalogueError(
            f"that database is another program's ({', '.join(sorted(tables)[:3])}): "
            "give the catalogue one of its own"
        )
    return None


def _bring_up_to_date(engine: Engine, shown: str) -> None:
    with engine.connect() as connection:
        if _known(revision(connection), shown) == REVISIONS[-1]:
            return
    with engine.execution_options(writes=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        # Another process may have done it in the meantime.
        if _known(revision(connection), shown) != REVISIONS[-1]:
            migrate(connection)


def _known(found: str | None, shown: str) -> str | None:
    if found is not None and found not in REVISIONS:
        raise CatalogueError(
            f"{shown} is of revision {found}, newer than this software, which knows "
            f"{REVISIONS[-1]}: update the software"
        )
    return found


def migrate(connection: Connection, target: str = "head") -> None:
    """Run the migrations up to ``target`` in the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, target)
