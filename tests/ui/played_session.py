"""A session node's topics and service, played by a real node in the test's own process."""

from __future__ import annotations

import threading
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import TransformStamped, TwistStamped
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Float64

from collector.workflow.status import SessionStatus
from collector_interfaces.msg import AttemptFeedback, SessionState
from collector_interfaces.srv import SessionRequest
from ui.sample_status import camera_model, camera_pose

LATCHED = QoSProfile(
    depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
Answer = Callable[[SessionRequest.Request, SessionRequest.Response], None]


class PlayedSession:
    """Tells ``status`` and answers requests as ``answer`` says; hears twists as `teleop` does."""

    def __init__(self, domain_id: int, status: SessionStatus) -> None:
        self.asked: list[SessionRequest.Request] = []
        self.twists: list[TwistStamped] = []
        self.grippers: list[float] = []
        self.answer: Answer = lambda request, response: setattr(response, "ok", True)
        self._context = Context()
        self._context.init(domain_id=domain_id)
        self._node = node = Node("session", context=self._context)
        self._states = node.create_publisher(SessionState, "/session/state", LATCHED)
        self._live = node.create_publisher(AttemptFeedback, "/session/feedback", 10)
        self._card = node.create_publisher(AttemptFeedback, "/session/card", LATCHED)
        self._diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._info = node.create_publisher(
            CameraInfo, "/static_camera/camera_info", qos_profile_sensor_data
        )
        self._pose = node.create_publisher(TransformStamped, "/static_camera/extrinsics", LATCHED)
        node.create_service(SessionRequest, "/session/request", self._on_request)
        node.create_subscription(
            TwistStamped, "/teleop/twist", self.twists.append, qos_profile_sensor_data
        )
        node.create_subscription(
            Float64,
            "/teleop/gripper",
            lambda message: self.grippers.append(message.data),
            qos_profile_sensor_data,
        )
        node.create_timer(0.1, self._report)
        self.tell(status)
        self._tell_camera()
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(node)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._spin)
        self._thread.start()

    def tell(self, status: SessionStatus) -> None:
        self._states.publish(SessionState(status_json=status.model_dump_json()))

    def tell_text(self, text: str) -> None:
        self._states.publish(SessionState(status_json=text))

    def tell_attempt(self, message: AttemptFeedback, card: bool) -> None:
        (self._card if card else self._live).publish(message)

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

    def _on_request(
        self, request: SessionRequest.Request, response: SessionRequest.Response
    ) -> SessionRequest.Response:
        self.asked.append(request)
        self.answer(request, response)
        return response

    def _tell_camera(self) -> None:
        x, y, z, qx, qy, qz, qw = camera_pose().transform
        message = TransformStamped(child_frame_id="static_optical")
        message.header.frame_id = "base"
        translation, rotation = message.transform.translation, message.transform.rotation
        translation.x, translation.y, translation.z = x, y, z
        rotation.x, rotation.y, rotation.z, rotation.w = qx, qy, qz, qw
        self._pose.publish(message)

    def _report(self) -> None:
        lens = camera_model()
        self._info.publish(
            CameraInfo(
                width=lens.width,
                height=lens.height,
                k=lens.k,
                d=lens.distortion,
                distortion_model=lens.distortion_model,
            )
        )
        status = DiagnosticStatus(level=DiagnosticStatus.OK, name="session: disk")
        status.values = [KeyValue(key="attempts", value="412")]
        self._diagnostics.publish(DiagnosticArray(status=[status]))
