"""Gamepads' buttons through evdev (Linux), heard by Qt's own loop: no thread, no polling.

Without the library, a device, or the right to read it (group input), nothing happens. A pad
may be plugged in at any time.
"""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal

LOOK_MS = 2000


class Gamepads(QObject):
    """``pressed`` has evdev's name of a button of any pad, such as BTN_SOUTH."""

    pressed = Signal(str)

    def __init__(self, library: Any = None, parent: QObject | None = None) -> None:
        """``library``: evdev, or what stands in for it; None imports it where it is there."""
        super().__init__(parent)
        self._evdev = library if library is not None else _evdev()
        self._open: dict[str, tuple[Any, QSocketNotifier]] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)

    @property
    def names(self) -> tuple[str, ...]:
        """The pads that are heard."""
        return tuple(device.name for device, _ in self._open.values())

    def start(self) -> None:
        """Listen to pads that are there, and to those that come."""
        if self._evdev is not None:
            self.look()
            self._timer.start()

    def close(self) -> None:
        self._timer.stop()
        for path in list(self._open):
            self._forget(path)

    def look(self) -> None:
        """Listen to pads that are new."""
        for path in self._evdev.list_devices():
            if path not in self._open:
                self._listen(path)

    def _listen(self, path: str) -> None:
        try:
            device = self._evdev.InputDevice(path)
        except OSError:  # gone again, or not ours to read
            return
        codes = self._evdev.ecodes
        if codes.BTN_GAMEPAD not in device.capabilities().get(codes.EV_KEY, []):
            device.close()
            return
        notifier = QSocketNotifier(device.fd, QSocketNotifier.Type.Read, self)
        notifier.activated.connect(partial(self._read, path))
        self._open[path] = device, notifier

    def _read(self, path: str, *_: Any) -> None:
        device, _notifier = self._open[path]
        codes = self._evdev.ecodes
        try:
            events = list(device.read())
        except BlockingIOError:
            return
        except OSError:  # unplugged
            self._forget(path)
            return
        for event in events:
            if event.type == codes.EV_KEY and event.value == 1:
                for name in _names(codes.BTN.get(event.code, ())):
                    self.pressed.emit(name)

    def _forget(self, path: str) -> None:
        device, notifier = self._open.pop(path)
        notifier.setEnabled(False)
        notifier.deleteLater()
        device.close()


def _names(known: Any) -> tuple[str, ...]:
    return (known,) if isinstance(known, str) else tuple(known)


def _evdev() -> Any:
    try:
        return importlib.import_module("evdev")
    except ImportError:
        return None
