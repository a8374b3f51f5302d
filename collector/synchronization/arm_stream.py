"""The arm on its way to the grid: its samples in order, and its state at a tick."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from collector.arm.sample import ArmSample, ArmStatus
from collector.clock import NS_PER_MS
from collector.geometry import Pose, interpolate
from collector.synchronization.ring_buffer import Insertion, RingBuffer
from collector.synchronization.statistics import StreamCounts, StreamStatistics
from collector.synchronization.step import ArmStep


def unusable(sample: ArmSample) -> str:
    """Return why a sample cannot be used, or an empty string."""
    for name, p in (("measured", sample.ee_pose), ("commanded", sample.target_pose)):
        if not _is_pose(p):
            return f"the {name} pose is none: {np.asarray(p).tolist()}"
    if not np.all(np.isfinite(sample.joint_positions)):
        return "a joint position is not a finite number"
    return ""


def _is_pose(p: Pose) -> bool:
    if np.shape(p) != (7,) or not np.all(np.isfinite(p)):
        return False
    return abs(float(np.linalg.norm(p[3:])) - 1.0) < 1e-2


class ArmStream:
    """The samples of the arm, in the order of their stamps."""

    def __init__(self, capacity: int, gap_ns: int) -> None:
        self.counts = StreamCounts()
        self._gap_ns = gap_ns
        self._samples: RingBuffer[ArmSample] = RingBuffer(capacity)
        self._lost = False

    @property
    def statistics(self) -> StreamStatistics:
        """The counts so far."""
        return self.counts.snapshot(self._samples.overflowed)

    def add(self, sample: ArmSample) -> None:
        """Take a sample whose tick is not decided yet."""
        # A lost arm repeats its last measurement under a new stamp, and that is not data.
        self._lost = sample.status is ArmStatus.LOST
        if self._lost:
            return
        insertion = self._samples.insert(sample.stamp_ns, sample)
        if insertion is Insertion.DUPLICATE:
            self.counts.duplicates += 1
        elif insertion is Insertion.OUT_OF_ORDER:
            self.counts.out_of_order += 1

    def add_late(self) -> None:
        """Count a sample that came when its tick was decided already."""
        self.counts.late += 1

    def certain(self, tick_ns: int) -> bool:
        """True when samples on both sides of the tick are near enough to interpolate."""
        before, after = self._around(tick_ns)
        if before is None or after is None:
            return False
        return after.stamp_ns - before.stamp_ns <= self._gap_ns

    def at(self, tick_ns: int) -> tuple[ArmStep | None, str]:
        """Return the arm at the tick, or None and the reason of the gap."""
        before, after = self._around(tick_ns)
        if before is None or after is None:
            return None, self._why_absent(tick_ns, before)
        if after.stamp_ns - before.stamp_ns > self._gap_ns:
            silence_ns = after.stamp_ns - before.stamp_ns
            return None, f"arm: {silence_ns / NS_PER_MS:.0f} ms without a sample"
        if np.shape(before.joint_positions) != np.shape(after.joint_positions):
            return None, "arm: the number of joints changed"
        return _between(before, after, tick_ns), ""

    def clipped(self, after_ns: int, until_ns: int) -> bool:
        """True when any sample stamped in (``after_ns``, ``until_ns``] was clipped."""
        start, end = (self._samples.at_or_after(t + 1) for t in (after_ns, until_ns))
        return any(sample.clipped for sample in self._samples.items[start:end])

    def forget_before(self, tick_ns: int) -> None:
        """Let go of what a tick after ``tick_ns`` cannot use: all but the last before it."""
        after = self._samples.at_or_after(tick_ns + 1)
        if after:
            self._samples.drop_before(self._samples.stamps[after - 1])

    def restart(self) -> None:
        """Forget every sample: the station clock stepped back."""
        self._samples.clear()

    def _around(self, tick_ns: int) -> tuple[ArmSample | None, ArmSample | None]:
        after = self._samples.at_or_after(tick_ns)
        right = self._samples.items[after] if after < len(self._samples) else None
        if right is not None and right.stamp_ns == tick_ns:
            return right, right
        return (self._samples.items[after - 1] if after else None), right

    def _why_absent(self, tick_ns: int, before: ArmSample | None) -> str:
        if self._lost:
            return "arm: its driver sends nothing"
        if before is None:
            return "arm: no sample before the tick"
        silence_ns = tick_ns - before.stamp_ns
        return f"arm: {silence_ns / NS_PER_MS:.0f} ms without a sample, and none since"


def _between(before: ArmSample, after: ArmSample, tick_ns: int) -> ArmStep:
    span_ns = after.stamp_ns - before.stamp_ns
    fraction = (tick_ns - before.stamp_ns) / span_ns if span_ns else 0.0
    in_force = after if after.stamp_ns == tick_ns else before
    return ArmStep(
        joint_positions=_linear(before.joint_positions, after.joint_positions, fraction),
        joint_velocities=_linear(before.joint_velocities, after.joint_velocities, fraction),
        joint_efforts=_linear(before.joint_efforts, after.joint_efforts, fraction),
        ee_pose=interpolate(before.ee_pose, after.ee_pose, fraction),
        target_pose=interpolate(before.target_pose, after.target_pose, fraction),
        gripper_opening=float(
            before.gripper_opening + fraction * (after.gripper_opening - before.gripper_opening)
        ),
        gripper_command=in_force.gripper_command,
        gripper_in_motion=in_force.gripper_in_motion,
    )


def _linear(a: NDArray[np.float64], b: NDArray[np.float64], fraction: float) -> NDArray[np.float64]:
    start: NDArray[np.float64] = np.asarray(a, np.float64)
    end: NDArray[np.float64] = np.asarray(b, np.float64)
    return start + fraction * (end - start)
