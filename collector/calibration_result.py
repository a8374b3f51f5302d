"""A camera's calibration as the station stores it: one YAML file a camera.

The solver is not known here; the recorder embeds the whole result in every
episode.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from collector.training_view import training_k

SCHEMA: Literal["collector/camera-calibration/1"] = "collector/camera-calibration/1"


class CalibrationError(Exception):
    """A calibration file cannot be used; the message says what to do."""


class BoardRecord(BaseModel):
    """The board a camera was calibrated with, and where it was."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = "charuco"
    columns: int = Field(gt=0)  # squares
    rows: int = Field(gt=0)
    square_m: float = Field(gt=0)  # as measured
    marker_m: float | None = None
    dictionary: str = ""
    legacy_pattern: bool = False
    holder_frame: Literal["base", "ee"]
    transform: tuple[float, float, float, float, float, float, float]  # T_<holder_frame>_board
    covariance: tuple[tuple[float, ...], ...] | None = None  # [6, 6] m, rad


class ViewRecord(BaseModel):
    """One view that took part in a calibration."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    stamp_ns: int
    corners: int  # how many were seen
    residual_px: float  # RMS distance, the arm's pose corrected
    used: bool  # false for an outlier
    ee_pose: tuple[float, float, float, float, float, float, float]  # T_base_ee as reported
    correction: tuple[float, float, float, float, float, float]  # of it: m, rad, in base


class FindingRecord(BaseModel):
    """What was found out about a calibration when it was judged."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Literal["ok", "warning", "refused"]
    code: str
    text: str


class CameraCalibration(BaseModel):
    """Intrinsics and pose of one camera.

    ``transform`` is ``T_<parent_frame>_<child_frame>``: it maps points of the camera's
    optical frame (z forward, x right, y down) into ``base`` or ``ee``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: Literal["collector/camera-calibration/1"] = Field(default=SCHEMA, alias="schema")
    camera: str
    serial: str = ""
    width: int = Field(gt=0)  # native image, pixels
    height: int = Field(gt=0)
    fx: float = Field(gt=0)  # pixels
    fy: float = Field(gt=0)
    cx: float
    cy: float
    distortion_model: str = "plumb_bob"
    distortion: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    parent_frame: Literal["base", "ee"]
    child_frame: str
    transform: tuple[float, float, float, float, float, float, float]  # m, quaternion x y z w
    covariance: tuple[tuple[float, ...], ...] | None = None  # [6, 6] of translation m, rotation rad
    residual_px: float | None = None  # RMS
    delay_s: float = 0.0  # subtracted from stamps
    method: str = ""
    software: str = ""
    person: str = ""
    date: str = ""  # ISO 8601
    # What a measured calibration also says; left out of the file where it is not known.
    name: str | None = None  # what the person accepted it as
    intrinsics_covariance: tuple[tuple[float, ...], ...] | None = None  # fx fy cx cy, distortion
    delay_sigma_s: float | None = None
    corner_sigma_px: float | None = None  # of one coordinate
    robot_sigma_m: float | None = None  # of the arm's poses, per axis
    robot_sigma_rad: float | None = None
    board: BoardRecord | None = None
    views: tuple[ViewRecord, ...] | None = None
    findings: tuple[FindingRecord, ...] | None = None
    content_sha256: str | None = None  # of all the other values, written with the file

    @field_validator("transform")
    @classmethod
    def _unit_quaternion(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        norm = float(np.linalg.norm(value[3:]))
        if abs(norm - 1.0) > 1e-3:
            raise ValueError(f"the quaternion's length is {norm:.4f}, it must be 1")
        return value

    @property
    def k(self) -> NDArray[np.float64]:
        """K [3, 3] of the native image, pixels."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def k_training(self) -> NDArray[np.float64]:
        """K [3, 3] of the 224 x 224 training view, pixels."""
        return training_k(self.k, self.width, self.height)

    @property
    def content_hash(self) -> str:
        """sha256 over the values but itself, whatever the file's layout."""
        content = self.as_dict()
        content.pop("content_sha256", None)
        values = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(values.encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the YAML file holds them."""
        values = self.model_dump(mode="json", by_alias=True)
        return {k: v for k, v in values.items() if v is not None or k not in _OPTIONAL}

    def save(self, path: Path) -> None:
        """Write the YAML file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(self.as_dict(), sort_keys=False), encoding="utf-8")


# Absent rather than null where they are not known, so that earlier files keep their hash.
_OPTIONAL = frozenset(
    (
        "name",
        "intrinsics_covariance",
        "delay_sigma_s",
        "corner_sigma_px",
        "robot_sigma_m",
        "robot_sigma_rad",
        "board",
        "views",
        "findings",
        "content_sha256",
    )
)


def load_calibration(path: Path) -> CameraCalibration:
    """Read a calibration file. Raises CalibrationError with a sentence that says what to do."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        calibration = CameraCalibration.model_validate(values)
    except FileNotFoundError:
        raise CalibrationError(f"{path} is missing: calibrate the camera first") from None
    except (OSError, yaml.YAMLError) as error:
        raise CalibrationError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise CalibrationError(f"{path}: {key}: {first['msg']}; calibrate again") from error
    written = calibration.content_sha256
    if written is not None and written != calibration.content_hash:
        raise CalibrationError(
            f"{path} was changed after it was measured: put back an older one from beside it or "
            "calibrate again (to keep the change, remove content_sha256)"
        )
    return calibration
