"""What a scripted operator does for each task: commands, each made from what it sees then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from collector.geometry import Pose
from collector.simulation.layout import tool_down
from collector.simulation.scene import BLOCK_SIZE_M, DRAWER_TRAVEL_M
from collector.simulation.state import WorldState
from collector.simulation.tasks import OPEN_BEYOND, PLACED_WITHIN_M, Task, TaskType

# Peak speeds, m/s: carrying and reaching, lifting, and working near things.
REACH_M_S = 0.24
LIFT_M_S = 0.20
FINE_M_S = 0.13

_ABOVE_M = 0.10  # over what is to be grasped
_CARRY_Z_M = 0.17
_GRASP_Z_M = -0.002  # of the tool, from the block's centre
_HANDLE_Z_M = 0.068
_TRIES = 3
# From the middle of the closed fingers to what they push against, m.
_PUSH_REACH_M = 0.013 + BLOCK_SIZE_M / 2


@dataclass(frozen=True)
class View:
    """What the operator sees."""

    state: WorldState
    target: Pose  # [7] T_base_ee commanded
    ee: Pose  # [7] T_base_ee measured
    opening_m: float  # between the fingers


@dataclass(frozen=True)
class Move:
    """Bring the commanded target to ``goal`` [7] with a smooth speed of at most ``peak_m_s``."""

    goal: Pose
    peak_m_s: float = REACH_M_S
    curve_m: float = 0.0  # how far the path bulges to the side


@dataclass(frozen=True)
class Grip:
    """Think, set the gripper (0 = open, 1 = close), and wait until the fingers are there."""

    value: float


@dataclass(frozen=True)
class Wait:
    """Do nothing."""

    duration_s: float


@dataclass(frozen=True)
class Steer:
    """Move with the velocity [3] m/s in base that ``velocity`` gives, until it gives None."""

    velocity: Callable[[View], NDArray[np.float64] | None]
    longest_s: float


Command = Move | Grip | Wait | Steer
Look = Callable[[], View]
Plan = Iterator[Command]


def plan(task: Task, look: Look, rng: np.random.Generator, fail_on_purpose: bool) -> Plan:
    """Yield the commands of one attempt at ``task``.

    ``look`` returns what is seen at that moment. With ``fail_on_purpose`` the attempt goes
    wrong in one of the ways in which people fail, drawn from ``rng``.
    """
    if task.task_type in (TaskType.PICK_AND_PLACE, TaskType.STACK):
        return _pick_and_place(task, look, rng, fail_on_purpose)
    if task.task_type is TaskType.PUSH:
        return _push(task, look, rng, fail_on_purpose)
    if task.task_type is TaskType.OPEN_DRAWER:
        return _open_drawer(look, rng, fail_on_purpose)
    if task.task_type is TaskType.CLOSE_DRAWER:
        return _close_drawer(look, rng, fail_on_purpose)
    return _press_switch(look, rng, fail_on_purpose)


def _pick_and_place(
    task: Task, look: Look, rng: np.random.Generator, fail_on_purpose: bool
) -> Plan:
    way_to_fail = rng.choice(["miss", "drop", "give up"]) if fail_on_purpose else ""
    for attempt in range(_TRIES):
        block = look().state.body(task.moved)
        yaw = _nearest_yaw(_yaw(block), _yaw(look().target), np.pi / 2)
        grasp = _raised(block[:3], _GRASP_Z_M)
        if way_to_fail == "miss":
            grasp = grasp + _aside(rng, 0.055)
        yield from _open_if_closed(look)
        yield Move(tool_down(_raised(grasp, _ABOVE_M), yaw), curve_m=_bulge(rng))
        yield Move(tool_down(grasp, yaw), FINE_M_S)
        yield Grip(1.0)
        yield Move(tool_down([*grasp[:2], _CARRY_Z_M], yaw), LIFT_M_S)
        if look().state.body(task.moved)[2] > _CARRY_Z_M / 2 or way_to_fail:
            break
        if attempt < _TRIES - 1:
            yield Wait(rng.uniform(0.2, 0.4))
    if way_to_fail == "miss":
        yield Grip(0.0)
        return

    goal = look().state.body(task.goal)
    held = look().state.body(task.moved)[:2] - look().target[:2]
    over = np.array([*(goal[:2] - held), _CARRY_Z_M])
    turned = _yaw(look().target)
    if task.task_type is TaskType.STACK:
        turned = _nearest_yaw(_yaw(goal), turned, np.pi / 2)
    if way_to_fail:
        start = look().target[:3]
        part_way = start + rng.uniform(0.35, 0.6) * (over - start)
        short = float(np.linalg.norm(over[:2] - part_way[:2]))
        if short < PLACED_WITHIN_M + 0.03:  # too near: it might still land there
            part_way = start + 0.1 * (over - start)
        yield Move(tool_down(part_way, turned), curve_m=_bulge(rng))
        if way_to_fail == "drop":
            yield Grip(0.0)
        yield Wait(rng.uniform(0.5, 0.9))
        return
    yield Move(tool_down(over, turned), curve_m=_bulge(rng))
    height = {"bowl": 0.078, "target": 0.023}.get(task.goal, float(goal[2]) + BLOCK_SIZE_M + 0.001)
    held = look().state.body(task.moved)[:2] - look().target[:2]
    release = np.array([*(look().state.body(task.goal)[:2] - held), height])
    yield Move(tool_down(release, turned), FINE_M_S)
    yield Grip(0.0)
    yield Move(tool_down(_raised(release, 0.08), turned), LIFT_M_S)


def _push(task: Task, look: Look, rng: np.random.Generator, fail_on_purpose: bool) -> Plan:
    yield Grip(1.0)
    for attempt in range(_TRIES):
        block, goal = (look().state.body(name)[:2].copy() for name in (task.moved, task.goal))
        length = float(np.linalg.norm(goal - block))
        way = (goal - block) / length
        yaw = _nearest_yaw(np.arctan2(way[1], way[0]), _yaw(look().target), np.pi / 2)
        behind = block - way * (_PUSH_REACH_M + 0.025)
        yield Move(tool_down([*behind, 0.13], yaw), curve_m=_bulge(rng))
        yield Move(tool_down([*behind, 0.022], yaw), FINE_M_S)
        stop_before = rng.uniform(0.5, 0.6) * length if fail_on_purpose else 0.008
        stop_before = max(stop_before, PLACED_WITHIN_M + 0.02) if fail_on_purpose else stop_before

        def push(
            view: View,
            block_name: str = task.moved,
            goal: NDArray[np.float64] = goal,
            stop_before: float = stop_before,
        ) -> NDArray[np.float64] | None:
            at = view.state.body(block_name)[:2]
            left = goal - at
            distance = float(np.linalg.norm(left))
            if distance < stop_before:
                return None
            heading = left / distance
            behind = view.target[:2] - at
            aside = behind - (behind @ heading) * heading
            if float(behind @ heading) > 0.0 or np.linalg.norm(aside) > 0.03:
                return None  # it slipped past the block: try again
            speed = min(0.11, 0.025 + 1.2 * (distance - stop_before))
            level = heading * speed - 3.0 * aside
            return np.array([*level, 2.0 * (0.022 - view.target[2])])

        yield Steer(push, 8.0)
        yield Wait(rng.uniform(0.2, 0.4))
        back = look().target[:2] - way * 0.03
        yield Move(tool_down([*back, 0.025], yaw), FINE_M_S)
        yield Move(tool_down([*back, 0.14], yaw), LIFT_M_S)
        missed = float(np.linalg.norm(look().state.body(task.moved)[:2] - goal))
        if fail_on_purpose or missed < 0.6 * PLACED_WITHIN_M or attempt == _TRIES - 1:
            return


def _open_drawer(look: Look, rng: np.random.Generator, fail_on_purpose: bool) -> Plan:
    way_to_fail = rng.choice(["miss", "let go", "give up"]) if fail_on_purpose else ""
    for _ in range(_TRIES):
        handle, outward = _handle(look().state)
        across = np.array([-outward[1], outward[0], 0.0])
        yaw = _across_yaw(outward, look())
        grasp = np.array([*handle[:2], _HANDLE_Z_M])
        if way_to_fail == "miss":
            grasp = grasp + across * rng.choice([-1.0, 1.0]) * 0.065 + outward * 0.02
        yield from _open_if_closed(look)
        yield Move(tool_down(_raised(grasp, 0.10), yaw), curve_m=_bulge(rng))
        yield Move(tool_down(grasp, yaw), FINE_M_S)
        yield Grip(1.0)
        pull = 0.94 * DRAWER_TRAVEL_M - look().state.joint("drawer")
        if way_to_fail:
            pull *= rng.uniform(0.35, 0.6)
        start = look().target[:3].copy()
        yield Move(tool_down(start + outward * pull, yaw), 0.13)
        if way_to_fail == "give up":
            yield Wait(rng.uniform(0.5, 0.8))
        yield Grip(0.0)
        yield Move(tool_down(_raised(look().target[:3], 0.10), yaw), LIFT_M_S)
        if way_to_fail or look().state.joint("drawer") > OPEN_BEYOND * DRAWER_TRAVEL_M:
            return


def _close_drawer(look: Look, rng: np.random.Generator, fail_on_purpose: bool) -> Plan:
    yield Grip(1.0)
    handle, outward = _handle(look().state)
    # The hand is wide: across the front, it clears it.
    yaw = _across_yaw(outward, look())
    before = np.array([*(handle + outward * 0.050)[:2], _HANDLE_Z_M])
    yield Move(tool_down(_raised(before, 0.10), yaw), curve_m=_bulge(rng))
    yield Move(tool_down(before, yaw), FINE_M_S)
    stop_at = look().state.joint("drawer") * rng.uniform(0.4, 0.6) if fail_on_purpose else 0.004

    def push(view: View) -> NDArray[np.float64] | None:
        opening = view.state.joint("drawer")
        if opening < stop_at:
            return None
        handle, outward = _handle(view.state)
        off = view.target[:3] - handle
        aside = off - (off @ outward) * outward
        aside[2] = view.target[2] - _HANDLE_Z_M
        speed = min(0.12, 0.03 + 1.5 * (opening - stop_at))
        pushed: NDArray[np.float64] = -outward * speed - 3.0 * aside
        return pushed

    yield Steer(push, 6.0)
    yield Wait(rng.uniform(0.3, 0.5))
    back = look().target[:3] + outward * 0.03
    yield Move(tool_down(back, yaw), FINE_M_S)
    yield Move(tool_down(_raised(back, 0.10), yaw), LIFT_M_S)


def _press_switch(look: Look, rng: np.random.Generator, fail_on_purpose: bool) -> Plan:
    way_to_fail = rng.choice(["miss", "give up"]) if fail_on_purpose else ""
    yield Grip(1.0)
    for _ in range(_TRIES):
        switch = look().state.body("switch")
        turn = Rotation.from_quat(switch[3:])
        # The raised end of the rocker, in the switch's frame; or its other end.
        spot = np.array([0.050 if way_to_fail != "miss" else -0.006, 0.0, 0.0])
        press = switch[:3] + turn.apply(spot)
        yaw = _nearest_yaw(_yaw(switch), _yaw(look().target), np.pi / 2)
        yield Move(tool_down([*press[:2], 0.17], yaw), curve_m=_bulge(rng))
        yield Move(tool_down([*press[:2], 0.105], yaw), FINE_M_S)
        yield Wait(rng.uniform(0.2, 0.4))
        lowest = {"miss": 0.074, "give up": 0.0835}.get(way_to_fail, 0.066)

        def push_down(
            view: View,
            press: NDArray[np.float64] = press,
            lowest: float = lowest,
        ) -> NDArray[np.float64] | None:
            if view.target[2] < lowest or view.state.joint("rocker") > 0.20:
                return None
            return np.array([*(2.0 * (press[:2] - view.target[:2])), -0.05])

        yield Steer(push_down, 3.0)
        yield Wait(rng.uniform(0.3, 0.5))
        yield Move(tool_down([*press[:2], 0.18], yaw), LIFT_M_S)
        if way_to_fail or look().state.joint("rocker") > 0.0:
            return


def _open_if_closed(look: Look) -> Plan:
    if look().opening_m < 0.07:
        yield Grip(0.0)


def _handle(state: WorldState) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the handle's middle and the direction in which the drawer opens, in base."""
    cabinet = state.body("cabinet")
    turn = Rotation.from_quat(cabinet[3:])
    handle = cabinet[:3] + turn.apply([0.055 + state.joint("drawer"), 0.0, 0.065])
    outward: NDArray[np.float64] = turn.apply([1.0, 0.0, 0.0])
    return handle, outward


