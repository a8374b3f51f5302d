"""A station's session: who works, on what, in which state. Survives the end of its process.

Every request is looked up in the one table of `state_machine`, written to the journal, and
only then takes effect. A session that is made over a journal with entries goes on where
they end: an attempt that was being recorded is marked as interrupted, one that waited for
its label still waits, and nothing counts down until a person arms again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from collector.clock import NS_PER_S, Clock
from collector.episode.goal import EpisodeGoal
from collector.tasks.library import TaskLibrary
from collector.workflow.history import (
    COLLECTION,
    DISCARDED,
    FAILURE,
    INTERRUPTED,
    RECORDING,
    SUCCESS,
    UNLABELLED,
    AttemptMark,
    History,
    Outcome,
    Override,
)
from collector.workflow.journal import Entry, Journal
from collector.workflow.memory import Memory, PreflightItem, applied, recalled
from collector.workflow.progress import Progress
from collector.workflow.state_machine import Event, RequestRefused, State, target
from collector.workflow.status import SessionStatus, snapshot

STATION = "station"  # who, where no person did it
Label = Literal["success", "failure", "discarded"]
_LABEL_EVENTS: Mapping[Label, Event] = {
    SUCCESS: Event.SUCCESS,
    FAILURE: Event.FAILURE,
    DISCARDED: Event.DISCARD,
}


class WorkflowSession:
    """The workflow of one station. Not thread-safe: one thread asks it.

    Every request raises RequestRefused where it is not possible, with a sentence that says
    what to do, and JournalError where the disk fails; then nothing has changed.
    """

    def __init__(
        self,
        station_id: str,
        library: TaskLibrary,
        history: History,
        progress: Progress,
        journal: Journal,
        clock: Clock,
    ) -> None:
        """Begin, or go on where ``journal`` ends. Raises JournalError."""
        self._station_id = station_id
        self._library = library
        self._history = history
        self._progress = progress
        self._journal = journal
        self._clock = clock
        self._listeners: list[Callable[[Entry], None]] = []
        entries = journal.entries()
        self._sequence = len(entries)
        self._memory = recalled(entries)
        if entries:
            self._go_on()

    @property
    def state(self) -> State:
        return self._memory.state

    @property
    def memory(self) -> Memory:
        """All that the session knows."""
        return self._memory

    def listen(self, listener: Callable[[Entry], None]) -> None:
        """Call ``listener`` after every transition: to log it, to publish the status."""
        self._listeners.append(listener)

    def may(self, event: Event) -> None:
        """Raise RequestRefused where the present state does not allow ``event``."""
        target(self.state, event)

    # Signing in and out

    def sign_in(self, operator_id: str, who: str) -> str:
        """Begin a session of the operator and return its id."""
        target(self.state, Event.SIGN_IN)
        consent = self._consent(operator_id)
        began_ns = self._clock.now_ns()
        number = self._memory.sessions + 1
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(began_ns // NS_PER_S))
        session_id = f"{self._station_id}-{stamp}-{number}"
        unsealed = {
            mark.attempt_id: mark
            for mark in (*self._memory.unsealed.values(), *self._memory.marks.values())
            if not mark.episode_id
        }
        fresh = Memory(
            operator_id=operator_id,
            session_id=session_id,
            next_layout=self._memory.next_layout,
        )
        self._commit(
            Event.SIGN_IN,
            who,
            sessions=number,
            session_id=session_id,
            operator_id=operator_id,
            consent=consent,
            marks={},
            unsealed=unsealed,
            overrides=(),
            begun=0,
            attempt_id="",
            last_collected_type="",
            practised=(),
            preflight=(),
            trouble="",
            sealing="",
            **self._progress.begin(fresh),
        )
        return session_id

    def sign_out(self, who: str) -> None:
        """End the session. What is still being sealed is sealed all the same."""
        self._commit(Event.SIGN_OUT, who, choice=None, layout=None, scene_ready=False, remark="")

    def preflight(self, items: Iterable[PreflightItem]) -> bool:
        """Take the checks' results; go on and return True where none of them refuses."""
        items = tuple(items)
        refusals = [item.sentence or item.name for item in items if item.level == "refusal"]
        if refusals or not items:
            why = "; ".join(refusals) or "no check was made: run the preflight"
            self._commit(Event.PREFLIGHT_REFUSED, STATION, why, preflight=items)
            return False
        self._commit(
            Event.PREFLIGHT_PASSED, STATION, preflight=items, trouble="", scene_ready=False
        )
        return True

    # Before an attempt

    def scene_ready(self, who: str) -> None:
        """The scene lies as the layout says: by the operator's word, or the simulator's."""
        target(self.state, Event.SCENE_READY)
        if self._settle():
            raise RequestRefused(f"{self._memory.remark}: lay out the scene that is shown now")
        if self.state is State.ARMED:
            self._commit(Event.SCENE_READY, who, scene_ready=True)
            self._begin_if_ready()
            return
        choice = self._memory.choice
        assert choice is not None
        ready = Event.TO_COLLECTION if choice.phase == COLLECTION else Event.TO_PRACTICE
        self._commit(ready, who, choice.reason, scene_ready=True)

    def arm(self, who: str) -> None:
        """Begin the next attempt as soon as the scene is ready and the last one sealed."""
        target(self.state, Event.ARM)
        self._consent(self._memory.operator_id)
        self._settle()
        self._commit(Event.ARM, who)
        self._begin_if_ready()

    def disarm(self, who: str) -> None:
        """Take `arm` back. The scene has to be confirmed again."""
        self._commit(Event.DISARM, who, scene_ready=False)

    def countdown_over(self) -> AttemptMark:
        """Begin the attempt and return its mark: what is to be recorded is `episode_goal`."""
        target(self.state, Event.COUNTDOWN_OVER)
        memory = self._memory
        try:
            self._consent(memory.operator_id)
        except RequestRefused as refusal:
            self._commit(Event.TASK_CHANGED, STATION, str(refusal), scene_ready=False)
            raise
        if self._settle():
            raise RequestRefused(f"{self._memory.remark}: lay out the scene that is shown now")
        choice, layout = memory.choice, memory.layout
        assert choice is not None
        assert layout is not None
        number = memory.begun + 1
        mark = AttemptMark(
            attempt_id=f"{memory.session_id}-{number:04d}",
            session_id=memory.session_id,
            operator_id=memory.operator_id,
            task_id=choice.task_id,
            phase=choice.phase,
            outcome=RECORDING,
            started_ns=self._clock.now_ns(),
            layout_seed=layout.seed,
            cells=layout.cells,
        )
        self._commit(
            Event.COUNTDOWN_OVER,
            STATION,
            begun=number,
            attempt_id=mark.attempt_id,
            scene_ready=False,
            remark="",
            marks={mark.attempt_id: mark},
        )
        return mark

    def episode_goal(self) -> EpisodeGoal:
        """Return what the recorder is asked for. Raises RequestRefused outside of recording."""
        mark = self._memory.attempt
        if self.state is not State.RECORDING or mark is None:
            raise RequestRefused("there is nothing to record: arm first")
        task = self._library.find(mark.task_id)
        return EpisodeGoal(
            task_id=task.id,
            task_type=task.task_type,
            phase=mark.phase,
            language_instruction=task.instruction,
            collector_id=mark.operator_id,
            session_id=mark.session_id,
            consent=self._memory.consent,
            layout_seed=mark.layout_seed,
        )

    # The attempt's end

    def end(self, who: str) -> None:
        """End the recording; the label comes after."""
        self._commit(Event.END, who, sealing=self._memory.attempt_id)

    def label(
        self, outcome: Label, who: str, reason: str = "", predicate: bool | None = None
    ) -> AttemptMark:
        """End the attempt in success or failure, or discard it, and choose what comes next.

        ``predicate`` is the simulator's judgement, where there is one.
        """
        event = _LABEL_EVENTS[outcome]
        target(self.state, event)
        sealing = {"sealing": self._memory.attempt_id} if self.state is State.RECORDING else {}
        return self._end_attempt(event, who, outcome, reason, predicate=predicate, **sealing)

    def interrupted(self, why: str) -> AttemptMark:
        """The recorder ended the attempt by itself: it is kept, and marked."""
        target(self.state, Event.INTERRUPTED)
        return self._end_attempt(Event.INTERRUPTED, STATION, INTERRUPTED, why)

    def sealed(
        self,
        attempt_id: str,
        episode_id: str,
        predicate: bool | None = None,
        measures: Mapping[str, float | int | None] | None = None,
    ) -> None:
        """The attempt's episode is on disk for good. Possible in every state.

        Without an ``episode_id`` it is not waited for any longer. Raises RequestRefused for
        an attempt that is not known.
        """
        memory = self._memory
        place = "marks" if attempt_id in memory.marks else "unsealed"
        mark = memory.marks.get(attempt_id) or memory.unsealed.get(attempt_id)
        if mark is None:
            raise RequestRefused(f"there is no attempt {attempt_id!r} of this station to seal")
        update: dict[str, Any] = {"episode_id": episode_id}
        if predicate is not None:
            update["predicate"] = predicate
        if measures:
            update["measures"] = dict(measures)
        changes: dict[str, Any] = {place: {attempt_id: mark.model_copy(update=update)}}
        if memory.sealing == attempt_id:
            changes["sealing"] = ""
        self._commit(Event.SEALED, STATION, **changes)
        self._begin_if_ready()

    def relabel(self, attempt_id: str, outcome: Label, who: str, reason: str = "") -> AttemptMark:
        """Discard the last attempt after all, or label one that is discarded or without a label.

        Possible until sign-out. A label is never turned into its opposite: that is the
        reviewer's to say.
        """
        target(self.state, Event.RELABEL)
        mark = self._ended(attempt_id)
        update: dict[str, Any] = {"outcome": outcome, "reason": reason, "undo": None}
        if outcome == DISCARDED:
            if mark.outcome not in (SUCCESS, FAILURE, UNLABELLED):
                raise RequestRefused(f"the attempt is {mark.outcome} already")
            if mark != self._memory.last:
                raise RequestRefused(
                    "only the last attempt can be discarded: ask the supervisor to review it"
                )
            update["undo"] = mark.outcome
        elif mark.outcome not in (DISCARDED, UNLABELLED):
            raise RequestRefused(
                f"the attempt is marked {mark.outcome}: only a discarded or unlabelled one "
                f"can be labelled again, ask the supervisor to review it"
            )
        return self._relabelled(mark, update, who, reason)

    def undo_discard(self, attempt_id: str, who: str) -> AttemptMark:
        """Bring a discarded attempt back, with the label that it had. Until sign-out."""
        target(self.state, Event.RELABEL)
        mark = self._ended(attempt_id)
        if mark.outcome != DISCARDED:
            raise RequestRefused(f"the attempt is marked {mark.outcome}: nothing is to be undone")
        update = {"outcome": mark.undo or UNLABELLED, "reason": "", "undo": None}
        return self._relabelled(mark, update, who, "the discard is undone")

    def _ended(self, attempt_id: str) -> AttemptMark:
        mark = self._memory.marks.get(attempt_id)
        if mark is None:
            raise RequestRefused(
                f"{attempt_id!r} is no attempt of this session: ask the supervisor to review it"
            )
        return mark

    def _relabelled(
        self, mark: AttemptMark, update: Mapping[str, Any], who: str, reason: str
    ) -> AttemptMark:
        mark = mark.model_copy(update=update)
        self._commit(Event.RELABEL, who, reason, marks={mark.attempt_id: mark})
        if self.state in (State.RESETTING, State.PRACTICE, State.COLLECTING):
            self._settle()  # what is armed settles when it begins
        return mark

    # Pauses, faults, overrides

    def pause(self, who: str, why: str = "") -> None:
        """Stop working for a while; nothing begins by itself."""
        self._commit(Event.PAUSE, who, why, trouble=why, scene_ready=False)

    def resume(self, who: str) -> None:
        """Go on after a pause: the scene has to be confirmed again."""
        self._commit(Event.RESUME, who, trouble="", scene_ready=False)

    def faulted(self, why: str) -> None:
        """Something of the station fails. An attempt that is being recorded is interrupted."""
        target(self.state, Event.FAULTED)
        mark = self._memory.attempt
        if mark is not None:
            outcome: Outcome = INTERRUPTED if self.state is State.RECORDING else UNLABELLED
            self._end_attempt(Event.FAULTED, STATION, outcome, why, trouble=why, sealing="")
            return
        self._commit(Event.FAULTED, STATION, why, trouble=why, scene_ready=False, sealing="")

    def recover(self, who: str) -> None:
        """The fault is seen to: check the station again."""
        self._commit(Event.RECOVER, who, preflight=())

    def override(
        self, operator_id: str, task_id: str, opens: bool | None, who: str, reason: str
    ) -> Override:
        """Open or close a task for an operator against the gate; None leaves it to the gate.

        Only a supervisor may, and with a reason.
        """
        target(self.state, Event.OVERRIDE)
        self._library.find(task_id)
        if not self._history.is_supervisor(who):
            raise RequestRefused(f"{who} may not override the gate: ask a supervisor")
        if not reason.strip():
            raise RequestRefused("an override needs a reason: say why")
        override = Override(
            operator_id=operator_id,
            task_id=task_id,
            opens=opens,
            by=who,
            reason=" ".join(reason.split()),
            at_ns=self._clock.now_ns(),
        )
        self._commit(
            Event.OVERRIDE, who, override.reason, overrides=(*self._memory.overrides, override)
        )
        return override

    # What is shown

    def status(self, simulated: bool = False, countdown_ends_ns: int = 0) -> SessionStatus:
        """Return everything that a console shows; see `SessionStatus` for what is handed in."""
        parts = (self._memory, self._library, self._history, self._progress)
        return snapshot(*parts, simulated=simulated, countdown_ends_ns=countdown_ends_ns)

    # Inside

    def _consent(self, operator_id: str) -> str:
        consent = self._history.consent(operator_id)
        if consent is None:
            raise RequestRefused(
                f"no consent of {operator_id} is on file: ask the supervisor to file it first"
            )
        if consent.withdrawn:
            raise RequestRefused(
                f"the consent of {operator_id} is withdrawn: nothing of theirs may be recorded, "
                f"sign out"
            )
        return consent.reference

    def _end_attempt(
        self,
        event: Event,
        who: str,
        outcome: Outcome,
        reason: str = "",
        *,
        predicate: bool | None = None,
        **changes: Any,
    ) -> AttemptMark:
        mark = self._memory.attempt
        assert mark is not None
        update: dict[str, Any] = {
            "outcome": outcome,
            "reason": reason,
            "ended_ns": self._clock.now_ns(),
        }
        if predicate is not None:
            update["predicate"] = predicate
        mark = mark.model_copy(update=update)
        self._commit(
            event,
            who,
            reason,
            **self._progress.after(self._memory, mark),
            **changes,
            attempt_id="",
            marks={mark.attempt_id: mark},
        )
        return mark

    def _settle(self) -> bool:
        """Change the block where gate or quota have changed under it; return whether."""
        changes = self._progress.settle(self._memory)
        if not changes:
            return False
        self._commit(Event.TASK_CHANGED, STATION, changes["remark"], **changes)
        return True

    def _begin_if_ready(self) -> None:
        memory = self._memory
        if memory.state is not State.ARMED or not memory.scene_ready or memory.sealing:
            return
        if not self._settle():
            self._commit(Event.BEGIN_COUNTDOWN, STATION)

    def _go_on(self) -> None:
        """Bring a session back whose process ended, whenever that was."""
        for override in self._memory.overrides:
            self._history.record_override(override)
        for mark in (*self._memory.unsealed.values(), *self._memory.marks.values()):
            self._history.record(mark)
        why = "the session's process was started again"
        if self.state is State.RECORDING:
            self._end_attempt(Event.RESTARTED, STATION, INTERRUPTED, why, sealing="")
        elif self.state is not State.SIGNED_OUT:
            # What the recorder sealed meanwhile was not heard: nothing waits for it.
            self._commit(Event.RESTARTED, STATION, why, scene_ready=False, sealing="")

    def _commit(self, event: Event, who: str, why: str = "", **changes: Any) -> None:
        """Write the transition down, then let it take effect."""
        now_ns = self._clock.now_ns()
        start = self.state
        end = target(start, event)
        changes["state"] = end
        if end is not start:
            changes["since_ns"] = now_ns
        entry = Entry(
            sequence=self._sequence,
            at_ns=now_ns,
            event=event,
            start=start,
            end=end,
            who=who,
            why=why,
            changes=changes,
        )
        self._journal.append(entry)
        self._sequence += 1
        self._memory = applied(self._memory, changes)
        # The journal is what counts; after a restart the history hears all of it again.
        for mark in (*changes.get("marks", {}).values(), *changes.get("unsealed", {}).values()):
            self._history.record(mark)
        if event is Event.OVERRIDE:
            self._history.record_override(changes["overrides"][-1])
        for listener in self._listeners:
            listener(entry)
