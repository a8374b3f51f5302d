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
        """sha256 over the values, whatever the file's layout."""
        values = json.dumps(self.as_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(values.encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the YAML file holds them."""
        return self.model_dump(mode="json", by_alias=True)

    def save(self, path: Path) -> None:
        """Write the YAML file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(self.as_dict(), sort_keys=False), encoding="utf-8")


def load_calibration(path: Path) -> CameraCalibration:
    """Read a calibration file. Raises CalibrationError with a sentence that says what to do."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        return CameraCalibration.model_validate(values)
    except FileNotFoundError:
        raise CalibrationError(f"{path} is missing: calibrate the camera first") from None
    except (OSError, yaml.YAMLError) as error:
        raise CalibrationError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise CalibrationError(f"{path}: {key}: {first['msg']}; calibrate again") from error
