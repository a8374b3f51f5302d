"""The programme: three people practise, collect, fall back, and collect again."""

from __future__ import annotations

import multiprocessing
import os
import queue
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.database import catalogue_file
from collector.catalogue.names import NameFile, names_file
from collector.clock import SystemClock
from collector.station.bringup import Bringup, bring_up, default_launch_file
from collector.station.description import SHIPPED_TASKS
from collector.station.ros_domain import claim_domain
from collector.station.shared_memory import remove_orphaned_segments
from collector.station.simulated import (
    OPERATOR_MODULE,
    OPERATOR_PIN_VARIABLE,
    ScriptedSession,
    describe_simulated_station,
)
from collector.station.supervisor import Supervisor, SupervisorEvent
from collector.workflow_demo.practice import Person, practise

# One task of each of five types.
TASKS = (
    "place_red_in_bowl",
    "stack_red_on_blue",
    "open_drawer",
    "push_green_to_target",
    "press_switch",
)
# Short, so that the order of several blocks shows in a few demonstrations.
WORKFLOW = {
    "tasks": "tasks",
    "types_per_session": 5,
    "block": [1, 2],
    "practice_block": 10,
    "countdown_s": 1.0,
}
CONSENT = "No person is recorded: the operators are scripts of the simulator.\n"
WORKERS = 2

Event = dict[str, Any]


class DemoError(Exception):
    """The demo cannot go on; the message says why."""


@dataclass(frozen=True)
class Plan:
    """Who takes part, with their PINs, at which station."""

    station_path: Path
    catalogue: Path
    people: tuple[Person, ...]  # the most skilled first
    pins: dict[str, str]


def prepare(folder: Path, seed: int) -> Plan:
    """Write station, tasks and operators into ``folder``. Raises OSError, CatalogueError."""
    tasks = folder / "tasks"
    tasks.mkdir(parents=True, exist_ok=True)
    for name in TASKS:
        text = (SHIPPED_TASKS / f"{name}.yaml").read_text(encoding="utf-8")
        (tasks / f"{name}.yaml").write_text(text, encoding="utf-8")
    station_path = folder / "station.yaml"
    describe_simulated_station(
        station_path,
        ".",
        sections={
            "workflow": WORKFLOW,
            "hourly_rate": {"operator": 30.0, "station": 12.0, "currency": "EUR"},
        },
    )
    consent = folder / "consent.txt"
    consent.write_text(CONSENT, encoding="utf-8")
    rng = random.Random(seed)
    people, pins = [], {}
    catalogue = catalogue_file(folder)
    with Catalogue.open(catalogue, SystemClock(), random.SystemRandom()) as opened:
        for name, skill, fail_share, pace in (
            ("expert", 1.0, 0.05, 1.0),
            ("trained", 0.75, 0.3, 1.5),
            ("novice", 0.5, 0.6, 2.0),
        ):
            pin = f"{rng.randrange(10_000):04d}"
            operator_id = opened.add_operator(pin, actor="demo").operator_id
            opened.give_consent(operator_id, consent, "recording and training", actor="demo")
            NameFile(names_file(folder)).remember(operator_id, f"{name} (scripted)")
            people.append(
                Person(operator_id, name, skill, fail_share, pace, rng.randrange(1, 2**31))
            )
            pins[operator_id] = pin
    return Plan(station_path, catalogue, tuple(people), pins)


def perform(plan: Plan, demonstrations: int, seed: int) -> Iterator[Event]:
    """Yield what happens, as it happens: practice, gates, blocks, demonstrations.

    Every operator collects ``demonstrations`` attempts. The novice falters first, until a
    gate closes; practises again; and collects. Raises DemoError.
    """
    yield from practise_side_by_side(plan, plan.people)
    environment = {"ROS_DOMAIN_ID": str(claim_domain()), **os.environ}
    bringup = bring_up(default_launch_file(), {"station": str(plan.station_path)}, environment)
    bringup.log_folder.mkdir(parents=True)
    remove_orphaned_segments(SystemClock())
    died: list[SupervisorEvent] = []
    yield {"event": "station", "logs": str(bringup.log_folder)}
    with Supervisor(bringup.launch.processes, bringup.log_folder, died.append, echo=False):
        for number, person in enumerate(plan.people):
            falters = person is plan.people[-1]
            if falters:
                yield from _collect(bringup, plan, person, 20, 1.0, seed + number, practise=False)
                yield from practise_side_by_side(plan, (person,))
            yield from _collect(bringup, plan, person, demonstrations, 0.0, seed + 100 + number)
    for event in died:
        if event.kind == "died":
            yield {"event": "died", "sentence": str(event)}


def practise_side_by_side(plan: Plan, people: Sequence[Person]) -> Iterator[Event]:
    """Let people practise, as many at once as a small machine bears. Raises DemoError."""
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        told = manager.Queue()
        with context.Pool(min(WORKERS, len(people))) as pool:
            running = [
                pool.apply_async(_practise, (plan.station_path, str(plan.catalogue), person, told))
                for person in people
            ]
            while not all(one.ready() for one in running) or not told.empty():
                try:
                    yield told.get(timeout=0.2)
                except queue.Empty:
                    continue
            for one in running:
                try:
                    one.get()
                except Exception as error:
                    raise DemoError(f"the practice broke off: {error}") from error


def _practise(station_path: Path, where: str, person: Person, told: Any) -> None:
    practise(station_path, where, person, told.put)


def _collect(
    bringup: Bringup,
    plan: Plan,
    person: Person,
    attempts: int,
    fail_share: float,
    seed: int,
    practise: bool = True,
) -> Iterator[Event]:
    """Let a person work at the station. Raises DemoError."""
    environment = {**os.environ, OPERATOR_PIN_VARIABLE: plan.pins[person.operator_id]}
    with ScriptedSession(
        bringup,
        environment,
        OPERATOR_MODULE,
        operator_id=person.operator_id,
        attempts=attempts,
        skill=person.skill,
        fail_share=fail_share,
        seed=seed,
        practise=practise,
    ) as session:
        yield from session.reports()
        code, errors = session.end()
        if code != 0:
            raise DemoError(f"{person.operator_id} could not go on: {errors.strip()}")
