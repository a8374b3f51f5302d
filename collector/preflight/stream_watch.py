"""What a station's streams show, kept small: numbers of the newest samples, never an image."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from collector.clock import NS_PER_S
from collector.health import StreamHealth
from collector.preflight.light import Light, measure_light
from collector.preflight.observation import (
    ArmObservation,
    CalibrationObservation,
    CameraObservation,
    SynchronizerObservation,
    TeleopObservation,
    stream_of,
)

WINDOW_S = 5.0  # of rates and counts
STEPS = 50
LOST_NS = 1 * NS_PER_S  # without a sample: then what its node says of its device counts
# The synchronizer waits for late samples before it gives up on a tick.
NO_STEP_NS = 2 * NS_PER_S
# An image so much older than what was said of the newest frame: images do not come through.
IMAGE_LAG_NS = 2 * NS_PER_S
REST_NS = 1 * NS_PER_S


class CameraWatch:
    """One camera. ``fps`` is its nominal rate, Hz; ``simulated`` says that it is drawn."""

    def __init__(self, name: str, fps: float, simulated: bool) -> None:
        self.name = name
        self._simulated = simulated
        self._health = StreamHealth(f"{name} camera", fps, WINDOW_S)
        self._metadata: deque[tuple[int, Mapping[str, float]]] = deque(
            maxlen=max(1, round(fps * WINDOW_S))
        )
        self._counter: int | None = None
        self._newest_ns: int | None = None  # arrival
        self._image_ns = 0  # stamp
        self._light: Light | None = None
        self._size = (0, 0)
        self._serial = ""
        self._frozen_steps: deque[bool] = deque(maxlen=STEPS)

    def on_device(self, serial: str) -> None:
        """Take which device it is; another one's numbers are forgotten."""
        if self._serial and serial != self._serial:
            self._metadata.clear()
            self._light = None
        self._serial = serial

    def on_frame(
        self, stamp_ns: int, arrival_ns: int, counter: int, metadata: Mapping[str, float]
    ) -> None:
        """Take what the device says of its next frame."""
        last = self._counter
        # A counter that goes back is that of a device that was opened anew.
        dropped = max(0, counter - last - 1) if last is not None else 0
        self._health.on_sample(stamp_ns, arrival_ns, dropped, frozen=counter == last)
        self._counter, self._newest_ns = counter, arrival_ns
        self._metadata.append((stamp_ns, metadata))

    def on_image(self, stamp_ns: int, image: NDArray[np.uint8]) -> None:
        """Take an image [height, width, 3] uint8 RGB; only its light is kept."""
        self._image_ns = stamp_ns
        self._size = image.shape[1], image.shape[0]
        self._light = measure_light(image)

    def on_step(self, frozen: bool) -> None:
        """Take whether a step found its frame to repeat an earlier one."""
        self._frozen_steps.append(frozen)

    def observation(
        self, now_ns: int, calibration: CalibrationObservation | None, problem: str = ""
    ) -> CameraObservation:
        """Return the camera at ``now_ns``, station clock.

        ``problem`` is what its node says of the device; it counts while no frame comes.
        """
        stream = stream_of(self._health.report(now_ns), WINDOW_S)
        if stream is not None and self._frozen_steps:
            # The synchronizer also compares pixels, of one frame a step.
            share = sum(self._frozen_steps) / len(self._frozen_steps)
            stream = replace(stream, frozen=max(stream.frozen, round(share * stream.samples)))
        lost = self._newest_ns is None or now_ns - self._newest_ns > LOST_NS
        behind_ns = self._metadata[-1][0] - self._image_ns if self._metadata else 0
        return CameraObservation(
            name=self.name,
            stream=stream,
            problem=problem if lost else "",
            serial=self._serial,
            width=self._size[0],
            height=self._size[1],
            simulated=self._simulated,
            light=self._light if behind_ns <= IMAGE_LAG_NS else None,
            metadata=tuple(values for _, values in self._metadata if values),
            calibration=calibration,
        )


