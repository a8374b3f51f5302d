"""What the banner shows: plain words, a shape and a tone, whoever says them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Shape(Enum):
    """The shapes that go with the colours (`ui.widgets.symbol` draws them)."""

    DISC = "disc"  # records
    CHECK = "check"  # in order
    RING = "ring"  # nothing yet
    TRIANGLE = "triangle"  # look here
    CROSS = "cross"  # broken, gone
    OCTAGON = "octagon"  # stopped, stop
    PERSON = "person"  # somebody is to sign in
    LIST = "list"  # checks are gone through
    BLOCKS = "blocks"  # the scene is laid out
    TARGET = "target"  # armed
    PLAY = "play"  # ready: start
    BARS = "bars"  # paused
    QUESTION = "question"  # a person has to say
    DASH = "dash"  # thrown away
    CLOCK = "clock"  # counts down


class Tone(Enum):
    """The banner's colours."""

    IDLE = "idle"
    READY = "ready"
    PRACTICE = "practice"
    ASKING = "asking"  # a person's move, or about to begin
    RECORDING = "recording"
    ALERT = "alert"


@dataclass(frozen=True)
class Sign:
    """Everything on the banner. Empty texts take no room."""

    word: str
    shape: Shape
    tone: Tone
    headline: str = ""  # the next action, or what happened
    detail: str = ""
    warning: str = ""  # abnormal: shown on its own plate
    clock: str = ""
    clock_name: str = ""  # of the clock, for screen readers
    phase: str = ""  # practice | collection: the edge of the banner tells them apart
    phase_word: str = ""
