"""People and episodes for the catalogue's tests."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.operators import Operator
from collector.catalogue.sealed_facts import SealedFacts

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
