"""A node that asks and waits, one thing after the other, while another thread spins it."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import rclpy
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.task import Future

from collector.simulation.tasks import UnknownTask
from collector.station.description import StationError
from collector.tasks.library import TaskLibraryError
from collector_nodes.executor_call import in_executor
from collector_nodes.station_node import StartError, StationNode

ANSWER_S = 10.0  # any service
LOOK_S = 0.02


class NotAnswered(Exception):
    """What was waited for did not come; the message says what."""


class AskingNode(StationNode):
    """Its own thread may wait: `run_asking` spins it in another."""

    def ask(self, client: Any, request: Any) -> Any:
        """Call a service and return its answer. Raises NotAnswered."""
        return self.answer(client.call_async(request), ANSWER_S, client.srv_name)

    def answer(self, future: Future, timeout_s: float, who: str) -> Any:
        """Wait for a future and return its result. Raises NotAnswered."""
        self.wait(future.done, timeout_s, f"{who} does not answer")
        return future.result()

    def send_goal(
        self,
        action: ActionClient,
        goal: Any,
        who: str,
        on_feedback: Callable[[Any], None] | None = None,
    ) -> ClientGoalHandle:
        """Send a goal and return its handle, accepted or not. Raises NotAnswered."""
        sent = in_executor(self, lambda: action.send_goal_async(goal, on_feedback))
        handle: ClientGoalHandle = self.answer(sent, ANSWER_S, who)
        return handle

    def result_of(self, handle: ClientGoalHandle) -> Future:
        """Return the future of an accepted goal's result."""
        return in_executor(self, handle.get_result_async)

    def wait(self, happened: Callable[[], bool], timeout_s: float, otherwise: str) -> None:
        """Wait until ``happened``. Raises NotAnswered, which says ``otherwise``."""
        deadline_s = time.monotonic() + timeout_s
        while not happened():
            if time.monotonic() > deadline_s:
                raise NotAnswered(otherwise)
            self.pause()

    def pause(self) -> None:
        """Wait a moment. Raises ExternalShutdownException where ROS has ended."""
        if not rclpy.ok():
            raise ExternalShutdownException
        time.sleep(LOOK_S)


N = TypeVar("N", bound=AskingNode)


def run_asking(make_node: Callable[[], N], work: Callable[[N], bool]) -> None:
    """Let a node do its work and exit: 0 where ``work`` returns True, 1 else, 2 with a sentence."""
    rclpy.init()
    try:
        node = make_node()
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
        code = 0 if work(node) else 1
    except UnknownTask as error:
        print(error, file=sys.stderr)
        code = 2
    except NotAnswered as error:
        print(error, file=sys.stderr)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()
        spinner.join()
    sys.exit(code)
