"""A whole attempt in simulated time: the scripted operator, the arm's limits, the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.arm.limits import ArmLimits
from collector.arm.target import step
from collector.clock import NS_PER_S
from collector.devices.teleop_device import TeleopReading
from collector.geometry import Pose, distance
from collector.simulation.scripted_operator import ScriptedOperator
from collector.simulation.world import World

_LIMITS = ArmLimits()  # those of the running station
_REST_S = 0.5  # after the operator lets go, before judging
# The target never runs further ahead of a blocked tool than this.
_LEASH_M = 0.10


@dataclass(frozen=True)
class Tick:
    """What happened up to one tick of an attempt."""

    time_s: float
    target_pose: Pose  # [7] T_base_ee commanded
    ee_pose: Pose  # [7] T_base_ee measured
    gripper: float  # command, 0 = open, 1 = close
    reading: TeleopReading | None


@dataclass(frozen=True)
class Rehearsal:
    """How an attempt ended."""

    success: bool  # by the simulator's predicate
    believed: bool  # by the operator
    explanation: str
    duration_s: float  # while the operator performed
    finished: bool  # False: it took longer than allowed


def integrate(
    target: Pose, twist: NDArray[np.float64], duration_s: float, measured: Pose | None = None
) -> Pose:
    """Return ``target`` [7] moved by ``twist`` [6] (m/s, rad/s in base) for ``duration_s``.

    The arm's own limits of speed and workspace hold. With ``measured`` [7], a target that would
    be more than 0.1 m from it stays.
    """
    moved, _ = step(target, twist, round(duration_s * NS_PER_S), _LIMITS)
    if measured is not None and distance(measured, moved)[0] > _LEASH_M:
        return target
    return moved


def rehearse(
    world: World,
    operator: ScriptedOperator,
    task_id: str,
    seed: int,
    fail_on_purpose: bool = False,
    on_tick: Callable[[Tick], None] | None = None,
    longest_s: float = 40.0,
) -> Rehearsal:
    """Reset ``world`` and let ``operator`` perform ``task_id`` in simulated time.

    ``seed`` lays the scene out and seeds the operator's noise. ``on_tick`` is called
    before the first tick and after each. Raises UnknownTask.
    """
    world.reset(task_id, seed)
    operator.connect()
    operator.begin(task_id, seed, fail_on_purpose)
    target, gripper = world.target, world.gripper
    tick_ns = NS_PER_S // world.tick_hz
    now_ns = 0
    finished_ns: int | None = None
    while now_ns < longest_s * NS_PER_S:
        arm = world.reading(now_ns)
        operator.observe(world.state(), target, arm.ee_pose, arm.gripper_opening)
        reading = operator.read(now_ns)
        if on_tick is not None:
            on_tick(Tick(now_ns / NS_PER_S, target, arm.ee_pose, gripper, reading))
        if finished_ns is None and operator.finished:
            finished_ns = now_ns
        if finished_ns is not None and now_ns - finished_ns >= _REST_S * NS_PER_S:
            break
        if reading is not None and reading.dead_man:
            target = integrate(target, reading.twist, 1.0 / world.tick_hz, arm.ee_pose)
            gripper = reading.gripper
        world.set_target(target, gripper)
        world.tick()
        now_ns += tick_ns
    judged = world.evaluate()
    return Rehearsal(
        success=judged.success,
        believed=operator.believes_success,
        explanation=judged.explanation,
        duration_s=(now_ns if finished_ns is None else finished_ns) / NS_PER_S,
        finished=finished_ns is not None,
    )
