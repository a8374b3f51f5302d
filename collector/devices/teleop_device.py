"""What every teleoperation device promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class TeleopError(Exception):
    """The device cannot do what was asked; the message says what to do."""


@dataclass(frozen=True)
class TeleopReading:
    """What the operator asks of the arm at one instant."""

    stamp_ns: int  # station clock, when the device was read
    twist: NDArray[np.float64]  # [6] of ee in base: m/s, then rad/s
    gripper: float  # 0 = open, 1 = close
    dead_man: bool  # True while held


class TeleopDevice(Protocol):
    """A device that moves the arm. `connect` and `disconnect` may be called twice."""

    def connect(self) -> None:
        """Open the device. Raises TeleopError where it is missing."""

    def read(self, now_ns: int) -> TeleopReading | None:
        """Return what is asked now, or None when the device says nothing.

        Raises TeleopError when the device is gone.
        """

    def disconnect(self) -> None:
        """Close the device. Never raises."""
