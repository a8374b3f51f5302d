"""The calibrator over ROS 2 on one side, Qt signals with plain data on the other.

What the console's bridge hears of the station, and beside it the calibrator's topic, services
and action. What is asked of the action goes through the executor's own thread: a client that
is asked from another one may miss the answer.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from action_msgs.msg import GoalStatus
from PySide6.QtCore import QObject, QTimer, Signal
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from collector_interfaces.action import Calibrate
from collector_interfaces.msg import ArmState, BoardDetection
from collector_interfaces.srv import DecideCalibration, ProposePoses
from ui.bridge import StationBridge
from ui.calibration_reading import read_figures, read_findings, read_poses
from ui.calibration_values import (
    ArmPose,
    BoardSeen,
    CalibrationEnding,
    CalibrationGoal,
    CaptureProgress,
    DecisionAnswer,
    DecisionCall,
    Proposal,
)

PROPOSAL_MS = 60_000  # inverse kinematics of some thousand poses
DECISION_MS = 10_000
GOODBYE_S = 1.0  # how long a window that closes waits for its calibration to be cancelled
_NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
NOT_THERE = "The calibrator is not running: start it beside the station, then try again."
NO_ANSWER = "The calibrator did not answer in time: look at its log, then try again."


class CalibrationBridge(StationBridge):
    """What the station and its calibrator say; ``start`` joins the graph, ``close`` leaves it."""

    arm_pose = Signal(object)  # ArmPose
    board = Signal(object)  # BoardSeen
    proposal = Signal(object)  # Proposal
    capture = Signal(object)  # CaptureProgress
    ending = Signal(object)  # CalibrationEnding
    decision = Signal(object)  # DecisionAnswer

    def __init__(
        self,
        domain_id: int | None = None,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(domain_id, monotonic_ns, parent)
        self._handle: Any = None  # of the goal that runs; the executor's thread alone
        self._number = 0  # of the goal asked for last
        self._wanted = False  # that goal is still wanted
        self._running = threading.Event()

    def is_there(self) -> bool:
        """Return whether the calibrator offers its action."""
        return self._thread is not None and self._action.server_is_ready()

    def propose(self, camera: str, count: int = 0) -> None:
        """Ask for poses; returns at once, ``proposal`` tells them. ``count`` 0: enough."""
        if not self._proposals.service_is_ready():
            self.proposal.emit(Proposal(camera, False, NOT_THERE, ()))
            return
        future = self._proposals.call_async(ProposePoses.Request(camera=camera, count=count))

        def answered(done: Any) -> None:
            response = done.result()
            if response is not None:
                proposal = _proposal(camera, response)
                self._post(("proposal", id(done)), self.proposal, proposal)

        def overdue() -> None:
            if not future.done():
                self._proposals.remove_pending_request(future)
                self.proposal.emit(Proposal(camera, False, NO_ANSWER, ()))

        future.add_done_callback(answered)
        QTimer.singleShot(PROPOSAL_MS, self, overdue)

    def calibrate(self, goal: CalibrationGoal) -> None:
        """Begin a calibration; ``capture`` and ``ending`` tell of it."""
        if not self.is_there():
            self.ending.emit(CalibrationEnding(False, NOT_THERE))
            return
        message = Calibrate.Goal(
            camera=goal.camera,
            square_m=goal.square_m,
            person=goal.person,
            poses_json=_poses_json(goal),
            views=goal.views,
        )
        self._number += 1
        self._wanted = True
        self._running.set()
        self._executor.create_task(self._begin, message, self._number)

    def cancel(self) -> None:
        """Let the calibration that runs end without a result; nothing where none runs."""
        self._wanted = False
        if self._thread is not None:
            self._executor.create_task(self._cancel)

    def decide(self, call: DecisionCall) -> None:
        """Put a result in place or throw it away; ``decision`` tells what became of it."""
        if not self._decisions.service_is_ready():
            self.decision.emit(DecisionAnswer(call, False, NOT_THERE, ""))
            return
        request = DecideCalibration.Request(
            candidate=call.candidate, accept=call.accept, person=call.person
        )
        future = self._decisions.call_async(request)

        def answered(done: Any) -> None:
            response = done.result()
            if response is not None:
                answer = DecisionAnswer(call, response.ok, response.message, response.path)
                self._post(("decision", id(done)), self.decision, answer)

        def overdue() -> None:
            if not future.done():
                self._decisions.remove_pending_request(future)
                self.decision.emit(DecisionAnswer(call, False, NO_ANSWER, ""))

        future.add_done_callback(answered)
        QTimer.singleShot(DECISION_MS, self, overdue)

    def close(self) -> None:
        """Leave the graph; a calibration that runs is cancelled first: nobody looks at it."""
        if self._thread is not None and self._running.is_set():
            self.cancel()
            deadline = time.monotonic() + GOODBYE_S
            while self._running.is_set() and time.monotonic() < deadline:
                time.sleep(0.01)
        super().close()

    def _leave(self) -> None:
        self._action.destroy()
        super()._leave()

    # In the executor's thread

    def _subscribe(self, node: Node) -> None:
        super()._subscribe(node)
        self._action = ActionClient(node, Calibrate, "/calibrator/calibrate")
        self._proposals = node.create_client(ProposePoses, "/calibrator/propose")
        self._decisions = node.create_client(DecideCalibration, "/calibrator/decide")
        node.create_subscription(BoardDetection, "/calibrator/view", self._on_view, _NEWEST)

    def _on_arm(self, message: ArmState) -> None:
        super()._on_arm(message)
        p, q = message.ee_pose.position, message.ee_pose.orientation
        transform = (p.x, p.y, p.z, q.x, q.y, q.z, q.w)
        stamp = message.header.stamp
        pose = ArmPose(transform, _to_ns(stamp), self._monotonic_ns())
        self._post("arm pose", self.arm_pose, pose)

    def _on_view(self, message: BoardDetection) -> None:
        numbers = [float(value) for value in message.pixels]
        seen = BoardSeen(
            message.camera,
            tuple(zip(numbers[::2], numbers[1::2], strict=False)),
            message.sharp,
            message.still,
            message.sentence,
            _to_ns(message.header.stamp),
            self._monotonic_ns(),
        )
        self._post(("board", seen.camera), self.board, seen)

    def _begin(self, message: Calibrate.Goal, number: int) -> None:
        future = self._action.send_goal_async(
            message, feedback_callback=partial(self._on_capture, number)
        )
        future.add_done_callback(partial(self._on_accepted, number))

    def _on_accepted(self, number: int, future: Any) -> None:
        handle = future.result()
        if handle is None or not handle.accepted:
            said = "The calibrator is busy, or refuses: look at its log, then try again."
            self._end(number, CalibrationEnding(False, said))
            return
        self._handle = handle
        handle.get_result_async().add_done_callback(partial(self._on_result, number))
        if not self._wanted:  # cancelled before it was accepted
            handle.cancel_goal_async()

    def _cancel(self) -> None:
        if self._handle is not None:
            self._handle.cancel_goal_async()

    def _on_capture(self, number: int, message: Any) -> None:
        if number != self._number:
            return
        said = message.feedback
        progress = CaptureProgress(
            said.phase,
            said.views,
            said.sentence,
            read_figures(said.progress_json),
            self._monotonic_ns(),
        )
        self._post("capture", self.capture, progress)

    def _on_result(self, number: int, future: Any) -> None:
        self._handle = None
        answer = future.result()
        if answer is None:
            self._end(number, CalibrationEnding(False, NO_ANSWER))
            return
        self._end(number, _ending(answer.status, answer.result))

    def _end(self, number: int, ending: CalibrationEnding) -> None:
        if number == self._number:
            self._running.clear()
            self._post(("ending", number), self.ending, ending)


def _proposal(camera: str, response: ProposePoses.Response) -> Proposal:
    if not response.ok:
        return Proposal(camera, False, response.message, ())
    try:
        return Proposal(camera, True, response.message, read_poses(response.poses_json))
    except ValueError as error:
        said = f"The calibrator's proposal cannot be read ({error}): start it and this window anew."
        return Proposal(camera, False, said, ())


def _ending(status: int, result: Calibrate.Result) -> CalibrationEnding:
    if status == GoalStatus.STATUS_CANCELED:
        return CalibrationEnding(False, result.message, cancelled=True)
    try:
        findings = read_findings(result.verdict_json)
    except ValueError as error:
        said = f"The verdict cannot be read ({error}): start the calibrator and this window anew."
        return CalibrationEnding(False, said)
    return CalibrationEnding(result.ok, result.message, result.candidate, result.report, findings)


def _poses_json(goal: CalibrationGoal) -> str:
    return json.dumps([list(pose) for pose in goal.poses]) if goal.poses else ""


def _to_ns(stamp: Any) -> int:
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
