"""Where the simulated station's two cameras are, and what their lenses are."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from collector.calibration_result import CameraCalibration
from collector.devices.camera import Intrinsics
from collector.geometry import Pose, pose

ParentFrame = Literal["base", "ee"]

_STATIC_EYE_M = np.array([1.14, -0.57, 0.72])
_STATIC_LOOK_AT_M = np.array([0.39, 0.03, 0.08])
_STATIC_FOCAL = 0.86  # of the image width
_WRIST_EYE_M = np.array([0.070, 0.0, -0.085])  # in ee, in front of the hand
_WRIST_TILT_RAD = 0.42  # towards the fingertips
_WRIST_FOCAL = 0.62
# Real principal points lie a little off the middle.
_PRINCIPAL_OFFSET = {"static": (0.008, -0.006), "wrist": (-0.006, 0.004)}


def look_at(eye: NDArray[np.float64], point: NDArray[np.float64]) -> Pose:
    """Return the optical frame's pose [7] at ``eye`` [3] m, looking at ``point``, upright."""
    forward = (point - eye) / np.linalg.norm(point - eye)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    axes = np.column_stack([right, np.cross(forward, right), forward])
    return pose(eye, Rotation.from_matrix(axes).as_quat())


def default_camera(name: str, width: int, height: int) -> tuple[Intrinsics, ParentFrame, Pose]:
    """Return intrinsics, parent frame and ``T_parent_optical`` [7] of ``static`` or ``wrist``.

    ``width`` and ``height`` are the native image's, pixels. Raises ValueError for another
    name or a size that is not positive.
    """
    if name not in _PRINCIPAL_OFFSET:
        raise ValueError(f"there is no simulated camera {name!r}; choose static or wrist")
    if width <= 0 or height <= 0:
        raise ValueError(f"an image of {width} x {height} cannot be drawn; give a positive size")
    off_x, off_y = _PRINCIPAL_OFFSET[name]
    # The focal length belongs to a 4:3 image of this height, so that a wider one sees more.
    focal = (_STATIC_FOCAL if name == "static" else _WRIST_FOCAL) * height * 4 / 3
    intrinsics = Intrinsics(
        width=width,
        height=height,
        fx=focal,
        fy=focal,
        cx=(width - 1) / 2 + off_x * width,
        cy=(height - 1) / 2 + off_y * height,
    )
    if name == "static":
        return intrinsics, "base", look_at(_STATIC_EYE_M, _STATIC_LOOK_AT_M)
    # Image right is the hand's y, image down is towards the fingers (-x).
    axes = np.column_stack([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    turn = Rotation.from_matrix(axes) * Rotation.from_euler("x", -_WRIST_TILT_RAD)
    return intrinsics, "ee", pose(_WRIST_EYE_M, turn.as_quat())


def true_calibration(
    name: str, serial: str, intrinsics: Intrinsics, parent_frame: ParentFrame, transform: Pose
) -> CameraCalibration:
    """Return the calibration of a simulated camera, known exactly: no solver was needed.

    ``transform`` [7] is ``T_<parent_frame>_<name>_optical``.
    """
    tx, ty, tz, qx, qy, qz, qw = map(float, transform)
    return CameraCalibration(
        camera=name,
        serial=serial,
        width=intrinsics.width,
        height=intrinsics.height,
        fx=intrinsics.fx,
        fy=intrinsics.fy,
        cx=intrinsics.cx,
        cy=intrinsics.cy,
        distortion_model=intrinsics.distortion_model,
        distortion=intrinsics.distortion,
        parent_frame=parent_frame,
        child_frame=f"{name}_optical",
        transform=(tx, ty, tz, qx, qy, qz, qw),
        residual_px=0.0,
        method="simulator truth",
        software="collector simulator",
    )
