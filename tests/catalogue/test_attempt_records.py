"""What reports are told of attempts, and that it is what the workflow counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from people import facts, operator, sign_in, supervisor, tell_attempt

from collector.catalogue.attempt_records import attempt_records, attempted
from collector.catalogue.catalogue import Catalogue
from collector.clock import ManualClock
from collector.reports.attempt_record import AttemptRecord
from collector.reports.coverage import coverage_rows


@pytest.fixture
def person(catalogue: Catalogue, tmp_path: Path) -> str:
    return operator(catalogue, tmp_path).operator_id


def attempt(
    catalogue: Catalogue,
    clock: ManualClock,
    session: str,
    outcome: str = "success",
    number: int = 0,
) -> str:
    """A collected attempt, with its sealed episode where it has a number."""
    began_ns = clock.now_ns()
    clock.advance(10_000_000_000)
    episode = facts(number).episode_id if number else ""
    tell_attempt(catalogue, session, outcome, episode_id=episode, started_ns=began_ns)
    return episode


def register(catalogue: Catalogue, person: str, session: str, number: int, **changes) -> None:
    known = facts(number, operator_id=person, session_id=session, **changes)
    catalogue.register_facts(known, "stack", "recorder")


def only(catalogue: Catalogue) -> AttemptRecord:
    (record,) = attempt_records(catalogue)
    return record


def test_an_attempt_is_told_with_its_times_and_under_the_pseudonym(
    catalogue: Catalogue, clock: ManualClock, person: str
) -> None:
    session = sign_in(catalogue, person)
    attempt(catalogue, clock, session)
    record = only(catalogue)
    assert (record.operator_id, record.station_id, record.session_id) == (person, "sim-1", session)
    assert (record.task_id, record.task_type, record.phase) == ("stack", "stack", "collection")
    assert record.ended_ns - record.began_ns == 10_000_000_000
    assert record.is_demonstration
    assert attempted(catalogue) == [(person, "stack")]


def test_an_open_attempt_is_not_told(catalogue: Catalogue, person: str) -> None:
    session = sign_in(catalogue, person)
    tell_attempt(catalogue, session, "recording", phase="practice")
    assert attempt_records(catalogue) == []


@pytest.mark.parametrize(
    ("change", "demonstration", "disputed"),
    [
        ("nothing", True, False),
        ("simulator", False, True),
        ("reviewer", False, True),
        ("reviewer relents", True, False),
        ("withdrawn", False, False),
        ("deleted", False, False),
    ],
)
def test_what_became_of_the_episode_counts(
    catalogue: Catalogue,
    clock: ManualClock,
    person: str,
    change: str,
    demonstration: bool,
    disputed: bool,
) -> None:
    boss = supervisor(catalogue)
    session = sign_in(catalogue, person)
    episode = attempt(catalogue, clock, session, number=1)
    sealed = 0 if change == "simulator" else 1
    register(catalogue, person, session, 1, success_predicate=sealed)
    if change.startswith("reviewer"):
        catalogue.label(episode, "reviewer", "failure", boss)
    if change == "reviewer relents":
        catalogue.label(episode, "reviewer", "success", boss)
    if change == "withdrawn":
        catalogue.withdraw_consent(person, "asked by mail")
    if change == "deleted":
        catalogue.delete_episode(episode, boss, "wrong scene")
    record = only(catalogue)
    assert (record.is_demonstration, record.disputed) == (demonstration, disputed)
    (row,) = coverage_rows([record], {"stack": 10})
    assert row.collected == catalogue.collected_counts()["stack"]


def test_who_is_not_named_is_unknown(catalogue: Catalogue) -> None:
    register(catalogue, None, None, 1)  # type: ignore[arg-type]
    assert only(catalogue).operator_id == "unknown"
    assert attempted(catalogue) == []
