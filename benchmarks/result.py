"""One measured number."""

from __future__ import annotations

from typing import NamedTuple


class Result(NamedTuple):
    """A value beside its target; the target is empty where there is none."""

    name: str
    value: float
    unit: str
    target: str = ""
