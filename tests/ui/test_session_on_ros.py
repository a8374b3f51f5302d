"""The console and a session over real ROS 2: what it hears, asks and survives."""

from __future__ import annotations

import dataclasses
import json

import pytest
from played_session import PlayedSession
from played_station import PlayedStation
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from collector.station.ros_domain import claim_domain
from collector.workflow.state_machine import State
from collector_interfaces.msg import AttemptFeedback
from ui.bridge import StationBridge, attempt_report, session_report
from ui.console import Console, system_instant
from ui.console_window import ConsoleWindow
from ui.cues import Cue
from ui.sample_sessions import BEST, MEASURES
from ui.sample_status import PRACTISED, TASKS, collecting, marks, signed_out, status
from ui.session_view import Lack, Page
from ui.theme import LIGHT
from ui.values import Outcome, SessionCall

pytestmark = [
    pytest.mark.ros,
    pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning"),
]
DOMAIN_ID = claim_domain()
LIMIT_MS = 20_000


@pytest.fixture(autouse=True)
def _on_this_host_alone(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")


@pytest.fixture
def console(qtbot):
    bridge, window = StationBridge(DOMAIN_ID), ConsoleWindow(LIGHT)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    cues = []
    made = Console(bridge, window, play=cues.append, parent=window)
    made.window, made.bridge, made.cues = window, bridge, cues
    bridge.start()
    yield made
    bridge.close()


@pytest.fixture
def station():
    made = PlayedStation(DOMAIN_ID)
    yield made
    made.close()


@pytest.fixture
def play():
    played = []

    def begin(shown) -> PlayedSession:
        played.append(PlayedSession(DOMAIN_ID, shown))
        return played[-1]

    yield begin
    for session in played:
        session.close()


def view(console):
    now = system_instant()
    return console.session.view(now, console.facts.view(now))


def joined(console, qtbot, page):
    qtbot.waitUntil(lambda: view(console).page is page, timeout=LIMIT_MS)
    qtbot.waitUntil(console.bridge._session.service_is_ready, timeout=LIMIT_MS)


def test_it_joins_a_session_that_is_under_way(console, station, play, qtbot):
    play(collecting())
    joined(console, qtbot, Page.WORK)
    assert view(console).task.task_id == TASKS[1]
    assert console.window.commands.isVisible()
    qtbot.waitUntil(
        lambda: any(
            cell.attempts_left == 412 for cell in console.facts.view(system_instant()).cells
        ),
        timeout=LIMIT_MS,
    )


def test_the_layout_is_drawn_through_the_cameras_own_calibration(console, station, play, qtbot):
    play(collecting())
    picture = console.window.cameras["static"].picture
    qtbot.waitUntil(lambda: picture._layout is not None, timeout=LIMIT_MS)
    assert {item.name for item in picture._layout.objects} == {"red_block", "bowl"}


@pytest.mark.parametrize(
    ("key", "request_name"),
    [
        (Qt.Key.Key_R, "start_stop"),
        (Qt.Key.Key_F5, "start_stop"),
        (Qt.Key.Key_F13, "start_stop"),
        (Qt.Key.Key_Y, "success"),
        (Qt.Key.Key_N, "failure"),
        (Qt.Key.Key_Backspace, "discard"),
        (Qt.Key.Key_P, "pause"),
    ],
)
def test_a_key_asks_the_session_and_is_acknowledged_at_once(
    console, station, play, qtbot, key, request_name
):
    session = play(collecting())
    joined(console, qtbot, Page.WORK)
    qtbot.keyClick(console.window, key)
    if request_name != "pause":
        assert console.cues == [Cue.PRESSED]  # before any answer
    qtbot.waitUntil(lambda: bool(session.asked), timeout=LIMIT_MS)
    assert [asked.request for asked in session.asked] == [request_name]
    assert session.asked[0].source == "console"
    qtbot.waitUntil(lambda: not console.session.pending, timeout=LIMIT_MS)


def test_a_refusal_is_told_in_the_sessions_words_with_its_tone(console, station, play, qtbot):
    session = play(collecting())
    session.answer = lambda _, response: setattr(response, "message", "no attempt is running")
    joined(console, qtbot, Page.WORK)
    qtbot.keyClick(console.window, "y")
    qtbot.waitUntil(lambda: view(console).banner.refusal is not None, timeout=LIMIT_MS)
    assert view(console).banner.refusal.message == "no attempt is running"
    assert console.cues[-1] is Cue.REFUSED


def test_signing_in_sends_operator_and_pin_and_empties_the_pin(console, station, play, qtbot):
    session = play(signed_out())
    session.answer = lambda _, response: setattr(response, "message", "the PIN is wrong")
    joined(console, qtbot, Page.SIGN_IN)
    page = console.window.sign_in
    page.operator.setFocus()
    qtbot.keyClicks(page.operator, "op-07")
    qtbot.keyClick(page.operator, Qt.Key.Key_Return)
    assert QApplication.focusWidget() is page.pin
    qtbot.keyClicks(page.pin, "4711")
    qtbot.keyClick(page.pin, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(session.asked), timeout=LIMIT_MS)
    asked = session.asked[0]
    assert (asked.request, asked.who, asked.pin) == ("sign_in", "op-07", "4711")
    qtbot.waitUntil(lambda: page.pin.text() == "", timeout=LIMIT_MS)
    assert "PIN is wrong" in page._problem.text()


def test_after_signing_in_the_keys_are_commands_not_digits(console, station, play, qtbot):
    session = play(signed_out())

    def welcome(_, response) -> None:  # as the session does: first the state, then the answer
        session.tell(collecting())
        response.ok = True

    session.answer = welcome
    joined(console, qtbot, Page.SIGN_IN)
    page = console.window.sign_in
    page.operator.setText("op-07")
    page.pin.setFocus()
    qtbot.keyClicks(page.pin, "4711")
    qtbot.keyClick(page.pin, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: view(console).page is Page.WORK, timeout=LIMIT_MS)
    qtbot.waitUntil(lambda: not console.session.pending, timeout=LIMIT_MS)
    QApplication.processEvents()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_R)
    qtbot.waitUntil(lambda: len(session.asked) == 2, timeout=LIMIT_MS)
    assert session.asked[1].request == "start_stop"


