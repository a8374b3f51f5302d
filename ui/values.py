"""Plain data that the station sends, as the bridge hands it to the window.

``arrived_ns`` is this process's monotonic clock; ``stamp_ns`` is the station clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collector.feedback.measures import Best, Measures
    from collector.workflow.status import SessionStatus

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
    gripper_closed: bool = False  # as it was commanded last


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


@dataclass(frozen=True)
class SessionReport:
    """Where the session stands; ``status`` is None where what came cannot be understood."""

    status: SessionStatus | None
    problem: str  # empty, or one sentence
    arrived_ns: int


@dataclass(frozen=True)
class AttemptReport:
    """How an attempt goes, or went."""

    attempt_id: str
    task_id: str
    phase: str  # practice | collection
    outcome: str  # recording | success | failure | ...
    elapsed_s: float
    measures: Measures | None
    best: Best | None
    advice: str  # what to improve, one line; empty where all is good
    arrived_ns: int


@dataclass(frozen=True)
class SessionCall:
    """A request to the session; fields as in SessionRequest.srv. The PIN is never printed."""

    request: str
    who: str = ""
    pin: str = field(default="", repr=False)
    source: str = "console"
    attempt_id: str = ""
    value: str = ""
    reason: str = ""


@dataclass(frozen=True)
class SessionAnswer:
    """What became of a call."""

    call: SessionCall
    outcome: Outcome
    message: str  # the session's sentence on a refusal
    event: str  # what a command came to: arm, end, relabel, ...
    arrived_ns: int


@dataclass(frozen=True)
class CameraModel:
    """How a camera maps points of its optical frame to pixels of its native image."""

    camera: str
    width: int
    height: int
    k: tuple[float, ...]  # 9 numbers, row by row, pixels
    distortion: tuple[float, ...]
    distortion_model: str = "plumb_bob"


@dataclass(frozen=True)
class CameraPose:
    """Where a camera is: ``transform`` is T_<parent_frame>_<camera>_optical."""

    camera: str
    parent_frame: str  # base | ee
    transform: tuple[float, ...]  # 7 numbers: m, quaternion x y z w


@dataclass(frozen=True)
class TwistCommand:
    """A velocity of ee in base, and the gripper, 0 = open, 1 = close."""

    linear: tuple[float, float, float]  # m/s
    angular: tuple[float, float, float]  # rad/s
    gripper: float
