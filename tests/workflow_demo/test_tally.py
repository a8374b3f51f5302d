"""What the demo says of gates: that they open, close, and open again."""

from __future__ import annotations

from collector.cli.workflow_demo import Tally


def attempt(open_: bool, phase: str = "practice", outcome: str = "success") -> dict[str, object]:
    return {
        "event": "attempt",
        "operator": "op-1",
        "task": "open_drawer",
        "phase": phase,
        "outcome": outcome,
        "predicate": None,
        "open": open_,
        "gate": "",
    }


def test_a_gate_is_told_each_time_it_moves() -> None:
    tally = Tally({"op-1": "novice"})
    told = [tally.take(attempt(is_open)) for is_open in (False, True, True, False, False, True)]
    assert told == ["", "opens", "", "closes", "", "opens again"]
    assert tally.practice["op-1", "open_drawer"] == [6, 6]


def test_collected_attempts_are_kept_in_their_order() -> None:
    tally = Tally({"op-1": "novice"})
    for outcome in ("success", "failure"):
        tally.take(attempt(True, "collection", outcome))
    assert [event["outcome"] for event in tally.order] == ["success", "failure"]
