"""Replay an episode's actions in the simulator, and see whether they lead where they led."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from collector.geometry import Pose, distance, interpolate, move
from collector.simulation.world import World

_APPROACH_M_S = 0.15
_APPROACH_RAD_S = 0.75
_SETTLE_BEFORE_S = 0.5
_SETTLE_AFTER_S = 1.0
# A reading goes out, the arm's safety layer answers with a target, and the next tick
# follows it: in the running station a target takes effect one tick after its stamp.
_COMMAND_DELAY_TICKS = 1


class ReplayError(ValueError):
    """The episode cannot be replayed; the message says why."""


@dataclass(frozen=True)
class ReplayResult:
    """How far the replayed path was from the recorded one, and how it ended."""

    max_error_m: float
    mean_error_m: float
    success: bool
    explanation: str


def replay(
    initial_state_json: str,
    actions: ArrayLike,
    target_pose_0: Pose,
    rate_hz: float,
    recorded_ee_positions: ArrayLike,
    world: World | None = None,
) -> ReplayResult:
    """Execute ``actions`` [T, 7] from the snapshot and compare the path.

    ``target_pose_0`` [7] is the commanded ``T_base_ee`` at step 0; ``recorded_ee_positions``
    [T, 3] m are the measured positions at the steps. The target moves from step to step
    as `collector.geometry.move` says, linear and SLERP in between; an action's gripper
    value was in force at the end of its step and may have been given anywhere in it, so it
    is switched in the middle. ``world`` is used, and left open, where one is given.

    Raises ReplayError for shapes that do not fit, and WorldError for a bad snapshot.
    """
    steps = np.asarray(actions, float)
    recorded = np.asarray(recorded_ee_positions, float)
    start = np.asarray(target_pose_0, float)
    if steps.ndim != 2 or steps.shape[1] != 7 or len(steps) == 0:
        raise ReplayError(f"actions have shape {steps.shape}, they must be [T, 7] with T > 0")
    if recorded.shape != (len(steps), 3):
        raise ReplayError(f"recorded positions have shape {recorded.shape}, not [{len(steps)}, 3]")
    if start.shape != (7,):
        raise ReplayError(f"the first target pose has shape {start.shape}, it must be [7]")
    if not (np.all(np.isfinite(steps)) and np.all(np.isfinite(recorded))):
        raise ReplayError("actions or recorded positions hold numbers that are not finite")
    if not rate_hz > 0:
        raise ReplayError(f"the rate is {rate_hz} Hz, it must be positive")

    used = World() if world is None else world
    try:
        return _replay(used, initial_state_json, steps, start, rate_hz, recorded)
    finally:
        if world is None:
            used.close()


def _replay(
    world: World,
    initial_state_json: str,
    actions: NDArray[np.float64],
    start: Pose,
    rate_hz: float,
    recorded: NDArray[np.float64],
) -> ReplayResult:
    world.restore_json(initial_state_json)
    _go_to(world, start)
    gripper = world.gripper
    targets = [start]
    for action in actions[:-1]:  # the last action moves nothing
        targets.append(move(targets[-1], action[:6]))
    errors = [_error(world, recorded[0])]
    tick = 0
    for index in range(1, len(actions)):
        # Ticks to the end of this step, counted from the start: no rounding adds up.
        while tick < round(index * world.tick_hz / rate_hz):
            tick += 1
            at_step = max(tick - _COMMAND_DELAY_TICKS, 0) * rate_hz / world.tick_hz
            before = min(int(at_step), len(actions) - 2)
            part = at_step - before
            if part > 0.5:
                gripper = float(actions[before, 6])
            target = interpolate(targets[before], targets[before + 1], part)
            _command(world, target, gripper, before)
            world.tick()
        errors.append(_error(world, recorded[index]))
    gripper = float(actions[-1, 6])
    for _ in range(round(_SETTLE_AFTER_S * world.tick_hz)):
        _command(world, targets[-1], gripper, len(actions) - 1)
        world.tick()
    judged = world.evaluate()
    return ReplayResult(
        max_error_m=max(errors),
        mean_error_m=float(np.mean(errors)),
        success=judged.success,
        explanation=judged.explanation,
    )


def _go_to(world: World, start: Pose) -> None:
    """Bring the arm to the first target, gently, and let it settle there."""
    present = world.target
    away_m, away_rad = distance(present, start)
    ticks = int(np.ceil(max(away_m / _APPROACH_M_S, away_rad / _APPROACH_RAD_S) * world.tick_hz))
    for tick in range(1, ticks + 1):
        _command(world, interpolate(present, start, tick / ticks), world.gripper, 0)
        world.tick()
    for _ in range(round(_SETTLE_BEFORE_S * world.tick_hz)):
        world.tick()


def _command(world: World, target: Pose, gripper: float, index: int) -> None:
    if not world.set_target(target, gripper):
        raise ReplayError(
            f"step {index}: the recorded target is out of reach from where the arm is;"
            " the actions do not belong to this initial state"
        )


def _error(world: World, recorded: NDArray[np.float64]) -> float:
    return float(np.linalg.norm(world.reading(0).ee_pose[:3] - recorded))
