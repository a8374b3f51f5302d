"""What goes into a message comes out of it."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from hypothesis import given, settings
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message

from collector.arm.command import ArmCommand
from collector.arm.sample import ArmSample, ArmStatus
from collector.calibration_result import CameraCalibration
from collector.devices.camera import Intrinsics
from collector.simulation.state import WorldState
from collector.synchronization.step import ArmStep, CameraStep, Step
from collector_interfaces.msg import ArmState as ArmStateMsg
from collector_interfaces.msg import Step as StepMsg
from collector_nodes import messages

pytestmark = pytest.mark.ros

repeatable = settings(derandomize=True, deadline=None, max_examples=40)

any_float = st.floats(allow_nan=True, allow_infinity=True)
# Fields of the gripper are float32 in messages.
single = st.floats(width=32, allow_nan=True, allow_infinity=True)
stamps = st.integers(0, 2**31 * 10**9 - 1)
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def vectors(size: int) -> st.SearchStrategy[np.ndarray]:
    return st.lists(any_float, min_size=size, max_size=size).map(np.array)


def wired(message: Any) -> Any:
    """Return the message after a way over the wire."""
    return deserialize_message(serialize_message(message), type(message))


def same(a: Any, b: Any) -> bool:
    """Equality of plain data, in which NaN is NaN."""
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(
            same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a)
        )
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    return bool(a == b)


@repeatable
@given(stamps)
def test_stamps(stamp_ns: int) -> None:
    message = wired(messages.to_time(stamp_ns))
    assert isinstance(message, Time)
    assert messages.to_ns(message) == stamp_ns


@repeatable
@given(vectors(7), vectors(6))
def test_poses_and_twists(pose: np.ndarray, twist: np.ndarray) -> None:
    assert same(messages.from_pose(wired(messages.to_pose(pose))), pose)
    assert same(messages.from_twist(wired(messages.to_twist(twist))), twist)


@repeatable
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1), st.booleans())
def test_images_come_out_pixel_for_pixel(height: int, width: int, seed: int, strided: bool) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    if strided:
        image = image[::-1, :, ::-1]
    message = wired(messages.to_image(image, 5, "static_optical"))
    assert (message.height, message.width, message.step) == (height, width, 3 * width)
    assert (message.encoding, message.header.frame_id) == ("rgb8", "static_optical")
    assert messages.to_ns(message.header.stamp) == 5
    assert same(messages.from_image(message), image)


@pytest.mark.parametrize("encoding", ["bgr8", "rgba8", "mono8", "16UC1", "RGB8", ""])
def test_other_encodings_are_refused(encoding: str) -> None:
    message = messages.to_image(np.zeros((4, 6, 3), np.uint8), 0, "")
    message.encoding = encoding
    with pytest.raises(ValueError, match="it must be rgb8"):
        messages.from_image(message)


@pytest.mark.parametrize(
    "change", [{"height": 5}, {"height": 3}, {"width": 5}, {"step": 20}, {"width": 0, "step": 0}]
)
def test_an_image_that_is_not_whole_is_refused(change: dict[str, int]) -> None:
    message = messages.to_image(np.zeros((4, 6, 3), np.uint8), 0, "")
    for name, value in change.items():
        setattr(message, name, value)
    with pytest.raises(ValueError, match="the image says"):
        messages.from_image(message)


@repeatable
@given(
    st.builds(
        ArmCommand,
        stamp_ns=stamps,
        mode=st.sampled_from(["velocity", "pose"]),
        twist=vectors(6),
        target=vectors(7),
        gripper=single,
        dead_man=st.booleans(),
    )
)
def test_commands(command: ArmCommand) -> None:
    message = wired(messages.to_arm_command(command))
    assert message.header.frame_id == "base"
    assert same(messages.from_arm_command(message), command)


def test_a_mode_that_is_not_known_is_named_so_that_the_arm_refuses_it() -> None:
    message = messages.to_arm_command(ArmCommand(0))
    message.mode = 9
    assert messages.from_arm_command(message).mode == "number 9"


@repeatable
@given(
    st.integers(6, 7).flatmap(
        lambda joints: st.builds(
            ArmSample,
            stamp_ns=stamps,
            joint_positions=vectors(joints),
            joint_velocities=vectors(joints),
            joint_efforts=vectors(joints),
            ee_pose=vectors(7),
            target_pose=vectors(7),
            gripper_opening=single,
            gripper_command=single,
            gripper_in_motion=st.booleans(),
            clipped=st.booleans(),
            status=st.sampled_from(ArmStatus),
            fault=text,
        )
    )
)
def test_arm_states(sample: ArmSample) -> None:
    names = [f"joint_{i}" for i in range(len(sample.joint_positions))]
    message = wired(messages.to_arm_state(sample, names))
    assert list(message.joint_names) == names
    assert message.header.frame_id == "base"
    assert same(messages.from_arm_state(message), sample)


def test_every_status_has_its_constant_in_the_message() -> None:
    constants = {
        getattr(ArmStateMsg, name)
        for name in ("MOVING", "HOLD_DEAD_MAN", "HOLD_SILENCE", "HOLD_REFUSED", "STOPPED", "LOST")
    }
    assert constants == {status.value for status in ArmStatus}


def test_a_state_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="dancing"):
        messages.from_arm_state(ArmStateMsg(state="dancing"))


images = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (224, 224, 3), dtype=np.uint8)
)
signed = st.integers(-(2**63), 2**63 - 1)
camera_steps = st.builds(
    CameraStep,
    name=st.sampled_from(["static", "wrist"]),
    image=st.none() | images,
    stamp_ns=stamps,
    skew_ns=signed,
    frozen=st.booleans(),
    dropped=st.integers(0, 2**32 - 1),
)
arm_steps = st.builds(
    ArmStep,
    joint_positions=vectors(7),
    joint_velocities=vectors(7),
    joint_efforts=vectors(7),
    ee_pose=vectors(7),
    target_pose=vectors(7),
    gripper_opening=single,
    gripper_command=single,
    gripper_in_motion=st.booleans(),
)


@repeatable
@given(
    st.builds(
        Step,
        index=st.integers(0, 2**63),
        stamp_ns=stamps,
        grid_start_ns=stamps,
        period_ns=stamps,
        cameras=st.lists(camera_steps, max_size=2).map(tuple),
        arm=st.none() | arm_steps,
        clipped_since_previous=st.booleans(),
        gap_reasons=st.lists(text, max_size=3).map(tuple),
    )
)
def test_steps(step: Step) -> None:
    message = wired(messages.to_step(step, joints=7))
    assert isinstance(message, StepMsg)
    assert message.is_gap == step.is_gap
    assert same(messages.from_step(message), step)
    if step.arm is None:  # a stranger who reads the fields sees no numbers, not zeros
        assert len(message.joint_positions) == 7
        assert np.all(np.isnan(message.joint_positions))
        assert math.isnan(message.ee_pose.position.x)
        assert math.isnan(message.gripper_opening)


def test_a_step_s_image_carries_its_frame_and_stamp() -> None:
    camera = CameraStep("wrist", np.zeros((224, 224, 3), np.uint8), 77, -3)
    message = messages.to_step(Step(0, 80, 80, 200, (camera,), None, False, ("arm",)), 7)
    header = message.cameras[0].image.header
    assert (header.frame_id, messages.to_ns(header.stamp)) == ("wrist_optical", 77)


@repeatable
@given(
    st.builds(
        WorldState,
        layout_id=st.integers(0, 2**63),
        task_id=text,
        body_names=st.lists(text, min_size=2, max_size=2).map(tuple),
        body_poses=vectors(14).map(lambda v: v.reshape(2, 7)),
        joint_names=st.lists(text, min_size=3, max_size=3).map(tuple),
        joint_positions=vectors(3),
    ),
    stamps,
)
def test_world_states(state: WorldState, stamp_ns: int) -> None:
    message = wired(messages.to_world_state(state, stamp_ns))
    back_ns, back = messages.from_world_state(message)
    assert back_ns == stamp_ns
    assert same(back, state)


def test_a_world_without_free_bodies() -> None:
    state = WorldState(1, "t", (), np.empty((0, 7)), (), np.empty(0))
    assert same(messages.from_world_state(wired(messages.to_world_state(state, 0)))[1], state)


def test_camera_info_holds_the_calibration_where_there_is_one() -> None:
    factory = Intrinsics(64, 48, 60.0, 61.0, 31.0, 23.0, distortion=(0.1, 0.2, 0.0, 0.0, 0.3))
    message = wired(messages.to_camera_info(factory, None, "static_optical"))
    assert (message.width, message.height) == (64, 48)
    assert message.header.frame_id == "static_optical"
    np.testing.assert_array_equal(np.reshape(message.k, (3, 3)), factory.k)
    assert tuple(message.d) == factory.distortion
    np.testing.assert_array_equal(np.reshape(message.r, (3, 3)), np.eye(3))
    calibrated = CameraCalibration(
        camera="static",
        width=64,
        height=48,
        fx=62.0,
        fy=63.0,
        cx=32.0,
        cy=24.0,
        parent_frame="base",
        child_frame="static_optical",
        transform=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
    )
    message = wired(messages.to_camera_info(factory, calibrated, "static_optical"))
    np.testing.assert_array_equal(np.reshape(message.k, (3, 3)), calibrated.k)
    np.testing.assert_array_equal(np.reshape(message.p, (3, 4)), np.c_[calibrated.k, np.zeros(3)])
    assert tuple(message.d) == calibrated.distortion
