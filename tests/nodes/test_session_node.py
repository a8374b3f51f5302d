"""The session as a node: requests in, one latched state out; the journal brings it back."""

from __future__ import annotations

import random

import pytest
from rclpy.qos import qos_profile_sensor_data
from ros_graph import Graph, Heard
from sensor_msgs.msg import Joy
from station_files import StationFile

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.database import catalogue_file
from collector.clock import SystemClock
from collector.workflow.status import SessionStatus
from collector_interfaces.msg import SessionState
from collector_interfaces.srv import SessionRequest
from collector_nodes import qos
from collector_nodes.session_node import SessionNode
from collector_nodes.station_node import StartError

pytestmark = pytest.mark.ros

PIN = "4711"


@pytest.fixture
def operator_id(station: StationFile) -> str:
    station.data.mkdir(parents=True)
    consent = station.data / "consent.txt"
    consent.write_text("agreed", encoding="utf-8")
    with Catalogue.open(catalogue_file(station.data), SystemClock(), random.Random(1)) as opened:
        known = opened.add_operator(PIN).operator_id
        opened.give_consent(known, consent, "recording")
    return known


def ask(graph: Graph, request: str, **fields: str) -> SessionRequest.Response:
    asked = SessionRequest.Request(request=request, source="console", **fields)
    return graph.call(SessionRequest, "/session/request", asked)


def hear(graph: Graph) -> Heard[SessionState]:
    heard = graph.hear(SessionState, "/session/state", qos.LATCHED)
    graph.wait(lambda: heard.messages, "the session says nothing")
    return heard


def test_a_late_listener_hears_the_state(graph: Graph, operator_id: str) -> None:
    graph.add(SessionNode)
    state = hear(graph).last
    assert (state.state, list(state.permitted), state.operator_id) == (
        "signed_out",
        ["sign_in"],
        "",
    )
    assert state.sentence == "Sign in to begin."
    status = SessionStatus.model_validate_json(state.status_json)
    assert status.state.value == "signed_out"
    assert status.simulated


def test_only_who_knows_the_pin_signs_in(graph: Graph, operator_id: str) -> None:
    graph.add(SessionNode)
    refused = ask(graph, "sign_in", who=operator_id, pin="0000")
    assert (refused.ok, refused.message) == (False, "the PIN is wrong: try again")
    answer = ask(graph, "sign_in", who=operator_id, pin=PIN)
    assert (answer.ok, answer.event, answer.message) == (True, "sign_in", "")
    again = ask(graph, "sign_in", who=operator_id, pin=PIN)
    assert again.message.startswith("sign in is not possible now")


def test_a_station_that_is_not_fit_says_what_to_do(graph: Graph, operator_id: str) -> None:
    graph.add(SessionNode)
    heard = hear(graph)
    ask(graph, "sign_in", who=operator_id, pin=PIN)
    graph.wait(
        lambda: SessionStatus.model_validate_json(heard.last.status_json).preflight,
        "nothing is checked",
    )
    status = SessionStatus.model_validate_json(heard.last.status_json)
    assert heard.last.state == "preflight"
    levels = {item.name: item.level for item in status.preflight}
    assert levels["arm.reachable"] == levels["camera.static.stream"] == "refusal"
    assert levels["consent"] == "ok"
    first = next(item for item in status.preflight if item.level == "refusal")
    assert heard.last.sentence == first.sentence
    refused = ask(graph, "start_stop")
    assert not refused.ok
    assert "the preflight has not passed" in refused.message
    assert ask(graph, "check").ok


def test_a_session_that_was_killed_comes_back_to_the_same_operator(
    graph: Graph, operator_id: str
) -> None:
    node = graph.add(SessionNode)
    ask(graph, "sign_in", who=operator_id, pin=PIN)
    before = hear(graph).last
    graph.remove(node)
    graph.add(SessionNode)
    heard = hear(graph)
    graph.wait(lambda: heard.last.state == "preflight", "it begins anew")
    assert (heard.last.operator_id, heard.last.session_id) == (
        operator_id,
        before.session_id,
    )
    ask(graph, "sign_out")
    graph.wait(lambda: heard.last.state == "signed_out", "nobody is signed out")


def test_who_never_gave_consent_is_not_let_to_work(graph: Graph, operator_id: str) -> None:
    graph.add(SessionNode)
    where = catalogue_file(graph.station.data)
    with Catalogue.open(where, SystemClock(), random.Random(2)) as opened:
        other = opened.add_operator(PIN).operator_id
    refused = ask(graph, "sign_in", who=other, pin=PIN)
    assert refused.message.startswith(f"no consent of {other} is on file")


def test_what_is_not_known_is_refused(graph: Graph, operator_id: str) -> None:
    graph.add(SessionNode)
    assert ask(graph, "dance").message.startswith("there is no request 'dance'")


def test_a_button_of_the_device_asks_like_a_console(
    graph: Graph,
    station: StationFile,
    operator_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    station.change({"teleop": {"buttons": {"topic": "/joy", "start_stop": 3}}})
    node = graph.add(SessionNode)
    asked: list[tuple[str, str]] = []
    answer = node._on_request

    def noted(
        request: SessionRequest.Request, response: SessionRequest.Response
    ) -> SessionRequest.Response:
        asked.append((request.source, request.request))
        return answer(request, response)

    monkeypatch.setattr(node, "_on_request", noted)
    joy = graph.publisher(Joy, "/joy", qos_profile_sensor_data)

    def is_heard() -> bool:
        # Best effort: a press may be lost, as with the real device.
        joy.publish(Joy(buttons=[0, 0, 0, 0]))
        joy.publish(Joy(buttons=[0, 0, 0, 1]))
        return bool(asked)

    graph.wait(is_heard, "the button asks for nothing")
    assert set(asked) == {("device", "start_stop")}


def test_a_task_library_that_is_wrong_ends_the_node_with_its_sentence(
    graph: Graph, station: StationFile
) -> None:
    station.change({"workflow": {"tasks": str(station.path.parent / "nothing")}})
    with pytest.raises(StartError, match="no task files"):
        graph.add(SessionNode)


def test_a_journal_that_is_damaged_is_not_written_over(graph: Graph, station: StationFile) -> None:
    journal = station.data / "session" / "sim-01.jsonl"
    journal.parent.mkdir(parents=True)
    journal.write_text("not a journal\n", encoding="utf-8")
    with pytest.raises(StartError, match="put the file aside"):
        graph.add(SessionNode)
    assert journal.read_text(encoding="utf-8") == "not a journal\n"
