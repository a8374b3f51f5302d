"""A calibration's numbers as they are read: each with its uncertainty and against the last one.

Pure: values out of the stored file, in mm, degrees and pixels; the words are `ui`'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.spatial.transform import Rotation

from calibration.result import compare
from collector.calibration_result import CalibrationError, CameraCalibration


class Quantity(Enum):
    """What a row is about."""

    X = "x"
    Y = "y"
    Z = "z"
    ROTATION_X = "rotation x"
    ROTATION_Y = "rotation y"
    ROTATION_Z = "rotation z"
    FX = "fx"
    FY = "fy"
    CX = "cx"
    CY = "cy"
    DISTORTION = "distortion"
    DELAY = "delay"


@dataclass(frozen=True)
class Figure:
    """One number: ``value`` +- ``sigma`` in ``unit``, and the same of the last calibration.

    ``change_sigmas``: the change against what both uncertainties together allow.
    """

    quantity: Quantity
    index: int  # of a distortion coefficient; 0 elsewhere
    value: float
    sigma: float | None
    unit: str
    digits: int
    last: float | None = None
    change_sigmas: float | None = None


@dataclass(frozen=True)
class Change:
    """How far a calibration is from the last one."""

    shift_mm: float
    turn_deg: float
    sigmas: float | None
    focal_percent: float


def figures(new: CameraCalibration, last: CameraCalibration | None = None) -> tuple[Figure, ...]:
    """Return every number of a calibration.

    Rotations are those of the camera's axes as a rotation vector about the parent frame's axes;
    their uncertainty is that of a small turn about the same axes.
    """
    before = _numbers(last) if last is not None and _alike(new, last) else {}
    rows = []
    for key, (value, sigma) in _numbers(new).items():
        quantity, index = key
        old = before.get(key)
        sigmas = None
        if old is not None and sigma is not None and old[1] is not None:
            both = math.hypot(sigma, old[1])
            sigmas = abs(value - old[0]) / both if both > 0 else None
        unit, digits = _UNITS[quantity]
        rows.append(
            Figure(
                quantity,
                index,
                value,
                sigma,
                unit,
                digits,
                None if old is None else old[0],
                sigmas,
            )
        )
    return tuple(rows)


def change(new: CameraCalibration, last: CameraCalibration) -> Change | str:
    """Return how far ``new`` is from ``last``, or a sentence why that cannot be said."""
    try:
        difference = compare(new, last)
    except CalibrationError as error:
        return str(error)
    sigmas = difference.sigmas
    return Change(
        1e3 * float(np.linalg.norm(difference.shift_m)),
        math.degrees(float(np.linalg.norm(difference.turn_rad))),
        sigmas if math.isfinite(sigmas) else None,
        100.0 * difference.focal_share,
    )


def position_sigma_m(calibration: CameraCalibration) -> float | None:
    """Return the position's uncertainty, m: root of the sum over the axes."""
    return _sigma(calibration, slice(0, 3))


def rotation_sigma_rad(calibration: CameraCalibration) -> float | None:
    """Return the rotation's uncertainty, rad: root of the sum over the axes."""
    return _sigma(calibration, slice(3, 6))


def _sigma(calibration: CameraCalibration, part: slice) -> float | None:
    if calibration.covariance is None:
        return None
    variances = np.diag(np.array(calibration.covariance))[part]
    total = float(np.sum(variances))
    return math.sqrt(total) if total >= 0 else None


_UNITS: dict[Quantity, tuple[str, int]] = {
    Quantity.X: ("mm", 2),
    Quantity.Y: ("mm", 2),
    Quantity.Z: ("mm", 2),
    Quantity.ROTATION_X: ("deg", 3),
    Quantity.ROTATION_Y: ("deg", 3),
    Quantity.ROTATION_Z: ("deg", 3),
    Quantity.FX: ("px", 2),
    Quantity.FY: ("px", 2),
    Quantity.CX: ("px", 2),
    Quantity.CY: ("px", 2),
    Quantity.DISTORTION: ("", 5),
    Quantity.DELAY: ("ms", 2),
}


def _numbers(
    calibration: CameraCalibration,
) -> dict[tuple[Quantity, int], tuple[float, float | None]]:
    spread: list[float | None] = [None] * 6
    if calibration.covariance is not None:
        spread = [
            math.sqrt(max(0.0, float(row[i]))) for i, row in enumerate(calibration.covariance)
        ]
    values: dict[tuple[Quantity, int], tuple[float, float | None]] = {}
    for axis, quantity in enumerate((Quantity.X, Quantity.Y, Quantity.Z)):
        sigma = spread[axis]
        values[quantity, 0] = (
            1e3 * calibration.transform[axis],
            None if sigma is None else 1e3 * sigma,
        )
    turns = Rotation.from_quat(calibration.transform[3:]).as_rotvec()
    rotations = (Quantity.ROTATION_X, Quantity.ROTATION_Y, Quantity.ROTATION_Z)
    for axis, quantity in enumerate(rotations):
        sigma = spread[3 + axis]
        values[quantity, 0] = (
            math.degrees(float(turns[axis])),
            None if sigma is None else math.degrees(sigma),
        )
    lens: list[float | None] = [None] * (4 + len(calibration.distortion))
    if calibration.intrinsics_covariance is not None:
        diagonal = np.diag(np.array(calibration.intrinsics_covariance))
        for i, variance in enumerate(diagonal[: len(lens)]):
            lens[i] = math.sqrt(max(0.0, float(variance)))
    focal = (calibration.fx, calibration.fy, calibration.cx, calibration.cy)
    names = (Quantity.FX, Quantity.FY, Quantity.CX, Quantity.CY)
    for i, (quantity, value) in enumerate(zip(names, focal, strict=True)):
        values[quantity, 0] = value, lens[i]
    for i, value in enumerate(calibration.distortion):
        values[Quantity.DISTORTION, i] = value, lens[4 + i]
    delay_sigma = calibration.delay_sigma_s
    values[Quantity.DELAY, 0] = (
        1e3 * calibration.delay_s,
        None if delay_sigma is None else 1e3 * delay_sigma,
    )
    return values


def _alike(new: CameraCalibration, last: CameraCalibration) -> bool:
    return (new.parent_frame, new.width, new.height) == (
        last.parent_frame,
        last.width,
        last.height,
    )
