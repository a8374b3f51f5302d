"""What preflight reads from disk: calibrations and the newest sealed episodes."""

from __future__ import annotations

import os
from pathlib import Path

import h5py
import pytest

from collector.calibration_result import CameraCalibration
from collector.clock import NS_PER_S
from collector.episode.folders import date_folder, new_episode_id
from collector.episode.format import COMMIT, EPISODE_FILE, MANIFEST_FILE, SCHEMA
from collector.episode.seal import iso_time
from collector.preflight import sealed_history
from collector.preflight.calibration_file import CalibrationFile
from collector.preflight.sealed_history import SealedHistory

START_NS = 1_795_528_501 * NS_PER_S
DAY_NS = 86_400 * NS_PER_S


def calibration(**values: object) -> CameraCalibration:
    return CameraCalibration.model_validate(
        {
            "camera": "static",
            "serial": "SN-1",
            "width": 640,
            "height": 480,
            "fx": 600.0,
            "fy": 600.0,
            "cx": 320.0,
            "cy": 240.0,
            "parent_frame": "base",
            "child_frame": "static_optical",
            "transform": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
            **values,
        }
    )


def test_a_calibration_that_is_missing_comes_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "calibration" / "static.yaml"
    file = CalibrationFile(path, "static")
    assert file.observation() is None
    calibration().save(path)
    assert file.observation().serial == "SN-1"
    path.unlink()
    assert file.observation() is None


def test_a_calibration_is_read_again_only_when_its_file_changed(tmp_path: Path) -> None:
    path = tmp_path / "static.yaml"
    calibration().save(path)
    file = CalibrationFile(path, "static")
    first = file.observation()
    assert file.observation() is first
    calibration(serial="SN-2").save(path)
    os.utime(path, ns=(START_NS, START_NS))
    assert file.observation().serial == "SN-2"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("camera: [", "cannot be read"),
        ("camera: static", "calibrate again"),
        (None, "is of the camera 'wrist': calibrate the static camera"),
    ],
)
def test_a_calibration_that_cannot_be_used_says_why(
    tmp_path: Path, text: str | None, problem: str
) -> None:
    path = tmp_path / "static.yaml"
    if text is None:
        calibration(camera="wrist").save(path)
    else:
        path.write_text(text, encoding="utf-8")
    found = CalibrationFile(path, "static").observation()
    assert problem in found.problem
    assert str(path) in found.problem
    assert found.problem.endswith(".")


def test_a_calibration_below_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "calibration").write_text("", encoding="utf-8")
    found = CalibrationFile(tmp_path / "calibration" / "static.yaml", "static").observation()
    assert "cannot be read" in found.problem


def seal(root: Path, began_ns: int, size: int, station: str = "lab-1") -> Path:
    """Make what looks like a sealed episode of so many bytes, sealed 20 s later."""
    episode_id = new_episode_id(began_ns, station, size)
    folder = date_folder(root, episode_id) / episode_id
    folder.mkdir(parents=True)
    with h5py.File(folder / EPISODE_FILE, "w", libver="latest") as file:
        file.attrs["schema"] = SCHEMA
        file.attrs["sealed"] = iso_time(began_ns + 20 * NS_PER_S)
        file.create_dataset(COMMIT, data=[0])
    filling = size - (folder / EPISODE_FILE).stat().st_size
    (folder / "static.mp4").write_bytes(bytes(filling))
    (folder / MANIFEST_FILE).touch()
    return folder


def test_there_is_no_history_without_episodes(tmp_path: Path) -> None:
    history = SealedHistory(tmp_path / "not made yet", "lab-1")
    assert history.sizes() == ()
    assert history.newest_sealed_ns() is None


def test_the_newest_episodes_of_this_station_tell_their_size_and_when(tmp_path: Path) -> None:
    history = SealedHistory(tmp_path, "lab-1")
    assert history.sizes() == ()
    seal(tmp_path, START_NS - 2 * DAY_NS, 20_000)
    seal(tmp_path, START_NS, 30_000)
    seal(tmp_path, START_NS + DAY_NS, 90_000, station="lab-10")
    unsealed = seal(tmp_path, START_NS + 60 * NS_PER_S, 40_000)
    (unsealed / MANIFEST_FILE).unlink()
    assert history.sizes() == (30_000, 20_000)
    assert history.newest_sealed_ns() == START_NS + 20 * NS_PER_S


def test_an_episode_that_is_sealed_meanwhile_is_seen(tmp_path: Path) -> None:
    history = SealedHistory(tmp_path, "lab-1")
    first = seal(tmp_path, START_NS, 20_000)
    assert history.sizes() == (20_000,)
    # As if time had passed since the folder was looked at.
    os.utime(first.parent, ns=(START_NS, START_NS))
    assert history.sizes() == (20_000,)
    seal(tmp_path, START_NS + NS_PER_S, 30_000)
    assert history.sizes() == (30_000, 20_000)
    assert history.newest_sealed_ns() == START_NS + 21 * NS_PER_S


def test_only_the_newest_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_history, "ATTEMPTS", 3)
    for k in range(5):
        seal(tmp_path, START_NS + k * DAY_NS // 2, 20_000 + k)
    assert SealedHistory(tmp_path, "lab-1").sizes() == (20_004, 20_003, 20_002)


def test_a_newest_episode_that_is_damaged_has_no_time(tmp_path: Path) -> None:
    folder = seal(tmp_path, START_NS, 20_000)
    (folder / EPISODE_FILE).write_bytes(b"")
    assert SealedHistory(tmp_path, "lab-1").newest_sealed_ns() is None
