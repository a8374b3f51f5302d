"""People and episodes for the catalogue's tests."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path
from typing import Any

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.operators import Operator
from collector.catalogue.sealed_facts import SealedFacts
from collector.workflow.history import AttemptMark
from collector.workflow.journal import Entry
from collector.workflow.state_machine import Event, State

PIN = "4711"
SUPERVISOR_PIN = "271828"


def operator(catalogue: Catalogue, tmp_path: Path, consent: bool = True) -> Operator:
    """A new operator, with consent on file."""
    person = catalogue.add_operator(PIN)
    if consent:
        document = tmp_path / "consent.txt"
        document.write_text(f"I agree. {person.operator_id}", encoding="utf-8")
        catalogue.give_consent(person.operator_id, document, "training of robot models")
    return catalogue.operator(person.operator_id)


def supervisor(catalogue: Catalogue) -> str:
    """The pseudonym of a new supervisor."""
    return catalogue.add_operator(SUPERVISOR_PIN, "supervisor").operator_id


_numbers = itertools.count(1)


def sign_in(catalogue: Catalogue, person: str, station: str = "sim-1") -> str:
    """The id of a new session, told as the workflow tells it."""
    session_id = f"s-{next(_numbers)}"
    _tell(catalogue, station, session_id, person, Event.SIGN_IN, {"operator_id": person})
    return session_id


def sign_out(catalogue: Catalogue, session_id: str) -> None:
    sitting = catalogue.session(session_id)
    who = str(sitting.operator_id)
    _tell(catalogue, sitting.station_id, session_id, who, Event.SIGN_OUT, {})


def _tell(
    catalogue: Catalogue,
    station: str,
    session_id: str,
    who: str,
    event: Event,
    changes: dict[str, str],
) -> None:
    begins = event is Event.SIGN_IN
    entry = Entry(
        sequence=next(_numbers),
        at_ns=catalogue.clock.now_ns(),
        event=event,
        start=State.SIGNED_OUT if begins else State.PREFLIGHT,
        end=State.PREFLIGHT if begins else State.SIGNED_OUT,
        who=who,
        changes=changes,
    )
    catalogue.write_entry(station, entry, session_id)


def tell_attempt(
    catalogue: Catalogue, session_id: str, outcome: str = "success", **more: Any
) -> AttemptMark:
    """An attempt of a session, told as the workflow tells it: by default at `stack`."""
    sitting = catalogue.session(session_id)
    now_ns = catalogue.clock.now_ns()
    values: dict[str, Any] = {
        "attempt_id": f"a-{next(_numbers)}",
        "session_id": session_id,
        "operator_id": sitting.operator_id,
        "task_id": "stack",
        "phase": "collection",
        "outcome": outcome,
        "started_ns": now_ns,
        "ended_ns": 0 if outcome == "recording" else now_ns,
    }
    mark = AttemptMark(**{**values, **more})
    catalogue.write_mark(sitting.station_id, mark, mark.task_id)
    return mark


def facts(number: int, **changes: Any) -> SealedFacts:
    """What a sealed folder could say of itself."""
    episode_id = f"20261124T135501-sim-1-{number:04x}"
    values: dict[str, Any] = {
        "episode_id": episode_id,
        "path": f"/data/episodes/2026-11-24/{episode_id}",
        "digest": hashlib.sha256(episode_id.encode()).hexdigest(),
        "station_id": "sim-1",
        "task_id": "stack",
        "operator_id": "op-0001",
        "session_id": "s-1",
        "phase": "collection",
        "outcome": "success",
        "end_reason": "",
        "success": 1,
        "success_predicate": 1,
        "steps": 40,
        "gaps": 0,
        "duration_s": 8.0,
        "clipped_share": 0.0,
        "max_skew_ns": '{"static":7000000,"wrist":11000000}',
        "bytes": 12_000_000,
        "recovered": False,
        "created_ns": 1_795_528_501_000_000_000 + number * 10_000_000_000,
    }
    return SealedFacts(**{**values, **changes})
