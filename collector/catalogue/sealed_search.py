"""Finds the episode of an attempt that was sealed while nobody listened."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta, timezone
from pathlib import Path

from collector.catalogue.sealed_facts import created_of
from collector.clock import NS_PER_S
from collector.episode.folders import episodes_folder
from collector.episode.format import MANIFEST_FILE, PARTIAL_SUFFIX
from collector.episode.reader import EpisodeError, read_summary
from collector.workflow.history import AttemptMark

_STAMP = "%Y%m%dT%H%M%S"  # what an episode's id begins with
_ROUNDED_NS = 1000  # an episode says its beginning to the microsecond, rounded down


def find_sealed(
    root: Path,
    mark: AttemptMark,
    before_ns: int | None = None,
    taken: Collection[str] = (),
) -> Path | None:
    """Return the sealed folder of an attempt under the data folder ``root``, or None.

    It is the first of the attempt's session and task that began when the attempt did or
    later, before the attempt ended, and before ``before_ns``, when the session's next one
    began (None: it has none). ``taken`` are the ids of episodes that other attempts have.
    Only the folders of that day and the next are looked at; one that cannot be read is none.
    """
    first = _second(mark.started_ns)
    ends = [end_ns for end_ns in (before_ns, mark.ended_ns) if end_ns]
    last = _second(min(ends)).strftime(_STAMP) if ends else None
    for day in (first, first + timedelta(days=1)):
        for path in _sealed(episodes_folder(root) / day.strftime("%Y-%m-%d")):
            stamp = path.name[: len("20261124T135501")]
            if stamp < first.strftime(_STAMP) or path.name in taken:
                continue
            if last is not None and stamp > last:
                return None
            try:
                summary = read_summary(path)
                created_ns = created_of(summary.created)
            except (EpisodeError, OSError, ValueError):
                continue
            if (
                summary.session_id == mark.session_id
                and summary.task_id == mark.task_id
                and created_ns + _ROUNDED_NS > mark.started_ns
                and all(created_ns < end_ns for end_ns in ends)
            ):
                return path
    return None


def _second(stamp_ns: int) -> datetime:
    return datetime.fromtimestamp(stamp_ns // NS_PER_S, timezone.utc)


def _sealed(day: Path) -> list[Path]:
    if not day.is_dir():
        return []
    return sorted(
        path
        for path in day.iterdir()
        if not path.name.startswith(".")
        and path.suffix != PARTIAL_SUFFIX
        and (path / MANIFEST_FILE).is_file()
    )
