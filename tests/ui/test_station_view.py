"""What the window shows, from what was heard and the time alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ui.sample_states import NOW, STATES, arm, frame, recording, report, running
from ui.station_view import (
    NS_PER_S,
    CellState,
    Concern,
    PictureState,
    StationFacts,
    StationState,
)
from ui.values import (
    Command,
    CommandOutcome,
    Instant,
    Outcome,
    RecordingProgress,
    RecordingStatus,
    UnreadableFrame,
)


def later(seconds: float) -> Instant:
    """Return an instant after NOW."""
    ns = round(seconds * NS_PER_S)
    return Instant(NOW.monotonic_ns + ns, NOW.station_ns + ns)


def banner(facts: StationFacts, seconds: float = 0.0):
    return facts.view(later(seconds)).banner


def cell(facts: StationFacts, node: str, seconds: float = 0.0):
    return next(c for c in facts.view(later(seconds)).cells if c.node == node)


def picture(facts: StationFacts, camera: str, seconds: float = 0.0):
    return next(p for p in facts.view(later(seconds)).pictures if p.camera == camera)


def test_a_station_that_was_never_heard_is_waited_for_without_an_alarm():
    view = StationFacts().view(NOW)
    assert view.banner.state is StationState.WAITING
    assert {p.state for p in view.pictures} == {PictureState.NONE}
    assert {c.state for c in view.cells} == {CellState.UNHEARD}
    assert view.arm.level is None


def test_a_station_in_order_is_ready():
    assert banner(running()).state is StationState.READY


def test_a_station_that_falls_silent_is_lost_and_comes_back():
    facts = running()
    assert banner(facts, 3.2).state is StationState.LOST
    assert banner(facts, 12).seconds == pytest.approx(12, abs=0.1)
    back = running()
    for heard in (*back.frames.values(),):
        facts.on_frame(heard)
    facts.on_arm(arm())
    assert banner(facts).state is StationState.READY


def test_a_lost_station_raises_one_alarm_not_one_a_stream():
    assert {c.state for c in running().view(later(10)).cells} == {CellState.UNHEARD}


# Pictures


@pytest.mark.parametrize(
    ("age_s", "state"), [(0.299, PictureState.LIVE), (0.301, PictureState.STALE)]
)
def test_a_picture_is_live_up_to_300_ms(age_s, state):
    facts = StationFacts()
    facts.on_frame(frame("static", age_s))
    assert picture(facts, "static").state is state


def test_a_picture_that_came_late_is_as_old_as_its_exposure():
    facts = StationFacts()
    facts.on_frame(replace(frame("static", 2.0), arrived_ns=NOW.monotonic_ns))
    assert picture(facts, "static").age_s == pytest.approx(2.0)


def test_a_clock_that_lags_does_not_make_an_old_picture_live():
    facts = StationFacts()
    ahead = NOW.station_ns + 60 * NS_PER_S
    facts.on_frame(replace(frame("static"), stamp_ns=ahead, arrived_ns=NOW.monotonic_ns))
    assert picture(facts, "static", 0.1).state is PictureState.LIVE
    assert picture(facts, "static", 1.0).state is PictureState.STALE


def test_a_picture_that_cannot_be_shown_says_why_until_one_can():
    facts = running()
    facts.on_frame(UnreadableFrame("static", "encoding 'x'", NOW.monotonic_ns))
    assert picture(facts, "static").problem == "encoding 'x'"
    assert banner(facts).state is StationState.NOT_READY
    facts.on_frame(frame("static"))
    assert picture(facts, "static").state is PictureState.LIVE


# Recording


def test_recording_shows_time_since_the_goal_was_taken_and_the_episode():
    shown = banner(recording())
    assert shown.state is StationState.RECORDING
    assert shown.seconds == pytest.approx(42)
    assert (shown.episode_id, shown.steps, shown.gaps) == ("20261124T142918-sim-01-3f69", 213, 0)


def test_feedback_alone_says_that_it_records():
    facts = running()
    facts.on_progress(RecordingProgress(3, 0, 1000, NOW.monotonic_ns))
    assert banner(facts).state is StationState.RECORDING
    assert banner(facts).seconds is None


def test_the_end_of_the_goal_ends_the_recording_at_once():
    facts = recording()
    facts.on_status(RecordingStatus(False, 0, NOW.monotonic_ns))
    assert banner(facts).state is StationState.READY


def test_a_recorder_that_was_restarted_is_believed_over_the_old_goal():
    facts = recording()
    facts.on_stream(report("recorder", "ok", "Ready.", 0.0))
    assert banner(facts).state is StationState.READY


def test_the_next_episode_does_not_inherit_from_the_one_before():
    facts = recording(gaps=5)
    facts.on_status(RecordingStatus(False, 0, NOW.monotonic_ns))
    facts.on_status(RecordingStatus(True, NOW.station_ns, NOW.monotonic_ns))
    shown = banner(facts)
    assert (shown.seconds, shown.episode_id, shown.steps, shown.gaps) == (0, "", None, 0)


def test_a_recorder_that_dies_while_recording_never_keeps_looking_as_if_it_recorded():
    facts = recording()
    for camera in ("static", "wrist"):
        facts.on_frame(replace(frame(camera), arrived_ns=later(2.2).monotonic_ns))
    facts.on_arm(replace(arm(), arrived_ns=later(2.2).monotonic_ns))
    shown = banner(facts, 2.2)
    assert shown.state is StationState.NOT_READY
    assert shown.concern is Concern.RECORDING_CUT
    assert shown.episode_id == "20261124T142918-sim-01-3f69"


def test_what_goes_wrong_while_recording_is_on_the_banner():
    facts = recording()
    facts.on_frame(frame("wrist", 1.5))
    shown = banner(facts)
    assert shown.state is StationState.RECORDING
    assert (shown.concern, shown.subject) == (Concern.CAMERA_SILENT, "wrist")


# Not ready


def test_the_recorders_own_sentence_says_why_nothing_can_be_recorded():
    shown = banner(STATES["not_ready"]())
    assert (shown.state, shown.subject) == (StationState.NOT_READY, "recorder")
    assert "calibrate" in shown.sentence


@pytest.mark.parametrize(
    ("report_of_arm", "state", "concern"),
    [
        (arm("stopped"), StationState.STOPPED, Concern.ARM_STOPPED),
        (arm("lost", "no power"), StationState.NOT_READY, Concern.ARM_FAULT),
        (arm(age_s=1.2), StationState.NOT_READY, Concern.ARM_SILENT),
    ],
)
def test_an_arm_that_cannot_work_takes_ready_away(report_of_arm, state, concern):
    facts = running()
    facts.on_arm(report_of_arm)
    assert (banner(facts).state, banner(facts).concern) == (state, concern)


def test_a_warning_does_not_take_ready_away():
    facts = running()
    facts.on_stream(report("wrist_camera", "warning", "2 lost.", drops=2.0))
    assert banner(facts).state is StationState.READY
    assert cell(facts, "wrist_camera").state is CellState.WARNING


# Health


def test_a_cell_shows_the_figures_of_its_stream_and_the_synchronizers_skew():
    shown = cell(running(), "wrist_camera")
    assert (shown.rate_hz, shown.target_hz, shown.age_ms) == (29.93, 30.0, 21.0)
    assert (shown.skew_ms, shown.drops) == (11.2, 0)


def test_a_node_that_stops_reporting_does_not_keep_its_last_good_figures():
    facts = running()
    facts.on_stream(report("teleop", "ok", "The device answers.", age_s=3.5))
    shown = cell(facts, "teleop")
    assert shown.state is CellState.SILENT
    assert shown.silent_s == pytest.approx(3.5)
    assert shown.rate_hz is None


def test_a_node_that_is_not_of_every_station_shows_too_and_is_forgotten_when_gone():
    facts = running()
    facts.on_stream(report("simulator", "ok", "It runs.", age_s=4.0))
    assert cell(facts, "simulator").state is CellState.SILENT
    nodes = [c.node for c in facts.view(later(70)).cells]
    assert "simulator" not in nodes
    assert "recorder" in nodes


@pytest.mark.parametrize("nonsense", ["", "fast", "nan", "inf"])
def test_figures_that_are_none_do_no_harm(nonsense):
    facts = running()
    facts.on_stream(report("teleop", "ok", "Fine.", rate_hz=nonsense, drops=nonsense))
    assert cell(facts, "teleop").drops is None


# The arm


def test_the_stop_can_be_reset_only_while_the_arm_is_stopped():
    facts = running()
    assert not facts.view(NOW).arm.can_reset
    facts.on_arm(arm("stopped"))
    assert facts.view(NOW).arm.can_reset
    assert not facts.view(later(1.5)).arm.can_reset


def test_a_stop_is_pending_until_the_arm_says_that_it_stopped():
    facts = running()
    facts.on_command(Command.STOP_ARM)
    facts.on_outcome(CommandOutcome(Command.STOP_ARM, Outcome.DONE, "", NOW.monotonic_ns))
    assert facts.view(NOW).arm.pending is Command.STOP_ARM
    facts.on_arm(arm("stopped"))
    assert facts.view(NOW).arm.pending is None


@pytest.mark.parametrize("outcome", [Outcome.NOT_THERE, Outcome.NO_ANSWER, Outcome.REFUSED])
def test_a_stop_that_did_not_reach_the_arm_is_the_first_thing_to_know(outcome):
    facts = recording()
    facts.on_frame(frame("wrist", 9))
    facts.on_command(Command.STOP_ARM)
    facts.on_outcome(CommandOutcome(Command.STOP_ARM, outcome, "", NOW.monotonic_ns))
    assert banner(facts).state is StationState.NOT_STOPPED
    facts.on_arm(arm("stopped"))
    assert banner(facts).concern is Concern.ARM_STOPPED


def test_a_stop_that_was_accepted_and_does_not_show_is_no_stop():
    facts = recording()
    facts.on_command(Command.STOP_ARM)
    facts.on_outcome(CommandOutcome(Command.STOP_ARM, Outcome.DONE, "", NOW.monotonic_ns))
    facts.on_arm(replace(arm("moving"), arrived_ns=later(1.1).monotonic_ns))
    assert banner(facts, 0.9).state is StationState.RECORDING
    assert banner(facts, 1.1).state is StationState.NOT_STOPPED
    assert facts.view(later(60)).arm.failed.outcome is Outcome.NO_EFFECT
    facts.on_arm(replace(arm("stopped"), arrived_ns=later(1.2).monotonic_ns))
    assert facts.view(later(1.2)).arm.failed is None


def test_a_reset_that_is_refused_tells_why():
    facts = running()
    facts.on_arm(arm("stopped"))
    facts.on_command(Command.RESET_STOP)
    refused = CommandOutcome(Command.RESET_STOP, Outcome.REFUSED, "move", NOW.monotonic_ns)
    facts.on_outcome(refused)
    assert facts.view(NOW).arm.failed == refused
    assert facts.view(later(16)).arm.failed is None