def test_every_change_has_its_tone(console, station, play, qtbot):
    session = play(collecting(State.COUNTDOWN))
    joined(console, qtbot, Page.WORK)
    mark = marks(TASKS[1], "r", "collection", 18)[0]
    before = collecting().marks
    session.tell(collecting(State.RECORDING, attempt=mark, marks=(*before, mark)))
    qtbot.waitUntil(lambda: console.cues == [Cue.START], timeout=LIMIT_MS)
    done = mark.model_copy(update={"outcome": "success", "ended_ns": mark.started_ns + 1})
    session.tell(collecting(State.RESETTING, marks=(*before, done)))
    qtbot.waitUntil(lambda: console.cues == [Cue.START, Cue.SUCCESS], timeout=LIMIT_MS)


def test_figures_of_practice_are_shown_while_it_runs_and_after(console, station, play, qtbot):
    running_mark = marks(TASKS[0], "r", begin=10)[0]
    session = play(status(State.RECORDING, attempt=running_mark, marks=(*PRACTISED, running_mark)))
    joined(console, qtbot, Page.WORK)
    message = AttemptFeedback(
        attempt_id=running_mark.attempt_id,
        phase="practice",
        outcome="recording",
        elapsed_s=4.0,
        measures_json=json.dumps(MEASURES.as_dict()),
        best_json=json.dumps(dataclasses.asdict(BEST)),
    )
    session.tell_attempt(message, card=False)
    qtbot.waitUntil(lambda: view(console).feedback is not None, timeout=LIMIT_MS)
    assert view(console).feedback.live
    message.outcome, message.advice = "success", "go straight"
    session.tell_attempt(message, card=True)
    ended = running_mark.model_copy(update={"outcome": "success"})
    session.tell(status(State.RESETTING, marks=(*PRACTISED, ended)))
    qtbot.waitUntil(
        lambda: view(console).feedback is not None and not view(console).feedback.live,
        timeout=LIMIT_MS,
    )
    assert view(console).feedback.advice == "go straight"


def test_it_survives_a_session_that_dies_and_returns(console, station, play, qtbot):
    session = play(collecting())
    joined(console, qtbot, Page.WORK)
    session.close()
    qtbot.waitUntil(lambda: view(console).banner.lack is Lack.SILENT, timeout=LIMIT_MS)
    console.bridge.call(SessionCall("success"))
    qtbot.waitUntil(lambda: console.session.refused is not None, timeout=LIMIT_MS)
    assert console.session.refused.outcome is Outcome.NOT_THERE
    play(status())
    qtbot.waitUntil(lambda: view(console).banner.lack is None, timeout=LIMIT_MS)
    assert view(console).task.task_id == TASKS[0]


def test_a_session_of_another_version_is_told(console, station, play, qtbot):
    session = play(collecting())
    joined(console, qtbot, Page.WORK)
    session.tell_text('{"state": "dreaming"}')
    qtbot.waitUntil(lambda: view(console).banner.lack is Lack.UNREADABLE, timeout=LIMIT_MS)


def test_the_keyboard_moves_the_arm_while_keys_are_held(console, station, play, qtbot):
    session = play(collecting())
    joined(console, qtbot, Page.WORK)
    qtbot.waitUntil(console.bridge.teleop_is_heard, timeout=LIMIT_MS)
    stop = console.window.arm.stop_button
    qtbot.keyPress(stop, Qt.Key.Key_W)
    assert not session.twists  # not switched on
    qtbot.keyRelease(stop, Qt.Key.Key_W)
    qtbot.keyClick(stop, Qt.Key.Key_F9)
    qtbot.keyPress(stop, Qt.Key.Key_W)
    qtbot.waitUntil(lambda: len(session.twists) >= 5, timeout=LIMIT_MS)
    assert session.twists[-1].twist.linear.x == pytest.approx(0.08)
    assert session.twists[-1].header.frame_id == "base"
    qtbot.keyRelease(stop, Qt.Key.Key_W)
    qtbot.waitUntil(lambda: session.twists[-1].twist.linear.x == 0, timeout=LIMIT_MS)
    qtbot.keyPress(stop, Qt.Key.Key_G)
    qtbot.waitUntil(lambda: session.grippers[-1] == 1.0, timeout=LIMIT_MS)


# Out of messages


def test_a_state_that_cannot_be_read_says_so_in_a_sentence():
    for text in ("", "{", '{"state": "practice"}'):
        report = session_report(text, 5)
        assert report.status is None
        assert "another version" in report.problem
    assert session_report(collecting().model_dump_json(), 5).status == collecting()


def test_measures_that_cannot_be_read_are_left_out():
    report = attempt_report(AttemptFeedback(measures_json="{}", best_json="no json"), 5)
    assert (report.measures, report.best) == (None, None)
