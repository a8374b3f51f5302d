"""Real ROS 2 in a domain of its own; a station in a temporary folder; the nodes of a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from ros_graph import Graph
from station_files import ROOT, StationFile


@pytest.fixture(scope="module", autouse=True)
def ros_environment() -> Iterator[dict[str, str]]:
    """What launch files set for every process of a station."""
    environment = {
        # Test runs that share a machine do not hear each other.
        "ROS_DOMAIN_ID": str(1 + os.getpid() % 101),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "RMW_IMPLEMENTATION": "rmw_fastrtps_cpp",
        "FASTRTPS_DEFAULT_PROFILES_FILE": str(ROOT / "launch" / "fastdds_profile.xml"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield environment


@pytest.fixture
def station(tmp_path: Path) -> StationFile:
    return StationFile(tmp_path)


@pytest.fixture
def graph(ros_environment: dict[str, str], station: StationFile) -> Iterator[Graph]:
    with Graph(station) as opened:
        yield opened
