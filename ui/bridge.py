"""ROS 2 on one side, Qt signals with plain data on the other. Alone imports rclpy.

An executor in a thread of its own takes the messages. What it takes waits in a mailbox, one
place a kind, where the newest replaces the one before; one queued event at a time asks
the GUI thread to empty it. A slow window thus sees fewer pictures, never older ones.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import traceback
from collections.abc import Callable, Hashable
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus, GoalStatusArray
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import TransformStamped, TwistStamped
from pydantic import ValidationError
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    QoSProfile,
    ReliabilityPolicy,
    qos_profile_action_status_default,
)
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Float64
from std_srvs.srv import Trigger

from collector.feedback.measures import Best, Measures
from collector.workflow.status import SessionStatus
from collector_interfaces.action import RecordEpisode
from collector_interfaces.msg import ArmState, AttemptFeedback, SessionState
from collector_interfaces.srv import SessionRequest
from ui.values import (
    CAMERAS,
    ArmReport,
    AttemptReport,
    CameraFrame,
    CameraModel,
    CameraPose,
    Command,
    CommandOutcome,
    Level,
    Outcome,
    RecordingProgress,
    RecordingStatus,
    SessionAnswer,
    SessionCall,
    SessionReport,
    StreamReport,
    TwistCommand,
    UnreadableFrame,
)

NS_PER_S = 1_000_000_000
ANSWER_MS = 1000
SESSION_ANSWER_MS = 5000  # a PIN takes its time, by intent
LONGEST_WAIT_S = 0.1  # how soon the executor sees that the bridge is closed
_NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
_LATCHED = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
_LEVELS: dict[int, Level] = {0: "ok", 1: "warning", 2: "error", 3: "stale"}
_CHANNELS = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1}
_ACTIVE = (GoalStatus.STATUS_ACCEPTED, GoalStatus.STATUS_EXECUTING, GoalStatus.STATUS_CANCELING)
_SERVICES = {Command.STOP_ARM: "/arm/stop", Command.RESET_STOP: "/arm/reset_stop"}


class StationBridge(QObject):
    """What a station says, as signals in the thread that made the bridge.

    ``start`` joins the station's graph, ``close`` leaves it. ``domain_id``: None takes the
    environment's.
    """

    frame = Signal(object)  # CameraFrame | UnreadableFrame
    arm = Signal(object)  # ArmReport
    stream = Signal(object)  # StreamReport
    progress = Signal(object)  # RecordingProgress
    status = Signal(object)  # RecordingStatus
    command_sent = Signal(object)  # Command
    outcome = Signal(object)  # CommandOutcome
    session = Signal(object)  # SessionReport
    feedback = Signal(object)  # AttemptReport of the attempt that runs
    card = Signal(object)  # AttemptReport of the last one
    camera_model = Signal(object)  # CameraModel, where it changed
    camera_pose = Signal(object)  # CameraPose
    called = Signal(object)  # SessionCall
    answer = Signal(object)  # SessionAnswer
    failed = Signal(str)  # the bridge itself broke: nothing it showed can be trusted
    _wake = Signal()

    def __init__(
        self,
        domain_id: int | None = None,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._domain_id = domain_id
        self._monotonic_ns = monotonic_ns
        self._lock = threading.Lock()
        self._mailbox: dict[Hashable, tuple[Any, Any]] = {}  # kind -> signal, value
        self._models: dict[str, CameraModel] = {}
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._wake.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Join the graph and listen."""
        self._context = Context()
        self._context.init(domain_id=self._domain_id)
        self._node = Node(f"console_{os.getpid()}", context=self._context)
        self._subscribe(self._node)
        self._clients = {
            command: self._node.create_client(Trigger, name) for command, name in _SERVICES.items()
        }
        self._session = self._node.create_client(SessionRequest, "/session/request")
        self._twists = self._node.create_publisher(TwistStamped, "/teleop/twist", 1)
        self._grippers = self._node.create_publisher(Float64, "/teleop/gripper", 1)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name="ros executor", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the graph; nothing is signalled afterwards."""
        if self._thread is None:
            return
        self._closing.set()
        self._executor.wake()
        self._thread.join()
        self._thread = None
        with self._lock:
            self._mailbox.clear()
        self._executor.shutdown()
        self._leave()
        self._context.try_shutdown()

    def _leave(self) -> None:
        """Destroy what was made in the node; the executor has ended."""
        self._node.destroy_node()

    def send(self, command: Command) -> None:
        """Ask the station; returns at once, ``outcome`` tells what became of it."""
        self.command_sent.emit(command)
        client = self._clients[command]
        if not client.service_is_ready():
            self._report(command, Outcome.NOT_THERE)
            return
        future = client.call_async(Trigger.Request())

        def answered(done: Any) -> None:
            response = done.result()
            if response is not None:
                outcome = Outcome.DONE if response.success else Outcome.REFUSED
                answer = self._outcome(command, outcome, response.message)
                self._post(("outcome", id(done)), self.outcome, answer)

        def overdue() -> None:
            if not future.done():
                client.remove_pending_request(future)
                self._report(command, Outcome.NO_ANSWER)

        future.add_done_callback(answered)
        QTimer.singleShot(ANSWER_MS, self, overdue)

    def call(self, call: SessionCall) -> None:
        """Ask the session; returns at once, ``answer`` tells what became of it."""
        self.called.emit(call)
        if not self._session.service_is_ready():
            self._answer(call, Outcome.NOT_THERE)
            return
        request = SessionRequest.Request(
            request=call.request,
            who=call.who,
            pin=call.pin,
            source=call.source,
            attempt_id=call.attempt_id,
            value=call.value,
            reason=call.reason,
        )
        future = self._session.call_async(request)

        def answered(done: Any) -> None:
            response = done.result()
            if response is not None:
                outcome = Outcome.DONE if response.ok else Outcome.REFUSED
                now_ns = self._monotonic_ns()
                answer = SessionAnswer(call, outcome, response.message, response.event, now_ns)
                self._post(("answer", id(done)), self.answer, answer)

        def overdue() -> None:
            if not future.done():
                self._session.remove_pending_request(future)
                self._answer(call, Outcome.NO_ANSWER)

        future.add_done_callback(answered)
        QTimer.singleShot(SESSION_ANSWER_MS, self, overdue)

    def teleoperate(self, command: TwistCommand) -> None:
        """Send one velocity; it is the dead-man too, so that silence lets go of the arm.

        Called from the GUI's own thread, so that a window that hangs lets go as well.
        """
        twist = TwistStamped()
        twist.header.stamp = self._node.get_clock().now().to_msg()
        twist.header.frame_id = "base"
        linear, angular = twist.twist.linear, twist.twist.angular
        linear.x, linear.y, linear.z = command.linear
        angular.x, angular.y, angular.z = command.angular
        self._grippers.publish(Float64(data=command.gripper))
        self._twists.publish(twist)

    def teleop_is_heard(self) -> bool:
        """Return whether the station takes velocities: its teleoperation device is `twist`."""
        return self._thread is not None and bool(self._twists.get_subscription_count())

    # In the GUI thread

    def _answer(self, call: SessionCall, outcome: Outcome) -> None:
        self.answer.emit(SessionAnswer(call, outcome, "", "", self._monotonic_ns()))

    def _report(self, command: Command, outcome: Outcome) -> None:
        self.outcome.emit(self._outcome(command, outcome))

    def _outcome(self, command: Command, outcome: Outcome, message: str = "") -> CommandOutcome:
        return CommandOutcome(command, outcome, message, self._monotonic_ns())

    @Slot()
    def _deliver(self) -> None:
        with self._lock:
            waiting, self._mailbox = self._mailbox, {}
        for signal, value in waiting.values():
            signal.emit(value)

    # In the executor's thread

    def _post(self, kind: Hashable, signal: Any, value: Any) -> None:
        with self._lock:
            asleep = not self._mailbox
            self._mailbox[kind] = signal, value
        if asleep:
            self._wake.emit()

    def _spin(self) -> None:
        try:
            with contextlib.suppress(ExternalShutdownException):
                while not self._closing.is_set():
                    self._executor.spin_once(timeout_sec=LONGEST_WAIT_S)
        except Exception:
            self._post("failed", self.failed, traceback.format_exc())

    def _subscribe(self, node: Node) -> None:
        for camera in CAMERAS:
            node.create_subscription(
                Image,
                f"/{camera}_camera/image_raw",
                partial(self._on_image, camera),
                _NEWEST,
            )
            node.create_subscription(
                CameraInfo, f"/{camera}_camera/camera_info", partial(self._on_info, camera), _NEWEST
            )
            node.create_subscription(
                TransformStamped,
                f"/{camera}_camera/extrinsics",
                partial(self._on_extrinsics, camera),
                _LATCHED,
            )
        node.create_subscription(SessionState, "/session/state", self._on_session, _LATCHED)
        node.create_subscription(
            AttemptFeedback, "/session/feedback", partial(self._on_attempt, "feedback"), 10
        )
        node.create_subscription(
            AttemptFeedback, "/session/card", partial(self._on_attempt, "card"), _LATCHED
        )
        node.create_subscription(ArmState, "/arm/state", self._on_arm, _NEWEST)
        node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        node.create_subscription(
            RecordEpisode.Impl.FeedbackMessage,
            "/recorder/record/_action/feedback",
            self._on_feedback,
            10,
        )
        node.create_subscription(
            GoalStatusArray,
            "/recorder/record/_action/status",
            self._on_status,
            qos_profile_action_status_default,
        )

    def _on_image(self, camera: str, message: Image) -> None:
        arrived_ns = self._monotonic_ns()
        value: CameraFrame | UnreadableFrame
        try:
            pixels = rgb_pixels(message)
        except ValueError as error:
            value = UnreadableFrame(camera, str(error), arrived_ns)
        else:
            value = CameraFrame(camera, pixels, _to_ns(message.header.stamp), arrived_ns)
        self._post(("frame", camera), self.frame, value)

    def _on_info(self, camera: str, message: CameraInfo) -> None:
        model = CameraModel(
            camera,
            message.width,
            message.height,
            tuple(message.k),
            tuple(message.d),
            message.distortion_model,
        )
        if self._models.get(camera) != model:  # one comes with every picture
            self._models[camera] = model
            self._post(("model", camera), self.camera_model, model)

    def _on_extrinsics(self, camera: str, message: TransformStamped) -> None:
        t, q = message.transform.translation, message.transform.rotation
        transform = (t.x, t.y, t.z, q.x, q.y, q.z, q.w)
        pose = CameraPose(camera, message.header.frame_id, transform)
        self._post(("pose", camera), self.camera_pose, pose)

    def _on_session(self, message: SessionState) -> None:
        report = session_report(message.status_json, self._monotonic_ns())
        # Each counts: a state that was left again at once has its tone all the same.
        self._post(("session", report.arrived_ns), self.session, report)

    def _on_attempt(self, kind: str, message: AttemptFeedback) -> None:
        report = attempt_report(message, self._monotonic_ns())
        self._post(("attempt", kind), self.feedback if kind == "feedback" else self.card, report)

    def _on_arm(self, message: ArmState) -> None:
        report = ArmReport(
            message.state,
            message.fault,
            message.clipped,
            self._monotonic_ns(),
            message.gripper_command >= 0.5,
        )
        self._post("arm", self.arm, report)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        arrived_ns = self._monotonic_ns()
        for status in message.status:
            report = _stream_report(status, arrived_ns)
            self._post(("stream", report.node, report.stream), self.stream, report)

    def _on_feedback(self, message: Any) -> None:
        said = message.feedback
        progress = RecordingProgress(said.steps, said.gaps, said.bytes, self._monotonic_ns())
        self._post("progress", self.progress, progress)

    def _on_status(self, message: GoalStatusArray) -> None:
        since = [
            _to_ns(status.goal_info.stamp)
            for status in message.status_list
            if status.status in _ACTIVE
        ]
        status = RecordingStatus(bool(since), max(since, default=0), self._monotonic_ns())
        self._post("status", self.status, status)


def session_report(status_json: str, arrived_ns: int) -> SessionReport:
    """Return the session's state; where it is of another version, a sentence that says so."""
    try:
        status = SessionStatus.model_validate_json(status_json)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "its state"
        problem = (
            f"the session node is of another version than this console ({where}: {first['msg']}):"
            " start both of one installation"
        )
        return SessionReport(None, problem, arrived_ns)
    return SessionReport(status, "", arrived_ns)


