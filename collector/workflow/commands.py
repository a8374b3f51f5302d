"""The operator's four commands, and what each comes to in each state.

Both hands are on the device: four keys must do. What a key means where lies in one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

from collector.workflow.history import DISCARDED, FAILURE, SUCCESS, UNLABELLED
from collector.workflow.session import Label, WorkflowSession
from collector.workflow.state_machine import Event, RequestRefused, State, refusal

_S, _E = State, Event
_READY = (_S.PRACTICE, _S.COLLECTING)
_AFTER_AN_ATTEMPT = (*_READY, _S.RESETTING, _S.ARMED, _S.PAUSED, _S.FAULT, _S.PREFLIGHT)
_IN_ATTEMPT = (_S.RECORDING, _S.DECIDING)


class Command(str, Enum):
    """A key, a pedal, a button of the device."""

    START_STOP = "start_stop"
    SUCCESS = "success"
    FAILURE = "failure"
    DISCARD = "discard"  # between attempts: the last one; once more undoes it


COMMANDS: Mapping[tuple[Command, State], Event] = MappingProxyType(
    {
        **{(Command.START_STOP, state): _E.ARM for state in (*_READY, _S.RESETTING)},
        **{(Command.START_STOP, state): _E.DISARM for state in (_S.ARMED, _S.COUNTDOWN)},
        (Command.START_STOP, _S.RECORDING): _E.END,
        (Command.START_STOP, _S.PAUSED): _E.RESUME,
        (Command.START_STOP, _S.FAULT): _E.RECOVER,
        **{(Command.SUCCESS, state): _E.SUCCESS for state in _IN_ATTEMPT},
        **{(Command.FAILURE, state): _E.FAILURE for state in _IN_ATTEMPT},
        **{(Command.DISCARD, state): _E.DISCARD for state in _IN_ATTEMPT},
        **{
            (command, state): _E.RELABEL
            for command in (Command.SUCCESS, Command.FAILURE, Command.DISCARD)
            for state in _AFTER_AN_ATTEMPT
        },
    }
)


def event_of(command: Command, state: State) -> Event:
    """Return what ``command`` asks for in ``state``. Raises RequestRefused."""
    try:
        return COMMANDS[command, state]
    except KeyError:
        raise refusal(command.value, state) from None


def carry_out(
    session: WorkflowSession, command: Command, who: str, scene_by_hand: bool = False
) -> Event:
    """Ask the session for what ``command`` comes to, and return that.

    ``scene_by_hand``: a person lays the scene out, and says with Start that it is ready.
    Raises what the session raises.
    """
    event = event_of(command, session.state)
    if event is Event.ARM:
        if scene_by_hand and session.state is State.RESETTING:
            session.scene_ready(who)
        session.arm(who)
    elif event is Event.DISARM:
        session.disarm(who)
    elif event is Event.END:
        session.end(who)
    elif event is Event.RESUME:
        session.resume(who)
    elif event is Event.RECOVER:
        session.recover(who)
    elif event is Event.RELABEL:
        _relabel_last(session, command, who)
    else:
        session.label(_LABELS[command], who)
    return event


_LABELS: Mapping[Command, Label] = {
    Command.SUCCESS: SUCCESS,
    Command.FAILURE: FAILURE,
    Command.DISCARD: DISCARDED,
}


def _relabel_last(session: WorkflowSession, command: Command, who: str) -> None:
    last = session.memory.last
    if last is None:
        raise refusal(command.value, session.state)
    if command is Command.DISCARD:
        if last.outcome == DISCARDED:
            session.undo_discard(last.attempt_id, who)
        else:
            session.relabel(last.attempt_id, DISCARDED, who)
        return
    # A key that is pressed once too often must not label what was thrown away.
    if last.outcome != UNLABELLED:
        raise RequestRefused(
            f"no attempt waits for a label, the last one is marked {last.outcome}: "
            f"press Start to begin the next"
        )
    session.relabel(last.attempt_id, _LABELS[command], who)
