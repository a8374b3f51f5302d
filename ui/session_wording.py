"""The texts of what the window shows of the session, through Qt's translation."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from collector.workflow.commands import Command as Key
from collector.workflow.state_machine import Event, State
from ui.feedback_view import FeedbackView, Figure, Measure
from ui.session_view import (
    CommandView,
    GateView,
    Lack,
    MarkKind,
    MarkView,
    PlanItem,
    SessionBanner,
    TaskView,
)
from ui.sign import Shape, Sign, Tone
from ui.station_view import BannerView, Concern, StationState
from ui.values import Outcome, SessionAnswer
from ui.wording import (
    concern_text,
    duration,
    elapsed,
    node_title,
    sentence,
    station_sign,
)

translate = QCoreApplication.translate
PRACTICE, COLLECTION = "practice", "collection"

_SHAPES = {
    State.SIGNED_OUT: Shape.PERSON,
    State.PREFLIGHT: Shape.LIST,
    State.RESETTING: Shape.BLOCKS,
    State.ARMED: Shape.TARGET,
    State.PRACTICE: Shape.RING,
    State.COLLECTING: Shape.PLAY,
    State.COUNTDOWN: Shape.CLOCK,
    State.RECORDING: Shape.DISC,
    State.DECIDING: Shape.QUESTION,
    State.PAUSED: Shape.BARS,
    State.FAULT: Shape.CROSS,
}
_TONES = {
    State.PRACTICE: Tone.PRACTICE,
    State.COLLECTING: Tone.READY,
    State.ARMED: Tone.ASKING,
    State.COUNTDOWN: Tone.ASKING,
    State.DECIDING: Tone.ASKING,
    State.RECORDING: Tone.RECORDING,
    State.FAULT: Tone.ALERT,
}


def task_title(task_id: str) -> str:
    """Return a task's id in words."""
    words = task_id.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def phase_word(phase: str) -> str:
    return {
        PRACTICE: translate("phase", "PRACTICE"),
        COLLECTION: translate("phase", "COLLECTION"),
    }.get(phase, "")


# The banner


def state_word(state: State) -> str:
    return {
        State.SIGNED_OUT: translate("banner", "SIGNED OUT"),
        State.PREFLIGHT: translate("banner", "PREFLIGHT"),
        State.RESETTING: translate("banner", "LAY OUT"),
        State.ARMED: translate("banner", "ARMED"),
        State.PRACTICE: translate("banner", "PRACTISE"),
        State.COLLECTING: translate("banner", "READY"),
        State.COUNTDOWN: translate("banner", "GET READY"),
        State.RECORDING: translate("banner", "RECORDING"),
        State.DECIDING: translate("banner", "DECIDE"),
        State.PAUSED: translate("banner", "PAUSED"),
        State.FAULT: translate("banner", "FAULT"),
    }[state]


def sign(session: SessionBanner, station: BannerView, over: bool = False) -> Sign:
    """Return what the banner shows: the session's state, or the station's where it counts.

    ``over``: the summary of a session that has ended is shown.
    """
    if session.lack in (Lack.SILENT, Lack.UNREADABLE) and session.state is not None:
        return _lost_sign(session)
    if session.state is None:
        return _station_sign(session, station)
    state = session.state
    word, headline = state_word(state), sentence(session.next_action)
    if over and state is State.SIGNED_OUT:
        word = translate("banner", "SESSION OVER")
        headline = translate("banner", "Press Next sign-in to go on.")
    return Sign(
        word=word,
        shape=_SHAPES[state],
        tone=_TONES.get(state, Tone.IDLE),
        headline=headline,
        detail=_detail(session),
        warning=_warning(session),
        clock=_clock(session),
        clock_name=translate("banner", "Seconds left")
        if session.countdown is not None
        else translate("banner", "Time in this state"),
        phase=session.phase,
        phase_word=phase_word(session.phase),
    )


def _station_sign(session: SessionBanner, station: BannerView) -> Sign:
    own = station_sign(station)
    if session.lack is None and session.refusal is None:
        return own
    calm = station.state in (StationState.READY, StationState.NOT_READY)
    if session.lack is Lack.UNREADABLE and calm:
        return _lost_sign(session)
    said = [refusal_text(session.refusal), _lack(session), own.warning]
    return Sign(
        own.word,
        own.shape,
        own.tone,
        own.headline,
        own.detail,
        "  ".join(part for part in said if part),
        own.clock,
        own.clock_name,
    )


