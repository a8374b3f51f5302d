"""The recorder's action over real ROS 2: every way in which an attempt ends."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from hand_made_streams import HandMadeStreams, calibrate, sample
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from ros_graph import Graph

from collector.episode.folders import partial_folders, sealed_folders
from collector.episode.reader import read_summary
from collector.episode.verification import verify
from collector_interfaces.action import RecordEpisode
from collector_interfaces.msg import CameraDevice
from collector_interfaces.srv import FinishEpisode
from collector_nodes import qos
from collector_nodes.messages import to_arm_state, to_image
from collector_nodes.recorder_node import RecorderNode
from collector_nodes.synchronizer_node import SynchronizerNode

pytestmark = pytest.mark.ros


def goal(**values: Any) -> RecordEpisode.Goal:
    return RecordEpisode.Goal(
        **{
            "task_id": "place_red",
            "task_type": "pick and place",
            "phase": "collection",
            "language_instruction": "put the red block into the bowl",
            "collector_id": "op-07",
            "session_id": "s-1",
            "consent": "consent-2026-11",
            "layout_seed": 2**63 + 5,
            **values,
        }
    )


class Bench:
    """A recorder, a synchronizer and hand-made streams; and who asks for episodes."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        calibrate(graph)
        self.synchronizer = graph.add(SynchronizerNode)
        self.recorder = graph.add(RecorderNode)
        self.client = ActionClient(graph.probe, RecordEpisode, "/recorder/record")
        graph.wait(self.client.server_is_ready, "the recorder offers no action")
        self.feedback: list[RecordEpisode.Feedback] = []

    def stream(self) -> HandMadeStreams:
        self.streams = HandMadeStreams(self.graph)
        self.streams.heard_by("synchronizer")
        self.streams.heard_by("recorder")
        health = self.graph.health("recorder: recorder")
        self.streams.wait(
            lambda: (status := health()) and status.message == "Ready.",
            "the recorder is never ready",
        )
        return self.streams

    def ask(self, asked: RecordEpisode.Goal) -> ClientGoalHandle:
        return self.graph.result(
            self.client.send_goal_async(asked, lambda m: self.feedback.append(m.feedback)),
            "the recorder",
        )

    def begin(self, **values: Any) -> Any:
        """Begin to record and return the future of the result, once a step is on disk."""
        self.feedback.clear()
        self.handle = self.ask(goal(**values))
        assert self.handle.accepted
        self.record_until(lambda: self.feedback and self.feedback[-1].steps >= 2)
        return self.handle.get_result_async()

    def record_until(self, happened: Any) -> None:
        self.streams.wait(happened, "no steps are recorded")

    def finish(self, outcome: str, **predicate: Any) -> FinishEpisode.Response:
        request = FinishEpisode.Request(outcome=outcome, **predicate)
        return self.graph.call(FinishEpisode, "/recorder/finish", request)


@pytest.fixture
def bench(graph: Graph) -> Iterator[Bench]:
    bench = Bench(graph)
    yield bench
    bench.client.destroy()


def test_an_episode_from_goal_to_seal(bench: Bench) -> None:
    bench.stream()
    recorded = bench.begin()
    assert bench.feedback[-1].bytes > 0
    assert 0.0 <= bench.feedback[-1].queue <= 1.0
    assert abs(bench.feedback[-1].static_skew_ns) <= 50_000_000
    refused = bench.finish("wonderful")
    assert not refused.ok
    assert refused.message == (
        "'wonderful' is no label: choose one of success, failure, unlabelled"
    )
    answer = bench.finish(
        "success", predicate_known=True, predicate_success=False, predicate_explanation="7 cm off"
    )
    assert answer.ok, answer.message
    again = bench.finish("failure")  # it is being sealed, or is sealed already
    assert not again.ok
    assert again.message == "no episode is being recorded: begin one first"
    result = bench.streams.answer(recorded)
    assert result.status == GoalStatus.STATUS_SUCCEEDED
    episode = result.result
    assert episode.outcome == "success"
    assert episode.steps >= 2
    assert episode.gaps == 0
    assert len(episode.digest) == 64
    assert verify(Path(episode.path)) == []
    summary = read_summary(Path(episode.path))
    assert summary.episode_id == episode.episode_id
    assert summary.steps == episode.steps
    assert (Path(episode.path) / "static.mp4").stat().st_size > 0
    # The next one is recorded as well, by the same recorder.
    recorded = bench.begin(task_id="stack")
    assert bench.finish("failure").ok
    second = bench.streams.answer(recorded).result
    assert second.outcome == "failure"
    assert second.episode_id != episode.episode_id
    assert verify(Path(second.path)) == []


def test_cancelling_discards_the_episode_and_keeps_it(bench: Bench) -> None:
    bench.stream()
    recorded = bench.begin()
    bench.streams.answer(bench.handle.cancel_goal_async())
    result = bench.streams.answer(recorded)
    assert result.status == GoalStatus.STATUS_CANCELED
    assert result.result.outcome == "discarded"
    assert result.result.message == "discarded by the operator"
    assert verify(Path(result.result.path)) == []
    assert partial_folders(bench.graph.station.data) == []


