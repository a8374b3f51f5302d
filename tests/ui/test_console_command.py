"""`collector console`: the station's environment, and a sentence where it cannot run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collector.cli.console import console_environment
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
