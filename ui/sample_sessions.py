"""States of a session as the gallery and the tests draw them, on a station that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from collector.feedback.measures import Best, Measures
from collector.workflow.memory import PreflightItem
from collector.workflow.state_machine import State
from collector.workflow.status import SessionStatus
from ui.sample_states import LONG, NOW, arm, recording, report, running
from ui.sample_status import (
    DIRECTIONS,
    OPERATOR,
    PRACTISED,
    SESSION_ID,
    TASKS,
    choice,
    collecting,
    gate,
    marks,
    signed_out,
    status,
    tasks,
)
from ui.session_view import SESSION, SessionFacts
from ui.station_view import NS_PER_S, StationFacts
from ui.values import (
    AttemptReport,
    Outcome,
    RecordingProgress,
    SessionAnswer,
    SessionCall,
    SessionReport,
)


@dataclass
class SampleSession:
    """A station and a session on it; ``teleop`` has keys that are held."""

    station: StationFacts
    session: SessionFacts
    teleop: tuple[str, ...] | None = None
    gripper_closed: bool = False
    listeners: bool = True


MEASURES = Measures(64, 12.8, 1.24, 0.02, 0.8, 1.1, 0.4, 4, -2.3, 1, 0.0)
BEST = Best(9.6, 0.97, -1.9, 1)


def attempt(outcome: str, measures: Measures | None = MEASURES, **changes: Any) -> AttemptReport:
    values: dict[str, Any] = {
        "attempt_id": PRACTISED[-1].attempt_id,
        "task_id": TASKS[0],
        "phase": "practice",
        "outcome": outcome,
        "elapsed_s": 12.8,
        "measures": measures,
        "best": BEST,
        "advice": "Your path was 1.24 m, your best is 0.97 m: go straight to the object and to"
        " its goal.",
        "arrived_ns": NOW.monotonic_ns - NS_PER_S // 5,
    }
    return AttemptReport(**(values | changes))


def facts(
    shown: SessionStatus, station: StationFacts | None = None, alive_s: float = 0.5
) -> SampleSession:
    """Return a session on a station; the session was last heard ``alive_s`` ago."""
    station = station or running()
    supplies(station)
    heard = SessionFacts()
    heard.on_session(SessionReport(shown, "", NOW.monotonic_ns - round(alive_s * NS_PER_S)))
    return SampleSession(station, heard)


def supplies(station: StationFacts, left: float = 412.0, level: Any = "ok") -> None:
    """Let the session report disk and calibrations."""
    for stream, values in (
        ("disk", {"attempts": left}),
        ("calibration static", {"age_days": 3.2}),
        ("calibration wrist", {"age_days": 12.0}),
    ):
        said = report(SESSION, level if stream == "disk" else "ok", "", 0.5, **values)
        station.streams[SESSION, stream] = type(said)(
            SESSION, stream, said.level, said.message, said.values, said.arrived_ns
        )


def recorded(steps: int = 47, gaps: int = 0) -> StationFacts:
    """Return a station that records the attempt in hand."""
    station = recording(gaps)
    station.on_progress(RecordingProgress(steps, gaps, 4_000_000, NOW.monotonic_ns))
    return station


def _sign_in(**changes: Any) -> Callable[[], SampleSession]:
    def make() -> SampleSession:
        sample = facts(signed_out())
        if changes.get("waiting"):
            sample.session.on_call(SessionCall("sign_in", OPERATOR), NOW)
        if changes.get("problem"):
            call = SessionCall("sign_in", OPERATOR)
            sample.session.on_call(call, NOW)
            sample.session.on_answer(
                SessionAnswer(call, Outcome.REFUSED, changes["problem"], "", NOW.monotonic_ns)
            )
        return sample

    return make


OK_CHECKS = tuple(
    PreflightItem(name=name, level="ok", sentence="In order.")
    for name in (
        "camera.static.stream",
        "camera.wrist.stream",
        "camera.static.light",
        "camera.wrist.settings",
        "camera.static.calibration",
        "camera.static.skew",
        "camera.wrist.skew",
        "arm.reachable",
        "teleop.alive",
        "clock.sane",
        "consent",
    )
)
BAD_CHECKS = (
    *OK_CHECKS[:3],
    PreflightItem(
        name="camera.wrist.light",
        level="warning",
        sentence="the wrist camera's image is dark (mean 31 of 255): switch the lamp on",
    ),
    PreflightItem(
        name="camera.wrist.calibration",
        level="refusal",
        sentence="the wrist camera's calibration is 43 days old, 30 are allowed: calibrate it"
        " with collector calibrate wrist",
    ),
    PreflightItem(
        name="disk.room",
        level="refusal",
        sentence="the disk has room for 3 attempts, 20 are asked for: free 1.8 GB in"
        " /home/station/collector/data",
    ),
    *OK_CHECKS[3:],
)


def _preflight_refused() -> SampleSession:
    said = BAD_CHECKS[4].sentence
    shown = status(State.PREFLIGHT, preflight=BAD_CHECKS, next_action=said, marks=())
    return facts(shown)


def _practice_recording() -> SampleSession:
    running_mark = marks(TASKS[0], "r", begin=10)[0]
    shown = status(State.RECORDING, 9.4, attempt=running_mark, marks=(*PRACTISED, running_mark))
    sample = facts(shown, recorded())
    sample.session.on_feedback(
        attempt("recording", attempt_id=running_mark.attempt_id, elapsed_s=9.4, advice="")
    )
    return sample


def _practice_card() -> SampleSession:
    sample = facts(status(State.RESETTING, 3))
    sample.session.on_card(attempt("success"))
    return sample


def _collection_recording(**how: Any) -> SampleSession:
    shown = collecting(State.RECORDING)
    mark = marks(TASKS[1], "r", "collection", 18)[0]
    shown = collecting(
        State.RECORDING,
        since_ns=NOW.station_ns - round(9.4 * NS_PER_S),
        attempt=mark,
        marks=(*shown.marks, mark),
    )
    return facts(shown, recorded(**how))


def _deciding() -> SampleSession:
    mark = marks(TASKS[1], "r", "collection", 18)[0]
    shown = collecting(State.DECIDING)
    return facts(collecting(State.DECIDING, attempt=mark, marks=(*shown.marks, mark)))


def _countdown() -> SampleSession:
    return facts(
        collecting(State.COUNTDOWN, countdown_ends_ns=NOW.station_ns + 21 * NS_PER_S // 10)
    )


def _armed() -> SampleSession:
    return facts(collecting(State.ARMED, sealing=f"{SESSION_ID}-0018", scene_ready=True))


def _discarded() -> SampleSession:
    shown = collecting(State.RESETTING)
    last = shown.marks[-1].model_copy(update={"outcome": "discarded"})
    return facts(collecting(State.RESETTING, marks=(*shown.marks[:-1], last)))


def _refused() -> SampleSession:
    sample = facts(collecting())
    call = SessionCall("success")
    sample.session.on_call(call, NOW)
    sentence = (
        "no attempt waits for a label, the last one is marked success: press Start to begin the"
        " next"
    )
    sample.session.on_answer(SessionAnswer(call, Outcome.REFUSED, sentence, "", NOW.monotonic_ns))
    return sample


def _fell_back() -> SampleSession:
    shown = status(
        State.RESETTING,
        2,
        tasks=tasks(**{TASKS[0]: gate(TASKS[0], 16, 20, 4)}),
        remark="stack red on blue goes back to practice: 16 of the last 20 attempts succeeded;"
        " 4 successes in a row would open it",
        flags=("stack red on blue: 25% of the last attempts were discarded",),
    )
    return facts(shown)


def _fault() -> SampleSession:
    station = running()
    station.on_arm(arm("lost", "the arm's driver has sent nothing for 0.5 s: check its power"))
    shown = collecting(
        State.FAULT,
        trouble="the arm's driver has sent nothing for 0.5 s: check its power and its cable",
    )
    return facts(shown, station)


def _paused() -> SampleSession:
    return facts(collecting(State.PAUSED, trouble=""), None)


def _stopped() -> SampleSession:
    station = running()
    station.on_arm(arm("stopped"))
    return facts(collecting(State.COLLECTING), station)


def _session_lost() -> SampleSession:
    return facts(collecting(State.COLLECTING), running(), alive_s=6)


def _unreadable() -> SampleSession:
    sample = facts(collecting())
    problem = (
        "the session node is of another version than this console (tasks: Field required): start"
        " both of one installation"
    )
    sample.session.on_session(SessionReport(None, problem, NOW.monotonic_ns))
    return sample


def _summary() -> SampleSession:
    before = [*PRACTISED, *marks(TASKS[0], "ss", begin=10)]
    done = (
        *before,
        *marks(TASKS[1], "ssfscssdsssssf", "collection", 12),
        *marks(TASKS[3], "sssfssssiss", "collection", 26),
    )
    sample = facts(
        collecting(
            marks=done,
            flags=("place red in bowl: 1 labelled successes are contradicted",),
        )
    )
    sample.session.on_session(SessionReport(signed_out(), "", NOW.monotonic_ns))
    return sample


def _summary_long() -> SampleSession:
    """Six hours: five tasks, some of them with long names, 400 attempts."""
    names = (*TASKS, "_".join([LONG.lower()[:30]] * 2))
    done = []
    for block in range(40):
        name = names[block % len(names)]
        phase = "practice" if block < len(names) else "collection"
        done += marks(name, "ssfssdssis", phase, 10 * block)
    started_ns = NOW.station_ns - 6 * 3600 * NS_PER_S
    spread = tuple(
        mark.model_copy(
            update={
                "started_ns": started_ns + 54 * number * NS_PER_S,
                "ended_ns": started_ns + 54 * number * NS_PER_S + mark.ended_ns - mark.started_ns,
            }
        )
        for number, mark in enumerate(done)
    )
    sample = facts(
        collecting(
            marks=spread,
            tasks=tasks(**{names[-1]: gate(names[-1], 12, 20, 5)}),
            flags=(
                "stack red on blue: 25% of the last attempts were discarded",
                "place red in bowl: 3 labelled successes are contradicted",
                f"{names[-1].replace('_', ' ')}: 25% of the last attempts were discarded",
            ),
        )
    )
    sample.session.on_session(SessionReport(signed_out(), "", NOW.monotonic_ns))
    return sample


def _summary_empty() -> SampleSession:
    sample = facts(status(State.RESETTING, marks=()))
    sample.session.on_session(SessionReport(signed_out(), "", NOW.monotonic_ns))
    return sample


def _teleop() -> SampleSession:
    sample = _practice_recording()
    sample.teleop, sample.gripper_closed = ("W", "Q"), True
    return sample


def _teleop_unheard() -> SampleSession:
    sample = facts(status(State.PRACTICE))
    sample.teleop, sample.listeners = (), False
    return sample


def _long_names() -> SampleSession:
    long_task = "_".join([LONG.lower()[:40]] * 3)
    shown = status(
        State.RESETTING,
        7_400,
        operator_id=f"op-{LONG.lower()}",
        choice=choice(task_id=long_task),
        instruction=f"take the {LONG.lower()} and put it beside the other {LONG.lower()} " * 2,
        success_criterion=f"The {LONG} lies where it belongs. " * 4,
        reset_directions=tuple(f"{direction} {LONG}" for direction in DIRECTIONS * 2),
        tasks=(
            *tasks(**{long_task: gate(long_task, 7, 19, 13)}),
            *tasks()[2:3],
        )[:5],
        marks=(*marks(long_task, "sfsdsicus" * 7), *marks(TASKS[1], "sssf", begin=70)),
        remark=f"{LONG} goes back to practice: {LONG}",
        next_action=f"Lay the {LONG} out as shown, then the {LONG}, and press Start.",
    )
    sample = facts(shown)
    sample.session.on_card(
        attempt("failure", attempt_id=shown.marks[5].attempt_id, advice=LONG * 4)
    )
    return sample


SESSIONS: Mapping[str, Callable[[], SampleSession]] = {
    "sign_in": _sign_in(),
    "sign_in_waiting": _sign_in(waiting=True),
    "sign_in_wrong_pin": _sign_in(
        problem="the PIN of op-07 is wrong: try again in 4 s, or ask the supervisor for a new one"
    ),
    "preflight_running": lambda: facts(status(State.PREFLIGHT, marks=())),
    "preflight_refused": _preflight_refused,
    "practice_layout": lambda: facts(status(State.RESETTING, marks=())),
    "practice_ready": lambda: facts(status(State.PRACTICE)),
    "practice_recording": _practice_recording,
    "practice_card": _practice_card,
    "fell_back": _fell_back,
    "collection_layout": lambda: facts(collecting(State.RESETTING)),
    "collection_ready": lambda: facts(collecting()),
    "armed": _armed,
    "countdown": _countdown,
    "collection_recording": _collection_recording,
    "collection_gaps": lambda: _collection_recording(gaps=3),
    "deciding": _deciding,
    "discarded": _discarded,
    "refused": _refused,
    "paused": _paused,
    "fault": _fault,
    "arm_stopped": _stopped,
    "teleop": _teleop,
    "teleop_unheard": _teleop_unheard,
    "session_lost": _session_lost,
    "session_unreadable": _unreadable,
    "summary": _summary,
    "summary_long": _summary_long,
    "summary_empty": _summary_empty,
    "session_long_names": _long_names,
}
