"""Whatever is asked, and whenever a process dies, the catalogue ends as the journal says."""

from __future__ import annotations

import json
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from people import facts
from sqlalchemy import func, select
from workflow_station import FIT, STATION, WorkflowStation

from collector.catalogue.attempts import OUTCOMES
from collector.catalogue.catalogue import Catalogue
from collector.catalogue.errors import CatalogueUnreachable
from collector.catalogue.sealed_facts import SealedFacts
from collector.catalogue.tables import AttemptRow, EpisodeRow, SessionRow
from collector.catalogue.workflow_history import CatalogueHistory
from collector.clock import NS_PER_S, ManualClock
from collector.episode.goal import RECORDING
from collector.workflow.history import AttemptMark, InMemoryHistory
from collector.workflow.journal import Entry, MemoryJournal
from collector.workflow.state_machine import RequestRefused, State

REQUESTS = 400


class Killed(BaseException):
    """The process ended here: nothing catches it."""


class JsonJournal(MemoryJournal):
    """Keeps what a file would: text. Kills before or after the line is on disk."""

    def __init__(self) -> None:
        super().__init__()
        self.kill = ""

    def append(self, entry: Entry) -> None:
        if self.kill == "before the journal":
            self.kill = ""
            raise Killed
        super().append(Entry.model_validate_json(entry.model_dump_json()))
        if self.kill == "after the journal":
            self.kill = ""
            raise Killed


class DoomedCatalogue(Catalogue):
    """Dies inside a transaction, or right after it, when told to."""

    doom = 0

    def _append(self, *values: Any, **named: Any) -> int:
        stamp = super()._append(*values, **named)
        if self.doom:
            self.doom -= 1
            if not self.doom:
                raise Killed
        return stamp


class DoomedHistory(CatalogueHistory):
    """Dies before or after a transition is written, when told to."""

    kill = ""

    def on_entry(self, entry: Entry) -> None:
        if self.kill == "before the catalogue":
            raise Killed
        super().on_entry(entry)
        if self.kill == "after the catalogue":
            raise Killed


class DoomedStation(WorkflowStation):
    history_class = DoomedHistory


