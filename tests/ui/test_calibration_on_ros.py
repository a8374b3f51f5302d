"""The whole wizard on real ROS 2, against a calibrator that the test plays."""

from __future__ import annotations

import os

import pytest
from played_calibrator import PlayedCalibrator

from ui.calibration_bridge import CalibrationBridge
from ui.calibration_signs import NavAction
from ui.calibration_view import Trouble, WizardStep
from ui.calibration_window import CalibrationWindow
from ui.calibration_wizard import Wizard
from ui.console import system_instant
from ui.sample_calibration_values import calibration
from ui.theme import LIGHT
from ui.values import Command

pytestmark = [
    pytest.mark.ros,
    # ROS imports a parser that imports what Python 3.11 deprecates.
    pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning"),
]
DOMAIN_ID = 1 + (os.getpid() + 70) % 100  # other tests may run beside these
LIMIT_MS = 20_000  # a machine under load: only a failure waits so long


@pytest.fixture(autouse=True)
def _on_this_host_alone(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")


@pytest.fixture
def played(tmp_path):
    path = tmp_path / "candidate.yaml"
    calibration().save(path)
    made = PlayedCalibrator(DOMAIN_ID, path)
    yield made
    made.close()


@pytest.fixture
def wizard(qtbot, tmp_path):
    bridge, window = CalibrationBridge(DOMAIN_ID), CalibrationWindow(LIGHT)
    qtbot.addWidget(window)
    window.show()
    opened = []
    files = {"static": tmp_path / "calibration" / "static.yaml"}
    made = Wizard(bridge, window, files, open_file=opened.append, parent=window)
    made.window, made.bridge, made.opened = window, bridge, opened
    bridge.start()
    window.choose.person.setText("Ada")
    window.choose.width_field.setText("180.0")
    yield made
    bridge.close()


def view(wizard):
    now = system_instant()
    return wizard.facts.view(now, wizard.station.view(now))


def go_to_poses(wizard, qtbot):
    qtbot.waitUntil(wizard.bridge.is_there, timeout=LIMIT_MS)
    wizard.act(NavAction.NEXT)
    assert wizard.facts.step is WizardStep.CHECK
    wizard.facts.step = WizardStep.PROPOSE  # no camera is played here: the check would hold it
    wizard.look()


def begin(wizard, qtbot):
    go_to_poses(wizard, qtbot)
    wizard.act(NavAction.PROPOSE)
    qtbot.waitUntil(lambda: wizard.facts.proposal is not None, timeout=LIMIT_MS)
    wizard.window.propose.confirm.setChecked(True)
    wizard.act(NavAction.DRIVE)
    qtbot.waitUntil(lambda: wizard.facts.progress is not None, timeout=LIMIT_MS)


def test_from_the_camera_to_the_calibration_in_force(wizard, played, qtbot):
    begin(wizard, qtbot)
    assert len(wizard.facts.proposal.poses) == 2
    (goal,) = played.goals
    assert (goal.camera, goal.person, goal.square_m) == ("static", "Ada", pytest.approx(0.03))
    assert "0.5" in goal.poses_json
    assert wizard.facts.progress.sentence == "Tilt the board."
    assert wizard.facts.progress.figures.excitation_rad == (0.1, 0.2, 0.3)
    played.finish.set()
    qtbot.waitUntil(lambda: wizard.facts.step is WizardStep.RESULT, timeout=LIMIT_MS)
    assert wizard.facts.candidate.calibration == calibration()
    wizard.act(NavAction.REPORT)
    assert [str(path) for path in wizard.opened] == ["/tmp/report.html"]
    wizard.act(NavAction.ACCEPT)
    qtbot.waitUntil(lambda: wizard.facts.step is WizardStep.DONE, timeout=LIMIT_MS)
    (decision,) = played.decided
    assert (decision.accept, decision.person) == (True, "Ada")
    assert wizard.facts.answer.path == "/calibration/static.yaml"


def test_the_board_and_the_arm_are_heard(wizard, played, qtbot):
    qtbot.waitUntil(lambda: view(wizard).board is not None, timeout=LIMIT_MS)
    assert view(wizard).board.pixels == ((10.0, 20.0), (30.0, 40.0))
    qtbot.waitUntil(lambda: view(wizard).tool is not None, timeout=LIMIT_MS)
    assert view(wizard).tool[0] == pytest.approx(0.4)


def test_driving_is_never_asked_for_without_the_persons_word(wizard, played, qtbot):
    go_to_poses(wizard, qtbot)
    wizard.act(NavAction.PROPOSE)
    qtbot.waitUntil(lambda: wizard.facts.proposal is not None, timeout=LIMIT_MS)
    wizard.act(NavAction.DRIVE)
    assert wizard.facts.step is WizardStep.PROPOSE
    assert played.goals == []


def test_cancel_ends_it_and_nothing_is_kept(wizard, played, qtbot):
    begin(wizard, qtbot)
    wizard.act(NavAction.CANCEL)
    qtbot.waitUntil(lambda: wizard.facts.step is WizardStep.PROPOSE, timeout=LIMIT_MS)
    assert played.cancelled.is_set()
    assert wizard.facts.ending is None


def test_stopping_an_arm_that_drives_itself_cancels_too(wizard, played, qtbot):
    begin(wizard, qtbot)
    wizard.window.command_asked.emit(Command.STOP_ARM)
    qtbot.waitUntil(played.cancelled.is_set, timeout=LIMIT_MS)


def test_a_window_that_is_closed_cancels_what_it_began(wizard, played, qtbot):
    begin(wizard, qtbot)
    wizard.bridge.close()
    assert played.cancelled.wait(LIMIT_MS / 1000)


def test_a_busy_calibrator_is_said(wizard, played, qtbot):
    played.takes_goals = False
    go_to_poses(wizard, qtbot)
    wizard.act(NavAction.BY_HAND)
    qtbot.waitUntil(lambda: view(wizard).trouble is Trouble.FAILED, timeout=LIMIT_MS)
    assert "busy" in view(wizard).trouble_sentence
    assert played.goals[0].poses_json == ""


def test_a_refusal_to_propose_is_said(wizard, played, qtbot):
    played.poses = ""
    go_to_poses(wizard, qtbot)
    wizard.act(NavAction.PROPOSE)
    qtbot.waitUntil(lambda: wizard.facts.proposal is not None, timeout=LIMIT_MS)
    assert wizard.facts.proposal.message == "no pose of the static camera is safe"


def test_a_verdict_that_cannot_be_read_is_never_taken_for_good(wizard, played, qtbot):
    played.verdict = '[{"level": "splendid"}]'
    begin(wizard, qtbot)
    played.finish.set()
    qtbot.waitUntil(lambda: view(wizard).trouble is Trouble.FAILED, timeout=LIMIT_MS)
    assert "splendid" in view(wizard).trouble_sentence


def test_capturing_again_throws_the_result_away(wizard, played, qtbot):
    begin(wizard, qtbot)
    played.finish.set()
    qtbot.waitUntil(lambda: wizard.facts.step is WizardStep.RESULT, timeout=LIMIT_MS)
    wizard.act(NavAction.AGAIN)
    assert wizard.facts.step is WizardStep.PROPOSE
    qtbot.waitUntil(lambda: len(played.decided) == 1, timeout=LIMIT_MS)
    assert not played.decided[0].accept


def test_without_a_calibrator_the_wizard_says_so_and_lives(wizard, qtbot):
    assert not wizard.bridge.is_there()
    wizard.facts.step = WizardStep.PROPOSE
    wizard.act(NavAction.PROPOSE)
    assert "not running" in wizard.facts.proposal.message
    wizard.act(NavAction.BY_HAND)
    assert view(wizard).trouble is Trouble.FAILED
    assert "not running" in view(wizard).trouble_sentence
