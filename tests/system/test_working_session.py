"""The session on a whole station: led by requests, killed in an attempt, and whole again."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running_station import RunningStation, environment, steps_on_disk, wait_for
from small_workflow import PIN, add_operator, described_station, open_catalogue

from collector.episode.reader import EpisodeReader, find_episodes, read_summary
from collector.episode.verification import verify
from collector.station.bringup import bring_up, default_launch_file
from collector.station.simulated import (
    OPERATOR_MODULE,
    OPERATOR_PIN_VARIABLE,
    ScriptedSession,
)
from collector.workflow.journal import FileJournal
from collector.workflow.memory import recalled
from collector.workflow.state_machine import State

pytestmark = [pytest.mark.ros, pytest.mark.system]


class Operator:
    """A scripted operator at the station, heard in a thread."""

    def __init__(self, station: RunningStation, operator_id: str, **parameters: Any) -> None:
        outside = {**environment(station.domain_id), OPERATOR_PIN_VARIABLE: PIN}
        bringup = bring_up(default_launch_file(), {"station": str(station.description)}, outside)
        self._session = ScriptedSession(
            bringup, outside, OPERATOR_MODULE, operator_id=operator_id, **parameters
        )
        self.events: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def attempts(self) -> list[dict[str, Any]]:
        return [event for event in list(self.events) if event["event"] == "attempt"]

    def wait(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)
        code, errors = self._session.end()
        assert code == 0, f"{self.events}\n{errors}"

    def close(self) -> None:
        self._session.end()
        self._thread.join()

    def _listen(self) -> None:
        for event in self._session.reports():
            self.events.append(event)


@pytest.fixture
def station(tmp_path: Path, domain_id: int) -> Iterator[RunningStation]:
    """Described, not started."""
    running = described_station(tmp_path, domain_id)
    try:
        yield running
    finally:
        running.close()


@pytest.fixture
def operator_id(station: RunningStation, tmp_path: Path) -> str:
    return add_operator(station, tmp_path)


def memory_of(station: RunningStation) -> Any:
    """Return what the session's journal says now."""
    (path,) = (station.data / "session").glob("*.jsonl")
    return recalled(FileJournal(path).entries())


@pytest.mark.timeout(300)
def test_practice_opens_the_gate_and_a_killed_session_comes_back(
    station: RunningStation, operator_id: str
) -> None:
    station.start()
    operator = Operator(station, operator_id, attempts=2, seed=3)
    try:
        wait_for(operator.attempts, 90, "an attempt is made")
        sealed_before = len(find_episodes(station.data).sealed)
        wait_for(
            lambda: (
                len(find_episodes(station.data).sealed) == sealed_before
                and steps_on_disk(station.data)
            ),
            60,
            "the next one is recorded",
        )
        victim = station.pids()["session"]
        os.kill(victim, signal.SIGKILL)
        operator.wait(240)
    finally:
        operator.close()
    station.stop()
    memory = memory_of(station)
    assert memory.state is State.SIGNED_OUT
    with open_catalogue(station) as catalogue:
        (session_id,) = {mark.session_id for mark in memory.marks.values()}
        kept = {mark.attempt_id: mark for mark in catalogue.session_marks(session_id)}
        assert catalogue.open_session(station_id="sim-01") is None
        registered = {row.episode_id for row in catalogue.list_episodes().episodes}
    assert {name: m.outcome for name, m in kept.items()} == {
        name: m.outcome for name, m in memory.marks.items()
    }
    why = "the session's process was started again"
    assert [m.outcome for m in kept.values() if m.reason == why] == ["interrupted"]
    sealed = {path.name: path for path in find_episodes(station.data).sealed}
    # Every attempt has its episode, the one that was killed too.
    assert [mark for mark in kept.values() if not mark.episode_id] == []
    assert {mark.episode_id for mark in kept.values()} == set(sealed) == registered
    for mark in kept.values():
        path = sealed[mark.episode_id]
        assert verify(path) == []
        summary = read_summary(path)
        assert (summary.phase, summary.session_id) == (mark.phase, session_id)
        with EpisodeReader(path) as episode:
            assert episode.attributes["collector_id"] == operator_id
            assert str(episode.attributes["consent"]).startswith("consent.txt#")
    # A busy machine may cost an attempt besides: it is marked, and another one is made.
    collected = [
        event
        for event in operator.attempts()
        if event["phase"] == "collection" and event["outcome"] != "interrupted"
    ]
    assert collected
    # A task is collected only once it was practised, and its gate has opened.
    for event in collected:
        before = [
            one
            for one in operator.attempts()[: operator.attempts().index(event)]
            if one["task"] == event["task"] and one["outcome"] in ("success", "failure")
        ]
        assert before[-1]["open"]
    assert all(m.measures["path_m"] > 0 for m in kept.values() if m.outcome == "success")
