"""What the window shows of a session, from what was heard and the time alone."""

from __future__ import annotations

import itertools

import pytest

from collector.workflow.commands import Command as Key
from collector.workflow.state_machine import Event, State
from ui.cues import Cue, count_of, cue_of
from ui.sample_sessions import SESSIONS, attempt, facts, recorded
from ui.sample_states import NOW, arm, running
from ui.sample_status import (
    PRACTISED,
    SESSION_ID,
    TASKS,
    collecting,
    gate,
    marks,
    signed_out,
    status,
    tasks,
)
from ui.session_view import Lack, MarkKind, Page, SessionFacts, mark_kind, task_view
from ui.session_wording import gate_headline, plan_progress, refusal_text, sign
from ui.sign import Tone
from ui.station_view import NS_PER_S, StationFacts
from ui.values import (
    Instant,
    Outcome,
    SessionAnswer,
    SessionCall,
    SessionReport,
)


def later(seconds: float) -> Instant:
    ns = round(seconds * NS_PER_S)
    return Instant(NOW.monotonic_ns + ns, NOW.station_ns + ns)


def view(sample, now: Instant = NOW):
    return sample.session.view(now, sample.station.view(now))


def shown(sample, now: Instant = NOW):
    station = sample.station.view(now)
    return sign(sample.session.view(now, station).banner, station.banner)


def command(sample, key: Key):
    return next(c for c in view(sample).commands if c.key is key)


# Pages


def test_without_a_session_the_station_alone_is_watched():
    station = running()
    seen = SessionFacts().view(NOW, station.view(NOW))
    assert seen.page is Page.WATCH
    assert seen.commands == ()
    assert sign(seen.banner, station.view(NOW).banner).word == "READY"


@pytest.mark.parametrize(
    ("state", "page"),
    [
        (State.PREFLIGHT, Page.PREFLIGHT),
        (State.RESETTING, Page.WORK),
        (State.RECORDING, Page.WORK),
        (State.PAUSED, Page.PAUSED),
        (State.FAULT, Page.FAULT),
    ],
)
def test_each_state_has_its_page(state, page):
    assert view(facts(status(state))).page is page


def test_a_console_that_is_opened_while_nobody_works_asks_to_sign_in():
    assert view(facts(signed_out())).page is Page.SIGN_IN


def test_signing_out_shows_what_the_session_came_to_until_it_is_left():
    sample = SESSIONS["summary"]()
    seen = view(sample)
    assert seen.page is Page.SUMMARY
    assert (seen.summary.demonstrations, seen.summary.discarded) == (19, 2)
    assert (seen.summary.successes, seen.summary.labelled) == (28, 33)
    sample.session.dismiss_summary()
    assert view(sample).page is Page.SIGN_IN


def test_a_session_without_an_attempt_is_summed_up_without_a_number_that_is_none():
    seen = view(SESSIONS["summary_empty"]())
    assert (seen.summary.attempts, seen.summary.seconds, seen.summary.points) == (0, 0, ())


# The banner


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_word_a_shape_and_the_next_action(state):
    made = signed_out() if state is State.SIGNED_OUT else status(state)
    station = recorded() if state is State.RECORDING else running()
    seen = shown(facts(made, station))
    assert seen.word
    assert seen.headline == made.next_action


def test_words_and_shapes_of_the_states_differ():
    signs = [
        shown(facts(signed_out() if s is State.SIGNED_OUT else status(s), recorded()))
        if s is State.RECORDING
        else shown(facts(signed_out() if s is State.SIGNED_OUT else status(s)))
        for s in State
    ]
    assert len({s.word for s in signs}) == len({s.shape for s in signs}) == len(State)


def test_only_recording_is_red_and_practice_and_collection_differ():
    for state in State:
        made = signed_out() if state is State.SIGNED_OUT else status(state)
        station = recorded() if state is State.RECORDING else running()
        assert (shown(facts(made, station)).tone is Tone.RECORDING) == (state is State.RECORDING)
    practice, collection = (shown(facts(made)) for made in (status(), collecting()))
    assert (practice.phase, collection.phase) == ("practice", "collection")
    assert practice.phase_word != collection.phase_word


def test_the_countdown_counts_whole_seconds_down():
    sample = SESSIONS["countdown"]()
    assert [shown(sample, later(s)).clock for s in (0, 0.2, 1.2, 2.05, 2.2)] == list("32110")


def test_recording_shows_steps_against_the_budget_and_gaps_as_a_warning():
    sample = SESSIONS["collection_gaps"]()
    seen = shown(sample)
    assert "step 47 of at most 150" in seen.detail
    assert "3 gaps" in seen.warning
    assert seen.clock == "0:09"


