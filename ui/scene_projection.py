"""Lines and points in space, seen from a viewpoint that circles around them.

Pinhole projection without lens errors; x forward, y left, z up in the scene's own frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Point3 = tuple[float, float, float]

NEAREST = 0.05  # of the viewing distance: what is nearer to the eye is not drawn
FOCAL = 0.97  # of the window's shorter side
FILLED = 0.86  # share of the window that what matters takes
FIT_ROUNDS = 16
LOWEST_RAD, HIGHEST_RAD = np.deg2rad(-5.0), np.deg2rad(85.0)


class Ink(Enum):
    """What a line belongs to; the widget has its colour."""

    X = "x"  # axes of a frame: red, green, blue by convention (RViz, REP 103)
    Y = "y"
    Z = "z"
    GROUND = "ground"
    ARM = "arm"
    CAMERA = "camera"
    BOARD = "board"
    LINK = "link"  # the transform that is named
    FAINT = "faint"


@dataclass(frozen=True)
class Line:
    """A line through ``points`` [N, 3] m; closed and filled where it is an area."""

    points: tuple[Point3, ...]
    ink: Ink
    width: float = 1.5
    filled: bool = False
    dashed: bool = False
    arrow: bool = False


@dataclass(frozen=True)
class Label:
    """A word at a point."""

    point: Point3
    text: str
    strong: bool = False


@dataclass(frozen=True)
class Scene:
    """What is drawn, in one frame, and the words for those who do not see it."""

    lines: tuple[Line, ...] = ()
    labels: tuple[Label, ...] = ()
    description: str = ""
    turn_rad: float = 0.95  # the side that it is best looked at from

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not self.lines

    def what_matters(self) -> tuple[Point3, ...]:
        """Return the points that a viewpoint must show: all but the ground."""
        matter = [p for line in self.lines if line.ink is not Ink.GROUND for p in line.points]
        return tuple(matter or [p for line in self.lines for p in line.points])


@dataclass(frozen=True)
class Viewpoint:
    """An eye on a sphere around ``target``; ``turn_rad`` from x towards y, ``lift_rad`` up."""

    target: Point3 = (0.0, 0.0, 0.0)
    distance_m: float = 3.0
    turn_rad: float = 0.95
    lift_rad: float = 0.42

    def turned(self, turn_rad: float, lift_rad: float) -> Viewpoint:
        """Return the viewpoint moved around; never below the floor or over the top."""
        lift = float(np.clip(self.lift_rad + lift_rad, LOWEST_RAD, HIGHEST_RAD))
        return replace(self, turn_rad=self.turn_rad + turn_rad, lift_rad=lift)

    def nearer(self, factor: float) -> Viewpoint:
        """Return the viewpoint at ``factor`` of its distance."""
        return replace(self, distance_m=float(np.clip(self.distance_m * factor, 0.1, 50.0)))

    def back(self) -> Points:
        """Return the direction [3] from the target to the eye."""
        flat = np.cos(self.lift_rad)
        return np.array(
            [flat * np.cos(self.turn_rad), flat * np.sin(self.turn_rad), np.sin(self.lift_rad)]
        )

    def across(self) -> tuple[Points, Points]:
        """Return the directions [3] that are right and up in the window."""
        right = np.array([-np.sin(self.turn_rad), np.cos(self.turn_rad), 0.0])
        return right, np.cross(self.back(), right)

    def project(self, points: Sequence[Point3], width: float, height: float) -> Points:
        """Return places [N, 2] in a window of ``width`` x ``height``; NaN behind the eye.

        The shorter side of the window spans about as much as the target is away.
        """
        right, up = self.across()
        at = np.asarray(points, float).reshape(-1, 3) - np.array(self.target)
        depth = self.distance_m - at @ self.back()
        focal = FOCAL * min(width, height)
        result = np.full((len(at), 2), np.nan)
        seen = depth > NEAREST * self.distance_m
        result[seen, 0] = width / 2 + focal * (at[seen] @ right) / depth[seen]
        result[seen, 1] = height / 2 - focal * (at[seen] @ up) / depth[seen]
        return result


def around(scene: Scene, width: float, height: float, like: Viewpoint | None = None) -> Viewpoint:
    """Return a viewpoint whose window shows what matters, from the side that ``like`` looks from.

    The ground may be cut off.
    """
    points = scene.what_matters()
    seen = like or Viewpoint(turn_rad=scene.turn_rad)
    if not points:
        return seen
    at = np.array(points)
    middle = (at.min(axis=0) + at.max(axis=0)) / 2
    radius = max(float(np.max(np.linalg.norm(at - middle, axis=1))), 0.05)
    seen = replace(seen, target=_point(middle), distance_m=3.0 * radius)
    size = np.array([width, height])
    right, up = seen.across()
    for _ in range(FIT_ROUNDS):
        places = seen.project(points, width, height)
        if not np.isfinite(places).all():
            seen = replace(seen, distance_m=2.0 * seen.distance_m)
            continue
        # First to the middle of the window, then as near as its edges allow.
        low, high = places.min(axis=0), places.max(axis=0)
        off = 0.7 * ((low + high) - size) / 2
        scale = seen.distance_m / (FOCAL * min(width, height))
        target = np.array(seen.target) + scale * (off[0] * right - off[1] * up)
        fill = float(np.clip(np.max((high - low) / size) / FILLED, 0.75, 1.5))
        seen = replace(seen, target=_point(target), distance_m=seen.distance_m * fill)
    return seen


def _point(values: Points) -> Point3:
    return float(values[0]), float(values[1]), float(values[2])
