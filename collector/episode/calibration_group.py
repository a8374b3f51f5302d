"""A camera's calibration inside ``episode.h5``: the whole result, and ready-made matrices."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
import yaml

from collector.calibration_result import CameraCalibration


def group_name(camera: str) -> str:
    """Group of a camera's calibration."""
    return f"camera_calibration/{camera}"


def write_calibration(file: Any, camera: str, calibration: CameraCalibration) -> None:
    """Write ``camera_calibration/<camera>`` into an open h5py file."""
    group = file.create_group(group_name(camera))
    group["K"] = calibration.k
    group["K"].attrs["description"] = "native image, pixels"
    group["K_224"] = calibration.k_training
    group["K_224"].attrs["description"] = "training image, pixels; same distortion coefficients"
    group["distortion"] = np.asarray(calibration.distortion, float)
    group["transform"] = np.asarray(calibration.transform, float)
    group["transform"].attrs["description"] = (
        f"T_{calibration.parent_frame}_{calibration.child_frame}: maps points of the camera into "
        f"{calibration.parent_frame}; position m, quaternion x y z w"
    )
    if calibration.covariance is not None:
        group["covariance"] = np.asarray(calibration.covariance, float)
    text = yaml.safe_dump(calibration.as_dict(), sort_keys=False, allow_unicode=True)
    group.create_dataset("yaml", data=text, dtype=h5py.string_dtype())
    group.attrs["hash"] = calibration.content_hash
    for name in (
        "camera",
        "serial",
        "width",
        "height",
        "distortion_model",
        "parent_frame",
        "child_frame",
        "delay_s",
        "method",
        "software",
        "person",
        "date",
    ):
        group.attrs[name] = getattr(calibration, name)
    if calibration.residual_px is not None:
        group.attrs["residual_px"] = calibration.residual_px


def read_calibration(file: Any, camera: str) -> CameraCalibration:
    """Return the calibration that ``camera_calibration/<camera>`` holds.

    Raises KeyError where there is none, and pydantic's ValidationError where it is damaged.
    """
    text = file[group_name(camera)]["yaml"].asstr()[()]
    return CameraCalibration.model_validate(yaml.safe_load(text))


def calibration_faults(file: Any, camera: str) -> list[str]:
    """Return what does not agree inside ``camera_calibration/<camera>``; nothing if it all does."""
    group = file[group_name(camera)]
    calibration = read_calibration(file, camera)
    faults = []
    if group.attrs["hash"] != calibration.content_hash:
        faults.append("the hash is not that of the calibration's values")
    for name, value in (
        ("K", calibration.k),
        ("K_224", calibration.k_training),
        ("distortion", calibration.distortion),
        ("transform", calibration.transform),
    ):
        if not np.array_equal(group[name][()], np.asarray(value, float)):
            faults.append(f"{name} is not the calibration's")
    return faults
