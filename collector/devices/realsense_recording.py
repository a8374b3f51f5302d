"""Writes and examines RealSense recordings (``.db3``).

The footage goes through librealsense's own recorder, from a software device, so that a
player finds what a recorded camera would have left: images, metadata, intrinsics, serial
number. Only the moments of playback are written afterwards, into the file's message
table (SQLite, rosbag2 schema): the recorder takes the time of writing, and footage that is
rendered is not written in real time.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.clock import NS_PER_S
from collector.devices.camera import CameraError, Intrinsics
from collector.devices.realsense_intrinsics import intrinsics_from_sdk, intrinsics_to_sdk
from collector.devices.realsense_sdk import colour_sensor, device_info, import_sdk, unreadable

# The recorder writes on a thread of its own and drops what exceeds 1 GB.
_UNWRITTEN_BYTES = 64 * 2**20
_FIRST_PLAYED_NS = 1_000_000  # playback takes time 0 for file headers


@dataclass(frozen=True)
class RecordingSummary:
    """What a recording holds."""

    serial: str
    model: str
    intrinsics: Intrinsics
    fps: int
    frames: int
    duration_s: float  # from the first frame to the last
    size_bytes: int


def record(
    path: Path,
    frames: Iterable[tuple[NDArray[np.uint8], int]],
    intrinsics: Intrinsics,
    *,
    fps: int,
    serial: str,
    name: str,
    exposure_us: int = 8000,
) -> int:
    """Write a recording and return its number of frames.

    ``frames`` are images, RGB uint8 [height, width, 3], with the middle of their exposure
    in ns of any clock, increasing; the recording keeps whole microseconds. ``name`` is
    the camera's product name. ``exposure_us`` is what the metadata say: the frame is sent,
    and later played, half of it after the middle of the exposure.

    The file appears under its name only when it is whole. Raises CameraError for no or
    wrong frames, and where the disk does not take them.
    """
    if path.suffix != ".db3":
        raise CameraError(f"{path}: librealsense records .db3 files: give the file that ending")
    partial = path.with_name(f".{path.stem}.partial.db3")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.unlink(missing_ok=True)
    try:
        sent_us = _write(
            partial, frames, intrinsics, fps=fps, serial=serial, name=name, exposure_us=exposure_us
        )
        _set_playback_times(partial, sent_us)
        os.replace(partial, path)
    except (RuntimeError, OSError, sqlite3.Error) as error:
        raise CameraError(f"{path} cannot be recorded: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return len(sent_us)


def probe(path: Path) -> RecordingSummary:
    """Return what the recording at ``path`` holds.

    Raises CameraError, with a sentence that says what to do, where it is missing, damaged
    or without colour frames.
    """
    rs = import_sdk()
    if not path.is_file():
        raise CameraError(f"the recording {path} is missing: record it first")
    try:
        device = rs.context().load_device(str(path))
        sensor = colour_sensor(rs, device)
        profile = next(
            p for p in sensor.get_stream_profiles() if p.stream_type() == rs.stream.color
        ).as_video_stream_profile()
        with closing(_open(path, "ro")) as file:
            times = _image_times(file)
    except (RuntimeError, sqlite3.Error) as error:
        raise CameraError(unreadable(path, error)) from error
    if not times:
        raise CameraError(f"{path} holds no colour frame: record it again")
    return RecordingSummary(
        serial=device_info(rs, device, "serial_number"),
        model=device_info(rs, device, "name"),
        intrinsics=intrinsics_from_sdk(rs, profile.get_intrinsics()),
        fps=profile.fps(),
        frames=len(times),
        duration_s=(times[-1] - times[0]) / NS_PER_S,
        size_bytes=path.stat().st_size,
    )


def _write(
    path: Path,
    frames: Iterable[tuple[NDArray[np.uint8], int]],
    intrinsics: Intrinsics,
    *,
    fps: int,
    serial: str,
    name: str,
    exposure_us: int,
) -> list[int]:
    """Write the frames through librealsense's recorder; return when each was sent, us."""
    rs = import_sdk()
    camera = rs.software_device()
    camera.register_info(rs.camera_info.serial_number, serial)
    camera.register_info(rs.camera_info.name, name)
    sensor = camera.add_sensor("RGB Camera")
    profile = sensor.add_video_stream(_stream(rs, intrinsics, fps)).as_video_stream_profile()
    recorder = rs.recorder(str(path), camera, False)  # compression loses frames in 2.59
    recorded = recorder.query_sensors()[0]
    shape = (intrinsics.height, intrinsics.width, 3)
    sent_us: list[int] = []
    unwritten = 0
    recorded.open(recorded.get_stream_profiles()[0])
    recorded.start(rs.frame_queue(1))
    try:
        for image, stamp_ns in frames:
            if image.shape != shape or image.dtype != np.uint8:
                raise CameraError(
                    f"frame {len(sent_us)} is {image.dtype} {list(image.shape)},"
                    f" the intrinsics say uint8 {list(shape)}: give frames of that size"
                )
            exposed_us = stamp_ns // 1000
            if sent_us and exposed_us + exposure_us // 2 <= sent_us[-1]:
                raise CameraError(
                    f"frame {len(sent_us)} is not later than the one before: sort the frames"
                )
            sent_us.append(exposed_us + exposure_us // 2)
            _set_metadata(
                rs,
                sensor,
                counter=len(sent_us),
                exposed_us=exposed_us,
                sent_us=sent_us[-1],
                exposure_us=exposure_us,
            )
            frame = rs.software_video_frame()
            frame.pixels = np.ascontiguousarray(image)
            frame.stride, frame.bpp = 3 * intrinsics.width, 3
            frame.timestamp = sent_us[-1] / 1000  # ms
            frame.domain = rs.timestamp_domain.hardware_clock
            frame.frame_number = len(sent_us)
            frame.profile = profile
            sensor.on_video_frame(frame)
            unwritten += image.nbytes
            if unwritten > _UNWRITTEN_BYTES:
                recorder.pause()  # returns when all is written
                recorder.resume()
                unwritten = 0
        recorder.pause()
    finally:
        recorded.stop()
        recorded.close()
    if not sent_us:
        raise CameraError(f"{path}: there is no frame to record")
    return sent_us


def _stream(rs: Any, intrinsics: Intrinsics, fps: int) -> Any:
    stream = rs.video_stream()
    stream.type, stream.index, stream.uid = rs.stream.color, 0, 0
    stream.width, stream.height = intrinsics.width, intrinsics.height
    stream.fps, stream.bpp, stream.fmt = fps, 3, rs.format.rgb8
    stream.intrinsics = intrinsics_to_sdk(rs, intrinsics)
    return stream


def _set_metadata(
    rs: Any, sensor: Any, *, counter: int, exposed_us: int, sent_us: int, exposure_us: int
) -> None:
    values = {
        rs.frame_metadata_value.frame_counter: counter,
        rs.frame_metadata_value.sensor_timestamp: exposed_us,
        rs.frame_metadata_value.frame_timestamp: sent_us,
        rs.frame_metadata_value.actual_exposure: exposure_us,
    }
    for key, value in values.items():
        sensor.set_metadata(key, value)


_IMAGES = "SELECT id FROM topics WHERE name LIKE '%/Color\\_%/image/data' ESCAPE '\\'"


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True)


