"""Sessions and attempts: what the gate, the order of tasks and a restarted node ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from people import facts, operator, supervisor

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.errors import CatalogueError
from collector.clock import NS_PER_S, ManualClock


@pytest.fixture
def sitting(catalogue: Catalogue, tmp_path: Path) -> str:
    person = operator(catalogue, tmp_path)
    return catalogue.begin_session(person.operator_id, "sim-1").session_id


def collect(catalogue: Catalogue, session_id: str, task: str, outcome: str, **more) -> int:
    phase = more.pop("phase", "collection")
    return catalogue.record_attempt(session_id, task, task, phase, outcome, **more).attempt_id


def test_a_restarted_node_finds_its_session_and_the_attempt_it_died_in(
    open_catalogue, tmp_path: Path
) -> None:
    first = open_catalogue()
    person = operator(first, tmp_path)
    begun = first.begin_session(person.operator_id, "sim-1", {"tasks": ["stack"]})
    first.save_session(begun.session_id, "recording", {"block": 3}, "session", "countdown over")
    attempt = first.begin_attempt(
        begun.session_id, "stack", "stack", "collection", {"layout": {"seed": 5}}
    )
    first.close()
    again = open_catalogue(seed=8)
    found = again.open_session("sim-1")
    assert found is not None
    assert (found.session_id, found.state, found.detail) == (
        begun.session_id,
        "recording",
        {"block": 3},
    )
    assert again.open_attempts("sim-1") == [attempt]
    ended = again.finish_attempt(
        attempt.attempt_id, "interrupted", detail={"why": "killed"}, reason="the node was killed"
    )
    assert ended.detail == {"layout": {"seed": 5}, "why": "killed"}
    assert again.open_attempts("sim-1") == []


def test_a_station_has_one_session_at_a_time(catalogue: Catalogue, tmp_path: Path) -> None:
    person = operator(catalogue, tmp_path).operator_id
    begun = catalogue.begin_session(person, "sim-1")
    with pytest.raises(CatalogueError, match="sign them out first"):
        catalogue.begin_session(person, "sim-1")
    catalogue.begin_session(person, "sim-2")
    catalogue.end_session(begun.session_id, person)
    assert catalogue.open_session("sim-1") is None
    catalogue.begin_session(person, "sim-1")
    with pytest.raises(CatalogueError, match="has ended"):
        catalogue.end_session(begun.session_id, person)


def test_every_transition_says_who_and_why(catalogue: Catalogue, sitting: str) -> None:
    catalogue.save_session(sitting, "practice", {}, "op-pedal", "preflight passed")
    event = list(catalogue.custody_chain())[-1]
    assert (event.actor, event.action, event.reason) == (
        "op-pedal",
        "session.transition",
        "preflight passed",
    )
    assert event.payload == '{"from":"begun","to":"practice"}'


def test_the_gate_sees_the_newest_attempts_first(catalogue: Catalogue, sitting: str) -> None:
    for outcome in ("failure", "success", "discarded", "success"):
        collect(catalogue, sitting, "stack", outcome, phase="practice")
    collect(catalogue, sitting, "sort", "failure")
    person = catalogue.session(sitting).operator_id
    assert person is not None
    shown = [a.outcome for a in catalogue.attempts(person, "stack")]
    assert shown == ["success", "discarded", "success", "failure"]
    counted = catalogue.attempts(person, "stack", limit=2, outcomes=("success", "failure"))
    assert [a.outcome for a in counted] == ["success", "success"]
    assert catalogue.attempts(person, "stack", phase="collection") == []


def test_an_open_attempt_is_not_counted_and_blocks_the_next(
    catalogue: Catalogue, sitting: str
) -> None:
    attempt = catalogue.begin_attempt(sitting, "stack", "stack", "practice")
    assert catalogue.attempts(str(attempt.operator_id), "stack") == []
    with pytest.raises(CatalogueError, match="is open"):
        catalogue.begin_attempt(sitting, "stack", "stack", "practice")
    catalogue.finish_attempt(attempt.attempt_id, "success")
    with pytest.raises(CatalogueError, match="has ended already, as success"):
        catalogue.finish_attempt(attempt.attempt_id, "failure")


def test_a_discard_can_be_undone_until_sign_out(catalogue: Catalogue, sitting: str) -> None:
    attempt = collect(catalogue, sitting, "stack", "success")
    catalogue.amend_attempt(attempt, "discarded", "op-1", "wrong cup")
    assert catalogue.collected_counts() == {"stack": 0}
    catalogue.amend_attempt(attempt, "success", "op-1", "right cup after all")
    assert catalogue.collected_counts() == {"stack": 1}
    catalogue.end_session(sitting, "op-1")
    with pytest.raises(CatalogueError, match="final"):
        catalogue.amend_attempt(attempt, "discarded", "op-1", "too late")


def test_coverage_counts_what_can_be_used_over_all_stations(
    catalogue: Catalogue, tmp_path: Path, sitting: str, clock: ManualClock
) -> None:
    clock.advance(1000 * NS_PER_S)  # the episodes below are older: they have attempts of their own
    boss = supervisor(catalogue)
    other = operator(catalogue, tmp_path).operator_id
    second = catalogue.begin_session(other, "sim-2").session_id
    collect(catalogue, sitting, "stack", "success", phase="practice")
    collect(catalogue, sitting, "stack", "failure")
    collect(catalogue, sitting, "sort", "success")
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
    attempt = catalogue.begin_attempt(sitting, "stack", "stack", "collection")
    person = attempt.operator_id
    created_ns = clock.now_ns() + NS_PER_S
    fact = facts(1, operator_id=person, session_id=sitting, created_ns=created_ns)
    clock.advance(20 * NS_PER_S)
    catalogue.register_facts(fact, "stack", "recorder")
    assert catalogue.attempt(attempt.attempt_id).episode_id == fact.episode_id
    assert catalogue.finish_attempt(attempt.attempt_id, "success").episode_id == fact.episode_id
    assert len(catalogue.session_attempts(sitting)) == 1


def test_an_override_is_shown_until_it_is_ended(catalogue: Catalogue, tmp_path: Path) -> None:
    person, boss = operator(catalogue, tmp_path).operator_id, supervisor(catalogue)
    given = catalogue.override_gate(person, "stack", "stack", boss, "a guest for a day")
    assert catalogue.overrides(person) == [given]
    assert (given.supervisor_id, given.reason) == (boss, "a guest for a day")
    catalogue.end_override(given.override_id, boss, "the day is over")
    assert catalogue.overrides(person) == []


@pytest.mark.parametrize(
    ("phase", "outcome", "why"), [("play", "success", "phase"), ("practice", "great", "outcome")]
)
def test_unknown_words_are_refused(
    catalogue: Catalogue, sitting: str, phase: str, outcome: str, why: str
) -> None:
    with pytest.raises(CatalogueError, match=f"there is no {why}"):
        collect(catalogue, sitting, "stack", outcome, phase=phase)
    assert catalogue.session_attempts(sitting) == []


def test_nothing_is_recorded_after_consent_is_withdrawn(catalogue: Catalogue, sitting: str) -> None:
    person = str(catalogue.session(sitting).operator_id)
    catalogue.withdraw_consent(person, "in the middle of it")
    with pytest.raises(CatalogueError, match="record nothing"):
        collect(catalogue, sitting, "stack", "success")
