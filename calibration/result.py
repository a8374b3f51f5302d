"""A calibration as the station stores it: one YAML file a camera, older ones beside it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from calibration.adjustment import Adjustment
from calibration.board import CharucoBoard
from calibration.covariance import pose_error
from calibration.delay import DelayResult
from calibration.kinematic_chain import holder_frame, parent_frame
from calibration.observation import BoardGeometry, BoardView, Intrinsics
from calibration.verdict import Verdict
from collector.calibration_result import (
    BoardRecord,
    CalibrationError,
    CameraCalibration,
    FindingRecord,
    ViewRecord,
    load_calibration,
)

Array = NDArray[np.float64]

METHOD = "bundle adjustment with corrections of the arm's poses"


def camera_calibration(
    adjustment: Adjustment,
    views: Sequence[BoardView],
    board: BoardGeometry,
    verdict: Verdict,
    *,
    camera: str,
    date: str,
    columns: int,
    rows: int,
    person: str = "",
    serial: str = "",
    name: str | None = None,
    software: str = "",
    marker_m: float | None = None,
    dictionary: str = "",
    legacy_pattern: bool = False,
    delay: DelayResult | None = None,
) -> CameraCalibration:
    """Return the stored form of ``adjustment``, made from ``views`` of ``board``.

    ``camera``: ``static`` or ``wrist``; its optical frame is ``<camera>_optical``. ``date``: ISO
    8601. ``columns``, ``rows``: the board's squares. ``software``: the collector's version;
    OpenCV's is added. Without ``delay`` the stamps are taken to be right.
    """
    intrinsics = adjustment.intrinsics
    noise = adjustment.weights.noise
    rms = adjustment.view_rms_px
    corrections = adjustment.corrections
    records = tuple(
        ViewRecord(
            name=view.name or str(i),
            stamp_ns=int(view.stamp_ns),
            corners=len(view.ids),
            residual_px=float(rms[i]),
            used=bool(adjustment.used[i]),
            ee_pose=_seven(view.T_base_ee),
            correction=_six(corrections[i]),
        )
        for i, view in enumerate(views)
    )
    calibration = CameraCalibration(
        camera=camera,
        serial=serial,
        width=intrinsics.width,
        height=intrinsics.height,
        fx=intrinsics.fx,
        fy=intrinsics.fy,
        cx=intrinsics.cx,
        cy=intrinsics.cy,
        distortion_model="plumb_bob" if len(intrinsics.distortion) <= 5 else "rational_polynomial",
        distortion=intrinsics.distortion,
        parent_frame=parent_frame(adjustment.setup),
        child_frame=f"{camera}_optical",
        transform=_seven(adjustment.T_parent_camera),
        covariance=_rows(adjustment.camera_covariance),
        residual_px=adjustment.rms_px,
        delay_s=0.0 if delay is None else delay.delay_s,
        method=METHOD,
        software=" ".join(part for part in (software, f"OpenCV {cv2.__version__}") if part),
        person=person,
        date=date,
        name=name,
        intrinsics_covariance=_rows(intrinsics.covariance),
        delay_sigma_s=None if delay is None else delay.sigma_s,
        corner_sigma_px=adjustment.sigma_px,
        robot_sigma_m=noise.sigma_t_m,
        robot_sigma_rad=noise.sigma_r_rad,
        board=BoardRecord(
            columns=columns,
            rows=rows,
            square_m=board.square_m,
            marker_m=marker_m,
            dictionary=dictionary,
            legacy_pattern=legacy_pattern,
            holder_frame=holder_frame(adjustment.setup),
            transform=_seven(adjustment.T_holder_board),
            covariance=_rows(adjustment.board_covariance),
        ),
        views=records,
        findings=tuple(
            FindingRecord(level=f.level, code=f.code, text=f.text) for f in verdict.findings
        ),
    )
    return calibration.model_copy(update={"content_sha256": calibration.content_hash})


def board_of(calibration: CameraCalibration) -> CharucoBoard | None:
    """Return the board that a stored calibration was made with; None where none is described."""
    record = calibration.board
    if record is None or record.marker_m is None or not record.dictionary:
        return None
    return CharucoBoard(
        record.columns,
        record.rows,
        record.square_m,
        record.marker_m,
        record.dictionary,
        record.legacy_pattern,
    )


def intrinsics_of(calibration: CameraCalibration) -> Intrinsics:
    """Return the intrinsics that a stored calibration holds, with their covariance if known."""
    covariance = calibration.intrinsics_covariance
    return Intrinsics(
        calibration.width,
        calibration.height,
        calibration.fx,
        calibration.fy,
        calibration.cx,
        calibration.cy,
        calibration.distortion,
        None if covariance is None else np.array(covariance, float),
    )


def store(calibration: CameraCalibration, path: Path) -> Path | None:
    """Write ``calibration`` to ``path``; return where the one before it is kept, if any.

    The older file stays beside it, named by its own date (``static.2026-11-24T17-30-00Z.yaml``).
    At every instant ``path`` holds the old file or the new one, whole. Raises CalibrationError
    when the folder cannot be written.
    """
    digest = calibration.content_hash
    calibration = calibration.model_copy(update={"content_sha256": digest})
    text = yaml.safe_dump(calibration.as_dict(), sort_keys=False, allow_unicode=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        older = _keep(path) if path.exists() else None
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CalibrationError(
            f"{path} cannot be written: {error.strerror or error}; check the disk and its rights"
        ) from error
    return older


def history(path: Path) -> list[Path]:
    """Return the older calibrations kept beside ``path``, newest first."""
    pattern = re.compile(re.escape(path.stem) + r"\.\d{4}-\d{2}-\d{2}T.*" + re.escape(path.suffix))
    if not path.parent.is_dir():
        return []
    found = [p for p in path.parent.iterdir() if pattern.fullmatch(p.name)]
    return sorted(found, key=lambda p: p.name, reverse=True)


@dataclass(frozen=True)
class Comparison:
    """How far a calibration is from another one of the same camera.

    ``shift_m`` [3] and ``turn_rad`` [3] in the parent frame; ``sigmas``: their Mahalanobis
    distance by both covariances, nan where one has none; ``focal_share``: of fx.
    """

    shift_m: Array
    turn_rad: Array
    sigmas: float
    focal_share: float


def compare(new: CameraCalibration, old: CameraCalibration) -> Comparison:
    """Compare a calibration with the one before it.

    Raises CalibrationError when the camera was fixed to another frame then.
    """
    if new.parent_frame != old.parent_frame:
        raise CalibrationError(
            f"the older calibration is of a camera on {old.parent_frame}, this one is on "
            f"{new.parent_frame}: there is nothing to compare"
        )
    error = pose_error(np.array(new.transform), np.array(old.transform))
    sigmas = float("nan")
    if new.covariance is not None and old.covariance is not None:
        both = np.array(new.covariance) + np.array(old.covariance)
        sigmas = float(np.sqrt(error @ np.linalg.solve(both, error)))
    return Comparison(error[:3], error[3:], sigmas, new.fx / old.fx - 1.0)


def _keep(path: Path) -> Path:
    """Give the file at ``path`` a second name by its date, and return it."""
    try:
        date = load_calibration(path).date
    except CalibrationError:
        date = ""  # damaged: kept all the same
    date = re.sub(r"[^0-9A-Za-z+-]", "-", date)
    if not re.match(r"\d{4}-\d{2}-\d{2}T", date):
        stamp = np.datetime64(path.stat().st_mtime_ns, "ns").astype("datetime64[s]")
        date = str(stamp).replace(":", "-") + "Z"
    kept = path.with_name(f"{path.stem}.{date}{path.suffix}")
    number = 1
    while kept.exists():
        if kept.read_bytes() == path.read_bytes():
            return kept
        number += 1
        kept = path.with_name(f"{path.stem}.{date}-{number}{path.suffix}")
    try:
        os.link(path, kept)
    except OSError:  # a file system without links
        shutil.copy2(path, kept)
    return kept


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _seven(pose: Array) -> tuple[float, float, float, float, float, float, float]:
    x, y, z, qx, qy, qz, qw = (float(v) for v in pose)
    return x, y, z, qx, qy, qz, qw


def _six(values: Array) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (float(v) for v in values)
    return a, b, c, d, e, f


def _rows(covariance: Array | None) -> tuple[tuple[float, ...], ...] | None:
    if covariance is None:
        return None
    return tuple(tuple(float(v) for v in row) for row in covariance)
