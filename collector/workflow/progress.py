"""What attempts change: the gate, the block in hand, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collector.station.description import OperatorPolicy
from collector.tasks.library import TaskLibrary
from collector.workflow.gate import GateState, judge
from collector.workflow.history import COLLECTION, AttemptMark, History
from collector.workflow.interleaving import Choice, Interleaver
from collector.workflow.layout_coverage import DrawLayout, LayoutPlan, LayoutSampler
from collector.workflow.memory import Memory


class Progress:
    """Reads the history and a session's memory; changes neither, says what to change."""

    def __init__(
        self,
        station_id: str,
        library: TaskLibrary,
        policy: OperatorPolicy,
        history: History,
        interleaver: Interleaver,
        layout_seed: int,
        draw: DrawLayout | None,
    ) -> None:
        self._library = library
        self._policy = policy
        self._history = history
        self._interleaver = interleaver
        self._draw = draw
        self._samplers = (station_id, layout_seed, dict[str, LayoutSampler]())

    def gate(self, memory: Memory, task_id: str, operator_id: str = "") -> GateState:
        """Judge the operator at the task, with what this session knows already."""
        operator_id = operator_id or memory.operator_id
        marks = {mark.attempt_id: mark for mark in self._history.marks(operator_id, task_id)}
        for mark in memory.marks.values():
            if (mark.operator_id, mark.task_id) == (operator_id, task_id):
                known = marks.get(mark.attempt_id)
                if known is mark:
                    continue
                # A reviewer's verdict is known to the history alone.
                verdict = known.verdict if known is not None else None
                marks[mark.attempt_id] = mark.model_copy(update={"verdict": verdict})
        override = self._history.override(operator_id, task_id)
        return judge(operator_id, task_id, list(marks.values()), self._policy, override)

    def collected(self, memory: Memory, changed: AttemptMark | None = None) -> Mapping[str, int]:
        """Return the demonstrations of each task; ``changed`` is not in the history yet."""
        collected = self._history.collected()
        if changed is None:
            return collected
        before = memory.marks.get(changed.attempt_id)
        more = changed.is_demonstration - (before is not None and before.is_demonstration)
        return {**collected, changed.task_id: collected.get(changed.task_id, 0) + more}

    def begin(self, memory: Memory) -> dict[str, Any]:
        """Return what a new session begins with: its plan and first block."""
        plan = self._interleaver.plan(self._history.collected())
        memory = memory.model_copy(update={"plan": plan})
        return {
            "plan": plan,
            **self._with(memory, self._next(memory, self._history.collected())),
        }

    def after(self, memory: Memory, mark: AttemptMark) -> dict[str, Any]:
        """Return what the end of the attempt changes: counts, block, layout."""
        choice = memory.choice
        assert choice is not None
        collected = self.collected(memory, mark)
        memory = memory.model_copy(update={"marks": {**memory.marks, mark.attempt_id: mark}})
        adds = mark.is_demonstration if choice.phase == COLLECTION else mark.counts
        done = memory.block_done + adds
        memory = memory.model_copy(update={"block_done": done})
        moved = self._moved(memory, collected)
        if moved is not None:
            return self._with(memory, moved)
        if done >= choice.length:
            return self._with(memory, self._next(memory, collected))
        return {"block_done": done, **self.fresh_layout(memory, choice.task_id)}

    def settle(self, memory: Memory) -> dict[str, Any]:
        """Return what has to change because gate or quota did; empty where nothing has."""
        if memory.choice is None:
            return {}
        moved = self._moved(memory, self._history.collected())
        return self._with(memory, moved) if moved is not None else {}

    def fresh_layout(self, memory: Memory, task_id: str) -> dict[str, Any]:
        """Return the changes that give the next attempt a layout that none had before."""
        station_id, seed, samplers = self._samplers
        if task_id not in samplers:
            task = self._library.find(task_id)
            samplers[task_id] = LayoutSampler(task, station_id, seed, self._draw)
        index = memory.next_layout.get(task_id, 0)
        layout: LayoutPlan = samplers[task_id].plan(index, self._library.scene(task_id))
        return {
            "layout": layout,
            "next_layout": {task_id: layout.index + 1},
            "scene_ready": False,
        }

    def _moved(self, memory: Memory, collected: Mapping[str, int]) -> tuple[Choice, str] | None:
        """Return another block where gate or quota no longer allow the one in hand."""
        choice = memory.choice
        assert choice is not None
        gate = self.gate(memory, choice.task_id)
        wanted = self._interleaver.is_wanted(choice.task_id, collected)
        shown = choice.task_id.replace("_", " ")
        if choice.phase == COLLECTION and not gate.is_open:
            remark = f"{shown} goes back to practice: {gate.sentence()}"
            return self._interleaver.practice(gate, "goes back to practice"), remark
        if choice.phase == COLLECTION and not wanted:
            new, _ = self._next(memory, collected)
            return new, f"the quota of {shown} is met"
        if choice.phase != COLLECTION and gate.is_open and wanted:
            new, _ = self._next(memory, collected)
            return new, f"{shown} is open for collection: {gate.sentence()}"
        return None

    def _next(self, memory: Memory, collected: Mapping[str, int]) -> tuple[Choice, str]:
        gates = {task: self.gate(memory, task) for task in memory.plan}
        last = memory.choice
        last_type, practised = memory.last_collected_type, memory.practised
        if last is not None:
            if last.phase == COLLECTION and memory.block_done:
                last_type = last.task_type
            practised = (*practised, last.task_id)
        choice = self._interleaver.next(
            memory.plan, gates, collected, last, last_type, frozenset(practised)
        )
        return choice, ""

    def _with(self, memory: Memory, chosen: tuple[Choice, str]) -> dict[str, Any]:
        choice, remark = chosen
        last = memory.choice
        changes: dict[str, Any] = {"choice": choice, "block_done": 0, "remark": remark}
        if last is not None:
            if last.phase == COLLECTION and memory.block_done:
                changes["last_collected_type"] = last.task_type
            if last.task_id not in memory.practised:
                changes["practised"] = (*memory.practised, last.task_id)
        return {**changes, **self.fresh_layout(memory, choice.task_id)}
