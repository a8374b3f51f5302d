"""Native-resolution video of each camera: H.264 in fragmented MP4, exact stamps.

Presentation times are microseconds since the camera's first frame. A fragment is closed
at least once a second, so that a killed process loses less than that. One thread encodes
for all cameras behind bounded queues: when it falls behind, video frames are dropped and
counted, and nothing else ever waits for it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

TIME_BASE = Fraction(1, 1_000_000)
NS_PER_TICK = 1000
KEYFRAME_TICKS = 1_000_000  # a fragment a second

FRAGMENTED = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof",
    "video_track_timescale": str(TIME_BASE.denominator),
    "flush_packets": "1",
}
# The two cores are shared with the robot's loop: the fastest preset and no frame threads.
# zerolatency has no B-frames, so every frame is on its way out once it is encoded.
X264 = {"preset": "ultrafast", "tune": "zerolatency", "crf": "23", "threads": "1"}


class VideoFile:
    """One camera's video, open for writing. The first image decides its size."""

    def __init__(self, path: Path, height: int, width: int) -> None:
        self._shape = (height, width, 3)
        self._container = av.open(str(path), "w", format="mp4", options=FRAGMENTED)
        self._stream = self._container.add_stream("libx264", options=X264)
        self._stream.width, self._stream.height = width, height
        # Halved colour wants even sides.
        self._stream.pix_fmt = "yuv420p" if width % 2 == 0 == height % 2 else "yuv444p"
        self._stream.time_base = TIME_BASE
        self._stream.codec_context.time_base = TIME_BASE
        self._stream.codec_context.gop_size = 250  # key frames are asked for by time
        self._keyframe_ticks: int | None = None

    def write(self, image: NDArray[np.uint8], ticks: int) -> None:
        """Encode one image [H, W, 3] at ``ticks``. Raises ValueError for another size."""
        if image.shape != self._shape:
            raise ValueError(f"the image's shape changed from {self._shape} to {image.shape}")
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        frame.pts = ticks
        frame.time_base = TIME_BASE
        if self._keyframe_ticks is None or ticks - self._keyframe_ticks >= KEYFRAME_TICKS:
            frame.pict_type = av.video.frame.PictureType.I
            self._keyframe_ticks = ticks
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def close(self) -> None:
        """Flush and close. Raises what FFmpeg raises when the disk fails."""
        try:
            for packet in self._stream.encode(None):
                self._container.mux(packet)
        finally:
            self._container.close()


@dataclass(frozen=True)
class VideoResult:
    """What became of one camera's video."""

    frames: int  # in the file
    dropped: int  # native frames that are not in it
    note: str = ""  # what went wrong, as a sentence


class _Track:
    """One camera's queue and counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.queued = 0
        self.accepted = 0  # frames given to the encoder
        self.encoded = 0  # frames in the file
        self.dropped = 0  # frames that found the queue full or came after a failure
        self.origin_ns: int | None = None
        self.last_ticks = -1
        self.failure = ""
        self.file: VideoFile | None = None

    def result(self) -> VideoResult:
        note = ""
        if self.failure:
            note = f"the encoder failed after {self.encoded} frames: {self.failure}"
        elif self.dropped:
            note = f"the encoder fell behind: {self.dropped} frames were dropped"
        lost = self.accepted - self.encoded - self.queued
        return VideoResult(self.encoded, self.dropped + lost, note)


class VideoEncoder:
    """Encodes the native frames of all cameras in one thread of its own."""

    def __init__(self, folder: Path, cameras: Iterable[str], queue_frames: int) -> None:
        self._tracks = {camera: _Track(folder / f"{camera}.mp4") for camera in cameras}
        self._queue_frames = queue_frames
        self._queue: deque[tuple[_Track, NDArray[np.uint8], int]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="video-encoder", daemon=True)
        self._thread.start()

    def submit(self, camera: str, image: NDArray[np.uint8], stamp_ns: int) -> int:
        """Queue one image [H, W, 3] uint8 RGB; return its video frame, or -1 when dropped.

        Returns at once. The image must not be changed afterwards.
        """
        track = self._tracks[camera]
        with self._changed:
            if self._closing or track.failure:
                track.dropped += 1
                return -1
            origin_ns = stamp_ns if track.origin_ns is None else track.origin_ns
            ticks = (stamp_ns - origin_ns) // NS_PER_TICK
            if ticks <= track.last_ticks:
                return -1
            if track.queued >= self._queue_frames:
                track.dropped += 1
                return -1
            track.origin_ns, track.last_ticks = origin_ns, ticks
            track.queued += 1
            track.accepted += 1
            self._queue.append((track, image, ticks))
            self._changed.notify()
            return track.accepted - 1

    def close(self) -> None:
        """Encode what is queued and close the files. Never raises: see `results`."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def results(self) -> dict[str, VideoResult]:
        """What became of each camera's video; final after `close`."""
        return {camera: track.result() for camera, track in self._tracks.items()}

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closing:
                    self._changed.wait()
                if not self._queue:
                    break
                track, image, ticks = self._queue.popleft()
            failure = ""
            try:
                if not track.failure:
                    self._encode(track, image, ticks)
            except Exception as error:  # a broken encoder costs its video, nothing else
                failure = str(error)
            with self._changed:
                track.queued -= 1
                track.failure = track.failure or failure
        for track in self._tracks.values():
            try:
                if track.file is not None:
                    track.file.close()
            except Exception as error:  # likewise
                track.failure = track.failure or str(error)
            if track.failure:
                track.encoded = min(track.encoded, readable_frames(track.path))
            if track.encoded == 0:
                track.path.unlink(missing_ok=True)

    @staticmethod
    def _encode(track: _Track, image: NDArray[np.uint8], ticks: int) -> None:
        if track.file is None:
            track.file = VideoFile(track.path, *image.shape[:2])
        track.file.write(image, ticks)
        track.encoded += 1


def readable_frames(path: Path) -> int:
    """Return how many frames of a video decode, up to the first that does not."""
    frames = 0
    try:
        with av.open(str(path)) as container:
            for _ in container.decode(video=0):
                frames += 1
    except (av.FFmpegError, OSError, ValueError, IndexError):
        return frames
    return frames


def salvage(path: Path, target: Path, most: int | None = None) -> int:
    """Copy the whole packets of a torn video into ``target``; return how many frames it has.

    It keeps the first ``most`` frames, or all. Nothing is encoded again. Without a whole
    frame there is no ``target``.
    """
    frames = readable_frames(path)
    if most is not None:
        frames = min(frames, most)
    if frames == 0:
        return 0
    with (
        av.open(str(path)) as source,
        av.open(str(target), "w", format="mp4", options=FRAGMENTED) as sink,
    ):
        stream = source.streams.video[0]
        copy = sink.add_stream_from_template(stream)
        # Without B-frames, packets and frames come one to one and in order.
        for written, packet in enumerate(source.demux(stream)):
            if written >= frames or packet.dts is None:
                break
            packet.stream = copy
            sink.mux(packet)
    return frames
