"""Practice in simulated time opens the gate of the station that shares the catalogue."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.workflow_history import CatalogueHistory
from collector.clock import SystemClock
from collector.station.simulated import describe_simulated_station
from collector.tasks.library import load_library
from collector.workflow_demo.practice import Person, practise
from collector.workflow_demo.programme import TASKS, prepare

POLICY = {"window": 4, "min_attempts": 2, "threshold": 0.75}


def test_an_operator_practises_until_every_gate_is_open(tmp_path: Path) -> None:
    plan = prepare(tmp_path, seed=3)
    describe_simulated_station(
        plan.station_path,
        ".",
        sections={
            "operator_policy": POLICY,
            "workflow": {"tasks": "tasks", "types_per_session": 3, "practice_block": 2},
        },
    )
    for name in TASKS:
        if name not in ("press_switch", "open_drawer"):
            (tmp_path / "tasks" / f"{name}.yaml").unlink()
    expert = plan.people[0]
    person = Person(expert.operator_id, "fails at first", 1.0, 1.0, 1.0, seed=1)
    told: list[dict[str, Any]] = []
    practise(plan.station_path, str(plan.catalogue), person, told.append)
    assert {event["task"] for event in told} == {"press_switch", "open_drawer"}
    outcomes = [event["outcome"] for event in told if event["task"] == "press_switch"]
    assert outcomes[0] == "failure"  # the first attempt at a task always fails here
    with Catalogue.open(plan.catalogue, SystemClock(), random.Random(1)) as catalogue:
        library = load_library(tmp_path / "tasks")
        history = CatalogueHistory(catalogue, "another-station", library)
        kept = history.marks(person.operator_id, "press_switch")
        assert [mark.outcome for mark in kept] == outcomes
        assert not catalogue.check(tmp_path).problems
    last = {event["task"]: event["open"] for event in told}
    assert last == {"press_switch": True, "open_drawer": True}


def test_what_is_prepared_is_a_station_with_operators_who_agreed(tmp_path: Path) -> None:
    plan = prepare(tmp_path, seed=3)
    assert {path.stem for path in (tmp_path / "tasks").glob("*.yaml")} == set(TASKS)
    types = {yaml.safe_load(p.read_text())["task_type"] for p in (tmp_path / "tasks").iterdir()}
    assert len(types) == 5
    skills = [person.skill for person in plan.people]
    assert skills == sorted(skills, reverse=True)
    with Catalogue.open(plan.catalogue, SystemClock(), random.Random(1)) as catalogue:
        for person in plan.people:
            known = catalogue.sign_in(person.operator_id, plan.pins[person.operator_id])
            assert known.consent is not None


@pytest.mark.parametrize(("tried", "least", "most"), [(0, 0.8, 1.0), (6, 0.0, 0.1)])
def test_practice_makes_fewer_failures(tried: int, least: float, most: float) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    person = Person("op-1", "novice", 0.5, 0.9, 2.0, seed=1)
    share = np.mean([person.fails(tried, rng) for _ in range(300)])
    assert least <= share <= most
