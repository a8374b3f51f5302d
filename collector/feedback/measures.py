"""Measures of one attempt, kept while it goes on: one step costs O(1) of what came before.

The same object measures a running attempt and a recorded one, so both give the same numbers.

Motion is judged by the *commanded* pose: it is what the operator's hand did, free of the
arm's own dynamics and noise. The path is that of the *measured* pose on the step grid: what
the arm really travelled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from collector.arm.sample import ArmSample
from collector.clock import NS_PER_S
from collector.episode.reader import EpisodeReader
from collector.feedback.movements import Movements
from collector.geometry import Pose, distance
from collector.synchronization.step import Step

# Slower than this between two steps of the grid, the hand rests: 10 mm/s and 3 deg/s.
REST_M_S = 0.01
REST_RAD_S = 0.05
# A gripper command that wavers about the middle is not a change of mind.
CLOSED_ABOVE = 0.6
OPEN_BELOW = 0.4


@dataclass(frozen=True)
class Measures:
    """One attempt in numbers. A share is of the whole time, 0 to 1."""

    steps: int
    duration_s: float  # steps times the step's period
    path_m: float  # way of the measured tool centre point, on the grid
    clipped_share: float  # of the actions: those in which the operator asked for too much
    idle_before_s: float  # before the first motion of arm or gripper
    idle_within_s: float  # between the first and the last motion
    idle_after_s: float  # after the last motion
    movements: int  # from standstill to standstill
    smoothness: float | None  # spectral arc length, see `spectral_arc_length`; None: no movement
    gripper_reversals: int  # changes of direction: close, open, close again are two
    gap_share: float  # of the steps, as a recording marks them: not all was seen

    @property
    def idle_s(self) -> float:
        """All rest, s."""
        return self.idle_before_s + self.idle_within_s + self.idle_after_s

    @property
    def idle_share(self) -> float:
        """All rest, as share of the duration; 0 for an attempt without a step."""
        return self.idle_s / self.duration_s if self.duration_s else 0.0

    def as_dict(self) -> dict[str, float | int | None]:
        """Return plain values, for JSON."""
        return {**asdict(self), "idle_share": self.idle_share}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Measures:
        """Return the measures that `as_dict` gave. Raises ValueError for anything else."""
        own = {key: value for key, value in values.items() if key != "idle_share"}
        return _read(Measures, own)


@dataclass(frozen=True)
class Best:
    """An operator's best on one task, each number by itself; None where there is none yet."""

    duration_s: float | None = None
    path_m: float | None = None
    smoothness: float | None = None
    gripper_reversals: int | None = None

    def as_dict(self) -> dict[str, float | int | None]:
        """Return plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Best:
        """Return the best that `as_dict` gave. Raises ValueError for anything else."""
        return _read(Best, values)


Record = TypeVar("Record", Measures, Best)


def _read(kind: type[Record], values: Mapping[str, Any]) -> Record:
    unknown = set(values) - {field.name for field in fields(kind)}
    if unknown:
        raise ValueError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    try:
        return TypeAdapter(kind).validate_python(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{kind.__name__} {where}: {first['msg']}") from None


def best_of_stored(successes: Iterable[Mapping[str, Any] | None]) -> Best:
    """Return the best of stored measures, `Measures.as_dict`, of *successful* attempts.

    See `best_of`. What cannot be read, as when another version wrote it or nothing was
    measured (None), does not count.
    """
    readable = []
    for values in successes:
        with suppress(ValueError):
            readable.append(Measures.from_dict(values or {}))
    return best_of(readable)


def best_of(successes: Iterable[Measures]) -> Best:
    """Return the best of an operator's *successful* attempts on one task.

    Only of those: a failed attempt that was given up early has the shortest path of all. One
    with gaps has lost part of its path and does not count either.
    """
    whole = [m for m in successes if m.steps and not m.gap_share]
    smooth = [m.smoothness for m in whole if m.smoothness is not None]
    return Best(
        duration_s=min((m.duration_s for m in whole), default=None),
        path_m=min((m.path_m for m in whole), default=None),
        smoothness=max(smooth, default=None),
        gripper_reversals=min((m.gripper_reversals for m in whole), default=None),
    )


class AttemptMeasurement:
    """Measures an attempt step by step.

    Hand it every step (`on_step`) and every arm sample (`on_sample`), each kind in order; how
    the two interleave does not matter. Samples count from the first step to the newest one.
    ``period_ns``: time between steps, ns. Raises ValueError where it is not positive.
    """

    def __init__(self, period_ns: int) -> None:
        if period_ns <= 0:
            raise ValueError(f"the step period is {period_ns} ns, it must be positive")
        self._period_s = period_ns / NS_PER_S
        self._steps = self._gaps = self._clipped = 0
        self._was_gap = False
        self._first_ns = self._newest_ns = 0
        self._measured: Pose | None = None  # of the newest step
        self._commanded: Pose | None = None
        self._gripper = float("nan")
        self._path_m = 0.0
        self._moved = False
        self._idle_before = self._idle_within = self._idle_since = 0  # intervals
        self._pending: deque[tuple[int, NDArray[np.float64], float]] = deque()
        self._movements = Movements()
        self._closed: bool | None = None
        self._direction: bool | None = None  # of the last change: True closing
        self._reversals = 0

    def on_step(self, step: Step) -> None:
        """Take the next step of the grid."""
        arm = step.arm
        if arm is not None and not np.isfinite([arm.ee_pose, arm.target_pose]).all():
            arm = None
        self._add_step(
            step.stamp_ns,
            arm.ee_pose if arm else None,
            arm.target_pose if arm else None,
            arm.gripper_command if arm else float("nan"),
            bool(arm and arm.gripper_in_motion),
            step.clipped_since_previous,
            step.is_gap or arm is None,
        )

    def on_sample(self, sample: ArmSample) -> None:
        """Take the next sample of the arm, at full rate."""
        self._add_sample(sample.stamp_ns, sample.target_pose[:3], sample.gripper_command)

    def measures(self) -> Measures:
        """Return the measures so far. Costs as much as the movement in hand is long."""
        return self._summary(*self._movements.smoothness())

    def live(self) -> Measures:
        """Return the measures so far in O(1): smoothness is that of the movements that ended."""
        return self._summary(*self._movements.ended())

    def _summary(self, smoothness: float | None, movements: int) -> Measures:
        s = self._period_s
        return Measures(
            steps=self._steps,
            duration_s=self._steps * s,
            path_m=self._path_m,
            clipped_share=self._clipped / (self._steps - 1) if self._steps > 1 else 0.0,
            idle_before_s=(self._idle_before if self._moved else self._idle_since) * s,
            idle_within_s=self._idle_within * s,
            idle_after_s=(self._idle_since if self._moved else 0) * s,
            movements=movements,
            smoothness=smoothness,
            gripper_reversals=self._reversals,
            gap_share=self._gaps / self._steps if self._steps else 0.0,
        )

    def _add_step(
        self,
        stamp_ns: int,
        measured: Pose | None,
        commanded: Pose | None,
        gripper: float,
        fingers_moving: bool,
        clipped: bool,
        gap: bool,
    ) -> None:
        if self._steps == 0:
            self._first_ns = stamp_ns
        else:
            self._clipped += clipped  # of the action that led here
            if measured is not None and self._measured is not None:
                self._path_m += float(np.linalg.norm(measured[:3] - self._measured[:3]))
            if commanded is not None and self._commanded is not None:
                self._judge_rest(
                    fingers_moving
                    or gripper != self._gripper
                    or self._is_motion(self._commanded, commanded)
                )
            if commanded is None and self._commanded is not None:
                self._gaps += not self._was_gap  # the way to this step is missing
        self._steps += 1
        self._gaps += gap
        self._was_gap = gap
        self._newest_ns = stamp_ns
        self._measured, self._commanded, self._gripper = measured, commanded, gripper
        self._take_pending()

    def _is_motion(self, before: Pose, after: Pose) -> bool:
        way, turn = distance(before, after)
        return way > REST_M_S * self._period_s or turn > REST_RAD_S * self._period_s

    def _judge_rest(self, moving: bool) -> None:
        if not moving:
            self._idle_since += 1
            return
        if self._moved:
            self._idle_within += self._idle_since
        else:
            self._idle_before = self._idle_since
        self._moved, self._idle_since = True, 0

    def _add_sample(self, stamp_ns: int, position: NDArray[np.float64], gripper: float) -> None:
        self._pending.append((stamp_ns, position, gripper))
        if self._steps:
            self._take_pending()
        # Before the first step nothing counts, and a console may wait for it for long.
        elif len(self._pending) > 1 and stamp_ns - self._pending[0][0] > 60 * NS_PER_S:
            self._pending.popleft()

    def _take_pending(self) -> None:
        while self._pending and self._pending[0][0] <= self._newest_ns:
            stamp_ns, position, gripper = self._pending.popleft()
            if stamp_ns >= self._first_ns:
                self._movements.add(stamp_ns, position)
                self._judge_gripper(gripper)

    def _judge_gripper(self, command: float) -> None:
        if OPEN_BELOW <= command <= CLOSED_ABOVE or not np.isfinite(command):
            return
        closed = command > CLOSED_ABOVE
        if self._closed is not None and closed != self._closed:
            self._reversals += self._direction is not None
            self._direction = closed
        self._closed = closed


def measure_episode(episode: EpisodeReader) -> Measures:
    """Measure a recorded attempt: a sealed one, or what an interrupted one holds so far.

    Raises KeyError where the file lacks a signal.
    """
    attempt = AttemptMeasurement(int(episode.attributes["period_ns"]))
    stamps = episode.array("raw/arm/stamps")
    targets = episode.array("raw/arm/target_pose")
    commands = episode.array("raw/arm/gripper_command")
    measured = episode.array("observations/ee_pose")
    commanded = episode.array("observations/target_pose")
    present = np.all(np.isfinite(measured), axis=1)
    grippers = episode.array("observations/gripper_command")
    fingers = episode.array("gripper_in_motion")
    clipped = episode.array("action_clipped")
    gaps = episode.array("is_gap")
    for k, stamp in enumerate(episode.array("timestamps/step")):
        attempt._add_step(
            int(stamp),
            measured[k] if present[k] else None,
            commanded[k] if present[k] else None,
            float(grippers[k]),
            bool(fingers[k]),
            bool(k and clipped[k - 1]),  # an action is stored with the step it starts from
            bool(gaps[k]),
        )
    # Of an interrupted recording the newest rows may be in some of the datasets only.
    for stamp, target, command in zip(stamps, targets, commands, strict=False):
        attempt._add_sample(int(stamp), target[:3], float(command))
    return attempt.measures()
