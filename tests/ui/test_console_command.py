"""`collector console`: the station's environment, and a sentence where it cannot run."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.database import catalogue_file
from collector.cli.console import KEYBOARD, console_environment, simulated_operator
from collector.clock import SystemClock
from collector.station.description import load_station
from collector.station.simulated import describe_simulated_station
from ui.display import display_problem

ROOT = Path(__file__).parents[2]


def test_the_console_speaks_over_the_transports_and_in_the_domain_of_the_station():
    environment = console_environment({"PATH": "/bin"}, None)
    assert environment["RMW_IMPLEMENTATION"] == "rmw_fastrtps_cpp"
    assert Path(environment["FASTRTPS_DEFAULT_PROFILES_FILE"]).is_file()
    assert environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert environment["ROS_DOMAIN_ID"] == "0"
    assert environment["PATH"] == "/bin"


def test_a_domain_is_taken_from_the_option_then_from_the_environment():
    assert console_environment({"ROS_DOMAIN_ID": "5"}, None)["ROS_DOMAIN_ID"] == "5"
    assert console_environment({"ROS_DOMAIN_ID": "5"}, 7)["ROS_DOMAIN_ID"] == "7"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 and Wayland are Linux's")
def test_no_display_is_said_in_a_sentence_with_exit_code_2():
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    ended = subprocess.run(
        [sys.executable, "-m", "ui"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("there is no display here: ")
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "environment", [{"QT_QPA_PLATFORM": "offscreen"}, {"WAYLAND_DISPLAY": "wayland-0"}]
)
def test_where_qt_can_draw_nothing_is_refused(environment):
    assert display_problem(environment) == ""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 is Linux's")
def test_a_display_that_does_not_answer_is_named_or_the_library_that_lacks(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":9876")
    problem = display_problem(os.environ | {"QT_QPA_PLATFORM": "", "WAYLAND_DISPLAY": ""})
    assert ":9876" in problem or "system_packages.sh" in problem


def test_without_the_libraries_it_says_so_with_exit_code_2(tmp_path):
    (tmp_path / "PySide6.py").write_text("raise ImportError('libEGL.so.1: cannot open')")
    ended = subprocess.run(
        [sys.executable, "-m", "ui"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == "the console cannot start: libEGL.so.1: cannot open\n"


# A simulated station of one's own


def test_the_simulated_station_takes_the_keyboards_velocities(tmp_path):
    describe_simulated_station(tmp_path / "station.yaml", ".", sections={"teleop": KEYBOARD})
    station = load_station(tmp_path / "station.yaml")
    assert station.teleop.device == "twist"
    assert station.teleop.twist.topic == "/teleop/twist"
    assert station.teleop.twist.gripper_topic == "/teleop/gripper"


def test_somebody_can_sign_in_at_a_new_simulated_station_and_again(tmp_path):
    first = simulated_operator(tmp_path, SystemClock())
    assert first is not None
    assert simulated_operator(tmp_path, SystemClock()) == first
    catalogue = Catalogue.open(catalogue_file(tmp_path), SystemClock(), random.SystemRandom())
    assert catalogue.sign_in(*first).operator_id == first[0]
    assert catalogue.newest_consent(first[0]) is not None
    assert len(catalogue.operators()) == 1
    catalogue.close()
    kept = tmp_path / "private" / "simulated_operator.txt"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_where_people_have_their_own_pins_none_is_made(tmp_path):
    catalogue = Catalogue.open(catalogue_file(tmp_path), SystemClock(), random.SystemRandom())
    catalogue.add_operator("4711")
    catalogue.close()
    assert simulated_operator(tmp_path, SystemClock()) is None
