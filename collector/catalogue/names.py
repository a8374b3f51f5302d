"""Who stands behind a pseudonym: one file that its owner alone can read.

Names are in no database, backup or export.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable
from pathlib import Path

import yaml

from collector.catalogue.errors import CatalogueError

HEADER = "# Personal data: pseudonym -> name. Not for backups, not for exports.\n"


def names_file(root: Path) -> Path:
    """Where the names of a data folder lie."""
    return root / "private" / "operators.yaml"


class NameFile:
    """Names by pseudonym."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> dict[str, str]:
        """Return pseudonym -> name; nothing where there is no file yet.

        Raises CatalogueError when others can read the file, or it is no list of names.
        """
        for place, mode in ((self.path.parent, "700"), (self.path, "600")):
            try:
                found = stat.S_IMODE(place.stat().st_mode)
            except FileNotFoundError:
                return {}
            if found & 0o077:
                raise CatalogueError(
                    f"others can read {place}, and names are personal data: chmod {mode} {place}"
                )
        try:
            names = yaml.safe_load(self.path.read_text(encoding="utf-8")) or {}
        except OSError as error:
            raise CatalogueError(f"{self.path} cannot be read: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise CatalogueError(f"{self.path} is no YAML: {error}") from error
        if not isinstance(names, dict) or not all(
            isinstance(text, str) for pair in names.items() for text in pair
        ):
            raise CatalogueError(f"{self.path} must hold lines of the form `op-7f3a: Name`")
        return names

    def remember(self, operator_id: str, name: str) -> None:
        """Write down a name. Raises CatalogueError as `names`."""
        self._change(lambda names: names.update({operator_id: name}))

    def forget(self, operator_id: str) -> None:
        """Remove a name: the pseudonym leads to nobody any more. Raises as `names`."""
        self._change(lambda names: names.pop(operator_id, None))

    def _change(self, change: Callable[[dict[str, str]], object]) -> None:
        folder = self.path.parent
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The lock is on the folder: the file itself is replaced.
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                names = self.names()
                change(names)
                self._replace(names)
                os.fsync(lock)
            finally:
                os.close(lock)
        except OSError as error:
            raise CatalogueError(f"{self.path} cannot be written: {error.strerror}") from error

    def _replace(self, names: dict[str, str]) -> None:
        new = self.path.with_suffix(".new")
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(HEADER + yaml.safe_dump(names, allow_unicode=True))
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, self.path)
