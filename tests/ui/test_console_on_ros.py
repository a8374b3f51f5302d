"""The whole console on real ROS 2: what it hears, what it asks, that it survives."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from played_station import PlayedStation
from sensor_msgs.msg import Image

from collector.station.ros_domain import claim_domain
from ui.bridge import StationBridge, rgb_pixels
from ui.console import Console, system_instant
from ui.console_window import ConsoleWindow
from ui.station_view import PictureState, StationState
from ui.theme import LIGHT
from ui.values import Command, Outcome

pytestmark = [
    pytest.mark.ros,
    # ROS imports a parser that imports what Python 3.11 deprecates.
    pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning"),
]
DOMAIN_ID = claim_domain()
LIMIT_MS = 20_000  # a machine under load: only a failure waits so long


@pytest.fixture(autouse=True)
def _on_this_host_alone(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")


@pytest.fixture
def console(qtbot):
    bridge, window = StationBridge(DOMAIN_ID), ConsoleWindow(LIGHT)
    qtbot.addWidget(window)
    window.show()
    made = Console(bridge, window, parent=window)
    made.window, made.bridge = window, bridge
    bridge.start()
    yield made
    bridge.close()


@pytest.fixture
def play():
    stations = []

    def begin(**how) -> PlayedStation:
        stations.append(PlayedStation(DOMAIN_ID, **how))
        return stations[-1]

    yield begin
    for station in stations:
        station.close()


def view(console):
    return console.facts.view(system_instant())


def test_it_waits_then_sees_the_station_with_both_pictures_and_its_health(console, play, qtbot):
    assert view(console).banner.state is StationState.WAITING
    play()
    qtbot.waitUntil(
        lambda: {p.state for p in view(console).pictures} == {PictureState.LIVE}, timeout=LIMIT_MS
    )
    qtbot.waitUntil(lambda: view(console).banner.state is StationState.READY, timeout=LIMIT_MS)
    cells = {cell.node: cell for cell in view(console).cells}
    assert cells["static_camera"].rate_hz == 10
    assert view(console).arm.state == "moving"

    def middle() -> tuple[int, ...]:
        drawn = console.window.cameras["static"].picture.grab().toImage()
        return drawn.pixelColor(drawn.width() // 2, drawn.height() // 2).getRgb()[:3]

    qtbot.waitUntil(lambda: middle() == (200, 0, 10), timeout=LIMIT_MS)


def test_it_joins_a_recording_that_is_under_way(console, play, qtbot):
    play(records=True)
    qtbot.waitUntil(
        lambda: view(console).banner.steps == 7 and view(console).banner.episode_id != "",
        timeout=LIMIT_MS,
    )
    banner = view(console).banner
    assert banner.state is StationState.RECORDING
    assert (banner.episode_id, banner.gaps) == ("episode-1", 1)
    assert 59 <= banner.seconds <= 59 + LIMIT_MS / 1000 + 2


def test_space_stops_the_arm_and_the_button_lets_it_go_on(console, play, qtbot):
    station = play()
    qtbot.waitUntil(lambda: view(console).banner.state is StationState.READY, timeout=LIMIT_MS)
    qtbot.keyClick(console.window, " ")
    qtbot.waitUntil(lambda: view(console).arm.can_reset, timeout=LIMIT_MS)
    assert view(console).banner.state is StationState.STOPPED
    qtbot.waitUntil(console.window.arm.reset_button.isVisible, timeout=LIMIT_MS)
    console.window.arm.reset_button.click()
    qtbot.waitUntil(lambda: not view(console).arm.can_reset, timeout=LIMIT_MS)
    assert station.asked == ["stop", "reset"]


def test_a_stop_that_is_refused_is_told(console, play, qtbot):
    play().answers = False
    qtbot.waitUntil(lambda: view(console).banner.state is StationState.READY, timeout=LIMIT_MS)
    console.bridge.send(Command.STOP_ARM)
    qtbot.waitUntil(lambda: view(console).arm.failed is not None, timeout=LIMIT_MS)
    assert view(console).arm.failed.message == "the driver is gone"
    assert view(console).banner.state is StationState.NOT_STOPPED


def test_a_stop_that_nobody_can_take_is_told_at_once(console):
    console.bridge.send(Command.STOP_ARM)
    assert view(console).arm.failed.outcome is Outcome.NOT_THERE


def test_it_survives_the_station_that_vanishes_and_returns(console, play, qtbot):
    station = play()
    qtbot.waitUntil(lambda: view(console).banner.state is StationState.READY, timeout=LIMIT_MS)
    station.close()
    qtbot.waitUntil(lambda: view(console).banner.state is StationState.LOST, timeout=LIMIT_MS)
    assert {p.state for p in view(console).pictures} == {PictureState.STALE}
    play()
    qtbot.waitUntil(lambda: view(console).banner.state is StationState.READY, timeout=LIMIT_MS)


def test_pictures_in_a_form_that_it_does_not_know_are_named_not_shown(console, play, qtbot):
    play().encoding = "bayer_rggb8"
    qtbot.waitUntil(
        lambda: view(console).pictures[0].state is PictureState.UNREADABLE, timeout=LIMIT_MS
    )
    assert "bayer_rggb8" in view(console).pictures[0].problem


def test_closing_leaves_no_thread_behind(qtbot):
    before = threading.active_count()
    bridge = StationBridge(DOMAIN_ID)
    bridge.start()
    bridge.close()
    bridge.close()
    assert threading.active_count() == before


# Pictures out of messages


@pytest.mark.parametrize(
    ("encoding", "pixel"),
    [
        ("rgb8", [1, 2, 3]),
        ("bgr8", [3, 2, 1]),
        ("rgba8", [1, 2, 3, 9]),
        ("bgra8", [3, 2, 1, 9]),
        ("mono8", [2]),
    ],
)
@pytest.mark.parametrize("padding", [0, 5])
def test_pictures_come_out_as_rgb_whatever_their_encoding_and_padding(encoding, pixel, padding):
    row = pixel * 4 + [77] * padding
    message = Image(height=2, width=4, step=len(row), encoding=encoding, data=row * 2)
    expected = [2, 2, 2] if encoding == "mono8" else [1, 2, 3]
    assert rgb_pixels(message).shape == (2, 4, 3)
    assert (rgb_pixels(message) == np.array(expected)).all()


@pytest.mark.parametrize(
    "fields",
    [
        {"encoding": "rgb16"},
        {"encoding": ""},
        {"width": 0},
        {"height": 3},
        {"step": 11},
        {"data": [0] * 23},
    ],
)
def test_pictures_that_do_not_fit_their_description_are_refused(fields):
    whole = {"height": 2, "width": 4, "step": 12, "encoding": "rgb8", "data": [0] * 24}
    with pytest.raises(ValueError, match=r"encoding|bytes"):
        rgb_pixels(Image(**(whole | fields)))


# The process


def test_the_process_ends_cleanly_when_it_is_asked_to():
    code = (
        "import os, signal, sys\n"
        "from PySide6.QtCore import QTimer\n"
        "from ui import console\n"
        "QTimer.singleShot(0, lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "sys.exit(console.run(['console']))\n"
    )
    environment = {**os.environ, "ROS_DOMAIN_ID": str(DOMAIN_ID)}
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
