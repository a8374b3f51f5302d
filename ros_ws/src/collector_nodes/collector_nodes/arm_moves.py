"""The action that leads the arm to a pose in place of the operator's hand."""

from __future__ import annotations

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.task import Future

from collector.arm.sample import ArmStatus
from collector.teleop.straight_move import ArmView, Ended, GuidedDevice
from collector_interfaces.action import MoveArm
from collector_interfaces.msg import ArmState
from collector_nodes import qos
from collector_nodes.messages import from_pose, to_ns
from collector_nodes.station_node import StationNode

FEEDBACK_NS = 100_000_000


class ArmMoves:
    """Serves ``~/move``; one move at a time, a second one is refused."""

    def __init__(self, node: StationNode, device: GuidedDevice) -> None:
        self._node = node
        self._device = device
        self._handle: ServerGoalHandle | None = None
        self._ended: Future | None = None
        self._told_ns = 0
        node.create_subscription(ArmState, "/arm/state", self._on_arm, qos.ARM_STATE)
        self._server = ActionServer(
            node,
            MoveArm,
            "~/move",
            self._move,
            goal_callback=lambda _: (
                GoalResponse.ACCEPT
            ),  # a result says why not, a rejection cannot
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )

    def watch(self) -> None:
        """Tell how the move goes, and that it ended. At every command."""
        if self._handle is None or self._ended is None or self._ended.done():
            return
        if self._handle.is_cancel_requested:
            self._device.cancel("cancelled")
        ended = self._device.take_ended()
        if ended is not None:
            self._ended.set_result(ended)
            return
        now_ns = self._node.station_clock.now_ns()
        if abs(now_ns - self._told_ns) >= FEEDBACK_NS:
            self._told_ns = now_ns
            left_m = self._device.remaining_m()
            self._handle.publish_feedback(MoveArm.Feedback(remaining_m=left_m))

    def _on_arm(self, message: ArmState) -> None:
        try:
            status = ArmStatus(message.state)
        except ValueError:
            return  # of another version: the move ends for want of a state
        self._device.on_arm(
            ArmView(
                stamp_ns=to_ns(message.header.stamp),
                ee_pose=from_pose(message.ee_pose),
                target_pose=from_pose(message.target_pose),
                gripper_command=message.gripper_command,
                status=status,
                fault=message.fault,
            )
        )

    async def _move(self, handle: ServerGoalHandle) -> MoveArm.Result:
        goal = handle.request
        now_ns = self._node.station_clock.now_ns()
        refusal = self._device.begin(from_pose(goal.target), goal.speed_m_s, now_ns)
        if refusal:
            handle.abort()
            return MoveArm.Result(reached=False, message=refusal)
        self._handle = handle
        self._ended = Future(executor=self._node.executor)
        ended: Ended = await self._ended
        self._handle = self._ended = None
        if ended.reached:
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return MoveArm.Result(reached=ended.reached, message=ended.message)
