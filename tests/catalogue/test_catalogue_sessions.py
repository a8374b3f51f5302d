"""Sessions and attempts: what the order of tasks, reports and a restarted node ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from people import facts, operator, sign_in, sign_out, supervisor, tell_attempt

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.errors import CatalogueError
from collector.clock import NS_PER_S, ManualClock


@pytest.fixture
def sitting(catalogue: Catalogue, tmp_path: Path) -> str:
    return sign_in(catalogue, operator(catalogue, tmp_path).operator_id)


def test_a_station_has_one_session_at_a_time(
    catalogue: Catalogue, tmp_path: Path, clock: ManualClock
) -> None:
    person = operator(catalogue, tmp_path).operator_id
    first = sign_in(catalogue, person)
    clock.advance(NS_PER_S)
    elsewhere, second = sign_in(catalogue, person, "sim-2"), sign_in(catalogue, person)
    opened = {name: catalogue.open_session(name) for name in ("sim-1", "sim-2", "sim-3")}
    assert opened["sim-1"] is not None
    assert opened["sim-1"].session_id == second
    assert opened["sim-2"] is not None
    assert opened["sim-2"].session_id == elsewhere
    assert opened["sim-3"] is None
    assert catalogue.session(first).ended_ns == clock.now_ns()
    sign_out(catalogue, second)
    assert catalogue.open_session("sim-1") is None
    with pytest.raises(CatalogueError, match="there is no session"):
        catalogue.session("s-none")


def test_the_newest_attempts_are_found_first(
    catalogue: Catalogue, sitting: str, clock: ManualClock
) -> None:
    for outcome in ("failure", "success", "discarded", "success"):
        clock.advance(NS_PER_S)
        tell_attempt(catalogue, sitting, outcome, phase="practice")
    tell_attempt(catalogue, sitting, "failure", task_id="sort")
    person = str(catalogue.session(sitting).operator_id)
    shown = [mark.outcome for mark in catalogue.newest_marks(person, "stack", 9)]
    assert shown == ["failure", "success", "discarded", "success"]
    counted = [mark.outcome for mark in catalogue.newest_marks(person, "stack", 2)]
    assert counted == ["success", "discarded", "success"]  # the newest two that are labelled
    assert len(catalogue.session_attempts(sitting)) == 5


def test_a_discard_and_its_undoing_are_counted(catalogue: Catalogue, sitting: str) -> None:
    mark = tell_attempt(catalogue, sitting)
    assert catalogue.collected_counts() == {"stack": 1}
    tell_attempt(catalogue, sitting, "discarded", attempt_id=mark.attempt_id, reason="wrong cup")
    assert catalogue.collected_counts() == {"stack": 0}
    event = list(catalogue.custody_chain())[-1]
    assert (event.action, event.reason) == ("attempt.amend", "wrong cup")
    tell_attempt(catalogue, sitting, attempt_id=mark.attempt_id)
    assert catalogue.collected_counts() == {"stack": 1}
    assert len(catalogue.session_attempts(sitting)) == 1


def test_coverage_counts_what_can_be_used_over_all_stations(
    catalogue: Catalogue, tmp_path: Path, sitting: str, clock: ManualClock
) -> None:
    clock.advance(1000 * NS_PER_S)  # the episodes below are older: they have attempts of their own
    boss = supervisor(catalogue)
    other = operator(catalogue, tmp_path).operator_id
    second = sign_in(catalogue, other, "sim-2")
    tell_attempt(catalogue, sitting, phase="practice")
    tell_attempt(catalogue, sitting, "failure")
    tell_attempt(catalogue, sitting, task_id="sort")
    for number, session in enumerate([sitting, second, second]):
        owner = catalogue.session(session).operator_id
        catalogue.register_facts(
            facts(number, operator_id=owner, session_id=session, phase="collection"),
            "stack",
            "recorder",
        )
    assert catalogue.collected_counts() == {"stack": 3, "sort": 1}
    catalogue.label(facts(0).episode_id, "reviewer", "failure", boss, "it fell over")
    assert catalogue.collected_counts()["stack"] == 2
    catalogue.delete_episode(facts(1).episode_id, boss, "a face")
    assert catalogue.collected_counts()["stack"] == 1
    catalogue.withdraw_consent(other, "by mail")
    assert catalogue.collected_counts() == {"stack": 0, "sort": 1}


def test_registering_ties_an_episode_to_the_attempt_it_came_from(
    catalogue: Catalogue, sitting: str, clock: ManualClock
) -> None:
    mark = tell_attempt(catalogue, sitting, "recording")
    created_ns = clock.now_ns() + NS_PER_S
    fact = facts(1, operator_id=mark.operator_id, session_id=sitting, created_ns=created_ns)
    clock.advance(20 * NS_PER_S)
    catalogue.register_facts(fact, "stack", "recorder")
    (attempt,) = catalogue.session_attempts(sitting)
    assert attempt.episode_id == fact.episode_id
    tell_attempt(catalogue, sitting, attempt_id=mark.attempt_id)
    (attempt,) = catalogue.session_attempts(sitting)
    assert (attempt.episode_id, attempt.outcome) == (fact.episode_id, "success")


def test_an_override_is_shown_until_it_is_ended(catalogue: Catalogue, tmp_path: Path) -> None:
    person, boss = operator(catalogue, tmp_path).operator_id, supervisor(catalogue)
    given = catalogue.override_gate(person, "stack", "stack", boss, "a guest for a day")
    assert catalogue.overrides(person) == [given]
    assert (given.supervisor_id, given.reason) == (boss, "a guest for a day")
    catalogue.end_override(given.override_id, boss, "the day is over")
    assert catalogue.overrides(person) == []
