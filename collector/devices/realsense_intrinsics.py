"""Intrinsics of librealsense as OpenCV states them, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from collector.devices.camera import CameraError, Intrinsics


def intrinsics_from_sdk(rs: Any, found: Any) -> Intrinsics:
    """Return librealsense intrinsics as OpenCV's, pixels.

    Brown-Conrady is OpenCV's plumb_bob, Kannala-Brandt its fisheye model (ROS:
    equidistant). Other models (D400 colour cameras: inverse Brown-Conrady) are fitted by
    plumb_bob over the image; it is linear in the coefficients.
    """
    model, distortion = "plumb_bob", tuple(float(c) for c in found.coeffs)
    if found.model == rs.distortion.kannala_brandt4:
        model, distortion = "equidistant", distortion[:4]
    elif any(distortion) and found.model not in (rs.distortion.none, rs.distortion.brown_conrady):
        distortion = _fit_plumb_bob(rs, found)
    return Intrinsics(
        found.width, found.height, found.fx, found.fy, found.ppx, found.ppy, model, distortion
    )


def _fit_plumb_bob(rs: Any, found: Any) -> tuple[float, ...]:
    """Return k1, k2, p1, p2, k3 that distort as ``found`` does, by least squares."""
    u, v = np.meshgrid(np.linspace(0, found.width - 1, 25), np.linspace(0, found.height - 1, 19))
    rays = np.array(
        [
            rs.rs2_deproject_pixel_to_point(found, [float(a), float(b)], 1.0)
            for a, b in zip(u.ravel(), v.ravel(), strict=True)
        ]
    )
    x, y = rays[:, 0], rays[:, 1]
    r2 = x * x + y * y
    dx = (u.ravel() - found.ppx) / found.fx - x
    dy = (v.ravel() - found.ppy) / found.fy - y
    columns_x = [x * r2, x * r2**2, 2 * x * y, r2 + 2 * x * x, x * r2**3]
    columns_y = [y * r2, y * r2**2, r2 + 2 * y * y, 2 * x * y, y * r2**3]
    a = np.concatenate([np.stack(columns_x, 1), np.stack(columns_y, 1)])
    solution = np.linalg.lstsq(a, np.concatenate([dx, dy]), rcond=None)[0]
    return tuple(float(c) for c in solution)


def intrinsics_to_sdk(rs: Any, intrinsics: Intrinsics) -> Any:
    """Return OpenCV's intrinsics as librealsense's.

    Raises CameraError for a distortion model or number of coefficients it does not have.
    """
    models = {
        "plumb_bob": (rs.distortion.brown_conrady, 5),
        "equidistant": (rs.distortion.kannala_brandt4, 4),
    }
    model, most = models.get(intrinsics.distortion_model, (None, 0))
    if model is None or len(intrinsics.distortion) > most:
        raise CameraError(
            f"distortion {intrinsics.distortion_model} with {len(intrinsics.distortion)}"
            " coefficients cannot be recorded: use plumb_bob with 5 or equidistant with 4"
        )
    result = rs.intrinsics()
    result.width, result.height = intrinsics.width, intrinsics.height
    result.fx, result.fy = intrinsics.fx, intrinsics.fy
    result.ppx, result.ppy = intrinsics.cx, intrinsics.cy
    result.model = model
    result.coeffs = [*intrinsics.distortion, *[0.0] * (5 - len(intrinsics.distortion))]
    return result
