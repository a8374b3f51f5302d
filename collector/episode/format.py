"""The episode format ``collector/episode/1``: every dataset of ``episode.h5`` in one table.

Per-step datasets have one row a step, T rows in all. The row of a step counts once its
stamp stands in ``timestamps/step``, which is written last: that dataset is the commit
record, and T is its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from collector.arm.sample import ArmStatus
from collector.training_view import SIZE

SCHEMA = "collector/episode/1"

EPISODE_FILE = "episode.h5"
PROVENANCE_FILE = "provenance.jsonld"
MANIFEST_FILE = "MANIFEST.sha256"
PARTIAL_SUFFIX = ".partial"

COMMIT = "timestamps/step"
MAX_STEP_M = 0.1  # per component of an action
MAX_STEP_RAD = 0.5
GAP_REASON_BYTES = 192

# HDF5 1.10 is the oldest library that knows SWMR; nothing newer is used.
LIBVER = ("v110", "v110")

ARM_STATUS_CODES = {status: code for code, status in enumerate(ArmStatus)}


def arm_status_dtype() -> Any:
    """The HDF5 enumeration of `raw/arm/status`."""
    return h5py.enum_dtype({s.name: c for s, c in ARM_STATUS_CODES.items()}, basetype="u1")


def gap_reason_dtype() -> Any:
    """Fixed-length UTF-8: SWMR writers may not grow HDF5's heap of variable strings."""
    return h5py.string_dtype("utf-8", GAP_REASON_BYTES)


@dataclass(frozen=True)
class Signal:
    """One dataset that grows by rows."""

    name: str
    dtype: Any
    shape: tuple[int, ...] = ()  # of one row
    units: str = ""
    description: str = ""
    chunk_rows: int = 256
    compressed: bool = False  # gzip 1: rows of one chunk each, or rewriting would leak space


def image_name(camera: str) -> str:
    """Dataset of a camera's training images."""
    return f"observations/images/{camera}"


def stamp_name(camera: str) -> str:
    """Dataset of the stamps of a camera's training images."""
    return f"timestamps/{camera}"


def step_signals(joints: int, cameras: Sequence[str]) -> tuple[Signal, ...]:
    """Return the per-step datasets of an arm with ``joints`` joints, the commit record last."""
    base = "frame base; position m, quaternion x y z w"
    motion = "dx dy dz m, droll dpitch dyaw rad (extrinsic x-y-z) in base, gripper 0 open 1 close"
    images = tuple(
        Signal(
            image_name(camera),
            np.uint8,
            (SIZE, SIZE, 3),
            "",
            "RGB, centre square of the native image, area-resized; black where there is none",
            chunk_rows=1,
            compressed=True,
        )
        for camera in cameras
    )
    stamps = tuple(
        Signal(
            stamp_name(camera),
            np.int64,
            (),
            "ns",
            "middle of exposure of the image, station clock; 0 where there is none",
            1024,
        )
        for camera in cameras
    )
    f8 = np.float64
    return (
        *images,
        Signal("observations/ee_pose", f8, (7,), "m, 1", f"T_base_ee measured at the tick; {base}"),
        Signal(
            "observations/target_pose", f8, (7,), "m, 1", f"T_base_ee commanded, limited; {base}"
        ),
        Signal("observations/joint_positions", f8, (joints,), "rad", "interpolated at the tick"),
        Signal("observations/joint_velocities", f8, (joints,), "rad/s", "interpolated at the tick"),
        Signal("observations/joint_efforts", f8, (joints,), "N m", "interpolated at the tick"),
        Signal("observations/gripper_opening", f8, (), "m", "between the fingers, at the tick"),
        Signal("observations/gripper_command", f8, (), "1", "in force at the tick: 0 open 1 close"),
        Signal("actions", np.float32, (7,), "m, rad, 1", f"commanded, to the next step: {motion}"),
        Signal("actions_measured", np.float32, (7,), "m, rad, 1", f"measured: {motion}"),
        Signal("action_clipped", np.bool_, (), "", "the operator asked for more than a limit"),
        Signal("gripper_in_motion", np.bool_, (), "", "fingers have not reached the last command"),
        Signal("is_gap", np.bool_, (), "", "an image, the arm or the way to the next is missing"),
        Signal("gap_reason", gap_reason_dtype(), (), "", "what is missing; empty where nothing is"),
        Signal("is_last", np.bool_, (), "", "true for the last step only; its motion is zero"),
        *stamps,
        Signal(COMMIT, np.int64, (), "ns", "t_k = t_0 + k * period_ns, station clock", 1024),
    )


