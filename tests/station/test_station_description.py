"""What a station description promises: right values, and errors that say where and what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.station.description import Station, StationError, load_station

STATIONS = Path(__file__).parents[2] / "launch" / "stations"
SIMULATED = (STATIONS / "simulated.yaml").read_text(encoding="utf-8")


def write(folder: Path, text: str) -> Path:
    path = folder / "station.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def changed(folder: Path, *keys: str | int, to: Any) -> Path:
    """Write the simulated station with one value changed."""
    values = yaml.safe_load(SIMULATED)
    inner = values
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = to
    return write(folder, yaml.safe_dump(values, sort_keys=False))


def line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def errors(path: Path) -> list[str]:
    with pytest.raises(StationError) as caught:
        load_station(path)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("path", sorted(STATIONS.glob("*.yaml")), ids=lambda p: p.name)
def test_the_stations_that_come_with_it_are_valid(path: Path) -> None:
    station = load_station(path)
    assert set(station.cameras) == {"static", "wrist"}
    assert station.period_ns == 200_000_000


def test_paths_are_relative_to_the_file_and_calibrations_to_the_data_folder(
    tmp_path: Path,
) -> None:
    text = SIMULATED.replace("backend: simulated\n    width", "backend: realsense\n    width", 1)
    text = text.replace("    width", "    recording: tapes/a.db3\n    width", 1)
    station = load_station(write(tmp_path, text.replace("../../data", "my data")))
    assert station.data == tmp_path / "my data"
    assert station.log_folder == tmp_path / "my data" / "logs"
    assert station.cameras["static"].recording == tmp_path / "tapes" / "a.db3"
    expected = tmp_path / "my data" / "calibration" / "static.yaml"
    assert station.cameras["static"].calibration == expected
    assert station.calibration_path("static") == expected


def test_a_station_cannot_be_changed() -> None:
    station = load_station(STATIONS / "simulated.yaml")
    with pytest.raises(ValueError, match="frozen"):
        station.rate_hz = 10.0  # type: ignore[misc]


@pytest.mark.parametrize(("rate", "period_ns"), [(1, 10**9), (2.5, 4 * 10**8), (16, 62_500_000)])
def test_the_period_is_exact(tmp_path: Path, rate: float, period_ns: int) -> None:
    values = yaml.safe_load(SIMULATED)
    values["rate_hz"] = rate
    values["arm"]["limits"] |= {"linear_m_s": 0.1, "angular_rad_s": 0.5}
    for camera in values["cameras"].values():
        camera["fps"] = 60
        camera["phase_ms"] = 0
    station = load_station(write(tmp_path, yaml.safe_dump(values)))
    assert station.period_ns == period_ns


WRONG: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("station_id",), "Lab 1", "lower-case letters"),
    (("station_id",), 7, "text, in quotes"),
    (("rate_hz",), 3, "whole number of nanoseconds"),
    (("rate_hz",), 0, "at least 1"),
    (("rate_hz",), True, "expected a number, got true"),
    (("rate_hz",), float("nan"), "finite"),
    (("cameras", "static", "backend"), "simulted", "'simulated' or 'realsense', got 'simulted'"),
    (("cameras", "static", "fps"), 9, "at least 10, twice rate_hz"),
    (("cameras", "static", "fps"), "fast", "a whole number, got 'fast'"),
    (("cameras", "static", "serial"), 123456789012, "in quotes"),
    (("cameras", "static", "recording"), "a.db3", "only a realsense camera"),
    (("cameras", "static", "loop"), True, "only a recording can be looped"),
    (("cameras", "wrist", "phase_ms"), 100, "less than the frame period of 100 ms"),
    (("cameras", "wrist", "width"), -1, "at least 32"),
    (("cameras", "wrist", "simulation"), {"imperfect": True, "seed": -1}, "at least 0"),
    (("cameras", "wrist", "simulation"), {"distortion": [0.1]}, "the list is too short"),
    (("cameras", "wrist", "simulation"), {"imperfekt": True}, "imperfekt"),
    (("arm", "joints"), ["a", "b"], "at least 6 entries, got 2"),
    (("arm", "joints"), ["a"] * 7, "'a' is named twice"),
    (("arm", "home_poses"), {"rest": [0.0] * 7}, "the pose named home is missing"),
    (("arm", "home_poses", "home"), [0.0] * 6, "expected 7 angles, one a joint, got 6"),
    (("arm", "home_poses", "home"), [180.0] * 7, "radians"),
    (("arm", "limits", "linear_m_s"), 0.6, "at most 0.5, got 0.6"),
    (("arm", "limits", "angular_rad_s"), 2.6, "at most 2.5"),
    (("arm", "limits", "watchdog_ms"), 500, "at most 200"),
    (("arm", "limits", "workspace"), {"min": [0, 0, 0], "max": [1, 0, 1]}, "0 and 0 on y"),
    (("arm", "limits", "workspace", "max"), [1, 1, float("inf")], "finite"),
    (("arm", "topics"), {"ee_pose": "ee pose"}, "absolute ROS topic"),
    (("teleop", "device"), "joystick", "'scripted' or 'twist'"),
    (("recording", "licence"), "CC-BY", "SPDX"),
    (("recording", "licence"), "LicenseRef-", "SPDX"),
    (("operator_policy", "min_attempts"), 21, "at most the window of 20"),
    (("operator_policy", "threshold"), 85, "at most 1"),
    (("network", "domain_id"), 150, "from 0 to 101"),
]


@pytest.mark.parametrize(("keys", "value", "sentence"), WRONG)
def test_a_wrong_value_is_named_with_file_line_and_key(
    tmp_path: Path, keys: tuple[str | int, ...], value: Any, sentence: str
) -> None:
    path = changed(tmp_path, *keys, to=value)
    found = [line for line in errors(path) if sentence in line]
    assert found, errors(path)
    assert found[0].startswith(f"{path}:")
    number = int(found[0].split(":")[1])
    key = found[0].split(":")[2].strip()
    assert key.startswith(str(keys[0]))
    # The line that is named holds the last key of the path, or an entry of its list.
    name = key.split(".")[-1]
    line = path.read_text(encoding="utf-8").splitlines()[number - 1]
    assert f"{name}:" in line or name.isdigit()


def test_the_limits_follow_the_rate_because_an_action_is_bounded_a_step(tmp_path: Path) -> None:
    found = errors(changed(tmp_path, "rate_hz", to=2))
    assert any("arm.limits.linear_m_s: expected at most 0.2" in line for line in found)
    assert any("arm.limits.angular_rad_s: expected at most 1" in line for line in found)


def test_a_misspelt_key_is_told_with_the_known_one_and_not_also_as_missing(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, SIMULATED.replace("    fps: 10\n", "    fsp: 10\n", 1))
    number = line_of(path, "fsp")
    assert errors(path) == [f"{path}:{number}: cameras.static.fsp: unknown key: did you mean fps?"]


def test_an_unknown_key_lists_the_known_ones(tmp_path: Path) -> None:
    (line,) = errors(write(tmp_path, SIMULATED + "colour: red\n"))
    assert "colour: unknown key: expected one of station_id, name," in line


def test_a_missing_key_is_named_with_what_belongs_there(tmp_path: Path) -> None:
    path = write(tmp_path, SIMULATED.replace("    height: 240\n", "", 1))
    number = line_of(path, "static:")
    expected = "cameras.static.height: is missing: expected the native image's height in pixels"
    assert errors(path) == [f"{path}:{number}: {expected}"]


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file(
    tmp_path: Path,
) -> None:
    text = SIMULATED.replace("rate_hz: 5\n", "rate_hz: five\n").replace("0.85", "85")
    found = errors(write(tmp_path, text))
    assert [line.split(":")[2].strip() for line in found] == [
        "rate_hz",
        "operator_policy.threshold",
    ]


def test_both_cameras_are_needed_and_no_other(tmp_path: Path) -> None:
    found = errors(write(tmp_path, SIMULATED.replace("  wrist:", "  wirst:")))
    assert any("the camera 'wrist' is missing" in line for line in found)
    assert any("cameras.wirst: expected the cameras static and wrist" in line for line in found)


def test_a_live_realsense_needs_its_serial_and_no_two_share_one(tmp_path: Path) -> None:
    text = SIMULATED.replace("backend: simulated\n    width", "backend: realsense\n    width")
    text = text.replace("    phase_ms: 37", "")
    found = errors(write(tmp_path, text))
    assert len(found) == 2
    assert all("serial: expected the number on the camera's label" in line for line in found)
    text = text.replace("    width", '    serial: "12"\n    width')
    (line,) = errors(write(tmp_path, text))
    assert "cameras.wrist.serial: '12' is already camera 'static'" in line


def test_a_licence_is_written_as_spdx_writes_it(tmp_path: Path) -> None:
    station = load_station(changed(tmp_path, "recording", "licence", to="cc-by-4.0"))
    assert station.recording.licence == "CC-BY-4.0"
    station = load_station(changed(tmp_path, "recording", "licence", to="LicenseRef-Lab"))
    assert station.recording.licence == "LicenseRef-Lab"


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("station_id: a\n\tname: b\n", 2, "indent with spaces"),
        ("station_id: a\nstation_id: b\n", 2, "given twice, first on line 1"),
        ("cameras: {static: [}\n", 1, "not valid YAML"),
        ("station_id: a\ncameras: &c\n  static: *c\n", 2, "contains itself"),
        ("", 1, "got nothing"),
        ("- a\n", 1, "expected a station description"),
        ("name: a\x07b\n", 1, "special characters are not allowed"),
    ],
)
def test_a_file_that_is_not_a_mapping_in_yaml_is_refused_with_the_line(
    tmp_path: Path, text: str, line: int, sentence: str
) -> None:
    path = write(tmp_path, text)
    (found,) = errors(path)
    assert found.startswith(f"{path}:{line}: ")
    assert sentence in found


def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    (line,) = errors(tmp_path / "none.yaml")
    assert "does not exist: name a station description" in line
    (line,) = errors(tmp_path)
    assert "Is a directory" in line
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("name: Werkbank für Roboter\n".encode("latin-1"))
    (line,) = errors(latin)
    assert "save it as UTF-8" in line


def test_merge_keys_keep_their_lines(tmp_path: Path) -> None:
    text = SIMULATED.replace("  static:\n", "  static: &camera\n")
    start = text.index("  wrist:")
    end = text.index("arm:\n")
    text = text[:start] + "  wrist:\n    <<: *camera\n    fps: 4\n\n" + text[end:]
    path = write(tmp_path, text)
    (found,) = errors(path)
    assert found.startswith(f"{path}:{line_of(path, 'fps: 4')}: cameras.wrist.fps")


def test_editors_can_check_the_file_against_a_schema() -> None:
    schema = Station.model_json_schema()
    assert "cameras" in schema["required"]
    assert schema["additionalProperties"] is False


def test_a_task_library_of_ones_own_is_relative_to_the_file(tmp_path: Path) -> None:
    assert load_station(changed(tmp_path, "name", to="mine")).tasks.name == "tasks"
    station = load_station(changed(tmp_path, "workflow", to={"tasks": "mine"}))
    assert station.tasks == (tmp_path / "mine").resolve()


def test_a_block_names_its_least_demonstrations_first(tmp_path: Path) -> None:
    path = changed(tmp_path, "workflow", to={"block": [15, 10]})
    (error,) = errors(path)
    assert "workflow.block: expected [least, most] demonstrations" in error


def test_only_a_simulated_camera_has_true_values_to_set(tmp_path: Path) -> None:
    values = yaml.safe_load(SIMULATED)
    values["cameras"]["wrist"]["simulation"] = {"imperfect": True, "seed": 4, "noise": 1.5}
    station = load_station(write(tmp_path, yaml.safe_dump(values)))
    simulation = station.cameras["wrist"].simulation
    assert simulation is not None
    assert (simulation.imperfect, simulation.seed, simulation.noise) == (True, 4, 1.5)
    assert station.cameras["static"].simulation is None
    values["cameras"]["wrist"] |= {"backend": "realsense", "serial": "12"}
    del values["cameras"]["wrist"]["phase_ms"]
    (line,) = errors(write(tmp_path, yaml.safe_dump(values)))
    assert "wrist.simulation: only a simulated camera has true values" in line
