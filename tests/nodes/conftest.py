"""Real ROS 2 in a domain of its own; a station in a temporary folder; the nodes of a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from ros_environment import ENVIRONMENT
from ros_graph import Graph
from station_files import StationFile


@pytest.fixture(scope="module", autouse=True)
def ros_environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def station(tmp_path: Path) -> StationFile:
    return StationFile(tmp_path)


@pytest.fixture
def graph(ros_environment: None, station: StationFile) -> Iterator[Graph]:
    with Graph(station) as opened:
        yield opened
