"""From a launch file to what is to run, where, and over which network.

The one way in for everything that starts a station: the `collector station` command, the
demo, and tests of the whole.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from collector.clock import NS_PER_S, Clock, SystemClock
from collector.station.description import Station, load_station
from collector.station.launch_file import LaunchDescription, load_launch_file

SIMULATED_LAUNCH = Path("launch") / "simulated.launch.yaml"


@dataclass(frozen=True)
class Bringup:
    """What a launch file comes to on this machine."""

    launch: LaunchDescription
    station: Station | None  # None: the launch file has no argument named station
    station_path: Path | None
    log_folder: Path  # of this run; not made yet


def default_launch_file() -> Path:
    """Return the launch file of the simulated station: of this folder, else of this software."""
    if SIMULATED_LAUNCH.is_file():
        return SIMULATED_LAUNCH
    return Path(__file__).resolve().parents[2] / SIMULATED_LAUNCH


def bring_up(
    launch_file: Path,
    arguments: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> Bringup:
    """Read a launch file and the station description that its argument ``station`` names.

    The station's network settings hold unless an argument (``discovery_range``,
    ``domain_id``) or the environment (ROS_AUTOMATIC_DISCOVERY_RANGE, ROS_DOMAIN_ID) says
    otherwise. Raises LaunchError and StationError. Starts nothing and writes nothing.
    """
    given = dict(arguments or {})
    if "station" in given:
        given["station"] = str(Path(given["station"]).expanduser().absolute())
    seen = dict(os.environ if environment is None else environment)
    launch = load_launch_file(launch_file, given, seen)
    station, path = None, None
    logs = Path("data").absolute() / "logs"
    if any(argument.name == "station" for argument in launch.arguments):
        path = Path(launch.configurations["station"])
        station = load_station(path)
        logs = station.log_folder
        network = _network_environment(station)
        # A second reading, now that the station's say on the network is known.
        launch = load_launch_file(launch_file, given, {**network, **seen})
    now = datetime.fromtimestamp((clock or SystemClock()).now_ns() / NS_PER_S, timezone.utc)
    log_folder = logs / now.strftime("%Y-%m-%dT%H-%M-%S-%fZ")
    return Bringup(launch, station, path, log_folder)


def _network_environment(station: Station) -> dict[str, str]:
    network = station.network
    result = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST" if network.localhost_only else "SUBNET"}
    if network.domain_id is not None:
        result["ROS_DOMAIN_ID"] = str(network.domain_id)
    return result
