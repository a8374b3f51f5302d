"""The real console at the real simulated station, worked by keys alone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before anything makes an application

from operator_hands import OperatorHands
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from running_station import RunningStation, environment, steps_on_disk, wait_for
from small_workflow import PIN, TASKS, add_operator, described_station, open_catalogue

from collector.catalogue.operators import SUPERVISOR
from collector.cli.console import console_environment
from collector.episode.reader import EpisodeReader, find_episodes, read_summary
from collector.episode.verification import verify
from ui.actions import ActionId
from ui.bridge import StationBridge
from ui.console import Console, system_instant
from ui.console_window import ConsoleWindow
from ui.cues import Cue
from ui.feedback_view import FeedbackView
from ui.session_view import MarkKind, Page, PlanItem, SessionView
from ui.station_view import PictureState, StationState
from ui.theme import DARK
from ui.values import Outcome

pytestmark = [
    pytest.mark.ros,
    pytest.mark.system,
    # ROS imports a parser that imports what Python 3.11 deprecates.
    pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning"),
]

SUPERVISOR_PIN = "271828"
TABS = 40  # more than there are places to reach


class OperatorAtConsole:
    """A person who sees the window and has a keyboard, and hands for the device."""

    def __init__(self, domain_id: int, qtbot: Any) -> None:
        self._domain_id, self._qtbot = domain_id, qtbot
        self.hands = OperatorHands(domain_id)
        self.cues: list[Cue] = []
        self.figures: list[FeedbackView | None] = []  # at the end of each attempt
        self.open_window()

    def open_window(self) -> None:
        """Start the console as the command does."""
        self.bridge, self.window = StationBridge(self._domain_id), ConsoleWindow(DARK)
        self.console = Console(self.bridge, self.window, play=self.cues.append, parent=self.window)
        self.bridge.start()
        self.window.resize(1280, 800)
        self.window.show()
        self.window.activateWindow()
        self._qtbot.waitExposed(self.window)

    def close_window(self) -> None:
        self.window.close()
        self.console.deleteLater()
        self.window.deleteLater()
        self.bridge.close()

    def close(self) -> None:
        self.close_window()
        self.hands.close()

    # What a person does

    def press(self, key: Qt.Key | str) -> None:
        """Press a key; the window system hands it to whatever has the focus."""
        QTest.keyClick(self.window.windowHandle(), key)

    def type_text(self, text: str) -> None:
        for letter in text:
            self.press(letter)

    def reach(self, widget: QWidget) -> None:
        """Tab until a widget has the focus."""
        for _ in range(TABS):
            if QApplication.focusWidget() is widget:
                return
            self.press(Qt.Key.Key_Tab)
        raise AssertionError(f"{widget.accessibleName()} cannot be reached with Tab")

    def sign_in(self, operator_id: str, pin: str) -> None:
        self.until(lambda: self.view().page is Page.SIGN_IN, "the sign-in is there")
        self.type_text(operator_id)
        self.press(Qt.Key.Key_Return)
        self.type_pin(pin)
        # The session was heard before it can be asked, where it has just begun.
        while (refused := self.view().sign_in.refused) and refused.outcome is Outcome.NOT_THERE:
            self.type_pin(pin)

    def type_pin(self, pin: str) -> None:
        self.type_text(pin)
        self.press(Qt.Key.Key_Return)
        self.until(lambda: not self.view().sign_in.waiting, "the PIN is answered")
        QTest.qWait(200)

    def begin_attempt(self) -> None:
        """Arm as soon as that is possible, again if the session went back; see it record."""
        end_s = time.monotonic() + 40
        while self.word() != "RECORDING":
            assert time.monotonic() < end_s, f"it records: {self.seen()}"
            if self.caption(ActionId.START_STOP) == "Start":
                self.press("R")
                self.until(
                    lambda: "start_stop" not in self.console.session.pending, "R is answered"
                )
            QTest.qWait(50)

    def perform(self) -> None:
        """Do the task with the hands on the device."""
        self.hands.begin()
        self.until(lambda: self.hands.believes() is not None, "the hands have done it", 60)

    def attempt(self, label: Qt.Key | str, perform: bool = True) -> MarkKind:
        """One attempt, labelled with a key; return its mark on the plan.

        A busy machine may cost an attempt: it is marked so, and another one is made.
        """
        mark = MarkKind.INTERRUPTED
        while mark is MarkKind.INTERRUPTED:
            number = len(self.marks())
            self.begin_attempt()
            if perform:
                self.perform()
                self.figures.append(self.view().feedback)
            else:
                self.until(lambda: (self.view().banner.steps or 0) >= 3, "steps are recorded")
            self.press(label)
            self.until(
                lambda n=number: self.marks()[n] is not MarkKind.RECORDING, "the attempt has ended"
            )
            mark = self.marks()[number]
        return mark

    # What a person sees

    def until(self, happened: Callable[[], Any], what: str, deadline_s: float = 30) -> None:
        """Watch the window until something is to be seen."""
        end_s = time.monotonic() + deadline_s
        while not happened():
            assert time.monotonic() < end_s, f"{what} within {deadline_s} s: {self.seen()}"
            QTest.qWait(20)

    def view(self) -> SessionView:
        now = system_instant()
        return self.console.session.view(now, self.console.facts.view(now))

    def pictures(self) -> dict[str, PictureState]:
        views = self.console.facts.view(system_instant()).pictures
        return {picture.camera: picture.state for picture in views}

    def word(self) -> str:
        """The large word on the banner."""
        return self.window.banner.accessibleName().removeprefix("Station: ")

    def seen(self) -> str:
        """All that is written on the window now."""
        labels = [label for label in self.window.findChildren(QLabel) if label.isVisible()]
        return "\n".join(label.text() for label in labels if label.text())

    def caption(self, action: ActionId) -> str:
        button = self.window.commands.buttons[action]
        return button.text() if button.isVisible() else ""

    def task(self) -> PlanItem:
        return next(item for item in self.view().plan if item.current)

    def marks(self) -> list[MarkKind]:
        """All attempts of the session, oldest first."""
        marks = [mark for item in self.view().plan for mark in item.marks]
        return [mark.kind for mark in sorted(marks, key=lambda mark: mark.number)]


@pytest.fixture
def station(
    tmp_path: Path, domain_id: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunningStation]:
    """Described, not started; this process has the environment of its console."""
    running = described_station(tmp_path, domain_id)
    for name, value in console_environment(environment(domain_id), None).items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def operator_id(station: RunningStation, tmp_path: Path) -> str:
    """Who practises the first task here; the supervisor has opened the others."""
    known = add_operator(station, tmp_path)
    with open_catalogue(station) as catalogue:
        supervisor = catalogue.add_operator(SUPERVISOR_PIN, SUPERVISOR).operator_id
        for task in TASKS[1:]:
            catalogue.override_gate(known, task, task, supervisor, "practised elsewhere")
    return known


@pytest.fixture
def person(station: RunningStation, domain_id: int, qtbot: Any) -> Iterator[OperatorAtConsole]:
    made = OperatorAtConsole(domain_id, qtbot)
    yield made
    made.close()


@pytest.fixture
def quiet(qtlog: Any, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Neither Qt nor anybody else in this process complains of anything."""
    capfd.readouterr()
    yield
    assert [record.message for record in qtlog.records] == []
    assert capfd.readouterr().err == ""


