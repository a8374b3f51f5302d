"""Practice without waiting: the whole workflow over rehearsals in simulated time.

A station of its own beside the real one, with the same catalogue: what an operator learns
here opens the gate there.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.workflow_history import CatalogueHistory
from collector.clock import SystemClock
from collector.simulation.layout import draw_layout
from collector.simulation.rehearsal import rehearse
from collector.simulation.scripted_operator import ScriptedOperator
from collector.simulation.tasks import TASKS
from collector.simulation.world import World
from collector.station.description import load_station
from collector.tasks.library import load_library
from collector.workflow.history import FAILURE, PRACTICE, SUCCESS
from collector.workflow.interleaving import Interleaver, InterleavingPolicy
from collector.workflow.journal import MemoryJournal
from collector.workflow.memory import PreflightItem
from collector.workflow.progress import Progress
from collector.workflow.session import Label, WorkflowSession

# Coarse physics: what is wanted here is the outcome, not the data.
TICK_HZ, PHYSICS_HZ = 50, 250
MOST_ATTEMPTS = 200  # then an operator gives up for the day
_FIT = (
    PreflightItem(
        name="simulator", level="ok", sentence="Practice in simulated time: nothing is recorded."
    ),
)


@dataclass(frozen=True)
class Person:
    """A scripted operator: how fast and steady, and how quickly it learns a task."""

    operator_id: str
    name: str
    skill: float  # (0, 1]
    fail_share: float  # of the first attempts at a task
    pace: float  # attempts in which two thirds of it are learnt
    seed: int

    def fails(self, tried: int, rng: np.random.Generator) -> bool:
        """Draw whether an attempt fails, after ``tried`` attempts at the task."""
        return bool(rng.random() < self.fail_share * np.exp(-tried / self.pace))


def practise(
    station_path: Path, where: str, person: Person, tell: Callable[[dict[str, Any]], None]
) -> None:
    """Let a person practise until every task of the station's library is open to them.

    ``where`` names the catalogue. ``tell`` hears of every attempt, and of gates that open
    and close. Raises what the catalogue and the library raise.
    """
    station = load_station(station_path)
    library = load_library(station.tasks, tuple(TASKS))
    clock = SystemClock()
    rng = np.random.default_rng(person.seed)
    world = World(tick_hz=TICK_HZ, physics_hz=PHYSICS_HZ)
    operator = ScriptedOperator(person.seed, person.skill)
    station_id = f"{station.station_id}-practice-{person.operator_id}"
    with Catalogue.open(where, clock, random.Random(person.seed)) as catalogue:
        history = CatalogueHistory(catalogue, station_id, library)
        interleaver = Interleaver(library.tasks, rng, InterleavingPolicy.of_station(station))
        progress = Progress(
            station_id,
            library,
            station.operator_policy,
            history,
            interleaver,
            person.seed,
            draw_layout,
        )
        journal = MemoryJournal()
        session = WorkflowSession(station_id, library, history, progress, journal, clock)
        history.follow(session, journal)
        who = person.operator_id
        attempts = 0

        while attempts < MOST_ATTEMPTS:
            session.sign_in(who, who)
            session.preflight(_FIT)
            if all(task.gate.is_open for task in session.status().tasks):
                session.sign_out(who)
                break
            # Collection is for the station: whoever comes to it here signs in again.
            while attempts < MOST_ATTEMPTS:
                choice, layout = session.memory.choice, session.memory.layout
                if choice is None or layout is None or choice.phase != PRACTICE:
                    break
                session.arm(who)
                session.scene_ready("simulator")
                mark = session.countdown_over()
                tried = len(history.marks(who, mark.task_id)) - 1
                fails = person.fails(tried, rng)
                scene = library.scene(mark.task_id)
                assert scene is not None
                rehearsed = rehearse(world, operator, scene, layout.seed, fails)
                label: Label = SUCCESS if rehearsed.believed else FAILURE
                session.label(label, who, predicate=rehearsed.success)
                session.sealed(mark.attempt_id, "")
                attempts += 1
                tasks = {task.task_id: task for task in session.status().tasks}
                gate = tasks[mark.task_id].gate
                tell(
                    {
                        "event": "attempt",
                        "operator": who,
                        "task": mark.task_id,
                        "phase": PRACTICE,
                        "outcome": label,
                        "predicate": rehearsed.success,
                        "open": gate.is_open,
                        "gate": gate.sentence(),
                    }
                )
            session.sign_out(who)
        world.close()
