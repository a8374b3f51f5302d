"""The arm over real topics: rates, holds, stops, and a commander that means no good."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from ros_graph import Graph, Heard
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from collector.arm.command import ArmCommand
from collector.clock import NS_PER_MS, NS_PER_S
from collector.devices.arm_driver import ArmError
from collector.geometry import Pose, distance
from collector_interfaces.msg import ArmCommand as ArmCommandMsg
from collector_interfaces.msg import ArmState
from collector_interfaces.srv import ResetWorld
from collector_nodes import qos
from collector_nodes.arm_node import ArmNode
from collector_nodes.messages import from_pose, to_arm_command, to_ns, to_pose, to_time
from collector_nodes.simulator_node import SimulatorNode

pytestmark = pytest.mark.ros

NAN, INF = float("nan"), float("inf")


class Commander:
    """Commands the arm over its topic, and sees what it says."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.simulator = graph.add(SimulatorNode)
        self.arm = graph.add(ArmNode)
        self.states: Heard[ArmState] = graph.hear(ArmState, "/arm/state", qos.ARM_STATE)
        self._commands = graph.publisher(ArmCommandMsg, "/arm/command", qos.ARM_COMMAND)
        graph.wait(lambda: len(self.states) > 5, "the arm says nothing")

    @property
    def target(self) -> Pose:
        return from_pose(self.states.last.target_pose)

    @property
    def measured(self) -> Pose:
        return from_pose(self.states.last.ee_pose)

    def say(self, **values: Any) -> None:
        """Send one command, stamped now and with the dead-man held unless said otherwise."""
        values = {"stamp_ns": time.time_ns(), "dead_man": True, **values}
        self._commands.publish(to_arm_command(ArmCommand(**values)))

    def drive_until(self, happened: Any, otherwise: str, **values: Any) -> None:
        """Go on commanding until ``happened``."""
        said_ns = 0

        def drive() -> Any:
            nonlocal said_ns
            if time.monotonic_ns() - said_ns > 20 * NS_PER_MS:
                said_ns = time.monotonic_ns()
                self.say(**values)
            return happened()

        self.graph.wait(drive, otherwise)

    def await_state(self, state: str) -> ArmState:
        self.graph.wait(lambda: self.states.last.state == state, f"the arm never says {state!r}")
        return self.states.last

    def trigger(self, service: str) -> Any:
        return self.graph.call(Trigger, f"/arm/{service}")

    def settled(self) -> None:
        """Wait until the arm is where it was told to be."""
        self.graph.wait(
            lambda: distance(self.measured, self.target)[0] < 0.003, "the arm does not settle"
        )


@pytest.fixture
def commander(graph: Graph) -> Commander:
    return Commander(graph)


def up(speed: float) -> np.ndarray:
    return np.array([0, 0, speed, 0, 0, 0], float)


def test_the_state_comes_in_order_at_its_rate_and_whole(graph: Graph, commander: Commander) -> None:
    states = graph.more(commander.states, 150)
    # A machine that stands still loses the driver: what is then said has its own test.
    states = [s for s in states if s.state != ArmState.LOST]
    stamps = np.array([to_ns(s.header.stamp) for s in states])
    assert np.all(np.diff(stamps) > 0)
    assert np.median(np.diff(stamps)) == NS_PER_S // 100
    assert states[-1].header.frame_id == "base"
    assert tuple(states[-1].joint_names) == graph.station.load().arm.joints
    assert len(states[-1].joint_positions) == len(states[-1].joint_efforts) == 7
    assert states[-1].state == ArmState.HOLD_SILENCE
    assert "no command" in states[-1].fault


def test_a_velocity_moves_the_arm_and_silence_makes_it_hold(commander: Commander) -> None:
    start = commander.measured
    commander.drive_until(
        lambda: commander.measured[2] > start[2] + 0.03, "the arm does not move", twist=up(0.1)
    )
    assert commander.states.last.state == ArmState.MOVING
    held = commander.await_state(ArmState.HOLD_SILENCE)
    assert "no command" in held.fault
    for state in commander.graph.more(commander.states, 20):
        assert state.target_pose == held.target_pose
    commander.settled()


def test_letting_go_of_the_dead_man_holds_at_once(commander: Commander) -> None:
    commander.drive_until(
        lambda: commander.states.last.state == ArmState.MOVING, "it does not move", twist=up(0.1)
    )
    commander.drive_until(
        lambda: commander.states.last.state == ArmState.HOLD_DEAD_MAN,
        "it does not hold",
        twist=up(0.1),
        dead_man=False,
    )
    held = commander.target
    assert all(s.target_pose.position.z == held[2] for s in commander.graph.more(commander.states))


