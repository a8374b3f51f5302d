"""Holds the tables of decisions against the chain of custody.

The chain says what was decided; played back, it must end in what the tables hold. A row
changed behind the software's back differs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from collector.catalogue.custody import CustodyEvent
from collector.catalogue.episodes import SEALED_LABELS
from collector.catalogue.tables import (
    AttemptRow,
    ConsentRow,
    EpisodeRow,
    LabelRow,
    OperatorRow,
    OverrideRow,
)
from collector.episode.goal import RECORDING

_Word = tuple[str, str, str, int, bool | None]  # operator, task, supervisor, stamp, opens
_Verdict = tuple[str, str, str, str, int]  # episode, source, value, author, stamp


@dataclass
class Decided:
    """Where a chain ends."""

    roles: dict[str, str] = field(default_factory=dict)  # by operator
    consents: Counter[tuple[str, str]] = field(default_factory=Counter)  # operator, digest
    withdrawn: dict[str, int] = field(default_factory=dict)  # operator -> stamp
    statuses: dict[str, str] = field(default_factory=dict)  # by episode
    owners: dict[str, str | None] = field(default_factory=dict)  # episode -> operator
    verdicts: Counter[_Verdict] = field(default_factory=Counter)
    outcomes: dict[str, str] = field(default_factory=dict)  # by attempt
    words: Counter[_Word] = field(default_factory=Counter)

    def take(self, event: CustodyEvent) -> None:
        """Play one event."""
        key = event.subject.partition(":")[2]
        payload = json.loads(event.payload)
        match event.action:
            case "operator.add":
                self.roles[key] = payload["role"]
            case "consent.give":
                self.consents[key, payload["digest"]] += 1
            case "consent.withdraw":
                self._withdraw(key, event.stamp_ns)
            case "episode.register":
                self._register(key, event)
            case "episode.correct":
                self.owners[key] = payload.get("operator_id", self.owners.get(key))
            case "episode.label":
                self.verdicts[
                    key, payload["source"], payload["value"], event.actor, event.stamp_ns
                ] += 1
            case "episode.release":
                self.statuses[key] = "released"
            case "episode.delete":
                self.statuses[key] = "deleted"
            case "gate.override":
                self.words[
                    key,
                    payload["task"],
                    event.actor,
                    payload.get("given_ns", event.stamp_ns),
                    payload.get("opens", True),
                ] += 1
            case "attempt.begin":
                self.outcomes[key] = RECORDING
            case "attempt.finish" | "attempt.amend":
                self.outcomes[key] = payload["outcome"]

    def _withdraw(self, person: str, stamp_ns: int) -> None:
        self.withdrawn[person] = stamp_ns
        for episode, owner in self.owners.items():
            if owner == person and self.statuses[episode] in ("recorded", "released"):
                self.statuses[episode] = "withdrawn"

    def _register(self, episode: str, event: CustodyEvent) -> None:
        payload = json.loads(event.payload)
        self.statuses[episode] = payload["status"]
        self.owners[episode] = payload["operator"]
        for source, sealed, author in (
            ("operator", payload["success"], payload["operator"] or "unknown"),
            ("predicate", payload["success_predicate"], "simulator"),
        ):
            if sealed in SEALED_LABELS:
                label = SEALED_LABELS[sealed]
                self.verdicts[episode, source, label, author, event.stamp_ns] += 1


def decision_faults(session: Session, chain: Iterable[CustodyEvent]) -> Iterator[str]:
    """Say where the tables are not what a whole chain decided."""
    decided = Decided()
    for event in chain:
        decided.take(event)
    yield from _people(session, decided)
    yield from _episodes(session, decided)
    yield from _words(session, decided)
    outcomes = session.execute(select(AttemptRow.attempt_id, AttemptRow.outcome))
    attempts = {str(attempt): outcome for attempt, outcome in outcomes}
    for attempt, outcome in decided.outcomes.items():
        if attempts.get(attempt) != outcome:
            yield (
                f"attempt {attempt} is {attempts.get(attempt, 'missing')}, the chain of custody "
                f"says {outcome}"
            )


def _words(session: Session, decided: Decided) -> Iterator[str]:
    words: Counter[_Word] = Counter(
        (person, task, supervisor, given_ns, opens)
        for person, task, supervisor, given_ns, opens in session.execute(
            select(
                OverrideRow.operator_id,
                OverrideRow.task_id,
                OverrideRow.supervisor_id,
                OverrideRow.given_ns,
                OverrideRow.opens,
            )
        )
    )
    for person, task, supervisor, *_ in words - decided.words:
        yield f"the override of {task} for {person} by {supervisor} was never given"
    for person, task, supervisor, *_ in decided.words - words:
        yield f"the override of {task} for {person} by {supervisor} is missing"


def _people(session: Session, decided: Decided) -> Iterator[str]:
    known: dict[str, tuple[str, int | None]] = {
        person: (role, withdrawn_ns)
        for person, role, withdrawn_ns in session.execute(
            select(OperatorRow.operator_id, OperatorRow.role, OperatorRow.withdrawn_ns)
        )
    }
    for person, (role, withdrawn_ns) in known.items():
        # Who is known from episodes alone is an operator.
        if role != decided.roles.get(person, "operator"):
            yield f"{person} is a {role}, and nobody decided it"
        if withdrawn_ns != decided.withdrawn.get(person):
            yield f"the withdrawal of {person}'s consent is not as it was decided"
    for person in decided.roles.keys() - known.keys():
        yield f"{person} is missing"
    consents = Counter(
        (person, digest)
        for person, digest in session.execute(select(ConsentRow.operator_id, ConsentRow.digest))
    )
    for person, digest in consents - decided.consents:
        yield f"a consent of {person} ({digest[:12]}) is on file that nobody put there"
    for person, digest in decided.consents - consents:
        yield f"a consent of {person} ({digest[:12]}) is missing"


def _episodes(session: Session, decided: Decided) -> Iterator[str]:
    labels: dict[tuple[str, str], str] = {}
    verdicts: Counter[_Verdict] = Counter()
    for episode, source, value, author, stamp_ns in session.execute(
        select(
            LabelRow.episode_id, LabelRow.source, LabelRow.value, LabelRow.author, LabelRow.stamp_ns
        ).order_by(LabelRow.label_id)
    ):
        verdicts[episode, source, value, author, stamp_ns] += 1
        labels[episode, source] = value
    for episode, source, value, author, _ in verdicts - decided.verdicts:
        yield f"the {source}'s label of {episode}, {value} by {author}, was never given"
    for episode, source, value, author, _ in decided.verdicts - verdicts:
        yield f"the {source}'s label of {episode}, {value} by {author}, is missing"
    known = set()
    for episode, status, *shown in session.execute(
        select(
            EpisodeRow.episode_id,
            EpisodeRow.status,
            EpisodeRow.label_operator,
            EpisodeRow.label_predicate,
            EpisodeRow.label_reviewer,
        )
    ):
        known.add(episode)
        if status != decided.statuses.get(episode):
            yield (
                f"{episode} is {status}, the chain of custody says "
                f"{decided.statuses.get(episode, 'nothing of it')}"
            )
        for source, label in zip(("operator", "predicate", "reviewer"), shown, strict=True):
            if label != labels.get((episode, source)):
                yield f"{episode} shows the {source}'s label {label}, which is not the newest"
    for episode in decided.statuses.keys() - known:
        yield f"{episode} was registered and is missing from the catalogue"
