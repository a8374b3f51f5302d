"""A device in, commands out; and a scripted operator who performs when asked to."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import TwistStamped
from rclpy.action import ActionClient
from rclpy.qos import qos_profile_sensor_data
from ros_graph import PATIENCE_S, Graph, Heard
from station_files import StationFile
from std_msgs.msg import Float64
from std_srvs.srv import Trigger

from collector_interfaces.action import PerformTask
from collector_interfaces.msg import ArmCommand, ArmState
from collector_interfaces.srv import EvaluateTask, ResetWorld
from collector_nodes import qos
from collector_nodes.arm_node import ArmNode
from collector_nodes.messages import from_twist, to_ns, to_twist
from collector_nodes.simulator_node import SimulatorNode
from collector_nodes.teleop_node import TeleopNode

pytestmark = pytest.mark.ros

TASK, SEED = "press_switch", 4


class Device:
    """A joystick's driver, and the commands that become of what it says."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        graph.station.change({"teleop": {"device": "twist"}})
        graph.add(TeleopNode)
        self.commands: Heard[ArmCommand] = graph.hear(ArmCommand, "/arm/command", qos.ARM_COMMAND)
        self.twists = graph.publisher(TwistStamped, "/teleop/twist", qos_profile_sensor_data)
        self.gripper = graph.publisher(Float64, "/teleop/gripper", qos_profile_sensor_data)

    def push(self, twist: Any, happened: Any, otherwise: str) -> ArmCommand:
        """Publish ``twist`` until the newest command is as it should be."""
        message = TwistStamped(twist=to_twist(np.array(twist, float)))
        message.header.frame_id = "base"

        def pushed() -> bool:
            self.twists.publish(message)
            return bool(self.commands.messages) and happened(self.commands.last)

        self.graph.wait(pushed, otherwise)
        return self.commands.last

    def await_command(self, happened: Any, otherwise: str) -> ArmCommand:
        self.graph.wait(lambda: self.commands.messages and happened(self.commands.last), otherwise)
        return self.commands.last


@pytest.fixture
def device(graph: Graph) -> Device:
    return Device(graph)


def test_twists_become_commands_and_silence_releases_the_dead_man(device: Device) -> None:
    before = device.await_command(lambda _: True, "no commands without a twist")
    assert not before.dead_man
    twist = [0.1, -0.2, 0.3, 0.4, -0.5, 0.6]
    command = device.push(twist, lambda c: c.dead_man, "the dead-man is never held")
    np.testing.assert_allclose(from_twist(command.twist), twist)
    assert command.mode == ArmCommand.MODE_VELOCITY
    assert command.header.frame_id == "base"
    assert command.gripper == 0.0
    released = device.await_command(lambda c: not c.dead_man, "silence holds the dead-man")
    assert np.all(from_twist(released.twist) == 0)
    stamps = [to_ns(c.header.stamp) for c in device.commands.messages]
    assert stamps == sorted(stamps)


def test_the_gripper_s_command_comes_through(device: Device) -> None:
    device.gripper.publish(Float64(data=1.0))
    device.await_command(lambda c: c.gripper == 1.0, "the gripper does not close")
    device.gripper.publish(Float64(data=7.0))
    device.gripper.publish(Float64(data=0.0))
    device.await_command(lambda c: c.gripper == 0.0, "the gripper does not open")
    assert all(0.0 <= c.gripper <= 1.0 for c in device.commands.messages)


def test_a_twist_that_is_too_fast_is_bounded(graph: Graph, device: Device) -> None:
    limits = graph.station.load().arm.limits
    command = device.push(
        [1e6, 0, 0, 0, 0, 1e300], lambda c: c.dead_man, "the dead-man is never held"
    )
    twist = from_twist(command.twist)
    # More than the limit, so that the arm sees that it was asked for too much; not much more.
    assert limits.linear_m_s < np.linalg.norm(twist[:3]) <= 2 * limits.linear_m_s * (1 + 1e-9)
    assert limits.angular_rad_s < np.linalg.norm(twist[3:]) <= 2 * limits.angular_rad_s + 1e-9


@pytest.mark.parametrize("bad", [math.nan, math.inf], ids=["nan", "infinite"])
def test_a_device_that_talks_nonsense_releases_the_dead_man_and_is_told_of(
    graph: Graph, device: Device, bad: float
) -> None:
    device.push([0.1, 0, 0, 0, 0, 0], lambda c: c.dead_man, "the dead-man is never held")
    health = graph.health("teleop device")

    def told(command: ArmCommand) -> bool:
        status = health()
        return not command.dead_man and status is not None and "not finite" in status.message

    device.push([0, bad, 0, 0, 0, 0], told, "nobody says that the device is broken")
    assert health().level == DiagnosticStatus.ERROR
    assert all(np.all(np.isfinite(from_twist(c.twist))) for c in device.commands.messages)
    device.push([0.1, 0, 0, 0, 0, 0], lambda c: c.dead_man, "it does not go on")


