"""A station's workflow in memory, with what comes in driven by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from collector.clock import NS_PER_S, ManualClock
from collector.station.description import OperatorPolicy
from collector.tasks.library import TaskLibrary, load_library
from collector.workflow.history import AttemptMark, Consent, InMemoryHistory
from collector.workflow.interleaving import Interleaver
from collector.workflow.journal import Journal, MemoryJournal
from collector.workflow.memory import PreflightItem
from collector.workflow.progress import Progress
from collector.workflow.session import Label, WorkflowSession
from collector.workflow.state_machine import State

LIBRARY = load_library(Path(__file__).parents[2] / "launch" / "tasks")
FIT = (PreflightItem(name="cameras", level="ok"),)


def library(quota: int | None = None) -> TaskLibrary:
    """The shipped library, every quota set to ``quota``."""
    if quota is None:
        return LIBRARY
    return TaskLibrary({n: t.model_copy(update={"quota": quota}) for n, t in LIBRARY.tasks.items()})


class Bench:
    """One station and its operators op-1, op-2 (supervisor: sup-1)."""

    def __init__(
        self, journal: Journal | None = None, quota: int | None = None, policy: Any = None
    ) -> None:
        self.history = InMemoryHistory(
            {name: Consent(reference=f"consent of {name}") for name in ("op-1", "op-2")}, ["sup-1"]
        )
        self.journal = journal or MemoryJournal()
        self.clock = ManualClock(1_800_000_000 * NS_PER_S)
        self.library = library(quota)
        self.policy = policy or OperatorPolicy()
        self.sealed = 0
        self.start()

    def start(self) -> WorkflowSession:
        """Start the session's process, again where there was one."""
        rng = np.random.default_rng(7)
        self.progress = Progress(
            "lab-1",
            self.library,
            self.policy,
            self.history,
            Interleaver(self.library.tasks, rng),
            3,
            None,
        )
        self.session = WorkflowSession(
            "lab-1", self.library, self.history, self.progress, self.journal, self.clock
        )
        return self.session

    def work(self, operator: str = "op-1") -> None:
        self.session.sign_in(operator, operator)
        self.session.preflight(FIT)

    def begin(self) -> AttemptMark:
        """Lay out, arm, count down: an attempt is recorded."""
        self.clock.advance(NS_PER_S)
        self.session.arm("op-1")
        if self.session.state is State.ARMED:
            self.session.scene_ready("op-1")
        return self.session.countdown_over()

    def attempt(self, outcome: Label = "success", **given: Any) -> AttemptMark:
        """One whole attempt, sealed."""
        begun = self.begin()
        mark = self.session.label(outcome, "op-1", **given)
        self.seal(begun.attempt_id)
        return mark

    def seal(self, attempt_id: str) -> None:
        self.sealed += 1
        self.session.sealed(attempt_id, f"episode-{self.sealed}")

    def open(self, task_id: str, operator: str = "op-1") -> None:
        """As many successes of another day as the policy asks for."""
        for number in range(self.policy.min_attempts):
            self.history.record(
                AttemptMark(
                    attempt_id=f"before-{task_id}-{number}",
                    session_id="before",
                    operator_id=operator,
                    task_id=task_id,
                    phase="practice",
                    outcome="success",
                    started_ns=number,
                )
            )

    def open_all(self) -> None:
        for task_id in self.library.tasks:
            self.open(task_id)
