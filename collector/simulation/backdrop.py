"""The flat things behind and beneath everything: room, table, target zone.

They are painted as polygons, back to front, and the drawn bodies laid over them. The
software renderer would shade each of their pixels at ten times the cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from collector.devices.camera import Intrinsics
from collector.geometry import Pose, inverse, matrix
from collector.simulation.state import WorldState

Colour = tuple[int, int, int]  # RGB

TARGET_RADIUS_M = 0.050

_WALL: Colour = (132, 152, 164)
_SIDE_WALL: Colour = (116, 137, 150)
_FLOOR: Colour = (92, 100, 108)
_TABLE: Colour = (166, 132, 100)
_TABLE_EDGE: Colour = (118, 92, 69)
_PLATE: Colour = (70, 74, 80)
_RIM: Colour = (240, 190, 30)
_MIDDLE: Colour = (250, 236, 190)

_TABLE_X, _TABLE_Y = (-0.20, 0.86), (-0.65, 0.65)
_FLOOR_Z, _WALL_TOP_Z = -0.75, 3.0
_ROOM_X, _ROOM_Y = (-0.9, 3.0), (-3.0, 1.2)
_NEAR_M = 0.02
_SUBPIXEL_BITS = 6


@dataclass(frozen=True)
class Face:
    """A flat, convex polygon: corners [N, 3] in base, m."""

    corners: NDArray[np.float64]
    colour: Colour


def _rectangle(x: tuple[float, float], y: tuple[float, float], z: float) -> NDArray[np.float64]:
    return np.array([[x[0], y[0], z], [x[1], y[0], z], [x[1], y[1], z], [x[0], y[1], z]])


def _upright(
    start: tuple[float, float], end: tuple[float, float], bottom: float, top: float
) -> NDArray[np.float64]:
    return np.array([[*start, bottom], [*end, bottom], [*end, top], [*start, top]])


_ROOM = (
    Face(_rectangle(_ROOM_X, _ROOM_Y, _FLOOR_Z), _FLOOR),
    Face(
        _upright((_ROOM_X[0], _ROOM_Y[0]), (_ROOM_X[0], _ROOM_Y[1]), _FLOOR_Z, _WALL_TOP_Z), _WALL
    ),
    Face(
        _upright((_ROOM_X[0], _ROOM_Y[1]), (_ROOM_X[1], _ROOM_Y[1]), _FLOOR_Z, _WALL_TOP_Z),
        _SIDE_WALL,
    ),
    Face(_upright((_TABLE_X[1], _TABLE_Y[0]), (_TABLE_X[1], _TABLE_Y[1]), -0.04, 0.0), _TABLE_EDGE),
    Face(_upright((_TABLE_X[0], _TABLE_Y[0]), (_TABLE_X[1], _TABLE_Y[0]), -0.04, 0.0), _TABLE_EDGE),
    Face(_rectangle(_TABLE_X, _TABLE_Y, 0.0), _TABLE),
    Face(_rectangle((-0.15, 0.15), (-0.14, 0.14), 0.0), _PLATE),
)


def _disc(centre: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    angles = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
    return centre + radius * np.column_stack([np.cos(angles), np.sin(angles), 0.0 * angles])


def faces(state: WorldState) -> tuple[Face, ...]:
    """Return what is painted for ``state``, back to front."""
    if "target" not in state.body_names:
        return _ROOM
    centre = state.body("target")[:3]
    return (
        *_ROOM,
        Face(_disc(centre, TARGET_RADIUS_M), _RIM),
        Face(_disc(centre, 0.66 * TARGET_RADIUS_M), _MIDDLE),
    )


def paint(state: WorldState, t_base_optical: Pose, intrinsics: Intrinsics) -> NDArray[np.uint8]:
    """Return the backdrop [height, width, 3] RGB, seen from ``t_base_optical`` [7]."""
    image = np.empty((intrinsics.height, intrinsics.width, 3), np.uint8)
    image[:] = _FLOOR
    t_optical_base = matrix(inverse(t_base_optical))
    scale = 1 << _SUBPIXEL_BITS
    for face in faces(state):
        points = face.corners @ t_optical_base[:3, :3].T + t_optical_base[:3, 3]
        points = clip_near(points, _NEAR_M)
        if len(points) < 3:
            continue
        pixels = points[:, :2] / points[:, 2:] * (intrinsics.fx, intrinsics.fy)
        pixels += (intrinsics.cx, intrinsics.cy)
        if np.any(pixels.max(axis=0) < 0) or np.any(
            pixels.min(axis=0) > (intrinsics.width, intrinsics.height)
        ):
            continue
        # OpenCV's fixed point holds 32 bits; corners near the camera plane lie far out.
        fixed = np.clip(np.round(pixels * scale), -(2**29), 2**29).astype(np.int32)
        cv2.fillConvexPoly(image, fixed, face.colour, cv2.LINE_AA, _SUBPIXEL_BITS)
    return image


def clip_near(points: NDArray[np.float64], near_m: float) -> NDArray[np.float64]:
    """Clip a polygon [N, 3], optical frame, m, at ``near_m`` in front of the camera.

    Sutherland and Hodgman, CACM 1974.
    """
    if np.all(points[:, 2] >= near_m):
        return points
    kept = []
    for one, other in zip(points, np.roll(points, -1, axis=0), strict=True):
        if one[2] >= near_m:
            kept.append(one)
        if (one[2] >= near_m) != (other[2] >= near_m):
            kept.append(one + (other - one) * (near_m - one[2]) / (other[2] - one[2]))
    return np.array(kept).reshape(-1, 3)
