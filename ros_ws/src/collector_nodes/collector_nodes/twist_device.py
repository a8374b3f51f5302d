"""Any ROS 2 device that publishes twists: joysticks, SpaceMice, hand controllers."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import TwistStamped
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from std_msgs.msg import Float64

from collector.clock import NS_PER_MS, Clock
from collector.devices.teleop_device import TeleopReading
from collector.station.description import TwistTopics
from collector_nodes.messages import from_twist

HELD_NS = 150 * NS_PER_MS


class TwistDevice:
    """Implements `TeleopDevice`: the dead-man counts as held while twists keep coming.

    ROS drivers of such devices publish while their enable button is held
    (teleop_twist_joy's convention), so silence is a released dead-man, not a fault.
    Twists are of ee in ``base``, m/s and rad/s.
    """

    def __init__(self, node: Node, topics: TwistTopics, clock: Clock) -> None:
        self._node = node
        self._topics = topics
        self._clock = clock
        self._subscriptions: list[object] = []
        self._twist = np.zeros(6)
        self._gripper = 0.0
        self._heard_ns: int | None = None

    def connect(self) -> None:
        if not self._subscriptions:
            self._subscriptions = [
                self._node.create_subscription(
                    TwistStamped, self._topics.topic, self._on_twist, qos_profile_sensor_data
                ),
                self._node.create_subscription(
                    Float64, self._topics.gripper_topic, self._on_gripper, qos_profile_sensor_data
                ),
            ]

    def read(self, now_ns: int) -> TeleopReading | None:
        held = self._heard_ns is not None and 0 <= now_ns - self._heard_ns <= HELD_NS
        twist = self._twist if held else np.zeros(6)
        return TeleopReading(now_ns, twist, self._gripper, held)

    def disconnect(self) -> None:
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []
        self._heard_ns = None

    def _on_twist(self, message: TwistStamped) -> None:
        self._twist = from_twist(message.twist)
        self._heard_ns = self._clock.now_ns()

    def _on_gripper(self, message: Float64) -> None:
        self._gripper = message.data
