"""Tones for what happens, and spoken words where they are asked for.

Everything here is optional: without QtMultimedia, a sound device or a voice it stays silent,
stops nothing and prints nothing.
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import (
    QCoreApplication,
    QLoggingCategory,
    QObject,
    QTemporaryDir,
    QUrl,
    qInstallMessageHandler,
)

from ui.cues import Cue

RATE_HZ = 44_100
RAMP_S = 0.008  # in and out, so that nothing clicks
VOLUME = 0.35

# Frequency Hz (0 is silence) and length s, one after the other. Up is good, down is not.
TONES: Mapping[Cue, tuple[tuple[float, float], ...]] = {
    Cue.PRESSED: ((1200, 0.035),),
    Cue.REFUSED: ((220, 0.09), (0, 0.04), (220, 0.14)),
    Cue.COUNT: ((660, 0.09),),
    Cue.START: ((880, 0.30),),
    Cue.STOP: ((660, 0.10), (440, 0.16)),
    Cue.SUCCESS: ((660, 0.09), (880, 0.09), (1100, 0.16)),
    Cue.FAILURE: ((440, 0.14), (330, 0.22)),
    Cue.DISCARD: ((500, 0.06), (0, 0.03), (500, 0.06)),
    Cue.FAULT: ((880, 0.12), (0, 0.05), (880, 0.12), (0, 0.05), (880, 0.12), (440, 0.25)),
}


def waveform(cue: Cue) -> npt.NDArray[np.int16]:
    """Return a cue's samples at RATE_HZ, one channel."""
    parts = []
    for frequency, seconds in TONES[cue]:
        count = round(seconds * RATE_HZ)
        time_s = np.arange(count) / RATE_HZ
        wave = np.sin(2 * np.pi * frequency * time_s) if frequency else np.zeros(count)
        ramp = min(round(RAMP_S * RATE_HZ), count // 2)
        envelope = np.ones(count)
        envelope[:ramp] = np.linspace(0.0, 1.0, ramp)
        envelope[count - ramp :] = np.linspace(1.0, 0.0, ramp)
        parts.append(wave * envelope)
    return np.round(np.concatenate(parts) * VOLUME * 32767).astype(np.int16)


def wav(samples: npt.NDArray[np.int16]) -> bytes:
    """Return samples as a WAV file."""
    data = samples.astype("<i2").tobytes()
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(data),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        RATE_HZ,
        RATE_HZ * 2,
        2,
        16,
        b"data",
        len(data),
    )
    return head + data


class Sounds(QObject):
    """Plays cues; a new one ends the one before and cancels what is still to be said."""

    def __init__(self, speech: bool = False, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.muted = False
        self._effects: dict[Cue, Any] = {}
        self._playing: Any = None
        self._voice: Any = None
        self._files: QTemporaryDir | None = None
        # What a machine without sound would say of it.
        QLoggingCategory.setFilterRules("qt.multimedia*=false\nqt.speech*=false")
        before = qInstallMessageHandler(lambda *_: None)
        try:
            multimedia = _module("QtMultimedia")
            if multimedia is not None and _has_output(multimedia):
                self._load(multimedia)
            if speech:
                self._voice = _voice(_module("QtTextToSpeech"), self)
        finally:
            qInstallMessageHandler(before)

    def play(self, cue: Cue) -> None:
        """Play a cue now."""
        if self._voice is not None:
            self._voice.stop()
        if self._playing is not None:
            self._playing.stop()
            self._playing = None
        if self.muted:
            return
        effect = self._effects.get(cue)
        if effect is not None:
            effect.play()
            self._playing = effect
        word = spoken(cue)
        if self._voice is not None and word:
            self._voice.say(word)

    def _load(self, multimedia: Any) -> None:
        files = QTemporaryDir()
        if not files.isValid():
            return
        for cue in Cue:
            path = files.filePath(f"{cue.value}.wav")
            try:
                with open(path, "wb") as file:
                    file.write(wav(waveform(cue)))
            except OSError:  # a full disk must not cost more than the tones
                self._effects.clear()
                return
            effect = multimedia.QSoundEffect(self)
            effect.setSource(QUrl.fromLocalFile(path))
            self._effects[cue] = effect
        self._files = files


def spoken(cue: Cue) -> str:
    """Return what is said with a cue, in the operator's language; most say nothing."""
    return {
        Cue.START: QCoreApplication.translate("speech", "recording"),
        Cue.STOP: QCoreApplication.translate("speech", "stopped"),
        Cue.SUCCESS: QCoreApplication.translate("speech", "success"),
        Cue.FAILURE: QCoreApplication.translate("speech", "failure"),
        Cue.DISCARD: QCoreApplication.translate("speech", "discarded"),
        Cue.FAULT: QCoreApplication.translate("speech", "fault"),
    }.get(cue, "")


def _module(name: str) -> Any:
    """Return a part of Qt, or None where it, or a library that it needs, is not installed."""
    try:
        return importlib.import_module(f"PySide6.{name}")
    except ImportError:
        return None


def _has_output(multimedia: Any) -> bool:
    return not multimedia.QMediaDevices.defaultAudioOutput().isNull()


def _voice(speech: Any, parent: QObject) -> Any:
    if speech is None or not speech.QTextToSpeech.availableEngines():
        return None
    voice = speech.QTextToSpeech(parent)
    return voice if voice.state() is not speech.QTextToSpeech.State.Error else None
