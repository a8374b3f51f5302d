"""The catalogue as the memory of a station's workflow.

The session's journal is the truth; the catalogue follows it, and waits for no one: what
cannot be written now is kept in order and written by `CatalogueHistory.flush`. What a
process did not write before its end, `CatalogueHistory.follow` finds in the journal.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.custody import plain_text
from collector.catalogue.errors import CatalogueError, CatalogueUnreachable
from collector.catalogue.outage import Outage
from collector.catalogue.sealed_facts import SealedFacts, read_facts
from collector.catalogue.sealed_search import find_sealed
from collector.catalogue.workflow_counts import WorkflowCounts
from collector.clock import NS_PER_S
from collector.preflight.observation import ConsentObservation
from collector.tasks.library import TaskLibrary
from collector.workflow.history import INTERRUPTED, RECORDING, AttemptMark, Consent, Override
from collector.workflow.journal import Entry, Journal
from collector.workflow.session import WorkflowSession
from collector.workflow.state_machine import Event, RequestRefused, State

WINDOW = 60  # newest attempts of an operator at a task that are looked at
_AT_ONCE = 200  # records a transaction: other writers wait no longer
_RECOUNT_NS = 60 * NS_PER_S  # how often other stations' demonstrations are counted in a session
_OUTDATED = -1  # no chain of custody has this length
_BUSY = (State.COUNTDOWN, State.RECORDING)  # nothing that takes long comes between

_Answer = TypeVar("_Answer")


@dataclass
class _Standing:
    """An operator at a task, as of one length of the chain of custody."""

    length: int
    marks: dict[str, AttemptMark]  # oldest first
    override: Override | None


class CatalogueHistory:
    """`collector.workflow.history.History` over the catalogue, for one station's session.

    One process per station; threads may share it. Writing never raises: what waits is said by
    `problem`. Reading raises RequestRefused where the database cannot be reached and what is
    asked was not read before; consent and roles are never answered from memory.
    """

    def __init__(
        self, catalogue: Catalogue, station_id: str, library: TaskLibrary, window: int = WINDOW
    ) -> None:
        """``window``: how many attempts `marks` goes back, at least the gate's window."""
        self._catalogue = catalogue
        self._station_id = station_id
        self._library = library
        self._window = window
        self._clock = catalogue.clock
        self._lock = threading.RLock()
        self._queue: deque[Callable[[], object]] = deque()
        self._waiting: dict[str, AttemptMark] = {}  # of the queue, by attempt
        self._words: dict[tuple[str, str], Override] = {}  # of the queue, the newest
        self._entries: Sequence[Entry] = ()  # of the journal, not compared yet
        self._refused: list[str] = []
        self._reads = Outage(self._clock)
        self._writes = Outage(self._clock)
        self._standings: dict[tuple[str, str], _Standing] = {}
        self._counts: WorkflowCounts | None = None
        self._told: dict[str, AttemptMark] = {}  # by this process, in this session
        self._following = False
        self._session_id = ""
        self._state = State.SIGNED_OUT

    # What the workflow asks

    def marks(self, operator_id: str, task_id: str) -> Sequence[AttemptMark]:
        """Return the operator's newest attempts at the task, oldest first."""
        with self._lock:
            return tuple(self._standing(operator_id, task_id).marks.values())

    def override(self, operator_id: str, task_id: str) -> Override | None:
        """Return the last word of a supervisor, or None where the gate decides."""
        with self._lock:
            word = self._standing(operator_id, task_id).override
            return word if word is not None and word.opens is not None else None

    def collected(self) -> Mapping[str, int]:
        """Return the demonstrations of each task, over all sessions and stations.

        Other stations' are those at sign-in and, between attempts, of the last minute.
        """
        with self._lock:
            return self._counted().collected

    def cells(self, task_id: str) -> Mapping[str, Mapping[tuple[int, int], int]]:
        """Return object -> cell -> attempts that began there; other stations' as `collected`."""
        with self._lock:
            return self._counted().cells.get(task_id, {})

    def consent(self, operator_id: str) -> Consent | None:
        """Return the consent on file now, or None for who is not known or gave none."""
        with self._lock:
            if self._state is State.SIGNED_OUT:
                self._recount()
            found = self._read(lambda: self._catalogue.newest_consent(operator_id))
        if found is None:
            return None
        return Consent(reference=found.reference, withdrawn=found.withdrawn_ns is not None)

    def is_supervisor(self, person_id: str) -> bool:
        """Return whether the person may override the gate."""
        with self._lock:
            return self._read(lambda: self._catalogue.is_supervisor(person_id))

    def consent_observation(
        self, operator_id: str, documents: Path | None = None
    ) -> ConsentObservation:
        """Return what the preflight asks of a person's consent, see `Catalogue`."""
        with self._lock:
            return self._read(lambda: self._catalogue.consent_observation(operator_id, documents))

    # What the workflow tells

    def record(self, mark: AttemptMark) -> None:
        """Keep the attempt, or what is said of it now."""
        mark = mark.model_copy(update={"reason": plain_text(mark.reason)})
        with self._lock:
            before = self._before(mark.attempt_id)
            if before is not None:
                if mark.outcome == RECORDING and before.outcome != RECORDING:
                    return
                kept = {
                    "verdict": before.verdict,  # a reviewer's: not the workflow's to say
                    "predicate": before.predicate if mark.predicate is None else mark.predicate,
                    "episode_id": mark.episode_id or before.episode_id,
                }
                mark = mark.model_copy(update=kept)
            if mark != before:
                self._show(mark, before)
                self._waiting[mark.attempt_id] = mark
                self._queue.append(self._mark_writer(mark))
            self._told[mark.attempt_id] = mark
            if not self._following:  # else with the transition that told it, at once
                self.flush()

    def record_override(self, override: Override) -> None:
        """Keep a supervisor's word."""
        override = override.model_copy(update={"reason": plain_text(override.reason)})
        with self._lock:
            key = (override.operator_id, override.task_id)
            self._words[key] = _last_word(self._words.get(key), override)
            standing = self._standings.get(key)
            if standing is not None:
                standing.override = _last_word(standing.override, override)
            self._queue.append(self._override_writer(override))
            if not self._following:
                self.flush()

    def follow(self, session: WorkflowSession, journal: Journal) -> None:
        """Write down what of the journal is not in the catalogue, then every transition.

        Call it once, as soon as the session is made.
        """
        with self._lock:
            self.catch_up(journal.entries())
            self._following = True
            session.listen(self.on_entry)

    def catch_up(self, entries: Sequence[Entry]) -> None:
        """Write down those of a journal's entries, oldest first, that are not yet there."""
        with self._lock:
            self._entries = entries
            for entry in reversed(entries):
                if entry.event is Event.SIGN_IN:
                    self._session_id = str(entry.changes.get("session_id", ""))
                    break
            self._state = entries[-1].end if entries else State.SIGNED_OUT
            self.flush()

    def on_entry(self, entry: Entry) -> None:
        """Write a transition into the chain of custody: the session's listener."""
        with self._lock:
            if entry.event is Event.SIGN_IN:
                self._session_id = str(entry.changes.get("session_id", ""))
                self._told.clear()
            self._state = entry.end
            self._queue.append(self._entry_writer(entry, self._session_id))
            self.flush()

    def register_sealed(self, path: Path, attempt_id: str) -> None:
        """Take a sealed folder into the catalogue as the episode of the attempt of this id.

        Digests every file: a thread of its own may call it. Raises CatalogueError when the
        folder is not as it was sealed.
        """
        self.register_facts(*read_facts(path), attempt_id)

    def register_facts(self, facts: SealedFacts, task_type: str, attempt_id: str) -> None:
        """As `register_sealed`, of facts that were read already."""
        with self._lock:
            self._forget(facts.operator_id or "", facts.task_id)
            if facts.outcome == INTERRUPTED or facts.success_predicate == 0:
                self._uncount()  # not a demonstration, whatever the operator said
            self._queue.append(
                lambda: self._catalogue.register_sealed(facts, task_type, attempt_id)
            )
            self.flush()

    def find_sealed(self, root: Path, mark: AttemptMark) -> Path | None:
        """Return the folder that was sealed for an attempt while nobody listened, or None."""
        with self._lock:
            marks = {
                m.attempt_id: m
                for m in self._read(lambda: self._catalogue.session_marks(mark.session_id))
            }
            marks.update(
                {m.attempt_id: m for m in self._told.values() if m.session_id == mark.session_id}
            )
        others = [m for m in marks.values() if m.attempt_id != mark.attempt_id]
        later = [m.started_ns for m in others if m.started_ns > mark.started_ns]
        taken = {m.episode_id for m in others if m.episode_id}
        return find_sealed(root, mark, min(later, default=None), taken)

    # Writing

    @property
    def problem(self) -> str:
        """One sentence for `/diagnostics`, or nothing."""
        with self._lock:
            waiting = len(self._queue) + len(self._entries)
            if self._writes.cause and waiting:
                records = "record waits" if waiting == 1 else "records wait"
                return (
                    f"{waiting} {records} for the catalogue, nothing is lost: "
                    f"{self._writes.cause}; see to its database"
                )
            if self._reads.cause:
                return f"nothing can begin: {self._reads.cause}; see to its database"
            if self._refused:
                return (
                    f"the catalogue refused {len(self._refused)} of the session's records, which "
                    f"its journal keeps; the first: {self._refused[0]}"
                )
            return ""

    def flush(self) -> None:
        """Write what waits, and look around once a minute. Call it once a second."""
        with self._lock:
            if (self._queue or self._entries) and not self._writes.waits():
                began_ns = self._clock.now_ns()
                try:
                    self._write()
                except CatalogueUnreachable as error:
                    self._writes.began(began_ns, str(error))
                else:
                    self._writes.over()
                    self._reads.over()
            if self._reads.cause:
                with suppress(RequestRefused):
                    self._read(self._catalogue.chain_length)
            if self._counts is not None and self._state not in _BUSY:
                age_ns = self._clock.now_ns() - self._counts.counted_ns
                if not 0 <= age_ns < _RECOUNT_NS:
                    self._recount()

    def _write(self) -> None:
        if self._entries:
            self._queue.extendleft(reversed(self._missed()))
            self._entries = ()
        while self._queue:
            portion = [self._queue[k] for k in range(min(len(self._queue), _AT_ONCE))]
            refused = []
            with self._catalogue.together():
                before = self._catalogue.chain_length()
                for write in portion:
                    try:
                        write()
                    except CatalogueUnreachable:
                        raise
                    except (CatalogueError, SQLAlchemyError, ValueError) as error:
                        refused.append(str(error))
                after = self._catalogue.chain_length()
            for _ in portion:
                self._queue.popleft()
            self._refused += refused
            # What was read before is still right where nobody else has written.
            for standing in self._standings.values():
                if standing.length == before:
                    standing.length = after
            if self._counts is not None and self._counts.length == before:
                self._counts.length = after
        self._waiting.clear()
        self._words.clear()

    def _missed(self) -> list[Callable[[], object]]:
        """Return what writes the journal's entries that the catalogue has not."""
        entries = self._entries
        position = self._catalogue.journal_position(self._station_id)
        places = {(entry.sequence, entry.at_ns): k for k, entry in enumerate(entries)}
        # A journal that does not hold the position is a new one.
        begin = 0 if position is None else places.get(position, -1) + 1
        newest = {mark.attempt_id: mark for entry in entries[begin:] for mark in _marks_of(entry)}
        writers: list[Callable[[], object]] = []
        session_id, written = "", set[str]()
        for k, entry in enumerate(entries):
            if entry.event is Event.SIGN_IN:
                session_id = str(entry.changes.get("session_id", ""))
            if k < begin:
                continue
            writers.append(self._entry_writer(entry, session_id))
            # Once, as it is now: what it was on the way there is in the transitions.
            for mark in _marks_of(entry):
                if mark.attempt_id not in written:
                    written.add(mark.attempt_id)
                    writers.append(self._mark_writer(newest[mark.attempt_id]))
            if entry.event is Event.OVERRIDE:
                writers.append(self._override_writer(_override_of(entry)))
        return writers

    def _entry_writer(self, entry: Entry, session_id: str) -> Callable[[], object]:
        return lambda: self._catalogue.write_entry(self._station_id, entry, session_id)

    def _mark_writer(self, mark: AttemptMark) -> Callable[[], object]:
        task_type = self._task_type(mark.task_id)
        return lambda: self._catalogue.write_mark(self._station_id, mark, task_type)

    def _override_writer(self, override: Override) -> Callable[[], object]:
        return lambda: self._catalogue.write_override(
            operator_id=override.operator_id,
            task_id=override.task_id,
            task_type=self._task_type(override.task_id),
            supervisor_id=override.by,
            reason=override.reason,
            given_ns=override.at_ns,
            opens=override.opens,
        )

    def _task_type(self, task_id: str) -> str:
        task = self._library.tasks.get(task_id)
        return task_id if task is None else task.task_type

    # Reading

    def _before(self, attempt_id: str) -> AttemptMark | None:
        """Return the attempt as known until now."""
        known = self._told.get(attempt_id) or self._waiting.get(attempt_id)
        if known is None and not self._reads.waits():
            try:
                known = self._read(lambda: self._catalogue.mark(attempt_id))
            except RequestRefused:
                return None
        return known

    def _show(self, mark: AttemptMark, before: AttemptMark | None) -> None:
        """Let what was read before hold the mark."""
        if self._counts is not None:
            self._counts.take(mark, before)
        standing = self._standings.get((mark.operator_id, mark.task_id))
        if standing is not None:
            standing.marks[mark.attempt_id] = mark
        if mark.episode_id and (before is None or before.episode_id != mark.episode_id):
            # Its episode may be registered already, and say more.
            self._forget(mark.operator_id, mark.task_id)

    def _forget(self, operator_id: str, task_id: str) -> None:
        """Ask again for what was read of an operator at a task."""
        standing = self._standings.get((operator_id, task_id))
        if standing is not None:
            standing.length = _OUTDATED

    def _uncount(self) -> None:
        """Count again soon."""
        if self._counts is not None:
            self._counts.length = _OUTDATED

    def _standing(self, operator_id: str, task_id: str) -> _Standing:
        key = (operator_id, task_id)
        known = self._standings.get(key)
        try:
            length = self._read(self._catalogue.chain_length)
            if known is not None and known.length == length:
                return known
            standing = self._read(lambda: self._read_standing(operator_id, task_id))
        except RequestRefused:
            if known is None:
                raise
            return known
        for mark in self._waiting.values():
            if (mark.operator_id, mark.task_id) == key:
                standing.marks[mark.attempt_id] = mark
        if key in self._words:
            standing.override = _last_word(standing.override, self._words[key])
        self._standings[key] = standing
        return standing

    def _read_standing(self, operator_id: str, task_id: str) -> _Standing:
        with self._catalogue.snapshot():
            length = self._catalogue.chain_length()
            marks = self._catalogue.newest_marks(operator_id, task_id, self._window)
            words = self._catalogue.overrides(operator_id, task_id)
        override = None
        if words:
            word = words[-1]
            override = Override(
                operator_id=word.operator_id,
                task_id=word.task_id,
                opens=word.opens,
                by=word.supervisor_id,
                reason=word.reason,
                at_ns=word.given_ns,
            )
        return _Standing(length, {mark.attempt_id: mark for mark in marks}, override)

    def _counted(self) -> WorkflowCounts:
        if self._counts is None:
            self._recount()
        assert self._counts is not None
        return self._counts

    def _recount(self) -> None:
        """Count again where anybody has written since; keep the old counts where that fails.

        Raises RequestRefused where there are none.
        """
        try:
            length = self._read(self._catalogue.chain_length)
            if self._counts is not None and self._counts.length == length:
                self._counts.counted_ns = self._clock.now_ns()
                return
            self._counts = self._read(self._read_counts)
        except RequestRefused:
            if self._counts is None:
                raise

    def _read_counts(self) -> WorkflowCounts:
        counts = WorkflowCounts.read(self._catalogue)
        for mark in self._waiting.values():
            counts.take(mark, self._catalogue.mark(mark.attempt_id))
        return counts

    def _read(self, question: Callable[[], _Answer]) -> _Answer:
        if not self._reads.waits():
            began_ns = self._clock.now_ns()
            try:
                answer = question()
            except CatalogueUnreachable as error:
                self._reads.began(began_ns, str(error))
            except CatalogueError as error:
                raise RequestRefused(str(error)) from error
            else:
                self._reads.over()
                return answer
        raise RequestRefused(f"{self._reads.cause}: see to its database, then try again")


def _last_word(known: Override | None, told: Override) -> Override:
    return told if known is None or known.at_ns <= told.at_ns else known


def _marks_of(entry: Entry) -> list[AttemptMark]:
    """Return the attempts that an entry changed; a journal's file holds them as plain data."""
    return [
        AttemptMark.model_validate(mark)
        for name in ("unsealed", "marks")
        for mark in entry.changes.get(name, {}).values()
    ]


def _override_of(entry: Entry) -> Override:
    return Override.model_validate(entry.changes["overrides"][-1])
