"""Which task comes next, for how long, and why: blocks, interleaved, least covered first.

A session has 3 to 5 tasks, each of another type. Tasks whose gate is closed are practised
once before anything is collected; after that the least-covered task goes first, and two
blocks of collection in a row are never of one type while another type is wanted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from collector.station.description import Station
from collector.tasks.description import TaskDescription
from collector.workflow.gate import GateState
from collector.workflow.history import COLLECTION, PRACTICE, Fact, Phase


@dataclass(frozen=True)
class InterleavingPolicy:
    """How a session is cut into blocks."""

    types_per_session: int = 4
    block: tuple[int, int] = (10, 15)  # demonstrations of a block of collection
    practice_block: int = 10  # labelled attempts, then another task for a change

    @classmethod
    def of_station(cls, station: Station) -> InterleavingPolicy:
        """Return what the station's description asks for."""
        workflow = station.workflow
        return cls(workflow.types_per_session, workflow.block, workflow.practice_block)

    def __post_init__(self) -> None:
        if not 3 <= self.types_per_session <= 5:
            raise ValueError(
                f"types_per_session is {self.types_per_session}; a session has 3 to 5 task types"
            )
        if not 1 <= self.block[0] <= self.block[1] or self.practice_block < 1:
            raise ValueError("blocks are of at least 1, the shorter one first")


class Choice(Fact):
    """A block: what to do now, how often, and why."""

    task_id: str
    task_type: str
    phase: Phase
    length: int  # demonstrations in collection, labelled attempts in practice
    reason: str

    def explain(self) -> str:
        """Return one sentence: why this task?"""
        return self.reason


class Interleaver:
    """Chooses a session's tasks and the order of its blocks."""

    def __init__(
        self,
        tasks: Mapping[str, TaskDescription],
        rng: np.random.Generator,
        policy: InterleavingPolicy | None = None,
    ) -> None:
        """``tasks`` is the library's. Raises ValueError where it is empty."""
        if not tasks:
            raise ValueError("there is no task to choose from; give a library with tasks")
        self._tasks = tasks
        self._rng = rng
        self._policy = policy or InterleavingPolicy()

    def plan(self, collected: Mapping[str, int]) -> tuple[str, ...]:
        """Return the tasks of a new session, least covered first, each of another type.

        Tasks whose quota is met fill it up only where too few others are left.
        """
        order = sorted(self._tasks, key=lambda task: self._key(task, collected))
        wanted = [task for task in order if self.is_wanted(task, collected)]
        met = [task for task in order if task not in wanted]
        planned: list[str] = []
        types: set[str] = set()
        for task in (*wanted, *met):
            task_type = self._tasks[task].task_type
            if task_type not in types and len(planned) < self._policy.types_per_session:
                planned.append(task)
                types.add(task_type)
        return tuple(planned)

    def is_wanted(self, task_id: str, collected: Mapping[str, int]) -> bool:
        """Return whether the task's quota is not met yet."""
        return collected.get(task_id, 0) < self._tasks[task_id].quota

    def next(
        self,
        plan: Sequence[str],
        gates: Mapping[str, GateState],
        collected: Mapping[str, int],
        last: Choice | None = None,
        last_collected_type: str = "",
        practised: Collection[str] = (),
    ) -> Choice:
        """Choose the next block.

        ``last`` is the block before, ``last_collected_type`` the type of the last one of
        collection, ``practised`` the tasks that had a block of practice in this session.
        """
        wanted = [task for task in plan if self.is_wanted(task, collected)]
        if not wanted:
            return self._free_practice(plan, last)
        for task in wanted:
            if not gates[task].is_open and task not in practised:
                return self.practice(gates[task], "is to be practised before it is collected")
        last_task = last.task_id if last is not None else ""
        candidates = [
            task
            for task in wanted
            if (
                self._tasks[task].task_type != last_collected_type
                if gates[task].is_open
                else task != last_task
            )
        ]
        only = not candidates
        order = sorted(candidates or wanted, key=lambda task: self._key(task, collected))
        task = order[0]
        if not gates[task].is_open:
            return self.practice(gates[task], "is the least covered task that is wanted")
        return self._collect(task, collected, len(order), only)

    def practice(self, gate: GateState, why: str) -> Choice:
        """Return a block of practice of the gate's task."""
        task = self._tasks[gate.task_id]
        return Choice(
            task_id=task.id,
            task_type=task.task_type,
            phase=PRACTICE,
            length=self._policy.practice_block,
            reason=f"{_shown(task.id)} {why}: {gate.sentence()}.",
        )

    def _collect(
        self, task_id: str, collected: Mapping[str, int], among: int, only: bool
    ) -> Choice:
        task = self._tasks[task_id]
        have = collected.get(task_id, 0)
        low, high = self._policy.block
        length = min(int(self._rng.integers(low, high + 1)), task.quota - have)
        covered = (
            f"{_shown(task_id)} has {have} of {task.quota} demonstrations ({have / task.quota:.0%})"
        )
        if only:
            why = "the only type of this session that is still wanted"
        elif among == 1:
            why = "the one task that may follow the last block's type"
        else:
            why = f"the least covered of the {among} tasks that may follow the last block's type"
        return Choice(
            task_id=task_id,
            task_type=task.task_type,
            phase=COLLECTION,
            length=length,
            reason=f"{covered}, {why}: {length} more in this block.",
        )

    def _free_practice(self, plan: Sequence[str], last: Choice | None) -> Choice:
        position = plan.index(last.task_id) + 1 if last is not None else 0
        task = self._tasks[plan[position % len(plan)]]
        return Choice(
            task_id=task.id,
            task_type=task.task_type,
            phase=PRACTICE,
            length=self._policy.practice_block,
            reason="Every quota of this session is met: practise as you like, or sign out.",
        )

    def _key(self, task_id: str, collected: Mapping[str, int]) -> tuple[float, float]:
        quota = self._tasks[task_id].quota
        coverage = collected.get(task_id, 0) / quota if quota else 1.0
        return coverage, float(self._rng.random())  # equals in a drawn order


def _shown(task_id: str) -> str:
    words = task_id.replace("_", " ")
    return words[0].upper() + words[1:]
