"""What comes next: least covered first, never a type twice in a row, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marks import marks, repeatable
from station import LIBRARY

from collector.station.description import OperatorPolicy
from collector.workflow.gate import GateState, judge
from collector.workflow.interleaving import Choice, Interleaver, InterleavingPolicy

TASKS = LIBRARY.tasks


def interleaver(seed: int = 0, **policy: Any) -> Interleaver:
    return Interleaver(TASKS, np.random.default_rng(seed), InterleavingPolicy(**policy))


def gates(plan: tuple[str, ...], is_open: set[str]) -> dict[str, GateState]:
    return {
        task: judge("op-1", task, marks("s" * 10 if task in is_open else "f"), OperatorPolicy())
        for task in plan
    }


@repeatable
@given(st.integers(0, 2**32), st.integers(3, 5), st.data())
def test_a_plan_is_the_least_covered_task_of_each_of_3_to_5_types(
    seed: int, types: int, data: st.DataObject
) -> None:
    collected = {name: data.draw(st.integers(0, task.quota - 1)) for name, task in TASKS.items()}
    plan = interleaver(seed, types_per_session=types).plan(collected)
    assert len(plan) == types
    assert len({TASKS[task].task_type for task in plan}) == types
    covered = {task: collected[task] / TASKS[task].quota for task in TASKS}
    planned_types = {TASKS[task].task_type for task in plan}
    for task in TASKS:
        if TASKS[task].task_type not in planned_types:
            assert covered[task] >= max(covered[other] for other in plan)


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    plans = [interleaver(seed).plan({}) for seed in (1, 1, 2, 3, 4)]
    assert plans[0] == plans[1]
    assert len(set(plans)) > 1


@repeatable
@given(st.integers(0, 2**32), st.data())
def test_no_type_comes_twice_in_a_row_and_blocks_are_10_to_15(
    seed: int, data: st.DataObject
) -> None:
    chooser = interleaver(seed)
    collected = {name: data.draw(st.integers(0, task.quota // 4)) for name, task in TASKS.items()}
    plan = chooser.plan(collected)
    last: Choice | None = None
    last_type = ""
    for _ in range(8):
        last = chooser.next(plan, gates(plan, set(plan)), collected, last, last_type, plan)
        assert last.phase == "collection"
        assert 10 <= last.length <= 15
        assert last.task_type != last_type
        others = [task for task in plan if TASKS[task].task_type != last_type]
        least = min(collected[task] / TASKS[task].quota for task in others)
        assert collected[last.task_id] / TASKS[last.task_id].quota == least
        collected[last.task_id] += last.length
        last_type = last.task_type


def test_it_says_why() -> None:
    chooser = interleaver()
    plan = ("open_drawer", "press_switch", "stack_red_on_blue")
    collected = {"open_drawer": 200, "press_switch": 15, "stack_red_on_blue": 200}
    choice = chooser.next(plan, gates(plan, set(plan)), collected)
    assert choice.explain() == (
        f"Press switch has 15 of {TASKS['press_switch'].quota} demonstrations (10%), the least "
        f"covered of the 3 tasks that may follow the last block's type: {choice.length} more in "
        f"this block."
    )
    choice = chooser.next(plan, gates(plan, {"press_switch"}), collected)
    assert choice.explain() == (
        "Open drawer is to be practised before it is collected: 0 of the last 1 attempts "
        "succeeded; 9 successes in a row would open it."
    )


def test_a_block_never_passes_the_quota_and_the_only_type_left_may_repeat() -> None:
    chooser = interleaver()
    plan = ("open_drawer", "press_switch", "stack_red_on_blue")
    collected = {task: TASKS[task].quota for task in plan}
    collected["press_switch"] -= 3
    choice = chooser.next(
        plan, gates(plan, set(plan)), collected, last_collected_type="press_switch"
    )
    assert (choice.task_id, choice.length) == ("press_switch", 3)
    assert "the only type of this session that is still wanted" in choice.reason


def test_a_session_outside_3_to_5_types_is_refused() -> None:
    with pytest.raises(ValueError, match="3 to 5 task types"):
        InterleavingPolicy(types_per_session=6)
    with pytest.raises(ValueError, match="blocks are of at least 1"):
        InterleavingPolicy(block=(15, 10))
    with pytest.raises(ValueError, match="give a library with tasks"):
        Interleaver({}, np.random.default_rng(0))
