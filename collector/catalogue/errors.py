"""What the catalogue refuses; every message says what to do."""

from __future__ import annotations


class CatalogueError(Exception):
    """The catalogue cannot do what was asked; the message says why, and what to do."""


class CatalogueUnreachable(CatalogueError):
    """The database is down, locked or full: the same may work later. Nothing was changed."""


class SignInError(CatalogueError):
    """A person cannot sign in."""

    def __init__(self, message: str, wait_ns: int = 0) -> None:
        super().__init__(message)
        self.wait_ns = wait_ns  # until the next try is taken; 0 for at once


class NotPermittedError(CatalogueError):
    """The decision belongs to a supervisor."""
