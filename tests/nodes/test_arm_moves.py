"""The arm is led to a pose over ROS, and let go at its end, on cancel, and by a hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import TwistStamped
from rclpy.action import ActionClient
from rclpy.qos import qos_profile_sensor_data
from ros_graph import Graph, Heard
from std_srvs.srv import Trigger

from collector.geometry import distance, move
from collector_interfaces.action import MoveArm
from collector_interfaces.msg import ArmState
from collector_nodes import qos
from collector_nodes.arm_node import ArmNode
from collector_nodes.messages import from_pose, to_pose, to_twist
from collector_nodes.simulator_node import SimulatorNode
from collector_nodes.teleop_node import TeleopNode

pytestmark = pytest.mark.ros

AWAY = [0.0, 0.08, -0.04, 0.2, 0.0, 0.15]


class Led:
    """A simulated arm, a joystick's driver, and the action."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        graph.station.change({"teleop": {"device": "twist"}})
        graph.add(SimulatorNode)
        graph.add(ArmNode)
        graph.add(TeleopNode)
        self.states: Heard[ArmState] = graph.hear(ArmState, "/arm/state", qos.ARM_STATE)
        self.twists = graph.publisher(TwistStamped, "/teleop/twist", qos_profile_sensor_data)
        self.client = ActionClient(graph.probe, MoveArm, "/teleop/move")
        graph.wait(self.client.server_is_ready, "nobody moves the arm")
        graph.more(self.states, 30)
        self.start = from_pose(self.states.last.ee_pose)
        self.goal = move(self.start, AWAY)
        self.left_m: list[float] = []

    def begin(self, speed: float) -> tuple[Any, Any]:
        goal = MoveArm.Goal(target=to_pose(self.goal), speed_m_s=speed)
        sent = self.client.send_goal_async(
            goal, lambda m: self.left_m.append(m.feedback.remaining_m)
        )
        handle = self.graph.result(sent, "the teleoperation")
        return handle, handle.get_result_async()

    def await_motion(self) -> None:
        self.graph.wait(lambda: self.states.last.state == ArmState.MOVING, "the arm does not move")

    def await_rest(self) -> None:
        self.graph.wait(
            lambda: self.states.last.state == ArmState.HOLD_DEAD_MAN, "the arm is not let go"
        )


@pytest.fixture
def led(graph: Graph) -> Iterator[Led]:
    led = Led(graph)
    yield led
    led.client.destroy()


def test_the_arm_goes_to_the_pose_and_is_let_go(graph: Graph, led: Led) -> None:
    _, ended = led.begin(0.2)
    result = graph.result(ended, "the move")
    assert (result.status, result.result.message) == (GoalStatus.STATUS_SUCCEEDED, "")
    assert result.result.reached
    led.await_rest()
    off_m, off_rad = distance(from_pose(led.states.last.ee_pose), led.goal)
    assert off_m < 0.005
    assert off_rad < 0.02
    assert led.left_m == sorted(led.left_m, reverse=True)
    assert not any(state.clipped for state in led.states.messages)
    targets = np.array([from_pose(state.target_pose)[:3] for state in led.states.messages])
    assert np.linalg.norm(np.diff(targets, axis=0), axis=1).max() < 0.2 / 100 * 1.5


def test_cancelling_and_a_hand_let_go_of_the_arm(graph: Graph, led: Led) -> None:
    handle, ended = led.begin(0.02)
    led.await_motion()
    graph.result(handle.cancel_goal_async(), "the teleoperation")
    result = graph.result(ended, "the move")
    assert (result.status, result.result.message) == (GoalStatus.STATUS_CANCELED, "cancelled")
    led.await_rest()

    _, ended = led.begin(0.02)
    led.await_motion()
    twist = TwistStamped(twist=to_twist(np.array([0.0, 0.01, 0, 0, 0, 0])))

    def pushed() -> bool:
        led.twists.publish(twist)
        return ended.done()

    graph.wait(pushed, "the operator's hand is not heard")
    assert ended.result().status == GoalStatus.STATUS_ABORTED
    assert "took over" in ended.result().result.message
    led.await_rest()


def test_a_stop_ends_the_move_and_refuses_the_next(graph: Graph, led: Led) -> None:
    _, ended = led.begin(0.02)
    led.await_motion()
    assert graph.call(Trigger, "/arm/stop").success
    assert "stopped" in graph.result(ended, "the move").result.message
    _, refused = led.begin(0.02)
    result = graph.result(refused, "the move")
    assert result.status == GoalStatus.STATUS_ABORTED
    assert "stopped" in result.result.message
