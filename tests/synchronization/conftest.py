from __future__ import annotations

import pytest
from simulated_streams import SimulatedStreams


@pytest.fixture
def station() -> SimulatedStreams:
    return SimulatedStreams()
