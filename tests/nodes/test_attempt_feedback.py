"""An attempt over real topics: live numbers each step, and a card at its end."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hand_made_station import HandMadeStation
from ros_graph import Graph, Heard
from std_srvs.srv import Trigger

from collector.arm.sample import ArmStatus
from collector.feedback.measures import AttemptMeasurement, Best, Measures, best_of_stored
from collector.workflow.history import AttemptMark
from collector_interfaces.msg import ArmState, AttemptFeedback, Step
from collector_nodes import attempt_feedback, qos
from collector_nodes.messages import from_arm_state, from_step
from collector_nodes.station_node import StationNode
from collector_nodes.synchronizer_node import SynchronizerNode

pytestmark = pytest.mark.ros

BEST = Best(duration_s=0.5, path_m=1e-5, gripper_reversals=0)


class FeedbackNode(StationNode):
    """Begins and ends attempts when it is told to, in its own thread as a session does."""

    def __init__(self, **options: Any) -> None:
        super().__init__("session", **options)
        self.feedback = attempt_feedback.AttemptFeedback(self)
        self.mark = AttemptMark(
            attempt_id="s1-0001",
            session_id="s1",
            operator_id="op-07",
            task_id="place_red_in_bowl",
            phase="practice",
            outcome="recording",
            started_ns=0,
        )
        self.measures: Measures | None = None
        self.create_service(Trigger, "~/begin", self._begin)
        self.create_service(Trigger, "~/end", self._end)

    def change(self, **values: Any) -> None:
        self.mark = self.mark.model_copy(update=values)

    def _begin(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.change(started_ns=time.time_ns())
        self.feedback.begin(self.mark, BEST)
        return response

    def _end(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.measures = self.feedback.end(self.mark)
        return response


class Rig:
    """The node, streams that it hears, and a moving arm."""

    def __init__(self, graph: Graph) -> None:
        graph.add(SynchronizerNode)
        self.graph = graph
        self.node = graph.add(FeedbackNode)
        self.streams = HandMadeStation(graph)
        self.streams.is_.arm = {"status": ArmStatus.MOVING}
        self.streams.heard_by("synchronizer")
        self.steps: Heard[Step] = graph.hear(Step, "/synchronizer/step", qos.STEPS)
        self.states: Heard[ArmState] = graph.hear(ArmState, "/arm/state", qos.ARM_STATE)
        self.live: Heard[AttemptFeedback] = graph.hear(AttemptFeedback, "/session/feedback")
        self.cards: Heard[AttemptFeedback] = graph.hear(
            AttemptFeedback, "/session/card", qos.LATCHED
        )
        self.streams.wait(
            lambda: self.steps.messages and not self.steps.last.is_gap, "no whole step is made"
        )

    def ask(self, what: str) -> None:
        client = self.graph.probe.create_client(Trigger, f"/session/{what}")
        self.streams.wait(client.service_is_ready, f"nobody offers {what}")
        self.streams.answer(client.call_async(Trigger.Request()))

    def record(self, steps: int) -> None:
        self.ask("begin")
        begin = len(self.live)
        self.streams.wait(lambda: len(self.live) >= begin + steps, "no feedback comes")


@pytest.fixture
def rig(graph: Graph) -> Rig:
    return Rig(graph)


def test_numbers_come_with_every_step_while_an_attempt_runs(rig: Rig) -> None:
    assert len(rig.live) == 0
    rig.record(4)
    told = [json.loads(m.measures_json)["steps"] for m in rig.live.messages]
    assert told == list(range(1, len(told) + 1))
    last = rig.live.last
    assert (last.attempt_id, last.task_id, last.phase) == (
        "s1-0001",
        "place_red_in_bowl",
        "practice",
    )
    assert last.outcome == "recording"
    assert 0.6 <= last.elapsed_s < 30
    assert Best.from_dict(json.loads(last.best_json)) == BEST
    assert len(rig.cards) == 0


def test_an_attempt_is_measured_as_its_steps_and_samples_say(rig: Rig) -> None:
    rig.record(4)
    rig.node.change(outcome="success", ended_ns=rig.node.mark.started_ns + 10**10)
    rig.ask("end")
    measures = rig.node.measures
    assert measures is not None
    expected = AttemptMeasurement(200_000_000)
    for state in rig.states.messages:
        expected.on_sample(from_arm_state(state))
    of_it = [m for m in rig.steps.messages if m.stamp_ns >= rig.node.mark.started_ns]
    for step in of_it[: measures.steps]:
        expected.on_step(from_step(step))
    assert measures == expected.measures()
    assert measures.path_m > 0
    # What is stored of it is what the operator's best comes from.
    assert best_of_stored([measures.as_dict()]).path_m == measures.path_m


def test_the_card_is_there_for_a_console_that_comes_late(rig: Rig) -> None:
    rig.record(2)
    rig.node.change(outcome="success", ended_ns=rig.node.mark.started_ns + 10**10)
    rig.ask("end")
    late: Heard[AttemptFeedback] = rig.graph.hear(AttemptFeedback, "/session/card", qos.LATCHED)
    rig.streams.wait(lambda: len(late), "there is no card")
    card = late.last
    assert (card.attempt_id, card.outcome, card.elapsed_s) == ("s1-0001", "success", 10.0)
    assert Measures.from_dict(json.loads(card.measures_json)) == rig.node.measures
    assert "your best is" in card.advice


def test_no_numbers_come_once_the_attempt_has_ended(rig: Rig) -> None:
    rig.record(2)
    rig.ask("end")
    begin = len(rig.steps)
    rig.streams.wait(lambda: len(rig.steps) >= begin + 3, "no step comes")
    assert len(rig.live) <= rig.node.measures.steps


def test_a_label_that_comes_later_changes_the_card_alone(rig: Rig) -> None:
    rig.record(2)
    rig.node.change(outcome="unlabelled")
    rig.ask("end")
    measures = rig.node.measures
    rig.node.change(outcome="failure")
    rig.ask("end")
    assert rig.node.measures == measures
    rig.streams.wait(lambda: len(rig.cards) == 2, "the card is not sent again")
    assert [card.outcome for card in rig.cards.messages] == ["unlabelled", "failure"]


def test_an_attempt_that_was_interrupted_gets_no_advice(rig: Rig) -> None:
    rig.record(2)
    rig.node.change(outcome="interrupted")
    rig.ask("end")
    rig.streams.wait(lambda: len(rig.cards), "there is no card")
    assert rig.cards.last.advice == ""


def test_an_attempt_that_began_before_the_node_has_no_card(rig: Rig) -> None:
    rig.ask("end")
    assert rig.node.measures is None
    rig.record(1)
    rig.node.change(attempt_id="s1-0002")
    rig.ask("end")
    assert rig.node.measures is None
    assert len(rig.cards) == 0
