"""Brings catalogue and sealed folders together: rebuilding the one, checking both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from collector.catalogue import custody
from collector.catalogue.decision_replay import decision_faults
from collector.catalogue.episodes import Episodes
from collector.catalogue.errors import CatalogueError
from collector.catalogue.sealed_facts import manifest_digest, read_facts
from collector.catalogue.tables import ChainHeadRow, EpisodeRow
from collector.episode.folders import sealed_folders

_AT_ONCE = 50  # episodes a transaction: other writers wait no longer


@dataclass
class Rebuilt:
    """What rebuilding did."""

    new: int = 0
    corrected: int = 0
    unchanged: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Checked:
    """What checking found."""

    custody_events: int = 0
    episodes: int = 0
    elsewhere: int = 0  # episodes whose folders lie outside the data folder
    problems: list[str] = field(default_factory=list)


class Reconciliation(Episodes):
    """The catalogue against the folders."""

    def rebuild(
        self, root: Path, actor: str = "rebuild", progress: Callable[[int, int], None] | None = None
    ) -> Rebuilt:
        """Take in every sealed folder under ``root``: what is new, and facts that differ.

        Decisions stay as they are. Digests every file. Folders that cannot be taken are among
        the problems.
        """
        report = Rebuilt()
        paths = sealed_folders(root)
        for start in range(0, len(paths), _AT_ONCE):
            portion = paths[start : start + _AT_ONCE]
            readable = []
            for offset, path in enumerate(portion, 1):
                try:
                    readable.append(read_facts(path))
                except CatalogueError as error:
                    report.problems.append(str(error))
                if progress is not None:
                    progress(start + offset, len(paths))
            with self.together():
                for facts, task_type in readable:
                    try:
                        change = self.register_facts(facts, task_type, actor).change
                    except CatalogueError as error:
                        report.problems.append(str(error))
                    else:
                        setattr(report, change, getattr(report, change) + 1)
        return report

    def check(self, root: Path, exported: Iterable[str] | None = None) -> Checked:
        """Check the chain of custody, the decisions against it, and folders against facts.

        ``exported`` are lines of an earlier export: the chain must begin with them. What is in
        the files beyond their seal, `collector episodes verify` checks.
        """
        report = Checked()
        report.problems += self._chain_faults(exported)
        with self._reading() as session:
            head = session.get(ChainHeadRow, custody.HEAD)
            report.custody_events = 0 if head is None else head.sequence
            if not report.problems:
                report.problems += decision_faults(session, custody.events(session))
            known = session.execute(
                select(
                    EpisodeRow.episode_id, EpisodeRow.path, EpisodeRow.digest, EpisodeRow.status
                ).order_by(EpisodeRow.episode_id)
            ).all()
        report.episodes = len(known)
        report.problems += self._folder_faults(
            root, [(row[0], row[1], row[2], row[3]) for row in known], report
        )
        return report

    def _chain_faults(self, exported: Iterable[str] | None) -> Iterator[str]:
        with self._reading() as session:
            row = session.get(ChainHeadRow, custody.HEAD)
            if row is None:
                yield "the chain of custody has lost its head"
                return
            fault = None
            for fault in custody.chain_faults(custody.events(session), (row.sequence, row.hash)):
                yield fault
            if exported is None or fault is not None:
                return
            chain = custody.events(session)
            for event in custody.read_lines(exported):
                if next(chain, None) != event:
                    yield f"custody event {event.sequence} is not what was exported"
                    return

    def _folder_faults(
        self, root: Path, known: list[tuple[str, str, str, str]], report: Checked
    ) -> Iterator[str]:
        folders = {path.name: path for path in sealed_folders(root)}
        inside = root.resolve()
        for episode_id, path_text, digest, status in known:
            path = folders.pop(episode_id, None)
            if path is None:
                if not Path(path_text).is_relative_to(inside):
                    report.elsewhere += 1
                elif status != "deleted":
                    yield f"{path_text} is missing: put the folder of {episode_id} back"
                continue
            if status == "deleted":
                continue
            if manifest_digest(path) != digest:
                yield f"{path} is not the episode that was catalogued: its seal has changed"
                continue
            try:
                facts, _ = read_facts(path)
            except CatalogueError as error:
                yield str(error)
                continue
            row = self.episode(episode_id)
            differing = [
                name
                for name, value in facts.__dict__.items()
                if name != "max_skew_ns" and getattr(row, name) != value
            ]
            if custody.canonical(dict(row.max_skew_ns)) != facts.max_skew_ns:
                differing.append("max_skew_ns")
            if differing:
                yield (
                    f"the catalogue is wrong about {episode_id} ({', '.join(differing)}): "
                    "`collector catalog rebuild`"
                )
        for path in folders.values():
            yield f"{path} is not in the catalogue: `collector catalog rebuild`"
