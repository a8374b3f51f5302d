"""The database is locked, full or gone: nothing is lost, and the operator is told."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from argon2 import PasswordHasher
from databases import new_database
from people import facts
from sqlalchemy import event, make_url
from workflow_station import FIT, STATION, WorkflowStation

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.errors import CatalogueUnreachable
from collector.catalogue.outage import Outage
from collector.catalogue.workflow_history import CatalogueHistory
from collector.clock import NS_PER_S, ManualClock
from collector.workflow.state_machine import RequestRefused, State

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Unreachable(Protocol):
    """A catalogue's database that can be taken away."""

    catalogue: Catalogue

    def gone(self) -> AbstractContextManager[None]:
        """Take it away while the block runs."""


class LockedFile:
    """Another program holds the SQLite file for writing: reading goes on."""

    def __init__(self, where: Path, clock: ManualClock) -> None:
        self.where = where
        self.catalogue = Catalogue.open(where, clock, random.Random(1), QUICK, wait_s=0.001)

    @contextmanager
    def gone(self) -> Iterator[None]:
        other = sqlite3.connect(self.where, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
        other.close()


class FullDisk(LockedFile):
    """The SQLite file cannot grow: reading goes on."""

    def __init__(self, where: Path, clock: ManualClock) -> None:
        super().__init__(where, clock)
        self.most = 2**30

        @event.listens_for(self.catalogue._engine, "checkout")
        def limited(connection: sqlite3.Connection, *_: object) -> None:
            connection.execute(f"PRAGMA max_page_count = {self.most}")

    @contextmanager
    def gone(self) -> Iterator[None]:
        self.most = 1  # no less than it has
        yield
        self.most = 2**30


class GoneServer:
    """The PostgreSQL server throws everyone out and lets nobody in."""

    def __init__(self, server: str, clock: ManualClock) -> None:
        self.server = server
        self.url = new_database(server)
        self.catalogue = Catalogue.open(self.url, clock, random.Random(1), QUICK, wait_s=1)

    @contextmanager
    def gone(self) -> Iterator[None]:
        name = make_url(self.url).database
        with psycopg.connect(
            f"host={self.server} user=collector dbname=postgres", autocommit=True
        ) as admin:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            yield
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


@pytest.fixture(params=["locked file", "full disk", "gone server"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, clock: ManualClock
) -> Iterator[Unreachable]:
    made: Unreachable
    if request.param == "locked file":
        made = LockedFile(tmp_path / "catalogue.db", clock)
    elif request.param == "full disk":
        made = FullDisk(tmp_path / "catalogue.db", clock)
    else:
        made = GoneServer(request.getfixturevalue("postgres_server"), clock)
    yield made
    made.catalogue.close()


@pytest.fixture
def station(place: Unreachable, tmp_path: Path, clock: ManualClock) -> WorkflowStation:
    return WorkflowStation(place.catalogue, tmp_path, clock)


def test_an_attempt_in_hand_ends_while_the_database_is_gone(
    place: Unreachable, station: WorkflowStation, tmp_path: Path
) -> None:
    station.work()
    station.attempt("failure")
    mark = station.begin()
    assert station.history.problem == ""
    with place.gone():
        station.clock.advance(8 * NS_PER_S)
        # Long enough that a full disk is full.
        station.session.label("success", station.person, "because " * 2000)
        station.session.sealed(mark.attempt_id, "episode-1")
        sealed = facts(1, episode_id="episode-1", station_id=STATION, session_id=mark.session_id)
        station.history.register_facts(sealed, "a type", mark.attempt_id)
        station.history.flush()
        assert "wait for the catalogue, nothing is lost: the catalogue cannot be written" in (
            station.history.problem
        )
        # What is said of it now is seen, although it is not written.
        assert station.history.marks(station.person, mark.task_id)[-1].outcome == "success"
        assert station.session.status().tasks
        assert station.session.state is State.RESETTING
    station.history.flush()
    assert station.history.problem == ""
    kept = place.catalogue.mark(mark.attempt_id)
    assert kept is not None
    assert (kept.outcome, kept.episode_id) == ("success", "episode-1")
    assert place.catalogue.episode("episode-1").session_id == mark.session_id
    chain = [e.actor for e in place.catalogue.custody_chain() if e.action.startswith("session.")]
    assert chain == [entry.who for entry in station.journal.entries()]
    assert place.catalogue.check(tmp_path / "nowhere").problems == []


@pytest.mark.parametrize("place", ["gone server"], indirect=True)
def test_nothing_begins_where_consent_cannot_be_read(
    place: Unreachable, station: WorkflowStation
) -> None:
    station.work()
    station.session.status()
    with place.gone():
        with pytest.raises(RequestRefused, match=r"cannot be read.*see to its database, then try"):
            station.session.arm(station.person)
        with pytest.raises(RequestRefused, match="cannot be read"):
            station.history.is_supervisor(station.boss)
        # Never read before: not made up.
        with pytest.raises(RequestRefused, match="cannot be read"):
            station.history.marks("op-other", "open_drawer")
        assert "nothing can begin: the catalogue cannot be read" in station.history.problem
        assert station.session.status().state is State.RESETTING
    station.history.flush()
    assert station.history.problem == ""
    station.session.arm(station.person)


def test_a_process_that_dies_with_records_waiting_loses_none(
    place: Unreachable, station: WorkflowStation
) -> None:
    session_id = station.work()
    mark = station.begin()
    with place.gone():
        station.session.label("failure", station.person, "because " * 2000)
        station.session.sign_out(station.person)
        assert station.history.problem
    history = CatalogueHistory(place.catalogue, STATION, station.library)
    history.catch_up(station.journal.entries())
    kept = place.catalogue.mark(mark.attempt_id)
    assert kept is not None
    assert kept.outcome == "failure"
    assert place.catalogue.session(session_id).ended_ns is not None
    assert place.catalogue.open_session(STATION) is None


def test_a_process_that_starts_while_nothing_can_be_written_catches_up_later(
    place: Unreachable, station: WorkflowStation
) -> None:
    station.work()
    station.session.pause(station.person, "because " * 2000)
    other = CatalogueHistory(place.catalogue, "lab-2", station.library)
    with place.gone():
        other.catch_up(station.journal.entries())
        assert other.problem
        other.on_entry(station.journal.entries()[-1])
    other.flush()
    assert other.problem == ""
    told = [e for e in place.catalogue.custody_chain() if e.action.startswith("session.")]
    assert len(told) == 2 * len(station.journal.entries()) + 1


def test_a_writer_that_waits_too_long_says_so(tmp_path: Path, clock: ManualClock) -> None:
    place = LockedFile(tmp_path / "catalogue.db", clock)
    with place.gone(), pytest.raises(CatalogueUnreachable, match="locked"):
        place.catalogue.add_operator("4711")
    assert place.catalogue.operators() == []
    place.catalogue.close()


def test_a_sign_in_while_the_file_is_locked_is_written_afterwards(
    tmp_path: Path, clock: ManualClock
) -> None:
    place = LockedFile(tmp_path / "catalogue.db", clock)
    station = WorkflowStation(place.catalogue, tmp_path, clock)
    with place.gone():
        session_id = station.session.sign_in(station.person, station.person)
        station.session.preflight(FIT)
        mark = station.begin()
    station.session.label("success", station.person)
    opened = place.catalogue.open_session(STATION)
    assert opened is not None
    assert opened.session_id == session_id
    kept = place.catalogue.mark(mark.attempt_id)
    assert kept is not None
    assert kept.outcome == "success"
    place.catalogue.close()


def test_tries_that_block_are_spread_out() -> None:
    clock = ManualClock(1000 * NS_PER_S)
    outage = Outage(clock)
    assert not outage.waits()
    began_ns = clock.now_ns()
    clock.advance(2 * NS_PER_S)
    outage.began(began_ns, "the server is gone")
    assert outage.waits()
    clock.advance(8 * NS_PER_S)
    assert not outage.waits()
    began_ns = clock.now_ns()
    clock.advance(100 * NS_PER_S)
    outage.began(began_ns, "the server is gone")
    clock.advance(30 * NS_PER_S - 1)
    assert outage.waits()
    clock.advance(1)
    assert not outage.waits()
    outage.began(clock.now_ns(), "connection refused")  # at once
    assert not outage.waits()
    outage.began(clock.now_ns() - NS_PER_S, "slow")
    clock.advance(-3600 * NS_PER_S)  # set back
    assert not outage.waits()
    outage.over()
    assert outage.cause == ""
