"""Leads one calibration for a command line: says what happens in lines of JSON, and asks.

Lines out: ``{"event": "proposed" | "progress" | "solved" | "decided" | "failed", ...}``. Lines in:
``yes`` or ``no``, after ``proposed`` and after a ``solved`` that can be accepted. At the end of
the input, or on SIGINT, nothing moves any longer and nothing is put in place.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import rclpy
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from collector.station.description import StationError
from collector_interfaces.action import Calibrate
from collector_interfaces.srv import DecideCalibration, ProposePoses
from collector_nodes.calibrator_node import CalibratorNode
from collector_nodes.executor_call import in_executor
from collector_nodes.station_node import StartError, StationNode

OWN_AFTER_S = 3.0  # without a calibrator: this process runs one
ANSWER_S = 60.0
LOOK_S = 0.05


class Failed(Exception):
    """It cannot go on; the message says what to do."""


class CalibrationClient(StationNode):
    """Asks what the command line asks for.

    Parameters: ``station``, ``camera``, ``drive``, ``square_m``, ``person``, ``poses``, ``views``
    and those of the calibrator, which it runs itself where none is running.
    """

    def __init__(self) -> None:
        super().__init__("calibration_client")
        self.camera = str(self.declare_parameter("camera", "").value)
        self.drive = bool(self.declare_parameter("drive", False).value)
        self.square_m = float(self.declare_parameter("square_m", 0.0).value)
        self.person = str(self.declare_parameter("person", "").value)
        self.poses = int(self.declare_parameter("poses", 0).value)
        self.views = int(self.declare_parameter("views", 0).value)
        self.interrupted = threading.Event()
        self._calibrate = ActionClient(self, Calibrate, "/calibrator/calibrate")
        self._propose = self.create_client(ProposePoses, "/calibrator/propose")
        self._decide = self.create_client(DecideCalibration, "/calibrator/decide")

    @property
    def found(self) -> bool:
        """Whether a calibrator answers."""
        return bool(
            self._calibrate.server_is_ready()
            and self._propose.service_is_ready()
            and self._decide.service_is_ready()
        )

    def lead(self) -> bool:
        """Go through the calibration; return whether it was put in place. Raises Failed."""
        if self.camera not in self.station.cameras:
            known = ", ".join(self.station.cameras)
            raise Failed(f"the station has no camera {self.camera!r}: choose one of {known}")
        if not self._wait(lambda: self.found, ANSWER_S):
            raise Failed("the calibrator does not answer: look at its output")
        poses = "[]"
        if self.drive:
            request = ProposePoses.Request(camera=self.camera, count=self.poses)
            proposed = self._answer(self._propose.call_async(request), "the calibrator")
            if not proposed.ok:
                raise Failed(proposed.message)
            poses = proposed.poses_json
            _say("proposed", poses=json.loads(poses), message=proposed.message)
            if not self._confirmed():
                raise Failed("nothing was moved")
        result = self._collect(poses)
        findings = json.loads(result.verdict_json or "[]")
        _say(
            "solved",
            ok=result.ok,
            message=result.message,
            candidate=result.candidate,
            report=result.report,
            findings=findings,
        )
        if not result.ok:
            return False
        accept = self._confirmed()
        decision = DecideCalibration.Request(
            candidate=result.candidate, accept=accept, person=self.person
        )
        decided = self._answer(self._decide.call_async(decision), "the calibrator")
        _say("decided", ok=decided.ok, message=decided.message, path=decided.path)
        return bool(accept and decided.ok)

    def _collect(self, poses: str) -> Calibrate.Result:
        goal = Calibrate.Goal(
            camera=self.camera,
            square_m=self.square_m,
            person=self.person,
            poses_json=poses if self.drive else "",
            views=self.views,
        )
        sent = in_executor(self, lambda: self._calibrate.send_goal_async(goal, self._on_feedback))
        handle = self._answer(sent, "the calibrator")
        if not handle.accepted:
            raise Failed("the calibrator is busy: wait for the calibration that is under way")
        ended = in_executor(self, handle.get_result_async)
        while not ended.done():
            if self.interrupted.is_set():
                in_executor(self, handle.cancel_goal_async)
                self._wait(ended.done, ANSWER_S, always=True)
                raise Failed("cancelled: everything is as it was")
            time.sleep(LOOK_S)
        return ended.result().result

    @staticmethod
    def _on_feedback(message: Any) -> None:
        said = message.feedback
        _say(
            "progress",
            phase=said.phase,
            views=said.views,
            sentence=said.sentence,
            progress=json.loads(said.progress_json or "{}"),
        )

    def _confirmed(self) -> bool:
        return sys.stdin.readline().strip() == "yes" and not self.interrupted.is_set()

    def _answer(self, future: Future, who: str) -> Any:
        if not self._wait(future.done, ANSWER_S):
            raise Failed(f"{who} does not answer: look whether the station runs")
        return future.result()

    def _wait(self, happened: Callable[[], bool], within_s: float, always: bool = False) -> bool:
        deadline_s = time.monotonic() + within_s
        while not happened():
            if time.monotonic() > deadline_s:
                return False
            if self.interrupted.is_set() and not always:
                raise Failed("cancelled: everything is as it was")
            time.sleep(LOOK_S)
        return True


def _say(event: str, **values: Any) -> None:
    print(json.dumps({"event": event, **values}), flush=True)


def _spin(executor: SingleThreadedExecutor) -> None:
    with contextlib.suppress(ExternalShutdownException):
        executor.spin()


def main() -> None:
    """Run one calibration; exit with 0: put in place, 1: not, 2: it could not begin."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        client = CalibrationClient()
    except (StartError, StationError) as error:
        print(error, file=sys.stderr)
        rclpy.try_shutdown()
        sys.exit(2)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: client.interrupted.set())
    executor = SingleThreadedExecutor()
    executor.add_node(client)
    own: CalibratorNode | None = None
    deadline_s = time.monotonic() + OWN_AFTER_S
    while not client.found and time.monotonic() < deadline_s:
        executor.spin_once(timeout_sec=LOOK_S)
    if not client.found:
        own = CalibratorNode()
        executor.add_node(own)
    spinning = threading.Thread(target=_spin, args=(executor,), daemon=True)
    spinning.start()
    try:
        code = 0 if client.lead() else 1
    except Failed as failed:
        _say("failed", message=str(failed))
        code = 1
    finally:
        executor.shutdown()
        spinning.join(timeout=5.0)
        if own is not None:
            own.close()
        rclpy.try_shutdown()
    sys.exit(code)


if __name__ == "__main__":
    main()
