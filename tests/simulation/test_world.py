from __future__ import annotations

import numpy as np
import pytest

from collector.geometry import Pose, distance
from collector.simulation.layout import tool_down
from collector.simulation.scene import BODY_NAMES, JOINT_NAMES
from collector.simulation.tasks import TASKS, UnknownTask
from collector.simulation.world import World, WorldError


def is_at(world: World, expected: Pose, away_m: float = 0.0005, away_rad: float = 0.005) -> bool:
    off_m, off_rad = distance(world.reading(0).ee_pose, expected)
    return off_m < away_m and off_rad < away_rad


def wander(world: World, ticks: int) -> None:
    """Move about the table, into things, and close the gripper."""
    target = world.target
    for tick in range(ticks):
        target = target.copy()
        target[0] += 0.001
        target[2] = max(target[2] - 0.002, 0.03)
        world.set_target(target, min(1.0, tick / 100))
        world.tick()


@pytest.mark.parametrize("task_id", TASKS)
def test_no_task_starts_achieved(world: World, task_id: str) -> None:
    for seed in range(3):
        layout = world.reset(task_id, seed)
        assert not world.evaluate().success
        assert is_at(world, layout.arm_start)


def test_after_a_reset_everything_lies_still_where_it_was_laid_out(world: World) -> None:
    layout = world.reset("stack_red_on_blue", 4)
    before = world.state()
    for _ in range(100):
        world.tick()
    after = world.state()
    np.testing.assert_allclose(after.body_poses, before.body_poses, atol=2e-4)
    np.testing.assert_allclose(after.joint_positions[:9], before.joint_positions[:9], atol=2e-3)
    for name, (position, _) in layout.objects.items():
        assert np.linalg.norm(after.body(name)[:2] - position[:2]) < 0.001


def test_the_state_names_everything(world: World) -> None:
    world.reset("open_drawer", 0)
    state = world.state()
    assert state.body_names == BODY_NAMES
    assert state.joint_names == JOINT_NAMES
    assert state.body_poses.shape == (len(BODY_NAMES), 7)
    assert state.joint_positions.shape == (len(JOINT_NAMES),)
    assert state.task_id == "open_drawer"


def test_each_reset_counts_up(world: World) -> None:
    world.reset("open_drawer", 0)
    first = world.state().layout_id
    world.reset("open_drawer", 0)
    assert world.state().layout_id == first + 1
    assert world.time_s == 0.0


def test_the_same_commands_lead_to_the_same_bits(world: World) -> None:
    with World() as other:
        for one in (world, other):
            one.reset("place_red_in_bowl", 9)
            wander(one, 150)
        np.testing.assert_array_equal(world.state().body_poses, other.state().body_poses)
        np.testing.assert_array_equal(world.state().joint_positions, other.state().joint_positions)


def test_a_snapshot_restores_all_and_goes_on_alike(world: World) -> None:
    world.reset("place_red_in_bowl", 2)
    start = world.snapshot_json()
    wander(world, 150)
    end = world.snapshot_json()
    with World() as other:
        other.restore_json(start)
        wander(other, 150)
        assert other.snapshot_json() == end
        # In the midst of motion, too, all that is written down comes back.
        other.restore_json(end)
        assert other.snapshot_json() == end


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "something else"}'])
def test_what_is_not_a_snapshot_is_refused(world: World, text: str) -> None:
    world.reset("open_drawer", 0)
    before = world.snapshot_json()
    with pytest.raises(WorldError, match="not a snapshot of this simulator"):
        world.restore_json(text)
    assert world.snapshot_json() == before


def test_a_target_at_half_a_metre_a_second_is_followed_within_2_mm(world: World) -> None:
    world.reset("press_switch", 3)
    start, errors, speeds = world.target, [], []
    length, duration_s = -0.25, 1.875 * 0.25 / 0.5
    ticks = round(duration_s * world.tick_hz)
    position = start[:3]
    for tick in range(ticks + 30):
        part = min(1.0, (tick + 1) / ticks)
        target = start.copy()
        target[1] += length * (10 * part**3 - 15 * part**4 + 6 * part**5)
        assert world.set_target(target, 0.0)
        world.tick()
        reached = world.reading(0).ee_pose
        errors.append(np.linalg.norm(reached[:3] - target[:3]))
        speeds.append(np.linalg.norm(reached[:3] - position) * world.tick_hz)
        position = reached[:3]
    assert max(errors) < 0.002
    assert 0.49 < max(speeds) < 0.51
    assert np.max(np.abs(np.diff(speeds))) < 0.05  # no jerk


def test_the_gripper_takes_as_long_as_real_ones(world: World) -> None:
    world.reset("open_drawer", 0)
    openings = []
    world.set_target(world.target, 1.0)
    for _ in range(60):
        world.tick()
        openings.append(world.reading(0).gripper_opening)
    closed_after_s = next(i for i, o in enumerate(openings) if o < 0.002) / world.tick_hz
    assert 0.3 <= closed_after_s <= 0.5


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: np.add(p, [0.16, 0, 0, 0, 0, 0, 0]),
        lambda p: np.full(7, np.nan),
        lambda p: np.add(p, [np.inf, 0, 0, 0, 0, 0, 0]),
        lambda p: np.concatenate([p[:3], np.zeros(4)]),
        lambda p: tool_down(p[:3], 2.0),
        lambda p: p[:3],
    ],
)
def test_an_impossible_target_is_ignored_and_the_arm_holds(world: World, spoil: object) -> None:
    world.reset("open_drawer", 1)
    held = world.target
    assert world.set_target(spoil(held), 0.0) is False  # type: ignore[operator]
    for _ in range(20):
        world.tick()
    assert is_at(world, held)


def test_a_gripper_command_that_is_no_number_is_ignored(world: World) -> None:
    world.reset("open_drawer", 1)
    assert world.set_target(world.target, float("nan")) is False
    assert world.gripper == 0.0


def test_hold_stops_at_once(world: World) -> None:
    world.reset("open_drawer", 1)
    wander(world, 20)
    target = world.target
    target[0] += 0.10
    world.set_target(target, 0.0)
    for _ in range(5):
        world.tick()
    world.hold()
    held = world.reading(0).ee_pose
    for _ in range(30):
        world.tick()
    assert np.linalg.norm(world.reading(0).ee_pose[:3] - held[:3]) < 0.01


def test_the_drawer_stays_where_it_is_left(world: World) -> None:
    layout = world.reset("close_drawer", 1)
    for _ in range(200):
        world.tick()
    assert world.state().joint("drawer") == pytest.approx(layout.drawer_m, abs=1e-3)


def test_nothing_works_before_a_reset_or_after_closing() -> None:
    world = World()
    with pytest.raises(WorldError, match="call reset"):
        world.tick()
    world.reset("open_drawer", 0)
    world.close()
    world.close()
    with pytest.raises(WorldError, match="closed"):
        world.tick()
    with pytest.raises(WorldError, match="closed"):
        world.reset("open_drawer", 0)


def test_bad_arguments_are_refused(world: World) -> None:
    with pytest.raises(UnknownTask):
        world.reset("juggle", 0)
    with pytest.raises(ValueError, match="whole multiple"):
        World(tick_hz=100, physics_hz=250)
