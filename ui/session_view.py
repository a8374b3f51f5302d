"""What the window shows of the session, from what was heard of it and the present time.

Pure: neither Qt nor ROS. What the operator's commands come to is looked up in the session's
own table (`collector.workflow.commands`), so that a button never promises what is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from collector.workflow.commands import COMMANDS
from collector.workflow.commands import Command as Key
from collector.workflow.history import COLLECTION, DISCARDED, UNLABELLED, AttemptMark
from collector.workflow.layout_coverage import LayoutPlan
from collector.workflow.state_machine import Event, State
from collector.workflow.status import SessionStatus, TaskProgress
from ui.feedback_view import FeedbackView, feedback_view
from ui.station_view import NS_PER_S, Concern, StationState, StationView
from ui.summary_view import SummaryView, summary_view
from ui.values import AttemptReport, Instant, Outcome, SessionAnswer, SessionCall, SessionReport

SESSION = "session"  # the node
SILENT_SESSION_S = 3.0  # it reports its health once a second
SHOW_REFUSAL_S = 8.0
SHOW_PRESS_S = 0.4
RECORDER_BEGINS_S = 2.0
LIVE_FEEDBACK_S = 3.0

_READY = (State.PRACTICE, State.COLLECTING)
_BETWEEN = (*_READY, State.RESETTING, State.ARMED)
_COMMANDS = tuple(Key)


class Page(Enum):
    """What stands beside the pictures."""

    WATCH = "watch"  # no session is heard: the station alone is watched
    SIGN_IN = "sign in"
    SUMMARY = "summary"  # of the session that has just ended
    PREFLIGHT = "preflight"
    WORK = "work"
    PAUSED = "paused"
    FAULT = "fault"


class Lack(Enum):
    """What is abnormal with the session itself."""

    SILENT = "silent"
    UNREADABLE = "unreadable"
    NOT_RECORDING = "not recording"  # the session records, the recorder does not


@dataclass(frozen=True)
class SessionBanner:
    """The session's say on the banner; ``state`` None: the station's own state stands there."""

    state: State | None = None
    phase: str = ""  # practice | collection
    seconds: float | None = None  # in this state
    countdown: int | None = None  # whole seconds that are left
    next_action: str = ""
    steps: int | None = None
    budget_steps: int = 0
    gaps: int = 0
    task_id: str = ""
    attempt_number: int = 0
    lack: Lack | None = None
    lack_sentence: str = ""
    refusal: SessionAnswer | None = None
    concern: Concern | None = None  # of the station
    subject: str = ""
    sentence: str = ""


class MarkKind(Enum):
    """What is said of an attempt."""

    SUCCESS = "success"
    CONTRADICTED = "contradicted"  # labelled a success, the simulator or a reviewer disagrees
    FAILURE = "failure"
    DISCARDED = "discarded"
    INTERRUPTED = "interrupted"
    UNLABELLED = "unlabelled"
    RECORDING = "recording"


@dataclass(frozen=True)
class MarkView:
    """One attempt as a mark."""

    kind: MarkKind
    collected: bool  # in collection, not practice
    number: int  # in the session, from 1
    seconds: float
    reason: str = ""


@dataclass(frozen=True)
class GateView:
    """Where the operator stands with a task."""

    is_open: bool
    successes: int
    attempts: int
    min_attempts: int
    to_open: int
    rate: float
    low: float  # bounds of the true rate, 95 %
    high: float
    threshold: float
    overridden: str = ""  # who said so and why


@dataclass(frozen=True)
class PlanItem:
    """One of the session's tasks."""

    task_id: str
    current: bool
    collecting: bool  # now, or as soon as it is its turn
    done: bool  # its quota is met
    collected: int
    quota: int
    gate: GateView
    marks: tuple[MarkView, ...]


@dataclass(frozen=True)
class TaskView:
    """The task in hand."""

    task_id: str
    phase: str
    instruction: str
    criterion: str
    directions: tuple[str, ...]
    gate: GateView | None
    block_done: int
    block_length: int
    collected: int
    quota: int
    reason: str  # why this task
    remark: str  # why it changed
    simulated: bool
    scene_ready: bool


