"""PyBullet, imported when the simulator is asked for."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any


def load_bullet() -> Any:
    """Return the pybullet module. Raises ImportError, with what to do, where it is missing."""
    try:
        with _silent_stdout():
            import pybullet
    except ImportError as error:
        raise ImportError("the simulator needs pybullet: pip install 'collector[sim]'") from error
    return pybullet


@contextlib.contextmanager
def _silent_stdout() -> Iterator[None]:
    """PyBullet prints its build time, in C, into what may be a JSON answer."""
    if "pybullet" in sys.modules:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
