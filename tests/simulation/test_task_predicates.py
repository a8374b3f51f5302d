from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from collector.geometry import Pose
from collector.simulation.layout import tool_down
from collector.simulation.state import WorldState
from collector.simulation.tasks import Evaluation, evaluate, find_task
from collector.simulation.world import World

FAR_AWAY = tool_down([0.4, 0.0, 0.4], 0.0)


@pytest.fixture(scope="module")
def state(world: World) -> WorldState:
    world.reset("place_red_in_bowl", 0)
    return world.state()


def with_body(state: WorldState, name: str, position: np.ndarray) -> WorldState:
    poses = state.body_poses.copy()
    poses[state.body_names.index(name), :3] = position
    return replace(state, body_poses=poses)


def with_joint(state: WorldState, name: str, position: float) -> WorldState:
    positions = state.joint_positions.copy()
    positions[state.joint_names.index(name)] = position
    return replace(state, joint_positions=positions)


def judge(task_id: str, state: WorldState, ee: Pose = FAR_AWAY, **speeds: float) -> Evaluation:
    return evaluate(find_task(task_id), state, ee, speeds)


@pytest.mark.parametrize(("away_m", "success"), [(0.0, True), (0.049, True), (0.051, False)])
def test_a_block_must_lie_within_5_cm_of_the_target(
    state: WorldState, away_m: float, success: bool
) -> None:
    target = state.body("target")[:3]
    placed = with_body(state, "blue_block", np.add(target, [away_m, 0.0, 0.02]))
    result = judge("place_blue_on_target", placed)
    assert result.success is success
    assert f"{1e3 * away_m:.0f} mm from the target, must be within 50" in result.explanation


def test_a_block_in_the_air_is_not_placed(state: WorldState) -> None:
    placed = with_body(state, "blue_block", np.add(state.body("target")[:3], [0.0, 0.0, 0.10]))
    result = judge("place_blue_on_target", placed)
    assert not result.success
    assert "height is 100 mm" in result.explanation


def test_a_block_still_held_is_not_placed(state: WorldState) -> None:
    spot = np.add(state.body("target")[:3], [0.0, 0.0, 0.02])
    held = with_body(state, "blue_block", spot)
    for finger in ("panda_finger_joint1", "panda_finger_joint2"):
        held = with_joint(held, finger, 0.020)
    at_block = tool_down(spot, 0.0)
    assert not judge("place_blue_on_target", held, at_block).success
    assert judge("place_blue_on_target", held, FAR_AWAY).success


def test_a_moving_block_is_not_placed(state: WorldState) -> None:
    placed = with_body(state, "blue_block", np.add(state.body("target")[:3], [0.0, 0.0, 0.02]))
    assert judge("place_blue_on_target", placed, blue_block=0.009).success
    result = judge("place_blue_on_target", placed, blue_block=0.020)
    assert not result.success
    assert "moves at 20 mm/s, must be below 10" in result.explanation


def test_a_block_beside_the_other_is_not_stacked(state: WorldState) -> None:
    lower = state.body("blue_block")[:3]
    on_top = with_body(state, "red_block", np.add(lower, [0.01, 0.0, 0.04]))
    assert judge("stack_red_on_blue", on_top).success
    beside = with_body(state, "red_block", np.add(lower, [0.02, 0.0, 0.0]))
    assert not judge("stack_red_on_blue", beside).success


@pytest.mark.parametrize(
    ("task_id", "opening", "success"),
    [
        ("open_drawer", 0.79, False),
        ("open_drawer", 0.81, True),
        ("close_drawer", 0.11, False),
        ("close_drawer", 0.09, True),
    ],
)
def test_the_drawer_is_judged_by_its_opening(
    state: WorldState, task_id: str, opening: float, success: bool
) -> None:
    result = judge(task_id, with_joint(state, "drawer", opening * 0.15))
    assert result.success is success
    assert f"drawer {opening:.0%} open" in result.explanation


def test_the_switch_must_be_turned(state: WorldState) -> None:
    assert not judge("press_switch", state).success
    assert judge("press_switch", with_joint(state, "rocker", 0.2)).success