@pytest.mark.timeout(240)
def test_a_whole_session_by_keys_alone(
    quiet: None, station: RunningStation, operator_id: str, person: OperatorAtConsole
) -> None:
    assert person.word() == "WAITING"
    station.start()
    sign_in_at_the_second_try(person, operator_id)
    person.until(lambda: person.word() == "PRACTISE", "the preflight passes", 60)
    assert set(person.pictures().values()) == {PictureState.LIVE}
    practise_until_the_gate_opens(person)
    pause_and_go_on(person)
    stop_the_arm_in_an_attempt(person)
    camera_fails_and_returns(person, station)
    person.until(lambda: person.word() == "READY", "collection goes on")
    assert person.attempt("Y") is MarkKind.SUCCESS
    person.until(lambda: sum(item.collected for item in person.view().plan) == 1, "it counts")
    sign_out(person)
    assert "1 demonstrations collected" in person.window.summary.accessibleDescription()
    person.press(Qt.Key.Key_Return)
    person.until(lambda: person.view().page is Page.SIGN_IN, "the next one can sign in")
    heard = set(person.cues)
    assert heard >= {Cue.COUNT, Cue.START, Cue.SUCCESS, Cue.FAILURE, Cue.DISCARD, Cue.FAULT}
    wait_for(lambda: everything_is_registered(station), 30, "everything is registered")
    station.stop()
    person.until(lambda: person.word() == "STATION LOST", "the station is gone")
    outcomes = [outcome for outcome in kept(station, operator_id) if outcome != "interrupted"]
    assert outcomes == ["success", "failure", "discarded", "success"]


