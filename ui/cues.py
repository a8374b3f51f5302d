"""Which tone goes with what happens. Pure: two pictures of the session give one cue."""

from __future__ import annotations

from enum import Enum

from collector.workflow.state_machine import State
from collector.workflow.status import SessionStatus


class Cue(Enum):
    """A tone, and the word for it where speech is on."""

    PRESSED = "pressed"  # a command was taken
    REFUSED = "refused"
    COUNT = "count"  # one second of the countdown
    START = "start"
    STOP = "stop"
    SUCCESS = "success"
    FAILURE = "failure"
    DISCARD = "discard"
    FAULT = "fault"


_OUTCOMES = {
    "success": Cue.SUCCESS,
    "failure": Cue.FAILURE,
    "discarded": Cue.DISCARD,
    "interrupted": Cue.FAULT,
}


def cue_of(before: SessionStatus | None, after: SessionStatus) -> Cue | None:
    """Return the cue of a change; None where there is none, and for the first picture."""
    if before is None or before.session_id != after.session_id:
        return None
    if after.state is State.FAULT and before.state is not State.FAULT:
        return Cue.FAULT
    if after.state is State.RECORDING and before.state is not State.RECORDING:
        return Cue.START
    known = {mark.attempt_id: mark.outcome for mark in before.marks}
    for mark in after.marks:
        if known.get(mark.attempt_id, "") != mark.outcome and mark.outcome in _OUTCOMES:
            return _OUTCOMES[mark.outcome]
    if before.state is State.RECORDING and after.state is State.DECIDING:
        return Cue.STOP
    return None


def count_of(before: int | None, after: int | None) -> Cue | None:
    """Return the cue of a countdown that went from ``before`` seconds to ``after``."""
    return Cue.COUNT if after and after != before else None
