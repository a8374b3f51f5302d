"""Copies a catalogue, of any database, into one SQLite file that opens as a catalogue."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

from sqlalchemy import delete, func, insert, select

from collector.catalogue.database import open_engine
from collector.catalogue.errors import CatalogueError
from collector.catalogue.ledger import Ledger
from collector.catalogue.tables import Base, ChainHeadRow, EpisodeRow
from collector.episode.seal import sync

_ROWS_AT_ONCE = 2000


class Backup(Ledger):
    """What leaves the catalogue whole."""

    def backup(self, file: Path) -> int:
        """Copy the catalogue of one moment into a new file; return how many episodes it holds.

        Names are not in it; the PINs' hashes are, so only its owner can read it. Raises
        CatalogueError when the file exists or cannot be written.
        """
        if file.exists():
            raise CatalogueError(f"{file} exists already: name a new file")
        part = file.with_name(f"{file.name}.partial")
        try:
            part.unlink(missing_ok=True)
            episodes = self._copy_into(part)
            sync(part)
            os.rename(part, file)
            sync(file.parent.resolve())
        except OSError as error:
            raise CatalogueError(f"{file} cannot be written: {error.strerror}") from error
        return episodes

    def _copy_into(self, part: Path) -> int:
        copy = open_engine(part)
        try:
            with self._snapshots.connect() as source, copy.begin() as target:
                target.execute(delete(ChainHeadRow))
                for table in Base.metadata.sorted_tables:
                    rows = source.execution_options(yield_per=_ROWS_AT_ONCE).execute(select(table))
                    for portion in rows.partitions():
                        target.execute(insert(table), [dict(row._mapping) for row in portion])
                return target.scalar(select(func.count()).select_from(EpisodeRow)) or 0
        finally:
            copy.dispose()

    def export_custody(self, out: TextIO) -> int:
        """Write the chain of custody as JSON lines; return how many events it has."""
        count = 0
        for event in self.custody_chain():
            out.write(event.as_line() + "\n")
            count += 1
        return count
