"""An operator without a person: signs in, works through the session, signs out."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import numpy as np
from rclpy.action import ActionClient

from collector.station.simulated import OPERATOR_PIN_VARIABLE
from collector.tasks.library import load_library
from collector.workflow.history import COLLECTION, AttemptMark
from collector.workflow.state_machine import State
from collector.workflow.status import SessionStatus
from collector_interfaces.action import PerformTask
from collector_interfaces.msg import SessionState, WorldState
from collector_interfaces.srv import SessionRequest
from collector_nodes import qos
from collector_nodes.asking_node import AskingNode, NotAnswered, run_asking

PERFORM_S = 90.0
READY_S = 60.0
REQUEST_S = 5.0
TRIES = 5


class ScriptedOperatorNode(AskingNode):
    """Asks the session for everything, as a console would; the teleoperation performs.

    Parameters: ``operator_id``; ``attempts``, how many to collect; ``skill``; ``fail_share``,
    of the attempts that fail on purpose; ``seed``; ``practise``: practise what is closed,
    where false the operator signs out when a task goes back to practice. The PIN is in the
    environment. Says what happens in lines of JSON.
    """

    def __init__(self) -> None:
        super().__init__("scripted_operator")
        self._operator_id = str(self.declare_parameter("operator_id", "").value)
        self._attempts = int(self.declare_parameter("attempts", 4).value)
        self._skill = float(self.declare_parameter("skill", 1.0).value)
        self._fail_share = float(self.declare_parameter("fail_share", 0.0).value)
        self._practise = bool(self.declare_parameter("practise", True).value)
        self._rng = np.random.default_rng(int(self.declare_parameter("seed", 0).value))
        self._library = load_library(self.station.tasks)
        self._request = self.create_client(SessionRequest, "/session/request")
        self._perform = ActionClient(self, PerformTask, "/teleop/perform")
        self._status: SessionStatus | None = None
        self._scene = ""  # the simulator's task
        self._explained = ""
        self.create_subscription(SessionState, "/session/state", self._on_state, qos.LATCHED)
        self.create_subscription(
            WorldState, "/simulator/world_state", self._on_world, qos.WORLD_STATE
        )

    def work(self) -> None:
        """Sign in, collect, sign out. Raises NotAnswered."""
        self.wait(self._request.service_is_ready, READY_S, "the session does not answer")
        self.wait(lambda: self._status is not None, READY_S, "the session says nothing")
        self._ask("sign_in", who=self._operator_id, pin=os.environ.get(OPERATOR_PIN_VARIABLE, ""))
        self._say("signed_in", operator=self._operator_id, session=self._now().session_id)
        self.wait(
            lambda: self._now().state is not State.PREFLIGHT, READY_S, "the preflight refuses"
        )
        for item in self._now().preflight:
            if item.level != "ok":
                self._say("preflight", check=item.name, level=item.level, sentence=item.sentence)
        done = 0
        while done < self._attempts:
            choice = self._now().choice
            if choice is None:
                raise NotAnswered(f"no task is chosen: {self._now().trouble}")
            if choice.phase != COLLECTION and not self._practise:
                self._say("back_to_practice", task=choice.task_id, why=self._now().remark)
                break
            mark = self._attempt()
            done += mark.phase == COLLECTION
        self._ask("sign_out")
        self._say("signed_out", operator=self._operator_id)

    def _attempt(self) -> AttemptMark:
        """One attempt, from arming to its seal."""
        choice = self._now().choice
        assert choice is not None
        if choice.reason != self._explained:
            self._explained = choice.reason
            self._say(
                "block",
                operator=self._operator_id,
                task=choice.task_id,
                type=choice.task_type,
                phase=choice.phase,
                length=choice.length,
                why=choice.explain(),
            )
        self._until_recording()
        begun = self._now().attempt
        if begun is None:
            raise NotAnswered("the session records no attempt")
        believes = self._performance(begun.task_id)
        if self._now().state is State.RECORDING:
            # Refused where the recorder has ended the attempt this very moment.
            self._ask("success" if believes else "failure", fatal=False)
        attempt_id = begun.attempt_id
        self.wait(
            lambda: (
                bool(self._mark(attempt_id).episode_id)
                or self._mark(attempt_id).outcome == "interrupted"
            ),
            READY_S,
            "the attempt is not sealed",
        )
        mark = self._mark(attempt_id)
        gate = next(task.gate for task in self._now().tasks if task.task_id == mark.task_id)
        self._say(
            "attempt",
            operator=self._operator_id,
            task=mark.task_id,
            phase=mark.phase,
            outcome=mark.outcome,
            predicate=mark.predicate,
            reason=mark.reason,
            episode=mark.episode_id,
            open=gate.is_open,
            gate=gate.sentence(),
        )
        return mark

    def _until_recording(self) -> None:
        """Arm, and again where the session went back, until an attempt is recorded."""
        deadline_s = time.monotonic() + READY_S
        while self._now().state is not State.RECORDING:
            if time.monotonic() > deadline_s:
                raise NotAnswered(f"no attempt begins: {self._now().next_action}")
            state = self._now().state
            if state in (State.RESETTING, State.PRACTICE, State.COLLECTING):
                self._ask("arm", fatal=False)
            elif state is State.FAULT:
                self._say("fault", sentence=self._now().trouble)
                self._ask("recover")
            elif state is State.SIGNED_OUT:
                raise NotAnswered("somebody signed the operator out")
            self.pause()

    def _performance(self, task_id: str) -> bool:
        """Perform all parts of a task; return whether it looks like a success."""
        fails = bool(self._rng.random() < self._fail_share)
        parts = [name for part in self._library.chain(task_id) for name in part.predicates]
        return all(
            self._part(name, fails and number == len(parts) - 1)
            for number, name in enumerate(parts)
        )

    def _part(self, task_id: str, fail_on_purpose: bool) -> bool:
        """Perform on the teleoperation device; return whether it looks like a success."""
        goal = PerformTask.Goal(
            task_id=task_id,
            scene=self._scene,
            seed=int(self._rng.integers(1, 2**31)),
            fail_on_purpose=fail_on_purpose,
            skill=self._skill,
        )
        handle = self.send_goal(self._perform, goal, "the teleoperation")
        if not handle.accepted:
            raise NotAnswered("the teleoperation device is busy, or sees another scene")
        performed = self.result_of(handle)
        self.wait(
            lambda: performed.done() or self._now().state is not State.RECORDING,
            PERFORM_S,
            "the operator does not come to an end",
        )
        if not performed.done():
            handle.cancel_goal_async()
            return False
        return bool(performed.result().result.believes_success)

    def _mark(self, attempt_id: str) -> AttemptMark:
        marks = {mark.attempt_id: mark for mark in self._now().marks}
        if attempt_id not in marks:
            raise NotAnswered("the session has lost the attempt")
        return marks[attempt_id]

    def _now(self) -> SessionStatus:
        assert self._status is not None
        return self._status

    def _ask(self, request: str, fatal: bool = True, **fields: str) -> None:
        asked = SessionRequest.Request(request=request, source="script", **fields)
        for tries_left in reversed(range(TRIES)):
            self.wait(self._request.service_is_ready, READY_S, "the session does not answer")
            try:
                answer = self.answer(self._request.call_async(asked), REQUEST_S, "the session")
            except NotAnswered:
                # A session that was killed does not answer; the one that comes back does.
                if not tries_left:
                    raise
                continue
            if not answer.ok and fatal:
                raise NotAnswered(answer.message)
            return

    def _say(self, event: str, **values: Any) -> None:
        print(json.dumps({"event": event, **values}), flush=True)

    def _on_state(self, message: SessionState) -> None:
        self._status = SessionStatus.model_validate_json(message.status_json)

    def _on_world(self, message: WorldState) -> None:
        self._scene = message.task_id


def work(node: ScriptedOperatorNode) -> bool:
    node.work()
    return True


def main() -> None:
    run_asking(ScriptedOperatorNode, work)


if __name__ == "__main__":
    main()
