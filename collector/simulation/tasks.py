"""The tasks of the tabletop: where things lie at the start, and what counts as success."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from collector.geometry import Pose
from collector.simulation.scene import (
    BLOCK_SIZE_M,
    BOWL_BOTTOM_M,
    DRAWER_TRAVEL_M,
    FINGER_JOINTS,
    ROCKER_LIMIT_RAD,
)
from collector.simulation.state import WorldState

PLACED_WITHIN_M = 0.050  # block centre from target centre
STACKED_WITHIN_M = 0.025  # upper block's centre from the lower one's, level
OPEN_BEYOND = 0.80  # of the drawer's travel
CLOSED_WITHIN = 0.10
PRESSED_BEYOND = 0.80  # of the rocker's angle
AT_REST_BELOW_M_S = 0.010
RELEASED_BEYOND_M = 0.050  # fingers apart: more than a block's 40 mm


class TaskType(str, Enum):
    """What kind of skill a task asks for."""

    PICK_AND_PLACE = "pick_and_place"
    STACK = "stack"
    OPEN_DRAWER = "open_drawer"
    CLOSE_DRAWER = "close_drawer"
    PUSH = "push"
    PRESS_SWITCH = "press_switch"


class UnknownTask(ValueError):
    """No task has this id; the message names those there are."""


@dataclass(frozen=True)
class Zone:
    """A rectangle on the table, in base, m, and the yaw range in which a thing may lie, rad."""

    x: tuple[float, float]
    y: tuple[float, float]
    yaw: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Evaluation:
    """Whether a task is achieved, and the measured quantity against its threshold."""

    success: bool
    explanation: str


# Blocks lie to the right of the drawer's way; any yaw of a block is one within 90 degrees.
_BLOCK_ZONE = Zone((0.38, 0.62), (-0.33, 0.05), (-np.pi / 4, np.pi / 4))
_DEFAULT_ZONES: dict[str, Zone] = {
    "red_block": _BLOCK_ZONE,
    "green_block": _BLOCK_ZONE,
    "blue_block": _BLOCK_ZONE,
    "bowl": Zone((0.43, 0.60), (-0.32, 0.00)),
    "target": Zone((0.40, 0.60), (-0.32, 0.02)),
    "cabinet": Zone((0.54, 0.57), (0.345, 0.365), (-np.pi / 2 - 0.05, -np.pi / 2 + 0.05)),
    "switch": Zone((0.28, 0.31), (0.20, 0.25), (-0.35, 0.35)),
}


@dataclass(frozen=True)
class Task:
    """One thing to demonstrate."""

    id: str
    task_type: TaskType
    instruction: str  # a placeholder until people annotate the episodes
    moved: str  # the body that is moved; the joint for furniture
    goal: str = ""  # the body where it is moved to
    zones: Mapping[str, Zone] = field(default_factory=lambda: _DEFAULT_ZONES)
    drawer_m: tuple[float, float] = (0.0, 0.0)  # opening at the start
    travel_m: tuple[float, float] = (0.0, np.inf)  # from `moved` to `goal` at the start
    clear_way: bool = False  # nothing lies between `moved` and `goal`


_TASKS = (
    Task(
        "place_red_in_bowl",
        TaskType.PICK_AND_PLACE,
        "put the red block in the bowl",
        "red_block",
        "bowl",
    ),
    Task(
        "place_blue_on_target",
        TaskType.PICK_AND_PLACE,
        "put the blue block on the yellow target",
        "blue_block",
        "target",
    ),
    Task(
        "stack_red_on_blue",
        TaskType.STACK,
        "stack the red block on the blue block",
        "red_block",
        "blue_block",
    ),
    Task(
        "stack_green_on_red",
        TaskType.STACK,
        "stack the green block on the red block",
        "green_block",
        "red_block",
    ),
    Task("open_drawer", TaskType.OPEN_DRAWER, "open the drawer", "drawer"),
    Task(
        "close_drawer",
        TaskType.CLOSE_DRAWER,
        "close the drawer",
        "drawer",
        drawer_m=(0.090, 0.145),
    ),
    Task(
        "push_green_to_target",
        TaskType.PUSH,
        "push the green block onto the yellow target",
        "green_block",
        "target",
        travel_m=(0.12, 0.24),
        clear_way=True,
    ),
    Task("press_switch", TaskType.PRESS_SWITCH, "switch on the light", "rocker"),
)
TASKS: dict[str, Task] = {task.id: task for task in _TASKS}


def find_task(task_id: str) -> Task:
    """Return the task. Raises UnknownTask, naming the tasks there are."""
    try:
        return TASKS[task_id]
    except KeyError:
        raise UnknownTask(
            f"there is no task {task_id!r}; choose one of {', '.join(TASKS)}"
        ) from None


def evaluate(
    task: Task, state: WorldState, ee_pose: Pose, speeds: Mapping[str, float]
) -> Evaluation:
    """Judge ``state`` against ``task``.

    ``ee_pose`` [7] is ``T_base_ee``; ``speeds`` gives each free body's speed, m/s
    (an absent body counts as at rest).
    """
    if task.task_type in (TaskType.OPEN_DRAWER, TaskType.CLOSE_DRAWER):
        opening = state.joint("drawer") / DRAWER_TRAVEL_M
        if task.task_type is TaskType.OPEN_DRAWER:
            return Evaluation(
                opening > OPEN_BEYOND,
                f"drawer {opening:.0%} open, must be beyond {OPEN_BEYOND:.0%}",
            )
        return Evaluation(
            opening <= CLOSED_WITHIN,
            f"drawer {opening:.0%} open, must be at most {CLOSED_WITHIN:.0%}",
        )
    if task.task_type is TaskType.PRESS_SWITCH:
        turned = state.joint("rocker") / ROCKER_LIMIT_RAD
        return Evaluation(
            turned > PRESSED_BEYOND,
            f"switch at {turned:+.0%} of its angle, must be beyond {PRESSED_BEYOND:+.0%}",
        )
    return _evaluate_block(task, state, ee_pose, speeds)


def _evaluate_block(
    task: Task, state: WorldState, ee_pose: Pose, speeds: Mapping[str, float]
) -> Evaluation:
    block, goal = state.body(task.moved)[:3], state.body(task.goal)[:3]
    away = float(np.linalg.norm(block[:2] - goal[:2]))
    limit = STACKED_WITHIN_M if task.task_type is TaskType.STACK else PLACED_WITHIN_M
    name, goal_name = task.moved.replace("_", " "), task.goal.replace("_", " ")
    facts = [f"{name} {1e3 * away:.0f} mm from the {goal_name}, must be within {1e3 * limit:.0f}"]
    success = away <= limit

    expected_z = {
        TaskType.STACK: float(goal[2]) + BLOCK_SIZE_M,
        TaskType.PUSH: BLOCK_SIZE_M / 2,
    }.get(task.task_type, BLOCK_SIZE_M / 2)
    # In the bowl a block lies on the bottom or leans on the wall.
    low, high = (0.0, 0.03) if task.goal == "bowl" else (0.010, 0.010)
    if task.goal == "bowl":
        expected_z = float(goal[2]) - BOWL_BOTTOM_M + BLOCK_SIZE_M / 2
    if not expected_z - low <= block[2] <= expected_z + high:
        success = False
        facts.append(
            f"its height is {1e3 * block[2]:.0f} mm, must be"
            f" {1e3 * (expected_z - low):.0f} to {1e3 * (expected_z + high):.0f}"
        )
    opening = sum(state.joint(joint) for joint in FINGER_JOINTS)
    near = float(np.linalg.norm(ee_pose[:3] - block)) < 2 * BLOCK_SIZE_M
    if task.task_type is not TaskType.PUSH and near and opening < RELEASED_BEYOND_M:
        success = False
        facts.append(
            f"fingers {1e3 * opening:.0f} mm apart at the block, must be"
            f" {1e3 * RELEASED_BEYOND_M:.0f} or away from it"
        )
    speed = speeds.get(task.moved, 0.0)
    if speed > AT_REST_BELOW_M_S:
        success = False
        facts.append(
            f"it moves at {1e3 * speed:.0f} mm/s, must be below {1e3 * AT_REST_BELOW_M_S:.0f}"
        )
    return Evaluation(success, "; ".join(facts))
