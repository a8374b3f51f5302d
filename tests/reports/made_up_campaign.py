"""Attempts of a made-up campaign."""

from __future__ import annotations

import random
from typing import Any

from collector.clock import NS_PER_S
from collector.reports.attempt_record import AttemptRecord

DAY_1_NS = 1_795_503_600 * NS_PER_S  # 2026-11-24T07:00:00Z


def record(began_s: float = 0, took_s: float = 20, **changes: Any) -> AttemptRecord:
    """A collected success of op-1 at the task pick, ``began_s`` after the first morning."""
    began_ns = DAY_1_NS + round(began_s * NS_PER_S)
    values = {
        "operator_id": "op-1",
        "station_id": "bench-1",
        "session_id": "s-1",
        "task_id": "pick",
        "task_type": "pick_and_place",
        "phase": "collection",
        "outcome": "success",
        "began_ns": began_ns,
        "ended_ns": began_ns + round(took_s * NS_PER_S),
    }
    return AttemptRecord(**{**values, **changes})


def campaign(
    operators: list[str], tasks: list[str], days: int, each: int, seed: int = 5
) -> list[AttemptRecord]:
    """Operators of different skill who learn from day to day."""
    rng = random.Random(seed)
    records = []
    for i, operator in enumerate(operators):
        for day in range(days):
            skill = min(0.97, 0.45 + 0.06 * day + 0.4 * rng.random())
            at_s = day * 86_400.0 + 60 * i
            for n in range(each):
                outcome = "success" if rng.random() < skill else "failure"
                if rng.random() < 0.04:
                    outcome = "discarded"
                took_s = rng.uniform(9, 25)
                records.append(
                    record(
                        at_s,
                        took_s,
                        operator_id=operator,
                        session_id=f"{operator}-{day}",
                        task_id=tasks[(n // 10 + i) % len(tasks)],
                        phase="practice" if day == 0 and n < each // 2 else "collection",
                        outcome=outcome,
                    )
                )
                at_s += took_s + rng.uniform(8, 20)
    return records