def _lost_sign(session: SessionBanner) -> Sign:
    unreadable = session.lack is Lack.UNREADABLE
    return Sign(
        word=translate("banner", "SESSION LOST"),
        shape=Shape.CROSS,
        tone=Tone.ALERT,
        headline=_lack(session),
        detail=""
        if unreadable
        else translate(
            "banner", "It is started again by itself and goes on where it was; wait a moment."
        ),
        warning=refusal_text(session.refusal),
    )


def _lack(session: SessionBanner) -> str:
    if session.lack is Lack.UNREADABLE:
        return sentence(session.lack_sentence)
    return {
        Lack.SILENT: translate("banner", "The session is not heard."),
        Lack.NOT_RECORDING: translate("banner", "The recorder does not record: discard."),
        None: "",
    }[session.lack]


def _detail(session: SessionBanner) -> str:
    parts = []
    if session.task_id and session.state not in (State.PAUSED, State.PREFLIGHT, State.FAULT):
        parts.append(task_title(session.task_id))
    if session.state is State.RECORDING:
        if session.steps is not None and session.budget_steps:
            parts.append(
                translate("banner", "step {0} of at most {1}").format(
                    session.steps, session.budget_steps
                )
            )
        elif session.steps is not None:
            parts.append(translate("banner", "{0} steps").format(session.steps))
    if session.state in (State.RECORDING, State.DECIDING) and session.attempt_number:
        parts.append(translate("banner", "attempt {0}").format(session.attempt_number))
    return "  ·  ".join(parts)


def _warning(session: SessionBanner) -> str:
    parts = [refusal_text(session.refusal), _lack(session)]
    if session.state not in (State.SIGNED_OUT, State.PREFLIGHT):
        parts.append(_concern(session))
    if session.state is State.RECORDING and session.gaps:
        parts.append(
            translate("banner", "1 gap")
            if session.gaps == 1
            else translate("banner", "{0} gaps").format(session.gaps)
        )
    return "  ".join(part for part in parts if part)


def _concern(session: SessionBanner) -> str:
    """Return what is wrong with the station, in its own words where it has some."""
    if session.concern is Concern.STREAM_ERROR and session.sentence:
        return f"{node_title(session.subject)}: {sentence(session.sentence)}"
    return concern_text(session.concern, session.subject)


def _clock(session: SessionBanner) -> str:
    if session.countdown is not None:
        return str(session.countdown)
    if session.seconds is None or session.state is State.SIGNED_OUT:
        return ""
    return elapsed(session.seconds)


def refusal_text(answer: SessionAnswer | None) -> str:
    """Return why the session did not do what it was asked for; empty where nothing was refused."""
    if answer is None:
        return ""
    if answer.outcome is Outcome.REFUSED:
        return sentence(answer.message)
    return {
        Outcome.NOT_THERE: translate("banner", "Not done: the session is not there."),
        Outcome.NO_ANSWER: translate("banner", "The session does not answer: try again."),
    }.get(answer.outcome, answer.message)


# The task


def gate_headline(view: TaskView) -> str:
    """Return where the operator stands: `8 of 10, 2 more successes open collection`."""
    if view.phase == COLLECTION:
        return translate("task", "{0} of {1} in this block, {2} of {3} in all").format(
            view.block_done, view.block_length, view.collected, view.quota
        )
    gate = view.gate
    if gate is None:
        return ""
    counted = translate("task", "{0} of {1}").format(
        gate.successes, max(gate.attempts, gate.min_attempts)
    )
    return f"{counted}, {gate_rest(gate)}"


def gate_rest(gate: GateView) -> str:
    """Return what is missing until the task opens."""
    if gate.overridden:
        return sentence(gate.overridden)
    if gate.is_open:
        return translate("task", "open for collection")
    if gate.to_open == 1:
        return translate("task", "1 more success opens collection")
    return translate("task", "{0} more successes open collection").format(gate.to_open)


def interval(gate: GateView) -> str:
    """Return the success rate with its interval and the threshold."""
    if not gate.attempts:
        return translate("task", "no attempt yet; {0:.0%} are asked for").format(gate.threshold)
    return translate("task", "{0:.0%} (95 %: {1:.0%} to {2:.0%}); {3:.0%} are asked for").format(
        gate.rate, gate.low, gate.high, gate.threshold
    )


