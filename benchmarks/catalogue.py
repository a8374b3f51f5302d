"""What the catalogue costs with 100,000 episodes."""

from __future__ import annotations

import hashlib
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from argon2 import PasswordHasher
from sqlalchemy import insert

from benchmarks.result import Result
from collector.catalogue.catalogue import Catalogue
from collector.catalogue.database import open_engine
from collector.catalogue.episode_list import EpisodeFilter
from collector.catalogue.sealed_facts import SealedFacts
from collector.catalogue.tables import AttemptRow, EpisodeRow, OperatorRow, StationRow, TaskRow
from collector.catalogue.workflow_history import CatalogueHistory
from collector.clock import NS_PER_S, SystemClock
from collector.station.description import OperatorPolicy
from collector.tasks.library import TaskLibrary, load_library
from collector.workflow.interleaving import Interleaver
from collector.workflow.journal import MemoryJournal
from collector.workflow.memory import PreflightItem
from collector.workflow.progress import Progress
from collector.workflow.session import WorkflowSession

EPISODES = 100_000
OPERATORS = 20
TASKS = 12
START_NS = 1_700_000_000 * NS_PER_S
BETWEEN_NS = 60 * NS_PER_S
TARGET = "< 100"
REPEATS = 5
_TASK = next(
    task
    for task in load_library(Path(__file__).parents[1] / "launch" / "tasks").tasks.values()
    if not task.parts
)


def run() -> list[Result]:
    """Return name, value, unit and target of every measurement."""
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "catalogue.db"
        _fill(where)
        results = [
            Result("open, 100,000 episodes", _median_ms(lambda: _open(where).close()), "ms", TARGET)
        ]
        with _open(where) as catalogue:
            results += _pages(catalogue)
            results += _questions(catalogue)
            results += _workflow(catalogue)
            results += _decisions(catalogue)
        size = where.stat().st_size / EPISODES
        results.append(Result("on disk", size, "bytes an episode"))
    return results


def _open(where: Path) -> Catalogue:
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Catalogue.open(where, SystemClock(), random.Random(0), hasher)


def _operator(number: int) -> str:
    return f"op-{number:04x}"


def _fill(where: Path) -> None:
    """Insert episodes and attempts of operators and tasks with a long tail, some out of use."""
    rng = random.Random(1)
    engine = open_engine(where)
    with engine.execution_options(writes=True).begin() as connection:
        made = {"created_ns": START_NS}
        unlocked = {"role": "operator", "failed_tries": 0, "locked_until_ns": 0, **made}
        people = [{"operator_id": _operator(n), **unlocked} for n in range(OPERATORS)]
        tasks = [{"task_id": f"task-{n}", "task_type": "a type", **made} for n in range(TASKS)]
        connection.execute(insert(OperatorRow), people)
        connection.execute(insert(TaskRow), tasks)
        stations = [{"station_id": f"st-{n}", **made} for n in range(3)]
        connection.execute(insert(StationRow), stations)
        for start in range(0, EPISODES, 5000):
            portion = [_facts(number, rng) for number in range(start, start + 5000)]
            connection.execute(insert(EpisodeRow), [_episode(facts) for facts in portion])
            connection.execute(insert(AttemptRow), [_attempt(facts) for facts in portion])
    engine.dispose()


def _episode(facts: SealedFacts) -> dict[str, object]:
    """One operator's are withdrawn, one in 500 is deleted."""
    number = (facts.created_ns - START_NS) // BETWEEN_NS
    status = "withdrawn" if facts.operator_id == _operator(3) else "recorded"
    return {**asdict(facts), "status": "deleted" if number % 500 == 0 else status}


def _attempt(facts: SealedFacts) -> dict[str, object]:
    same = ("operator_id", "station_id", "task_id", "phase", "outcome", "episode_id")
    return {
        **{name: getattr(facts, name) for name in same},
        "detail": "{}",
        "workflow_id": f"attempt-of-{facts.episode_id}",
        "cells": _cells(facts.created_ns),
        "began_ns": facts.created_ns,
        "ended_ns": facts.created_ns + round(facts.duration_s * NS_PER_S),
    }


def _cells(number: int) -> str:
    rng = random.Random(number)
    return "{" + ",".join(f'"{n}":[{rng.randrange(4)},{rng.randrange(4)}]' for n in "ab") + "}"


def _facts(number: int, rng: random.Random) -> SealedFacts:
    person = min(int(rng.expovariate(0.2)), OPERATORS - 1)
    task = min(int(rng.expovariate(0.4)), TASKS - 1)
    success = int(rng.random() < 0.85)
    episode_id = f"20261124T000000-st-{number % 3}-{number:06x}"
    return SealedFacts(
        episode_id=episode_id,
        path=f"/data/episodes/2026-11-24/{episode_id}",
        digest=hashlib.sha256(episode_id.encode()).hexdigest(),
        station_id=f"st-{number % 3}",
        task_id=f"task-{task}",
        operator_id=_operator(person),
        session_id=None,
        phase="practice" if rng.random() < 0.2 else "collection",
        outcome="success" if success else "failure",
        end_reason="",
        success=success,
        success_predicate=success,
        steps=40,
        gaps=0,
        duration_s=8.0,
        clipped_share=0.01,
        max_skew_ns='{"static":7000000,"wrist":11000000}',
        bytes=12_000_000,
        recovered=False,
        created_ns=START_NS + number * BETWEEN_NS,
    )


