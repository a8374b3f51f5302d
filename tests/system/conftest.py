"""A running station for each test, in a ROS domain of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from running_station import RunningStation, Session

from collector.station.ros_domain import claim_domain


@pytest.fixture
def domain_id() -> int:
    return claim_domain()


@pytest.fixture
def station(tmp_path: Path, domain_id: int) -> Iterator[RunningStation]:
    running = RunningStation(tmp_path, domain_id)
    running.start()
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def run_session(station: RunningStation) -> Iterator[Callable[..., Session]]:
    with ExitStack() as sessions:

        def run(**parameters: Any) -> Session:
            session = Session(station, **parameters)
            sessions.callback(session.close)
            return session

        yield run
