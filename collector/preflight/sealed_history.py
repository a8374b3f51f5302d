"""What the newest sealed attempts of a station say: their sizes, and when the last was sealed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from collector.clock import NS_PER_S
from collector.episode.folders import REFUSED, episodes_folder, new_episode_id
from collector.episode.format import MANIFEST_FILE
from collector.episode.reader import EpisodeError, EpisodeReader

ATTEMPTS = 50  # a few blocks: what is recorded today, not last year
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_US = timedelta(microseconds=1)


class SealedHistory:
    """Reads the newest folders below a data root, again only when an episode came or went.

    Episodes of other stations that lie there too do not count.
    """

    def __init__(self, root: Path, station_id: str) -> None:
        self._folder = episodes_folder(root)
        # An id is the second, the station and some digits: what is between the two.
        self._station = new_episode_id(0, station_id, 0)[15:-4]
        self._seen: dict[Path, int] | None = None  # folder -> its time of change, when it was read
        self._newest: list[Path] = []
        self._sizes: tuple[int, ...] = ()
        self._sealed: tuple[Path, int | None] | None = None

    def sizes(self) -> tuple[int, ...]:
        """Return the bytes of the newest attempts, newest first."""
        self._refresh()
        return self._sizes

    def newest_sealed_ns(self) -> int | None:
        """Return when the newest episode was sealed, station clock of then; None: there is none."""
        self._refresh()
        if not self._newest:
            return None
        newest = self._newest[0]
        if self._sealed is None or self._sealed[0] != newest:
            self._sealed = newest, _sealed_ns(newest)
        return self._sealed[1]

    def _refresh(self) -> None:
        if self._seen is not None and all(_changed_ns(f) == t for f, t in self._seen.items()):
            return
        seen = {self._folder: _changed_ns(self._folder)}
        newest: list[Path] = []
        sizes: list[int] = []
        for day in _descending(self._folder):
            if day.name == REFUSED or len(newest) >= ATTEMPTS:
                continue
            seen[day] = _changed_ns(day)
            for episode in _descending(day):
                if len(newest) < ATTEMPTS and episode.name[15:-4] == self._station:
                    size = _sealed_size(episode)
                    if size is not None:
                        newest.append(episode)
                        sizes.append(size)
        self._seen, self._newest, self._sizes = seen, newest, tuple(sizes)


def _descending(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted((p for p in folder.iterdir() if p.is_dir()), reverse=True)
    except OSError:  # not there yet, or just removed
        return


def _changed_ns(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _sealed_size(episode: Path) -> int | None:
    try:
        if not (episode / MANIFEST_FILE).is_file():
            return None
        return sum(file.stat().st_size for file in episode.iterdir())
    except OSError:  # removed meanwhile
        return None


def _sealed_ns(episode: Path) -> int | None:
    try:
        with EpisodeReader(episode) as reader:
            text = str(reader.attributes["sealed"])
        # Python 3.10 does not read the Z that stands for UTC.
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (moment - _EPOCH) // _US * (NS_PER_S // 1_000_000)
    except (EpisodeError, KeyError, ValueError, TypeError):
        return None
