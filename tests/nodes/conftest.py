"""Real ROS 2 in a domain of its own; a station in a temporary folder; the nodes of a test."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from station_files import StationFile

if TYPE_CHECKING:
    from ros_graph import Graph

# Where there is no ROS, or ros_ws is not built, the rest of the tests still runs.
if not all(map(find_spec, ("rclpy", "collector_interfaces", "collector_nodes"))):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="module", autouse=True)
def ros_environment() -> Iterator[None]:
    from ros_environment import ENVIRONMENT

    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def station(tmp_path: Path) -> StationFile:
    return StationFile(tmp_path)


@pytest.fixture
def graph(ros_environment: None, station: StationFile) -> Iterator[Graph]:
    from ros_graph import Graph

    with Graph(station) as opened:
        yield opened
