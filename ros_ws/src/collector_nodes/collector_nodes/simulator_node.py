"""The PyBullet world in real time: the driver of the simulated arm, and the truth to draw."""

from __future__ import annotations

import math
from typing import Any

from geometry_msgs.msg import PoseStamped
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64

from collector.clock import NS_PER_S
from collector.health import HealthReport, StreamHealth
from collector.simulation.achievements import Achievements
from collector.simulation.scene import FINGER_JOINTS
from collector.simulation.tasks import TASKS, UnknownTask
from collector.simulation.world import World
from collector_interfaces.msg import TaskLayout, WorldState
from collector_interfaces.srv import EvaluateTask, ResetWorld
from collector_nodes import qos
from collector_nodes.messages import from_pose, to_doubles, to_pose, to_time, to_world_state
from collector_nodes.station_node import StationNode, run

# Drawn at half the rate of the arm's readings: cameras draw 10 to 30 frames a second.
TICKS_PER_WORLD_STATE = 2
# How often is looked at what was achieved: a drawer that is closed again was open longer.
LOOK_S = 0.2
# What a busy machine may owe before simulated time is let slip.
LARGEST_DEBT_S = 0.1
# After a reset, targets that were meant for the arm's last place are still on their way.
DEAF_AFTER_RESET_S = 0.3


class SimulatorNode(StationNode):
    """Speaks the arm driver's topics of the station description.

    Publishes ``~/world_state``; services ``~/reset``, which also takes the scenes
    ``calibration_wrist`` and ``calibration_static``, and ``~/evaluate``. Readings are
    stamped with exact ticks of simulated time, which follows the station clock.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("simulator", **options)
        arm = self.station.arm
        self._world = World(tick_hz=round(arm.rate_hz), physics_hz=4 * round(arm.rate_hz))
        self._world.reset(next(iter(TASKS)), seed=0)
        self._gripper = 0.0
        topics = arm.topics
        self._joints = self.create_publisher(JointState, topics.joint_states, qos.ARM_STATE)
        self._poses = self.create_publisher(PoseStamped, topics.ee_pose, qos.ARM_STATE)
        self._states = self.create_publisher(WorldState, "~/world_state", qos.WORLD_STATE)
        self.create_subscription(PoseStamped, topics.target_pose, self._on_target, 1)
        self.create_subscription(Float64, topics.gripper_command, self._on_gripper, 1)
        self.create_service(ResetWorld, "~/reset", self._on_reset)
        self.create_service(EvaluateTask, "~/evaluate", self._on_evaluate)
        self._period_ns = NS_PER_S // self._world.tick_hz
        self._next_ns = self.station_clock.now_ns()
        self._ticks = 0
        self._slipped_ns = 0
        self._health = StreamHealth("physics", self._world.tick_hz)
        self.create_timer(self._period_ns / NS_PER_S, self._follow_clock)
        self._achievements = Achievements(self._world)
        self.create_timer(LOOK_S, self._achievements.watch)

    def health(self) -> list[HealthReport]:
        report = self._health.report(self.station_clock.now_ns())
        values = report.values | {"time_slipped_s": self._slipped_ns / NS_PER_S}
        return [HealthReport(report.name, report.level, report.message, values)]

    def close(self) -> None:
        self._world.close()

    def _follow_clock(self) -> None:
        now_ns = self.station_clock.now_ns()
        behind_ns = now_ns - self._next_ns
        if abs(behind_ns) > LARGEST_DEBT_S * NS_PER_S:  # overloaded, or the clock was set
            self._slipped_ns += abs(behind_ns)
            self._next_ns = now_ns
        while self._next_ns <= now_ns:
            self._world.tick()
            self._ticks += 1
            self._publish(self._next_ns)
            self._next_ns += self._period_ns

    def _publish(self, stamp_ns: int) -> None:
        reading = self._world.reading(stamp_ns)
        stamp = to_time(stamp_ns)
        joints = JointState()
        joints.header.stamp = stamp
        joints.name = [*reading.joint_names, *FINGER_JOINTS]
        finger = reading.gripper_opening / len(FINGER_JOINTS)
        fingers = [finger] * len(FINGER_JOINTS)
        none = [0.0] * len(FINGER_JOINTS)
        joints.position = to_doubles([*reading.joint_positions, *fingers])
        joints.velocity = to_doubles([*reading.joint_velocities, *none])
        joints.effort = to_doubles([*reading.joint_efforts, *none])
        pose = PoseStamped()
        pose.header.stamp = stamp
        pose.header.frame_id = "base"
        pose.pose = to_pose(reading.ee_pose)
        self._joints.publish(joints)
        self._poses.publish(pose)
        if self._ticks % TICKS_PER_WORLD_STATE == 0:
            self._states.publish(to_world_state(self._world.state(), stamp_ns))
        self._health.on_sample(stamp_ns, self.station_clock.now_ns())

    def _on_target(self, message: PoseStamped) -> None:
        if self._world.time_s > DEAF_AFTER_RESET_S:
            self._world.set_target(from_pose(message.pose), self._gripper)

    def _on_gripper(self, message: Float64) -> None:
        if not math.isfinite(message.data):
            return
        self._gripper = message.data
        if self._world.time_s > DEAF_AFTER_RESET_S:  # at once, not with the next target
            self._world.set_target(self._world.target, self._gripper)

    def _on_reset(
        self, request: ResetWorld.Request, response: ResetWorld.Response
    ) -> ResetWorld.Response:
        try:
            layout = self._world.reset(request.task_id, request.seed)
        except UnknownTask as error:
            response.ok, response.message = False, str(error)
            return response
        self._achievements.reset()
        self._gripper = self._world.gripper  # closed, where it holds a board
        response.ok = True
        response.layout = TaskLayout(
            task_id=layout.task_id,
            seed=layout.seed,
            instruction=layout.instruction,
            reset_directions=layout.reset_directions,
            layout_json=layout.to_json(),
        )
        response.initial_state_json = self._world.snapshot_json()
        return response

    def _on_evaluate(
        self, request: EvaluateTask.Request, response: EvaluateTask.Response
    ) -> EvaluateTask.Response:
        try:
            evaluation = self._achievements.evaluate(request.tasks, request.once)
        except UnknownTask as error:
            response.explanation = str(error)
            return response
        response.known = True
        response.success = evaluation.success
        response.explanation = evaluation.explanation
        return response


def main() -> None:
    run(SimulatorNode)
