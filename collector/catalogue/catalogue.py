"""The catalogue: everyone and everything that the station remembers, behind one object."""

from __future__ import annotations

import random
from pathlib import Path
from types import TracebackType

from argon2 import PasswordHasher

from collector.catalogue.attempts import Attempts
from collector.catalogue.backup import Backup
from collector.catalogue.database import WAIT_S, open_engine
from collector.catalogue.operators import Operators
from collector.catalogue.overrides import Overrides
from collector.catalogue.reconciliation import Reconciliation
from collector.catalogue.sessions import Sessions
from collector.catalogue.workflow_records import WorkflowRecords
from collector.clock import Clock


class Catalogue(Operators, Sessions, Attempts, Overrides, WorkflowRecords, Reconciliation, Backup):
    """An open catalogue; a context manager. Threads and processes may share the database.

    Every method takes one decision or answers one question, and raises CatalogueError, with a
    sentence, where it cannot.
    """

    @classmethod
    def open(
        cls,
        where: str | Path,
        clock: Clock,
        rng: random.Random,
        hasher: PasswordHasher | None = None,
        wait_s: float = WAIT_S,
    ) -> Catalogue:
        """Open a SQLite file (made if there is none) or a database by URL, brought up to date.

        ``rng`` draws pseudonyms, ``hasher`` hashes PINs (argon2's defaults),
        ``wait_s`` is how long a request waits for another writer or for the server.
        Raises CatalogueError when it cannot be reached, or is newer than this software.
        """
        return cls(open_engine(where, wait_s), clock, rng, hasher or PasswordHasher())

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()
