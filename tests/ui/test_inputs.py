"""Keys, pedals and gamepads through one table; tones where there is a device."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ui.actions import ACTIONS, COMMANDS, ActionId, Debounce, find_action, rebound
from ui.cues import Cue
from ui.gamepad import Gamepads
from ui.keyboard_teleop import KEYS, SPEED_KEYS, SPEEDS
from ui.settings import Settings, SettingsError, load_settings
from ui.sounds import RATE_HZ, VOLUME, Sounds, wav, waveform

ROOT = Path(__file__).parents[2]
CONSOLE_DOC = (ROOT / "docs" / "console.md").read_text(encoding="utf-8")

# The table


def test_no_key_is_bound_twice_nor_moves_the_arm_too():
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(keys) == len(set(keys))
    assert not KEYS & set(keys)


def test_the_documentation_has_the_same_table():
    rows = [
        f"| {a.text} | {', '.join(a.keys) or '–'} | {a.shown_buttons() or '–'} |" for a in ACTIONS
    ]
    assert "\n".join(rows) in CONSOLE_DOC


def test_the_documentation_names_the_keys_and_speeds_of_teleoperation():
    for key in KEYS - set(SPEED_KEYS):
        assert re.search(rf"^\| [^|]*\b{key}\b[^|]* \|", CONSOLE_DOC, re.MULTILINE), key
    assert ", ".join(f"{100 * linear:g}" for linear, _ in SPEEDS) + " cm/s" in CONSOLE_DOC
    assert ", ".join(str(angular) for _, angular in SPEEDS) + " rad/s" in CONSOLE_DOC


def test_the_settings_of_the_documentation_are_valid(tmp_path):
    (text,) = re.findall(r"```yaml\n(.*?)```", CONSOLE_DOC, re.DOTALL)
    path = tmp_path / "console.yaml"
    path.write_text(text, encoding="utf-8")
    settings = load_settings(path)
    assert settings.keys["discard"] == ("Backspace", "Left")


def test_every_command_has_a_key_a_pedals_key_and_a_button():
    for action_id in COMMANDS:
        action = find_action(action_id)
        assert action.request == action_id.value
        assert any(key.startswith("F1") and len(key) == 3 for key in action.keys)
        assert action.buttons


def test_a_bounce_counts_once_and_the_stop_always():
    debounce = Debounce(within_ns=150)
    assert debounce.passes(ActionId.SUCCESS, 1000)
    assert not debounce.passes(ActionId.SUCCESS, 1149)
    assert debounce.passes(ActionId.FAILURE, 1149)
    assert debounce.passes(ActionId.SUCCESS, 1150)
    assert debounce.passes(ActionId.STOP_ARM, 2000)
    assert debounce.passes(ActionId.STOP_ARM, 2001)


def test_space_stays_the_stop_whatever_is_set():
    stop = find_action(ActionId.STOP_ARM, rebound({"stop_arm": ["F12"]}, {}))
    assert set(stop.keys) == {"Space", "F12"}


# Settings


def test_without_a_file_nothing_is_set(tmp_path):
    assert load_settings(tmp_path / "none.yaml") == Settings()


def test_keys_and_buttons_replace_those_of_the_table(tmp_path):
    path = tmp_path / "console.yaml"
    path.write_text("keys: {success: [B, F20]}\nbuttons: {success: BTN_NORTH}\nspeech: true\n")
    settings = load_settings(path)
    success = find_action(ActionId.SUCCESS, settings.actions())
    assert (success.keys, success.buttons) == (("B", "F20"), ("BTN_NORTH",))
    assert settings.speech
    assert find_action(ActionId.FAILURE, settings.actions()).keys == ("N", "F7", "F15")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("keys: {succes: [B]}", "'succes' is no action"),
        ("keys: {success: [N]}", "bound to success and to failure|bound to failure and to success"),
        ("keys: {success: ['no such key']}", "is no key"),
        ("buttons: {success: [BTN_EAST]}", "BTN_EAST is bound"),
        ("sound: loud", "expected true or false"),
        ("tones: true", "tones is not known"),
        ("[1, 2]", "expected keys such as"),
        ("keys: [", "is no YAML"),
    ],
)
def test_settings_that_make_no_sense_are_refused_with_a_sentence(tmp_path, text, words):
    path = tmp_path / "console.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=words):
        load_settings(path)


# Gamepads


class PadLibrary:
    """Stands in for evdev: a pad is a pipe."""

    def __init__(self) -> None:
        self.ecodes = SimpleNamespace(
            EV_KEY=1, BTN_GAMEPAD=304, BTN={304: ["BTN_A", "BTN_SOUTH"], 315: "BTN_START"}
        )
        self.pads: dict[str, Pad] = {}
        self.forbidden: set[str] = set()

    def list_devices(self):
        return [*self.pads, *self.forbidden]

    def InputDevice(self, path):  # as evdev names it
        if path in self.forbidden:
            raise PermissionError(path)
        return self.pads[path]


class Pad:
    def __init__(self, codes=(304, 315)) -> None:
        self.name = "pad"
        self.codes = codes
        self.fd, self._in = os.pipe()
        self.waiting: list[SimpleNamespace] = []
        self.gone = self.closed = False

    def capabilities(self):
        return {1: list(self.codes)}

    def press(self, code: int, value: int = 1) -> None:
        self.waiting.append(SimpleNamespace(type=1, code=code, value=value))
        os.write(self._in, b"x")

    def unplug(self) -> None:
        self.gone = True
        os.write(self._in, b"x")

    def read(self):
        os.read(self.fd, 100)
        if self.gone:
            raise OSError("no such device")
        waiting, self.waiting = self.waiting, []
        return waiting

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            os.close(self._in)
            os.close(self.fd)


@pytest.fixture
def pads(qapp):
    library = PadLibrary()
    made = Gamepads(library)
    made.pressed_names = []
    made.pressed.connect(made.pressed_names.append)
    made.library = library
    yield made
    made.close()


def test_a_pad_tells_its_buttons_once_a_press(pads, qtbot):
    pad = pads.library.pads["event1"] = Pad()
    pads.start()
    pad.press(304)
    pad.press(304, value=0)
    pad.press(315)
    qtbot.waitUntil(lambda: "BTN_START" in pads.pressed_names)
    assert pads.pressed_names == ["BTN_A", "BTN_SOUTH", "BTN_START"]


def test_a_pad_may_come_later_and_go(pads, qtbot):
    pads.start()
    pad = pads.library.pads["event1"] = Pad()
    pads.look()
    assert pads.names == ("pad",)
    pad.unplug()
    qtbot.waitUntil(lambda: pads.names == ())
    assert pad.closed


def test_keyboards_and_what_may_not_be_read_are_left_alone(pads):
    pads.library.pads["event1"] = keyboard = Pad(codes=(30, 31))
    pads.library.forbidden.add("event2")
    pads.start()
    assert pads.names == ()
    assert keyboard.closed


def test_without_the_library_nothing_happens(qapp, monkeypatch):
    monkeypatch.setattr("ui.gamepad._evdev", lambda: None)
    made = Gamepads()
    made.start()
    assert made.names == ()
    made.close()


# Sounds


@pytest.mark.parametrize("cue", list(Cue))
def test_tones_are_short_do_not_click_and_are_not_loud(cue):
    samples = waveform(cue)
    assert 0 < samples.size <= RATE_HZ  # within a second
    assert samples[0] == samples[-1] == 0
    assert np.abs(samples).max() <= VOLUME * 32767 + 1
    assert np.abs(samples).max() > 0.9 * VOLUME * 32767


def test_tones_differ():
    assert len({waveform(cue).tobytes() for cue in Cue}) == len(Cue)


def test_a_wav_file_says_how_long_it_is():
    samples = waveform(Cue.START)
    data = wav(samples)
    assert data[:4] == b"RIFF"
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    assert struct.unpack("<I", data[40:44])[0] == 2 * samples.size


class Played:
    def __init__(self, log, name):
        self.log, self.name = log, name

    def play(self):
        self.log.append(f"play {self.name}")

    def stop(self):
        self.log.append(f"stop {self.name}")

    def say(self, word):
        self.log.append(f"say {word}")


def test_a_new_cue_ends_the_one_before_and_cancels_what_was_to_be_said(qapp):
    log: list[str] = []
    sounds = Sounds()
    sounds._effects = {cue: Played(log, cue.value) for cue in Cue}
    sounds._voice = Played(log, "voice")
    sounds.play(Cue.START)
    sounds.play(Cue.FAULT)
    assert log == [
        "stop voice",
        "play start",
        "say recording",
        "stop voice",
        "stop start",
        "play fault",
        "say fault",
    ]
    sounds.muted = True
    sounds.play(Cue.SUCCESS)
    assert log[-2:] == ["stop voice", "stop fault"]


def test_without_a_device_it_is_silent_and_says_nothing_on_stderr():
    code = (
        "from PySide6.QtWidgets import QApplication\n"
        "application = QApplication([])\n"
        "from ui.cues import Cue\n"
        "from ui.sounds import Sounds\n"
        "sounds = Sounds(speech=True)\n"
        "for cue in Cue:\n"
        "    sounds.play(cue)\n"
        "    application.processEvents()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
