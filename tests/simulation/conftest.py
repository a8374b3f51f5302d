"""Worlds and renderers are loaded once: a reset lays everything out anew."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
