"""A fresh catalogue in SQLite, and in a real PostgreSQL server that the tests start."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from databases import new_database
from sqlalchemy import make_url

from collector.catalogue.catalogue import Catalogue
from collector.clock import ManualClock

START_NS = 1_795_528_501_000_000_000
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SERVER_PROGRAMS = Path("/usr/lib/postgresql")  # where Debian keeps them, by version


def _server_folder() -> Path | None:
    found = sorted(SERVER_PROGRAMS.glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return None if on_path is None else Path(on_path).resolve().parent


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Folder of the socket of a server of our own: no port, no password, gone afterwards."""
    programs = _server_folder()
    if programs is None:
        pytest.skip("there is no PostgreSQL server: apt-get install postgresql")
    as_server: list[str] = []
    # The server refuses to run as root. A short path: a socket's may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    if os.geteuid() == 0:
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            shutil.rmtree(folder)
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_server = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}"]
        as_server += ["--clear-groups"]

    def run(*words: str) -> None:
        done = subprocess.run(
            [*as_server, *words], cwd=folder, capture_output=True, text=True, check=False
        )
        log = folder / "log"
        assert done.returncode == 0, done.stderr + (log.read_text() if log.exists() else "")

    data = str(folder / "data")
    try:
        run(str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "collector", "-N")
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        control = [str(programs / "pg_ctl"), "-D", data, "-w"]
        run(*control, "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield str(folder)
        finally:
            run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where a catalogue may be made: a path, or the URL of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "catalogue.db"
    return new_database(request.getfixturevalue("postgres_server"))


@pytest.fixture(scope="session")
def made_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty catalogue to copy: quicker than making one for each test."""
    path = tmp_path_factory.mktemp("made") / "catalogue.db"
    Catalogue.open(path, ManualClock(), random.Random(0)).close()
    return path


@pytest.fixture(scope="session")
def made_postgresql(postgres_server: str) -> str:
    """The name of an empty catalogue's database to copy."""
    url = new_database(postgres_server)
    Catalogue.open(url, ManualClock(), random.Random(0)).close()
    return str(make_url(url).database)


@pytest.fixture(params=["sqlite", "postgresql"])
def made_place(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where an empty catalogue is."""
    made = request.getfixturevalue(f"made_{request.param}")
    if request.param == "sqlite":
        return Path(shutil.copy(made, tmp_path / "catalogue.db"))
    return new_database(request.getfixturevalue("postgres_server"), made)


Opener = Callable[..., Catalogue]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START_NS)


@pytest.fixture
def open_catalogue(made_place: str | Path, clock: ManualClock) -> Iterator[Opener]:
    """Opens the same catalogue any number of times; closes all of them."""
    opened = []

    def opener(seed: int = 7, where: str | Path = made_place) -> Catalogue:
        catalogue = Catalogue.open(where, clock, random.Random(seed), QUICK_HASHER)
        opened.append(catalogue)
        return catalogue

    yield opener
    for catalogue in opened:
        catalogue.close()


@pytest.fixture
def catalogue(open_catalogue: Opener) -> Catalogue:
    return open_catalogue()
