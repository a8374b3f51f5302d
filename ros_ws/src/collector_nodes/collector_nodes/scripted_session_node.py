"""A whole session without a person: lay out, record, perform, judge, seal, again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.task import Future
from std_srvs.srv import Trigger

from collector.episode.goal import FAILURE, SUCCESS
from collector.geometry import distance
from collector.simulation.tasks import find_task
from collector_interfaces.action import PerformTask, RecordEpisode
from collector_interfaces.msg import ArmState, Step
from collector_interfaces.srv import EvaluateTask, FinishEpisode, ResetWorld
from collector_nodes import qos
from collector_nodes.asking_node import ANSWER_S, AskingNode, NotAnswered, run_asking
from collector_nodes.messages import from_pose, to_ns

SILENT_S = 3.0  # without feedback, which comes every step
COME_BACK_S = 30.0  # a node that died
PERFORM_S = 60.0
SETTLED_M = 0.01


@dataclass(frozen=True)
class AttemptReport:
    """What became of one attempt, printed as a JSON line."""

    attempt: int
    task_id: str
    task_type: str
    seed: int
    fail_on_purpose: bool
    outcome: str
    success_predicate: bool
    explanation: str
    episode_id: str
    path: str
    steps: int
    gaps: int


class ScriptedSession(AskingNode):
    """Asks the station for one attempt after the other, as a console would."""

    def __init__(self) -> None:
        super().__init__("scripted_session")
        self._reset = self.create_client(ResetWorld, "/simulator/reset")
        self._evaluate = self.create_client(EvaluateTask, "/simulator/evaluate")
        self._anchor = self.create_client(Trigger, "/arm/anchor")
        self._finish = self.create_client(FinishEpisode, "/recorder/finish")
        self._record = ActionClient(self, RecordEpisode, "/recorder/record")
        self._perform = ActionClient(self, PerformTask, "/teleop/perform")
        self._arm: ArmState | None = None
        self._step: Step | None = None
        self._recorded_steps = 0
        self._feedback_s = 0.0
        self._recorder_problem = "the recorder says nothing"
        self.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self.create_subscription(ArmState, "/arm/state", self._on_arm, qos.ARM_STATE)
        self.create_subscription(Step, "/synchronizer/step", self._on_step, qos.STEPS)

    def attempt(
        self,
        number: int,
        task_id: str,
        seed: int,
        fail_on_purpose: bool,
        session_id: str,
        shortest_s: float = 0.0,
    ) -> AttemptReport:
        """Record one attempt at ``task_id``; perform again and again up to ``shortest_s``.

        Raises NotAnswered.
        """
        task = find_task(task_id)
        self._await_station()
        layout = self.ask(self._reset, ResetWorld.Request(task_id=task_id, seed=seed))
        if not layout.ok:
            raise NotAnswered(layout.message)
        # The arm was put somewhere else: its target must not pull it back.
        self.ask(self._anchor, Trigger.Request())
        self._await_settled()
        goal = RecordEpisode.Goal(
            task_id=task_id,
            task_type=task.task_type.value,
            phase="collection",
            language_instruction=layout.layout.instruction,
            collector_id="scripted-operator",
            session_id=session_id,
            consent="scripted: no person is recorded",
            layout_seed=seed,
            layout_json=layout.layout.layout_json,
            initial_state_json=layout.initial_state_json,
        )
        recording, recorded = self._begin_recording(goal)
        outcome, predicate, explanation = FAILURE, False, ""
        try:
            began_s = time.monotonic()
            believes = self._performance(task_id, seed, fail_on_purpose, recorded)
            while time.monotonic() - began_s < shortest_s and not recorded.done():
                seed += 1
                believes = self._performance(task_id, seed, fail_on_purpose, recorded)
            outcome = SUCCESS if believes else FAILURE
            judged = self.ask(self._evaluate, EvaluateTask.Request())
            predicate, explanation = judged.success, judged.explanation
            self._end_recording(outcome, predicate, explanation, recorded)
        except NotAnswered:
            if not recorded.done():
                recording.cancel_goal_async()
            raise
        result = self._result(recorded)
        if result.outcome not in (SUCCESS, FAILURE):
            raise NotAnswered(f"{result.episode_id}: {result.outcome}, {result.message}")
        return AttemptReport(
            attempt=number,
            task_id=task_id,
            task_type=task.task_type.value,
            seed=seed,
            fail_on_purpose=fail_on_purpose,
            outcome=result.outcome,
            success_predicate=predicate,
            explanation=explanation,
            episode_id=result.episode_id,
            path=result.path,
            steps=result.steps,
            gaps=result.gaps,
        )

    # Steps of an attempt

    def _await_station(self) -> None:
        """Wait until every part answers, for as long as a restart takes."""
        parts: dict[str, Callable[[], bool]] = {
            "the simulator": self._reset.service_is_ready,
            "the arm": self._anchor.service_is_ready,
            "the recorder": self._record.server_is_ready,
            "the recorder's finish service": self._finish.service_is_ready,
            "the teleoperation": self._perform.server_is_ready,
        }
        for name, ready in parts.items():
            self.wait(ready, COME_BACK_S, f"{name} does not answer")
        self.wait(lambda: not self._recorder_problem, COME_BACK_S, self._recorder_problem)

    def _await_settled(self) -> None:
        """Wait until the arm holds at its start and a whole step was made of the new scene."""
        began_ns = self.station_clock.now_ns()

        def settled() -> bool:
            arm, step = self._arm, self._step
            if arm is None or step is None or to_ns(arm.header.stamp) < began_ns:
                return False
            off_m, _ = distance(from_pose(arm.ee_pose), from_pose(arm.target_pose))
            still = bool(np.all(np.abs(arm.joint_velocities) < 0.02))
            return off_m < SETTLED_M and still and not step.is_gap and step.stamp_ns > began_ns

        self.wait(settled, 20.0, "the arm or the cameras do not settle after the reset")

    def _begin_recording(self, goal: RecordEpisode.Goal) -> tuple[ClientGoalHandle, Future]:
        self._recorded_steps = 0
        handle = self.send_goal(self._record, goal, "the recorder", self._on_feedback)
        if not handle.accepted:
            raise NotAnswered("the recorder is busy")
        # The scene before the first motion belongs to the episode.
        recorded = self.result_of(handle)
        self.wait(
            lambda: self._recorded_steps > 0 or recorded.done(),
            ANSWER_S,
            "the recorder writes no step",
        )
        if recorded.done():
            raise NotAnswered(recorded.result().result.message)
        return handle, recorded

    def _performance(
        self, task_id: str, seed: int, fail_on_purpose: bool, recorded: Future
    ) -> bool:
        """Let the operator perform; return whether it believes that it succeeded."""
        goal = PerformTask.Goal(task_id=task_id, seed=seed, fail_on_purpose=fail_on_purpose)
        handle = self.send_goal(self._perform, goal, "the teleoperation")
        if not handle.accepted:
            raise NotAnswered("the scripted operator is busy, or sees another scene")
        performed = self.result_of(handle)
        self.wait(
            lambda: performed.done() or recorded.done() or self._recorder_is_silent(),
            PERFORM_S,
            "the scripted operator does not come to an end",
        )
        if self._recorder_is_silent() and not recorded.done():
            handle.cancel_goal_async()
            raise NotAnswered("the recorder fell silent")
        if not performed.done():
            handle.cancel_goal_async()
            return False  # the recorder ended the attempt, and tells why
        return bool(performed.result().result.believes_success)

    def _end_recording(
        self, outcome: str, predicate: bool, explanation: str, recorded: Future
    ) -> None:
        if recorded.done():
            return
        answer = self.ask(
            self._finish,
            FinishEpisode.Request(
                outcome=outcome,
                predicate_known=True,
                predicate_success=predicate,
                predicate_explanation=explanation,
            ),
        )
        if not answer.ok and not recorded.done():
            raise NotAnswered(answer.message)

    def _result(self, recorded: Future) -> RecordEpisode.Result:
        return self.answer(recorded, 2 * ANSWER_S, "the recorder").result

    # What it hears

    def _on_arm(self, message: ArmState) -> None:
        self._arm = message

    def _on_step(self, message: Step) -> None:
        self._step = message

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == "recorder: recorder":
                healthy = status.level == DiagnosticStatus.OK
                self._recorder_problem = "" if healthy else status.message

    def _recorder_is_silent(self) -> bool:
        """True when a recorder that was killed will never answer."""
        return time.monotonic() - self._feedback_s > SILENT_S

    def _on_feedback(self, message: Any) -> None:
        self._feedback_s = time.monotonic()
        self._recorded_steps = message.feedback.steps


def perform_session(session: ScriptedSession) -> bool:
    """Record the episodes that the node's parameters ask for; return whether all were.

    Raises UnknownTask.
    """
    tasks = list(session.declare_parameter("tasks", ["place_red_in_bowl"]).value)
    episodes = int(session.declare_parameter("episodes", 1).value)
    seed = int(session.declare_parameter("seed", 0).value)
    fail_share = float(session.declare_parameter("fail_share", 0.0).value)
    shortest_s = float(session.declare_parameter("shortest_s", 0.0).value)
    retries = int(session.declare_parameter("retries", 5).value)
    rng = np.random.default_rng(seed)
    session_id = f"scripted-{seed}"
    for task_id in tasks:  # better now than after an hour
        find_task(task_id)
    for number in range(episodes):
        layout_seed = int(rng.integers(1, 2**31))
        fails = bool(rng.random() < fail_share)
        for _ in range(1 + retries):
            try:
                task_id = tasks[number % len(tasks)]
                report = session.attempt(
                    number, task_id, layout_seed, fails, session_id, shortest_s
                )
            except NotAnswered as error:
                print(json.dumps({"attempt": number, "lost": str(error)}), flush=True)
            else:
                print(json.dumps(asdict(report)), flush=True)
                break
        else:
            return False
    return True


def main() -> None:
    run_asking(ScriptedSession, perform_session)


if __name__ == "__main__":
    main()