@dataclass(frozen=True)
class CheckView:
    """One line of the preflight."""

    name: str
    level: str  # ok | warning | refusal
    sentence: str


@dataclass(frozen=True)
class CommandView:
    """One of the four commands: what it would come to now."""

    key: Key
    event: Event | None  # None: it would be refused
    undo: bool = False  # a discard is undone
    last: bool = False  # it is about the attempt before
    pressed: bool = False  # a moment ago
    pending: bool = False


@dataclass(frozen=True)
class SignInView:
    """The sign-in screen."""

    waiting: bool = False
    refused: SessionAnswer | None = None
    attempts: int = 0  # changes when a try was answered: the PIN is emptied


@dataclass(frozen=True)
class SessionView:
    """All that the window shows of the session."""

    page: Page
    banner: SessionBanner
    operator_id: str = ""
    task: TaskView | None = None
    plan: tuple[PlanItem, ...] = ()
    checks: tuple[CheckView, ...] = ()
    feedback: FeedbackView | None = None
    commands: tuple[CommandView, ...] = ()
    sign_in: SignInView = SignInView()
    summary: SummaryView | None = None
    trouble: str = ""
    layout: LayoutPlan | None = None
    flags: tuple[str, ...] = ()
    can_pause: bool = False
    can_sign_out: bool = False