def _image_times(file: sqlite3.Connection) -> list[int]:
    """Return the playback times of the colour frames, ns, in order."""
    rows = file.execute(
        f"SELECT timestamp FROM messages WHERE topic_id IN ({_IMAGES}) ORDER BY timestamp"
    )
    return [int(row[0]) for row in rows]


def _set_playback_times(path: Path, sent_us: Sequence[int]) -> None:
    """Set when each frame is played, us, and with it what was written along with it.

    Raises CameraError where the recorder has lost frames.
    """
    with closing(_open(path, "rw")) as file, file:
        written = len(_image_times(file))
        if written != len(sent_us):
            raise CameraError(
                f"{path}: only {written} of {len(sent_us)} frames were written:"
                " check the disk and record again"
            )
        topics = file.execute(
            "SELECT DISTINCT topic_id FROM messages JOIN topics ON topic_id = topics.id"
            " WHERE topics.name LIKE '%/image/%'"
        ).fetchall()
        for (topic,) in topics:
            ids = file.execute("SELECT id FROM messages WHERE topic_id = ? ORDER BY id", (topic,))
            played = [_FIRST_PLAYED_NS + 1000 * (at_us - sent_us[0]) for at_us in sent_us]
            rows = [(at, row[0]) for at, row in zip(played, ids.fetchall(), strict=True)]
            file.executemany("UPDATE messages SET timestamp = ? WHERE id = ?", rows)
