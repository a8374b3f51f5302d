"""The arm at the tick, against motion that is known in closed form."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from simulated_streams import SimulatedStreams, repeatable

from collector.clock import NS_PER_MS
from collector.geometry import distance
from collector.synchronization.arm_stream import ArmStream


def truth(t_s: float, phase: float = 0.0) -> np.ndarray:
    """A figure of eight at up to 0.5 m/s and 2.4 rad/s, as quick as an operator turns about."""
    amplitude, rate = 0.25, 2.0  # 0.5 m/s, 1 m/s^2
    position = [
        0.45 + amplitude * np.sin(rate * t_s + phase) * 0.8,
        amplitude * np.sin(rate * t_s + phase) * 0.6,
        0.3 + 0.02 * np.cos(3.0 * t_s),
    ]
    turn = Rotation.from_euler(
        "xyz", [0.8 * np.sin(2.0 * t_s), 0.5 * np.cos(2.0 * t_s + phase), 1.0 * np.sin(1.5 * t_s)]
    ) * Rotation.from_euler("x", np.pi)
    return np.concatenate([position, turn.as_quat()])


def test_smooth_motion_is_met_within_a_tenth_of_a_millimetre_and_a_hundredth_degree(
    station,
) -> None:
    synchronizer = station.synchronizer({"static": 10.0})
    rng = np.random.default_rng(11)
    events = station.camera("static", -195, 20_000)
    for event in station.arm(-200, 20_000):
        jitter_ns = int(rng.integers(-2 * NS_PER_MS, 2 * NS_PER_MS))
        stamp_ns = event.stamp_ns + jitter_ns
        t_s = (stamp_ns - station.START_NS) / 1e9
        sign = rng.choice([-1.0, 1.0])  # q and -q are the same orientation
        measured, commanded = truth(t_s), truth(t_s + 0.05)
        measured[3:] *= sign
        sample = station.sample(stamp_ns, ee_pose=measured, target_pose=commanded)
        events.append(dataclasses.replace(event, stamp_ns=stamp_ns, sample=sample))
    steps = station.play(synchronizer, events, 19_000, from_ms=-90)
    assert len(steps) > 90
    for step in steps:
        t_s = (step.stamp_ns - station.START_NS) / 1e9
        for p, expected in (
            (step.arm.ee_pose, truth(t_s)),
            (step.arm.target_pose, truth(t_s + 0.05)),
        ):
            metres, radians = distance(p, expected)
            assert metres < 1e-4
            assert np.degrees(radians) < 0.01


@repeatable
@given(
    st.integers(0, 50_000_000),
    st.integers(1, 50_000_000),
    st.floats(-3.0, 3.0),
    st.floats(-0.5, 0.5),
)
def test_constant_velocity_is_met_exactly(
    before_ns: int, span_ns: int, turn: float, shift: float
) -> None:
    station = SimulatedStreams()
    tick_ns = station.START_NS
    left_ns = tick_ns - min(before_ns, span_ns)
    right_ns = left_ns + span_ns
    stream = ArmStream(10, 50 * NS_PER_MS)
    for stamp_ns, share in ((left_ns, 0.0), (right_ns, 1.0)):
        quaternion = Rotation.from_rotvec([0, 0, turn * share]).as_quat()
        p = np.concatenate([[shift * share, 0, 0], quaternion])
        stream.add(station.sample(stamp_ns, ee_pose=p, joint_positions=np.full(6, share)))
    arm, reason = stream.at(tick_ns)
    assert reason == ""
    assert arm is not None
    share = (tick_ns - left_ns) / span_ns
    expected = np.concatenate(
        [[shift * share, 0, 0], Rotation.from_rotvec([0, 0, turn * share]).as_quat()]
    )
    metres, radians = distance(arm.ee_pose, expected)
    assert metres < 1e-12
    assert radians < 1e-7
    np.testing.assert_allclose(arm.joint_positions, np.full(6, share), atol=1e-12)


def test_gripper_and_clipping_are_those_in_force(station) -> None:
    stream = ArmStream(100, 50 * NS_PER_MS)
    t_ns = station.START_NS
    for at_ms, command, moving, clipped in (
        (-205, 0.0, False, True),
        (-200, 0.0, False, True),  # at the previous tick: belongs to the step before
        (-195, 0.0, False, False),
        (-5, 0.0, False, False),
        (5, 1.0, True, True),  # after the tick: belongs to the next step
        (200, 1.0, True, False),
        (205, 0.0, False, False),
    ):
        stream.add(
            station.sample(
                t_ns + at_ms * NS_PER_MS,
                gripper_command=command,
                gripper_in_motion=moving,
                clipped=clipped,
            )
        )
    arm, _ = stream.at(t_ns)
    assert arm is not None
    assert (arm.gripper_command, arm.gripper_in_motion) == (0.0, False)
    period_ns = 200 * NS_PER_MS
    assert not stream.clipped(t_ns - period_ns, t_ns)
    assert stream.clipped(t_ns, t_ns + period_ns)
    assert stream.clipped(t_ns - 2 * period_ns, t_ns - period_ns)
    # Exactly at a tick, the sample itself is the step: neighbours do not matter.
    arm, reason = stream.at(t_ns + period_ns)
    assert reason == ""
    assert arm is not None
    assert (arm.gripper_command, arm.gripper_in_motion) == (1.0, True)


def test_another_number_of_joints_is_a_gap(station) -> None:
    stream = ArmStream(10, 50 * NS_PER_MS)
    t_ns = station.START_NS
    stream.add(station.sample(t_ns - NS_PER_MS, joint_positions=np.zeros(6)))
    stream.add(station.sample(t_ns + NS_PER_MS, joint_positions=np.zeros(7)))
    assert stream.at(t_ns) == (None, "arm: the number of joints changed")