@dataclass
class SessionFacts:
    """What was heard of the session, the newest of each kind."""

    status: SessionStatus | None = None
    problem: str = ""
    live: AttemptReport | None = None
    card: AttemptReport | None = None
    pending: dict[str, SessionCall] = field(default_factory=dict)
    refused: SessionAnswer | None = None
    sign_in_refused: SessionAnswer | None = None
    sign_in_tries: int = 0
    ended: SessionStatus | None = None  # the session that has just been signed out
    _heard_ns: int | None = None
    _pressed_ns: dict[str, int] = field(default_factory=dict)

    def on_session(self, report: SessionReport) -> None:
        self._heard_ns = report.arrived_ns
        self.problem = report.problem
        if report.status is None:
            return
        before, self.status = self.status, report.status
        if report.status.state is not State.SIGNED_OUT:
            self.ended, self.sign_in_refused = None, None
        elif before is not None and before.state is not State.SIGNED_OUT:
            self.ended = before
        if before is not None and before.session_id != report.status.session_id:
            self.live = self.card = None

    def on_alive(self, arrived_ns: int) -> None:
        """The session's node reported its health."""
        self._heard_ns = max(self._heard_ns or arrived_ns, arrived_ns)

    def on_feedback(self, report: AttemptReport) -> None:
        self.live = report

    def on_card(self, report: AttemptReport) -> None:
        self.card = report

    def on_call(self, call: SessionCall, now: Instant) -> None:
        self.pending[call.request] = call
        self._pressed_ns[call.request] = now.monotonic_ns
        self.refused = None
        if call.request == "sign_in":
            self.sign_in_refused = None

    def on_answer(self, answer: SessionAnswer) -> None:
        if self.pending.get(answer.call.request) is answer.call:
            del self.pending[answer.call.request]
        if answer.call.request == "sign_in":
            self.sign_in_tries += 1
            if answer.outcome is not Outcome.DONE:
                self.sign_in_refused = answer
        elif answer.outcome is not Outcome.DONE:
            self.refused = answer

    def dismiss_summary(self) -> None:
        self.ended = None

    def view(self, now: Instant, station: StationView) -> SessionView:
        """Return what the window shows at ``now``."""
        status = self.status
        if status is None:
            lack = Lack.UNREADABLE if self.problem else None
            banner = SessionBanner(lack=lack, lack_sentence=self.problem)
            return SessionView(Page.WATCH, banner)
        return SessionView(
            page=self._page(status),
            banner=self._banner(status, now, station),
            operator_id=status.operator_id,
            task=task_view(status),
            plan=tuple(_plan(status)),
            checks=tuple(CheckView(i.name, i.level, i.sentence) for i in status.preflight),
            feedback=self._feedback(status, now),
            commands=tuple(self._command(key, status, now) for key in _COMMANDS),
            sign_in=SignInView("sign_in" in self.pending, self.sign_in_refused, self.sign_in_tries),
            summary=summary_view(self.ended) if self.ended is not None else None,
            trouble=status.trouble,
            layout=status.layout if status.state in (*_BETWEEN, State.COUNTDOWN) else None,
            flags=status.flags,
            can_pause=Event.PAUSE in status.permitted,
            can_sign_out=Event.SIGN_OUT in status.permitted,
        )

    def countdown(self, now: Instant) -> int | None:
        """Return the whole seconds that are left, or None where none are counted down."""
        status = self.status
        if status is None or status.state is not State.COUNTDOWN or not status.countdown_ends_ns:
            return None
        return max(0, -((now.station_ns - status.countdown_ends_ns) // NS_PER_S))

    def _page(self, status: SessionStatus) -> Page:
        if status.state is State.SIGNED_OUT:
            return Page.SUMMARY if self.ended is not None else Page.SIGN_IN
        special = {
            State.PREFLIGHT: Page.PREFLIGHT,
            State.PAUSED: Page.PAUSED,
            State.FAULT: Page.FAULT,
        }
        return special.get(status.state, Page.WORK)

    def _banner(self, status: SessionStatus, now: Instant, station: StationView) -> SessionBanner:
        own = station.banner
        if own.state in (StationState.WAITING, StationState.LOST, StationState.NOT_STOPPED):
            return SessionBanner()
        lack = self._lack(status, now, own.state)
        refusal = self._refusal(now)
        said = {
            "lack": lack,
            "lack_sentence": self.problem,
            "refusal": refusal,
            "concern": own.concern,
            "subject": own.subject,
            "sentence": own.sentence,
        }
        if self._station_speaks(status, lack, own.state):
            return SessionBanner(**said)
        choice = status.choice
        return SessionBanner(
            state=status.state,
            phase=choice.phase if choice is not None and self._works(status) else "",
            seconds=max(0.0, (now.station_ns - status.since_ns) / NS_PER_S),
            countdown=self.countdown(now),
            next_action=status.next_action,
            steps=own.steps,
            budget_steps=status.budget_steps,
            gaps=own.gaps,
            task_id=choice.task_id if choice is not None else "",
            attempt_number=len(status.marks),
            **said,
        )

    def _works(self, status: SessionStatus) -> bool:
        return status.state not in (State.SIGNED_OUT, State.PREFLIGHT, State.FAULT)

    def _station_speaks(self, status: SessionStatus, lack: Lack | None, own: StationState) -> bool:
        """Return whether the station's state is the more urgent to know."""
        if lack in (Lack.SILENT, Lack.UNREADABLE):
            return own is StationState.RECORDING
        if own is StationState.RECORDING:  # never hide that something is being recorded
            return status.state is State.SIGNED_OUT
        if own is StationState.STOPPED:
            return status.state in _BETWEEN
        return own is StationState.NOT_READY and status.state in _READY

    def _lack(self, status: SessionStatus, now: Instant, own: StationState) -> Lack | None:
        if self.problem:
            return Lack.UNREADABLE
        silent_s = _since_s(self._heard_ns, now)
        if silent_s is not None and silent_s > SILENT_SESSION_S:
            return Lack.SILENT
        recorded_s = (now.station_ns - status.since_ns) / NS_PER_S
        if (
            status.state is State.RECORDING
            and own is not StationState.RECORDING
            and recorded_s > RECORDER_BEGINS_S
        ):
            return Lack.NOT_RECORDING
        return None

    def _refusal(self, now: Instant) -> SessionAnswer | None:
        refused = self.refused
        if refused is None:
            return None
        since_s = (now.monotonic_ns - refused.arrived_ns) / NS_PER_S
        return refused if since_s <= SHOW_REFUSAL_S else None

    def _feedback(self, status: SessionStatus, now: Instant) -> FeedbackView | None:
        """Return live figures of a practice attempt, or the card of the one before."""
        live, card = self.live, self.card
        if status.choice is None or status.choice.phase == COLLECTION:
            return None
        if status.state in (State.RECORDING, State.DECIDING):
            attempt = status.attempt.attempt_id if status.attempt is not None else ""
            if live is not None and live.attempt_id == attempt:
                return feedback_view(live, live=True)
            return None
        if card is not None and any(m.attempt_id == card.attempt_id for m in status.marks):
            return feedback_view(card, live=False)
        return None

    def _command(self, key: Key, status: SessionStatus, now: Instant) -> CommandView:
        event = COMMANDS.get((key, status.state))
        undo = last = False
        if event is Event.RELABEL:
            mark = _last(status)
            last = True
            if mark is None or (key is not Key.DISCARD and mark.outcome != UNLABELLED):
                event = None
            elif key is Key.DISCARD:
                undo = mark.outcome == DISCARDED
        pressed_s = _since_s(self._pressed_ns.get(key.value), now)
        return CommandView(
            key=key,
            event=event,
            undo=undo,
            last=last and event is not None,
            pressed=pressed_s is not None and pressed_s <= SHOW_PRESS_S,
            pending=key.value in self.pending,
        )


def task_view(status: SessionStatus) -> TaskView | None:
    """Return the task in hand, or None where there is none."""
    choice = status.choice
    if choice is None:
        return None
    progress = next((t for t in status.tasks if t.task_id == choice.task_id), None)
    return TaskView(
        task_id=choice.task_id,
        phase=choice.phase,
        instruction=status.instruction,
        criterion=status.success_criterion,
        directions=status.reset_directions,
        gate=_gate(progress) if progress is not None else None,
        block_done=status.block_done,
        block_length=choice.length,
        collected=progress.collected if progress is not None else 0,
        quota=progress.quota if progress is not None else 0,
        reason=choice.explain(),
        remark=status.remark,
        simulated=status.simulated,
        scene_ready=status.scene_ready,
    )


def mark_kind(mark: AttemptMark) -> MarkKind:
    """Return what is said of an attempt, by all who say something."""
    if mark.outcome == "success" and not mark.succeeded:
        return MarkKind.CONTRADICTED
    return MarkKind(mark.outcome)


def _plan(status: SessionStatus) -> Iterator[PlanItem]:
    marks: Mapping[str, list[MarkView]] = {task.task_id: [] for task in status.tasks}
    for number, mark in enumerate(status.marks, start=1):
        if mark.task_id in marks:
            marks[mark.task_id].append(mark_view(mark, number))
    for task in status.tasks:
        current = status.choice is not None and status.choice.task_id == task.task_id
        collecting = (
            status.choice.phase == COLLECTION
            if current and status.choice is not None
            else task.gate.is_open
        )
        yield PlanItem(
            task_id=task.task_id,
            current=current,
            collecting=collecting,
            done=task.collected >= task.quota,
            collected=task.collected,
            quota=task.quota,
            gate=_gate(task),
            marks=tuple(marks[task.task_id]),
        )


def mark_view(mark: AttemptMark, number: int) -> MarkView:
    seconds = max(0, mark.ended_ns - mark.started_ns) / NS_PER_S if mark.ended_ns else 0.0
    return MarkView(mark_kind(mark), mark.phase == COLLECTION, number, seconds, mark.reason)


def _gate(task: TaskProgress) -> GateView:
    gate = task.gate
    return GateView(
        is_open=gate.is_open,
        successes=gate.successes,
        attempts=gate.attempts,
        min_attempts=gate.min_attempts,
        to_open=gate.successes_to_open,
        rate=gate.rate,
        low=gate.low,
        high=gate.high,
        threshold=gate.threshold,
        overridden=gate.sentence() if gate.override is not None else "",
    )


def _last(status: SessionStatus) -> AttemptMark | None:
    """Return the session's newest attempt that is not in hand."""
    in_hand = status.attempt.attempt_id if status.attempt is not None else ""
    ended = (mark for mark in status.marks if mark.attempt_id != in_hand)
    return max(ended, key=lambda mark: mark.started_ns, default=None)


def _since_s(then_ns: int | None, now: Instant) -> float | None:
    return None if then_ns is None else max(0.0, (now.monotonic_ns - then_ns) / NS_PER_S)
