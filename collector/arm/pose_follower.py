"""Follow commanded poses: arrive when the next one is due, never faster than the limits."""

from __future__ import annotations

from collector.arm.command import ArmCommand
from collector.arm.limits import ArmLimits
from collector.arm.target import exceeds, speed_between, step
from collector.clock import NS_PER_S
from collector.geometry import Pose, distance


class PoseFollower:
    """Leads the target to a stream of poses, spreading each move over the time between two.

    A device that sends poses at 50 Hz while it moves at 0.4 m/s asks for 0.4 m/s, although
    each pose lies 8 mm from the last: what it asks is judged by the distance between poses
    over the time between their stamps, not by the distance that is left at one instant.
    """

    def __init__(self, limits: ArmLimits) -> None:
        self._limits = limits
        self._last: ArmCommand | None = None
        self._due_ns = 0
        self._behind = False

    def too_far(self, target: Pose, measured: Pose) -> str:
        """Return why the first pose of a device cannot be followed, or an empty string."""
        metres, radians = distance(target, measured)
        limits = self._limits
        if metres > limits.engage_m:
            return (
                f"the device asks for a pose {metres:.2f} m from the arm: "
                f"bring it within {limits.engage_m:.2f} m"
            )
        if radians > limits.engage_rad:
            return (
                f"the device asks for a pose turned {radians:.2f} rad from the arm's: "
                f"bring it within {limits.engage_rad:.2f} rad"
            )
        return ""

    def begin(self) -> None:
        """Forget the poses of an earlier motion."""
        self._last = None
        self._behind = False

    def follow(
        self, target: Pose, command: ArmCommand, now_ns: int, dt_ns: int
    ) -> tuple[Pose, bool]:
        """Return the target at ``now_ns``, ``dt_ns`` after ``target``, and whether it is clipped.

        Clipped: the device moved faster than the limits and the target has not caught up,
        or the workspace box holds it back.
        """
        began_ns = now_ns - dt_ns
        if command is not self._last:
            # The first pose may be as far as `too_far` allows; it is reached smoothly.
            interval_ns = self._limits.watchdog_ns
            if self._last is not None:
                interval_ns = min(max(command.stamp_ns - self._last.stamp_ns, dt_ns), interval_ns)
                asked = speed_between(self._last.target, command.target, interval_ns)
                self._behind = self._behind or exceeds(asked, self._limits)
            self._due_ns = began_ns + interval_ns
            self._last = command
        left_ns = max(self._due_ns - began_ns, dt_ns)
        twist = speed_between(target, command.target, left_ns)
        too_fast = exceeds(twist, self._limits)
        if too_fast and self._lags(target, command.target):
            self._behind = True
        moved, held_back = step(target, twist, dt_ns, self._limits)
        clipped = held_back or self._behind
        if not too_fast:
            self._behind = False
        return moved, clipped

    def _lags(self, target: Pose, wanted: Pose) -> bool:
        """True when the way left is more than the watchdog's time allows."""
        metres, radians = distance(target, wanted)
        longest_s = self._limits.watchdog_ns / NS_PER_S
        return (
            metres > self._limits.linear_m_s * longest_s
            or radians > self._limits.angular_rad_s * longest_s
        )
