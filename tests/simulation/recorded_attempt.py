"""Attempts in simulated time, sampled on the 5 Hz grid as an episode is."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.geometry import motion_between
from collector.simulation.rehearsal import Rehearsal, Tick, rehearse
from collector.simulation.replay import ReplayResult, replay
from collector.simulation.scripted_operator import ScriptedOperator
from collector.simulation.world import World

TICKS_PER_STEP = 20  # 100 Hz to 5 Hz


@dataclass(frozen=True)
class RecordedAttempt:
    """What happened, and what an episode would hold of it."""

    ended: Rehearsal
    ticks: list[Tick]
    initial_state_json: str

    def replayed(self, world: World, phase: int = 7, spoil: float = 0.0) -> ReplayResult:
        """Replay the grid that starts at tick ``phase``; ``spoil`` is added to some dx, m."""
        grid = self.ticks[phase::TICKS_PER_STEP]
        steps = [
            np.append(motion_between(one.target_pose, other.target_pose), other.gripper)
            for one, other in itertools.pairwise(grid)
        ]
        steps.append(np.append(np.zeros(6), grid[-1].gripper))
        actions: NDArray[np.float32] = np.array(steps, np.float32)
        actions[10:15, 0] += spoil
        positions = np.array([tick.ee_pose[:3] for tick in grid])
        return replay(
            self.initial_state_json, actions, grid[0].target_pose, 5.0, positions, world=world
        )


def record(world: World, task_id: str, seed: int, fail_on_purpose: bool = False) -> RecordedAttempt:
    """Let the scripted operator attempt ``task_id``."""
    snapshots: list[str] = []
    ticks: list[Tick] = []

    def look(tick: Tick) -> None:
        if not snapshots:
            snapshots.append(world.snapshot_json())
        ticks.append(tick)

    ended = rehearse(world, ScriptedOperator(2), task_id, seed, fail_on_purpose, on_tick=look)
    return RecordedAttempt(ended, ticks, snapshots[0])
