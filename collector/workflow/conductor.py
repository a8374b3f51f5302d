"""What the station does about the session's transitions: lay out, count down, record, seal.

The session decides, the conductor acts: it asks the recorder and the simulator through two
ports and tells the session what became of it. Nothing here waits; `tick` is called some
20 times a second and after every answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from collector.clock import NS_PER_S, Clock
from collector.episode.goal import UNLABELLED, EpisodeGoal
from collector.tasks.library import TaskLibrary
from collector.workflow.history import FAILURE, SUCCESS
from collector.workflow.journal import Entry
from collector.workflow.session import STATION, WorkflowSession
from collector.workflow.state_machine import Event, RequestRefused, State

LAY_OUT_AGAIN_NS = 2 * NS_PER_S
Measured = Mapping[str, float | int | None]


@dataclass(frozen=True)
class LaidOut:
    """A scene as the simulator laid it out."""

    layout_json: str
    initial_state_json: str


@dataclass(frozen=True)
class Judgement:
    """What the simulator says of the scene; ``success`` is None where nobody can say."""

    success: bool | None = None
    explanation: str = ""


@dataclass(frozen=True)
class Ended:
    """How a recording ended. Without ``episode_id`` nothing is known to be on disk."""

    outcome: str  # as sealed; empty where the recorder fell silent
    episode_id: str = ""
    path: str = ""
    message: str = ""


class Scene(Protocol):
    """A simulator that lays scenes out. Answers come later, one a call."""

    def lay_out(
        self,
        task_id: str,
        seed: int,
        done: Callable[[LaidOut], None],
        failed: Callable[[str], None],
    ) -> None:
        """Lay the simulator's scene of ``task_id`` out, and wait until everything rests."""

    def judge(
        self, tasks: tuple[str, ...], once: tuple[str, ...], done: Callable[[Judgement], None]
    ) -> None:
        """Ask whether the simulator's ``tasks`` hold, and each of ``once`` has; always answers."""


class Recording(Protocol):
    """The recorder. ``ended`` is called once for every `begin`, whatever happens."""

    @property
    def steps(self) -> int:
        """Steps of the episode in hand, on disk."""

    @property
    def is_clear(self) -> bool:
        """False while an episode that another session left is not brought to its end."""

    def begin(self, goal: EpisodeGoal, ended: Callable[[Ended], None]) -> None:
        """Begin an episode."""

    def stop(self, done: Callable[[], None]) -> None:
        """Take nothing more of it; always answers."""

    def finish(self, outcome: str, judgement: Judgement) -> None:
        """Label and seal it."""

    def cancel(self) -> None:
        """Discard it, whoever began it."""


class _Closing(Enum):
    """How far the end of an attempt has come."""

    NOT = "not"
    STOPPING = "stopping"
    JUDGING = "judging"


