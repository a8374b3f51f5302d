"""What every arm driver promises, run against each backend.

A backend joins by a fixture in `BACKENDS`: a context manager that yields a `Rig`, whose
driver is not connected yet and whose arm is at rest, away from its limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from collector.clock import NS_PER_S, ManualClock
from collector.devices.arm_driver import ArmDriver, ArmError, ArmReading
from collector.geometry import Pose, distance


@dataclass(frozen=True)
class Rig:
    """A driver, and the passing of time for it."""

    driver: ArmDriver
    advance: Callable[[float], None]  # seconds, simulated or real


@contextmanager
def simulated() -> Iterator[Rig]:
    """The PyBullet arm in a world that goes on by itself, in simulated time."""
    from collector.simulation.arm import SimulatedArm
    from collector.simulation.world import World

    clock = ManualClock(1_700_000_000 * NS_PER_S)
    with World() as world:
        world.reset("push_green_to_target", 3)

        def advance(duration_s: float) -> None:
            for _ in range(round(duration_s * world.tick_hz)):
                world.tick()
                clock.advance(NS_PER_S // world.tick_hz)

        yield Rig(SimulatedArm(world, clock, steps_world=False), advance)


@contextmanager
def simulated_stepped_by_reading() -> Iterator[Rig]:
    """The PyBullet arm whose readings bring the world up to the clock."""
    from collector.simulation.arm import SimulatedArm
    from collector.simulation.world import World

    clock = ManualClock(1_700_000_000 * NS_PER_S)
    with World() as world:
        world.reset("push_green_to_target", 3)
        arm = SimulatedArm(world, clock)

        def advance(duration_s: float) -> None:
            for _ in range(round(duration_s * 100)):
                clock.advance(NS_PER_S // 100)
                with suppress(ArmError):  # disconnected, nobody reads and time stands still
                    arm.read()

        yield Rig(arm, advance)


@contextmanager
def over_ros() -> Iterator[Rig]:
    """The arm of a simulator node behind its ROS 2 topics, in simulated time."""
    pytest.importorskip("rclpy")
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.syspath_prepend(Path(__file__).parents[1] / "nodes")
        from ros_arm_rig import SimulatedArmOverRos
        from ros_environment import ENVIRONMENT

        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        with SimulatedArmOverRos(Path(folder)) as arm:
            yield Rig(arm.driver, arm.advance)


BACKENDS: dict[str, Callable[[], AbstractContextManager[Rig]]] = {
    "simulated": simulated,
    "simulated, stepped by reading": simulated_stepped_by_reading,
    "over ROS": over_ros,
}
MARKS = {"over ROS": [pytest.mark.ros]}


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, ())) for name in BACKENDS])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with BACKENDS[request.param]() as opened:
        yield opened
        opened.driver.disconnect()


@pytest.fixture
def connected(rig: Rig) -> Rig:
    rig.driver.connect()
    rig.advance(0.1)
    return rig


def read(rig: Rig) -> ArmReading:
    reading = rig.driver.read()
    assert reading is not None
    return reading


def beside(pose: Pose, metres: float) -> Pose:
    target = pose.copy()
    target[2] += metres  # up: nothing to bump into
    return target


def test_nothing_can_be_asked_before_it_is_connected(rig: Rig) -> None:
    with pytest.raises(ArmError):
        rig.driver.read()
    with pytest.raises(ArmError):
        rig.driver.send(np.array([0.5, 0, 0.4, 1, 0, 0, 0.0]), 0.0)


def test_stop_and_disconnect_never_raise(rig: Rig) -> None:
    rig.driver.stop()
    rig.driver.disconnect()
    rig.driver.connect()
    rig.driver.stop()
    rig.driver.stop()
    rig.driver.disconnect()
    rig.driver.disconnect()
    rig.driver.stop()


def test_connecting_twice_is_connecting(rig: Rig) -> None:
    rig.driver.connect()
    rig.driver.connect()
    rig.advance(0.1)
    read(rig)


def test_after_disconnecting_it_can_be_connected_again(connected: Rig) -> None:
    connected.driver.disconnect()
    with pytest.raises(ArmError):
        connected.driver.read()
    connected.driver.connect()
    connected.advance(0.1)
    read(connected)


def test_a_reading_is_whole(connected: Rig) -> None:
    reading = read(connected)
    joints = len(reading.joint_names)
    assert joints in (6, 7)
    assert len(set(reading.joint_names)) == joints
    for values in (reading.joint_positions, reading.joint_velocities, reading.joint_efforts):
        assert values.shape == (joints,)
        assert values.dtype == np.float64
    assert np.all(np.isfinite(reading.joint_positions))
    assert reading.ee_pose.shape == (7,)
    assert np.linalg.norm(reading.ee_pose[3:]) == pytest.approx(1.0, abs=1e-3)
    assert 0.0 <= reading.gripper_opening < 0.3


def test_stamps_follow_the_station_clock(connected: Rig) -> None:
    before = read(connected).stamp_ns
    connected.advance(0.5)
    elapsed_s = (read(connected).stamp_ns - before) / NS_PER_S
    assert 0.4 < elapsed_s < 0.8


def test_connecting_moves_nothing(connected: Rig) -> None:
    before = read(connected).ee_pose
    connected.advance(0.5)
    assert distance(before, read(connected).ee_pose)[0] < 0.002


def test_it_goes_to_its_target(connected: Rig) -> None:
    target = beside(read(connected).ee_pose, 0.05)
    connected.driver.send(target, 0.0)
    connected.advance(1.5)
    metres, radians = distance(target, read(connected).ee_pose)
    assert metres < 0.005
    assert radians < 0.03


def test_the_gripper_closes_and_opens(connected: Rig) -> None:
    pose = read(connected).ee_pose
    connected.driver.send(pose, 0.0)
    connected.advance(1.5)
    opened_m = read(connected).gripper_opening
    connected.driver.send(pose, 1.0)
    connected.advance(1.5)
    assert read(connected).gripper_opening < 0.005
    connected.driver.send(pose, 0.0)
    connected.advance(1.5)
    assert read(connected).gripper_opening == pytest.approx(opened_m, abs=0.005)
    assert opened_m > 0.04


def test_stop_stops_in_the_middle_of_a_motion(connected: Rig) -> None:
    start = read(connected).ee_pose
    target = beside(start, 0.1)
    connected.driver.send(target, 0.0)
    connected.advance(0.06)
    connected.driver.stop()
    place = read(connected).ee_pose
    assert distance(place, target)[0] > 0.03  # not there yet
    connected.advance(1.0)
    rest = read(connected).ee_pose
    assert distance(place, rest)[0] < 0.03  # the way it brakes, and no farther
    connected.advance(1.0)
    assert distance(rest, read(connected).ee_pose)[0] < 0.002


def test_after_a_stop_the_next_target_is_followed(connected: Rig) -> None:
    connected.driver.send(beside(read(connected).ee_pose, 0.05), 0.0)
    connected.driver.stop()
    connected.advance(0.5)
    target = beside(read(connected).ee_pose, 0.03)
    connected.driver.send(target, 0.0)
    connected.advance(1.5)
    assert distance(target, read(connected).ee_pose)[0] < 0.005


def test_disconnecting_in_the_middle_of_a_motion_holds(connected: Rig) -> None:
    target = beside(read(connected).ee_pose, 0.1)
    connected.driver.send(target, 0.0)
    connected.advance(0.06)
    place = read(connected).ee_pose
    connected.driver.disconnect()
    connected.advance(1.0)
    connected.driver.connect()
    connected.advance(0.5)
    rest = read(connected).ee_pose
    assert distance(place, rest)[0] < 0.03
    assert distance(rest, target)[0] > 0.03
    connected.advance(1.0)  # and the old target does not come back to life
    assert distance(rest, read(connected).ee_pose)[0] < 0.002


@pytest.mark.parametrize(
    "target",
    [
        np.full(7, np.nan),
        np.array([np.inf, 0, 0.4, 1, 0, 0, 0]),
        np.array([0.5, 0, 0.4, 0, 0, 0, 0]),
    ],
    ids=["nan", "infinite", "no direction"],
)
def test_a_target_that_is_no_pose_moves_nothing(connected: Rig, target: Pose) -> None:
    before = read(connected).ee_pose
    with suppress(ArmError, ValueError):  # refusing aloud is as good
        connected.driver.send(target, 0.0)
    connected.advance(0.5)
    assert distance(before, read(connected).ee_pose)[0] < 0.002
