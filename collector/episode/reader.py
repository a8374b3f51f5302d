"""Reads episodes back: sealed ones, and open ones while they grow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.calibration_result import CameraCalibration
from collector.clock import NS_PER_S
from collector.episode import folders
from collector.episode.calibration_group import read_calibration
from collector.episode.format import COMMIT, EPISODE_FILE, SCHEMA, image_name, stamp_name
from collector.episode.overlay import open_reading


class EpisodeError(Exception):
    """An episode cannot be read; the message says why."""


class EpisodeReader:
    """One episode's signals. A context manager; arrays have T rows, one a committed step."""

    def __init__(self, path: Path) -> None:
        """Open an episode's folder. Raises EpisodeError when it is none, or cannot be read."""
        self.path = path
        file = path / EPISODE_FILE
        try:
            self.file: Any = open_reading(file)
        except FileNotFoundError:
            raise EpisodeError(f"{path} is no episode: it has no {EPISODE_FILE}") from None
        except OSError as error:
            raise EpisodeError(f"{file} cannot be read: {error}") from error
        try:
            self.attributes: Mapping[str, Any] = dict(self.file.attrs)
            if self.attributes.get("schema") != SCHEMA:
                raise EpisodeError(
                    f"{file} is of schema {self.attributes.get('schema')!r}, this software reads "
                    f"{SCHEMA}"
                )
            self.steps = int(self.file[COMMIT].shape[0])
        except (KeyError, OSError, RuntimeError) as error:
            self.close()
            raise EpisodeError(f"{file} is damaged: {error}") from error
        except EpisodeError:
            self.close()
            raise

    def __enter__(self) -> EpisodeReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    @property
    def cameras(self) -> tuple[str, ...]:
        """Names of the cameras."""
        return tuple(self.attributes["cameras"])

    @property
    def instruction(self) -> str:
        """The language instruction as recorded."""
        return str(self.file["language_instruction"].asstr()[()])

    def layout(self, name: str) -> tuple[np.dtype[Any], tuple[int, ...]]:
        """Return dtype and shape of a dataset as stored. Raises KeyError where there is none."""
        dataset = self.file[name]
        return dataset.dtype, tuple(dataset.shape)

    def array(self, name: str) -> NDArray[Any]:
        """Return a whole dataset: per-step ones [T, ...], raw ones as long as they are.

        Raises KeyError for a name that the format does not know.
        """
        dataset = self.file[name]
        return np.asarray(dataset[()] if name.startswith("raw/") else dataset[: self.steps])

    def images(self, camera: str, steps: slice = slice(None)) -> NDArray[np.uint8]:
        """Return training images [n, 224, 224, 3] of a camera, all or those of ``steps``."""
        chosen = range(*steps.indices(self.steps))
        images = self.file[image_name(camera)]
        if not chosen:
            return np.empty((0, *images.shape[1:]), np.uint8)
        return np.stack([images[k] for k in chosen])

    def skews_ns(self, camera: str) -> NDArray[np.int64]:
        """Return the signed skew of each image [n], of the steps that have one."""
        stamps = self.array(stamp_name(camera))
        seen = stamps != 0
        skews: NDArray[np.int64] = stamps[seen] - self.array(COMMIT)[seen]
        return skews

    def gap_reasons(self) -> list[str]:
        """Return why each step is a gap [T]; empty where it is none."""
        return [reason.decode() for reason in self.array("gap_reason")]

    def calibration(self, camera: str) -> CameraCalibration:
        """Return a camera's calibration."""
        return read_calibration(self.file, camera)

    def simulation(self, name: str) -> str:
        """Return ``layout_json`` or ``initial_state_json``; empty where no simulator was."""
        key = f"simulation/{name}"
        return str(self.file[key].asstr()[()]) if key in self.file else ""


@dataclass(frozen=True)
class EpisodeSummary:
    """An episode in one line."""

    path: Path
    state: str  # sealed | recording | orphaned
    episode_id: str
    task_id: str
    task_type: str
    phase: str
    instruction: str
    collector_id: str
    session_id: str
    station_id: str
    created: str  # ISO 8601, UTC
    steps: int
    duration_s: float  # steps times period
    outcome: str
    end_reason: str
    success: int  # the operator's label: 1, 0, -1 none
    success_predicate: int  # the simulator's
    max_skew_ns: dict[str, int]  # camera -> largest |skew|
    gaps: int
    clipped_share: float  # of the steps, 0 to 1
    dropped_video_frames: int
    bytes: int  # of the folder
    recovered: bool

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        values = dict(self.__dict__)
        values["path"] = str(self.path)
        return values


def _state(path: Path) -> str:
    if not path.name.endswith(".partial"):
        return "sealed"
    return "recording" if folders.is_live(path) else "orphaned"


def read_summary(path: Path) -> EpisodeSummary:
    """Read the summary of an episode's folder. Raises EpisodeError when it cannot be read."""
    try:
        with EpisodeReader(path) as episode:
            a = episode.attributes
            clipped = episode.array("action_clipped")
            skews = {camera: episode.skews_ns(camera) for camera in episode.cameras}
            return EpisodeSummary(
                path=path,
                state=_state(path),
                episode_id=a["episode_id"],
                task_id=a["task_id"],
                task_type=a["task_type"],
                phase=a["phase"],
                instruction=episode.instruction,
                collector_id=a["collector_id"],
                session_id=a["session_id"],
                station_id=a["station_id"],
                created=a["created"],
                steps=episode.steps,
                duration_s=episode.steps * int(a["period_ns"]) / NS_PER_S,
                outcome=a["outcome"],
                end_reason=a["end_reason"],
                success=int(a["success"]),
                success_predicate=int(a["success_predicate"]),
                max_skew_ns={c: int(np.abs(s).max()) if len(s) else 0 for c, s in skews.items()},
                gaps=int(np.count_nonzero(episode.array("is_gap"))),
                clipped_share=float(clipped.mean()) if len(clipped) else 0.0,
                dropped_video_frames=int(a["dropped_video_frames"]),
                bytes=sum(file.stat().st_size for file in path.iterdir()),
                recovered=bool(a["recovered"]),
            )
    except (KeyError, OSError, RuntimeError) as error:
        raise EpisodeError(f"{path} is damaged: {error}") from error


@dataclass(frozen=True)
class Episodes:
    """The episode folders under a root, oldest first."""

    sealed: tuple[Path, ...]
    partial: tuple[Path, ...]  # being recorded, or orphaned
    refused: tuple[Path, ...]


def find_episodes(root: Path) -> Episodes:
    """Return the episode folders under ``root``."""
    return Episodes(
        tuple(folders.sealed_folders(root)),
        tuple(folders.partial_folders(root)),
        tuple(folders.refused_folders(root)),
    )


def station_of(episode: EpisodeReader) -> dict[str, Any]:
    """Return the station's cameras and arm as recorded: plain values."""
    return {
        "cameras": json.loads(episode.attributes["cameras_json"]),
        "arm": json.loads(episode.attributes["arm_json"]),
    }
