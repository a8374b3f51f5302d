"""Sealed folders and the attempts they came from: tied by id, found after a restart, rebuilt."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from workflow_station import WorkflowStation

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.errors import CatalogueError
from collector.catalogue.sealed_search import find_sealed
from collector.clock import NS_PER_S, ManualClock
from collector.workflow.history import AttemptMark

sys.path.append(str(Path(__file__).parent.parent / "episode"))

from episode_factory import GOAL, START_NS, play, recorder

STATION = "sim 1"  # what the factory's episodes say


@pytest.fixture
def station(catalogue: Catalogue, tmp_path: Path, clock: ManualClock) -> WorkflowStation:
    clock.set(START_NS - NS_PER_S)
    return WorkflowStation(catalogue, tmp_path, clock, name=STATION)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data"


def seal(root: Path, mark: AttemptMark, outcome: str = "success") -> Path:
    """Record what an attempt would have recorded, beginning one second after it."""
    goal = replace(
        GOAL,
        task_id=mark.task_id,
        phase=mark.phase,
        collector_id=mark.operator_id,
        session_id=mark.session_id,
    )
    clock = ManualClock(mark.started_ns + NS_PER_S)
    target = recorder(root, clock, rng=Random(mark.started_ns))
    target.begin(goal)
    play(target, 3)
    sealed = target.discard("wrong cup") if outcome == "discarded" else target.finish(outcome)
    return Path(sealed.path)


def test_a_sealed_folder_is_tied_by_id(station: WorkflowStation, root: Path) -> None:
    station.work()
    mark = station.begin()
    path = seal(root, mark)
    station.clock.advance(2 * NS_PER_S)
    station.session.label("success", station.person)
    station.history.register_sealed(path, mark.attempt_id)
    (attempt,) = station.catalogue.session_attempts(mark.session_id)
    assert (attempt.workflow_id, attempt.episode_id) == (mark.attempt_id, path.name)
    station.session.sealed(mark.attempt_id, path.name)
    assert len(station.catalogue.session_attempts(mark.session_id)) == 1
    with pytest.raises(CatalogueError, match="no sealed episode"):
        station.history.register_sealed(path.parent, mark.attempt_id)


def test_a_wrong_guess_gives_way_to_the_id(station: WorkflowStation, root: Path) -> None:
    station.work()
    first = station.begin()
    path = seal(root, first)
    station.clock.advance(NS_PER_S // 2)
    station.session.interrupted("the recorder fell over")  # before the episode began
    station.catalogue.register_episode(path)  # makes an attempt of its own
    assert len(station.catalogue.session_attempts(first.session_id)) == 2
    station.session.sealed(first.attempt_id, path.name)
    (attempt,) = station.catalogue.session_attempts(first.session_id)
    assert (attempt.workflow_id, attempt.episode_id) == (first.attempt_id, path.name)


def test_rebuilding_ties_to_attempts_and_keeps_decisions(
    station: WorkflowStation, root: Path
) -> None:
    station.work()
    marks = []
    for outcome in ("success", "failure", "discarded"):
        begun = station.begin()
        path = seal(root, begun, outcome)
        station.clock.advance(3 * NS_PER_S)
        station.session.label(outcome, station.person)  # type: ignore[arg-type]
        marks.append(station.session.memory.marks[begun.attempt_id])
        station.session.sealed(begun.attempt_id, path.name)
    station.session.relabel(marks[2].attempt_id, "success", station.person, "right after all")
    report = station.catalogue.rebuild(root)
    assert (report.new, report.problems) == (3, [])
    assert len(station.catalogue.session_attempts(marks[0].session_id)) == 3
    assert station.catalogue.episode(path.name).label_operator == "success"
    station.session.sign_out(station.person)
    before = station.catalogue.session_marks(marks[0].session_id)
    assert station.catalogue.rebuild(root).unchanged == 3
    assert station.catalogue.session_marks(marks[0].session_id) == before
    assert station.catalogue.check(root).problems == []


def test_what_was_sealed_while_nobody_listened_is_found(
    station: WorkflowStation, root: Path
) -> None:
    station.work()
    marks, paths = [], []
    for sealed in (True, False, True):
        begun = station.begin()
        paths.append(seal(root, begun) if sealed else None)
        station.clock.advance(9 * NS_PER_S)
        marks.append(station.session.interrupted("the recorder fell over"))
    assert [station.history.find_sealed(root, mark) for mark in marks] == paths
    # Whoever has it already keeps it.
    assert paths[0] is not None
    station.session.sealed(marks[0].attempt_id, paths[0].name)
    assert find_sealed(root, marks[0], taken={paths[0].name}) is None
    assert find_sealed(root, marks[0]) == paths[0]


def test_neither_another_session_nor_another_task_is_taken(
    station: WorkflowStation, root: Path
) -> None:
    station.work()
    mark = station.begin()
    seal(root, mark.model_copy(update={"session_id": "s-other"}))
    seal(root, mark.model_copy(update={"task_id": "other", "started_ns": mark.started_ns + 1}))
    assert find_sealed(root, mark) is None
    path = seal(root, mark.model_copy(update={"started_ns": mark.started_ns + 2}))
    assert find_sealed(root, mark) == path
    assert find_sealed(root, mark, before_ns=mark.started_ns + NS_PER_S) is None


def test_an_episode_that_began_after_midnight_is_found(
    station: WorkflowStation, root: Path
) -> None:
    midnight_ns = (START_NS // NS_PER_S // 86400 + 1) * 86400 * NS_PER_S
    station.clock.set(midnight_ns - 2 * NS_PER_S)
    station.work()
    mark = station.begin()
    assert mark.started_ns < midnight_ns
    path = seal(root, mark)
    assert path.parent.name == "2026-11-25"
    assert find_sealed(root, mark) == path
    assert find_sealed(root / "elsewhere", mark) is None