@contextmanager
def locked(where: Path) -> Iterator[None]:
    """Another program holds the database for writing."""
    other = sqlite3.connect(where, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


class Drive:
    """Some hundred seeded requests, most of them sensible."""

    def __init__(self, tmp_path: Path, made_sqlite: Path, seed: int) -> None:
        self.where = tmp_path / "catalogue.db"
        self.where.write_bytes(made_sqlite.read_bytes())
        self.tmp_path = tmp_path
        self.clock = ManualClock(1_800_000_000 * NS_PER_S)
        self.rng = random.Random(seed)
        self.journal = JsonJournal()
        self.station = DoomedStation(self.open(), tmp_path, self.clock, self.journal, quota=60)
        self.kills: Counter[str] = Counter()
        self.lost = 0  # records that only the journal had
        self.episodes: dict[str, SealedFacts] = {}  # by attempt
        self.doomed: DoomedCatalogue

    def open(self) -> Catalogue:
        hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        catalogue = DoomedCatalogue.open(
            self.where, self.clock, random.Random(self.rng.random()), hasher, wait_s=0.001
        )
        assert isinstance(catalogue, DoomedCatalogue)
        self.doomed = catalogue
        return catalogue

    def restart(self) -> None:
        self.station.catalogue.close()
        self.station.start(self.open())

    def step(self) -> None:
        """One request; now and then the process dies in it, or the database is locked."""
        self.clock.advance(NS_PER_S // 2)
        kill = self.rng.choices(
            [
                "",
                "before the journal",
                "after the journal",
                "before the catalogue",
                "after the catalogue",
                "in a transaction",
            ],
            [85, 3, 3, 3, 3, 3],
        )[0]
        if "journal" in kill:
            self.journal.kill = kill
        elif "catalogue" in kill:
            self.station.history.kill = kill
        elif kill:
            self.doomed.doom = self.rng.randint(1, 3)
        try:
            if self.rng.random() < 0.08:
                with locked(self.where):
                    self.ask()
            else:
                self.ask()
            if self.rng.random() < 0.5:
                self.station.history.flush()
        except (RequestRefused, CatalogueUnreachable):
            pass
        except Killed:
            self.kills[kill] += 1
            self.lost += len(self.station.history._queue)
            self.restart()
            self.look()
        self.journal.kill = self.station.history.kill = ""
        self.doomed.doom = 0

    def ask(self) -> None:
        """What leads on from here, or now and then something that comes between."""
        between = {
            self.sign_out: 2,
            self.fault: 2,
            self.pause: 2,
            self.override: 2,
            self.consent_anew: 2,
            self.restart: 1,
            self.relabel: 5,
            self.seal_an_old_one: 3,
            self.go_on: 81,
        }
        self.rng.choices(list(between), list(between.values()))[0]()

    def sign_out(self) -> None:
        self.station.session.sign_out(self.station.person)

    def fault(self) -> None:
        self.station.session.faulted("the arm is silent")

    def pause(self) -> None:
        self.station.session.pause(self.station.person, "coffee")

    def override(self) -> None:
        """With a reason that no database holds as it is."""
        task = self.rng.choice(list(self.station.library.tasks))
        opens = self.rng.choice([True, False, None])
        self.station.session.override(
            self.station.person, task, opens, self.station.boss, "a \0 guest"
        )

    def consent_anew(self) -> None:
        catalogue, person = self.station.catalogue, self.station.person
        catalogue.withdraw_consent(person, "by mail")
        catalogue.give_consent(person, self.tmp_path / "consent.txt", "again")

    def relabel(self) -> None:
        session = self.station.session
        if session.memory.marks:
            which = self.rng.choice(list(session.memory.marks))
            outcome: Any = self.rng.choice(["success", "failure", "discarded"])
            session.relabel(which, outcome, self.station.person)

    def seal_an_old_one(self) -> None:
        if unsealed := list(self.station.session.memory.unsealed):
            self.seal(self.rng.choice(unsealed))

    def go_on(self) -> None:
        session, person = self.station.session, self.station.person
        leads_on: dict[State, Callable[[], object]] = {
            State.SIGNED_OUT: lambda: session.sign_in(person, person),
            State.PREFLIGHT: lambda: session.preflight(FIT),
            State.RESETTING: lambda: session.arm(person),
            State.PRACTICE: lambda: session.arm(person),
            State.COLLECTING: lambda: session.arm(person),
            State.ARMED: self.lay_out,
            State.COUNTDOWN: session.countdown_over,
            State.RECORDING: self.label,
            State.DECIDING: self.label,
            State.PAUSED: lambda: session.resume(person),
            State.FAULT: lambda: session.recover(person),
        }
        leads_on[session.state]()

    def lay_out(self) -> None:
        session = self.station.session
        if session.memory.sealing:
            self.seal(session.memory.sealing)
        else:
            session.scene_ready(self.station.person)

    def label(self) -> None:
        outcome: Any = self.rng.choices(["success", "failure", "discarded"], [8, 2, 1])[0]
        predicate = self.rng.choice([None, None, True, False])
        self.station.session.label(outcome, self.station.person, f"because {outcome}", predicate)

    def seal(self, attempt_id: str) -> None:
        """The episode is told first, registered first, or registered alone."""
        session = self.station.session
        memory = session.memory
        mark = memory.marks.get(attempt_id) or memory.unsealed[attempt_id]
        if attempt_id not in self.episodes:
            self.episodes[attempt_id] = facts(
                len(self.episodes),
                station_id=STATION,
                operator_id=mark.operator_id,
                session_id=mark.session_id,
                task_id=mark.task_id,
                phase=mark.phase,
                success=-1,
                success_predicate=self.rng.choice([-1, -1, 1, 0]),
                outcome="unlabelled",
                created_ns=mark.started_ns + 1000,
            )
        sealed = self.episodes[attempt_id]
        order = self.rng.choice(["told", "registered", "both", "guessed"])
        if order == "guessed":
            self.station.catalogue.register_facts(sealed, "a type", "rebuild")
        elif order != "told":
            self.station.history.register_facts(sealed, "a type", attempt_id)
        if order != "registered":
            session.sealed(attempt_id, sealed.episode_id)

    def look(self) -> None:
        """What must hold whenever nothing waits."""
        station, catalogue = self.station, self.station.catalogue
        station.history.flush()
        assert station.history.problem == ""
        truth = station.truth()
        with catalogue._reading() as session:
            rows = {row.workflow_id: row for row in session.scalars(select(AttemptRow))}
            assert session.scalar(select(func.count()).select_from(AttemptRow)) == len(truth)
            open_ones = session.scalars(
                select(SessionRow.session_id).where(SessionRow.ended_ns.is_(None))
            ).all()
            registered = session.scalars(select(EpisodeRow.episode_id)).all()
        assert {key: row.outcome for key, row in rows.items()} == {
            key: mark.outcome for key, mark in truth.items()
        }
        sessions = {mark.session_id for mark in truth.values()}
        everything = {m.attempt_id: m for name in sessions for m in catalogue.session_marks(name)}
        for key, mark in truth.items():
            kept = everything[key]
            known = {"episode_id": mark.episode_id or kept.episode_id}
            if kept.episode_id:
                assert kept.episode_id == self.episodes[key].episode_id
                judged = self.episodes[key].success_predicate
                if kept.episode_id in registered and judged >= 0:
                    known["predicate"] = judged == 1
            assert kept == mark.model_copy(update=known)
        memory = station.session.memory
        working = memory.state is not State.SIGNED_OUT
        assert list(open_ones) == ([memory.session_id] if working else [])
        self.counts_agree(everything.values())

    def counts_agree(self, everything: Iterable[AttemptMark]) -> None:
        """What is kept up from record to record is what counting afresh gives."""
        station = self.station
        fresh = CatalogueHistory(station.catalogue, STATION, station.library)
        simple = InMemoryHistory()
        for mark in everything:
            simple.record(mark)
        counts = station.history._counts
        if counts is not None and counts.length == station.catalogue.chain_length():
            assert station.history.collected() == fresh.collected()
        for task in station.library.tasks:
            assert fresh.collected().get(task, 0) <= simple.collected().get(task, 0)
            assert station.history.cells(task) == fresh.cells(task) == simple.cells(task)
            assert station.history.marks(station.person, task) == fresh.marks(station.person, task)
            assert station.history.override(station.person, task) == fresh.override(
                station.person, task
            )


def test_the_catalogue_ends_as_the_journal_says(tmp_path: Path, made_sqlite: Path) -> None:
    drive = Drive(tmp_path, made_sqlite, seed=2)
    for _ in range(REQUESTS):
        drive.step()
    drive.look()
    catalogue, journal = drive.station.catalogue, drive.journal.entries()
    assert catalogue.check(tmp_path / "nowhere").problems == []
    # Every transition stands in the chain once, in order, with who and why.
    chain = [
        event
        for event in catalogue.custody_chain()
        if event.action in ("session.begin", "session.transition", "session.end")
    ]
    assert [event.actor for event in chain] == [entry.who for entry in journal]
    sequences = [json.loads(event.payload)["sequence"] for event in chain]
    assert sequences == [entry.sequence for entry in journal]
    # It came to everything that is meant to be survived.
    assert len(drive.kills) == 5
    assert drive.lost > 0
    seen = {mark.outcome for mark in drive.station.truth().values()} - {RECORDING}
    assert seen >= set(OUTCOMES) - {"unlabelled"}
    drive.station.catalogue.close()
