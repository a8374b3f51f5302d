"""Plain data that the station sends, as the bridge hands it to the window.

``arrived_ns`` is this process's monotonic clock; ``stamp_ns`` is the station clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

import numpy as np
import numpy.typing as npt

CAMERAS = ("static", "wrist")

Level = Literal["ok", "warning", "error", "stale"]


@dataclass(frozen=True)
class Instant:
    """Now, on both clocks."""

    monotonic_ns: int
    station_ns: int


@dataclass(frozen=True, eq=False)
class CameraFrame:
    """One picture of a camera."""

    camera: str
    pixels: npt.NDArray[np.uint8]  # [height, width, 3], RGB; rows may be padded
    stamp_ns: int  # middle of exposure
    arrived_ns: int


@dataclass(frozen=True)
class UnreadableFrame:
    """A picture came that cannot be shown."""

    camera: str
    problem: str  # what is wrong with it
    arrived_ns: int


@dataclass(frozen=True)
class ArmReport:
    """What the arm says of itself; ``state`` is one of ArmState.msg's constants."""

    state: str
    fault: str  # empty, or one sentence
    clipped: bool  # the operator asked for more than a limit allows
    arrived_ns: int


@dataclass(frozen=True)
class StreamReport:
    """One status of `/diagnostics`."""

    node: str
    stream: str
    level: Level
    message: str
    values: Mapping[str, str]
    arrived_ns: int


@dataclass(frozen=True)
class RecordingProgress:
    """Feedback of the recorder's action: an episode is being recorded."""

    steps: int
    gaps: int
    bytes: int
    arrived_ns: int


@dataclass(frozen=True)
class RecordingStatus:
    """Whether the recorder works on a goal, and since when."""

    active: bool
    since_ns: int  # station clock; 0 when not active
    arrived_ns: int


class Command(Enum):
    """What the window asks of the station."""

    STOP_ARM = "stop_arm"
    RESET_STOP = "reset_stop"


class Outcome(Enum):
    """What became of a command."""

    DONE = "done"
    REFUSED = "refused"
    NOT_THERE = "not there"  # nobody offers the service
    NO_ANSWER = "no answer"  # in time
    NO_EFFECT = "no effect"  # it was accepted, and the arm does not say so


@dataclass(frozen=True)
class CommandOutcome:
    """The answer to a command."""

    command: Command
    outcome: Outcome
    message: str  # the station's sentence
    arrived_ns: int
