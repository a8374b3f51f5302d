"""`collector calibrate wizard`: where it cannot run it says so; its files are the station's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from collector.cli.calibration_wizard import wizard
from ui.calibration_wizard import calibration_files, read_file
from ui.sample_calibration_values import calibration
from ui.sample_states import NOW


def command() -> typer.Typer:
    app = typer.Typer()
    app.command()(wizard)
    return app


def test_a_camera_that_does_not_exist_is_refused_with_a_sentence():
    result = CliRunner().invoke(command(), ["--camera", "ceiling"])
    assert result.exit_code == 2
    assert "give static or wrist" in result.output


def test_without_a_display_it_says_what_to_do():
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    ran = subprocess.run(
        [sys.executable, "-m", "ui.calibration_wizard"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "no display" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_station_that_cannot_be_read_is_said(tmp_path):
    missing = tmp_path / "station.yaml"
    ran = subprocess.run(
        [sys.executable, "-m", "ui.calibration_wizard", "--station", str(missing)],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert str(missing) in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_files_are_those_of_the_stations_description():
    described = Path(__file__).parents[2] / "launch" / "stations" / "simulated.yaml"
    files = calibration_files(described)
    assert set(files) == {"static", "wrist"}
    assert files["static"].name == "static.yaml"
    assert calibration_files(None) == {}


def test_a_file_in_force_tells_its_age_and_a_damaged_one_its_problem(tmp_path):
    path = tmp_path / "static.yaml"
    known = calibration()
    known.save(path)
    read = read_file("static", path, NOW)
    assert read.calibration == known
    assert read.age_days == pytest.approx(3.2, abs=0.3)
    path.write_text("nonsense", encoding="utf-8")
    damaged = read_file("static", path, NOW)
    assert damaged.calibration is None
    assert "calibrate" in damaged.problem