class StepWatch:
    """The newest steps of the grid."""

    def __init__(self) -> None:
        self._steps: deque[tuple[bool, Mapping[str, int]]] = deque(maxlen=STEPS)
        self._newest_ns = 0  # arrival

    def on_step(self, arrival_ns: int, is_gap: bool, skews_ns: Mapping[str, int]) -> None:
        """Take the next step; ``skews_ns`` has the cameras that it has a frame of."""
        self._newest_ns = arrival_ns
        self._steps.append((is_gap, skews_ns))

    def observation(self, now_ns: int) -> SynchronizerObservation | None:
        """Return the steps at ``now_ns``, or None while none comes."""
        if not self._steps or now_ns - self._newest_ns > NO_STEP_NS:
            return None
        skews: dict[str, list[int]] = {}
        for _, by_camera in self._steps:
            for name, skew_ns in by_camera.items():
                skews.setdefault(name, []).append(skew_ns)
        return SynchronizerObservation(
            steps=len(self._steps),
            gaps=sum(is_gap for is_gap, _ in self._steps),
            skews_ns={name: tuple(values) for name, values in skews.items()},
        )


class ArmWatch:
    """The arm. ``rate_hz`` is the nominal rate of its states."""

    def __init__(self, rate_hz: float) -> None:
        self._health = StreamHealth("arm", rate_hz, WINDOW_S)
        self._velocities: deque[tuple[int, float]] = deque()  # arrival, largest of the joints'
        self._state = ""
        self._fault = ""
        self._gripper_in_motion = False

    def on_state(
        self,
        stamp_ns: int,
        arrival_ns: int,
        joint_velocities: NDArray[np.float64],
        gripper_in_motion: bool,
        state: str,
        fault: str,
    ) -> None:
        """Take the next state; ``joint_velocities`` [N] in rad/s, see `ArmStatus` for ``state``."""
        self._health.on_sample(stamp_ns, arrival_ns)
        # A lost arm has no joints; what it had before says nothing.
        fastest = float(np.abs(joint_velocities).max()) if len(joint_velocities) else 0.0
        self._velocities.append((arrival_ns, fastest))
        # Also what lies in the future, once the clock was set back.
        while not 0 <= arrival_ns - self._velocities[0][0] <= REST_NS:
            self._velocities.popleft()
        self._state, self._fault, self._gripper_in_motion = state, fault, gripper_in_motion

    def observation(self, now_ns: int) -> ArmObservation | None:
        """Return the arm at ``now_ns``, or None when it never spoke."""
        stream = stream_of(self._health.report(now_ns), WINDOW_S)
        if stream is None:
            return None
        return ArmObservation(
            stream=stream,
            state=self._state,
            fault=self._fault,
            # numpy's max, unlike Python's, hands a value that is no number on.
            largest_joint_velocity=float(np.max([fastest for _, fastest in self._velocities])),
            gripper_in_motion=self._gripper_in_motion,
        )


class TeleopWatch:
    """The teleoperation device, by its node's commands. ``device``: its kind."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._newest: tuple[int, bool] | None = None

    def on_command(self, stamp_ns: int, dead_man: bool) -> None:
        """Take the newest command: when the device was read, and whether its dead-man is held."""
        self._newest = stamp_ns, dead_man

    def observation(self, now_ns: int, heard: bool, problem: str = "") -> TeleopObservation | None:
        """Return the device at ``now_ns``, or None when neither it nor its node ever spoke.

        ``heard``: whether the node tells its health; ``problem``: what it says is wrong. A node
        goes on to command, dead-man released, while its device is silent.
        """
        if self._newest is None and not heard:
            return None
        stamp_ns, dead_man = self._newest or (None, False)
        return TeleopObservation(
            device=self._device,
            age_ns=None if stamp_ns is None else max(now_ns - stamp_ns, 0),
            dead_man=dead_man,
            problem=problem,
        )
