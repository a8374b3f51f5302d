"""The console's own settings: keys and buttons, sound. One YAML file, all of it optional.

::

    keys:                        # of the table of actions; a pedal is a keyboard
      start_stop: [R, F13]
    buttons:                     # of a gamepad, by evdev's names
      success: [BTN_SOUTH]
    sound: true
    speech: false
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtGui import QKeySequence

from ui.actions import Action, ActionId, rebound

FILE = Path("collector") / "console.yaml"
_KNOWN = {"keys", "buttons", "sound", "speech"}


class SettingsError(Exception):
    """The settings cannot be used; the message says what to change."""


@dataclass(frozen=True)
class Settings:
    """What a person has set."""

    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    buttons: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sound: bool = True
    speech: bool = False

    def actions(self) -> tuple[Action, ...]:
        """Return the table of actions with these keys and buttons."""
        return rebound(self.keys, self.buttons)


def settings_path() -> Path:
    """Return where the settings are looked for."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericConfigLocation)
    return Path(folder) / FILE


def load_settings(path: Path) -> Settings:
    """Read the settings; a file that is not there is one in which nothing is set.

    Raises SettingsError.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    try:
        values = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is no YAML: {error}") from error
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: expected keys such as keys, buttons and sound")
    unknown = sorted(set(values) - _KNOWN)
    if unknown:
        known = ", ".join(sorted(_KNOWN))
        raise SettingsError(f"{path}: {unknown[0]} is not known; choose some of {known}")
    settings = Settings(
        keys=_bindings(path, values.get("keys"), "keys"),
        buttons=_bindings(path, values.get("buttons"), "buttons"),
        sound=_switch(path, values.get("sound", True), "sound"),
        speech=_switch(path, values.get("speech", False), "speech"),
    )
    for name, keys in settings.keys.items():
        for key in keys:
            sequence = QKeySequence(key)
            if sequence.count() != 1 or sequence[0].key() == Qt.Key.Key_unknown:
                raise SettingsError(f"{path}: keys.{name}: {key!r} is no key; write it as F13 or R")
    _unambiguous(path, settings.actions())
    return settings


def _bindings(path: Path, values: Any, section: str) -> dict[str, tuple[str, ...]]:
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: {section}: expected actions and their keys")
    known = [action.value for action in ActionId]
    result = {}
    for name, given in values.items():
        if name not in known:
            raise SettingsError(
                f"{path}: {section}: {name!r} is no action; choose some of {', '.join(known)}"
            )
        listed = given if isinstance(given, list) else [given]
        result[name] = tuple(str(key) for key in listed if key is not None)
    return result


def _switch(path: Path, value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(f"{path}: {name}: expected true or false, got {value!r}")
    return value


def _unambiguous(path: Path, actions: tuple[Action, ...]) -> None:
    for section in ("keys", "buttons"):
        taken: dict[str, str] = {}
        for action in actions:
            for key in getattr(action, section):
                shown = QKeySequence(key).toString() if section == "keys" else key
                if shown in taken:
                    raise SettingsError(
                        f"{path}: {section}: {key} is bound to {taken[shown]} and to"
                        f" {action.id.value}; choose another for one of them"
                    )
                taken[shown] = action.id.value
