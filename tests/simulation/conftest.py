"""Worlds and renderers are loaded once: a reset lays everything out anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest
from recorded_attempt import RecordedAttempt, record

from collector.simulation.renderer import Renderer
from collector.simulation.world import World


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    with World() as opened:
        yield opened


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    opened = Renderer()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def honest_attempt(world: World) -> Callable[[str], RecordedAttempt]:
    """One honest attempt at each task, made when it is first asked for."""
    return cache(lambda task_id: record(world, task_id, seed=21))


@pytest.fixture(scope="session")
def failed_attempt(world: World) -> Callable[[str], RecordedAttempt]:
    """One attempt at each task that fails on purpose."""
    return cache(lambda task_id: record(world, task_id, seed=4, fail_on_purpose=True))
