"""The simulator, asked over ROS: implements `collector.workflow.conductor.Scene`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from rclpy.task import Future
from std_srvs.srv import Trigger

from collector.clock import NS_PER_S
from collector.geometry import distance
from collector.workflow.conductor import Judgement, LaidOut
from collector_interfaces.msg import ArmState, Step
from collector_interfaces.srv import EvaluateTask, ResetWorld
from collector_nodes import qos
from collector_nodes.inbox import Inbox
from collector_nodes.messages import from_pose, to_ns
from collector_nodes.station_node import StationNode

ANSWER_NS = 10 * NS_PER_S
SETTLED_M = 0.01
SETTLED_RAD_S = 0.02


class SimulatedScene:
    """Lays scenes out, waits until arm and cameras rest in them, and judges them."""

    def __init__(self, node: StationNode) -> None:
        self._clock = node.station_clock
        self._reset = node.create_client(ResetWorld, "/simulator/reset")
        self._evaluate = node.create_client(EvaluateTask, "/simulator/evaluate")
        self._anchor = node.create_client(Trigger, "/arm/anchor")
        clock = node.station_clock
        self._arms = Inbox(node, ArmState, "/arm/state", qos.ARM_STATE, 1, clock)
        self._steps = Inbox(node, Step, "/synchronizer/step", qos.STEPS, 1, clock)
        self._arm: ArmState | None = None
        self._step_ns = 0  # of the newest whole step
        self._number = 0  # of the scene in hand
        self._done: Callable[[LaidOut], None] | None = None
        self._failed: Callable[[str], None] | None = None
        self._laid_out: LaidOut | None = None  # once the arm was told
        self._since_ns = 0
        self._judge_done: Callable[[Judgement], None] | None = None
        self._judge_since_ns = 0

    def lay_out(
        self,
        task_id: str,
        seed: int,
        done: Callable[[LaidOut], None],
        failed: Callable[[str], None],
    ) -> None:
        self._number += 1
        number = self._number
        self._done, self._failed, self._laid_out = done, failed, None
        self._since_ns = self._clock.now_ns()
        if not (self._reset.service_is_ready() and self._anchor.service_is_ready()):
            self._fail("the simulator or the arm does not answer yet")
            return
        asked = self._reset.call_async(ResetWorld.Request(task_id=task_id, seed=seed))
        asked.add_done_callback(lambda future: self._on_reset(number, future))

    def judge(
        self, tasks: tuple[str, ...], once: tuple[str, ...], done: Callable[[Judgement], None]
    ) -> None:
        self._judge_done = done
        self._judge_since_ns = self._clock.now_ns()
        if not self._evaluate.service_is_ready():
            self._judged(Judgement(None, "the simulator did not answer"))
            return
        request = EvaluateTask.Request(tasks=list(tasks), once=list(once))
        self._evaluate.call_async(request).add_done_callback(self._on_judged)

    def watch(self) -> None:
        """Look whether everything rests; give up what takes too long. Some times a second."""
        now_ns = self._clock.now_ns()
        if self._judge_done is not None and now_ns - self._judge_since_ns > ANSWER_NS:
            self._judged(Judgement(None, "the simulator did not answer"))
        if self._done is None:
            return
        if self._laid_out is not None and self._rests():
            done, self._done = self._done, None
            done(self._laid_out)
        elif now_ns - self._since_ns > ANSWER_NS:
            self._fail("the arm or the cameras do not come to rest in the new scene")

    def _on_reset(self, number: int, future: Future) -> None:
        if number != self._number or self._done is None:
            return
        answer = future.result()
        if not answer.ok:
            self._fail(answer.message)
            return
        laid_out = LaidOut(answer.layout.layout_json, answer.initial_state_json)

        def anchored(_: Any) -> None:
            if number == self._number:
                self._laid_out = laid_out
                self._since_ns = self._clock.now_ns()

        # The arm was put somewhere else: its target must not pull it back.
        self._anchor.call_async(Trigger.Request()).add_done_callback(anchored)

    def _rests(self) -> bool:
        """Whether the arm holds at its start, and a whole step was made of the new scene."""
        self._arm = arm = self._arms.newest() or self._arm
        step = self._steps.newest()
        if step is not None and not step.is_gap:
            self._step_ns = step.stamp_ns
        if arm is None or to_ns(arm.header.stamp) < self._since_ns:
            return False
        off_m, _ = distance(from_pose(arm.ee_pose), from_pose(arm.target_pose))
        still = bool(np.all(np.abs(arm.joint_velocities) < SETTLED_RAD_S))
        return off_m < SETTLED_M and still and self._step_ns > self._since_ns

    def _on_judged(self, future: Future) -> None:
        answer = future.result()
        success = answer.success if answer.known else None
        self._judged(Judgement(success, answer.explanation))

    def _judged(self, judgement: Judgement) -> None:
        done, self._judge_done = self._judge_done, None
        if done is not None:
            done(judgement)

    def _fail(self, why: str) -> None:
        self._done = None
        failed, self._failed = self._failed, None
        if failed is not None:
            failed(why)
