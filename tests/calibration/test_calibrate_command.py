"""`collector calibrate`: what needs no station, on files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from painted_rig import PaintedRig
from test_result import measured
from typer.testing import CliRunner

from calibration.result import store
from calibration.view_folder import CapturedViews, save_views
from collector.calibration_result import load_calibration
from collector.cli.main import app
from collector.station.description import load_station
from collector.station.simulated import describe_simulated_station


def run(*words: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["calibrate", *map(str, words)])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def captured() -> CapturedViews:
    rig = PaintedRig(seed=3)
    rig.visit([rig.pose() for _ in range(12)])
    return CapturedViews.of(rig.capture, "wrist", "SIM-1", "Ada", "2026-11-24T17:30:00Z")


@pytest.fixture
def station(tmp_path: Path) -> Path:
    path = tmp_path / "station.yaml"
    describe_simulated_station(path, ".")
    return path


def test_the_board_is_written_where_it_was_asked_for(tmp_path: Path) -> None:
    assert "measure the squares" in run("board", tmp_path / "board.pdf", "--page", "A3")
    assert (tmp_path / "board.pdf").read_bytes().startswith(b"%PDF")
    (tmp_path / "taken").write_text("no folder")
    refused = run("board", tmp_path / "taken" / "board.pdf", code=2)
    assert "cannot be written" in refused
    assert "give another path" in refused


def test_results_in_force_and_before_are_shown_on_a_narrow_terminal(
    station: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "static.yaml is missing: calibrate the camera first" in run("show", station)
    path = load_station(station).calibration_path("static")
    for date in ("2026-11-20T09:00:00Z", "2026-11-24T17:30:00Z"):
        store(measured(date=date), path)
    lines = run("show", station).splitlines()
    assert max(map(len, lines)) <= 80 or "missing" in lines[-1]
    now, before = (line for line in lines if "2026-11" in line)
    assert "2026-11-24 17:30" in now
    assert before.split()[:3] == ["before", "2026-11-20", "09:00"]
    shown = json.loads(run("show", station, "--json"))
    assert [row["older"] for row in shown if row["camera"] == "static"] == [False, True]
    path.write_text(path.read_text(encoding="utf-8").replace("fx:", "fx: 1"), encoding="utf-8")
    assert "static.yaml" in run("show", station)


def test_views_are_solved_again_without_a_station(captured: CapturedViews, tmp_path: Path) -> None:
    folder = tmp_path / "wrist-2026-11-24T17-30-00Z"
    save_views(captured, folder)
    said = run("solve", folder)
    assert "ok" in said
    assert (folder / "report.html").is_file()
    candidate = load_calibration(folder / "candidate.yaml")
    assert (candidate.camera, candidate.name) == ("wrist", folder.name)
    found = json.loads(run("solve", folder, "--square-mm", "31.2", "--json", code=1))
    assert found["ok"] is False
    assert any(finding["level"] == "refused" for finding in found["findings"])


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    assert "capture.yaml is missing: name the folder" in run("solve", tmp_path, code=2)
