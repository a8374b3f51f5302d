"""Attempts whose measures are known because they are made to have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from collector.arm.sample import ArmSample, ArmStatus
from collector.clock import NS_PER_MS
from collector.feedback.measures import AttemptMeasurement, Measures
from collector.synchronization.step import ArmStep, Step

START_NS = 1_795_528_501_000_000_000
PERIOD_NS = 200 * NS_PER_MS
SAMPLE_NS = 10 * NS_PER_MS


@dataclass
class Attempt:
    """Positions [n, 3] at 100 Hz along the way; the gripper command at each of them."""

    positions: np.ndarray
    grippers: np.ndarray
    clipped_steps: frozenset[int] = frozenset()
    gap_steps: frozenset[int] = frozenset()
    lag_samples: int = 5
    noise: np.ndarray | None = field(default=None, repr=False)

    def _poses(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        target = np.concatenate([self.positions[index], [0, 0, 0, 1]])
        behind = self.positions[max(index - self.lag_samples, 0)]
        return np.concatenate([behind, [0, 0, 0, 1]]), target

    def samples(self) -> list[ArmSample]:
        """Every sample at 100 Hz."""
        found = []
        for i in range(len(self.positions)):
            measured, target = self._poses(i)
            found.append(
                ArmSample(
                    stamp_ns=START_NS + i * SAMPLE_NS,
                    joint_positions=np.zeros(7),
                    joint_velocities=np.zeros(7),
                    joint_efforts=np.zeros(7),
                    ee_pose=measured,
                    target_pose=target,
                    gripper_opening=0.04,
                    gripper_command=float(self.grippers[i]),
                    gripper_in_motion=False,
                    clipped=False,
                    status=ArmStatus.MOVING,
                )
            )
        return found

    def steps(self) -> list[Step]:
        """Every step at 5 Hz."""
        found = []
        for k, i in enumerate(range(0, len(self.positions), PERIOD_NS // SAMPLE_NS)):
            measured, target = self._poses(i)
            gap = k in self.gap_steps
            arm = ArmStep(
                joint_positions=np.zeros(7),
                joint_velocities=np.zeros(7),
                joint_efforts=np.zeros(7),
                ee_pose=measured,
                target_pose=target,
                gripper_opening=0.04,
                gripper_command=float(self.grippers[i]),
                gripper_in_motion=False,
            )
            found.append(
                Step(
                    index=k,
                    stamp_ns=START_NS + k * PERIOD_NS,
                    grid_start_ns=START_NS,
                    period_ns=PERIOD_NS,
                    cameras=(),
                    arm=None if gap else arm,
                    clipped_since_previous=k in self.clipped_steps,
                    gap_reasons=("no arm",) if gap else (),
                )
            )
        return found

    def measured(self) -> Measures:
        """Measure it, samples first."""
        measurement = AttemptMeasurement(PERIOD_NS)
        for sample in self.samples():
            measurement.on_sample(sample)
        for step in self.steps():
            measurement.on_step(step)
        return measurement.measures()


def bell(length_m: float, seconds: float) -> np.ndarray:
    """Way [n] along one minimum-jerk movement (Flash and Hogan, 1985), at 100 Hz."""
    u = np.arange(1, round(seconds * 100) + 1) / round(seconds * 100)
    return length_m * (10 * u**3 - 15 * u**4 + 6 * u**5)


def attempt(
    parts: Sequence[tuple[float, float]],
    grips: Sequence[tuple[float, float]] = (),
    **changes: object,
) -> Attempt:
    """String parts (length in m, seconds) together, a length of 0 being rest.

    ``grips``: from which second on the gripper command has which value.
    """
    way = np.zeros(1)
    for length, seconds in parts:
        way = np.concatenate([way, way[-1] + bell(length, seconds)])
    positions = np.zeros((len(way), 3))
    positions[:, 0] = 0.3 + way
    grippers = np.zeros(len(way))
    for second, value in grips:
        grippers[round(second * 100) :] = value
    return Attempt(positions, grippers, **changes)  # type: ignore[arg-type]