@pytest.mark.endurance
@pytest.mark.timeout(240)
def test_a_console_that_is_killed_and_a_session_that_dies_lose_nothing(
    quiet: None, station: RunningStation, operator_id: str, person: OperatorAtConsole
) -> None:
    station.start()
    person.sign_in(operator_id, PIN)
    person.begin_attempt()
    person.until(lambda: (person.view().banner.steps or 0) >= 5, "some steps are recorded")
    person.close_window()
    wait_for(lambda: (steps_on_disk(station.data) or ("", 0))[1] >= 10, 20, "it is recorded on")
    person.open_window()
    person.until(lambda: person.word() == "RECORDING", "the recording that went on is shown")
    person.until(lambda: (person.view().banner.steps or 0) > 10, "its steps are counted on")
    assert person.view().banner.seconds > 2
    assert person.caption(ActionId.SUCCESS) == "Success"
    person.press("N")
    person.until(lambda: person.marks() == [MarkKind.FAILURE], "the attempt is labelled")
    person.begin_attempt()
    station.kill("session")
    person.until(
        lambda: person.marks() == [MarkKind.FAILURE, MarkKind.INTERRUPTED],
        "the session is back and has marked what it left",
    )
    person.until(
        lambda: (
            person.console.facts.view(system_instant()).banner.state is not StationState.RECORDING
        ),
        "what was recorded is sealed",
    )
    assert person.attempt("N", perform=False) is MarkKind.FAILURE
    seen = person.marks()
    sign_out(person)
    wait_for(lambda: everything_is_registered(station), 30, "everything is registered")
    station.stop()
    assert kept(station, operator_id) == [mark.value for mark in seen]


# A session's parts


def sign_in_at_the_second_try(person: OperatorAtConsole, operator_id: str) -> None:
    person.sign_in(operator_id, "0000")
    person.until(lambda: "is wrong" in person.seen(), "the wrong PIN is told")
    assert person.window.sign_in.pin.text() == ""
    end_s = time.monotonic() + 20
    while person.view().page is Page.SIGN_IN:  # failed tries back off
        assert time.monotonic() < end_s, person.seen()
        person.type_pin(PIN)
    person.until(lambda: person.view().checks, "the preflight is shown")


def practise_until_the_gate_opens(person: OperatorAtConsole) -> None:
    task = person.task()
    assert (task.task_id, task.gate.is_open) == (TASKS[0], False)
    assert person.attempt("Y") is MarkKind.SUCCESS
    person.until(
        lambda: (card := person.view().feedback) is not None and not card.live,
        "the card of the attempt is shown",
    )
    live = person.figures[-1]
    assert live is not None
    assert live.live
    assert len(live.figures) > 1
    assert "1 more" in person.seen()
    # Discarded, brought back, labelled.
    assert person.attempt(Qt.Key.Key_Backspace, perform=False) is MarkKind.DISCARDED
    person.until(lambda: person.caption(ActionId.DISCARD) == "Undo discard", "undo is offered")
    QTest.qWait(200)  # no bouncing foot
    person.press(Qt.Key.Key_Backspace)
    person.until(lambda: person.marks()[-1] is MarkKind.UNLABELLED, "the attempt is back")
    person.press("N")
    person.until(lambda: person.marks()[-1] is MarkKind.FAILURE, "it has its label")
    person.until(lambda: person.word() == "READY", "the gate has opened")
    opened = next(item for item in person.view().plan if item.task_id == TASKS[0])
    assert (opened.gate.is_open, opened.gate.successes, opened.gate.attempts) == (True, 1, 2)
    assert person.view().task.phase == "collection"


