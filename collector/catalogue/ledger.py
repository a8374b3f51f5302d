"""What every part of the catalogue stands on: reading, and deciding.

A decision and its custody event are one transaction. Killed at any instant, a process
leaves both or neither.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from collector.catalogue import custody
from collector.catalogue.errors import CatalogueError, CatalogueUnreachable
from collector.catalogue.tables import ChainHeadRow
from collector.clock import Clock


class Ledger:
    """A database, a clock and a random generator, handed in."""

    def __init__(self, engine: Engine, clock: Clock, rng: random.Random) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        # Every reader sees one moment; SQLite's do anyway.
        self._snapshots = (
            engine.execution_options(isolation_level="REPEATABLE READ")
            if engine.dialect.name == "postgresql"
            else engine
        )
        self._clock = clock
        self._rng = rng
        self._thread = threading.local()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Take this thread's decisions inside the block in one transaction: all or none.

        Other writers wait until the block ends. A decision that is refused leaves the others.
        """
        if self._held() is not None:
            yield
            return
        with self._deciding() as session:
            self._thread.session = session
            try:
                yield
            finally:
                self._thread.session = None

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Answer this thread's questions inside the block from one moment."""
        if self._held() is not None or getattr(self._thread, "reading", None) is not None:
            yield
            return
        with self._reading() as session:
            self._thread.reading = session
            try:
                yield
            finally:
                self._thread.reading = None

    @property
    def clock(self) -> Clock:
        """The clock that was handed in."""
        return self._clock

    def _held(self) -> Session | None:
        session: Session | None = getattr(self._thread, "session", None)
        return session

    @contextmanager
    def _deciding(self) -> Iterator[Session]:
        """A transaction that holds the chain's head."""
        held = self._held()
        try:
            if held is not None:
                with held.begin_nested():
                    yield held
                return
            with Session(self._writing, expire_on_commit=False) as session, session.begin():
                custody.lock_head(session)
                yield session
        except DBAPIError as error:
            # What no later try could write either is an error of the record's.
            hopeless = isinstance(error, (DataError, IntegrityError))
            kind = CatalogueError if hopeless else CatalogueUnreachable
            raise kind(
                f"the catalogue cannot be written, nothing was changed: {_cause(error)}"
            ) from error

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        """A transaction that changes nothing."""
        held = self._held() or getattr(self._thread, "reading", None)
        try:
            if held is not None:
                yield held
                return
            with Session(self._snapshots) as session:
                yield session
        except DBAPIError as error:
            raise CatalogueUnreachable(f"the catalogue cannot be read: {_cause(error)}") from error

    def _append(
        self,
        session: Session,
        actor: str,
        action: str,
        subject: str,
        reason: str = "",
        payload: Mapping[str, Any] | None = None,
    ) -> int:
        """Add a custody event; return its stamp in ns."""
        now_ns = self._clock.now_ns()
        custody.append(session, now_ns, actor, action, subject, reason, payload)
        return now_ns

    def record_decision(
        self,
        actor: str,
        action: str,
        subject: str,
        reason: str = "",
        payload: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a custody event that has no effect in another table.

        ``actor`` is a pseudonym or a part of the software; ``subject`` is written
        ``kind:id``. Raises CatalogueError for a payload that is no JSON.
        """
        with self._deciding() as session:
            self._append(session, actor, action, subject, reason, payload)

    def chain_length(self) -> int:
        """Return how many custody events there are: unchanged while nothing is decided."""
        with self._reading() as session:
            return session.scalar(select(ChainHeadRow.sequence)) or 0

    def custody_chain(self) -> Iterator[custody.CustodyEvent]:
        """Return every custody event, oldest first, of one moment."""
        with self._reading() as session:
            yield from custody.events(session)


def _cause(error: DBAPIError) -> str:
    """Return what the database says, on one line."""
    return " ".join(str(error.orig).split())
