"""Writes ``episode.h5`` row by row, readable at every instant.

The file is in HDF5's SWMR mode: another process reads it while it grows, and a killed
writer leaves every committed row. Rows are written, flushed, and only then committed by
their stamp in ``timestamps/step``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from collector.arm.sample import ArmSample
from collector.calibration_result import CameraCalibration
from collector.clock import NS_PER_S
from collector.episode import format as layout
from collector.episode.actions import action_between
from collector.episode.calibration_group import write_calibration
from collector.episode.goal import EpisodeGoal
from collector.synchronization.step import CameraStep, Step

NO_ACTION = "no action: arm missing at the next step"
_ABANDONED: list[tuple[Any, dict[str, Any]]] = []


class UnexpectedShape(Exception):
    """A step or arm sample does not look as the station said. Nothing of it was written."""


@dataclass
class _Row:
    """What the next step needs to know of the one before."""

    pose: NDArray[np.float64] | None  # [7] commanded
    measured: NDArray[np.float64] | None  # [7]
    gripper: float
    reasons: tuple[str, ...]


def usable(camera: CameraStep | None) -> bool:
    """Whether a step has an image of this camera: there, and not an earlier one again."""
    return camera is not None and camera.image is not None and not camera.frozen


def _encoded(reasons: Sequence[str]) -> bytes:
    """Reasons as fixed-length UTF-8, cut between characters."""
    cut = "; ".join(reasons).encode()[: layout.GAP_REASON_BYTES]
    return cut.decode(errors="ignore").encode()


class EpisodeFile:
    """An episode's signals, open for writing. Used by one thread.

    Any method may raise OSError (or RuntimeError, from HDF5) when the disk fails; the file
    is then left to recovery.
    """

    def __init__(
        self,
        path: Path,
        attributes: Mapping[str, Any],
        goal: EpisodeGoal,
        *,
        calibrations: Mapping[str, CameraCalibration],
        cameras: Mapping[str, Mapping[str, Any]],
        joints: int,
    ) -> None:
        """Create the file at ``path`` with root ``attributes``, ready for its first step.

        ``cameras`` gives each camera's attributes of ``raw/<camera>``.
        """
        self.steps = 0
        self.gaps = 0
        self.end_ns: int | None = None  # stamp of the last row
        self._cameras = tuple(cameras)
        self._previous: _Row | None = None
        self._synced_ns = 0
        self._file: Any = h5py.File(
            path,
            "w-",
            libver=layout.LIBVER,
            locking=False,  # the folder is locked
        )
        self._file.attrs.update(attributes)
        self._signals = layout.step_signals(joints, self._cameras)
        self._arm = layout.arm_signals(joints)
        raw = [s for camera in self._cameras for s in layout.camera_signals(camera)]
        self._datasets = {
            signal.name: layout.create(self._file, signal)
            for signal in (*self._signals, *self._arm, *raw)
        }
        for camera, values in cameras.items():
            self._file[f"raw/{camera}"].attrs.update(values)
            write_calibration(self._file, camera, calibrations[camera])
        text = h5py.string_dtype()
        self._file.create_dataset(
            "language_instruction", data=goal.language_instruction, dtype=text
        )
        for name in ("layout_json", "initial_state_json"):
            if getattr(goal, name):
                self._file.create_dataset(
                    f"simulation/{name}", data=getattr(goal, name), dtype=text
                )
        self._file.swmr_mode = True
        self._file.flush()

    def append_step(self, step: Step) -> None:
        """Write one step, complete the action that leads to it, flush and commit.

        Raises UnexpectedShape when an image or the arm is not as the station said.
        """
        cameras = {camera.name: camera for camera in step.cameras}
        row: dict[str, Any] = {}
        reasons = list(step.gap_reasons)
        for name in self._cameras:
            camera = cameras.get(name)
            if camera is not None and camera.image is not None and usable(camera):
                row[layout.image_name(name)] = camera.image
                row[layout.stamp_name(name)] = camera.stamp_ns
            elif not any(name in reason for reason in reasons):
                frozen = camera is not None and camera.frozen
                reasons.append(f"{name}: {'frozen' if frozen else 'no image'}")
        arm = step.arm
        if arm is not None and not np.isfinite([arm.ee_pose, arm.target_pose]).all():
            arm = None
            reasons.append("arm: its pose is not a number")
        if arm is not None:
            for name in ("joint_positions", "joint_velocities", "joint_efforts"):
                row[f"observations/{name}"] = getattr(arm, name)
            row["observations/ee_pose"] = arm.ee_pose
            row["observations/target_pose"] = arm.target_pose
            row["observations/gripper_opening"] = arm.gripper_opening
            row["observations/gripper_command"] = arm.gripper_command
            row["gripper_in_motion"] = arm.gripper_in_motion
        elif not any("arm" in reason for reason in reasons):
            reasons.append("arm: no samples around the tick")
        self._check_shapes(row)
        present = _Row(
            None if arm is None else arm.target_pose,
            None if arm is None else arm.ee_pose,
            float("nan") if arm is None else float(arm.gripper_command),
            tuple(reasons),
        )
        self._append(step.stamp_ns, row, present, step.clipped_since_previous)

    def append_missing(self, stamp_ns: int, reason: str) -> None:
        """Write a step of which nothing is known: black images, not-a-numbers, a gap."""
        self._append(stamp_ns, {}, _Row(None, None, float("nan"), (reason,)), False)

    def extend_arm(self, samples: Sequence[ArmSample]) -> None:
        """Write arm samples, oldest first. Raises UnexpectedShape for another number of joints."""
        if not samples:
            return
        blocks = {}
        for signal in self._arm:
            name = signal.name.rsplit("/", 1)[1]
            if name == "stamps":
                values = [sample.stamp_ns for sample in samples]
            elif name == "status":
                values = [layout.ARM_STATUS_CODES[sample.status] for sample in samples]
            else:
                values = [getattr(sample, name) for sample in samples]
            block = np.asarray(values, None if name == "status" else signal.dtype)
            if block.shape[1:] != signal.shape:
                raise UnexpectedShape(
                    f"{name} of an arm sample has shape {block.shape[1:]} where the station "
                    f"promises {signal.shape}"
                )
            blocks[signal.name] = block
        for dataset, block in blocks.items():
            self._extend(dataset, block)

    def extend_frames(self, camera: str, stamps: Sequence[int], frames: Sequence[int]) -> None:
        """Write stamps of native frames, oldest first, and the video frame of each, or -1."""
        if stamps:
            self._extend(f"raw/{camera}/stamps", np.asarray(stamps, np.int64))
            self._extend(f"raw/{camera}/video_frame", np.asarray(frames, np.int32))

    def close(self) -> None:
        """Mark the last step and end SWMR mode. The file is whole, and opens plainly."""
        if self.steps:
            self._datasets["is_last"][self.steps - 1] = True
        self._file.flush()
        self._file.close()

    def abandon(self) -> None:
        """Let go of a file that could not be written; recovery reads what is on disk.

        HDF5 2.0 crashes the process when a file whose flush failed, or a dataset in it, is
        closed. So it stays open, and its handles are kept from the garbage collector.
        """
        _ABANDONED.append((self._file, self._datasets))

    def _check_shapes(self, row: Mapping[str, Any]) -> None:
        for signal in self._signals:
            value = row.get(signal.name)
            if value is None:
                continue
            array = np.asarray(value)
            if array.shape != signal.shape or (signal.compressed and array.dtype != np.uint8):
                raise UnexpectedShape(
                    f"{signal.name} of a step is {array.dtype} of shape {array.shape} where the "
                    f"station promises {np.dtype(signal.dtype)} of shape {signal.shape}"
                )

    def _append(self, stamp_ns: int, row: dict[str, Any], new: _Row, clipped: bool) -> None:
        k = self.steps
        if self._previous is not None:
            self._complete(k - 1, self._previous, new, clipped)
        row["actions"] = row["actions_measured"] = action_between(
            None, None, new.gripper, float("nan")
        )
        row["is_gap"] = bool(new.reasons)
        row["gap_reason"] = _encoded(new.reasons)
        for signal in self._signals[:-1]:
            dataset = self._datasets[signal.name]
            dataset.resize(k + 1, axis=0)
            value = row.get(signal.name)
            if value is None and signal.dtype == np.float64:
                value = np.full(signal.shape, np.nan)
            if value is not None:  # else HDF5's fill: zero
                dataset[k] = value
        self._file.flush()
        commit = self._datasets[layout.COMMIT]
        commit.resize(k + 1, axis=0)
        commit[k] = stamp_ns
        commit.flush()
        self.steps = k + 1
        self.gaps += bool(new.reasons)
        self.end_ns = stamp_ns
        self._previous = new
        if stamp_ns - self._synced_ns >= NS_PER_S:
            os.fsync(self._file.id.get_vfd_handle())
            self._synced_ns = stamp_ns

    def _complete(self, k: int, previous: _Row, new: _Row, clipped: bool) -> None:
        """Give step ``k`` its action, now that the next one is known."""
        for name, p0, p1 in (
            ("actions", previous.pose, new.pose),
            ("actions_measured", previous.measured, new.measured),
        ):
            self._datasets[name][k] = action_between(p0, p1, previous.gripper, new.gripper)
        self._datasets["action_clipped"][k] = clipped
        if new.pose is None and previous.pose is not None:
            self.gaps += not previous.reasons
            previous.reasons = (*previous.reasons, NO_ACTION)
            self._datasets["is_gap"][k] = True
            self._datasets["gap_reason"][k] = _encoded(previous.reasons)

    def _extend(self, name: str, block: NDArray[Any]) -> None:
        dataset = self._datasets[name]
        start = dataset.shape[0]
        dataset.resize(start + len(block), axis=0)
        dataset[start:] = block
