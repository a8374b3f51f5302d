"""The safety layer between an operator's commands and an arm's driver.

`on_reading` is called for every reading of the driver (>= 100 Hz). It moves the commanded
target up to the reading's stamp, and returns the sample that is published; its
``target_pose`` and ``gripper_command`` are what the driver is sent next. `check` is called
as often, with the time, and notices a driver that fell silent. One thread.

| status | when | leaves it |
| --- | --- | --- |
| MOVING | a fresh command with the dead-man held | any of those below |
| HOLD_DEAD_MAN | the dead-man is not held | the dead-man pressed |
| HOLD_SILENCE | no command for ``watchdog_ns`` | the next command |
| HOLD_REFUSED | the command cannot be followed: see the fault | an acceptable command |
| HOLD_REFUSED | the arm was lost, or could not follow | the dead-man released, then pressed |
| STOPPED | `stop` | `reset_stop`, then the dead-man released and pressed |
| LOST | the driver is silent for ``driver_silence_ns`` | the next reading, then as above |

While it holds, the target stays where it is, so that nothing jumps when motion begins
again. It is set to the measured pose where nothing else can be meant, and never so that
the arm moves: at the first reading (or after `anchor`), while stopped, when a lost arm
returns, and when the measured pose leaps because a simulated world was laid out anew.
When the arm is farther from its target than the following error allows (somebody pushes
it, or something holds it back), the target *yields*: it goes to the measured pose, within
the limits, so that the actions of a recording stay within theirs.

While STOPPED or LOST nothing is sent to the driver; it is told once to stop.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from collector.arm.command import ArmCommand, refusal
from collector.arm.gripper import GripperMotion
from collector.arm.limits import ArmLimits
from collector.arm.pose_follower import PoseFollower
from collector.arm.sample import ArmSample, ArmStatus
from collector.arm.target import exceeds, speed_between, step
from collector.clock import NS_PER_S
from collector.devices.arm_driver import ArmError, ArmReading
from collector.geometry import Pose, distance, pose

# Between two readings an arm moves at a few times its limits at most, even when it is pushed;
# measurement noise adds less than the constants.
_LEAP_FACTOR = 4.0
_LEAP_M = 0.02
_LEAP_RAD = 0.1

_AGAIN = "release the dead-man and press it again"


class ArmController:
    """Follows commands within the limits, and holds whenever something is not right."""

    def __init__(self, limits: ArmLimits, gripper: GripperMotion | None = None) -> None:
        self.limits = limits
        self.status = ArmStatus.HOLD_SILENCE
        self.ignored_commands = 0  # older than one that was accepted before
        self.refused_commands = 0
        self._fingers = gripper if gripper is not None else GripperMotion()
        self._follower = PoseFollower(limits)
        self._reading: ArmReading | None = None
        self._target: Pose | None = None
        self._gripper: float | None = None
        self._command: ArmCommand | None = None  # the newest that was accepted
        self._arrival_ns = 0  # of the newest command, accepted or not
        self._accepted_ns = 0  # arrival of the newest that was accepted
        self._refusal = ""  # why the newest was not accepted
        self._asked_too_much = False  # in any command since the last reading
        self._dead_man_held = False  # in the newest command, accepted or not
        self._engaged = ""  # mode in which the arm is moving; empty while it holds
        self._release_first = ""  # why the dead-man must be released before it counts
        self._stopped = False
        self._lost = False
        self._yielding = False  # the target is on its way to the measured pose
        self._seen_ns = 0  # station clock at the last call
        self._last_reading_ns = 0

    def on_command(self, command: ArmCommand, arrival_ns: int) -> None:
        """Take a command; ``arrival_ns`` on the station clock. Never raises for its content."""
        if arrival_ns < self._arrival_ns:  # the station clock stepped back
            self._command = None
        self._seen_ns = self._arrival_ns = arrival_ns
        problem = refusal(command, arrival_ns, self.limits.watchdog_ns)
        if problem:
            self.refused_commands += 1
            self._dead_man_held = command.dead_man
            if command.dead_man:
                self._refusal = problem
            elif self._command is not None:  # letting go works, however wrong the rest is
                self._command = dataclasses.replace(self._command, dead_man=False)
            return
        if self._command is not None and command.stamp_ns < self._command.stamp_ns:
            self.ignored_commands += 1
            return
        self._dead_man_held = command.dead_man
        self._command = command
        self._accepted_ns = arrival_ns
        self._refusal = ""
        if not command.dead_man:
            self._release_first = ""
        elif command.mode == "velocity" and exceeds(command.twist, self.limits):
            self._asked_too_much = True

    def on_reading(self, reading: ArmReading) -> ArmSample:
        """Return the sample at ``reading.stamp_ns``, after moving the target up to it.

        A reading that was seen before moves nothing. Numbers that are not finite make a
        LOST sample with the last good measurement; raises ArmError where there is none yet.
        """
        problem = _unusable(reading)
        if problem:
            if self._reading is None:
                raise ArmError(f"the arm's first reading cannot be used: {problem}")
            self._lose()
            return self._lost_sample(reading.stamp_ns, f"the arm's driver reports {problem}")
        if self._reading is not None and self._lost and reading.stamp_ns == self._reading.stamp_ns:
            return self._lost_sample(reading.stamp_ns, "the arm's driver repeats an old reading")
        dt_ns = self._since_last(reading)
        if dt_ns > 0 and self._leapt(reading, dt_ns):
            if self._engaged:
                self._release_first = f"the arm's measured pose leapt: {_AGAIN}"
            self.anchor()
        self._reading = reading
        self._seen_ns = self._last_reading_ns = reading.stamp_ns
        if self._target is None or self._stopped:
            self._target = _measured(reading)
        if self._gripper is None:
            self._gripper = self._fingers.resting_command(reading.gripper_opening)
        status, fault = self._judge(reading)
        if status is not ArmStatus.MOVING:
            self._engaged = ""
            self._yield_to(reading, dt_ns)
        clipped = False
        if status is ArmStatus.MOVING and dt_ns > 0:
            clipped = self._move(reading, dt_ns)
        self._asked_too_much = False
        self.status = status
        return self._sample(reading.stamp_ns, status, fault, clipped)

    def check(self, now_ns: int) -> ArmSample | None:
        """Return a LOST sample when the driver is silent for too long, else None.

        Also None before the first reading: there is nothing to show.
        """
        self._seen_ns = now_ns
        if not self.lost(now_ns):
            return None
        self._lose()
        silence_s = (now_ns - self._last_reading_ns) / NS_PER_S
        return self._lost_sample(
            now_ns,
            f"the arm's driver has sent nothing for {silence_s:.1f} s: "
            "check the arm's power and network",
        )

    def lost(self, now_ns: int) -> bool:
        """True when the last reading is older than ``driver_silence_ns``."""
        if self._reading is None:
            return False
        # After a step back of the clock the silence counts from now.
        self._last_reading_ns = min(self._last_reading_ns, now_ns)
        return now_ns - self._last_reading_ns > self.limits.driver_silence_ns

    def stop(self) -> None:
        """Hold where the arm is, until `reset_stop`."""
        self._stopped = True
        self.status = ArmStatus.STOPPED
        self._engaged = ""
        self._release_first = f"the arm was stopped: {_AGAIN}"

    def reset_stop(self) -> tuple[bool, str]:
        """End a stop. Refused, with the reason, while the dead-man is held."""
        if not self._stopped:
            return True, "the arm is not stopped"
        fresh = abs(self._seen_ns - self._arrival_ns) <= self.limits.watchdog_ns
        if self._dead_man_held and fresh:
            return False, "the dead-man is held: release it, then reset the stop"
        self._stopped = False
        return True, "the stop is reset: press the dead-man to go on"

    def anchor(self) -> None:
        """Take target and gripper anew from the next reading: the world was laid out anew."""
        self._target = None
        self._gripper = None
        self._engaged = ""

    def _since_last(self, reading: ArmReading) -> int:
        """Return ns since the last reading; 0 where nothing may move in that time."""
        if self._reading is None:
            return 0
        dt_ns = reading.stamp_ns - self._reading.stamp_ns
        if dt_ns < 0:  # the clock stepped back: the age of the last command is not known
            self._command = None
            return 0
        if self._lost or dt_ns > self.limits.driver_silence_ns:
            self._lose()
            self._lost = False
            return 0
        return dt_ns

    def _leapt(self, reading: ArmReading, dt_ns: int) -> bool:
        """True when the measured pose changed faster than an arm moves: a simulator's reset."""
        assert self._reading is not None
        metres, radians = distance(self._reading.ee_pose, reading.ee_pose)
        dt_s = dt_ns / NS_PER_S
        return (
            metres > _LEAP_M + _LEAP_FACTOR * self.limits.linear_m_s * dt_s
            or radians > _LEAP_RAD + _LEAP_FACTOR * self.limits.angular_rad_s * dt_s
        )

    def _yield_to(self, reading: ArmReading, dt_ns: int) -> None:
        if self._yielding and dt_ns > 0:
            assert self._target is not None  # set at the first reading
            twist = speed_between(self._target, reading.ee_pose, dt_ns)
            self._yielding = exceeds(twist, self.limits)
            self._target, _ = step(self._target, twist, dt_ns, self.limits)

    def _lose(self) -> None:
        self._lost = True
        self._target = None
        self._engaged = ""
        self.status = ArmStatus.LOST
        self._release_first = f"the arm's driver was silent: {_AGAIN}"

    def _judge(self, reading: ArmReading) -> tuple[ArmStatus, str]:
        """Return the status at a reading, and the fault that goes with it."""
        error = self._following_error(reading)
        if error:
            self._yielding = True
            if self._engaged:
                self._release_first = f"{error}: clear what holds it back, {_AGAIN}"
        if self._stopped:
            return ArmStatus.STOPPED, "the arm is stopped: release the dead-man, reset the stop"
        command = self._command
        now_ns = reading.stamp_ns
        if self._refusal and self._fresh(now_ns, self._arrival_ns):
            return ArmStatus.HOLD_REFUSED, self._refusal
        if command is None or not self._fresh(now_ns, self._accepted_ns):
            silence_s = self.limits.watchdog_ns / NS_PER_S
            fault = f"no command for {silence_s:.1f} s: check the teleoperation device"
            return ArmStatus.HOLD_SILENCE, fault
        if not command.dead_man:
            return ArmStatus.HOLD_DEAD_MAN, ""
        if self._release_first:
            return ArmStatus.HOLD_REFUSED, self._release_first
        return self._engage(command, reading)

    def _engage(self, command: ArmCommand, reading: ArmReading) -> tuple[ArmStatus, str]:
        if self._engaged == command.mode:
            return ArmStatus.MOVING, ""
        if command.mode == "pose":
            far = self._follower.too_far(command.target, reading.ee_pose)
            if far:
                return ArmStatus.HOLD_REFUSED, far
            self._follower.begin()
        self._engaged = command.mode
        self._yielding = False
        return ArmStatus.MOVING, ""

    def _fresh(self, now_ns: int, arrival_ns: int) -> bool:
        # A reading may be a little older than the command that came in meanwhile; one that
        # is much older shows that the clock stepped back.
        return abs(now_ns - arrival_ns) <= self.limits.watchdog_ns

    def _following_error(self, reading: ArmReading) -> str:
        assert self._target is not None  # set at the first reading
        metres, radians = distance(self._target, reading.ee_pose)
        if metres > self.limits.following_error_m:
            return f"the arm is {metres:.2f} m from its target"
        if radians > self.limits.following_error_rad:
            return f"the arm is {radians:.2f} rad from its target"
        return ""

    def _move(self, reading: ArmReading, dt_ns: int) -> bool:
        """Move target and gripper as the command asks; return whether a limit held them back."""
        assert self._command is not None
        assert self._target is not None
        if self._command.mode == "velocity":
            self._target, held_back = step(self._target, self._command.twist, dt_ns, self.limits)
            clipped = held_back or self._asked_too_much or exceeds(self._command.twist, self.limits)
        else:
            self._target, clipped = self._follower.follow(
                self._target, self._command, reading.stamp_ns, dt_ns
            )
        gripper = 1.0 if self._command.gripper >= 0.5 else 0.0
        if gripper != self._gripper:
            self._gripper = gripper
            self._fingers.command(reading.stamp_ns, reading.gripper_opening)
        return clipped

    def _lost_sample(self, stamp_ns: int, fault: str) -> ArmSample:
        return self._sample(stamp_ns, ArmStatus.LOST, fault, False)

    def _sample(self, stamp_ns: int, status: ArmStatus, fault: str, clipped: bool) -> ArmSample:
        reading = self._reading
        assert reading is not None
        gripper = self._gripper
        if gripper is None:  # anchored, and lost before the next reading
            gripper = self._fingers.resting_command(reading.gripper_opening)
        in_motion = self._fingers.update(gripper, reading.stamp_ns, reading.gripper_opening)
        return ArmSample(
            stamp_ns=stamp_ns,
            joint_positions=reading.joint_positions,
            joint_velocities=reading.joint_velocities,
            joint_efforts=reading.joint_efforts,
            ee_pose=reading.ee_pose,
            target_pose=self._target if self._target is not None else reading.ee_pose,
            gripper_opening=reading.gripper_opening,
            gripper_command=gripper,
            gripper_in_motion=in_motion,
            clipped=clipped,
            status=status,
            fault=fault,
        )


def _measured(reading: ArmReading) -> Pose:
    return pose(reading.ee_pose[:3], reading.ee_pose[3:])


def _unusable(reading: ArmReading) -> str:
    """Return what is wrong with a reading, or an empty string.

    Velocities and efforts may be NaN: not every arm measures them.
    """
    p = reading.ee_pose
    if np.shape(p) != (7,) or not np.all(np.isfinite(p)):
        return "a pose that is not seven finite numbers"
    if abs(float(np.linalg.norm(p[3:])) - 1.0) > 1e-2:
        return "an orientation that is no unit quaternion"
    if not np.all(np.isfinite(reading.joint_positions)):
        return "a joint position that is not finite"
    if not np.isfinite(reading.gripper_opening):
        return "a gripper opening that is not finite"
    return ""