class Performance:
    """A simulated arm that a scripted operator moves."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.simulator = graph.add(SimulatorNode)
        graph.add(ArmNode)
        graph.add(TeleopNode)
        self.states: Heard[ArmState] = graph.hear(ArmState, "/arm/state", qos.ARM_STATE)
        self.client = ActionClient(graph.probe, PerformTask, "/teleop/perform")
        graph.wait(self.client.server_is_ready, "the teleoperation offers no action")
        assert graph.call(
            ResetWorld, "/simulator/reset", ResetWorld.Request(task_id=TASK, seed=SEED)
        ).ok
        graph.call(Trigger, "/arm/anchor")
        graph.more(self.states, 5)
        self.elapsed_s: list[float] = []

    def ask(self, task_id: str) -> Any:
        goal = PerformTask.Goal(task_id=task_id, seed=SEED)
        sent = self.client.send_goal_async(
            goal, lambda m: self.elapsed_s.append(m.feedback.elapsed_s)
        )
        return self.graph.result(sent, "the teleoperation")

    def begin(self) -> Any:
        """Ask until the operator has seen the scene."""
        return self.graph.wait(
            lambda: (handle := self.ask(TASK)).accepted and handle, "it does not perform"
        )


@pytest.fixture
def performance(graph: Graph):
    performance = Performance(graph)
    yield performance
    performance.client.destroy()


def test_the_scripted_operator_performs_a_task_to_its_end(
    graph: Graph, performance: Performance
) -> None:
    handle = performance.begin()
    assert not performance.ask(TASK).accepted  # one at a time
    result = graph.result(handle.get_result_async(), "the operator")
    assert result.status == GoalStatus.STATUS_SUCCEEDED
    assert result.result.message == ""
    assert result.result.duration_s == pytest.approx(performance.elapsed_s[-1], abs=1.0)
    judged = graph.call(EvaluateTask, "/simulator/evaluate")
    assert judged.known
    assert result.result.believes_success == judged.success, judged.explanation
    graph.wait(
        lambda: performance.states.last.state == ArmState.HOLD_DEAD_MAN,
        "the operator does not let go at the end",
    )


def test_an_arm_that_was_lost_for_a_moment_is_taken_again(
    graph: Graph, performance: Performance, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = performance.states
    performance.begin()
    graph.wait(lambda: states.last.state == ArmState.MOVING, "the operator does not begin")
    world, goes_on = performance.simulator._world, threading.Event()
    tick = world.tick

    def held_up_tick() -> None:
        goes_on.wait(PATIENCE_S)
        tick()

    monkeypatch.setattr(world, "tick", held_up_tick)
    try:
        graph.wait(lambda: states.last.state == ArmState.LOST, "the arm is not lost")
    finally:
        goes_on.set()
    graph.wait(lambda: states.last.state == ArmState.MOVING, "the operator does not go on")


def test_cancelling_a_performance_lets_go_of_the_arm(
    graph: Graph, performance: Performance
) -> None:
    assert not performance.ask("no_such_task").accepted
    handle = performance.begin()
    graph.wait(
        lambda: performance.states.last.state == ArmState.MOVING, "the operator does not begin"
    )
    recorded = handle.get_result_async()
    graph.result(handle.cancel_goal_async(), "the teleoperation")
    result = graph.result(recorded, "the operator")
    assert result.status == GoalStatus.STATUS_CANCELED
    assert not result.result.believes_success
    assert result.result.message == "cancelled"
    graph.wait(
        lambda: performance.states.last.state == ArmState.HOLD_DEAD_MAN,
        "the dead-man is not released",
    )
    performance.begin()  # and another may follow


def test_a_performance_whose_world_stops_can_still_be_cancelled(
    graph: Graph, performance: Performance
) -> None:
    handle = performance.begin()
    graph.remove(performance.simulator)
    graph.wait(lambda: performance.states.last.state == ArmState.LOST, "the arm is not lost")
    recorded = handle.get_result_async()
    graph.result(handle.cancel_goal_async(), "the teleoperation")
    assert graph.result(recorded, "the operator").status == GoalStatus.STATUS_CANCELED


def test_its_station_s_device_decides(graph: Graph, station: StationFile) -> None:
    station.change({"teleop": {"device": "twist", "twist": {"topic": "/pad/twist"}}})
    graph.add(TeleopNode)
    graph.publisher(TwistStamped, "/pad/twist", qos_profile_sensor_data)