def test_a_stop_stays_until_a_person_resets_it(commander: Commander) -> None:
    def moving() -> bool:
        return commander.states.last.state == ArmState.MOVING

    commander.drive_until(moving, "it does not move", twist=up(0.1))
    assert commander.trigger("stop").success
    commander.await_state(ArmState.STOPPED)
    begin = len(commander.states)
    commander.drive_until(
        lambda: len(commander.states) > begin + 30, "no states while stopped", twist=up(0.1)
    )
    assert all(s.state == ArmState.STOPPED for s in commander.states.messages[begin:])
    refused = commander.trigger("reset_stop")
    assert not refused.success
    assert "release" in refused.message
    begin = len(commander.states)  # let go: after the watchdog's time nothing is held
    commander.drive_until(
        lambda: len(commander.states) > begin + 5, "no states while stopped", dead_man=False
    )
    assert commander.trigger("reset_stop").success
    place = commander.measured
    commander.await_state(ArmState.HOLD_SILENCE)
    commander.drive_until(moving, "it does not go on", twist=up(0.1))
    assert distance(place, commander.target)[0] < 0.03


def test_a_driver_that_falls_silent_is_lost_and_may_come_back(
    graph: Graph, commander: Commander
) -> None:
    graph.remove(commander.simulator)
    lost = commander.await_state(ArmState.LOST)
    assert "check the arm's power and network" in lost.fault
    assert len(graph.more(commander.states, 3)) >= 3  # it goes on saying so
    graph.add(SimulatorNode)
    graph.wait(
        lambda: commander.states.last.state == ArmState.HOLD_SILENCE, "the arm does not come back"
    )


