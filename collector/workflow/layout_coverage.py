"""A fresh layout for every attempt, spread over the zones, and which cells were visited.

Places follow a scrambled Sobol sequence (Sobol' 1967; scrambling after Owen 1998, through
scipy.stats.qmc): after any number of attempts they fill the zones more evenly than
independent draws do. Each station and task has a sequence of its own.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from scipy.stats import qmc

from collector.geometry import Pose
from collector.tasks.description import TaskDescription
from collector.workflow.history import Fact

CELLS = 4  # cells along each side of a zone
_CANDIDATES = 24  # layouts of the simulator among which the nearest is taken
_MOST_TRIES = 2000
_SEEDS = 2**31


class DrawnLayout(Protocol):
    """A simulator's layout, in ``base``."""

    @property
    def objects(self) -> Mapping[str, tuple[tuple[float, float, float], float]]:
        """Object -> position m, yaw rad."""

    @property
    def arm_start(self) -> Pose:
        """T_base_ee [7] at the start, tool down."""


DrawLayout = Callable[[str, int], DrawnLayout]  # task id, seed -> the simulator's layout


class Placement(Fact):
    """Where an object lies at the start: m and rad, in ``base``."""

    x: float
    y: float
    yaw: float


class LayoutPlan(Fact):
    """The layout of one attempt.

    Where a simulator lays it out, its layout of ``seed`` is what counts: the placements and
    the arm's start are its own then.
    """

    task_id: str
    index: int  # in the sequence
    seed: int
    objects: Mapping[str, Placement]
    arm_position: tuple[float, float, float]  # m, in base
    arm_yaw: float  # rad
    cells: Mapping[str, tuple[int, int]]  # object -> cell of its zone along x, y

    def directions(self) -> tuple[str, ...]:
        """Return where to lay the objects, a sentence each."""
        return tuple(
            f"Put the {name.replace('_', ' ')} at x {100 * place.x:.0f} cm, "
            f"y {100 * place.y:.0f} cm"
            + (f", turned by {np.degrees(place.yaw):.0f} degrees." if place.yaw else ".")
            for name, place in self.objects.items()
        )


class LayoutCoverage(Fact):
    """How many cells of an object's zone saw an attempt begin."""

    name: str
    visited: int
    cells: int
    most: int  # attempts in the fullest cell
    attempts: int

    @property
    def share(self) -> float:
        return self.visited / self.cells


