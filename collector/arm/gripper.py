"""When the fingers have done what they were told."""

from __future__ import annotations

from collector.clock import NS_PER_MS


class GripperMotion:
    """Watches the fingers from a command until they arrive, or stall on an object.

    Real grippers take 300 to 500 ms, longer than a step, so a command alone does not tell
    what the fingers do. They have *arrived* within ``tolerance_m`` of fully open or fully
    closed. They have *stalled* when they moved less than ``still_m`` for ``still_ns``, but
    not before ``start_ns``, which a gripper may take before it moves at all.
    """

    def __init__(
        self,
        open_m: float = 0.08,
        *,
        tolerance_m: float = 0.003,
        start_ns: int = 150 * NS_PER_MS,
        still_ns: int = 100 * NS_PER_MS,
        still_m: float = 0.0005,
    ) -> None:
        if not 0.0 < tolerance_m < open_m / 2:
            raise ValueError(f"a gripper of {open_m} m cannot be judged within {tolerance_m} m")
        self.open_m = open_m
        self._tolerance_m = tolerance_m
        self._start_ns = start_ns
        self._still_ns = still_ns
        self._still_m = still_m
        self._moving = False
        self._began_ns = 0
        self._rest_m = 0.0
        self._rest_since_ns = 0

    def resting_command(self, opening_m: float) -> float:
        """Return the command that leaves fingers at rest at ``opening_m`` where they are.

        Fingers rest between open and closed when they hold an object: that is *close*.
        """
        return 1.0 if opening_m < 0.9 * self.open_m else 0.0

    def command(self, stamp_ns: int, opening_m: float) -> None:
        """Note that the command has just changed."""
        self._moving = True
        self._began_ns = self._rest_since_ns = stamp_ns
        self._rest_m = opening_m

    def update(self, command: float, stamp_ns: int, opening_m: float) -> bool:
        """Return whether the fingers are still on their way at ``stamp_ns``."""
        if not self._moving:
            return False
        if stamp_ns < self._rest_since_ns:  # the clock stepped back: measure anew
            self._began_ns = self._rest_since_ns = stamp_ns
        if abs(opening_m - self._rest_m) > self._still_m:
            self._rest_m = opening_m
            self._rest_since_ns = stamp_ns
        stalled = (
            stamp_ns - self._began_ns >= self._start_ns
            and stamp_ns - self._rest_since_ns >= self._still_ns
        )
        if command >= 0.5:
            arrived = opening_m <= self._tolerance_m
        else:
            arrived = opening_m >= self.open_m - self._tolerance_m
        if arrived or stalled:
            self._moving = False
        return self._moving