def arm_signals(joints: int) -> tuple[Signal, ...]:
    """Return the datasets under ``raw/arm``: one row a sample, at full rate."""
    f8 = np.float64
    rows = 1024
    return (
        Signal("raw/arm/stamps", np.int64, (), "ns", "when the driver measured", rows),
        Signal("raw/arm/joint_positions", f8, (joints,), "rad", "", rows),
        Signal("raw/arm/joint_velocities", f8, (joints,), "rad/s", "", rows),
        Signal("raw/arm/joint_efforts", f8, (joints,), "N m", "", rows),
        Signal("raw/arm/ee_pose", f8, (7,), "m, 1", "T_base_ee measured", rows),
        Signal("raw/arm/target_pose", f8, (7,), "m, 1", "T_base_ee commanded, limited", rows),
        Signal("raw/arm/gripper_opening", f8, (), "m", "", rows),
        Signal("raw/arm/gripper_command", f8, (), "1", "0 open 1 close", rows),
        Signal("raw/arm/gripper_in_motion", np.bool_, (), "", "", rows),
        Signal("raw/arm/clipped", np.bool_, (), "", "", rows),
        Signal("raw/arm/status", arm_status_dtype(), (), "", "", rows),
    )


def camera_signals(camera: str) -> tuple[Signal, ...]:
    """Return the datasets under ``raw/<camera>``: one row a native frame."""
    return (
        Signal(f"raw/{camera}/stamps", np.int64, (), "ns", "middle of exposure", 1024),
        Signal(
            f"raw/{camera}/video_frame",
            np.int32,
            (),
            "",
            f"frame of {camera}.mp4 that shows it; -1 where none does",
            1024,
        ),
    )


def create(file: Any, signal: Signal) -> Any:
    """Create the empty dataset of ``signal`` in an open h5py file and return it."""
    filters: dict[str, Any] = {}
    if signal.compressed:
        filters = {"compression": "gzip", "compression_opts": 1}
    dataset = file.create_dataset(
        signal.name,
        shape=(0, *signal.shape),
        maxshape=(None, *signal.shape),
        chunks=(signal.chunk_rows, *signal.shape),
        dtype=signal.dtype,
        **filters,
    )
    if signal.units:
        dataset.attrs["units"] = signal.units
    if signal.description:
        dataset.attrs["description"] = signal.description
    return dataset


# Root attributes and their Python types; what is known only at the end has a placeholder
# from the start, so an interrupted episode has every name.
ATTRIBUTES: dict[str, type] = {
    "schema": str,
    "episode_id": str,
    "task_id": str,
    "task_type": str,
    "phase": str,
    "collector_id": str,
    "session_id": str,
    "consent": str,
    "station_id": str,
    "station_name": str,
    "software_version": str,
    "licence": str,
    "rate_hz": float,
    "period_ns": int,
    "joint_names": list,
    "cameras": list,
    "cameras_json": str,
    "arm_json": str,
    "layout_seed": int,
    "created": str,  # ISO 8601, UTC
    # Known at the end:
    "grid_start_ns": int,  # t_0
    "sealed": str,  # ISO 8601, UTC; empty until the file is complete
    "outcome": str,
    "end_reason": str,
    "success": int,  # the operator's label: 1, 0, -1 none
    "success_predicate": int,  # the simulator's: 1, 0, -1 none
    "predicate_explanation": str,
    "steps": int,
    "gaps": int,
    "actions_out_of_bounds": int,
    "dropped_video_frames": int,
    "steps_repeated": int,  # arrived again or late, and were left out
    "arm_samples_lost": int,  # the writer did not keep up
    "raw_out_of_order": int,  # arm samples and frames whose stamp went backwards, left out
    "recovered": bool,
}