def plan_progress(item: PlanItem) -> str:
    """Return a task's progress, short."""
    if item.done:
        return translate("plan", "quota met: {0} of {1}").format(item.collected, item.quota)
    if item.collecting:
        return translate("plan", "{0} of {1} collected").format(item.collected, item.quota)
    gate = item.gate
    if gate.overridden and not gate.is_open:
        return translate("plan", "closed by the supervisor")
    return translate("plan", "{0} of {1}, {2} more to open").format(
        gate.successes, max(gate.attempts, gate.min_attempts), gate.to_open
    )


def mark_text(mark: MarkView) -> str:
    """Return one attempt in words."""
    words = {
        MarkKind.SUCCESS: translate("marks", "success"),
        MarkKind.CONTRADICTED: translate("marks", "success, contradicted"),
        MarkKind.FAILURE: translate("marks", "failure"),
        MarkKind.DISCARDED: translate("marks", "discarded"),
        MarkKind.INTERRUPTED: translate("marks", "interrupted"),
        MarkKind.UNLABELLED: translate("marks", "without a label"),
        MarkKind.RECORDING: translate("marks", "being recorded"),
    }
    phase = translate("marks", "collection") if mark.collected else translate("marks", "practice")
    text = translate("marks", "Attempt {0}, {1}: {2}").format(mark.number, phase, words[mark.kind])
    if mark.seconds:
        text += f", {duration(mark.seconds)}"
    return f"{text}: {mark.reason}" if mark.reason else text


def marks_text(marks: tuple[MarkView, ...]) -> str:
    return "\n".join(mark_text(mark) for mark in marks) or translate("marks", "No attempt yet")


# Practice


def measure_title(measure: Measure) -> str:
    return {
        Measure.TIME: translate("feedback", "time"),
        Measure.PATH: translate("feedback", "path"),
        Measure.SMOOTHNESS: translate("feedback", "smooth"),
        Measure.IDLE: translate("feedback", "idle"),
        Measure.CLIPPED: translate("feedback", "clipped"),
        Measure.REVERSALS: translate("feedback", "regrips"),
    }[measure]


def figure_value(figure: Figure) -> str:
    return _measure(figure.measure, figure.value)


def figure_title(figure: Figure) -> str:
    """Return what a figure is, with the operator's best in brackets."""
    title = measure_title(figure.measure)
    return title if figure.best is None else f"{title} ({_measure(figure.measure, figure.best)})"


def _measure(measure: Measure, value: float | None) -> str:
    if value is None:
        return "–"
    if measure is Measure.TIME:
        return translate("feedback", "{0:.1f} s").format(value)
    if measure is Measure.PATH:
        return translate("feedback", "{0:.2f} m").format(value)
    if measure is Measure.SMOOTHNESS:
        return f"{value:.1f}".replace("-", "−")
    if measure is Measure.REVERSALS:
        return f"{value:.0f}"
    return translate("feedback", "{0:.0f} %").format(100 * value)


def feedback_title(view: FeedbackView) -> str:
    return (
        translate("feedback", "This attempt (your best)")
        if view.live
        else translate("feedback", "The last attempt (your best)")
    )


def feedback_advice(view: FeedbackView) -> str:
    if view.advice:
        return sentence(view.advice)
    return "" if view.live else translate("feedback", "Nothing to improve: do it like that again.")


# Commands


def command_caption(view: CommandView) -> str:
    """Return what the button would do now."""
    if view.key is Key.START_STOP:
        return {
            Event.ARM: translate("commands", "Start"),
            Event.DISARM: translate("commands", "Take back"),
            Event.END: translate("commands", "Stop"),
            Event.RESUME: translate("commands", "Go on"),
            Event.RECOVER: translate("commands", "Check again"),
        }.get(view.event or Event.ARM, translate("commands", "Start"))
    if view.key is Key.DISCARD:
        if view.undo:
            return translate("commands", "Undo discard")
        return (
            translate("commands", "Discard last") if view.last else translate("commands", "Discard")
        )
    return (
        translate("commands", "Success")
        if view.key is Key.SUCCESS
        else translate("commands", "Failure")
    )


# Preflight


def check_title(name: str) -> str:
    """Return a check's name in words: `camera.static.light` is `Static camera: light`."""
    parts = name.split(".")
    if parts[0] == "camera" and len(parts) == 3:
        parts = [f"{parts[1]} camera", parts[2]]
    words = ": ".join(part.replace("_", " ") for part in parts)
    return words[:1].upper() + words[1:]
