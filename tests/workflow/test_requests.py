"""One plain request, from whatever device, is carried out or refused with a sentence."""

from __future__ import annotations

import pytest
from station import FIT, Bench

from collector.workflow.commands import Command
from collector.workflow.requests import Request, RequestDesk
from collector.workflow.state_machine import Event, RequestRefused, State


def authenticate(who: str, pin: str) -> None:
    if pin != "1234":
        raise RequestRefused("the PIN is wrong: try again")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def desk(bench: Bench) -> RequestDesk:
    return RequestDesk(bench.session, authenticate, scene_by_hand=True)


def ask(bench: Bench, request: str, **fields: str) -> Event:
    return desk(bench).answer(Request(request, **fields))


def test_a_session_goes_by_requests_alone(bench: Bench) -> None:
    assert ask(bench, "sign_in", who="op-1", pin="1234") is Event.SIGN_IN
    bench.session.preflight(FIT)
    for request in ("scene_ready", "arm", "disarm", "pause", "resume", "start_stop"):
        ask(bench, request)
    mark = bench.session.countdown_over()
    assert ask(bench, "start_stop") is Event.END
    ask(bench, "success")
    bench.seal(mark.attempt_id)
    ask(bench, "relabel", value="discarded")
    ask(bench, "relabel", attempt_id=mark.attempt_id, value="success")
    ask(bench, "sign_out")
    whos = {entry.who for entry in bench.journal.entries() if entry.event is not Event.SEALED}
    assert whos == {"op-1", "station"}


def test_a_wrong_pin_signs_nobody_in(bench: Bench) -> None:
    with pytest.raises(RequestRefused, match="PIN is wrong"):
        ask(bench, "sign_in", who="op-1", pin="0000")
    with pytest.raises(RequestRefused, match="say who signs in"):
        ask(bench, "sign_in", pin="1234")
    assert bench.session.state is State.SIGNED_OUT


def test_no_pin_is_tried_while_somebody_is_signed_in(bench: Bench) -> None:
    bench.work()
    with pytest.raises(RequestRefused, match="sign in is not possible now"):
        ask(bench, "sign_in", who="op-2", pin="0000")


def test_an_override_asks_for_the_supervisors_pin_and_a_reason(bench: Bench) -> None:
    bench.work()
    asked = {"task_id": "open_drawer", "value": "open", "who": "sup-1", "pin": "1234"}
    with pytest.raises(RequestRefused, match="PIN is wrong"):
        ask(bench, "override", **{**asked, "pin": "1"}, reason="a guest")
    with pytest.raises(RequestRefused, match="needs a reason"):
        ask(bench, "override", **asked)
    with pytest.raises(RequestRefused, match="no task 'unknown'"):
        ask(bench, "override", **{**asked, "task_id": "unknown"}, reason="a guest")
    with pytest.raises(RequestRefused, match="which supervisor"):
        ask(bench, "override", **{**asked, "who": ""}, reason="a guest")
    with pytest.raises(RequestRefused, match="no word on a gate"):
        ask(bench, "override", **{**asked, "value": "ajar"}, reason="a guest")
    with pytest.raises(RequestRefused, match="may not override"):
        ask(bench, "override", **{**asked, "who": "op-1"}, reason="a guest")
    ask(bench, "override", **asked, reason="a guest")
    override = bench.history.override("op-1", "open_drawer")
    assert override is not None
    assert (override.opens, override.by, override.reason) == (True, "sup-1", "a guest")


@pytest.mark.parametrize(
    ("request_", "fields", "sentence"),
    [
        ("dance", {}, "there is no request 'dance': choose from arm, "),
        ("relabel", {"value": "great"}, "'great' is no label"),
        ("relabel", {"value": "success"}, "no attempt of this session to label"),
    ],
)
def test_what_is_not_understood_is_refused(
    bench: Bench, request_: str, fields: dict[str, str], sentence: str
) -> None:
    bench.work()
    with pytest.raises(RequestRefused, match=sentence):
        ask(bench, request_, **fields)


def test_every_command_is_a_request() -> None:
    bench = Bench()
    for command in Command:
        with pytest.raises(RequestRefused, match="nobody is signed in"):
            ask(bench, command.value)
