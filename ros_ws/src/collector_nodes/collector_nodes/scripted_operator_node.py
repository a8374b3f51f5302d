"""An operator without a person: signs in, works through the session, signs out."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import rclpy
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.task import Future

from collector.station.description import StationError
from collector.tasks.library import TaskLibraryError, load_library
from collector.workflow.history import COLLECTION, AttemptMark
from collector.workflow.state_machine import State
from collector.workflow.status import SessionStatus
from collector_interfaces.action import PerformTask
from collector_interfaces.msg import SessionState, WorldState
from collector_interfaces.srv import SessionRequest
from collector_nodes import qos
from collector_nodes.station_node import StartError, StationNode

PIN_VARIABLE = "COLLECTOR_OPERATOR_PIN"  # arguments can be read by everyone on the machine
ANSWER_S = 10.0
PERFORM_S = 90.0
READY_S = 60.0
LOOK_S = 0.02


class SessionLost(Exception):
    """The session does not go on; the message says why."""


class ScriptedOperatorNode(StationNode):
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
        """Sign in, collect, sign out. Raises SessionLost."""
        self._wait(self._request.service_is_ready, READY_S, "the session does not answer")
        self._wait(lambda: self._status is not None, READY_S, "the session says nothing")
        self._ask("sign_in", who=self._operator_id, pin=os.environ.get(PIN_VARIABLE, ""))
        self._say("signed_in", operator=self._operator_id, session=self._now().session_id)
        self._wait(
            lambda: self._now().state is not State.PREFLIGHT, READY_S, "the preflight refuses"
        )
        for item in self._now().preflight:
            if item.level != "ok":
                self._say("preflight", check=item.name, level=item.level, sentence=item.sentence)
        done = 0
        while done < self._attempts:
            choice = self._now().choice
            if choice is None:
                raise SessionLost(f"no task is chosen: {self._now().trouble}")
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
            raise SessionLost("the session records no attempt")
        believes = self._performance(begun.task_id)
        if self._now().state is State.RECORDING:
            # Refused where the recorder has ended the attempt this very moment.
            self._ask("success" if believes else "failure", fatal=False)
        attempt_id = begun.attempt_id
        self._wait(
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
                raise SessionLost(f"no attempt begins: {self._now().next_action}")
            state = self._now().state
            if state in (State.RESETTING, State.PRACTICE, State.COLLECTING):
                self._ask("arm", fatal=False)
            elif state is State.FAULT:
                self._say("fault", sentence=self._now().trouble)
                self._ask("recover")
            elif state is State.SIGNED_OUT:
                raise SessionLost("somebody signed the operator out")
            self._pause()

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
        handle = self._answer(self._perform.send_goal_async(goal), "the teleoperation")
        if not handle.accepted:
            raise SessionLost("the teleoperation device is busy, or sees another scene")
        performed = handle.get_result_async()
        self._wait(
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
            raise SessionLost("the session has lost the attempt")
        return marks[attempt_id]

    def _now(self) -> SessionStatus:
        assert self._status is not None
        return self._status

    def _ask(self, request: str, fatal: bool = True, **fields: str) -> None:
        asked = SessionRequest.Request(request=request, source="script", **fields)
        answer = self._answer(self._request.call_async(asked), "the session")
        if not answer.ok and fatal:
            raise SessionLost(answer.message)

    def _answer(self, future: Future, who: str) -> Any:
        self._wait(future.done, ANSWER_S, f"{who} does not answer")
        return future.result()

    def _wait(self, happened: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not happened():
            if time.monotonic() > deadline_s:
                raise SessionLost(otherwise)
            self._pause()

    def _pause(self) -> None:
        if not rclpy.ok():
            raise ExternalShutdownException
        time.sleep(LOOK_S)

    def _say(self, event: str, **values: Any) -> None:
        print(json.dumps({"event": event, **values}), flush=True)

    def _on_state(self, message: SessionState) -> None:
        self._status = SessionStatus.model_validate_json(message.status_json)

    def _on_world(self, message: WorldState) -> None:
        self._scene = message.task_id


def main() -> None:
    rclpy.init()
    try:
        node = ScriptedOperatorNode()
    except (StartError, StationError, TaskLibraryError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def spin() -> None:
        with contextlib.suppress(ExternalShutdownException):
            executor.spin()

    spinner = threading.Thread(target=spin, name="executor")
    spinner.start()
    code = 1
    try:
        node.work()
        code = 0
    except SessionLost as error:
        print(error, file=sys.stderr)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()
        spinner.join()
    sys.exit(code)


if __name__ == "__main__":
    main()
