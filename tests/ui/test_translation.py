"""The console in another language."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree

import PySide6
import pytest
from PySide6.QtCore import QLocale

from collector.workflow.state_machine import State
from ui.actions import ACTIONS
from ui.session_wording import state_word
from ui.translation import install_translation

UI = Path(__file__).parents[2] / "ui"
TOOLS = Path(PySide6.__file__).parent
SOURCE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de">
<context><name>banner</name>
<message><source>RECORDING</source><translation>AUFNAHME</translation></message>
</context>
</TS>
"""


@pytest.fixture
def german(tmp_path):
    source = tmp_path / "console_de.ts"
    source.write_text(SOURCE, encoding="utf-8")
    subprocess.run([TOOLS / "lrelease", "-silent", source], check=True, capture_output=True)
    return tmp_path


def test_a_translation_of_the_systems_language_is_spoken(qapp, german):
    translator = install_translation(qapp, QLocale("de_DE"), german)
    assert translator is not None
    try:
        assert state_word(State.RECORDING) == "AUFNAHME"
        assert state_word(State.PAUSED) == "PAUSED"  # not translated yet
    finally:
        qapp.removeTranslator(translator)


def test_without_one_it_speaks_english(qapp, german):
    assert install_translation(qapp, QLocale("fi_FI"), german) is None
    assert state_word(State.RECORDING) == "RECORDING"


def test_the_texts_that_are_collected_hold_the_banners_and_the_actions(tmp_path):
    made = tmp_path / "console_de.ts"
    sources = [UI / "actions.py", UI / "session_wording.py", *UI.glob("widgets/*.py")]
    command = [TOOLS / "lupdate", "-silent", "-locations", "none", *sources, "-ts", made]
    subprocess.run(command, check=True, capture_output=True)
    found = {
        context.findtext("name"): {m.findtext("source") for m in context.iter("message")}
        for context in ElementTree.parse(made).getroot().iter("context")
    }
    assert {action.text for action in ACTIONS} <= found["actions"]
    assert {action.explanation for action in ACTIONS} <= found["actions"]
    assert {state_word(state) for state in State} <= found["banner"]
    assert "Check again" in found["PreflightList"]