def _median_ms(work: Callable[[], object]) -> float:
    times_ms = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times_ms.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times_ms)


def _pages(catalogue: Catalogue) -> list[Result]:
    """The slowest of a first, a middle and a last page of each filter."""
    middle_ns = START_NS + EPISODES // 2 * BETWEEN_NS
    week_ns = 7 * 86_400 * NS_PER_S
    often, seldom = _operator(0), _operator(OPERATORS - 2)
    rare_task = f"task-{TASKS - 2}"
    filters = {
        "everything": EpisodeFilter(),
        "an operator": EpisodeFilter(operator_id=often),
        "a task": EpisodeFilter(task_id="task-0"),
        "a rare task": EpisodeFilter(task_id=rare_task),
        "a week": EpisodeFilter(from_ns=middle_ns, before_ns=middle_ns + week_ns),
        "deleted": EpisodeFilter(status="deleted"),
        "withdrawn": EpisodeFilter(status="withdrawn"),
        "failures": EpisodeFilter(outcome="failure"),
        "operator and task": EpisodeFilter(operator_id=often, task_id="task-0"),
        "seldom operator and rare task": EpisodeFilter(operator_id=seldom, task_id=rare_task),
        "operator, task, week, status, outcome": EpisodeFilter(
            operator_id=often,
            task_id="task-0",
            from_ns=middle_ns,
            before_ns=middle_ns + week_ns,
            status="recorded",
            outcome="success",
        ),
        "operator and deleted": EpisodeFilter(operator_id=seldom, status="deleted"),
        "task, deleted, failures": EpisodeFilter(
            task_id="task-0", status="deleted", outcome="failure"
        ),
        "a station's withdrawn practice failures": EpisodeFilter(
            station_id="st-1", phase="practice", outcome="failure", status="withdrawn"
        ),
        "nothing fits": EpisodeFilter(operator_id=often, task_id="no such task"),
    }
    places = (None, f"{middle_ns}:", f"{START_NS + 60 * BETWEEN_NS}:")
    results = []
    for name, wanted in filters.items():
        slowest = max(
            _median_ms(lambda w=wanted, p=place: catalogue.list_episodes(w, p, limit=50))  # type: ignore[misc]
            for place in places
        )
        results.append(Result(f"page of 50: {name}", slowest, "ms", TARGET))
    return results


def _workflow(catalogue: Catalogue) -> list[Result]:
    """A session over everything before, from sign-in to a labelled attempt."""
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "consent.txt"
        document.write_text("I agree", encoding="utf-8")
        catalogue.give_consent(_operator(0), document, "training of models")
    library = TaskLibrary(
        {
            f"task-{n}": task.model_copy(
                update={"id": f"task-{n}", "task_type": f"type-{n}", "quota": 10**6}
            )
            for n, task in enumerate([_TASK] * TASKS)
        }
    )
    history = CatalogueHistory(catalogue, "st-0", library)
    progress = Progress(
        "st-0",
        library,
        OperatorPolicy(),
        history,
        Interleaver(library.tasks, np.random.default_rng(0)),
        0,
        None,
    )
    journal = MemoryJournal()
    session = WorkflowSession("st-0", library, history, progress, journal, SystemClock())
    history.follow(session, journal)
    person = _operator(0)
    other = iter(range(REPEATS * 10))

    def sign_in() -> None:
        # Another station has written in between: everything is counted again.
        catalogue.record_decision("other", "note", f"session:{next(other)}")
        session.sign_in(person, person)
        session.sign_out(person)

    def status_after_another() -> None:
        catalogue.record_decision("other", "note", f"session:{next(other)}")
        session.status()

    def attempt() -> None:
        session.arm(person)
        session.scene_ready(person)
        session.countdown_over()
        session.label("success", person)
        session.sealed(next(reversed(session.memory.marks)), f"episode-{len(session.memory.marks)}")

    results = [Result("sign in and out, others wrote in between", _median_ms(sign_in), "ms")]
    session.sign_in(person, person)
    session.preflight([PreflightItem(name="benchmark", level="ok")])
    attempt()
    results += [
        Result("status of a session of 5 tasks", _median_ms(session.status), "ms", "< 20"),
        Result("the same after another's decision", _median_ms(status_after_another), "ms", "< 20"),
        Result("a whole attempt: 6 transitions, on disk", _median_ms(attempt), "ms"),
    ]
    assert not history.problem, history.problem
    return results


def _questions(catalogue: Catalogue) -> list[Result]:
    person = _operator(0)
    return [
        Result(
            "an operator's last 20 attempts at a task",
            _median_ms(lambda: catalogue.newest_marks(person, "task-0", 20)),
            "ms",
        ),
        Result("coverage of every task", _median_ms(catalogue.collected_counts), "ms"),
    ]


def _decisions(catalogue: Catalogue) -> list[Result]:
    """A decision that is on disk when it is confirmed."""
    session = "session"
    save = _median_ms(lambda: catalogue.record_decision(session, "note", "session:s-1"))
    facts = iter([_facts(EPISODES + n, random.Random(n)) for n in range(REPEATS)])
    register = _median_ms(lambda: catalogue.register_facts(next(facts), "a type", "benchmark"))
    return [
        Result("a decision, on disk", save, "ms"),
        Result("register an episode that was read, on disk", register, "ms"),
    ]