def attempt_report(message: AttemptFeedback, arrived_ns: int) -> AttemptReport:
    """Return an attempt's figures; those that cannot be read are left out."""
    return AttemptReport(
        message.attempt_id,
        message.task_id,
        message.phase,
        message.outcome,
        message.elapsed_s,
        _values(Measures, message.measures_json),
        _values(Best, message.best_json),
        message.advice,
        arrived_ns,
    )


def _values(kind: Any, text: str) -> Any:
    """Return a dataclass from JSON, or None where a value is missing."""
    try:
        given = json.loads(text)
        return kind(**{field.name: given[field.name] for field in fields(kind)})
    except (ValueError, TypeError, KeyError):
        return None


def rgb_pixels(message: Image) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a picture as uint8 [height, width, 3] RGB, without copying rgb8.

    Raises ValueError for an encoding that is not supported, or data that do not fit the size.
    """
    channels = _CHANNELS.get(message.encoding)
    if channels is None:
        known = ", ".join(_CHANNELS)
        raise ValueError(f"encoding {message.encoding or 'empty'!r} is not one of {known}")
    height, width, step = message.height, message.width, message.step
    data = np.frombuffer(message.data, np.uint8)
    if height == 0 or width == 0 or step < width * channels or data.size != height * step:
        raise ValueError(
            f"{data.size} bytes in rows of {step} do not make {width}x{height} {message.encoding}"
        )
    rows = np.lib.stride_tricks.as_strided(
        data, (height, width, channels), (step, channels, 1), writeable=False
    )
    if message.encoding == "rgb8":
        return rows
    if channels == 1:
        return np.repeat(rows, 3, axis=2)
    order = [2, 1, 0] if message.encoding.startswith("bgr") else [0, 1, 2]
    return np.ascontiguousarray(rows[:, :, order])


def _stream_report(status: DiagnosticStatus, arrived_ns: int) -> StreamReport:
    node, separator, stream = status.name.partition(": ")
    return StreamReport(
        node,
        stream if separator else node,
        _LEVELS.get(ord(status.level), "error"),
        status.message,
        {pair.key: pair.value for pair in status.values},
        arrived_ns,
    )


def _to_ns(stamp: Any) -> int:
    return int(stamp.sec) * NS_PER_S + int(stamp.nanosec)
