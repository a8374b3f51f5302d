"""Attempts written as letters: s success, f failure, d discarded, i interrupted, u unlabelled."""

from __future__ import annotations

from typing import Any

from hypothesis import settings

from collector.workflow.history import AttemptMark

repeatable = settings(derandomize=True, deadline=None, max_examples=60)

_OUTCOMES: dict[str, Any] = {
    "s": "success",
    "f": "failure",
    "d": "discarded",
    "i": "interrupted",
    "u": "unlabelled",
}


def marks(letters: str, **changes: Any) -> list[AttemptMark]:
    return [
        AttemptMark(
            **{
                "attempt_id": f"a{number}",
                "session_id": "s1",
                "operator_id": "op-1",
                "task_id": "open_drawer",
                "phase": "practice",
                "outcome": _OUTCOMES[letter],
                "started_ns": number,
                **changes,
            }
        )
        for number, letter in enumerate(letters)
    ]
