"""The recorder, asked over ROS: implements `collector.workflow.conductor.Recording`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from action_msgs.srv import CancelGoal
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.task import Future
from std_srvs.srv import Trigger

from collector.clock import NS_PER_S
from collector.episode.goal import EpisodeGoal
from collector.workflow.conductor import Ended, Judgement
from collector_interfaces.action import RecordEpisode
from collector_interfaces.srv import FinishEpisode
from collector_nodes.messages import to_record_goal
from collector_nodes.station_node import StationNode

SILENT_NS = 3 * NS_PER_S  # feedback comes every step
SEALING_NS = 30 * NS_PER_S
STOP_NS = 2 * NS_PER_S
SEND_AGAIN_NS = NS_PER_S // 5
CLEAR_NS = 10 * NS_PER_S


class RecordingClient:
    """One episode after the other. Everything is answered in the node's executor.

    A recorder that says nothing any more has died: its episode is given up, and what it
    left is recovered when it comes back.
    """

    def __init__(self, node: StationNode) -> None:
        self._node = node
        self._clock = node.station_clock
        self._action = ActionClient(node, RecordEpisode, "/recorder/record")
        self._stop = node.create_client(Trigger, "/recorder/stop")
        self._finish = node.create_client(FinishEpisode, "/recorder/finish")
        self._cancel_any = node.create_client(CancelGoal, "/recorder/record/_action/cancel_goal")
        self._number = 0  # of the episode in hand: answers to others come too late
        self._ended: Callable[[Ended], None] | None = None
        self._handle: ClientGoalHandle | None = None
        # What brings the episode that another session left to its end, until that is done.
        self._clearing: Callable[[], Future] | None = None
        self._clear_asked = False
        self._clear_until_ns = 0
        self._deadline_ns = 0
        self._stopped: Callable[[], None] | None = None
        self._stop_deadline_ns = 0
        self._steps = 0
        self._goal = RecordEpisode.Goal()
        self._send_again_ns: int | None = None  # where the recorder was busy

    @property
    def steps(self) -> int:
        """Steps of the episode in hand, on disk."""
        return self._steps

    @property
    def is_clear(self) -> bool:
        """False while an episode that another session left is not brought to its end."""
        return self._clearing is None

    def begin(self, goal: EpisodeGoal, ended: Callable[[Ended], None]) -> None:
        self._number += 1
        number = self._number
        self._ended, self._handle = ended, None
        self._goal = to_record_goal(goal)
        self._steps = 0
        if not self._action.server_is_ready():
            self._end(Ended("", message="the recorder does not answer: start it, then try again"))
            return
        self._deadline_ns = self._clock.now_ns() + SILENT_NS
        if not self.is_clear:
            # What a session before this one left comes to its end first.
            self._send_again_ns = self._clock.now_ns() + SEND_AGAIN_NS
        else:
            self._send(number)

    def _send(self, number: int) -> None:
        self._send_again_ns = None
        sent = self._action.send_goal_async(
            self._goal, lambda message: self._on_feedback(number, message)
        )
        sent.add_done_callback(lambda future: self._on_accepted(number, future))

    def stop(self, done: Callable[[], None]) -> None:
        self._stopped = done
        if self._is_waiting():
            self._end(Ended("", message="the recorder had not begun yet"))
            return
        self._stop_deadline_ns = self._clock.now_ns() + STOP_NS
        if self._stop.service_is_ready():
            self._stop.call_async(Trigger.Request()).add_done_callback(lambda _: self._on_stopped())

    def finish(self, outcome: str, judgement: Judgement) -> None:
        if self._is_waiting():  # another's episode must not be sealed with this label
            self._end(Ended("", message="the recorder had not begun yet"))
            return
        request = FinishEpisode.Request(
            outcome=outcome,
            predicate_known=judgement.success is not None,
            predicate_success=bool(judgement.success),
            predicate_explanation=judgement.explanation,
        )
        if self._ended is None:
            self._clear(lambda: self._finish.call_async(request))
            return
        self._deadline_ns = self._clock.now_ns() + SEALING_NS
        if not self._finish.service_is_ready():
            self._deadline_ns = self._clock.now_ns() + SILENT_NS
            return
        self._finish.call_async(request).add_done_callback(self._on_finished)

    def cancel(self) -> None:
        if self._ended is None:
            # An empty goal id and stamp mean all goals.
            self._clear(lambda: self._cancel_any.call_async(CancelGoal.Request()))
            return
        self._deadline_ns = self._clock.now_ns() + SEALING_NS
        if self._handle is not None:
            self._handle.cancel_goal_async()
        else:
            self._end(Ended("", message="the recorder had not begun yet"))

    def _clear(self, ask: Callable[[], Future]) -> None:
        """End what the recorder has in hand, whoever asked for it, once a recorder is there."""
        self._clearing, self._clear_asked = ask, False
        self._clear_until_ns = self._clock.now_ns() + CLEAR_NS
        self._go_on_clearing()

    def _go_on_clearing(self) -> None:
        if self._clearing is None:
            return
        is_there = self._cancel_any.service_is_ready() and self._finish.service_is_ready()
        if is_there and not self._clear_asked:
            self._clear_asked = True
            self._clearing().add_done_callback(self._on_cleared)
        elif self._clock.now_ns() > self._clear_until_ns:
            self._clearing = None  # a recorder that starts only now has nothing in hand

    def _on_cleared(self, _: Future) -> None:
        self._clearing = None

    def _is_waiting(self) -> bool:
        """Whether an episode was asked for that the recorder has not begun."""
        return self._ended is not None and self._handle is None

    def watch(self) -> None:
        """Give up what does not answer. Called some times a second."""
        now_ns = self._clock.now_ns()
        if self._stopped is not None and now_ns > self._stop_deadline_ns:
            self._on_stopped()
        if self._ended is not None and now_ns > self._deadline_ns:
            busy = self._send_again_ns is not None
            why = "is busy: wait until it has sealed" if busy else "fell silent: its node has died"
            self._end(Ended("", message=f"the recorder {why}"))
        self._go_on_clearing()
        again_ns = self._send_again_ns
        if again_ns is not None and now_ns > again_ns and self.is_clear:
            self._send(self._number)

    def _on_accepted(self, number: int, future: Future) -> None:
        handle = future.result()
        if number != self._number or self._ended is None:
            if handle.accepted:  # given up meanwhile
                handle.cancel_goal_async()
            return
        if not handle.accepted:
            # It still seals what a session before this one had it record.
            self._send_again_ns = self._clock.now_ns() + SEND_AGAIN_NS
            return
        self._handle = handle
        handle.get_result_async().add_done_callback(lambda done: self._on_result(number, done))

    def _on_feedback(self, number: int, message: Any) -> None:
        if number == self._number:
            self._steps = message.feedback.steps
            self._deadline_ns = max(self._deadline_ns, self._clock.now_ns() + SILENT_NS)

    def _on_stopped(self) -> None:
        done, self._stopped = self._stopped, None
        if done is not None:
            done()

    def _on_finished(self, future: Future) -> None:
        answer = future.result()
        if not answer.ok:
            self._node.get_logger().warning(f"the recorder: {answer.message}")

    def _on_result(self, number: int, future: Future) -> None:
        if number != self._number:
            return
        result = future.result().result
        self._end(Ended(result.outcome, result.episode_id, result.path, result.message))

    def _end(self, ended: Ended) -> None:
        tell, self._ended = self._ended, None
        self._handle = self._send_again_ns = None
        self._on_stopped()
        if tell is not None:
            tell(ended)
