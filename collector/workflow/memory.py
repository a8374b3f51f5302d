"""All that a session knows, as one frozen value that the journal can bring back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from collector.workflow.history import AttemptMark, Fact, Override
from collector.workflow.interleaving import Choice
from collector.workflow.journal import Entry, JournalError
from collector.workflow.layout_coverage import LayoutPlan
from collector.workflow.state_machine import State


class PreflightItem(Fact):
    """One check before work begins."""

    name: str
    level: Literal["ok", "warning", "refusal"]
    sentence: str = ""  # what to do


class Memory(Fact):
    """Where a session stands, with everything that is needed to go on after a restart."""

    state: State = State.SIGNED_OUT
    since_ns: int = 0
    sessions: int = 0  # ever begun with this journal
    session_id: str = ""
    operator_id: str = ""
    consent: str = ""
    plan: tuple[str, ...] = ()
    choice: Choice | None = None
    block_done: int = 0
    last_collected_type: str = ""
    practised: tuple[str, ...] = ()
    layout: LayoutPlan | None = None
    next_layout: Mapping[str, int] = {}  # task -> index in this station's sequence
    scene_ready: bool = False
    begun: int = 0  # attempts of this session
    attempt_id: str = ""  # in hand
    sealing: str = ""  # the attempt that the recorder still seals
    preflight: tuple[PreflightItem, ...] = ()
    trouble: str = ""  # of a fault or a pause
    remark: str = ""  # why the task changed, until the next attempt
    marks: Mapping[str, AttemptMark] = {}  # of this session, by attempt
    unsealed: Mapping[str, AttemptMark] = {}  # of sessions before, not sealed yet
    overrides: tuple[Override, ...] = ()  # given in this session

    @property
    def attempt(self) -> AttemptMark | None:
        """The attempt in hand: recorded, or waiting for its label."""
        return self.marks.get(self.attempt_id)

    @property
    def last(self) -> AttemptMark | None:
        """The session's newest attempt that is not in hand."""
        ended = (mark for mark in self.marks.values() if mark.attempt_id != self.attempt_id)
        return max(ended, key=lambda mark: mark.started_ns, default=None)


# Kept entry by entry, so that a line of the journal does not repeat all attempts.
_MAPPINGS = ("marks", "unsealed", "next_layout")


def applied(memory: Memory, changes: Mapping[str, Any]) -> Memory:
    """Return ``memory`` after ``changes``: fields, of mappings only the entries that changed.

    An empty mapping empties it.
    """
    update = dict(changes)
    for name in _MAPPINGS:
        if update.get(name):
            update[name] = {**getattr(memory, name), **update[name]}
    return memory.model_copy(update=update)


def recalled(entries: Iterable[Entry]) -> Memory:
    """Return what the journal's entries add up to. Raises JournalError."""
    fields: dict[str, Any] = {}
    for entry in entries:
        for name, value in to_jsonable_python(dict(entry.changes)).items():
            if name in _MAPPINGS and value:
                fields[name] = {**fields.get(name, {}), **value}
            else:
                fields[name] = value
    try:
        return Memory.model_validate(fields)
    except ValidationError as error:
        raise JournalError(
            f"the journal is of another version or damaged ({error.error_count()} values do not "
            f"fit): put it aside; the catalogue keeps what was recorded"
        ) from error
