"""A simulator node, and the ROS driver of its arm, in one thread and in simulated time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from station_files import StationFile

from collector.clock import NS_PER_MS, NS_PER_S, ManualClock
from collector.devices.arm_driver import ArmError
from collector_interfaces.srv import ResetWorld
from collector_nodes import qos
from collector_nodes.messages import to_ns
from collector_nodes.ros_arm_driver import RosArmDriver
from collector_nodes.simulator_node import SimulatorNode

# Less than what the simulator may owe, so that it leaves nothing out.
LEAP_NS = 50 * NS_PER_MS
TICK_NS = 10 * NS_PER_MS
SPINS = 5000  # ten seconds and more


class SimulatedArmOverRos:
    """As a context manager: the driver is not connected yet; `advance` lets time pass."""

    def __init__(self, folder: Path) -> None:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        station = StationFile(folder)
        self._arm = station.load().arm
        self._simulator = SimulatorNode(cli_args=["--ros-args", "-p", f"station:={station.path}"])
        self._node = Node("arm")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._simulator)
        self._executor.add_node(self._node)
        self._clock = ManualClock(1_700_000_000 * NS_PER_S)
        self._simulator.station_clock = self._clock
        self._due_ns = self._heard_ns = 0
        self._node.create_subscription(
            PoseStamped, self._arm.topics.ee_pose, self._on_pose, qos.ARM_STATE
        )
        self.driver = RosArmDriver(self._node, self._arm, self._clock)

    def __enter__(self) -> SimulatedArmOverRos:
        client = self._node.create_client(ResetWorld, "/simulator/reset")
        self._spin_until(client.service_is_ready, "the simulator offers no reset")
        answer = client.call_async(ResetWorld.Request(task_id="push_green_to_target", seed=3))
        self._spin_until(answer.done, "the simulator does not reset")
        self.advance(0.4)  # just after a reset it is deaf
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.disconnect()
        self._executor.shutdown()
        self._simulator.close()
        self._simulator.destroy_node()
        self._node.destroy_node()
        rclpy.shutdown()

    def advance(self, duration_s: float) -> None:
        """Let time pass, and every message of that time arrive."""
        self._spin_until(self._matched, "driver and simulator do not find each other")
        left_ns = round(duration_s * NS_PER_S)
        while left_ns > 0:
            leap_ns = min(LEAP_NS, left_ns)
            left_ns -= leap_ns
            self._due_ns = self._clock.advance(leap_ns) - TICK_NS + 1
            self._spin_until(self._caught_up, "the simulator sends nothing")

    def _spin_until(self, happened: Callable[[], bool], otherwise: str) -> None:
        for _ in range(SPINS):
            if happened():
                return
            self._executor.spin_once(timeout_sec=0.002)
        raise AssertionError(otherwise)

    def _on_pose(self, message: PoseStamped) -> None:
        self._heard_ns = to_ns(message.header.stamp)

    def _caught_up(self) -> bool:
        with suppress(ArmError):  # disconnected, it hears nothing
            reading = self.driver.read()
            if reading is None or reading.stamp_ns < self._due_ns:
                return False
        return self._heard_ns >= self._due_ns

    def _matched(self) -> bool:
        """Whether driver and simulator hear each other, as far as they are connected."""
        topics = self._arm.topics
        publishers = self._simulator.count_publishers(topics.target_pose)
        with suppress(ArmError):
            self.driver.read()
            return (
                publishers == 1
                and self._simulator.count_publishers(topics.gripper_command) == 1
                and self._node.count_subscribers(topics.joint_states) == 1
            )
        return publishers == 0
