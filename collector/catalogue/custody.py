"""The chain of custody: every decision as an event that carries the hash of the one before.

A changed, removed, added or reordered event breaks the chain from there on. That the whole
chain was replaced shows against an exported copy, or a copy of the newest hash alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from collector.catalogue.errors import CatalogueError
from collector.catalogue.tables import ChainHeadRow, CustodyRow

GENESIS = "0" * 64  # stands before the first event
HEAD = 1

# The escape of a zero character in JSON, not a backslash that is followed by the same letters.
_ZERO = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True)
class CustodyEvent:
    """One decision."""

    sequence: int  # from 1, without holes
    stamp_ns: int
    actor: str  # pseudonym, or the part of the software that acted
    action: str
    subject: str  # what it is about: `episode:<id>`, `operator:<id>`, ...
    reason: str
    payload: str  # canonical JSON
    previous: str  # hash of the event before
    hash: str

    def as_line(self) -> str:
        """Return the event as one line of JSON, the payload still as the hashed text."""
        return canonical(asdict(self))


def canonical(value: Any) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, UTF-8, no NaN.

    Raises CatalogueError for what no JSON text or database column can hold.
    """
    try:
        text = json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        text.encode()
    except (TypeError, ValueError) as error:
        raise CatalogueError(f"this cannot be kept as JSON: {error}") from error
    if _ZERO.search(text):
        raise CatalogueError("a text holds a zero character: leave it out")
    return text


def plain_text(value: object) -> str:
    """Return text that every database can hold: what people typed may be anything."""
    return str(value).replace("\0", "").encode("utf-8", "replace").decode()


def event_hash(
    sequence: int,
    stamp_ns: int,
    actor: str,
    action: str,
    subject: str,
    reason: str,
    payload: str,
    previous: str,
) -> str:
    """Return the sha256 of an event's canonical JSON without its hash, as hexadecimal digits."""
    fields = {
        "sequence": sequence,
        "stamp_ns": stamp_ns,
        "actor": actor,
        "action": action,
        "subject": subject,
        "reason": reason,
        "payload": payload,
        "previous": previous,
    }
    return hashlib.sha256(canonical(fields).encode()).hexdigest()


def lock_head(session: Session) -> ChainHeadRow:
    """Return the newest link, held until the transaction ends: the next writer waits."""
    return session.execute(
        select(ChainHeadRow).where(ChainHeadRow.head_id == HEAD).with_for_update()
    ).scalar_one()


def append(
    session: Session,
    stamp_ns: int,
    actor: str,
    action: str,
    subject: str,
    reason: str = "",
    payload: Mapping[str, Any] | None = None,
) -> None:
    """Add an event to the chain, inside the transaction of its effect.

    The caller holds the head (`lock_head`). Raises CatalogueError for a payload that is no
    JSON.
    """
    head = session.get_one(ChainHeadRow, HEAD)
    text = canonical(dict(payload or {}))
    sequence = head.sequence + 1
    digest = event_hash(sequence, stamp_ns, actor, action, subject, reason, text, head.hash)
    session.add(
        CustodyRow(
            sequence=sequence,
            stamp_ns=stamp_ns,
            actor=actor,
            action=action,
            subject=subject,
            reason=reason,
            payload=text,
            previous=head.hash,
            hash=digest,
        )
    )
    head.sequence = sequence
    head.hash = digest


def events(session: Session) -> Iterator[CustodyEvent]:
    """Return the chain from its beginning, a portion at a time."""
    last = 0
    while rows := (
        session.execute(
            select(*CustodyRow.__table__.columns)
            .where(CustodyRow.sequence > last)
            .order_by(CustodyRow.sequence)
            .limit(2000)
        ).all()
    ):
        for row in rows:
            yield CustodyEvent(**row._mapping)
        last = rows[-1].sequence


def chain_faults(chain: Iterable[CustodyEvent], head: tuple[int, str] | None) -> Iterator[str]:
    """Say what is wrong with a chain; nothing where it is whole.

    ``head`` is the sequence and hash that the newest event must have, None where they are
    not known. Stops at the first break: what follows cannot be trusted either.
    """
    sequence, previous = 0, GENESIS
    for event in chain:
        sequence += 1
        if event.sequence != sequence:
            yield f"custody event {sequence} is missing: {event.sequence} follows {sequence - 1}"
            return
        if event.previous != previous:
            yield f"custody event {sequence} does not follow the one before: the chain was cut"
            return
        fields = asdict(event)
        digest = fields.pop("hash")
        if event_hash(**fields) != digest:
            yield f"custody event {sequence} ({event.action} {event.subject}) has been changed"
            return
        previous = digest
    if head is not None and head != (sequence, previous):
        yield f"the chain ends at custody event {sequence}, its head says {head[0]}"


def read_lines(lines: Iterable[str]) -> Iterator[CustodyEvent]:
    """Read an exported chain. Raises CatalogueError for a line that is no event."""
    for number, line in enumerate(lines, 1):
        try:
            yield CustodyEvent(**json.loads(line))
        except (TypeError, ValueError) as error:
            raise CatalogueError(f"line {number} is no custody event: {error}") from error