class LayoutSampler:
    """One task's layouts at one station, one after the other."""

    def __init__(
        self, task: TaskDescription, station_id: str, seed: int, draw: DrawLayout | None = None
    ) -> None:
        """``draw`` and the scene's task id are the simulator's; without it people lay out."""
        self._task = task
        self._names = tuple(task.zones)
        self._draw = draw
        self._key = [seed, zlib.crc32(f"{station_id}/{task.id}".encode())]
        self._dimensions = 3 * len(self._names) + 4
        self._sobol = qmc.Sobol(self._dimensions, seed=np.random.default_rng(self._key))
        self._at = 0

    def plan(self, index: int, scene: str | None = None) -> LayoutPlan:
        """Return the first layout at or after ``index`` whose objects do not overlap.

        Same task, station, seed and index: same layout. ``scene`` is the task whose layouts
        the simulator draws. Raises RuntimeError where no layout is free of overlaps.
        """
        for at in range(index, index + _MOST_TRIES):
            point = self._point(at)
            objects = self._places(point)
            if not self._overlaps(objects):
                return self._plan(at, point, objects, scene)
        raise RuntimeError(f"{self._task.id}: no layout without overlaps; make its zones larger")

    def _point(self, index: int) -> NDArray[np.float64]:
        if index < self._at:
            self._sobol.reset()
            self._at = 0
        if index > self._at:
            self._sobol.fast_forward(index - self._at)
        self._at = index + 1
        return np.asarray(self._sobol.random(1)[0], dtype=np.float64)

    def _places(self, point: NDArray[np.float64]) -> dict[str, Placement]:
        objects = {}
        for number, name in enumerate(self._names):
            zone = self._task.zones[name]
            x, y, yaw = (
                low + (high - low) * float(share)
                for share, (low, high) in zip(
                    point[3 * number : 3 * number + 3], (zone.x, zone.y, zone.yaw), strict=True
                )
            )
            objects[name] = Placement(x=x, y=y, yaw=yaw)
        return objects

    def _overlaps(self, objects: Mapping[str, Placement]) -> bool:
        for one, other in itertools.combinations(objects, 2):
            apart = np.hypot(objects[one].x - objects[other].x, objects[one].y - objects[other].y)
            zones = self._task.zones
            if apart < zones[one].clearance_m + zones[other].clearance_m:
                return True
        return False

    def _plan(
        self,
        index: int,
        point: NDArray[np.float64],
        objects: dict[str, Placement],
        scene: str | None,
    ) -> LayoutPlan:
        rng = np.random.default_rng([*self._key, index])
        seed = int(rng.integers(1, _SEEDS))
        start = self._task.arm_start
        shifts = 2 * point[-4:] - 1
        x, y, z = (
            middle + spread * float(shift)
            for middle, spread, shift in zip(start.position, start.spread, shifts[:3], strict=True)
        )
        arm_yaw = start.yaw_spread * float(shifts[3])
        if self._draw is not None and scene is not None:
            seed, drawn = self._nearest(self._draw, scene, objects, rng)
            objects = {name: _placement(drawn, name) for name in self._names}
            x, y, z = (float(value) for value in drawn.arm_start[:3])
            arm_yaw = _tool_yaw(drawn.arm_start)
        return LayoutPlan(
            task_id=self._task.id,
            index=index,
            seed=seed,
            objects=objects,
            arm_position=(x, y, z),
            arm_yaw=arm_yaw,
            cells={name: self._cell(name, place) for name, place in objects.items()},
        )

    def _nearest(
        self,
        draw: DrawLayout,
        scene: str,
        wanted: Mapping[str, Placement],
        rng: np.random.Generator,
    ) -> tuple[int, DrawnLayout]:
        """Return the simulator's layout that is nearest to ``wanted``, of some, and its seed.

        The first object counts most: with few candidates not every one can be near.
        """

        def distance(layout: DrawnLayout) -> float:
            total = 0.0
            for number, name in enumerate(self._names):
                zone, (x, y, _) = self._task.zones[name], layout.objects[name][0]
                across = _share(x, zone.x) - _share(wanted[name].x, zone.x)
                along = _share(y, zone.y) - _share(wanted[name].y, zone.y)
                total += 0.02**number * (across**2 + along**2)
            return total

        seeds = [int(seed) for seed in rng.integers(1, _SEEDS, _CANDIDATES)]
        drawn = {seed: draw(scene, seed) for seed in seeds}
        best = min(drawn, key=lambda seed: distance(drawn[seed]))
        return best, drawn[best]

    def _cell(self, name: str, place: Placement) -> tuple[int, int]:
        zone = self._task.zones[name]
        x, y = (
            min(max(int(CELLS * _share(value, span)), 0), CELLS - 1)
            for value, span in ((place.x, zone.x), (place.y, zone.y))
        )
        return x, y


def coverage(
    task: TaskDescription, cells: Mapping[str, Mapping[tuple[int, int], int]]
) -> tuple[LayoutCoverage, ...]:
    """Return each object's coverage. ``cells``: object -> cell -> attempts (`History.cells`)."""
    return tuple(
        LayoutCoverage(
            name=name,
            visited=len(counts),
            cells=CELLS * CELLS,
            most=max(counts.values(), default=0),
            attempts=sum(counts.values()),
        )
        for name in task.zones
        for counts in (cells.get(name, {}),)
    )


def _placement(layout: DrawnLayout, name: str) -> Placement:
    (x, y, _), yaw = layout.objects[name]
    return Placement(x=x, y=y, yaw=yaw)


def _tool_yaw(start: Pose) -> float:
    """Return how far a tool that points down is turned about the vertical, rad."""
    along_x = Rotation.from_quat(start[3:]).apply([1.0, 0.0, 0.0])
    return float(np.arctan2(along_x[1], along_x[0]))


def _share(value: float, span: tuple[float, float]) -> float:
    low, high = span
    return (value - low) / (high - low) if high > low else 0.5
