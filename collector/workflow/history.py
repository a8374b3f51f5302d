"""What the workflow needs to know of everything before: attempts, counts, consent, overrides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict

PRACTICE: Final = "practice"
COLLECTION: Final = "collection"
# As in collector.episode.goal, typed one by one.
RECORDING: Final = "recording"
SUCCESS: Final = "success"
FAILURE: Final = "failure"
UNLABELLED: Final = "unlabelled"
DISCARDED: Final = "discarded"
INTERRUPTED: Final = "interrupted"
Phase = Literal["practice", "collection"]
Outcome = Literal["recording", "success", "failure", "unlabelled", "discarded", "interrupted"]


class Fact(BaseModel):
    """Plain, frozen data that goes into the journal as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AttemptMark(Fact):
    """One attempt and what is said of it. ``outcome`` is the operator's label or its lack."""

    attempt_id: str
    session_id: str
    operator_id: str  # pseudonym
    task_id: str
    phase: Phase
    outcome: Outcome
    started_ns: int
    ended_ns: int = 0
    layout_seed: int = 0
    cells: Mapping[str, tuple[int, int]] = {}  # object -> cell of its zone, for coverage
    reason: str = ""  # why it was discarded or interrupted
    undo: Outcome | None = None  # what a discard comes back to
    predicate: bool | None = None  # the simulator's judgement
    verdict: bool | None = None  # the reviewer's
    episode_id: str = ""  # once sealed
    # Once sealed: collector.feedback.measures.Measures as a dict.
    measures: Mapping[str, float | int | None] = {}

    @property
    def counts(self) -> bool:
        """Whether it says something of the operator's skill: labelled, and not discarded."""
        return self.outcome in (SUCCESS, FAILURE)

    @property
    def succeeded(self) -> bool:
        """Labelled a success, and neither the simulator nor a reviewer says otherwise."""
        return self.outcome == SUCCESS and self.predicate is not False and self.verdict is not False

    @property
    def is_demonstration(self) -> bool:
        """Whether it counts towards the task's quota."""
        return self.phase == COLLECTION and self.succeeded


class Override(Fact):
    """A supervisor's word on the gate, until another word on it."""

    operator_id: str
    task_id: str
    opens: bool | None  # True: open, False: closed, None: the gate decides again
    by: str
    reason: str
    at_ns: int


class Consent(Fact):
    """The operator's consent on file."""

    reference: str  # document, with its digest
    withdrawn: bool = False


class History(Protocol):
    """The memory that all sessions and stations share. The catalogue implements it.

    `record` and `record_override` are told again what they know already after a restart:
    a mark replaces the one of the same attempt, a repeated override changes nothing.
    """

    def marks(self, operator_id: str, task_id: str) -> Sequence[AttemptMark]:
        """Return the operator's attempts at the task, oldest first."""

    def collected(self) -> Mapping[str, int]:
        """Return the demonstrations of each task, over all sessions and stations."""

    def cells(self, task_id: str) -> Mapping[str, Mapping[tuple[int, int], int]]:
        """Return object -> cell -> attempts that began there, over all sessions and stations."""

    def record(self, mark: AttemptMark) -> None:
        """Keep the attempt, or what is said of it now."""

    def override(self, operator_id: str, task_id: str) -> Override | None:
        """Return the last word of a supervisor, or None where the gate decides."""

    def record_override(self, override: Override) -> None:
        """Keep a supervisor's word."""

    def consent(self, operator_id: str) -> Consent | None:
        """Return the consent on file, or None for an operator who is not known or gave none."""

    def is_supervisor(self, person_id: str) -> bool:
        """Return whether the person may override the gate."""


class InMemoryHistory:
    """A history of its own for simulated campaigns and tests."""

    def __init__(
        self, consents: Mapping[str, Consent] | None = None, supervisors: Sequence[str] = ()
    ) -> None:
        self.consents = dict(consents or {})
        self.overrides: list[Override] = []
        self._supervisors = frozenset(supervisors)
        self._marks: dict[tuple[str, str], dict[str, AttemptMark]] = {}
        self._collected: dict[str, int] = {}
        self._cells: dict[str, dict[str, dict[tuple[int, int], int]]] = {}

    def all_marks(self) -> list[AttemptMark]:
        """Return every attempt, by operator and task."""
        return [mark for marks in self._marks.values() for mark in marks.values()]

    def marks(self, operator_id: str, task_id: str) -> Sequence[AttemptMark]:
        return tuple(self._marks.get((operator_id, task_id), {}).values())

    def collected(self) -> Mapping[str, int]:
        return self._collected

    def cells(self, task_id: str) -> Mapping[str, Mapping[tuple[int, int], int]]:
        return self._cells.get(task_id, {})

    def record(self, mark: AttemptMark) -> None:
        marks = self._marks.setdefault((mark.operator_id, mark.task_id), {})
        before = marks.get(mark.attempt_id)
        marks[mark.attempt_id] = mark
        change = mark.is_demonstration - (before is not None and before.is_demonstration)
        if change:
            self._collected[mark.task_id] = self._collected.get(mark.task_id, 0) + change
        if before is None:
            for name, cell in mark.cells.items():
                counts = self._cells.setdefault(mark.task_id, {}).setdefault(name, {})
                counts[cell] = counts.get(cell, 0) + 1

    def override(self, operator_id: str, task_id: str) -> Override | None:
        for override in reversed(self.overrides):
            if (override.operator_id, override.task_id) == (operator_id, task_id):
                return override if override.opens is not None else None
        return None

    def record_override(self, override: Override) -> None:
        if override not in self.overrides:
            self.overrides.append(override)

    def consent(self, operator_id: str) -> Consent | None:
        return self.consents.get(operator_id)

    def is_supervisor(self, person_id: str) -> bool:
        return person_id in self._supervisors
