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
        with _silent_stderr():
            import pybullet
    except ImportError as error:
        raise ImportError("the simulator needs pybullet: pip install 'collector[sim]'") from error
    return pybullet


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """PyBullet writes its build time there, past Python, when it is first imported."""
    if "pybullet" in sys.modules:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
