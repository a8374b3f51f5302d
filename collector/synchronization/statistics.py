"""What a synchronizer counted: the values behind its diagnostics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class StreamStatistics:
    """Counts of one camera, or of the arm, since the start."""

    received: int = 0  # everything that was added
    late: int = 0  # stamped at or before a tick that was decided already: not used
    duplicates: int = 0  # the same stamp twice: the second is not used
    out_of_order: int = 0  # came after a later one, put in its place
    dropped: int = 0  # lost on the way, by the device counter or by the stamps
    repeated: int = 0  # old frame delivered as new (device counter, or pixels of a noisy camera)
    refused: int = 0  # stamp in the future, numbers that are no pose, an image that is none
    overflowed: int = 0  # left a full buffer because nobody polled in time
    gaps: int = 0  # steps that this stream made a gap
    last_skew_ns: int | None = None  # of the last step with a frame; None for the arm
    last_latency_ns: int | None = None  # arrival minus stamp of the newest
    last_stamp_ns: int | None = None


@dataclass(frozen=True)
class SynchronizerStatistics:
    """Counts since the start; ``streams`` holds every camera by name, and ``arm``."""

    steps: int
    gaps: int
    restarts: int  # how often the grid started anew
    last_restart: str  # why, one sentence; empty when never
    last_refusal: str  # the last sample that was refused, one sentence; empty when never
    streams: Mapping[str, StreamStatistics]

    @property
    def late(self) -> int:
        """Late frames and samples of all streams."""
        return sum(stream.late for stream in self.streams.values())

    @property
    def duplicates(self) -> int:
        """Duplicated frames and samples of all streams."""
        return sum(stream.duplicates for stream in self.streams.values())

    @property
    def out_of_order(self) -> int:
        """Frames and samples of all streams that came after a later one."""
        return sum(stream.out_of_order for stream in self.streams.values())

    @property
    def dropped(self) -> int:
        """Frames lost on the way, of all cameras."""
        return sum(stream.dropped for stream in self.streams.values())

    @property
    def refused(self) -> int:
        """Refused frames and samples of all streams."""
        return sum(stream.refused for stream in self.streams.values())

    @property
    def last_skews_ns(self) -> dict[str, int]:
        """Signed skew of each camera in the last step that had a frame of it."""
        return {
            name: stream.last_skew_ns
            for name, stream in self.streams.items()
            if stream.last_skew_ns is not None
        }


class StreamCounts:
    """The running counts of one stream; `snapshot` freezes them."""

    def __init__(self) -> None:
        self.received = 0
        self.late = 0
        self.duplicates = 0
        self.out_of_order = 0
        self.dropped = 0
        self.repeated = 0
        self.refused = 0
        self.gaps = 0
        self.last_skew_ns: int | None = None
        self.last_latency_ns: int | None = None
        self.last_stamp_ns: int | None = None

    def arrived(self, stamp_ns: int, arrival_ns: int) -> None:
        """Count one more, whatever becomes of it."""
        self.received += 1
        self.last_latency_ns = arrival_ns - stamp_ns
        self.last_stamp_ns = stamp_ns

    def snapshot(self, overflowed: int) -> StreamStatistics:
        """Return the counts so far."""
        return StreamStatistics(overflowed=overflowed, **vars(self))
