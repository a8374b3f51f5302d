"""Gamepads' buttons through evdev (Linux), heard by Qt's own loop: no thread, no polling.

Without the library, a device, or the right to read it (group input), nothing happens. A pad
may be plugged in at any time.
"""

from __future__ import annotations

import importlib
from typing import Any

from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal, Slot

LOOK_MS = 2000


class Gamepads(QObject):
    """``pressed`` has evdev's name of a button of any pad, such as BTN_SOUTH."""

    pressed = Signal(str)

    def __init__(self, library: Any = None, parent: QObject | None = None) -> None:
        """``library``: evdev, or what stands in for it; None imports it where it is there."""
        super().__init__(parent)
        self._evdev = library if library is not None else _evdev()
        self._pads: dict[str, _Pad] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)

    @property
    def names(self) -> tuple[str, ...]:
        """The pads that are heard."""
        return tuple(pad.device.name for pad in self._pads.values() if not pad.gone)

    def start(self) -> None:
        """Listen to pads that are there, and to those that come."""
        if self._evdev is not None:
            self.look()
            self._timer.start()

    def close(self) -> None:
        self._timer.stop()
        for pad in self._pads.values():
            pad.close()
        self._pads.clear()

    def look(self) -> None:
        """Forget pads that are gone, listen to those that are new."""
        for path in [path for path, pad in self._pads.items() if pad.gone]:
            self._pads.pop(path).deleteLater()
        for path in self._evdev.list_devices():
            if path not in self._pads:
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
        pad = _Pad(device, codes, self)
        pad.pressed.connect(self.pressed)
        self._pads[path] = pad


class _Pad(QObject):
    """One open device. It is deleted later than it is gone, never while it speaks."""

    pressed = Signal(str)

    def __init__(self, device: Any, codes: Any, parent: QObject) -> None:
        super().__init__(parent)
        self.device = device
        self.gone = False
        self._codes = codes
        self._notifier = QSocketNotifier(device.fd, QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)

    def close(self) -> None:
        if not self.gone:
            self.gone = True
            self._notifier.setEnabled(False)
            self.device.close()

    @Slot()
    def _read(self) -> None:
        try:
            events = list(self.device.read())
        except BlockingIOError:
            return
        except OSError:  # unplugged
            self.close()
            return
        for event in events:
            if event.type == self._codes.EV_KEY and event.value == 1:
                for name in _names(self._codes.BTN.get(event.code, ())):
                    self.pressed.emit(name)


def _names(known: Any) -> tuple[str, ...]:
    return (known,) if isinstance(known, str) else tuple(known)


def _evdev() -> Any:
    try:
        return importlib.import_module("evdev")
    except ImportError:
        return None