def test_a_session_that_records_while_the_recorder_does_not_is_told():
    mark = marks(TASKS[0], "r", begin=10)[0]
    sample = facts(status(State.RECORDING, 2.5, attempt=mark, marks=(*PRACTISED, mark)))
    assert "recorder does not record" in shown(sample).warning
    sample = facts(status(State.RECORDING, 0.5, attempt=mark, marks=(*PRACTISED, mark)))
    assert shown(sample).warning == ""


def test_a_recording_that_the_session_knows_nothing_of_is_never_hidden():
    sample = facts(signed_out(), recorded())
    assert shown(sample).word == "RECORDING"


def test_a_silent_session_is_lost_and_comes_back():
    sample = facts(collecting())
    assert shown(sample, later(0.1)).word == "READY"
    station = sample.station.view(NOW)
    lost = sample.session.view(later(3.2), station)
    assert lost.banner.lack is Lack.SILENT
    assert sign(lost.banner, station.banner).word == "SESSION LOST"
    sample.session.on_alive(later(3.2).monotonic_ns)
    assert sample.session.view(later(3.2), station).banner.lack is None


def test_a_session_that_dies_while_it_records_leaves_recording_on_the_banner():
    sample = SESSIONS["collection_recording"]()
    sample.session._heard_ns = NOW.monotonic_ns - 5 * NS_PER_S
    seen = shown(sample)
    assert seen.word == "RECORDING"
    assert "session is not heard" in seen.warning


def test_a_session_of_another_version_is_told_and_keeps_what_was_known():
    sample = SESSIONS["session_unreadable"]()
    assert "another version" in shown(sample).headline
    assert view(sample).page is Page.WORK


def test_a_stopped_arm_takes_ready_away_but_not_recording():
    station = running()
    station.on_arm(arm("stopped"))
    assert shown(facts(collecting(), station)).word == "ARM STOPPED"
    station = recorded()
    station.on_arm(arm("stopped"))
    mark = marks(TASKS[1], "r", "collection", 18)[0]
    seen = shown(facts(collecting(State.RECORDING, attempt=mark), station))
    assert seen.word == "RECORDING"
    assert "latched" in seen.warning


def test_a_lost_station_is_the_first_thing_to_know():
    sample = facts(collecting())
    assert shown(sample, later(5)).word == "STATION LOST"
    nothing = StationFacts()
    assert sign(sample.session.view(NOW, nothing.view(NOW)).banner, nothing.view(NOW).banner)


# What was asked


def test_a_refused_command_says_why_for_some_seconds():
    sample = SESSIONS["refused"]()
    assert shown(sample).warning.startswith("No attempt waits for a label")
    assert sample.session.view(later(9), sample.station.view(NOW)).banner.refusal is None


def test_a_press_is_marked_at_once_and_until_it_is_answered():
    sample = facts(collecting())
    call = SessionCall("start_stop")
    sample.session.on_call(call, NOW)
    pressed = command(sample, Key.START_STOP)
    assert pressed.pressed
    assert pressed.pending
    sample.session.on_answer(SessionAnswer(call, Outcome.DONE, "", "arm", NOW.monotonic_ns))
    assert not command(sample, Key.START_STOP).pending


def test_buttons_say_what_they_would_come_to():
    assert command(facts(collecting()), Key.START_STOP).event is Event.ARM
    assert command(SESSIONS["countdown"](), Key.START_STOP).event is Event.DISARM
    assert command(SESSIONS["collection_recording"](), Key.START_STOP).event is Event.END
    assert command(SESSIONS["paused"](), Key.START_STOP).event is Event.RESUME
    assert command(facts(collecting()), Key.SUCCESS).event is None
    last = command(facts(collecting()), Key.DISCARD)
    assert last.last
    assert not last.undo
    assert command(SESSIONS["discarded"](), Key.DISCARD).undo
    assert command(facts(status(marks=())), Key.DISCARD).event is None


def test_an_attempt_left_without_a_label_can_still_be_labelled():
    left = (*PRACTISED[:-1], marks(TASKS[0], "u", begin=9)[0])
    sample = facts(status(State.RESETTING, marks=left))
    assert command(sample, Key.SUCCESS).event is Event.RELABEL


def test_signing_in_waits_then_tells_why_not_and_empties_the_pin():
    sample = facts(signed_out())
    call = SessionCall("sign_in", "op-07", "1234")
    sample.session.on_call(call, NOW)
    assert view(sample).sign_in.waiting
    before = view(sample).sign_in.attempts
    sample.session.on_answer(
        SessionAnswer(call, Outcome.REFUSED, "the PIN is wrong", "", NOW.monotonic_ns)
    )
    seen = view(sample).sign_in
    assert (seen.waiting, refusal_text(seen.refused)) == (False, "The PIN is wrong.")
    assert seen.attempts == before + 1


