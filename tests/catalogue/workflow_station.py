"""A station's real workflow over a real catalogue, driven by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from people import operator, supervisor

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.workflow_history import CatalogueHistory
from collector.clock import NS_PER_S, ManualClock
from collector.station.description import OperatorPolicy
from collector.tasks.library import TaskLibrary, load_library
from collector.workflow.history import AttemptMark
from collector.workflow.interleaving import Interleaver
from collector.workflow.journal import Journal, MemoryJournal
from collector.workflow.memory import PreflightItem
from collector.workflow.progress import Progress
from collector.workflow.session import Label, WorkflowSession
from collector.workflow.state_machine import State

_SHIPPED = load_library(Path(__file__).parents[2] / "launch" / "tasks")
FIT = (PreflightItem(name="cameras", level="ok"),)
STATION = "lab-1"


def library(quota: int) -> TaskLibrary:
    """The shipped library, every quota set to ``quota``."""
    tasks = {n: t.model_copy(update={"quota": quota}) for n, t in _SHIPPED.tasks.items()}
    return TaskLibrary(tasks)


class WorkflowStation:
    """One station with one operator and a supervisor. A small gate: 60 % of 2 to 4."""

    history_class = CatalogueHistory

    def __init__(
        self,
        catalogue: Catalogue,
        tmp_path: Path,
        clock: ManualClock,
        journal: Journal | None = None,
        quota: int = 40,
        name: str = STATION,
    ) -> None:
        self.catalogue = catalogue
        self.clock = clock
        self.name = name
        self.journal = journal or MemoryJournal()
        self.library = library(quota)
        self.policy = OperatorPolicy(window=4, min_attempts=2, threshold=0.6)
        self.person = operator(catalogue, tmp_path).operator_id
        self.boss = supervisor(catalogue)
        self.start()

    def start(self, catalogue: Catalogue | None = None) -> WorkflowSession:
        """Start the session's process, again where there was one."""
        self.catalogue = catalogue or self.catalogue
        self.history = self.history_class(self.catalogue, self.name, self.library)
        self.progress = Progress(
            self.name,
            self.library,
            self.policy,
            self.history,
            Interleaver(self.library.tasks, np.random.default_rng(7)),
            3,
            None,
        )
        self.session = WorkflowSession(
            self.name, self.library, self.history, self.progress, self.journal, self.clock
        )
        self.history.follow(self.session, self.journal)
        return self.session

    def work(self) -> str:
        session_id = self.session.sign_in(self.person, self.person)
        self.session.preflight(FIT)
        return session_id

    def begin(self) -> AttemptMark:
        """Lay out, arm, count down: an attempt is recorded."""
        self.clock.advance(NS_PER_S)
        self.session.arm(self.person)
        if self.session.state is State.ARMED:
            self.session.scene_ready(self.person)
        return self.session.countdown_over()

    def attempt(self, outcome: Label = "success", **given: Any) -> AttemptMark:
        """One whole attempt, sealed but not registered."""
        begun = self.begin()
        self.clock.advance(8 * NS_PER_S)
        mark = self.session.label(outcome, self.person, **given)
        self.session.sealed(begun.attempt_id, f"episode-of-{begun.attempt_id}")
        return mark

    def truth(self) -> dict[str, AttemptMark]:
        """Return every attempt as the journal has it in the end."""
        marks: dict[str, AttemptMark] = {}
        for entry in self.journal.entries():
            for name in ("unsealed", "marks"):
                for key, mark in entry.changes.get(name, {}).items():
                    marks[key] = AttemptMark.model_validate(mark)
        return marks
