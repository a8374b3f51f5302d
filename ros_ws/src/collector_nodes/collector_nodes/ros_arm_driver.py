"""An arm behind ROS 2 topics: any driver that follows a Cartesian target."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64

from collector.clock import Clock
from collector.devices.arm_driver import ArmError, ArmReading
from collector.geometry import Pose
from collector.station.description import ArmDescription
from collector_nodes import qos
from collector_nodes.messages import from_pose, to_ns, to_pose, to_time

# Joint states and poses of one instant may come one after the other.
PAIRING = 8


class RosArmDriver:
    """Implements `ArmDriver` over the topics that the station description names.

    ``on_reading`` is called with every reading, from the node's executor. Joint states
    and poses are paired by their stamps.
    """

    def __init__(
        self,
        node: Node,
        arm: ArmDescription,
        clock: Clock,
        on_reading: Callable[[ArmReading], None] | None = None,
    ) -> None:
        self._node = node
        self._arm = arm
        self._clock = clock
        self._on_reading = on_reading
        self._joints: OrderedDict[int, JointState] = OrderedDict()
        self._poses: OrderedDict[int, Pose] = OrderedDict()
        self._reading: ArmReading | None = None
        self._last_gripper = 0.0
        self._connected = False
        self._order: list[int] | None = None
        self._joint_names: list[str] = []

    def connect(self) -> None:
        if self._connected:
            return
        topics = self._arm.topics
        self._targets = self._node.create_publisher(PoseStamped, topics.target_pose, 1)
        self._grippers = self._node.create_publisher(Float64, topics.gripper_command, 1)
        self._subscriptions = [
            self._node.create_subscription(
                JointState, topics.joint_states, self._on_joints, qos.ARM_STATE
            ),
            self._node.create_subscription(
                PoseStamped, topics.ee_pose, self._on_pose, qos.ARM_STATE
            ),
        ]
        self._connected = True

    def read(self) -> ArmReading | None:
        self._check_connected()
        return self._reading

    def send(self, target: Pose, gripper: float) -> None:
        self._check_connected()
        message = PoseStamped()
        message.header.stamp = to_time(self._clock.now_ns())
        message.header.frame_id = "base"
        message.pose = to_pose(target)
        self._targets.publish(message)
        self._last_gripper = float(gripper)
        self._grippers.publish(Float64(data=self._last_gripper))

    def stop(self) -> None:
        # The driver follows a target, so the place where the arm is makes it hold.
        if self._connected and self._reading is not None:
            self.send(self._reading.ee_pose, self._last_gripper)

    def disconnect(self) -> None:
        self.stop()
        if self._connected:
            self._connected = False
            for subscription in self._subscriptions:
                self._node.destroy_subscription(subscription)
            self._node.destroy_publisher(self._targets)
            self._node.destroy_publisher(self._grippers)
            self._joints.clear()
            self._poses.clear()
            self._reading = None

    def _check_connected(self) -> None:
        if not self._connected:
            raise ArmError("the arm's driver is not connected: connect it first")

    def _on_joints(self, message: JointState) -> None:
        self._pair(to_ns(message.header.stamp), self._joints, message)

    def _on_pose(self, message: PoseStamped) -> None:
        self._pair(to_ns(message.header.stamp), self._poses, from_pose(message.pose))

    def _pair(self, stamp_ns: int, kept: OrderedDict[int, object], item: object) -> None:
        kept[stamp_ns] = item
        while len(kept) > PAIRING:
            kept.popitem(last=False)
        if stamp_ns in self._joints and stamp_ns in self._poses:
            joints, pose = self._joints.pop(stamp_ns), self._poses.pop(stamp_ns)
            self._reading = self._combine(stamp_ns, joints, pose)
            if self._on_reading is not None:
                self._on_reading(self._reading)

    def _combine(self, stamp_ns: int, joints: JointState, pose: Pose) -> ArmReading:
        for field in ("position", "velocity", "effort"):
            count = len(getattr(joints, field))
            if count != len(joints.name) and (count or field == "position"):
                raise ArmError(
                    f"the driver's joint states name {len(joints.name)} joints and hold {count} "
                    f"values of {field}: correct the arm's driver"
                )
        if self._order is None or joints.name != self._joint_names:
            self._joint_names = list(joints.name)
            missing = {*self._arm.joints, *self._arm.gripper_joints} - set(joints.name)
            if missing:
                raise ArmError(
                    f"the driver's joint states lack {', '.join(sorted(missing))}: correct "
                    "arm.joints or arm.gripper_joints in the station description"
                )
            self._order = [self._joint_names.index(name) for name in self._arm.joints]
        fingers = [joints.position[joints.name.index(name)] for name in self._arm.gripper_joints]
        return ArmReading(
            stamp_ns=stamp_ns,
            joint_names=tuple(self._arm.joints),
            joint_positions=self._values(joints.position),
            joint_velocities=self._values(joints.velocity),
            joint_efforts=self._values(joints.effort),
            ee_pose=pose,
            gripper_opening=float(sum(fingers)),
        )

    def _values(self, values: list[float]) -> np.ndarray:
        """Return the arm's joints' values [N]; a driver need not fill in every field."""
        if len(values) == 0:
            return np.zeros(len(self._arm.joints))
        return np.array([values[i] for i in self._order or ()])
