"""PyBullet, imported when the simulator is asked for."""

from __future__ import annotations

from typing import Any


def load_bullet() -> Any:
    """Return the pybullet module. Raises ImportError, with what to do, where it is missing."""
    try:
        import pybullet
    except ImportError as error:
        raise ImportError("the simulator needs pybullet: pip install 'collector[sim]'") from error
    return pybullet
