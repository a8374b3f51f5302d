"""The catalogue as the memory of a station's workflow, on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from people import facts, operator
from workflow_station import STATION, WorkflowStation

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.errors import CatalogueError
from collector.catalogue.workflow_history import CatalogueHistory
from collector.clock import NS_PER_S, ManualClock
from collector.workflow.history import AttemptMark, Override
from collector.workflow.journal import MemoryJournal
from collector.workflow.state_machine import RequestRefused, State

Opener = Callable[..., Catalogue]


@pytest.fixture
def station(catalogue: Catalogue, tmp_path: Path, clock: ManualClock) -> WorkflowStation:
    return WorkflowStation(catalogue, tmp_path, clock)


def sealed_of(mark: AttemptMark, number: int = 1, **changes: object):
    """The facts of the folder that was sealed for an attempt."""
    return facts(
        number,
        **{
            "episode_id": f"episode-of-{mark.attempt_id}",
            "station_id": STATION,
            "operator_id": mark.operator_id,
            "session_id": mark.session_id,
            "task_id": mark.task_id,
            "phase": mark.phase,
            "created_ns": mark.started_ns + 1000,
            **changes,
        },
    )


def events(catalogue: Catalogue, *actions: str):
    return [event for event in catalogue.custody_chain() if event.action in actions]


def test_a_session_is_in_the_chain_with_who_and_why(station: WorkflowStation) -> None:
    session_id = station.work()
    found = station.catalogue.open_session(STATION)
    assert found is not None
    assert (found.session_id, found.operator_id) == (session_id, station.person)
    assert found.detail["plan"] == list(station.session.memory.plan)
    assert found.detail["consent"] == station.session.memory.consent
    station.session.pause("op-pedal", "the arm squeaks")
    station.session.resume(station.person)
    station.session.sign_out(station.person)
    assert station.catalogue.open_session(STATION) is None
    assert station.catalogue.session(session_id).ended_ns == station.clock.now_ns()
    told = events(station.catalogue, "session.begin", "session.transition", "session.end")
    assert {event.subject for event in told} == {f"session:{session_id}"}
    shown = [(e.actor, e.reason, json.loads(e.payload)["event"]) for e in told]
    assert shown == [
        (station.person, "", "sign_in"),
        ("station", "", "preflight_passed"),
        ("op-pedal", "the arm squeaks", "pause"),
        (station.person, "", "resume"),
        (station.person, "", "sign_out"),
    ]


def test_an_attempt_comes_back_as_it_was_told(station: WorkflowStation) -> None:
    station.work()
    begun = station.begin()
    assert station.catalogue.mark(begun.attempt_id) == begun
    station.clock.advance(8 * NS_PER_S)
    ended = station.session.label("success", station.person, predicate=False)
    assert station.catalogue.mark(begun.attempt_id) == ended
    assert ended.cells
    assert ended.layout_seed
    (kept,) = station.catalogue.session_attempts(begun.session_id)
    assert kept.workflow_id == begun.attempt_id
    assert (kept.outcome, kept.predicate, kept.ended_ns) == ("success", False, ended.ended_ns)


def test_telling_everything_again_changes_nothing(station: WorkflowStation) -> None:
    station.work()
    for outcome in ("success", "failure", "discarded"):
        station.attempt(outcome)  # type: ignore[arg-type]
    task = station.session.memory.plan[0]
    station.session.override(station.person, task, False, station.boss, "tired")
    before = list(station.catalogue.custody_chain())
    counts = dict(station.history.collected())
    for mark in station.session.memory.marks.values():
        station.history.record(mark)
    for override in station.session.memory.overrides:
        station.history.record_override(override)
    station.history.catch_up(station.journal.entries())
    assert list(station.catalogue.custody_chain()) == before
    assert station.history.collected() == counts
    station.start()
    told = [json.loads(event.payload) for event in station.catalogue.custody_chain()][len(before) :]
    assert [payload["event"] for payload in told] == ["restarted"]


def test_a_new_process_goes_on_with_what_was_remembered(
    station: WorkflowStation, open_catalogue: Opener
) -> None:
    station.work()
    for _ in range(3):
        station.attempt()
    task = station.session.memory.choice.task_id  # type: ignore[union-attr]
    gate = station.progress.gate(station.session.memory, task)
    station.session.sign_out(station.person)
    station.journal = MemoryJournal()  # put aside: the catalogue is all there is
    station.start(open_catalogue(seed=8))
    assert station.progress.gate(station.session.memory, task, station.person) == gate
    assert station.history.collected()[task] == sum(
        mark.is_demonstration for mark in station.history.marks(station.person, task)
    )


@pytest.mark.parametrize("opens", [True, False, None])
def test_a_supervisors_word_has_three_values(station: WorkflowStation, opens: bool | None) -> None:
    station.work()
    task = station.session.memory.plan[0]
    station.session.override(station.person, task, True, station.boss, "a guest")
    station.clock.advance(NS_PER_S)
    word = station.session.override(station.person, task, opens, station.boss, "because")
    expected = word if opens is not None else None
    assert station.history.override(station.person, task) == expected
    fresh = CatalogueHistory(station.catalogue, STATION, station.library)
    assert fresh.override(station.person, task) == expected
    event = events(station.catalogue, "gate.override")[-1]
    assert (event.actor, event.reason) == (station.boss, "because")
    assert json.loads(event.payload)["opens"] is opens


def test_a_word_that_arrives_late_does_not_replace_a_newer_one(station: WorkflowStation) -> None:
    given = {"operator_id": station.person, "task_id": "open_drawer", "by": station.boss}
    newer = Override(**given, opens=False, reason="tired", at_ns=2000)
    older = Override(**given, opens=True, reason="a guest", at_ns=1000)
    for told in (newer, older, newer, older):
        station.history.record_override(told)
        assert station.history.override(station.person, "open_drawer") == newer
    station.history.flush()
    fresh = CatalogueHistory(station.catalogue, STATION, station.library)
    assert fresh.override(station.person, "open_drawer") == newer
    assert len(events(station.catalogue, "gate.override")) == 2


def test_what_reviewer_and_simulator_say_comes_back(station: WorkflowStation) -> None:
    station.work()
    begun = station.attempt()
    task = begun.task_id
    station.history.register_facts(
        sealed_of(begun, success_predicate=1), "a type", begun.attempt_id
    )
    (mark,) = station.history.marks(station.person, task)
    assert (mark.verdict, mark.predicate) == (None, True)
    episode = f"episode-of-{begun.attempt_id}"
    # By another process: seen without being told.
    station.catalogue.label(episode, "reviewer", "failure", station.boss, "it fell over")
    (mark,) = station.history.marks(station.person, task)
    assert (mark.verdict, mark.predicate, mark.outcome) == (False, True, "success")
    assert station.progress.gate(station.session.memory, task).contradicted == 1


def test_relabelling_amends_the_attempt_and_labels_its_episode(station: WorkflowStation) -> None:
    station.work()
    while station.session.memory.choice.phase == "practice":  # type: ignore[union-attr]
        station.attempt()
    mark = station.attempt("success")
    episode = f"episode-of-{mark.attempt_id}"
    station.history.register_facts(sealed_of(mark, success_predicate=-1), "t", mark.attempt_id)
    counted = station.history.collected()[mark.task_id]
    station.session.relabel(mark.attempt_id, "discarded", station.person, "wrong cup")
    assert station.history.collected()[mark.task_id] == counted - 1
    assert station.catalogue.exportable_episodes(released_only=False) == []
    with pytest.raises(CatalogueError, match="was discarded"):
        station.catalogue.release_episode(episode, station.boss, "good")
    station.session.undo_discard(mark.attempt_id, station.person)
    assert station.history.collected()[mark.task_id] == counted
    station.catalogue.release_episode(episode, station.boss, "good")
    assert [e.episode_id for e in station.catalogue.exportable_episodes()] == [episode]
    labels = [(v.value, v.author) for v in station.catalogue.labels(episode)]
    assert labels == [(value, station.person) for value in ("success", "unlabelled", "success")]
    amended = [json.loads(e.payload)["outcome"] for e in events(station.catalogue, "attempt.amend")]
    assert amended == ["discarded", "success"]


def test_an_undone_discard_can_be_used_although_it_was_sealed_as_one(
    station: WorkflowStation,
) -> None:
    station.work()
    while station.session.memory.choice.phase == "practice":  # type: ignore[union-attr]
        station.attempt()
    mark = station.attempt("discarded")
    sealed = sealed_of(mark, outcome="discarded", success=-1)
    station.history.register_facts(sealed, "t", mark.attempt_id)
    assert station.catalogue.exportable_episodes(released_only=False) == []
    station.session.relabel(mark.attempt_id, "success", station.person, "right cup")
    (episode,) = station.catalogue.exportable_episodes(released_only=False)
    assert (episode.label_operator, episode.outcome) == ("success", "discarded")


def test_a_label_that_is_newer_than_the_seal_is_added_on_registering(
    station: WorkflowStation,
) -> None:
    """Ended first, labelled later: the folder was sealed without a label."""
    station.work()
    mark = station.attempt("failure")
    sealed = sealed_of(mark, outcome="unlabelled", success=-1)
    station.history.register_facts(sealed, "t", mark.attempt_id)
    assert station.catalogue.episode(sealed.episode_id).label_operator == "failure"


def test_what_happened_is_written_down_after_consent_is_withdrawn(
    station: WorkflowStation,
) -> None:
    station.work()
    mark = station.begin()
    station.catalogue.withdraw_consent(station.person, "in the middle of it")
    station.session.label("success", station.person)
    kept = station.catalogue.mark(mark.attempt_id)
    assert kept is not None
    assert kept.outcome == "success"
    consent = station.history.consent(station.person)
    assert consent is not None
    assert consent.withdrawn
    with pytest.raises(RequestRefused, match="withdrawn"):
        station.session.arm(station.person)
    station.history.register_facts(sealed_of(mark), "t", mark.attempt_id)
    assert station.catalogue.episode(f"episode-of-{mark.attempt_id}").status == "withdrawn"


def test_consent_is_answered_as_it_is_now(
    catalogue: Catalogue, tmp_path: Path, station: WorkflowStation
) -> None:
    nobody = operator(catalogue, tmp_path, consent=False).operator_id
    assert station.history.consent(nobody) is None
    assert station.history.consent("op-none") is None
    on_file = catalogue.operator(station.person).consent
    given = station.history.consent(station.person)
    assert given is not None
    assert on_file is not None
    assert (given.reference, given.withdrawn) == (on_file.reference, False)
    assert station.history.is_supervisor(station.boss)
    assert not station.history.is_supervisor(station.person)
    assert not station.history.is_supervisor("op-none")


def test_the_preflight_learns_scope_document_and_withdrawal(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    person = operator(catalogue, tmp_path, consent=False).operator_id
    assert not catalogue.consent_observation(person).on_file
    document = tmp_path / "signed.pdf"
    document.write_text("I agree", encoding="utf-8")
    catalogue.give_consent(person, document, "training of models, publication")
    seen = catalogue.consent_observation(person, tmp_path)
    assert (seen.on_file, seen.withdrawn, seen.document_matches) == (True, False, True)
    assert seen.scope == ("training of models", "publication")
    assert catalogue.consent_observation(person).document_matches is None
    document.write_text("I do not agree", encoding="utf-8")
    assert catalogue.consent_observation(person, tmp_path).document_matches is False
    document.unlink()
    assert catalogue.consent_observation(person, tmp_path).document_matches is None
    catalogue.withdraw_consent(person, "by mail")
    assert catalogue.consent_observation(person).withdrawn


def test_other_stations_are_seen_at_sign_in_and_every_minute(
    station: WorkflowStation, open_catalogue: Opener, tmp_path: Path, clock: ManualClock
) -> None:
    station.work()
    other = WorkflowStation(open_catalogue(seed=9), tmp_path, clock, name="lab-2")
    before = dict(station.history.collected())
    other.work()
    while other.session.memory.choice.phase == "practice":  # type: ignore[union-attr]
        other.attempt()
    mark = other.attempt()
    assert other.history.collected()[mark.task_id] == 1
    assert station.history.collected() == before
    clock.advance(61 * NS_PER_S)
    station.history.flush()
    assert station.history.collected()[mark.task_id] == 1
    other.attempt()
    station.session.sign_out(station.person)
    station.session.sign_in(station.person, station.person)
    assert sum(station.history.collected().values()) == sum(other.history.collected().values())
    for task in station.library.tasks:
        assert station.history.cells(task) == other.history.cells(task)


def test_a_session_whose_journal_was_lost_ends_when_the_next_begins(
    station: WorkflowStation,
) -> None:
    lost = station.work()
    attempt = station.begin()
    station.journal = MemoryJournal()
    station.start()
    station.clock.advance(NS_PER_S)
    found = station.work()
    assert station.catalogue.session(lost).ended_ns is not None
    kept = station.catalogue.mark(attempt.attempt_id)
    assert kept is not None
    assert kept.outcome == "interrupted"
    opened = station.catalogue.open_session(STATION)
    assert opened is not None
    assert opened.session_id == found


def test_a_lost_catalogue_is_made_again_from_the_journal(
    station: WorkflowStation, open_catalogue: Opener, tmp_path: Path
) -> None:
    station.work()
    marks = [station.attempt(outcome) for outcome in ("success", "discarded", "failure")]  # type: ignore[arg-type]
    station.session.sign_out(station.person)
    station.work()
    empty = open_catalogue(seed=8, where=tmp_path / "empty.db")
    empty.register_facts(sealed_of(marks[0]), "t", "rebuild")  # as `rebuild` would
    history = CatalogueHistory(empty, STATION, station.library)
    history.catch_up(station.journal.entries())
    assert history.problem == ""
    sealed = {m.attempt_id: m for m in station.truth().values()}
    for key, mark in sealed.items():
        kept = empty.mark(key)
        assert kept is not None
        assert kept.outcome == mark.outcome
    assert len(empty.session_attempts(marks[0].session_id)) == 3
    opened = empty.open_session(STATION)
    assert opened is not None
    assert opened.session_id == station.session.memory.session_id
    assert empty.check(tmp_path / "nowhere").problems == []


def test_a_record_that_no_database_can_hold_holds_up_nothing(station: WorkflowStation) -> None:
    station.work()
    mark = station.begin()
    station.session.label("success", station.person)
    station.history.register_facts(sealed_of(mark), "t", mark.attempt_id)
    changed = sealed_of(mark, digest="f" * 64)
    station.history.register_facts(changed, "t", mark.attempt_id)
    assert "refused 1 of the session's records" in station.history.problem
    assert "is not the episode" in station.history.problem
    station.session.pause(station.person, "coffee")
    opened = station.catalogue.open_session(STATION)
    assert opened is not None
    assert opened.state == State.PAUSED.value


def test_the_gate_sees_the_newest_labelled_attempts_past_any_discards(
    station: WorkflowStation,
) -> None:
    def told(number: int, outcome: str) -> AttemptMark:
        return AttemptMark.model_validate(
            {
                "attempt_id": f"a-{number:03d}",
                "session_id": "before",
                "operator_id": station.person,
                "task_id": "open_drawer",
                "phase": "practice",
                "outcome": outcome,
                "started_ns": 1000 + number,
                "ended_ns": 2000 + number,
            }
        )

    marks = [told(n, "success" if n < 12 else "discarded") for n in range(30)]
    for mark in marks:
        station.history.record(mark)
    station.history.flush()
    small = CatalogueHistory(station.catalogue, STATION, station.library, window=10)
    seen = small.marks(station.person, "open_drawer")
    assert [m.attempt_id for m in seen] == [m.attempt_id for m in (*marks[2:12], *marks[20:])]
