"""Where the arm was: its samples, a pose at any instant between them, and whether it stood."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from calibration.delay import ArmTrajectory
from collector.clock import NS_PER_MS, NS_PER_S
from collector.geometry import Pose, distance, interpolate

LARGEST_GAP_NS = 50 * NS_PER_MS
STILL_S = 0.25
STILL_M, STILL_RAD = 5e-4, float(np.deg2rad(0.1))


class ArmHistory:
    """Samples of the arm in the order of their stamps; one that comes late is left out."""

    def __init__(self) -> None:
        self._stamps: list[int] = []
        self._poses: list[Pose] = []

    def __len__(self) -> int:
        return len(self._stamps)

    def add(self, stamp_ns: int, T_base_ee: Pose) -> None:
        """Take a sample: int64 ns on the station clock, ``T_base_ee`` [7]."""
        if self._stamps and stamp_ns <= self._stamps[-1]:
            return
        self._stamps.append(int(stamp_ns))
        self._poses.append(np.asarray(T_base_ee, float))

    def covers(self, stamp_ns: int) -> bool:
        """Whether there is a sample at or after ``stamp_ns``."""
        return bool(self._stamps) and self._stamps[-1] >= stamp_ns

    def at(self, stamp_ns: int) -> Pose | None:
        """Return ``T_base_ee`` [7] at ``stamp_ns``: position linear, orientation SLERP.

        None where no samples within 50 ms of each other lie around it.
        """
        after = bisect_left(self._stamps, stamp_ns)
        if after < len(self._stamps) and self._stamps[after] == stamp_ns:
            return self._poses[after]
        if after == 0 or after == len(self._stamps):
            return None
        begin, end = self._stamps[after - 1], self._stamps[after]
        if end - begin > LARGEST_GAP_NS:
            return None
        share = (stamp_ns - begin) / (end - begin)
        return interpolate(self._poses[after - 1], self._poses[after], share)

    def still(self, stamp_ns: int) -> bool:
        """Whether the arm stood for `STILL_S` before ``stamp_ns``."""
        now = self.at(stamp_ns)
        begin = bisect_left(self._stamps, stamp_ns - round(STILL_S * NS_PER_S))
        if now is None or begin == 0:
            return False
        end = bisect_left(self._stamps, stamp_ns)
        away = [distance(p, now) for p in self._poses[begin - 1 : end]]
        return all(m <= STILL_M and r <= STILL_RAD for m, r in away)

    def speed(self, stamp_ns: int, over_s: float = 0.1) -> tuple[float, float]:
        """Return the arm's speed around ``stamp_ns``, m/s and rad/s; zero where not known."""
        half = round(over_s / 2 * NS_PER_S)
        before, after = self.at(stamp_ns - half), self.at(stamp_ns + half)
        if before is None or after is None:
            return 0.0, 0.0
        metres, radians = distance(before, after)
        return metres / over_s, radians / over_s

    def arrays(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return stamps [n] ns and poses [n, 7]."""
        return np.array(self._stamps, np.int64), np.array(self._poses).reshape(-1, 7)

    def trajectory(self) -> ArmTrajectory:
        """Return the motion, to find a delay in. Raises ObservationError below two samples."""
        return ArmTrajectory(*self.arrays())
