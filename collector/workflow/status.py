"""One frozen picture of a session: everything that a console shows of the workflow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from collector.tasks.library import TaskLibrary
from collector.workflow.gate import GateState
from collector.workflow.history import AttemptMark, Fact, History
from collector.workflow.interleaving import Choice
from collector.workflow.layout_coverage import LayoutCoverage, LayoutPlan, coverage
from collector.workflow.memory import Memory, PreflightItem
from collector.workflow.progress import Progress
from collector.workflow.state_machine import Event, State, permitted


class TaskProgress(Fact):
    """One of the session's tasks: gate and quota."""

    task_id: str
    task_type: str
    gate: GateState
    collected: int  # demonstrations over all sessions and stations
    quota: int
    coverage: tuple[LayoutCoverage, ...]


class SessionStatus(Fact):
    """Where the session stands. Empty values where nobody is signed in."""

    state: State
    since_ns: int
    permitted: tuple[Event, ...]  # requests that people may make now
    session_id: str
    operator_id: str
    choice: Choice | None  # the block in hand, and why
    block_done: int
    instruction: str
    success_criterion: str
    budget_steps: int
    reset_directions: tuple[str, ...]
    layout: LayoutPlan | None
    scene_ready: bool
    sealing: str  # the attempt that is still sealed
    attempt: AttemptMark | None  # in hand
    marks: tuple[AttemptMark, ...]  # of this session, oldest first
    tasks: tuple[TaskProgress, ...]  # of this session
    preflight: tuple[PreflightItem, ...]
    trouble: str  # of a fault or a pause
    remark: str  # why the task changed
    flags: tuple[str, ...]  # what a supervisor should look at, a sentence each
    next_action: str = ""  # what is to be done now, one sentence
    simulated: bool = False  # a simulator lays the scene out
    countdown_ends_ns: int = 0  # station clock; 0: no countdown runs


def snapshot(
    memory: Memory,
    library: TaskLibrary,
    history: History,
    progress: Progress,
    *,
    simulated: bool = False,
    countdown_ends_ns: int = 0,
) -> SessionStatus:
    """Return the picture of ``memory`` against the history of everything before."""
    choice = memory.choice
    task = library.find(choice.task_id) if choice is not None else None
    working = memory.state is not State.SIGNED_OUT
    tasks = tuple(_tasks(memory, library, history, progress)) if working else ()
    directions: tuple[str, ...] = ()
    if task is not None and memory.layout is not None:
        directions = (*task.reset_directions, *memory.layout.directions())
    return SessionStatus(
        state=memory.state,
        since_ns=memory.since_ns,
        permitted=permitted(memory.state),
        session_id=memory.session_id if working else "",
        operator_id=memory.operator_id if working else "",
        choice=choice,
        block_done=memory.block_done,
        instruction=task.instruction if task is not None else "",
        success_criterion=task.success if task is not None else "",
        budget_steps=library.budget_steps(task.id) if task is not None else 0,
        reset_directions=directions,
        layout=memory.layout,
        scene_ready=memory.scene_ready,
        sealing=memory.sealing,
        attempt=memory.attempt,
        marks=tuple(memory.marks.values()) if working else (),
        tasks=tasks,
        preflight=memory.preflight,
        trouble=memory.trouble,
        remark=memory.remark,
        flags=tuple(_flags(tasks)),
        next_action=next_action(memory, simulated),
        simulated=simulated,
        countdown_ends_ns=countdown_ends_ns,
    )


_NEXT_ACTION: Mapping[State, str] = {
    State.SIGNED_OUT: "Sign in to begin.",
    State.PREFLIGHT: "The station is being checked: wait a moment.",
    State.RESETTING: "Lay the scene out as shown, then press Start.",
    State.ARMED: "The next attempt begins by itself as soon as the last one is saved.",
    State.PRACTICE: "Press Start to begin a practice attempt.",
    State.COLLECTING: "Press Start to record a demonstration.",
    State.COUNTDOWN: "Take the device: recording is about to begin.",
    State.RECORDING: "End the attempt with Success, Failure or Discard.",
    State.DECIDING: "Say how it went: Success, Failure or Discard.",
    State.PAUSED: "Press Start to go on.",
    State.FAULT: "See to the fault, then press Start to check the station again.",
}


def next_action(memory: Memory, simulated: bool) -> str:
    """Return what is to be done now, one sentence for the operator."""
    if memory.state is State.PREFLIGHT:
        refusals = [item for item in memory.preflight if item.level == "refusal"]
        if refusals:
            return refusals[0].sentence or f"See to {refusals[0].name}."
    if memory.state is State.RESETTING and simulated:
        return "The simulator lays the scene out. Start arms the attempt already."
    if memory.state is State.ARMED and not memory.scene_ready:
        return (
            "The next attempt begins by itself as soon as the scene is laid out."
            if simulated
            else "Lay the scene out as shown and say that it is ready."
        )
    return _NEXT_ACTION[memory.state]


def _tasks(
    memory: Memory, library: TaskLibrary, history: History, progress: Progress
) -> Iterator[TaskProgress]:
    collected = history.collected()
    for name in memory.plan:
        task = library.find(name)
        yield TaskProgress(
            task_id=name,
            task_type=task.task_type,
            gate=progress.gate(memory, name),
            collected=collected.get(name, 0),
            quota=task.quota,
            coverage=coverage(task, history.cells(name)),
        )


def _flags(tasks: Iterable[TaskProgress]) -> Iterator[str]:
    for task in tasks:
        gate, shown = task.gate, task.task_id.replace("_", " ")
        if gate.discards_suspicious:
            yield f"{shown}: {gate.discard_share:.0%} of the last attempts were discarded"
        if gate.contradicted:
            yield f"{shown}: {gate.contradicted} labelled successes are contradicted"
        if gate.override is not None:
            yield f"{shown}: {gate.sentence()}"