class Conductor:
    """Acts for one session. Not thread-safe: the thread that asks the session calls it."""

    def __init__(
        self,
        session: WorkflowSession,
        library: TaskLibrary,
        recording: Recording,
        scene: Scene | None,
        clock: Clock,
        countdown_ns: int,
        on_sealed: Callable[[str, Ended], None],
        measures: Callable[[str], Measured] = lambda _: {},
    ) -> None:
        """``scene`` is None where people lay it out.

        ``on_sealed`` hears of every sealed episode: attempt id, and how it ended.
        ``measures`` tells how an attempt went in numbers, by its id.
        """
        self._session = session
        self._library = library
        self._recording = recording
        self._scene = scene
        self._clock = clock
        self._countdown_ns = countdown_ns
        self._on_sealed = on_sealed
        self._measures = measures
        self._laid_out: tuple[tuple[str, int], LaidOut] | None = None
        self._laying_out: tuple[str, int] | None = None
        self._lay_out_again_ns = 0
        self._recorded = ""  # the attempt that the recorder works on, or seals
        self._closing = _Closing.NOT
        self._judgement = Judgement()
        self._ending: str | None = None  # outcome to seal with, once stopped and judged
        self.scene_trouble = ""
        self.countdown_ends_ns = 0
        session.listen(self._on_entry)
        # A process before this one may have left the recorder at work.
        if session.state is State.DECIDING:
            recording.finish(UNLABELLED, Judgement())
        elif session.state is not State.SIGNED_OUT:
            recording.cancel()

    def tick(self) -> None:
        """Do what is due."""
        state = self._session.state
        if state is State.COUNTDOWN and self._clock.now_ns() >= self.countdown_ends_ns:
            self._begin()
        elif state in (State.RESETTING, State.ARMED):
            self._lay_out()
        elif state is State.RECORDING and self._is_over_budget():
            self._session.end(STATION)

    # What the session does

    def _on_entry(self, entry: Entry) -> None:
        self.countdown_ends_ns = (
            entry.at_ns + self._countdown_ns if entry.end is State.COUNTDOWN else 0
        )
        if not self._recorded:
            return
        if entry.event in (Event.END, Event.SUCCESS, Event.FAILURE):
            if entry.event is not Event.END:
                self._ending = SUCCESS if entry.event is Event.SUCCESS else FAILURE
            self._close()
        elif entry.event is Event.DISCARD or (
            entry.event is Event.FAULTED and entry.start is State.RECORDING
        ):
            self._recording.cancel()
        elif entry.event is Event.FAULTED and entry.start is State.DECIDING:
            self._ending = UNLABELLED
            self._close()

    def _begin(self) -> None:
        """Begin to record what was counted down."""
        try:
            mark = self._session.countdown_over()
            goal = self._session.episode_goal()
        except RequestRefused:
            return  # the session has said why, and what comes instead
        if self._laid_out is not None:
            _, scene = self._laid_out
            goal = replace(
                goal,
                layout_json=scene.layout_json,
                initial_state_json=scene.initial_state_json,
            )
        self._laid_out = None  # what was laid out is used up
        self._recorded = mark.attempt_id
        self._closing, self._judgement, self._ending = _Closing.NOT, Judgement(), None
        self._recording.begin(goal, lambda ended: self._ended(mark.attempt_id, ended))

    def _is_over_budget(self) -> bool:
        mark = self._session.memory.attempt
        if mark is None or not self._recorded:
            return False
        return self._recording.steps >= self._library.budget_steps(mark.task_id)

    def _close(self) -> None:
        """Stop, then judge, then seal as labelled: the scene must not change before."""
        if self._closing is _Closing.NOT:
            self._closing = _Closing.STOPPING
            attempt_id = self._recorded
            self._recording.stop(lambda: self._stopped(attempt_id))
        else:
            self._seal()

    def _stopped(self, attempt_id: str) -> None:
        if attempt_id != self._recorded or self._closing is not _Closing.STOPPING:
            return
        tasks, once = self._criterion(attempt_id)
        if self._scene is None or not tasks:
            self._judged(attempt_id, Judgement())
        else:
            self._scene.judge(tasks, once, lambda judgement: self._judged(attempt_id, judgement))

    def _criterion(self, attempt_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what must hold at the attempt's end, and what on the way there."""
        task = self._library.find(self._session.memory.marks[attempt_id].task_id)
        if not task.is_composite:
            return task.predicates, ()
        parts = self._library.chain(task.id)
        return task.predicates, tuple(name for part in parts for name in part.predicates)

    def _judged(self, attempt_id: str, judgement: Judgement) -> None:
        if attempt_id == self._recorded and self._closing is _Closing.STOPPING:
            self._closing = _Closing.JUDGING
            self._judgement = judgement
            self._seal()

    def _seal(self) -> None:
        if self._closing is _Closing.JUDGING and self._ending is not None:
            ending, self._ending = self._ending, None
            self._closing = _Closing.NOT
            self._recording.finish(ending, self._judgement)

    def _ended(self, attempt_id: str, ended: Ended) -> None:
        if attempt_id != self._recorded:
            return
        session, judgement = self._session, self._judgement
        self._recorded = ""
        self._closing, self._ending = _Closing.NOT, None
        in_hand = session.memory.attempt_id == attempt_id
        if in_hand and session.state is State.RECORDING:
            session.interrupted(ended.message or "the recorder ended the attempt")
        # Without an episode nothing is waited for any longer; what a recorder that died
        # has left is found once it has recovered it.
        session.sealed(attempt_id, ended.episode_id, judgement.success, self._measures(attempt_id))
        if ended.episode_id:
            self._on_sealed(attempt_id, ended)

    # The scene

    def _lay_out(self) -> None:
        memory = self._session.memory
        layout = memory.layout
        if self._scene is None or memory.scene_ready or layout is None:
            return
        if self._is_closing() or not self._recording.is_clear:
            return
        wanted = (layout.task_id, layout.seed)
        if self._laid_out is not None and self._laid_out[0] == wanted:
            # Laid out already: asked for again after a pause, or a countdown that was stopped.
            self._is_ready(wanted)
            return
        if self._laying_out is not None or self._clock.now_ns() < self._lay_out_again_ns:
            return
        scene = self._library.scene(layout.task_id)
        if scene is None:
            self.scene_trouble = f"the simulator has no scene for {layout.task_id}"
            return
        self._laying_out = wanted
        self._laid_out = None

        def done(laid_out: LaidOut) -> None:
            self._laying_out = None
            self.scene_trouble = ""
            self._laid_out = wanted, laid_out
            self._is_ready(wanted)

        def failed(why: str) -> None:
            self._laying_out = None
            self.scene_trouble = why
            self._lay_out_again_ns = self._clock.now_ns() + LAY_OUT_AGAIN_NS

        self._scene.lay_out(scene, layout.seed, done, failed)

    def _is_ready(self, laid_out: tuple[str, int]) -> None:
        """Say that the scene is ready, where it is still the one that is wanted."""
        memory = self._session.memory
        layout = memory.layout
        if layout is None or (layout.task_id, layout.seed) != laid_out or memory.scene_ready:
            return
        if memory.state in (State.RESETTING, State.ARMED):
            try:
                self._session.scene_ready("simulator")
            except RequestRefused:
                return  # gate or quota changed under it: another scene is wanted now

    def _is_closing(self) -> bool:
        """True while the scene belongs to an attempt that is not judged yet."""
        return bool(self._recorded) and (
            self._closing is not _Closing.NOT or self._session.memory.attempt_id == self._recorded
        )
