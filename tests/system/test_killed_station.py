"""kill -9 at random moments: what was sealed stays, what was open is recovered, all comes back."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from running_station import RunningStation, Session, steps_on_disk, wait_for

from collector.episode.goal import DISCARDED, FAILURE, INTERRUPTED, SUCCESS
from collector.episode.reader import find_episodes, read_summary
from collector.episode.verification import verify

pytestmark = [pytest.mark.ros, pytest.mark.system]

NODES = ("recorder", "static_camera", "wrist_camera", "arm")
WHOLE_STATION = "station"
COME_BACK_S = 90.0


@pytest.mark.timeout(300)
def test_a_kill_of_everything_costs_one_attempt(
    station: RunningStation, run_session: Callable[..., Session]
) -> None:
    kill_again_and_again(WHOLE_STATION, 1, station, run_session)


@pytest.mark.endurance
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("victim", [*NODES, WHOLE_STATION])
def test_twenty_kills_cost_twenty_attempts(
    victim: str, station: RunningStation, run_session: Callable[..., Session]
) -> None:
    kill_again_and_again(victim, 20, station, run_session)


def kill_again_and_again(
    victim: str, times: int, station: RunningStation, run_session: Callable[..., Session]
) -> None:
    moments = random.Random(f"{victim} {times}")
    session = run_session(tasks=["press_switch"], episodes=10_000, retries=10_000, seed=times)
    sealed_before: set[Path] = set()
    outcomes = []
    for number in range(times):
        wait_for(lambda: steps_on_disk(station.data), COME_BACK_S, f"kill {number}: it records")
        time.sleep(moments.uniform(0.0, 4.0))  # the kill's moment is random, not a wait
        # It may have been sealed meanwhile: then the next one is it.
        open_episode, steps = wait_for(
            lambda: steps_on_disk(station.data), COME_BACK_S, f"kill {number}: it records"
        )
        sealed_before = set(find_episodes(station.data).sealed)
        whole_before = len(session.reports())
        if victim == WHOLE_STATION:
            station.kill_everything()
            station.start()
        else:
            station.kill(victim)
        wait_for(
            lambda seen=whole_before: len(session.reports()) > seen,
            COME_BACK_S,
            f"kill {number}: the station records whole episodes again",
        )
        episodes = find_episodes(station.data)
        assert sealed_before <= set(episodes.sealed)
        for refused in episodes.refused:
            # Only what never held a whole step, and with the reason beside it.
            assert "before its first step" in (refused / "REASON.txt").read_text()
            assert refused.name != open_episode or steps == 0
        if open_episode not in [refused.name for refused in episodes.refused]:
            outcomes.append(check_recovered(station.data, open_episode, steps))
        else:
            outcomes.append("refused")
    for path in find_episodes(station.data).sealed:
        assert verify(path) == [], path
    print(f"{victim}: {times} kills, open episodes ended as {outcomes}")


def check_recovered(data: Path, episode_id: str, steps: int) -> str:
    """Check that the episode that was open lost nothing that was written; return its outcome."""
    path = next(p for p in find_episodes(data).sealed if p.name == episode_id)
    summary = read_summary(path)
    assert summary.steps >= steps
    # It may have come to its own end in the instant before the kill.
    assert summary.outcome in (INTERRUPTED, DISCARDED, SUCCESS, FAILURE)
    if summary.outcome in (INTERRUPTED, DISCARDED):
        assert summary.end_reason
    return summary.outcome
