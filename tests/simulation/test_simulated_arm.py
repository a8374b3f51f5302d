from __future__ import annotations

import numpy as np
import pytest

from collector.clock import ManualClock
from collector.devices.arm_driver import ArmError
from collector.simulation.arm import SimulatedArm
from collector.simulation.world import World

MS = 1_000_000
START = 1_700_000_000_000 * MS


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def arm(world: World, clock: ManualClock) -> SimulatedArm:
    world.reset("open_drawer", 0)
    made = SimulatedArm(world, clock)
    made.connect()
    return made


def test_reading_brings_the_world_up_to_the_clock(
    arm: SimulatedArm, clock: ManualClock, world: World
) -> None:
    clock.advance(57 * MS)
    reading = arm.read()
    assert reading is not None
    assert reading.stamp_ns == START + 50 * MS
    assert world.time_s == pytest.approx(0.05)
    assert len(reading.joint_names) == len(reading.joint_positions) == 7
    assert 0.07 < reading.gripper_opening <= 0.081


def test_it_follows_what_is_sent(arm: SimulatedArm, clock: ManualClock) -> None:
    first = arm.read()
    assert first is not None
    target = first.ee_pose.copy()
    for _ in range(20):
        target[2] -= 0.002
        arm.send(target, 1.0)
        clock.advance(10 * MS)
        reading = arm.read()
    assert reading is not None
    np.testing.assert_allclose(reading.ee_pose[:3], target[:3], atol=0.001)
    assert reading.gripper_opening < first.gripper_opening - 0.02


def test_stop_holds(arm: SimulatedArm, clock: ManualClock) -> None:
    first = arm.read()
    assert first is not None
    target = first.ee_pose.copy()
    target[1] += 0.10
    arm.send(target, 0.0)
    clock.advance(30 * MS)
    stopped = arm.read()
    arm.stop()
    clock.advance(200 * MS)
    later = arm.read()
    assert stopped is not None
    assert later is not None
    assert np.linalg.norm(later.ee_pose[:3] - stopped.ee_pose[:3]) < 0.01


@pytest.mark.parametrize("step_ms", [-10_000, 10_000])
def test_a_clock_that_is_set_does_not_make_it_race(
    arm: SimulatedArm, clock: ManualClock, world: World, step_ms: int
) -> None:
    arm.read()
    clock.advance(step_ms * MS)
    reading = arm.read()
    assert reading is not None
    assert reading.stamp_ns == START + step_ms * MS
    assert world.time_s <= 0.011


def test_another_may_step_the_world(world: World, clock: ManualClock) -> None:
    world.reset("open_drawer", 0)
    arm = SimulatedArm(world, clock, steps_world=False)
    arm.connect()
    clock.advance(100 * MS)
    reading = arm.read()
    assert reading is not None
    assert reading.stamp_ns == START + 100 * MS
    assert world.time_s == 0.0


def test_not_connected_is_an_error_and_stop_never_is(world: World, clock: ManualClock) -> None:
    world.reset("open_drawer", 0)
    arm = SimulatedArm(world, clock)
    arm.stop()
    arm.disconnect()
    for act in (arm.read, lambda: arm.send(world.target, 0.0)):
        with pytest.raises(ArmError, match="call connect first"):
            act()
    arm.connect()
    arm.connect()
    assert arm.read() is not None
    arm.disconnect()
    arm.disconnect()
    with pytest.raises(ArmError):
        arm.read()


def test_a_world_that_is_gone_is_an_arm_that_is_gone(clock: ManualClock) -> None:
    world = World()
    with pytest.raises(ArmError, match="call reset"):
        SimulatedArm(world, clock).connect()
    world.reset("open_drawer", 0)
    arm = SimulatedArm(world, clock)
    arm.connect()
    world.close()
    with pytest.raises(ArmError, match="closed"):
        arm.read()
    arm.stop()
    arm.disconnect()
