"""A small catalogue for the commands: two operators, a supervisor, three days at two stations."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.sealed_facts import SealedFacts
from collector.clock import NS_PER_S, ManualClock
from collector.workflow.history import AttemptMark

PIN = "4711"
SUPERVISOR_PIN = "271828"
START_NS = 1_795_503_600 * NS_PER_S  # 2026-11-24T07:00:00Z
DAY_NS = 86_400 * NS_PER_S
Run = Callable[..., str]  # runs a command, returns what it prints
NAME = "Ada Lovelace"


@dataclass(frozen=True)
class Place:
    """Where the catalogue is, and who is in it."""

    root: Path
    supervisor: str
    steady: str  # 30 attempts at open_drawer on each of two days, the first 12 practised
    careless: str  # 10 attempts at press_switch on the third day, 4 of them discarded
    episodes: tuple[str, ...]  # of the steady one's, collected, all successes

    def pin_file(self, pin: str = SUPERVISOR_PIN) -> str:
        path = self.root / f"pin-{pin}"
        path.write_text(f"{pin}\n", encoding="utf-8")
        path.chmod(0o600)
        return str(path)


def make(root: Path) -> Place:
    """Make the catalogue in a folder."""
    clock = ManualClock(START_NS)
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    document = root / "consent.txt"
    document.write_text("I agree", encoding="utf-8")
    episodes = []
    place = root / "catalogue.db"
    opened = Catalogue.open(place, clock, random.Random(7), hasher)
    with opened as catalogue, catalogue.together():
        supervisor = catalogue.add_operator(SUPERVISOR_PIN, "supervisor").operator_id
        steady, careless = (catalogue.add_operator(PIN).operator_id for _ in range(2))
        for person in (steady, careless):
            catalogue.give_consent(person, document, "training of models")
        for day in range(2):
            clock.advance(START_NS + day * DAY_NS - clock.now_ns())
            session = f"s-steady-{day}"
            for k in range(30):
                practised = day == 0 and k < 12
                began_ns = clock.now_ns() + 20 * NS_PER_S
                clock.advance(60 * NS_PER_S)
                episode = f"20261124T{day:03d}{k:03d}-bench-1-abcd"
                mark = AttemptMark(
                    attempt_id=f"{session}-{k}",
                    session_id=session,
                    operator_id=steady,
                    task_id="open_drawer",
                    phase="practice" if practised else "collection",
                    outcome="failure" if k % 10 == 9 else "success",
                    started_ns=began_ns,
                    ended_ns=clock.now_ns(),
                    episode_id=episode,
                )
                catalogue.write_mark("bench-1", mark, "open_drawer")
                if day == 1 and k < 8:
                    catalogue.register_facts(
                        _facts(root, episode, steady, session, began_ns), "open_drawer", "recorder"
                    )
                    episodes.append(episode)
        clock.advance(START_NS + 2 * DAY_NS - clock.now_ns())
        for k in range(10):
            began_ns = clock.now_ns()
            clock.advance(30 * NS_PER_S)
            mark = AttemptMark(
                attempt_id=f"s-careless-{k}",
                session_id="s-careless",
                operator_id=careless,
                task_id="press_switch",
                phase="practice",
                outcome="discarded" if k < 4 else "success",
                started_ns=began_ns,
                ended_ns=clock.now_ns(),
            )
            catalogue.write_mark("bench-2", mark, "press_switch")
    private = root / "private"
    private.mkdir(mode=0o700)
    (private / "operators.yaml").write_text(f"{steady}: {NAME}\n", encoding="utf-8")
    (private / "operators.yaml").chmod(0o600)
    return Place(root, supervisor, steady, careless, tuple(episodes))


def _facts(root: Path, episode: str, operator: str, session: str, created_ns: int) -> SealedFacts:
    folder = root / "episodes" / "2026-11-25" / episode
    folder.mkdir(parents=True)
    manifest = f"{hashlib.sha256(episode.encode()).hexdigest()}  episode.h5\n".encode()
    (folder / "MANIFEST.sha256").write_bytes(manifest)
    return SealedFacts(
        episode_id=episode,
        path=str(folder),
        digest=hashlib.sha256(manifest).hexdigest(),
        station_id="bench-1",
        task_id="open_drawer",
        operator_id=operator,
        session_id=session,
        phase="collection",
        outcome="success",
        end_reason="",
        success=1,
        success_predicate=1,
        steps=40,
        gaps=0,
        duration_s=8.0,
        clipped_share=0.0,
        max_skew_ns='{"static":7000000,"wrist":11000000}',
        bytes=12_000_000,
        recovered=False,
        created_ns=created_ns,
    )
