"""Where a drawn layout lies in a camera's picture: base -> optical frame -> native pixels.

OpenCV's model of the lens (`cv2.projectPoints`), whose coefficients ROS calls plumb_bob and
rational_polynomial; `equidistant` is `cv2.fisheye`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from collector.workflow.layout_coverage import LayoutPlan
from ui.values import CameraModel, CameraPose

RING_M = 0.03  # radius of what marks an object's place, on the table
NOSE_M = 0.055  # its yaw: from the middle through the ring
NEAREST_M = 0.02  # in front of the lens: what is nearer, or behind, is nowhere
OUTSIDE = 1.0  # image sizes beyond the edge: there the lens model says nothing

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PlacedObject:
    """One object's place, native pixels."""

    name: str
    ring: tuple[tuple[float, float], ...]
    middle: tuple[float, float]
    nose: tuple[float, float]


@dataclass(frozen=True)
class LayoutOverlay:
    """A layout as it is drawn over a picture of ``width`` x ``height`` native pixels."""

    width: int
    height: int
    objects: tuple[PlacedObject, ...]
    arm: tuple[float, float] | None  # where the tool begins
    arm_foot: tuple[float, float] | None  # the point of the table below it


def project(points: Points, camera: CameraModel, pose: CameraPose) -> Points:
    """Return native pixels [N, 2] of ``points`` [N, 3] m in the frame that ``pose`` is in.

    ``pose.transform`` is T_parent_optical [7], so a point p is at R^T (p - t) in the optical
    frame. NaN where a point lies behind the lens or far outside of the picture. Raises
    ValueError for a lens model that is not known.
    """
    points = np.asarray(points, dtype=np.float64).reshape(-1, 3)
    transform = np.asarray(pose.transform, dtype=np.float64)
    seen = Rotation.from_quat(transform[3:]).inv().apply(points - transform[:3])
    k = np.asarray(camera.k, dtype=np.float64).reshape(3, 3)
    coefficients = np.asarray(camera.distortion, dtype=np.float64)
    in_front = seen[:, 2] > NEAREST_M
    pixels = np.full((len(points), 2), np.nan)
    if in_front.any():
        straight = seen[in_front] @ k.T
        straight = straight[:, :2] / straight[:, 2:]
        size = np.array([camera.width, camera.height], dtype=np.float64)
        near = np.all((straight > -OUTSIDE * size) & (straight < (1 + OUTSIDE) * size), axis=1)
        bent = _through_lens(seen[in_front], k, coefficients, camera.distortion_model)
        bent[~near] = np.nan
        pixels[in_front] = bent
    return pixels


def _through_lens(seen: Points, k: Points, coefficients: Points, model: str) -> Points:
    none = np.zeros(3)
    if model in ("plumb_bob", "rational_polynomial", "none", ""):
        given = coefficients if coefficients.size else None
        pixels, _ = cv2.projectPoints(seen.reshape(-1, 1, 3), none, none, k, given)
    elif model in ("equidistant", "fisheye"):
        pixels, _ = cv2.fisheye.projectPoints(
            seen.reshape(-1, 1, 3), none, none, k, coefficients[:4]
        )
    else:
        raise ValueError(f"the lens model {model!r} is not known: calibrate with plumb_bob")
    return np.asarray(pixels, dtype=np.float64).reshape(-1, 2)


def overlay(plan: LayoutPlan, camera: CameraModel, pose: CameraPose) -> LayoutOverlay:
    """Return a layout, on the plane z = 0 of base, as it lies in the camera's picture.

    What cannot be seen is left out. Raises ValueError, as `project`, and for a camera whose
    pose is not in base.
    """
    if pose.parent_frame != "base":
        raise ValueError(f"the {pose.camera} camera's pose is in {pose.parent_frame}, not in base")
    turns = np.linspace(0.0, 2 * np.pi, 33)
    objects = []
    for name, place in plan.objects.items():
        ring = np.column_stack(
            [
                place.x + RING_M * np.cos(turns),
                place.y + RING_M * np.sin(turns),
                np.zeros_like(turns),
            ]
        )
        nose = (
            place.x + NOSE_M * np.cos(place.yaw),
            place.y + NOSE_M * np.sin(place.yaw),
            0.0,
        )
        pixels = project(np.vstack([ring, [(place.x, place.y, 0.0), nose]]), camera, pose)
        if np.isfinite(pixels).all():
            points = [(float(x), float(y)) for x, y in pixels]
            objects.append(PlacedObject(name, tuple(points[:-2]), points[-2], points[-1]))
    x, y, z = plan.arm_position
    tool, foot = project(np.array([[x, y, z], [x, y, 0.0]]), camera, pose)
    return LayoutOverlay(camera.width, camera.height, tuple(objects), _point(tool), _point(foot))


def _point(pixel: Points) -> tuple[float, float] | None:
    return (float(pixel[0]), float(pixel[1])) if np.isfinite(pixel).all() else None
