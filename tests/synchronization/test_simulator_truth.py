"""The pose of a step against the simulator's own truth at the tick, in simulated time."""

from __future__ import annotations

import numpy as np
import pytest

from collector.arm.command import ArmCommand
from collector.arm.controller import ArmController
from collector.arm.limits import ArmLimits
from collector.clock import NS_PER_MS, NS_PER_S
from collector.geometry import distance
from collector.simulation.world import World
from collector.synchronization.synchronizer import Synchronizer

PERIOD_NS = 200 * NS_PER_MS
TRUTH_HZ = 200  # the synchronizer sees every second sample; the grid falls between them
START_NS = 1_800_000_000 * NS_PER_S + 5 * NS_PER_MS
SECONDS = 8


def smooth_twist(time_s: float) -> np.ndarray:
    """A person's sweep: up to 0.35 m/s and 0.8 rad/s, gentle at both ends."""
    phase = 2 * np.pi * time_s / 2.5
    swell = min(1.0, time_s / 1.0)
    linear = [0.10 * np.sin(phase), 0.30 * np.cos(phase), 0.15 * np.sin(2 * phase)]
    return swell * np.array([*linear, 0.5 * np.sin(phase), 0.0, 0.6 * np.cos(phase)])


@pytest.mark.timeout(120)
def test_steps_are_within_a_tenth_of_a_millimetre_of_the_truth() -> None:
    controller = ArmController(ArmLimits())
    synchronizer = Synchronizer({}, 100.0, period_ns=PERIOD_NS)
    truths, steps = {}, []
    with World(tick_hz=TRUTH_HZ, physics_hz=2 * TRUTH_HZ) as world:
        world.reset("place_red_in_bowl", 0)
        for tick in range(SECONDS * TRUTH_HZ):
            stamp_ns = START_NS + tick * NS_PER_S // TRUTH_HZ
            reading = world.reading(stamp_ns)
            if stamp_ns % PERIOD_NS == 0:
                truths[stamp_ns] = (reading.ee_pose, float(np.abs(reading.joint_velocities).max()))
            held = tick > 4  # released first, then pressed
            twist = smooth_twist(tick / TRUTH_HZ)
            command = ArmCommand(stamp_ns, "velocity", twist, gripper=0.0, dead_man=held)
            controller.on_command(command, stamp_ns)
            sample = controller.on_reading(reading)
            world.set_target(sample.target_pose, sample.gripper_command)
            if tick % 2 == 0:
                synchronizer.add_arm(sample, stamp_ns)
            steps += synchronizer.poll(stamp_ns)
            world.tick()
    compared = [step for step in steps if step.stamp_ns in truths and step.arm is not None]
    assert len(compared) >= 5 * (SECONDS - 1)
    fastest = max(truths[step.stamp_ns][1] for step in compared)
    assert fastest > 0.3, "rad/s: the arm did move"
    for step in compared:
        assert step.arm is not None
        off_m, off_rad = distance(step.arm.ee_pose, truths[step.stamp_ns][0])
        assert off_m < 1e-4, f"{1000 * off_m:.3f} mm at {step.stamp_ns}"
        assert np.degrees(off_rad) < 0.01, f"{np.degrees(off_rad):.4f} deg at {step.stamp_ns}"
