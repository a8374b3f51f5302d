"""A launch file and its station description, brought together."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.clock import ManualClock
from collector.station.bringup import bring_up, default_launch_file
from collector.station.description import StationError
from collector.station.launch_file import LaunchError

SIMULATED = Path(__file__).parents[2] / "launch" / "stations" / "simulated.yaml"
LAUNCH = """launch:
- arg: {name: station, default: $(dirname)/station.yaml}
- set_env: {name: RANGE, value: $(env ROS_AUTOMATIC_DISCOVERY_RANGE unset)}
- set_env: {name: DOMAIN, value: $(env ROS_DOMAIN_ID unset)}
- executable: {cmd: ls $(var station)}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = SIMULATED.read_text(encoding="utf-8").replace("../../data", "data")
    (tmp_path / "station.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "a.launch.yaml").write_text(LAUNCH, encoding="utf-8")
    return tmp_path


def test_the_station_that_the_launch_file_names_is_read(folder: Path) -> None:
    found = bring_up(folder / "a.launch.yaml", clock=ManualClock(1_700_000_000_500_000_000))
    assert found.station is not None
    assert found.station.station_id == "sim-01"
    assert found.station_path == folder / "station.yaml"
    assert found.log_folder == folder / "data" / "logs" / "2023-11-14T22-13-20-500000Z"
    assert not (folder / "data").exists()


def test_a_relative_station_becomes_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found = bring_up(Path("a.launch.yaml"), {"station": "station.yaml"})
    assert found.launch.processes[0].command == ("ls", str(folder / "station.yaml"))


def test_the_station_says_how_far_discovery_reaches_unless_the_environment_does(
    folder: Path,
) -> None:
    def network(**environment: str) -> tuple[str, str]:
        (process,) = bring_up(folder / "a.launch.yaml", {}, environment).launch.processes
        return process.environment["RANGE"], process.environment["DOMAIN"]

    assert network() == ("LOCALHOST", "unset")
    path = folder / "station.yaml"
    text = path.read_text(encoding="utf-8")
    wide = text.replace("{localhost_only: true}", "{localhost_only: false, domain_id: 7}")
    assert wide != text
    path.write_text(wide, encoding="utf-8")
    assert network() == ("SUBNET", "7")
    assert network(ROS_AUTOMATIC_DISCOVERY_RANGE="OFF", ROS_DOMAIN_ID="9") == ("OFF", "9")


def test_what_is_wrong_is_told_by_the_file_that_it_is_wrong_in(folder: Path) -> None:
    with pytest.raises(StationError, match=r"none\.yaml does not exist"):
        bring_up(folder / "a.launch.yaml", {"station": str(folder / "none.yaml")})
    with pytest.raises(LaunchError, match="takes no argument 'speed'"):
        bring_up(folder / "a.launch.yaml", {"speed": "1"})


def test_the_simulated_station_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert default_launch_file().is_file()
