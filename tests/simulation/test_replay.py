from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from recorded_attempt import RecordedAttempt

from collector.simulation.replay import ReplayError, replay
from collector.simulation.world import World, WorldError

Attempt = Callable[[str], RecordedAttempt]


@pytest.mark.parametrize(
    "task_id", ["place_red_in_bowl", "stack_green_on_red", "open_drawer", "push_green_to_target"]
)
def test_a_replay_follows_the_path_and_repeats_the_outcome(
    world: World, honest_attempt: Attempt, task_id: str
) -> None:
    recorded = honest_attempt(task_id)
    assert recorded.ended.success
    result = recorded.replayed(world)
    assert result.max_error_m < 0.005
    assert result.mean_error_m <= result.max_error_m
    assert result.success, result.explanation


def test_a_failure_replays_as_a_failure(world: World, failed_attempt: Attempt) -> None:
    assert not failed_attempt("open_drawer").replayed(world).success


def test_other_actions_do_not_lead_there(world: World, honest_attempt: Attempt) -> None:
    result = honest_attempt("press_switch").replayed(world, spoil=0.02)
    assert result.max_error_m > 0.05
    assert not result.success


def test_what_cannot_be_replayed_is_refused(world: World) -> None:
    world.reset("press_switch", 0)
    snapshot, target = world.snapshot_json(), world.target
    still, positions = np.zeros((3, 7)), np.tile(target[:3], (3, 1))
    assert replay(snapshot, still, target, 5.0, positions, world=world).max_error_m < 0.001
    with pytest.raises(ReplayError, match=r"must be \[T, 7\]"):
        replay(snapshot, still[:, :6], target, 5.0, positions)
    with pytest.raises(ReplayError, match=r"not \[3, 3\]"):
        replay(snapshot, still, target, 5.0, positions[:2])
    with pytest.raises(ReplayError, match="not finite"):
        replay(snapshot, still * np.nan, target, 5.0, positions)
    with pytest.raises(ReplayError, match="must be positive"):
        replay(snapshot, still, target, 0.0, positions)
    with pytest.raises(ReplayError, match="step 0: the recorded target is out of reach"):
        replay(snapshot, still + np.eye(1, 7), target, 5.0, positions)
    with pytest.raises(WorldError, match="not a snapshot"):
        replay("{}", still, target, 5.0, positions)
