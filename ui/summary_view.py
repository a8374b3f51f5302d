"""What a session came to, for the screen at its end."""

from __future__ import annotations

from dataclasses import dataclass

from collector.clock import NS_PER_S
from collector.workflow.history import DISCARDED, INTERRUPTED
from collector.workflow.status import SessionStatus


@dataclass(frozen=True)
class TaskSummary:
    """One task of the session."""

    task_id: str
    successes: int  # of those labelled in this session, practice and collection
    labelled: int
    demonstrations: int  # collected in this session
    is_open: bool


@dataclass(frozen=True)
class AttemptPoint:
    """One labelled attempt: how long it took."""

    number: int  # in the session, from 1
    task: int  # index into ``tasks``
    seconds: float
    success: bool
    collected: bool


@dataclass(frozen=True)
class SummaryView:
    """Everything on the screen."""

    operator_id: str
    seconds: float  # from the first attempt's begin to the last one's end
    attempts: int
    labelled: int
    successes: int
    demonstrations: int
    discarded: int
    interrupted: int
    tasks: tuple[TaskSummary, ...]
    points: tuple[AttemptPoint, ...]
    flags: tuple[str, ...]


def summary_view(status: SessionStatus) -> SummaryView:
    """Sum up ``status``, the last picture of a session before it was signed out."""
    names = [task.task_id for task in status.tasks]
    tasks = []
    for task in status.tasks:
        marks = [mark for mark in status.marks if mark.task_id == task.task_id and mark.counts]
        tasks.append(
            TaskSummary(
                task.task_id,
                sum(mark.succeeded for mark in marks),
                len(marks),
                sum(mark.is_demonstration for mark in marks),
                task.gate.is_open,
            )
        )
    points = tuple(
        AttemptPoint(
            number,
            names.index(mark.task_id),
            (mark.ended_ns - mark.started_ns) / NS_PER_S,
            mark.succeeded,
            mark.phase == "collection",
        )
        for number, mark in enumerate(status.marks, start=1)
        if mark.counts and mark.ended_ns and mark.task_id in names
    )
    ended = [mark.ended_ns for mark in status.marks if mark.ended_ns]
    span_ns = max(ended) - min(mark.started_ns for mark in status.marks) if ended else 0
    return SummaryView(
        operator_id=status.operator_id,
        seconds=max(0, span_ns) / NS_PER_S,
        attempts=len(status.marks),
        labelled=sum(task.labelled for task in tasks),
        successes=sum(task.successes for task in tasks),
        demonstrations=sum(task.demonstrations for task in tasks),
        discarded=sum(mark.outcome == DISCARDED for mark in status.marks),
        interrupted=sum(mark.outcome == INTERRUPTED for mark in status.marks),
        tasks=tuple(tasks),
        points=points,
        flags=status.flags,
    )
