"""Turn what a teleoperation device says into commands for the arm.

`command` is called at the command rate (50 Hz or so) with the time; it reads the device,
and connects to it again, with growing pauses, when it is gone. The arm's own safety layer
does not trust what comes out of here; this layer makes sure that a broken device says
"dead-man released" rather than nothing or nonsense, and tells the operator what to do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.arm.command import FUTURE_TOLERANCE_NS, ArmCommand
from collector.arm.limits import ArmLimits
from collector.clock import NS_PER_MS, NS_PER_S
from collector.devices.teleop_device import TeleopDevice, TeleopError, TeleopReading

# Twists are bounded to this multiple of the arm's limits: enough for the arm to see, and to
# record, that the operator asked for more than it allows; no more than that.
EXCESS = 2.0


@dataclass(frozen=True)
class TeleopHealth:
    """How the device is; ``message`` is one sentence for the operator."""

    ok: bool
    message: str
    connected: bool
    reconnects: int  # how often it came back


class TeleopCommander:
    """Reads one device and makes bounded velocity commands of its readings.

    The dead-man counts once it was held for ``debounce_ns``, and is released at once.
    After the device was lost it must be released before it counts again.
    """

    def __init__(
        self,
        device: TeleopDevice,
        limits: ArmLimits,
        *,
        debounce_ns: int = 40 * NS_PER_MS,
        silence_ns: int = 100 * NS_PER_MS,
        first_retry_ns: int = 500 * NS_PER_MS,
        longest_retry_ns: int = 8 * NS_PER_S,
    ) -> None:
        self._device = device
        self._limits = limits
        self._debounce_ns = debounce_ns
        self._silence_ns = silence_ns
        self._first_retry_ns = first_retry_ns
        self._longest_retry_ns = longest_retry_ns
        self._connected = False
        self._connections = 0
        self._retry_ns = first_retry_ns
        self._next_attempt_ns: int | None = None
        self._now_ns: int | None = None
        self._heard_ns = 0  # when the device last gave a reading
        self._held_since_ns: int | None = None
        self._release_first = False
        self._gripper = 0.0
        self._problem = "the teleoperation device is not connected yet"

    @property
    def health(self) -> TeleopHealth:
        """How the device is, as of the last `command`."""
        return TeleopHealth(
            ok=not self._problem,
            message=self._problem or "the teleoperation device is ready",
            connected=self._connected,
            reconnects=max(0, self._connections - 1),
        )

    def command(self, now_ns: int) -> ArmCommand | None:
        """Return the command at ``now_ns``, or None when there is nothing new to say yet."""
        self._follow_clock(now_ns)
        if not self._connected and not self._connect(now_ns):
            return self._released(now_ns)
        try:
            reading = self._device.read(now_ns)
        except TeleopError as error:
            self._give_up(now_ns, str(error))
            return self._released(now_ns)
        if reading is None:
            return self._silent(now_ns)
        problem = _unusable(reading, now_ns, self._silence_ns)
        if problem:
            self._problem = problem
            self._held_since_ns = None
            return self._released(now_ns)
        self._heard_ns = now_ns
        self._retry_ns = self._first_retry_ns  # it works: the next pause is a short one again
        self._problem = ""
        self._gripper = float(np.clip(reading.gripper, 0.0, 1.0))
        return ArmCommand(
            stamp_ns=reading.stamp_ns,
            mode="velocity",
            twist=self._bounded(reading.twist),
            gripper=self._gripper,
            dead_man=self._dead_man(reading.dead_man, now_ns),
        )

    def close(self) -> None:
        """Let go of the device."""
        self._device.disconnect()
        self._connected = False
        self._problem = "the teleoperation device is closed"

    def _follow_clock(self, now_ns: int) -> None:
        if self._now_ns is not None and now_ns < self._now_ns:
            # The station clock stepped back: what was due or held then is due or begins now.
            self._heard_ns = min(self._heard_ns, now_ns)
            if self._next_attempt_ns is not None:
                self._next_attempt_ns = min(self._next_attempt_ns, now_ns)
            if self._held_since_ns is not None:
                self._held_since_ns = min(self._held_since_ns, now_ns)
        self._now_ns = now_ns

    def _connect(self, now_ns: int) -> bool:
        if self._next_attempt_ns is not None and now_ns < self._next_attempt_ns:
            return False
        try:
            self._device.connect()
        except TeleopError as error:
            self._give_up(now_ns, str(error))
            return False
        self._connected = True
        self._connections += 1
        self._heard_ns = now_ns
        self._held_since_ns = None
        self._release_first = self._connections > 1
        return True

    def _give_up(self, now_ns: int, why: str) -> None:
        self._device.disconnect()
        self._connected = False
        self._held_since_ns = None
        self._next_attempt_ns = now_ns + self._retry_ns
        self._problem = f"{why} (trying again in {self._retry_ns / NS_PER_S:.1f} s)"
        self._retry_ns = min(2 * self._retry_ns, self._longest_retry_ns)

    def _silent(self, now_ns: int) -> ArmCommand | None:
        silence_ns = now_ns - self._heard_ns
        if silence_ns <= self._silence_ns:
            return None
        self._problem = (
            f"the teleoperation device has said nothing for {silence_ns / NS_PER_S:.1f} s: "
            "check its cable or battery"
        )
        self._held_since_ns = None
        return self._released(now_ns)

    def _dead_man(self, held: bool, now_ns: int) -> bool:
        if not held:
            self._held_since_ns = None
            self._release_first = False
            return False
        if self._release_first:
            self._problem = "the device came back: release the dead-man, then press it again"
            return False
        if self._held_since_ns is None:
            self._held_since_ns = now_ns
        return now_ns - self._held_since_ns >= self._debounce_ns

    def _released(self, now_ns: int) -> ArmCommand:
        return ArmCommand(stamp_ns=now_ns, gripper=self._gripper, dead_man=False)

    def _bounded(self, twist: NDArray[np.float64]) -> NDArray[np.float64]:
        linear = _shortened(twist[:3], EXCESS * self._limits.linear_m_s)
        angular = _shortened(twist[3:], EXCESS * self._limits.angular_rad_s)
        return np.concatenate([linear, angular])


def _shortened(vector: NDArray[np.float64], longest: float) -> NDArray[np.float64]:
    """Return the vector, keeping its direction, no longer than ``longest``."""
    largest = float(np.max(np.abs(vector)))
    if largest > longest:  # so that no square overflows
        vector = vector * (longest / largest)
    norm = float(np.linalg.norm(vector))
    return vector * (longest / norm) if norm > longest else vector


def _unusable(reading: TeleopReading, now_ns: int, oldest_ns: int) -> str:
    age_ms = (now_ns - reading.stamp_ns) / NS_PER_MS
    if now_ns - reading.stamp_ns > oldest_ns:
        return f"the teleoperation device repeats a reading {age_ms:.0f} ms old: connect it again"
    if reading.stamp_ns > now_ns + FUTURE_TOLERANCE_NS:
        return f"the teleoperation device stamps {-age_ms:.0f} ms in the future: check its clock"
    finite = np.all(np.isfinite(reading.twist)) and np.isfinite(reading.gripper)
    if np.shape(reading.twist) != (6,) or not finite:
        return "the teleoperation device gives numbers that are not finite: connect it again"
    return ""
