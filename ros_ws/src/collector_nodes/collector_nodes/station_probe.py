"""The arm and, where there is one, the simulator, asked from a thread that may wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.action import ActionClient
from rclpy.task import Future
from std_srvs.srv import Trigger

from collector.geometry import Pose
from collector_interfaces.action import MoveArm
from collector_interfaces.msg import ArmState, WorldState
from collector_interfaces.srv import ResetWorld
from collector_nodes import qos
from collector_nodes.executor_call import in_executor
from collector_nodes.inbox import Inbox
from collector_nodes.messages import from_pose, to_ns, to_pose
from collector_nodes.station_node import StationNode

ARM_STATES_KEPT = 1000
ANSWER_S = 30.0  # a node that is just starting, on a busy machine
LOOK_S = 0.01


class NoAnswer(Exception):
    """Somebody does not answer; the message says who and what to do."""


class StationProbe:
    """Not for the executor's own thread, which must be free to bring the answers."""

    def __init__(self, node: StationNode) -> None:
        self._node = node
        clock = node.station_clock
        self._arms = Inbox(node, ArmState, "/arm/state", qos.ARM_STATE, ARM_STATES_KEPT, clock)
        self._worlds = Inbox(node, WorldState, "/simulator/world_state", qos.WORLD_STATE, 1, clock)
        self._move = ActionClient(node, MoveArm, "/teleop/move")
        self._reset = node.create_client(ResetWorld, "/simulator/reset")
        self._anchor = node.create_client(Trigger, "/arm/anchor")
        self.arm: ArmState | None = None  # the newest
        self._world: WorldState | None = None

    def take(self) -> list[tuple[int, Pose]]:
        """Return the arm's new samples: stamps, ns, and ``T_base_ee`` [7]."""
        samples = []
        for came in self._arms.take():
            self.arm = came.message
            if came.message.state != ArmState.LOST:
                samples.append((to_ns(came.message.header.stamp), from_pose(came.message.ee_pose)))
        self._world = self._worlds.newest() or self._world
        return samples

    @property
    def scene(self) -> str:
        """The scene that the simulator shows; empty without one."""
        return "" if self._world is None else str(self._world.task_id)

    def begin_move(self, goal: Pose, speed_m_s: float) -> tuple[Any, Future]:
        """Let the arm move; return the goal's handle and its result to come. Raises NoAnswer."""
        if not self._wait(self._move.server_is_ready, ANSWER_S):
            raise NoAnswer("the teleoperation does not answer: is the station running?")
        target = MoveArm.Goal(target=to_pose(goal), speed_m_s=speed_m_s)
        sent = in_executor(self._node, lambda: self._move.send_goal_async(target))
        handle = self._answer(sent, "the teleoperation")
        return handle, in_executor(self._node, handle.get_result_async)

    def end_move(self, handle: Any) -> None:
        """Cancel a move, without waiting for its end."""
        in_executor(self._node, handle.cancel_goal_async)

    def lay_out(self, scene: str, seed: int) -> None:
        """Lay a scene out in the simulator and let the arm rest in it. Raises NoAnswer."""
        if not self._wait(self._reset.service_is_ready, ANSWER_S):
            raise NoAnswer("the simulator does not answer: is the station running?")
        answer = self._answer(
            self._reset.call_async(ResetWorld.Request(task_id=scene, seed=seed)), "the simulator"
        )
        if not answer.ok:
            raise NoAnswer(answer.message)
        self._answer(self._anchor.call_async(Trigger.Request()), "the arm")
        since_s = time.monotonic()

        def rests() -> bool:
            self.take()
            if self.arm is None or self.scene != scene or time.monotonic() - since_s < 1.0:
                return False
            return bool(np.all(np.abs(self.arm.joint_velocities) < 0.02))

        if not self._wait(rests, ANSWER_S):
            raise NoAnswer("the arm does not come to rest in the scene: restart the station")

    def _answer(self, future: Future, who: str) -> Any:
        if not self._wait(future.done, ANSWER_S):
            raise NoAnswer(f"{who} does not answer: restart the station")
        return future.result()

    @staticmethod
    def _wait(happened: Callable[[], bool], within_s: float) -> bool:
        deadline_s = time.monotonic() + within_s
        while not happened():
            if time.monotonic() > deadline_s:
                return False
            threading.Event().wait(LOOK_S)
        return True
