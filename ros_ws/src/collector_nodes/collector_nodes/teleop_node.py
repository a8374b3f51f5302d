"""The teleoperation device: readings in, bounded commands out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.task import Future

from collector.devices.teleop_device import TeleopDevice, TeleopReading
from collector.health import HealthReport
from collector.simulation.scripted_operator import ScriptedOperator
from collector.simulation.tasks import TASKS
from collector.teleop.commander import TeleopCommander
from collector.teleop.straight_move import GuidedDevice
from collector_interfaces.action import PerformTask
from collector_interfaces.msg import ArmCommand, ArmState, WorldState
from collector_nodes import qos
from collector_nodes.arm_moves import ArmMoves
from collector_nodes.arm_node import limits_of
from collector_nodes.messages import from_pose, from_world_state, to_arm_command
from collector_nodes.station_node import StationNode, run
from collector_nodes.twist_device import TwistDevice


class TeleopNode(StationNode):
    """One device -> ``/arm/command``; a scripted one performs on the action ``~/perform``.

    The action ``~/move`` leads the arm to a pose until the device is used.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("teleop", **options)
        self._commands = self.create_publisher(ArmCommand, "/arm/command", qos.ARM_COMMAND)
        teleop = self.station.teleop
        device: TeleopDevice
        if teleop.device == "scripted":
            self._script = ScriptedPerformance(self)
            device = self._script
        else:
            self._script = None
            device = TwistDevice(self, teleop.twist, self.station_clock)
        guided = GuidedDevice(device)
        self._moves = ArmMoves(self, guided)
        self._commander = TeleopCommander(guided, limits_of(self.station.arm))
        self.create_timer(1.0 / teleop.rate_hz, self._command)

    def health(self) -> Sequence[HealthReport]:
        health = self._commander.health
        message = health.message[:1].upper() + health.message[1:] + "."
        values = {"reconnects": float(health.reconnects)}
        return [HealthReport("teleop device", "ok" if health.ok else "error", message, values)]

    def close(self) -> None:
        self._commander.close()

    def _command(self) -> None:
        command = self._commander.command(self.station_clock.now_ns())
        if command is not None:
            self._commands.publish(to_arm_command(command))
        self._moves.watch()
        if self._script is not None:
            self._script.watch(self.station_clock.now_ns())


class ScriptedPerformance:
    """Lets the scripted operator see the station, and perform when it is asked to.

    Implements `TeleopDevice`: the operator's hand, that lets go of the dead-man and presses
    it again, as a person does, when the arm asks for it.
    """

    def __init__(self, node: StationNode) -> None:
        self.operator = ScriptedOperator()
        self._node = node
        self._world: WorldState | None = None
        self._ended: Future | None = None
        self._handle: ServerGoalHandle | None = None
        self._began_ns = 0
        self._refused = False
        node.create_subscription(
            WorldState, "/simulator/world_state", self._on_world, qos.WORLD_STATE
        )
        node.create_subscription(ArmState, "/arm/state", self._on_arm, qos.ARM_STATE)
        self._server = ActionServer(
            node,
            PerformTask,
            "~/perform",
            self._perform,
            goal_callback=self._on_goal,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )

    def connect(self) -> None:
        self.operator.connect()

    def read(self, now_ns: int) -> TeleopReading | None:
        reading = self.operator.read(now_ns)
        if reading is not None and self._refused:
            reading = replace(reading, dead_man=False)
        return reading

    def disconnect(self) -> None:
        self.operator.disconnect()

    def watch(self, now_ns: int) -> None:
        """Tell how the performance goes, and end it when the operator has finished."""
        if self._ended is None or self._handle is None or self._ended.done():
            return
        elapsed_s = (now_ns - self._began_ns) / 1e9
        if self._handle.is_cancel_requested:
            self.operator.abort()
            self._ended.set_result("cancelled")
        elif not self.operator.performing:
            self._ended.set_result("")
        else:
            self._handle.publish_feedback(PerformTask.Feedback(elapsed_s=elapsed_s))

    def _on_world(self, message: WorldState) -> None:
        self._world = message

    def _on_arm(self, message: ArmState) -> None:
        self._refused = message.state == ArmState.HOLD_REFUSED
        # Seen once an arm state, so that the pose and the scene are of about one instant.
        if self._world is not None and self.operator.performing:
            self.operator.observe(
                from_world_state(self._world)[1],
                from_pose(message.target_pose),
                from_pose(message.ee_pose),
                message.gripper_opening,
            )

    def _on_goal(self, goal: PerformTask.Goal) -> GoalResponse:
        scene = goal.scene or goal.task_id
        if self.operator.performing or self._world is None or self._world.task_id != scene:
            return GoalResponse.REJECT
        if goal.task_id not in TASKS:
            return GoalResponse.REJECT
        if not 0.0 <= goal.skill <= 1.0:
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    async def _perform(self, handle: ServerGoalHandle) -> PerformTask.Result:
        goal = handle.request
        self._handle = handle
        self._ended = Future(executor=self._node.executor)
        self._began_ns = self._node.station_clock.now_ns()
        self.operator.begin(
            goal.task_id, goal.seed, goal.fail_on_purpose, goal.skill or None, goal.scene
        )
        message = await self._ended
        result = PerformTask.Result(message=message)
        result.believes_success = bool(self.operator.believes_success) and not message
        result.duration_s = (self._node.station_clock.now_ns() - self._began_ns) / 1e9
        self._handle = self._ended = None
        if message:
            handle.canceled()
        else:
            handle.succeed()
        return result


def main() -> None:
    run(TeleopNode)
