from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from recorded_attempt import RecordedAttempt

from collector.devices.teleop_device import TeleopError
from collector.simulation.rehearsal import Tick, integrate, rehearse
from collector.simulation.scripted_operator import ScriptedOperator
from collector.simulation.tasks import TASKS, UnknownTask
from collector.simulation.world import World

Attempt = Callable[[str], RecordedAttempt]
ONE_OF_EACH_TYPE = list({task.task_type: task_id for task_id, task in TASKS.items()}.values())


@pytest.mark.parametrize("task_id", TASKS)
def test_it_achieves_every_task_in_a_persons_time(honest_attempt: Attempt, task_id: str) -> None:
    ended = honest_attempt(task_id).ended
    assert ended.success, ended.explanation
    assert ended.believed
    assert 6.0 <= ended.duration_s <= 16.0


@pytest.mark.parametrize("task_id", TASKS)
def test_it_asks_for_human_speeds_smoothly(honest_attempt: Attempt, task_id: str) -> None:
    ticks = honest_attempt(task_id).ticks
    readings = [tick.reading for tick in ticks if tick.reading and tick.reading.dead_man]
    twists = np.array([reading.twist for reading in readings])
    assert np.max(np.linalg.norm(twists[:, :3], axis=1)) <= 0.2501
    assert np.max(np.linalg.norm(twists[:, 3:], axis=1)) <= 1.0001
    # Within 10 ms a hand's speed changes little: 3 cm/s is 3 m/s2.
    assert np.max(np.linalg.norm(np.diff(twists[:, :3], axis=0), axis=1)) < 0.03
    assert np.std(twists[-200:, :3]) > 0.0005  # never quite still


def test_it_hesitates_before_and_waits_after_the_gripper(
    honest_attempt: Attempt,
) -> None:
    ticks = honest_attempt("place_red_in_bowl").ticks
    gripper = np.array([tick.reading.gripper for tick in ticks if tick.reading])
    switched = np.flatnonzero(np.diff(gripper))
    assert len(switched) == 2  # closes, opens
    for index in switched:
        around = ticks[index - 25 : index + 40]
        moved = np.linalg.norm(around[0].target_pose[:3] - around[-1].target_pose[:3])
        assert moved < 0.004


def test_the_same_seeds_give_the_same_attempt(world: World) -> None:
    def targets(operator_seed: int, seed: int) -> np.ndarray:
        ticks: list[Tick] = []
        operator = ScriptedOperator(operator_seed)
        rehearse(world, operator, "press_switch", seed, on_tick=ticks.append, longest_s=2.0)
        return np.array([tick.target_pose for tick in ticks])

    first = targets(1, 2)
    np.testing.assert_array_equal(first, targets(1, 2))
    assert not np.array_equal(first, targets(3, 2))


@pytest.mark.parametrize("task_id", ONE_OF_EACH_TYPE)
def test_it_fails_on_purpose_and_gives_up(failed_attempt: Attempt, task_id: str) -> None:
    ended = failed_attempt(task_id).ended
    assert ended.finished
    assert not ended.success
    assert not ended.believed
    assert ended.duration_s <= 16.0


def test_less_skill_is_slower(world: World) -> None:
    skilled = rehearse(world, ScriptedOperator(1), "press_switch", 3)
    clumsy = rehearse(world, ScriptedOperator(1, skill=0.3), "press_switch", 3)
    assert clumsy.duration_s > skilled.duration_s + 1.0


def test_the_dead_man_is_held_only_while_performing(world: World) -> None:
    world.reset("press_switch", 0)
    operator = ScriptedOperator()
    with pytest.raises(TeleopError, match="call connect first"):
        operator.read(0)
    operator.connect()
    idle = operator.read(0)
    assert idle is not None
    assert not idle.dead_man
    assert not operator.performing

    operator.begin("press_switch", 0)
    assert operator.performing
    blind = operator.read(10_000_000)
    assert blind is not None
    assert not blind.dead_man  # it has seen nothing yet

    arm = world.reading(0)
    operator.observe(world.state(), world.target, arm.ee_pose, arm.gripper_opening)
    active = operator.read(20_000_000)
    assert active is not None
    assert active.dead_man

    operator.disconnect()
    assert not operator.performing
    assert not operator.finished


def test_a_state_of_another_task_is_not_looked_at(world: World) -> None:
    world.reset("open_drawer", 0)
    operator = ScriptedOperator()
    operator.connect()
    operator.begin("press_switch", 0)
    arm = world.reading(0)
    operator.observe(world.state(), world.target, arm.ee_pose, arm.gripper_opening)
    reading = operator.read(0)
    assert reading is not None
    assert not reading.dead_man


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="skill is 0"):
        ScriptedOperator(0, skill=0.0)
    with pytest.raises(UnknownTask, match="choose one of"):
        ScriptedOperator(0).begin("juggle", 0)


def test_integration_holds_the_speed_limits() -> None:
    start = np.array([0.4, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0])
    moved = integrate(start, np.array([3.0, 0.0, 0.0, 0.0, 0.0, 9.0]), 0.01)
    assert moved[0] == pytest.approx(0.405)
    assert 2 * np.arccos(abs(moved[3])) == pytest.approx(0.025)
    held = integrate(start, np.array([0.1, 0, 0, 0, 0, 0.0]), 0.01, start - [0.1, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(held, start)
