"""A recording holds exactly what was put in, and playing it is like having the camera."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from realsense_footage import FOOTAGE_START_NS, FPS, INTRINSICS, MODEL, SERIAL, footage

from collector.clock import NS_PER_MS, NS_PER_S, SystemClock
from collector.devices.camera import CameraError, Frame, StampSource

pytest.importorskip("pyrealsense2")
from collector.devices.realsense import RealSenseCamera
from collector.devices.realsense_recording import probe, record


def player(path: Path, loop: bool = False) -> RealSenseCamera:
    return RealSenseCamera("static", 64, 48, FPS, SystemClock(), recording=path, loop=loop)


def play(camera: RealSenseCamera, count: int) -> list[Frame]:
    """Return the first `count` frames of a playback."""
    camera.start()
    frames = [camera.read(5.0) for _ in range(count)]
    camera.stop()
    assert None not in frames
    return [frame for frame in frames if frame is not None]


@pytest.fixture(scope="module")
def played(recording: Path) -> list[Frame]:
    """All frames of one playback."""
    return play(player(recording), 30)


def test_every_frame_comes_back_pixel_exact_and_in_order(played: list[Frame]) -> None:
    assert [frame.counter for frame in played] == list(range(1, 31))
    for frame, (image, _) in zip(played, footage(30), strict=True):
        np.testing.assert_array_equal(frame.image, image)


def test_device_times_and_exposure_come_back(played: list[Frame]) -> None:
    for frame, (_, stamp_ns) in zip(played, footage(30), strict=True):
        sent_ms = stamp_ns // 1000 / 1000 + 4.0  # half of the exposure later
        assert frame.metadata["device_time_ms"] == pytest.approx(sent_ms, abs=0.001)
        assert frame.metadata["exposure_us"] == 8000
        assert frame.metadata["timestamp_domain"] == 0


def test_stamps_are_mid_exposure_and_keep_the_recorded_spacing(played: list[Frame]) -> None:
    assert {frame.stamp_source for frame in played} == {StampSource.MID_EXPOSURE}
    assert {frame.metadata["clock_discontinuities"] for frame in played} == {0.0}
    # the first frames teach the mapping its smallest delay; then only the recording counts
    spacing = np.diff([frame.stamp_ns for frame in played[10:]])
    assert spacing == pytest.approx(NS_PER_S / FPS, abs=8 * NS_PER_MS)
    assert all(frame.metadata["latency_ms"] >= 4.0 for frame in played)


def test_playback_is_not_faster_than_real_time(played: list[Frame]) -> None:
    arrivals = [f.stamp_ns + f.metadata["latency_ms"] * NS_PER_MS for f in played]
    assert arrivals[-1] - arrivals[0] > 0.9 * 29 * NS_PER_S / FPS


def test_the_player_knows_the_camera_that_was_recorded(recording: Path) -> None:
    camera = player(recording)
    play(camera, 1)
    assert (camera.serial, camera.model) == (SERIAL, MODEL)
    assert camera.intrinsics == INTRINSICS


def test_at_the_end_read_raises_until_the_next_start(recording: Path) -> None:
    camera = player(recording)
    camera.start()
    for _ in range(30):
        assert camera.read(5.0) is not None
    for _ in range(2):
        with pytest.raises(CameraError, match=r"static\.db3 has ended: start it again"):
            camera.read(5.0)
    camera.start()
    frame = camera.read(5.0)
    assert frame is not None
    assert frame.counter == 1
    camera.stop()


def test_a_loop_is_a_counted_discontinuity_and_stamps_never_go_back(tmp_path: Path) -> None:
    path = tmp_path / "loop.db3"
    record(path, footage(10), INTRINSICS, fps=FPS, serial=SERIAL, name=MODEL)
    frames = play(player(path, loop=True), 35)
    assert [frame.counter for frame in frames[:21:10]] == [1, 1, 1]
    assert frames[-1].metadata["clock_discontinuities"] == 3
    stamps = [frame.stamp_ns for frame in frames]
    assert stamps == sorted(set(stamps))


def test_probe_says_what_is_in_it(recording: Path) -> None:
    summary = probe(recording)
    assert (summary.serial, summary.model) == (SERIAL, MODEL)
    assert (summary.frames, summary.fps) == (30, FPS)
    assert summary.duration_s == pytest.approx(29 / FPS, abs=1e-4)
    assert summary.intrinsics == INTRINSICS
    assert summary.size_bytes > 30 * 48 * 64 * 3


def test_a_fisheye_camera_keeps_its_model(tmp_path: Path) -> None:
    fisheye = replace(
        INTRINSICS, distortion_model="equidistant", distortion=(0.5, 0.25, -0.125, 0.0625)
    )
    record(tmp_path / "f.db3", footage(2), fisheye, fps=FPS, serial=SERIAL, name=MODEL)
    assert probe(tmp_path / "f.db3").intrinsics == fisheye


def test_long_footage_is_written_whole(tmp_path: Path) -> None:
    """More than the recorder may hold unwritten, from one image to spare the memory."""
    wide = replace(INTRINSICS, width=640, height=480)
    image = np.full((480, 640, 3), 7, np.uint8)
    path = tmp_path / "long.db3"
    frames = ((image, FOOTAGE_START_NS + k * NS_PER_S // FPS) for k in range(160))
    assert record(path, frames, wide, fps=FPS, serial=SERIAL, name=MODEL) == 160
    assert probe(path).frames == 160


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "cut", "no frames"])
def test_a_missing_or_damaged_file_is_refused_with_its_name(
    kind: str, recording: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bad.db3"
    if kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("not a recording\n" * 1000)
    elif kind == "cut":
        whole = recording.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "no frames":
        path.write_bytes(recording.read_bytes())
        with closing(sqlite3.connect(path)) as file, file:
            file.execute("DELETE FROM messages WHERE timestamp > 0")
    with pytest.raises(CameraError, match=r"bad\.db3.* record it"):
        probe(path)
    with pytest.raises(CameraError, match=r"bad\.db3.* record it"):
        player(path).start()
    assert path.exists() == (kind != "missing")


@pytest.mark.parametrize(
    ("frames", "problem"),
    [
        ([], "no frame to record"),
        ([(np.zeros((48, 32, 3), np.uint8), 0)], r"\[48, 32, 3\].*\[48, 64, 3\]"),
        ([(np.zeros((48, 64, 3), np.float32), 0)], "float32"),
        ([(np.zeros((48, 64, 3), np.uint8), 10**9)] * 2, "not later than the one before"),
    ],
)
def test_wrong_footage_is_refused_and_leaves_no_file(
    frames: list[tuple[np.ndarray, int]], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(CameraError, match=problem):
        record(tmp_path / "x.db3", frames, INTRINSICS, fps=FPS, serial=SERIAL, name=MODEL)
    assert list(tmp_path.iterdir()) == []


def test_footage_that_fails_midway_leaves_the_old_file(recording: Path, tmp_path: Path) -> None:
    path = tmp_path / "kept.db3"
    path.write_bytes(recording.read_bytes())

    def failing() -> Iterator[tuple[np.ndarray, int]]:
        yield from footage(3)
        raise RuntimeError("the renderer is out of memory")

    with pytest.raises(CameraError, match="out of memory"):
        record(path, failing(), INTRINSICS, fps=FPS, serial=SERIAL, name=MODEL)
    assert [p.name for p in tmp_path.iterdir()] == ["kept.db3"]
    assert probe(path).frames == 30


def test_other_file_formats_and_distortions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match=r"\.db3"):
        record(tmp_path / "x.bag", footage(1), INTRINSICS, fps=FPS, serial=SERIAL, name=MODEL)
    rational = replace(INTRINSICS, distortion_model="rational_polynomial", distortion=(0.0,) * 8)
    with pytest.raises(CameraError, match="rational_polynomial"):
        record(tmp_path / "x.db3", footage(1), rational, fps=FPS, serial=SERIAL, name=MODEL)


def test_another_size_or_rate_is_refused_naming_what_was_recorded(recording: Path) -> None:
    for width, fps in ((640, FPS), (64, 60)):
        camera = RealSenseCamera("static", width, 48, fps, SystemClock(), recording=recording)
        with pytest.raises(CameraError, match="it has: 64x48 at 30 fps, rgb8"):
            camera.start()
