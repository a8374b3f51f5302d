"""Captured views in a folder, so that a calibration can be solved again, anywhere.

::

    capture.yaml      camera, set-up, board, intrinsics to start from, each view's stamp and pose
    pictures/001.png  the views, native size
    motion.npz        the arm's samples, and the board's corners in pictures taken in motion
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from calibration.board import BoardError, CharucoBoard
from calibration.bundle_adjustment import RobotNoise
from calibration.capture import Capture
from calibration.detection import BoardDetector
from calibration.kinematic_chain import Setup
from calibration.observation import BoardView, Intrinsics, ObservationError

SCHEMA = "collector/calibration-views/1"
DESCRIPTION = "capture.yaml"
PICTURES = "pictures"
MOTION = "motion.npz"
SETUPS: dict[str, Setup] = {"static": "eye_to_hand", "wrist": "eye_in_hand"}

CameraName = Literal["static", "wrist"]


class FolderError(Exception):
    """A folder of views cannot be read or written; the message says what to do."""


@dataclass(frozen=True)
class CapturedViews:
    """Everything that a calibration is computed from.

    ``views`` are still, ``moving`` in motion; ``arm_stamps`` int64 [s] ns and ``arm_poses``
    [s, 7] ``T_base_ee`` of every sample. ``intrinsics``: to start from. ``pictures``: the views'
    images [H, W, 3] RGB by name, where they are in memory. ``person``, ``date`` (ISO 8601):
    who captured, and when.
    """

    camera: str
    setup: Setup
    board: CharucoBoard
    intrinsics: Intrinsics
    noise: RobotNoise
    views: tuple[BoardView, ...]
    moving: tuple[BoardView, ...]
    arm_stamps: NDArray[np.int64]
    arm_poses: NDArray[np.float64]
    serial: str = ""
    person: str = ""
    date: str = ""
    pictures: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, capture: Capture, camera: str, serial: str = "", person: str = "", date: str = ""
    ) -> CapturedViews:
        """Return what ``capture`` collected."""
        stamps, poses = capture.arm.arrays()
        return cls(
            camera=camera,
            setup=capture.setup,
            board=capture.board,
            intrinsics=capture.intrinsics,
            noise=capture.noise,
            views=tuple(capture.views),
            moving=tuple(capture.moving),
            arm_stamps=stamps,
            arm_poses=poses,
            serial=serial,
            person=person,
            date=date,
            pictures=dict(capture.pictures),
        )


def save_views(captured: CapturedViews, folder: Path) -> None:
    """Write ``captured`` into ``folder``, which is made. Raises FolderError."""
    device = captured.intrinsics
    text = {
        "schema": SCHEMA,
        "camera": captured.camera,
        "serial": captured.serial,
        "setup": captured.setup,
        "person": captured.person,
        "date": captured.date,
        "board": asdict(captured.board),
        "intrinsics": {
            "width": device.width,
            "height": device.height,
            "fx": float(device.fx),
            "fy": float(device.fy),
            "cx": float(device.cx),
            "cy": float(device.cy),
            "distortion": [float(d) for d in device.distortion],
        },
        "robot": {
            "sigma_m": captured.noise.sigma_t_m,
            "sigma_rad": captured.noise.sigma_r_rad,
        },
        "views": [
            {
                "name": view.name,
                "stamp_ns": int(view.stamp_ns),
                "T_base_ee": [float(x) for x in view.T_base_ee],
            }
            for view in captured.views
        ],
    }
    counts = np.array([len(view.ids) for view in captured.moving], np.int64)
    try:
        (folder / PICTURES).mkdir(parents=True, exist_ok=True)
        for name, picture in captured.pictures.items():
            encoded = cv2.imencode(".png", np.ascontiguousarray(picture[:, :, ::-1]))[1]
            (folder / PICTURES / f"{name}.png").write_bytes(encoded.tobytes())
        with (folder / MOTION).open("wb") as file:
            np.savez_compressed(
                file,
                arm_stamps=captured.arm_stamps,
                arm_poses=captured.arm_poses,
                stamps=np.array([view.stamp_ns for view in captured.moving], np.int64),
                poses=np.array([view.T_base_ee for view in captured.moving]).reshape(-1, 7),
                counts=counts,
                ids=np.concatenate([np.empty(0, np.int64), *(v.ids for v in captured.moving)]),
                corners=np.concatenate([np.empty((0, 2)), *(v.corners for v in captured.moving)]),
            )
        description = yaml.safe_dump(text, sort_keys=False, allow_unicode=True)
        (folder / DESCRIPTION).write_text(description, encoding="utf-8")
    except OSError as error:
        raise FolderError(
            f"{error.filename or folder} cannot be written: {error.strerror or error}; "
            "check the disk and its rights"
        ) from error


def load_views(folder: Path, square_m: float | None = None) -> CapturedViews:
    """Read a folder of views; the corners are detected again in its pictures.

    ``square_m``: the side of a square, where it was measured anew. Raises FolderError.
    """
    try:
        said = yaml.safe_load((folder / DESCRIPTION).read_text(encoding="utf-8"))
        if not isinstance(said, dict) or said.get("schema") != SCHEMA:
            raise FolderError(f"{folder / DESCRIPTION} is no description of views: capture again")
        board = CharucoBoard(**said["board"])
        if square_m is not None:
            board = board.measured(square_m)
        lens = dict(said["intrinsics"])
        lens["distortion"] = tuple(lens["distortion"])
        intrinsics = Intrinsics(**lens)
        robot = RobotNoise(said["robot"]["sigma_m"], said["robot"]["sigma_rad"])
        with np.load(folder / MOTION, allow_pickle=False) as motion:
            arrays = {name: motion[name] for name in motion.files}
        views, pictures = _detected(folder, said["views"], board)
        return CapturedViews(
            camera=said["camera"],
            setup=said["setup"],
            board=board,
            intrinsics=intrinsics,
            noise=robot,
            views=views,
            moving=_moving(arrays),
            arm_stamps=arrays["arm_stamps"],
            arm_poses=arrays["arm_poses"],
            serial=said["serial"],
            person=said["person"],
            date=said["date"],
            pictures=pictures,
        )
    except FileNotFoundError as error:
        raise FolderError(
            f"{error.filename} is missing: name the folder of a capture, such as "
            "data/calibration/captures/static-2026-11-24T17-30-00Z"
        ) from error
    except (OSError, yaml.YAMLError) as error:
        raise FolderError(f"{folder} cannot be read: {error}") from error
    except (KeyError, TypeError, ValueError, BoardError, ObservationError) as error:
        raise FolderError(f"{folder} is damaged ({error}): capture again") from error


def load_pictures(folder: Path) -> list[NDArray[np.uint8]]:
    """Return the pictures [H, W, 3] RGB in a folder of views, in the order of their names."""
    paths = sorted((folder / PICTURES).glob("*.png"))
    return [picture for path in paths if (picture := _picture(path)) is not None]


def _picture(path: Path) -> NDArray[np.uint8] | None:
    encoded = np.frombuffer(path.read_bytes(), np.uint8)
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if len(encoded) else None
    return None if decoded is None else np.ascontiguousarray(decoded[:, :, ::-1], np.uint8)


def _detected(
    folder: Path, listed: Sequence[Mapping[str, Any]], board: CharucoBoard
) -> tuple[tuple[BoardView, ...], dict[str, NDArray[np.uint8]]]:
    detector = BoardDetector(board)
    views, pictures = [], {}
    for view in listed:
        path = folder / PICTURES / f"{view['name']}.png"
        picture = _picture(path)
        if picture is None:
            raise FolderError(f"{path} is no picture: remove this view from {DESCRIPTION}")
        found = detector.detect(picture, explain=False)
        if not found.ok:
            continue  # of a board described anew: the verdict says when too few are left
        pictures[view["name"]] = picture
        views.append(
            BoardView(
                found.ids, found.corners, view["T_base_ee"], int(view["stamp_ns"]), view["name"]
            )
        )
    return tuple(views), pictures


def _moving(arrays: Mapping[str, NDArray[Any]]) -> tuple[BoardView, ...]:
    ends = np.cumsum(arrays["counts"])
    begins = ends - arrays["counts"]
    return tuple(
        BoardView(arrays["ids"][a:b], arrays["corners"][a:b], pose, int(stamp), f"moving {i}")
        for i, (a, b, stamp, pose) in enumerate(
            zip(begins, ends, arrays["stamps"], arrays["poses"], strict=True)
        )
    )