def test_signing_in_at_a_session_that_does_not_answer_is_told_in_a_sentence():
    sample = facts(signed_out())
    call = SessionCall("sign_in", "op-07", "1234")
    for outcome, said in ((Outcome.NOT_THERE, "is not there"), (Outcome.NO_ANSWER, "try again")):
        sample.session.on_answer(SessionAnswer(call, outcome, "", "", NOW.monotonic_ns))
        assert said in refusal_text(view(sample).sign_in.refused)


def test_a_pin_is_never_printed():
    assert "1234" not in repr(SessionCall("sign_in", "op-07", "1234"))


# The task


def test_the_gate_is_told_as_a_count_and_what_is_missing():
    assert gate_headline(task_view(status())) == "8 of 10, 2 more successes open collection"
    one = status(tasks=tasks(**{TASKS[0]: gate(TASKS[0], 9, 9, 1)}))
    assert gate_headline(task_view(one)) == "9 of 10, 1 more success opens collection"
    assert gate_headline(task_view(collecting())) == "4 of 12 in this block, 212 of 400 in all"


def test_the_plan_shows_the_task_in_hand_and_every_tasks_attempts():
    plan = view(facts(collecting())).plan
    assert [item.current for item in plan] == [False, True, False, False]
    assert [len(item.marks) for item in plan] == [12, 6, 0, 0]
    assert plan[1].marks[0].collected
    assert not plan[0].marks[0].collected
    assert plan_progress(plan[2]) == "0 of 10, 10 more to open"
    assert plan_progress(plan[3]) == "quota met: 400 of 400"


def test_a_success_that_is_contradicted_has_a_mark_of_its_own():
    kinds = [mark_kind(mark) for mark in marks(TASKS[0], "scfdiur")]
    assert kinds == [
        MarkKind.SUCCESS,
        MarkKind.CONTRADICTED,
        MarkKind.FAILURE,
        MarkKind.DISCARDED,
        MarkKind.INTERRUPTED,
        MarkKind.UNLABELLED,
        MarkKind.RECORDING,
    ]


# Practice


def test_practice_shows_live_figures_then_the_card_and_collection_neither():
    live = view(SESSIONS["practice_recording"]()).feedback
    assert live.live
    card = view(SESSIONS["practice_card"]()).feedback
    assert not card.live
    assert "go straight" in card.advice
    sample = SESSIONS["collection_ready"]()
    sample.session.on_card(attempt("success"))
    assert view(sample).feedback is None


def test_figures_of_another_attempt_are_not_shown():
    sample = SESSIONS["practice_recording"]()
    sample.session.on_feedback(attempt("recording", attempt_id=f"{SESSION_ID}-0001"))
    assert view(sample).feedback is None
    sample = facts(status())
    sample.session.on_card(attempt("success", attempt_id="somebody-elses"))
    assert view(sample).feedback is None


# Layout


def test_a_layout_is_drawn_before_an_attempt_and_not_during_it():
    for state in State:
        made = signed_out() if state is State.SIGNED_OUT else status(state)
        drawn = view(facts(made)).layout is not None
        before = (State.RESETTING, State.ARMED, State.PRACTICE, State.COLLECTING, State.COUNTDOWN)
        assert drawn == (state in before)


# Cues


@pytest.mark.parametrize(
    ("before", "after", "cue"),
    [
        (collecting(State.COUNTDOWN), collecting(State.RECORDING), Cue.START),
        (collecting(State.RECORDING), collecting(State.DECIDING), Cue.STOP),
        (collecting(), collecting(State.FAULT), Cue.FAULT),
        (collecting(), collecting(State.ARMED), None),
        (None, collecting(State.RECORDING), None),
        (signed_out(), collecting(State.RECORDING), None),
    ],
)
def test_what_happens_has_its_tone(before, after, cue):
    assert cue_of(before, after) is cue


@pytest.mark.parametrize(
    ("letter", "cue"),
    [("s", Cue.SUCCESS), ("f", Cue.FAILURE), ("d", Cue.DISCARD), ("i", Cue.FAULT)],
)
def test_each_end_of_an_attempt_has_its_tone(letter, cue):
    recording = status(State.RECORDING, marks=tuple(marks(TASKS[0], "r")))
    ended = status(State.RESETTING, marks=tuple(marks(TASKS[0], letter)))
    assert cue_of(recording, ended) is cue
    assert cue_of(ended, ended) is None


def test_every_second_of_the_countdown_sounds_once():
    counts = [None, 3, 3, 2, 2, 1, 0, None]
    cues = [count_of(a, b) for a, b in itertools.pairwise(counts)]
    assert cues == [Cue.COUNT, None, Cue.COUNT, None, Cue.COUNT, None, None]


def test_the_summary_forgets_nothing_when_the_next_one_signs_in():
    sample = SESSIONS["summary"]()
    sample.session.on_session(SessionReport(status(marks=()), "", NOW.monotonic_ns))
    assert view(sample).page is Page.WORK
    assert view(sample).summary is None
