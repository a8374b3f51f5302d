"""What every camera backend promises."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class StampSource(str, Enum):
    """How a frame's stamp came to be, best first."""

    SIMULATED = "simulated"  # the instant whose state was drawn
    MID_EXPOSURE = "mid-exposure"  # sensor time, mapped to the station clock
    FRAME = "frame"  # device frame time, exposure not known
    ARRIVAL = "arrival"  # only the time of arrival is known


class CameraError(Exception):
    """The camera cannot do what was asked; the message says what to do."""


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole intrinsics of the native image, in pixels; distortion after OpenCV."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion_model: str = "plumb_bob"
    distortion: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)

    @property
    def k(self) -> NDArray[np.float64]:
        """K [3, 3], pixels."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])


@dataclass(frozen=True)
class Frame:
    """One image and when it was taken."""

    image: NDArray[np.uint8]  # [height, width, 3] RGB
    stamp_ns: int  # station clock, middle of exposure
    counter: int  # the device's frame number: repeats and leaps tell of trouble
    stamp_source: StampSource
    metadata: dict[str, float] = field(default_factory=dict)  # exposure_us, gain, ...


class Camera(Protocol):
    """A colour camera. `start` and `stop` may be called in any order and twice."""

    @property
    def intrinsics(self) -> Intrinsics:
        """Factory or simulated intrinsics; known once started.

        Raises CameraError before the first `start`.
        """

    @property
    def serial(self) -> str:
        """Serial number; known once started. Raises CameraError before."""

    @property
    def model(self) -> str:
        """Product name, for provenance; known once started. Raises CameraError before."""

    def start(self) -> None:
        """Open the device and stream. Raises CameraError where it is missing or busy."""

    def read(self, timeout_s: float) -> Frame | None:
        """Return the next frame in order, or None when none came in ``timeout_s``.

        Raises CameraError when the device is gone or was never started; a further
        `start` may bring it back.
        """

    def stop(self) -> None:
        """Stop and release the device. Never raises."""
