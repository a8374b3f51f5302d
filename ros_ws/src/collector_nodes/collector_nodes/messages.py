"""Between ROS messages and the plain data of `collector`."""

from __future__ import annotations

import array
from collections.abc import Iterable
from dataclasses import asdict, fields

import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose as PoseMsg
from geometry_msgs.msg import Twist
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image

from collector.arm.command import ArmCommand
from collector.arm.sample import ArmSample, ArmStatus
from collector.calibration_result import CameraCalibration
from collector.clock import NS_PER_S
from collector.devices.camera import Intrinsics
from collector.episode.goal import EpisodeGoal
from collector.geometry import Pose
from collector.simulation.state import WorldState
from collector.synchronization.step import ArmStep, CameraStep, Step
from collector_interfaces.action import RecordEpisode
from collector_interfaces.msg import ArmCommand as ArmCommandMsg
from collector_interfaces.msg import ArmState as ArmStateMsg
from collector_interfaces.msg import CameraStep as CameraStepMsg
from collector_interfaces.msg import Step as StepMsg
from collector_interfaces.msg import WorldState as WorldStateMsg

_GOAL_FIELDS = tuple(field.name for field in fields(EpisodeGoal))
_MODES = {"velocity": ArmCommandMsg.MODE_VELOCITY, "pose": ArmCommandMsg.MODE_POSE}
_MODE_NAMES = {number: name for name, number in _MODES.items()}


def to_time(stamp_ns: int) -> Time:
    return Time(sec=stamp_ns // NS_PER_S, nanosec=stamp_ns % NS_PER_S)


def to_ns(stamp: Time) -> int:
    return stamp.sec * NS_PER_S + stamp.nanosec


def to_pose(p: Pose) -> PoseMsg:
    result = PoseMsg()
    (
        result.position.x,
        result.position.y,
        result.position.z,
        result.orientation.x,
        result.orientation.y,
        result.orientation.z,
        result.orientation.w,
    ) = map(float, p)
    return result


def from_pose(m: PoseMsg) -> Pose:
    p, q = m.position, m.orientation
    return np.array([p.x, p.y, p.z, q.x, q.y, q.z, q.w])


def to_doubles(values: Iterable[float]) -> array.array[float]:
    return array.array("d", values)


def from_doubles(values: array.array[float]) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64)


def to_image(image: NDArray[np.uint8], stamp_ns: int, frame_id: str) -> Image:
    """Return an rgb8 image [H, W, 3] as a message."""
    message = Image()
    message.header.stamp = to_time(stamp_ns)
    message.header.frame_id = frame_id
    message.height, message.width = image.shape[:2]
    message.encoding = "rgb8"
    message.step = 3 * message.width
    # frombytes is the fast way in: assigning bytes goes byte by byte.
    data = array.array("B")
    data.frombytes(np.ascontiguousarray(image).data.cast("B"))
    message.data = data
    return message


def from_image(message: Image) -> NDArray[np.uint8]:
    """Return the pixels [H, W, 3]. Raises ValueError unless the image is rgb8 and whole."""
    if message.encoding != "rgb8":
        raise ValueError(f"the image is {message.encoding}, it must be rgb8")
    pixels = np.frombuffer(message.data, np.uint8)
    if message.step != 3 * message.width or pixels.size != message.step * message.height:
        raise ValueError(
            f"the image says {message.width} x {message.height} and holds {pixels.size} bytes"
        )
    return pixels.reshape(message.height, message.width, 3)


def to_camera_info(
    intrinsics: Intrinsics, calibration: CameraCalibration | None, frame_id: str
) -> CameraInfo:
    """Return the camera's intrinsics, calibrated where they are (REP 104)."""
    source = calibration if calibration is not None else intrinsics
    message = CameraInfo()
    message.header.frame_id = frame_id
    message.width, message.height = source.width, source.height
    message.distortion_model = source.distortion_model
    message.d = [float(d) for d in source.distortion]
    message.k = source.k.ravel()
    message.r = np.eye(3).ravel()
    message.p = np.hstack([source.k, np.zeros((3, 1))]).ravel()
    return message


def to_arm_command(command: ArmCommand) -> ArmCommandMsg:
    message = ArmCommandMsg()
    message.header.stamp = to_time(command.stamp_ns)
    message.header.frame_id = "base"
    message.mode = _MODES[command.mode]
    message.twist = to_twist(command.twist)
    message.target = to_pose(command.target)
    message.gripper = float(command.gripper)
    message.dead_man = command.dead_man
    return message


def from_arm_command(message: ArmCommandMsg) -> ArmCommand:
    return ArmCommand(
        stamp_ns=to_ns(message.header.stamp),
        mode=_MODE_NAMES.get(message.mode, f"number {message.mode}"),  # type: ignore[arg-type]
        twist=from_twist(message.twist),
        target=from_pose(message.target),
        gripper=message.gripper,
        dead_man=message.dead_man,
    )


def to_twist(twist: NDArray[np.float64]) -> Twist:
    message = Twist()
    message.linear.x, message.linear.y, message.linear.z = map(float, twist[:3])
    message.angular.x, message.angular.y, message.angular.z = map(float, twist[3:])
    return message


def from_twist(message: Twist) -> NDArray[np.float64]:
    linear, angular = message.linear, message.angular
    return np.array([linear.x, linear.y, linear.z, angular.x, angular.y, angular.z])