def pause_and_go_on(person: OperatorAtConsole) -> None:
    person.press("P")
    person.until(lambda: person.word() == "PAUSED", "it is paused")
    person.press("R")
    person.until(lambda: person.word() == "READY", "it goes on")


def stop_the_arm_in_an_attempt(person: OperatorAtConsole) -> None:
    person.begin_attempt()
    person.hands.begin()
    person.until(lambda: person.console.facts.arm.state == "moving", "the arm moves")
    person.press(Qt.Key.Key_Space)
    person.until(lambda: person.console.facts.arm.state == "stopped", "the arm is stopped", 5)
    person.until(lambda: "Stopped" in person.seen(), "the window says so", 5)
    person.hands.let_go()
    person.until(lambda: person.hands.believes() is not None, "the hands are off")
    person.press(Qt.Key.Key_Backspace)
    person.until(lambda: person.marks()[-1] is MarkKind.DISCARDED, "the attempt is discarded")
    person.until(lambda: person.word() in ("ARM STOPPED", "FAULT"), "the stop is on the banner")
    person.reach(person.window.arm.reset_button)
    person.press(Qt.Key.Key_Return)
    person.until(lambda: person.console.facts.arm.state != "stopped", "the arm may move again")
    person.until(lambda: not person.window.arm.reset_button.isVisible(), "nothing is to reset")
    # A stop that lasts is a fault, which somebody has to have seen to.
    person.until(lambda: person.word() in ("READY", "FAULT"), "the session says what is next")
    if person.word() == "FAULT":
        person.press("R")
    person.until(lambda: person.word() == "READY", "the session goes on")


def camera_fails_and_returns(person: OperatorAtConsole, station: RunningStation) -> None:
    camera = station.pids()["static_camera"]
    os.kill(camera, signal.SIGSTOP)
    try:
        person.until(lambda: person.pictures()["static"] is PictureState.STALE, "it is greyed")
        person.until(lambda: person.word() == "FAULT", "the session goes to fault")
        assert "static" in person.view().trouble
        assert person.caption(ActionId.START_STOP) == "Check again"
    finally:
        os.kill(camera, signal.SIGCONT)
    person.until(lambda: person.pictures()["static"] is PictureState.LIVE, "the video is back")
    person.press("R")
    person.until(lambda: person.view().page is Page.WORK, "the preflight passes again", 60)


def sign_out(person: OperatorAtConsole) -> None:
    person.until(lambda: person.view().can_sign_out, "signing out is possible")
    person.reach(person.window.operator.sign_out_button)
    person.press(Qt.Key.Key_Return)
    person.until(lambda: person.view().page is Page.SUMMARY, "the session is summed up")


def everything_is_registered(station: RunningStation) -> bool:
    """Return whether the catalogue has the episode of every attempt."""
    found = find_episodes(station.data)
    with open_catalogue(station) as catalogue:
        registered = {row.episode_id for row in catalogue.list_episodes().episodes}
        waiting = catalogue.open_session(station_id="sim-01") is not None
    return not found.partial and not waiting and registered == {p.name for p in found.sealed}


def kept(station: RunningStation, operator_id: str) -> list[str]:
    """Return the outcomes that the catalogue knows; each has its sealed and whole episode."""
    with open_catalogue(station) as catalogue:
        registered = {row.episode_id for row in catalogue.list_episodes().episodes}
        sealed = {path.name: path for path in find_episodes(station.data).sealed}
        assert registered == set(sealed)
        (session_id,) = {read_summary(path).session_id for path in sealed.values()}
        marks = sorted(catalogue.session_marks(session_id), key=lambda mark: mark.started_ns)
    assert {mark.episode_id for mark in marks} == set(sealed)
    for mark in marks:
        assert verify(sealed[mark.episode_id]) == []
        assert read_summary(sealed[mark.episode_id]).phase == mark.phase
        with EpisodeReader(sealed[mark.episode_id]) as episode:
            assert episode.attributes["collector_id"] == operator_id
    return [mark.outcome for mark in marks]
