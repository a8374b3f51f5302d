"""A calibrator's topic, services and action, played by a real node in the test's process."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.context import Context
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node

from collector_interfaces.action import Calibrate
from collector_interfaces.msg import ArmState, BoardDetection
from collector_interfaces.srv import DecideCalibration, ProposePoses


class PlayedCalibrator:
    """Answers as it is told to; ``finish`` lets the calibration that runs end."""

    def __init__(self, domain_id: int, candidate: Path) -> None:
        self.goals: list[Calibrate.Goal] = []
        self.decided: list[DecideCalibration.Request] = []
        self.cancelled = threading.Event()
        self.finish = threading.Event()
        self.takes_goals = True
        self.verdict = json.dumps([{"name": "held_out", "level": "ok", "sentence": "Good."}])
        self.poses = "[[0.4, 0, 0.3, 1, 0, 0, 0], [0.5, 0, 0.3, 1, 0, 0, 0]]"
        self._candidate = candidate
        self._context = Context()
        self._context.init(domain_id=domain_id)
        self._node = node = Node("calibrator", context=self._context)
        group = ReentrantCallbackGroup()
        self._views = node.create_publisher(BoardDetection, "/calibrator/view", 10)
        self._arm = node.create_publisher(ArmState, "/arm/state", 10)
        node.create_service(
            ProposePoses, "/calibrator/propose", self._on_propose, callback_group=group
        )
        node.create_service(
            DecideCalibration, "/calibrator/decide", self._on_decide, callback_group=group
        )
        self._server = ActionServer(
            node,
            Calibrate,
            "/calibrator/calibrate",
            self._on_calibrate,
            goal_callback=self._on_goal,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=group,
        )
        node.create_timer(0.05, self._publish, callback_group=group)
        self._executor = MultiThreadedExecutor(3, context=self._context)
        self._executor.add_node(node)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._spin)
        self._thread.start()

    def close(self) -> None:
        self.finish.set()
        self._closing.set()
        self._thread.join()
        self._executor.shutdown()
        self._server.destroy()
        self._node.destroy_node()
        self._context.try_shutdown()

    def _spin(self) -> None:
        while not self._closing.is_set():
            self._executor.spin_once(timeout_sec=0.1)

    def _publish(self) -> None:
        seen = BoardDetection(camera="static", sharp=True, still=True)
        seen.ids, seen.pixels = [0, 1], [10.0, 20.0, 30.0, 40.0]
        seen.header.stamp = self._node.get_clock().now().to_msg()
        self._views.publish(seen)
        state = ArmState(state=ArmState.HOLD_DEAD_MAN)
        state.ee_pose.position.x, state.ee_pose.orientation.w = 0.4, 1.0
        self._arm.publish(state)

    def _on_propose(
        self, request: ProposePoses.Request, response: ProposePoses.Response
    ) -> ProposePoses.Response:
        response.ok, response.poses_json = bool(self.poses), self.poses
        response.message = "" if self.poses else f"no pose of the {request.camera} camera is safe"
        return response

    def _on_goal(self, goal: Calibrate.Goal) -> GoalResponse:
        self.goals.append(goal)
        return GoalResponse.ACCEPT if self.takes_goals else GoalResponse.REJECT

    def _on_calibrate(self, handle: object) -> Calibrate.Result:
        progress = {"excitation_rad": [0.1, 0.2, 0.3], "views": [{"name": "001"}]}
        while not self.finish.is_set():
            if handle.is_cancel_requested:
                self.cancelled.set()
                handle.canceled()
                return Calibrate.Result(message="cancelled")
            handle.publish_feedback(
                Calibrate.Feedback(
                    phase="looking",
                    views=1,
                    sentence="Tilt the board.",
                    progress_json=json.dumps(progress),
                )
            )
            time.sleep(0.02)
        handle.succeed()
        return Calibrate.Result(
            ok='"refused"' not in self.verdict,
            message="Solved.",
            candidate=str(self._candidate),
            report="/tmp/report.html",
            verdict_json=self.verdict,
        )

    def _on_decide(
        self, request: DecideCalibration.Request, response: DecideCalibration.Response
    ) -> DecideCalibration.Response:
        self.decided.append(request)
        response.ok = True
        response.path = "/calibration/static.yaml" if request.accept else ""
        return response
