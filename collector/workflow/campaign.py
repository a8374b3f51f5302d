"""A campaign without robots: operators who learn and tire, over the real workflow.

What is simulated is the people and the time alone; states, gate, interleaving and layouts
are those of a station. Many stations work side by side on one shared history.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from collector.clock import NS_PER_S, ManualClock
from collector.station.description import OperatorPolicy
from collector.tasks.library import TaskLibrary
from collector.workflow.gate import wilson_interval
from collector.workflow.history import COLLECTION, DISCARDED, FAILURE, PRACTICE, SUCCESS, Consent
from collector.workflow.history import InMemoryHistory as SharedHistory
from collector.workflow.interleaving import Interleaver
from collector.workflow.journal import MemoryJournal
from collector.workflow.memory import PreflightItem
from collector.workflow.progress import Progress
from collector.workflow.session import Label, WorkflowSession

_PREFLIGHT = (PreflightItem(name="simulated", level="ok"),)
_ATTEMPT_S = 12
_BETWEEN_S = 8
_SETUP_S = 600
_PREDICATE_DISAGREES = 0.01


@dataclass(frozen=True)
class CampaignPlan:
    """How large a campaign is."""

    operators: int = 20
    attempts: int = 10_000
    stations: int = 4
    attempts_per_session: tuple[int, int] = (60, 120)
    seed: int = 0


@dataclass
class SimulatedOperator:
    """Succeeds with a rate that grows with practice at a task, and has bad days.

    ``ceiling`` is the rate after much practice, ``pace`` the attempts in which two thirds
    of the way are learnt.
    """

    operator_id: str
    ceiling: float
    pace: float
    talent: float  # rate at the first attempt of a task of no difficulty
    discards: float  # share
    tried: dict[str, int] = field(default_factory=dict)
    form: float = 0.0  # of the day

    def attempt(self, task_id: str, difficulty: float, rng: np.random.Generator) -> Label:
        """Try once, and learn from it."""
        tried = self.tried.get(task_id, 0)
        self.tried[task_id] = tried + 1
        first = self.talent * (1 - difficulty)
        rate = first + (self.ceiling - first) * (1 - math.exp(-tried / self.pace)) + self.form
        if rng.random() < self.discards:
            return DISCARDED
        return SUCCESS if rng.random() < rate else FAILURE


@dataclass(frozen=True)
class CampaignTask:
    """What became of one task."""

    quota: int
    collected: int
    practice: int
    collection: int
    success: float  # of labelled collection attempts
    interval: tuple[float, float]  # Wilson, 95 %
    opened: int  # times that it opened for an operator
    fell_back: int

    @property
    def covered(self) -> float:
        return self.collected / self.quota


@dataclass(frozen=True)
class CampaignReport:
    """What became of a campaign."""

    attempts: int
    sessions: int
    simulated_h: float  # all stations' hours together
    opened: int  # times that a task opened for an operator
    fell_back: int
    below_gate: int  # collected although the gate was closed: 0, or the workflow is broken
    repeated_types: int  # blocks of the type of the block before, though another was wanted
    tasks: Mapping[str, CampaignTask]


class _Station:
    """One station, whoever works there."""

    def __init__(
        self, number: int, library: TaskLibrary, history: SharedHistory, plan: CampaignPlan
    ) -> None:
        self.station_id = f"sim-{number:02d}"
        self.clock = ManualClock()
        self.history = history
        rng = np.random.default_rng([plan.seed, number])
        policy = OperatorPolicy()
        interleaver = Interleaver(library.tasks, rng)
        self.progress = Progress(
            self.station_id, library, policy, history, interleaver, plan.seed, None
        )
        self.session = WorkflowSession(
            self.station_id, library, history, self.progress, MemoryJournal(), self.clock
        )
        self.operator: SimulatedOperator | None = None
        self.left = 0


class Campaign:
    """Runs stations and operators in turns, one attempt each."""

    def __init__(self, library: TaskLibrary, plan: CampaignPlan) -> None:
        """Raises ValueError where more stations than operators are asked for."""
        if plan.stations > plan.operators:
            raise ValueError("a station needs an operator: ask for at most as many stations")
        self._library = library
        self._plan = plan
        self._rng = np.random.default_rng([plan.seed, 2**16])
        self._difficulty = {
            task: float(self._rng.uniform(0.05, 0.15)) * len(library.chain(task)) ** 0.5
            for task in library.tasks
        }
        self._waiting = [self._operator(number) for number in range(plan.operators)]
        consents = {
            operator.operator_id: Consent(reference="simulated person")
            for operator in self._waiting
        }
        self.history = SharedHistory(consents)
        self._stations = [
            _Station(number, library, self.history, plan) for number in range(plan.stations)
        ]
        self._opened: Counter[str] = Counter()
        self._fell_back: Counter[str] = Counter()
        self._below = self._repeated = 0
        self._attempts = self._sessions = 0

    def run(self) -> CampaignReport:
        """Work until the attempts are used up or every quota is met."""
        while self._attempts < self._plan.attempts and self._anything_wanted():
            for station in self._stations:
                if self._attempts >= self._plan.attempts:
                    break
                if station.operator is None:
                    self._sign_in(station)
                self._attempt(station)
        return self._report()

    def _operator(self, number: int) -> SimulatedOperator:
        rng = self._rng
        return SimulatedOperator(
            operator_id=f"op-{number:02d}",
            ceiling=float(rng.uniform(0.90, 0.99)),
            pace=float(rng.uniform(3.0, 12.0)),
            talent=float(rng.uniform(0.35, 0.85)),
            discards=float(rng.uniform(0.0, 0.08)),
        )

    def _anything_wanted(self) -> bool:
        collected = self.history.collected()
        return any(collected.get(t, 0) < task.quota for t, task in self._library.tasks.items())

    def _sign_in(self, station: _Station) -> None:
        operator = self._waiting.pop(0)
        operator.form = float(min(0.0, self._rng.normal(0.0, 0.03)))
        station.operator = operator
        station.left = int(self._rng.integers(*self._plan.attempts_per_session, endpoint=True))
        station.session.sign_in(operator.operator_id, operator.operator_id)
        station.session.preflight(_PREFLIGHT)
        station.clock.advance(_SETUP_S * NS_PER_S)
        self._sessions += 1

    def _attempt(self, station: _Station) -> None:
        session, operator = station.session, station.operator
        assert operator is not None
        who = operator.operator_id
        session.arm(who)
        station.clock.advance(_BETWEEN_S * NS_PER_S)
        session.scene_ready(who)
        mark = session.countdown_over()
        self._attempts += 1
        gate = station.progress.gate(session.memory, mark.task_id)
        if mark.phase == COLLECTION and not gate.is_open:
            self._below += 1
        station.clock.advance(_ATTEMPT_S * NS_PER_S)
        before = session.memory.choice
        outcome = operator.attempt(mark.task_id, self._difficulty[mark.task_id], self._rng)
        predicate = None
        if outcome == SUCCESS:
            predicate = bool(self._rng.random() >= _PREDICATE_DISAGREES)
        session.label(outcome, who, predicate=predicate)
        session.sealed(mark.attempt_id, f"episode-{mark.attempt_id}")
        after = station.progress.gate(session.memory, mark.task_id)
        self._opened[mark.task_id] += after.is_open and not gate.is_open
        self._fell_back[mark.task_id] += gate.is_open and not after.is_open
        choice = session.memory.choice
        assert choice is not None
        if (
            choice is not before
            and choice.phase == COLLECTION
            and choice.task_type == session.memory.last_collected_type
            and "the only type" not in choice.reason
        ):
            self._repeated += 1
        station.left -= 1
        if station.left <= 0 or not self._session_wanted(session):
            session.sign_out(who)
            station.operator = None
            self._waiting.append(operator)

    def _session_wanted(self, session: WorkflowSession) -> bool:
        collected = self.history.collected()
        return any(
            collected.get(task, 0) < self._library.find(task).quota for task in session.memory.plan
        )

    def _report(self) -> CampaignReport:
        marks = self.history.all_marks()
        tasks = {}
        for name, task in self._library.tasks.items():
            collection = [m for m in marks if m.task_id == name and m.phase == COLLECTION]
            labelled = [m for m in collection if m.counts]
            successes = sum(m.succeeded for m in labelled)
            tasks[name] = CampaignTask(
                quota=task.quota,
                collected=self.history.collected().get(name, 0),
                practice=sum(m.task_id == name and m.phase == PRACTICE for m in marks),
                collection=len(collection),
                success=successes / len(labelled) if labelled else 0.0,
                interval=wilson_interval(successes, len(labelled)),
                opened=self._opened[name],
                fell_back=self._fell_back[name],
            )
        total_ns = sum(station.clock.now_ns() for station in self._stations)
        return CampaignReport(
            attempts=self._attempts,
            sessions=self._sessions,
            simulated_h=total_ns / NS_PER_S / 3600,
            opened=self._opened.total(),
            fell_back=self._fell_back.total(),
            below_gate=self._below,
            repeated_types=self._repeated,
            tasks=tasks,
        )