def test_a_second_goal_is_rejected_and_the_first_goes_on(bench: Bench) -> None:
    bench.stream()
    recorded = bench.begin()
    assert not bench.ask(goal(task_id="stack")).accepted
    assert bench.finish("unlabelled").ok
    result = bench.streams.answer(recorded).result
    assert result.outcome == "unlabelled"
    assert verify(Path(result.path)) == []


def test_of_two_goals_at_once_one_is_recorded(bench: Bench) -> None:
    bench.stream()
    sent = [bench.client.send_goal_async(goal(task_id=task)) for task in ("stack", "push")]
    handles = [bench.streams.answer(future) for future in sent]
    assert [handle.accepted for handle in handles] == [True, False]
    bench.streams.answer(handles[0].cancel_goal_async())
    assert bench.streams.answer(handles[0].get_result_async()).result.outcome == "discarded"


def test_nothing_is_recorded_before_the_cameras_are_there(bench: Bench) -> None:
    handle = bench.ask(goal())
    assert handle.accepted
    result = bench.graph.result(handle.get_result_async(), "the recorder")
    assert result.status == GoalStatus.STATUS_ABORTED
    assert result.result.outcome == "refused"
    assert result.result.message == ("the static camera sends nothing: check it, then try again")
    assert not bench.finish("success").ok
    bench.stream()  # and once they are, it records
    recorded = bench.begin()
    assert bench.finish("success").ok
    assert bench.streams.answer(recorded).result.outcome == "success"


def test_nothing_is_recorded_with_another_camera_than_the_calibrated(bench: Bench) -> None:
    streams = bench.stream()
    device = bench.graph.publisher(CameraDevice, "/wrist_camera/device", qos.LATCHED)
    device.publish(CameraDevice(name="wrist", backend="simulated", serial="OTHER", fps=10.0))
    results = []

    def refused() -> bool:
        """The device's message may come after the first goal, which is then discarded."""
        handle = bench.ask(goal())
        recorded = handle.get_result_async()
        streams.wait(lambda: recorded.done() or bench.feedback, "no answer")
        if not recorded.done():
            streams.answer(handle.cancel_goal_async())
        results.append(streams.answer(recorded).result)
        return results[-1].outcome == "refused"

    streams.wait(refused, "a wrong camera is recorded")
    assert "calibration is of HAND-wrist" in results[-1].message


def test_steps_that_stop_for_a_second_end_the_attempt_which_is_kept(bench: Bench) -> None:
    bench.stream()
    recorded = bench.begin()
    bench.graph.remove(bench.synchronizer)
    result = bench.streams.answer(recorded)
    assert result.status == GoalStatus.STATUS_ABORTED
    assert result.result.outcome == "discarded"
    assert "step" in result.result.message
    assert verify(Path(result.result.path)) == []
    assert read_summary(Path(result.result.path)).outcome == "discarded"
    assert not bench.finish("success").ok


def test_a_camera_lost_for_a_second_ends_the_attempt_and_is_named(bench: Bench) -> None:
    bench.stream()
    recorded = bench.begin()
    bench.streams.on["wrist"] = False
    result = bench.streams.answer(recorded)
    assert result.status == GoalStatus.STATUS_ABORTED
    assert result.result.outcome == "discarded"
    assert "wrist" in result.result.message
    assert result.result.gaps > 0
    assert verify(Path(result.result.path)) == []


def test_messages_that_are_wrong_do_not_end_an_episode(bench: Bench) -> None:
    streams = bench.stream()
    recorded = bench.begin()
    wrong = to_image(np.zeros((48, 64, 3), np.uint8), 1, "static_optical")
    wrong.encoding = "mono8"
    streams.images["static"].publish(wrong)
    odd = to_arm_state(sample(1), [])
    odd.state = "dancing"
    streams.arm.publish(odd)
    steps = bench.feedback[-1].steps
    bench.record_until(lambda: bench.feedback[-1].steps > steps)
    assert bench.finish("success").ok
    result = streams.answer(recorded).result
    assert result.outcome == "success"
    assert verify(Path(result.path)) == []


def test_a_recorder_that_is_shut_down_seals_what_it_has(bench: Bench) -> None:
    bench.stream()
    bench.begin()
    bench.graph.remove(bench.recorder)
    assert partial_folders(bench.graph.station.data) == []
    (path,) = sealed_folders(bench.graph.station.data)
    assert read_summary(path).outcome == "discarded"
    assert verify(path) == []


def test_what_a_killed_recorder_left_is_recovered_at_the_start(bench: Bench) -> None:
    bench.stream()
    recorded = bench.begin()
    root = bench.graph.station.data
    (partial,) = partial_folders(root)
    saved = root.parent / partial.name
    shutil.copytree(partial, saved)  # as a kill at this moment leaves it
    assert bench.finish("success").ok
    sealed = Path(bench.streams.answer(recorded).result.path)
    bench.graph.remove(bench.recorder)
    shutil.rmtree(sealed)
    shutil.move(saved, partial)
    bench.graph.add(RecorderNode)
    assert partial_folders(root) == []
    (recovered,) = sealed_folders(root)
    summary = read_summary(recovered)
    assert summary.outcome == "interrupted"
    assert summary.steps >= 2
    assert verify(recovered) == []