def to_arm_state(sample: ArmSample, joint_names: Iterable[str]) -> ArmStateMsg:
    message = ArmStateMsg()
    message.header.stamp = to_time(sample.stamp_ns)
    message.header.frame_id = "base"
    message.joint_names = list(joint_names)
    message.joint_positions = to_doubles(sample.joint_positions)
    message.joint_velocities = to_doubles(sample.joint_velocities)
    message.joint_efforts = to_doubles(sample.joint_efforts)
    message.ee_pose = to_pose(sample.ee_pose)
    message.target_pose = to_pose(sample.target_pose)
    message.gripper_opening = float(sample.gripper_opening)
    message.gripper_command = float(sample.gripper_command)
    message.gripper_in_motion = bool(sample.gripper_in_motion)
    message.clipped = bool(sample.clipped)
    message.state = sample.status.value
    message.fault = sample.fault
    return message


def from_arm_state(message: ArmStateMsg) -> ArmSample:
    """Return the sample. Raises ValueError for a state that this software does not know."""
    return ArmSample(
        stamp_ns=to_ns(message.header.stamp),
        joint_positions=from_doubles(message.joint_positions),
        joint_velocities=from_doubles(message.joint_velocities),
        joint_efforts=from_doubles(message.joint_efforts),
        ee_pose=from_pose(message.ee_pose),
        target_pose=from_pose(message.target_pose),
        gripper_opening=message.gripper_opening,
        gripper_command=message.gripper_command,
        gripper_in_motion=message.gripper_in_motion,
        clipped=message.clipped,
        status=ArmStatus(message.state),
        fault=message.fault,
    )


def to_step(step: Step, joints: int) -> StepMsg:
    """Return the step as a message; ``joints`` is the length of the arm's arrays in a gap."""
    message = StepMsg()
    message.index = step.index
    message.stamp_ns = step.stamp_ns
    message.grid_start_ns = step.grid_start_ns
    message.period_ns = step.period_ns
    message.cameras = [_to_camera_step(camera) for camera in step.cameras]
    message.clipped_since_previous = step.clipped_since_previous
    message.is_gap = step.is_gap
    message.gap_reasons = list(step.gap_reasons)
    message.arm_present = step.arm is not None
    if step.arm is None:
        nothing = to_doubles([float("nan")] * joints)
        message.joint_positions = message.joint_velocities = message.joint_efforts = nothing
        message.ee_pose = message.target_pose = to_pose(np.full(7, np.nan))
        message.gripper_opening = message.gripper_command = float("nan")
        return message
    message.joint_positions = to_doubles(step.arm.joint_positions)
    message.joint_velocities = to_doubles(step.arm.joint_velocities)
    message.joint_efforts = to_doubles(step.arm.joint_efforts)
    message.ee_pose = to_pose(step.arm.ee_pose)
    message.target_pose = to_pose(step.arm.target_pose)
    message.gripper_opening = float(step.arm.gripper_opening)
    message.gripper_command = float(step.arm.gripper_command)
    message.gripper_in_motion = bool(step.arm.gripper_in_motion)
    return message


def _to_camera_step(camera: CameraStep) -> CameraStepMsg:
    message = CameraStepMsg()
    message.name = camera.name
    message.present = camera.image is not None
    message.stamp_ns = camera.stamp_ns
    message.skew_ns = camera.skew_ns
    message.frozen = camera.frozen
    message.dropped = camera.dropped
    if camera.image is not None:
        message.image = to_image(camera.image, camera.stamp_ns, f"{camera.name}_optical")
    return message


def from_step(message: StepMsg) -> Step:
    """Return the step. Raises ValueError where an image is not rgb8 or not whole."""
    arm = None
    if message.arm_present:
        arm = ArmStep(
            joint_positions=from_doubles(message.joint_positions),
            joint_velocities=from_doubles(message.joint_velocities),
            joint_efforts=from_doubles(message.joint_efforts),
            ee_pose=from_pose(message.ee_pose),
            target_pose=from_pose(message.target_pose),
            gripper_opening=message.gripper_opening,
            gripper_command=message.gripper_command,
            gripper_in_motion=message.gripper_in_motion,
        )
    return Step(
        index=message.index,
        stamp_ns=message.stamp_ns,
        grid_start_ns=message.grid_start_ns,
        period_ns=message.period_ns,
        cameras=tuple(
            CameraStep(
                name=camera.name,
                image=from_image(camera.image) if camera.present else None,
                stamp_ns=camera.stamp_ns,
                skew_ns=camera.skew_ns,
                frozen=camera.frozen,
                dropped=camera.dropped,
            )
            for camera in message.cameras
        ),
        arm=arm,
        clipped_since_previous=message.clipped_since_previous,
        gap_reasons=tuple(message.gap_reasons),
    )


def to_world_state(state: WorldState, stamp_ns: int) -> WorldStateMsg:
    message = WorldStateMsg()
    message.header.stamp = to_time(stamp_ns)
    message.header.frame_id = "base"
    message.layout_id = state.layout_id
    message.task_id = state.task_id
    message.body_names = list(state.body_names)
    message.body_poses = [to_pose(p) for p in state.body_poses]
    message.joint_names = list(state.joint_names)
    message.joint_positions = to_doubles(state.joint_positions)
    return message


def from_world_state(message: WorldStateMsg) -> tuple[int, WorldState]:
    """Return the stamp, ns, and the state."""
    state = WorldState(
        layout_id=message.layout_id,
        task_id=message.task_id,
        body_names=tuple(message.body_names),
        body_poses=np.array([from_pose(p) for p in message.body_poses]).reshape(-1, 7),
        joint_names=tuple(message.joint_names),
        joint_positions=from_doubles(message.joint_positions),
    )
    return to_ns(message.header.stamp), state


def to_record_goal(goal: EpisodeGoal) -> RecordEpisode.Goal:
    return RecordEpisode.Goal(**asdict(goal))


def from_record_goal(goal: RecordEpisode.Goal) -> EpisodeGoal:
    return EpisodeGoal(**{name: getattr(goal, name) for name in _GOAL_FIELDS})
