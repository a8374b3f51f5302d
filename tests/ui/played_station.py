"""A station's topics and services, played by real publishers in the test's own process."""

from __future__ import annotations

import array
import threading
import time

import numpy as np
from action_msgs.msg import GoalStatus, GoalStatusArray
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_profile_action_status_default
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger

from collector_interfaces.action import RecordEpisode
from collector_interfaces.msg import ArmState

BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


class PlayedStation:
    """Publishes a running station's topics, 10 times a second, until it is closed."""

    def __init__(self, domain_id: int, records: bool = False) -> None:
        self.arm_state = ArmState.MOVING
        self.records = records
        self.answers = True  # to stop and reset_stop
        self.encoding = "rgb8"
        self.asked: list[str] = []
        self._began = time.time_ns()
        self._context = Context()
        self._context.init(domain_id=domain_id)
        self._node = node = Node("played_station", context=self._context)
        self._images = {
            camera: node.create_publisher(Image, f"/{camera}_camera/image_raw", BEST_EFFORT)
            for camera in ("static", "wrist")
        }
        self._arm = node.create_publisher(ArmState, "/arm/state", 100)
        self._diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._feedback = node.create_publisher(
            RecordEpisode.Impl.FeedbackMessage, "/recorder/record/_action/feedback", 10
        )
        self._status = node.create_publisher(
            GoalStatusArray, "/recorder/record/_action/status", qos_profile_action_status_default
        )
        node.create_service(Trigger, "/arm/stop", self._on_stop)
        node.create_service(Trigger, "/arm/reset_stop", self._on_reset)
        node.create_timer(0.1, self._publish)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(node)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._spin)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._executor.wake()
        self._thread.join()
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def _spin(self) -> None:
        while not self._closing.is_set():
            self._executor.spin_once(timeout_sec=0.1)

    def _on_stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.asked.append("stop")
        response.success = self.answers
        if self.answers:
            self.arm_state = ArmState.STOPPED
        else:
            response.message = "the driver is gone"
        return response

    def _on_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.asked.append("reset")
        response.success = self.answers
        self.arm_state = ArmState.HOLD_DEAD_MAN
        return response

    def _publish(self) -> None:
        stamp = self._node.get_clock().now().to_msg()
        for number, (camera, publisher) in enumerate(self._images.items()):
            pixels = np.full((48, 64, 3), (200, 50 * number, 10), np.uint8)
            image = Image(height=48, width=64, step=192, encoding=self.encoding)
            image.header.stamp = stamp
            image.header.frame_id = f"{camera}_optical"
            image.data = array.array("B", pixels.tobytes())
            publisher.publish(image)
        self._arm.publish(ArmState(state=self.arm_state))
        saying = "Recording episode-1." if self.records else "Ready."
        diagnostics = DiagnosticArray()
        for name, message in (
            ("static_camera: static camera", "It runs at 10.0 of 10 Hz."),
            ("recorder: recorder", saying),
        ):
            values = [KeyValue(key="rate_hz", value="10"), KeyValue(key="target_hz", value="10")]
            diagnostics.status.append(
                DiagnosticStatus(
                    level=DiagnosticStatus.OK, name=name, message=message, values=values
                )
            )
        self._diagnostics.publish(diagnostics)
        status = GoalStatusArray()
        if self.records:
            goal = GoalStatus(status=GoalStatus.STATUS_EXECUTING)
            goal.goal_info.stamp.sec = self._began // 1_000_000_000 - 60
            status.status_list.append(goal)
            feedback = RecordEpisode.Impl.FeedbackMessage()
            feedback.feedback.steps, feedback.feedback.gaps = 7, 1
            self._feedback.publish(feedback)
        self._status.publish(status)
