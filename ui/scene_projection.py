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

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not self.lines

    def extent(self) -> tuple[Point3, float]:
        """Return the middle and the radius of all that is drawn, m."""
        if self.empty:
            return (0.0, 0.0, 0.0), 1.0
        points = np.array([p for line in self.lines for p in line.points], float)
        low, high = points.min(axis=0), points.max(axis=0)
        middle = (low + high) / 2
        radius = float(np.max(np.linalg.norm(points - middle, axis=1)))
        return (float(middle[0]), float(middle[1]), float(middle[2])), max(radius, 0.05)


@dataclass(frozen=True)
class Viewpoint:
    """An eye on a sphere around ``target``; ``turn_rad`` from x towards y, ``lift_rad`` up."""

    target: Point3 = (0.0, 0.0, 0.0)
    distance_m: float = 3.0
    turn_rad: float = -0.9
    lift_rad: float = 0.42

    def turned(self, turn_rad: float, lift_rad: float) -> Viewpoint:
        """Return the viewpoint moved around; never below the floor or over the top."""
        lift = float(np.clip(self.lift_rad + lift_rad, LOWEST_RAD, HIGHEST_RAD))
        return replace(self, turn_rad=self.turn_rad + turn_rad, lift_rad=lift)

    def nearer(self, factor: float) -> Viewpoint:
        """Return the viewpoint at ``factor`` of its distance."""
        return replace(self, distance_m=float(np.clip(self.distance_m * factor, 0.1, 50.0)))

    def project(self, points: Sequence[Point3], width: float, height: float) -> Points:
        """Return places [N, 2] in a window of ``width`` x ``height``; NaN behind the eye.

        A sphere of half the viewing distance's size fills the window.
        """
        target = np.array(self.target)
        cos_lift = np.cos(self.lift_rad)
        back = np.array(
            [
                cos_lift * np.cos(self.turn_rad),
                cos_lift * np.sin(self.turn_rad),
                np.sin(self.lift_rad),
            ]
        )
        right = np.array([-np.sin(self.turn_rad), np.cos(self.turn_rad), 0.0])
        up = np.cross(back, right)
        at = np.asarray(points, float).reshape(-1, 3) - target
        depth = self.distance_m - at @ back
        focal = 0.97 * min(width, height)
        result = np.full((len(at), 2), np.nan)
        seen = depth > NEAREST * self.distance_m
        result[seen, 0] = width / 2 + focal * (at[seen] @ right) / depth[seen]
        result[seen, 1] = height / 2 - focal * (at[seen] @ up) / depth[seen]
        return result


def around(scene: Scene, like: Viewpoint | None = None) -> Viewpoint:
    """Return a viewpoint that sees the whole scene, from the side that ``like`` looks from."""
    middle, radius = scene.extent()
    base = like or Viewpoint()
    return replace(base, target=middle, distance_m=2.25 * radius)
