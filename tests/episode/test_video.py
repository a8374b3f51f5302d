"""Native video: exact stamps, and never in the way."""

from __future__ import annotations

import threading
from pathlib import Path

import av
import episode_factory as made
import numpy as np
import pytest

from collector.episode.reader import EpisodeReader
from collector.episode.recorder import Limits
from collector.episode.verification import verify
from collector.episode.video import VideoEncoder, VideoFile, readable_frames, salvage


def test_each_frame_carries_its_stamp(tmp_path: Path) -> None:
    sealed = made.record(tmp_path, steps=5)
    path = Path(sealed.path)
    with EpisodeReader(path) as episode, av.open(str(path / "wrist.mp4")) as video:
        stamps = episode.array("raw/wrist/stamps")
        origin_ns = int(episode.file["raw/wrist"].attrs["video_origin_ns"])
        frames = list(video.decode(video=0))
        assert len(frames) == len(stamps) == 10
        for frame, stamp_ns in zip(frames, stamps, strict=True):
            assert frame.pts * frame.time_base * 10**9 == stamp_ns - origin_ns


def test_a_frame_shows_what_was_sent(tmp_path: Path) -> None:
    sealed = made.record(tmp_path, steps=3)
    with av.open(str(Path(sealed.path) / "static.mp4")) as video:
        for k, frame in enumerate(video.decode(video=0)):
            shown = frame.to_ndarray(format="rgb24").astype(float)
            sent = made.image(k, "static", (48, 64)).astype(float)
            assert shown.shape == sent.shape
            assert np.abs(shown - sent).mean() < 12  # lossy, and half the colour


@pytest.mark.parametrize("size", [(48, 64), (47, 63)])
def test_any_size_can_be_kept(tmp_path: Path, size: tuple[int, int]) -> None:
    video = VideoFile(tmp_path / "v.mp4", *size)
    for k in range(3):
        video.write(made.image(k, "static", size), 33_333 * k)
    with pytest.raises(ValueError, match="shape changed"):
        video.write(made.image(0, "static", (20, 20)), 100_000)
    video.close()
    assert readable_frames(tmp_path / "v.mp4") == 3


def test_a_slow_encoder_drops_frames_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    write = VideoFile.write

    def slow(self: VideoFile, image: np.ndarray, ticks: int) -> None:
        gate.wait(30)
        write(self, image, ticks)

    monkeypatch.setattr(VideoFile, "write", slow)
    recorder = made.recorder(tmp_path, limits=Limits(queue_frames=4))
    recorder.begin(made.GOAL)
    made.play(recorder, 6)
    gate.set()
    sealed = recorder.finish("success")
    assert (sealed.outcome, sealed.steps, sealed.gaps) == ("success", 6, 0)
    path = Path(sealed.path)
    with EpisodeReader(path) as episode:
        for camera in made.CAMERAS:
            raw = episode.file[f"raw/{camera}"]
            shown = episode.array(f"raw/{camera}/video_frame")
            assert len(shown) == 12  # every frame's stamp, whether a video shows it or not
            dropped = int(np.count_nonzero(shown < 0))
            assert dropped >= 6
            assert raw.attrs["dropped_video_frames"] == dropped
            assert raw.attrs["video_note"] == (
                f"the encoder fell behind: {dropped} frames were dropped"
            )
    assert verify(path) == []


def test_a_failing_encoder_costs_no_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = VideoFile.write

    def failing(self: VideoFile, image: np.ndarray, ticks: int) -> None:
        if ticks > 400_000:
            raise OSError("the encoder is gone")
        write(self, image, ticks)

    monkeypatch.setattr(VideoFile, "write", failing)
    sealed = made.record(tmp_path, steps=6)
    assert (sealed.outcome, sealed.steps, sealed.gaps) == ("success", 6, 0)
    with EpisodeReader(Path(sealed.path)) as episode:
        shown = list(episode.array("raw/static/video_frame"))
        assert shown == [0, 1, 2, 3, 4] + [-1] * 7
        note = episode.file["raw/static"].attrs["video_note"]
        assert note == "the encoder failed after 5 frames: the encoder is gone"
        assert episode.file["raw/static"].attrs["dropped_video_frames"] == 7
    assert verify(Path(sealed.path)) == []


def test_an_encoder_that_never_starts_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: VideoFile, *args: object) -> None:
        raise RuntimeError("no such codec")

    monkeypatch.setattr(VideoFile, "__init__", broken)
    sealed = made.record(tmp_path, steps=2)
    assert sealed.outcome == "success"
    assert not (Path(sealed.path) / "static.mp4").exists()
    assert verify(Path(sealed.path)) == []


def test_without_video_the_stamps_are_kept(tmp_path: Path) -> None:
    sealed = made.record(tmp_path, steps=3, video=False)
    assert not list(Path(sealed.path).glob("*.mp4"))
    with EpisodeReader(Path(sealed.path)) as episode:
        assert list(episode.array("raw/wrist/video_frame")) == [-1] * 6
    assert verify(Path(sealed.path)) == []


def test_a_stamp_that_does_not_increase_is_not_encoded(tmp_path: Path) -> None:
    encoder = VideoEncoder(tmp_path, ["static"], 10)
    image = made.image(0, "static", (48, 64))
    assert [encoder.submit("static", image, ns) for ns in (5_000, 6_000, 6_400, 7_000)] == [
        0,
        1,
        -1,
        2,
    ]
    encoder.close()
    assert encoder.results()["static"].frames == 3
    assert readable_frames(tmp_path / "static.mp4") == 3


def test_a_torn_video_is_cut_to_whole_frames(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    video = VideoFile(whole, 48, 64)
    for k in range(30):
        video.write(made.image(k, "static", (48, 64)), 100_000 * k)
    video.close()
    content = whole.read_bytes()
    for share in (0.05, 0.3, 0.6, 0.95):
        torn, cut = tmp_path / "torn.mp4", tmp_path / "cut.mp4"
        torn.write_bytes(content[: int(len(content) * share)])
        cut.unlink(missing_ok=True)
        frames = salvage(torn, cut)
        assert frames == (readable_frames(cut) if cut.exists() else 0)
        assert frames <= 30 * share + 1
    assert frames >= 20  # a fragment a second: less than a second is lost