def _yaw(pose: Pose) -> float:
    """Return the direction of the pose's x axis, seen from above, rad."""
    axis = Rotation.from_quat(pose[3:]).apply([1.0, 0.0, 0.0])
    return float(np.arctan2(axis[1], axis[0]))


def _nearest_yaw(yaw: float, present: float, symmetry: float) -> float:
    """Return the yaw that equals ``yaw`` up to ``symmetry`` and is nearest to ``present``."""
    return float(yaw + symmetry * np.round((present - yaw) / symmetry))


def _across_yaw(outward: NDArray[np.float64], view: View) -> float:
    """Return the yaw that sets the fingers across ``outward``."""
    # Half of a turn apart are two: the wrist joint has more room on the positive side.
    return _nearest_yaw(np.arctan2(outward[1], outward[0]), _yaw(view.target) + 0.6, np.pi)


def _raised(position: NDArray[np.float64], height: float) -> NDArray[np.float64]:
    raised: NDArray[np.float64] = position + np.array([0.0, 0.0, height])
    return raised


def _aside(rng: np.random.Generator, distance: float) -> NDArray[np.float64]:
    angle = rng.uniform(0.0, 2.0 * np.pi)
    return distance * np.array([np.cos(angle), np.sin(angle), 0.0])


def _bulge(rng: np.random.Generator) -> float:
    return float(rng.uniform(-0.025, 0.025))
