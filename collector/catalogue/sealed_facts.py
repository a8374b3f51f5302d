"""What a sealed folder says of itself: the facts that the catalogue can be rebuilt from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from collector.catalogue.custody import canonical
from collector.catalogue.errors import CatalogueError
from collector.clock import NS_PER_S
from collector.episode.format import MANIFEST_FILE
from collector.episode.reader import EpisodeError, read_summary
from collector.episode.seal import manifest_faults


@dataclass(frozen=True)
class SealedFacts:
    """Facts of one sealed episode; the fields are columns of `EpisodeRow`."""

    episode_id: str
    path: str  # absolute
    digest: str  # sha256 of its manifest
    station_id: str
    task_id: str
    operator_id: str | None
    session_id: str | None
    phase: str
    outcome: str
    end_reason: str
    success: int  # the operator's label: 1, 0, -1 none
    success_predicate: int
    steps: int
    gaps: int
    duration_s: float
    clipped_share: float
    max_skew_ns: str  # canonical JSON: camera -> largest |skew|
    bytes: int
    recovered: bool
    created_ns: int


def read_facts(path: Path) -> tuple[SealedFacts, str]:
    """Return the facts of a sealed folder, and its task's type.

    Digests every file. Raises CatalogueError when the folder is not sealed, is not what its
    seal says, or cannot be read.
    """
    digest = manifest_digest(path)
    try:
        if faults := manifest_faults(path):
            raise CatalogueError(f"{path} is not as it was sealed: {faults[0]}")
        summary = read_summary(path)
        created_ns = created_of(summary.created)
    except (EpisodeError, OSError, ValueError) as error:
        raise CatalogueError(f"{path} cannot be catalogued: {error}") from error
    facts = SealedFacts(
        episode_id=summary.episode_id,
        path=str(path.resolve()),
        digest=digest,
        station_id=summary.station_id,
        task_id=summary.task_id,
        operator_id=summary.collector_id or None,
        session_id=summary.session_id or None,
        phase=summary.phase,
        outcome=summary.outcome,
        end_reason=summary.end_reason,
        success=summary.success,
        success_predicate=summary.success_predicate,
        steps=summary.steps,
        gaps=summary.gaps,
        duration_s=summary.duration_s,
        clipped_share=summary.clipped_share,
        max_skew_ns=canonical(summary.max_skew_ns),
        bytes=summary.bytes,
        recovered=summary.recovered,
        created_ns=created_ns,
    )
    return facts, summary.task_type


def manifest_digest(path: Path) -> str:
    """Return the digest that stands for a sealed folder. Raises CatalogueError without a seal."""
    try:
        return hashlib.sha256((path / MANIFEST_FILE).read_bytes()).hexdigest()
    except OSError as error:
        raise CatalogueError(
            f"{path} is no sealed episode: finish it, or run `collector episodes recover`"
        ) from error


def created_of(iso: str) -> int:
    """Return ISO 8601 in UTC as ns since the epoch, exact to the microsecond."""
    moment = datetime.fromisoformat(iso.replace("Z", "+00:00")).astimezone(timezone.utc)
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * NS_PER_S + moment.microsecond * 1000