def test_an_arm_node_that_stood_still_does_not_blame_the_driver(
    graph: Graph, commander: Commander, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, waiting = len(commander.states), threading.Event()
    heard = graph.hear(PoseStamped, "/arm_driver/ee_pose", qos.ARM_STATE)

    def stand_still(_: object) -> None:
        monkeypatch.undo()
        waiting.set()
        before = len(heard)
        graph.wait(lambda: len(heard) >= before + 30, "the simulator stops")

    # The driver keeps what it is to call: make it call the one that stands still.
    monkeypatch.setattr(commander.arm._driver, "_on_reading", stand_still)
    graph.wait(waiting.is_set, "the arm does not read")
    graph.wait(lambda: len(commander.states) > begin + 60, "the arm does not go on")
    silences = [s for s in commander.states.messages[begin:] if s.state == ArmState.LOST]
    assert silences == []


def test_a_pose_far_from_the_arm_is_refused_with_a_sentence(commander: Commander) -> None:
    start = commander.target
    far = start.copy()
    far[0] += 0.2
    commander.drive_until(
        lambda: commander.states.last.state == ArmState.HOLD_REFUSED,
        "a far pose is not refused",
        mode="pose",
        target=far,
    )
    assert "m from the arm" in commander.states.last.fault
    np.testing.assert_array_equal(commander.target, start)


@pytest.mark.parametrize(
    ("joints", "values", "sentence"),
    [
        (9, {"position": 5}, "name 9 joints and hold 5 values of position"),
        (9, {"position": 9, "velocity": 2}, "hold 2 values of velocity"),
        (8, {"position": 8}, "lack panda_finger_joint2: correct arm.joints"),
    ],
)
def test_a_driver_whose_joint_states_are_not_whole_ends_the_node_with_a_sentence(
    graph: Graph, joints: int, values: dict[str, int], sentence: str
) -> None:
    graph.add(ArmNode)
    topics = graph.station.load().arm.topics
    joint_states = graph.publisher(JointState, topics.joint_states)
    poses = graph.publisher(PoseStamped, topics.ee_pose)
    arm = graph.station.load().arm
    message = JointState(name=[*arm.joints, *arm.gripper_joints][:joints])
    for field, count in values.items():
        setattr(message, field, [0.0] * count)

    def never() -> bool:
        joint_states.publish(message)
        poses.publish(PoseStamped(header=message.header))
        return False

    with pytest.raises(ArmError, match=sentence):
        graph.wait(never, "the arm takes what is not whole")


def test_a_driver_without_velocities_and_efforts_is_an_arm(graph: Graph) -> None:
    graph.add(ArmNode)
    states: Heard[ArmState] = graph.hear(ArmState, "/arm/state", qos.ARM_STATE)
    arm = graph.station.load().arm
    joint_states = graph.publisher(JointState, arm.topics.joint_states)
    poses = graph.publisher(PoseStamped, arm.topics.ee_pose)
    # Its joints in an order of its own, with one that is not the arm's.
    names = ["gantry", *arm.gripper_joints, *reversed(arm.joints)]
    message = JointState(name=names, position=[float(i) for i in range(len(names))])

    def said() -> bool:
        message.header.stamp = to_time(time.time_ns())
        joint_states.publish(message)
        pose = PoseStamped(header=message.header, pose=to_pose(np.r_[0.5, 0, 0.4, 1, 0, 0, 0]))
        poses.publish(pose)
        return len(states) > 0

    graph.wait(said, "the arm says nothing")
    state = states.messages[0]
    assert list(state.joint_positions) == [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0]
    assert list(state.joint_velocities) == list(state.joint_efforts) == [0.0] * 7
    assert state.gripper_opening == 3.0


def test_a_scene_laid_out_anew_does_not_pull_the_arm_back(
    graph: Graph, commander: Commander
) -> None:
    start = commander.measured
    commander.drive_until(
        lambda: commander.measured[2] > start[2] + 0.05, "it does not move", twist=up(0.2)
    )
    request = ResetWorld.Request(task_id="open_drawer", seed=7)
    answer = graph.call(ResetWorld, "/simulator/reset", request)
    assert answer.ok
    assert commander.trigger("anchor").success
    commander.await_state(ArmState.HOLD_SILENCE)
    begin = graph.more(commander.states, 10)[-1]
    for state in graph.more(commander.states, 60):
        assert distance(from_pose(state.ee_pose), from_pose(begin.ee_pose))[0] < 0.005
    commander.settled()


def test_the_target_is_not_taken_anew_while_the_arm_moves(commander: Commander) -> None:
    commander.drive_until(
        lambda: commander.states.last.state == ArmState.MOVING, "it does not move", twist=up(0.1)
    )
    answer = commander.trigger("anchor")
    # It may have come to hold meanwhile, on a machine that is busy for 200 ms.
    held = any(s.state != ArmState.MOVING for s in commander.states.messages[-10:])
    assert not answer.success or held
    if not answer.success:
        assert "release the dead-man" in answer.message


def test_a_hostile_commander_moves_nothing_that_must_not_move(
    graph: Graph, commander: Commander
) -> None:
    rng = np.random.default_rng(5)
    limits = graph.station.load().arm.limits
    begin = len(commander.states)
    attack = _attacks(rng, commander)
    sent = 0

    def enough() -> bool:
        nonlocal sent
        for _ in range(5):  # a look is 5 ms: bursts at 1 kHz
            command = next(attack)
            commander._commands.publish(command)
            sent += 1
        return sent >= 1500 and len(commander.states) > begin + 150

    graph.wait(enough, "the arm says nothing under attack")
    states = commander.states.messages[begin:]
    # A machine that stands still loses the driver: what is then said has its own test.
    states = [s for s in states if s.state != ArmState.LOST]
    assert any(s.state == ArmState.MOVING for s in states)
    assert any(s.state == ArmState.HOLD_REFUSED for s in states)
    targets = np.array([from_pose(s.target_pose) for s in states])
    stamps = np.array([to_ns(s.header.stamp) for s in states])
    assert np.all(np.isfinite(targets))
    assert np.all(np.diff(stamps) > 0)
    assert np.all(targets[:, :3] >= np.array(limits.workspace.min) - 1e-12)
    assert np.all(targets[:, :3] <= np.array(limits.workspace.max) + 1e-12)
    moved_m = np.linalg.norm(np.diff(targets[:, :3], axis=0), axis=1)
    assert np.all(moved_m <= limits.linear_m_s * np.diff(stamps) / NS_PER_S + 1e-9)
    commander.await_state(ArmState.HOLD_SILENCE)  # and nothing was queued


def _attacks(rng: np.random.Generator, commander: Commander) -> Iterator[ArmCommandMsg]:
    """Yield commands for ever: some good ones, so that the arm moves, and all kinds of bad."""
    good = ArmCommand(0, twist=np.array([0.3, -0.2, 0.1, 0.5, 0, 0]), dead_man=True)
    kinds: list[dict[str, Any]] = [
        {"twist": np.full(6, NAN)},
        {"twist": np.array([INF, 0, 0, 0, 0, 0])},
        {"twist": np.array([0, 0, 0, 0, -INF, 0])},
        {"twist": np.array([1e300, 0, 0, 0, 0, 0])},
        {"twist": np.array([50.0, -50.0, 50.0, 9, 9, 9])},
        {"gripper": NAN},
        {"mode": "pose", "target": np.full(7, NAN)},
        {"mode": "pose", "target": np.array([INF, 0, 0, 0, 0, 0, 1])},
        {"mode": "pose", "target": np.array([0.5, 0, 0.4, 0, 0, 0, 0])},
        {"mode": "pose", "target": np.array([1e9, 0, 0.4, 0, 0, 0, 1])},
        {"stamp_ns": 0},
        {"stamp_ns": 2**31 * NS_PER_S - 1},
    ]
    while True:
        yield _stamped(dataclasses.replace(good, twist=good.twist * rng.choice([-1, 1])))
        for _ in range(40):  # long enough that the arm engages
            yield _stamped(good)
        for _ in range(20):  # jumps, from a pose that it engages with
            near = commander.target
            yield _stamped(dataclasses.replace(good, mode="pose", target=near))
            away = np.r_[rng.uniform(-2, 2, 3), near[3:]]
            yield _stamped(dataclasses.replace(good, mode="pose", target=away))
        for _ in range(20):
            yield _stamped(dataclasses.replace(good, **kinds[rng.integers(len(kinds))]))
        odd = _stamped(good)
        odd.mode = 77
        yield odd


def _stamped(command: ArmCommand) -> ArmCommandMsg:
    if command.stamp_ns == 0:
        command = dataclasses.replace(command, stamp_ns=time.time_ns())
    return to_arm_command(command)
