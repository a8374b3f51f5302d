"""Move the arm by itself: slowly, straight, and only until a person takes over.

A `GuidedDevice` stands between the operator's device and `TeleopCommander`: while a
`StraightMove` is in hand it gives the move's twist, with the dead-man held; else it gives what
the operator's device says. So a move goes through every limit that a person's hand goes through.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.arm.sample import ArmStatus
from collector.arm.target import turn_between
from collector.clock import NS_PER_S
from collector.devices.teleop_device import TeleopDevice, TeleopReading
from collector.geometry import Pose, distance

DEFAULT_SPEED_M_S = 0.1
# A radian of turn may take as long as this many metres of way.
TURN_M = 0.25
LARGEST_M_S = 0.25
SLOWEST_M_S = 0.005

STOPPED = "the arm was stopped: reset the stop to go on"
TOOK_OVER = "the operator took over"
OUT_OF_REACH = "the arm comes no nearer to the pose: it is outside the workspace or out of reach"

_ACCELERATION_M_S2 = 0.25
_LAG_S = 0.15  # the end is approached as an exponential of this time constant
_REACHED_M, _REACHED_RAD = 5e-4, 2e-3  # by the commanded target
_SETTLED_M, _SETTLED_RAD = 5e-3, 2e-2  # by the measured pose
_BEGINS_S = 2.0  # the arm follows by then, or says why not
_PROGRESS_S = 3.0  # it comes nearer by then, or something holds it back
_PROGRESS_M = 1e-3
_SILENT_S = 0.3  # without a state of the arm


@dataclass(frozen=True)
class ArmView:
    """What a move has to know of the arm: the newest `/arm/state`."""

    stamp_ns: int  # station clock
    ee_pose: Pose  # [7] T_base_ee measured
    target_pose: Pose  # [7] T_base_ee commanded
    gripper_command: float
    status: ArmStatus
    fault: str = ""


@dataclass(frozen=True)
class Ended:
    """How a move ended: at its goal, or why not, in one sentence."""

    reached: bool
    message: str


class StraightMove:
    """A move of the commanded target to ``goal``: position linear, orientation SLERP.

    Position and orientation arrive together. No faster than ``speed_m_s`` and, for the turn,
    that over `TURN_M` rad/s; slow at the beginning and at the end.
    """

    def __init__(self, goal: Pose, arm: ArmView, now_ns: int, speed_m_s: float = 0.0) -> None:
        """Begin at ``now_ns``; ``goal`` [7] is ``T_base_ee``; speed 0 is `DEFAULT_SPEED_M_S`.

        Raises ValueError, with a sentence for a person, for a goal that is no pose or a speed
        outside of what is slow.
        """
        goal = np.asarray(goal, float)
        if goal.shape != (7,) or not np.all(np.isfinite(goal)):
            raise ValueError("the goal is no pose: give x, y, z in m and a quaternion x, y, z, w")
        norm = float(np.linalg.norm(goal[3:]))
        if abs(norm - 1.0) > 1e-2:
            raise ValueError(f"the goal's quaternion has length {norm:.3g}: it must be 1")
        speed = speed_m_s or DEFAULT_SPEED_M_S
        if not SLOWEST_M_S <= speed <= LARGEST_M_S:
            raise ValueError(
                f"a speed of {speed:g} m/s: give {SLOWEST_M_S:g} to {LARGEST_M_S:g} m/s"
            )
        self.goal: Pose = np.concatenate([goal[:3], goal[3:] / norm])
        self.speed_m_s = speed
        self.gripper = arm.gripper_command  # what it holds stays held
        self._began_ns = now_ns
        self._followed = False
        self._nearest_m = np.inf
        self._nearest_ns = now_ns

    def remaining_m(self, arm: ArmView) -> float:
        """Return the way that is left, m, turns counted by `TURN_M`."""
        metres, radians = distance(arm.target_pose, self.goal)
        return max(metres, TURN_M * radians)

    def twist(self, arm: ArmView, now_ns: int) -> NDArray[np.float64]:
        """Return the twist [6] m/s, rad/s in base that leads on from the commanded target."""
        target = arm.target_pose
        left = self.remaining_m(arm)
        if left <= 0.0:
            return np.zeros(6)
        elapsed_s = max(0.0, (now_ns - self._began_ns) / NS_PER_S)
        beginning = max(SLOWEST_M_S, _ACCELERATION_M_S2 * elapsed_s)
        speed = min(self.speed_m_s, beginning, left / _LAG_S)
        motion = np.concatenate([self.goal[:3] - target[:3], turn_between(target, self.goal)])
        return motion * (speed / left)

    def ended(self, arm: ArmView, now_ns: int) -> Ended | None:
        """Return how the move ended, None while it goes on."""
        why = self._let_go(arm, now_ns)
        if why:
            return Ended(False, why)
        metres, radians = distance(arm.target_pose, self.goal)
        if metres <= _REACHED_M and radians <= _REACHED_RAD:
            off_m, off_rad = distance(arm.ee_pose, self.goal)
            if off_m <= _SETTLED_M and off_rad <= _SETTLED_RAD:
                return Ended(True, "")
            left = max(off_m, TURN_M * off_rad)  # the arm itself comes after
            return self._stuck(left, now_ns)
        return self._stuck(max(metres, TURN_M * radians), now_ns)

    def _let_go(self, arm: ArmView, now_ns: int) -> str:
        """Return why the arm is not to be moved any longer; empty where it follows."""
        if now_ns - arm.stamp_ns > _SILENT_S * NS_PER_S:
            return "the arm says nothing: look at its driver and network"
        if arm.status is ArmStatus.STOPPED:
            return STOPPED
        if arm.status is ArmStatus.LOST:
            return arm.fault or "the arm's driver fell silent"
        if arm.status is ArmStatus.MOVING:
            self._followed = True
        elif self._followed or now_ns - self._began_ns > _BEGINS_S * NS_PER_S:
            return arm.fault or f"the arm does not follow ({arm.status.value})"
        return ""

    def _stuck(self, left_m: float, now_ns: int) -> Ended | None:
        if left_m < self._nearest_m - _PROGRESS_M:
            self._nearest_m, self._nearest_ns = left_m, now_ns
        elif now_ns - self._nearest_ns > _PROGRESS_S * NS_PER_S:
            return Ended(False, OUT_OF_REACH)
        return None


class GuidedDevice:
    """The operator's device, and moves in its place. Implements `TeleopDevice`.

    The device is read all the time: as soon as its dead-man is held, the move has ended. It is
    heard again only after it was seen released, so that a hand on it never gets a moving arm
    unawares.
    """

    def __init__(self, device: TeleopDevice) -> None:
        self._device = device
        self._move: StraightMove | None = None
        self._arm: ArmView | None = None
        self._ended: Ended | None = None
        self._held = False  # the operator's dead-man, as last read
        self._let_go = False  # one reading without dead-man follows a move
        self._release_first = False  # the operator took over

    @property
    def moving(self) -> bool:
        """Whether a move is in hand."""
        return self._move is not None

    @property
    def held(self) -> bool:
        """Whether the operator held the dead-man when the device was last read."""
        return self._held

    def on_arm(self, arm: ArmView) -> None:
        """Take the newest state of the arm."""
        self._arm = arm

    def begin(self, goal: Pose, speed_m_s: float, now_ns: int) -> str:
        """Begin to move to ``goal`` [7]; return why not, empty when it began."""
        if self._move is not None:
            return "another move is in hand: wait for it, or cancel it"
        if self._held:
            return "the operator holds the dead-man: let go of the device first"
        if self._arm is None:
            return "the arm says nothing yet"
        if self._arm.status is ArmStatus.STOPPED:
            return "the arm is stopped: reset the stop first"
        try:
            self._move = StraightMove(goal, self._arm, now_ns, speed_m_s)
        except ValueError as error:
            return str(error)
        self._ended = None
        return ""

    def cancel(self, why: str) -> None:
        """Let go of the arm, if a move is in hand."""
        if self._move is not None:
            self._move, self._ended, self._let_go = None, Ended(False, why), True

    def take_ended(self) -> Ended | None:
        """Return how the last move ended, once; None while it goes on."""
        ended, self._ended = self._ended, None
        return ended

    def remaining_m(self) -> float:
        """Return the way that is left, m; 0 without a move."""
        if self._move is None or self._arm is None:
            return 0.0
        return self._move.remaining_m(self._arm)

    def connect(self) -> None:
        self._device.connect()

    def read(self, now_ns: int) -> TeleopReading | None:
        reading = self._device.read(now_ns)
        if reading is not None:
            self._held = reading.dead_man
        if self._move is None or self._arm is None:
            self._release_first = self._release_first and self._held
            if self._let_go or self._release_first:
                self._let_go = False
                return self._released(reading, now_ns)
            return reading
        if self._held:
            ended: Ended | None = Ended(False, TOOK_OVER)
        else:
            ended = self._move.ended(self._arm, now_ns)
        if ended is not None:
            self._release_first = self._held
            self._move, self._ended = None, ended
            return self._released(reading, now_ns)
        twist = self._move.twist(self._arm, now_ns)
        return TeleopReading(now_ns, twist, self._move.gripper, True)

    def disconnect(self) -> None:
        self.cancel("the teleoperation device is gone")
        self._held = False
        self._device.disconnect()

    def _released(self, reading: TeleopReading | None, now_ns: int) -> TeleopReading:
        gripper = 0.0 if reading is None else reading.gripper
        if self._arm is not None:
            gripper = self._arm.gripper_command
        return TeleopReading(now_ns, np.zeros(6), gripper, False)
