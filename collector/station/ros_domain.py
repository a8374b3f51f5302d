"""A ROS domain of one's own, for what must never speak to another station on this machine."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

from collector.station.description import StationError

DOMAINS = range(1, 102)  # those whose ports lie below Linux' ephemeral ones, without the default

_claims: dict[int, int] = {}  # domain -> lock, held until the process ends


class NoDomainFree(StationError):
    """Every domain of this machine is taken."""


def claim_domain(folder: Path | None = None) -> int:
    """Return a ROS domain that no other process here has claimed; it is ours until we end.

    Claims are locks on files in ``folder`` (the system's temporary folder), which the kernel
    drops with the process. Raises NoDomainFree.
    """
    folder = folder or Path(tempfile.gettempdir())
    first = os.getpid() % len(DOMAINS)
    order: list[int] = [*DOMAINS[first:], *DOMAINS[:first]]
    for domain in order:
        if domain in _claims:
            continue
        try:
            lock = os.open(
                folder / f"collector-ros-domain-{domain}.lock",
                os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                0o666,
            )
        except PermissionError:  # another user's
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        _claims[domain] = lock
        return domain
    raise NoDomainFree("every ROS domain of this computer is in use: end a station or a demo first")
