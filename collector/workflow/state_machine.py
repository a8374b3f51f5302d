"""The states of a session and the one table of what leads from each to the next.

::

    signed_out -> preflight   sign_in
    preflight  -> resetting   preflight_passed
    preflight  -> preflight   preflight_refused | restarted
    preflight  -> signed_out  sign_out
    resetting  -> resetting   scene_ready | restarted | task_changed
    resetting  -> practice    to_practice
    resetting  -> collecting  to_collection
    resetting  -> armed       arm
    resetting  -> paused      pause
    resetting  -> signed_out  sign_out
    armed      -> armed       scene_ready
    armed      -> countdown   begin_countdown
    armed      -> resetting   disarm | restarted | task_changed
    armed      -> paused      pause
    armed      -> signed_out  sign_out
    practice   -> armed       arm
    practice   -> paused      pause
    practice   -> signed_out  sign_out
    practice   -> resetting   restarted | task_changed
    collecting -> armed       arm
    collecting -> paused      pause
    collecting -> signed_out  sign_out
    collecting -> resetting   restarted | task_changed
    countdown  -> recording   countdown_over
    countdown  -> resetting   disarm | restarted | task_changed
    countdown  -> paused      pause
    recording  -> deciding    end
    recording  -> resetting   interrupted | success | failure | discard | restarted
    deciding   -> resetting   success | failure | discard
    deciding   -> deciding    restarted
    paused     -> resetting   resume
    paused     -> signed_out  sign_out
    paused     -> paused      restarted
    fault      -> preflight   recover
    fault      -> signed_out  sign_out
    fault      -> fault       restarted
    signed in  -> fault       faulted
    signed in  -> (same)      relabel | override
    any        -> (same)      sealed

A request of a person and an event of the station are both looked up here, and nowhere else
is it decided what a state allows. Practice and collection share the states of an attempt;
which of both it is belongs to the block (`collector.workflow.interleaving.Choice`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class State(str, Enum):
    """Where a session stands."""

    SIGNED_OUT = "signed_out"
    PREFLIGHT = "preflight"
    RESETTING = "resetting"  # the scene is laid out; the last attempt may still be sealed
    ARMED = "armed"  # begins by itself once the scene is ready and the last attempt sealed
    PRACTICE = "practice"  # ready for an attempt that is practice
    COLLECTING = "collecting"  # ready for an attempt that is collected
    COUNTDOWN = "countdown"
    RECORDING = "recording"
    DECIDING = "deciding"  # recorded, not labelled yet
    PAUSED = "paused"
    FAULT = "fault"


class Event(str, Enum):
    """What may happen: `REQUESTS` come from people, the others from the station."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    ARM = "arm"
    DISARM = "disarm"
    END = "end"
    SUCCESS = "success"
    FAILURE = "failure"
    DISCARD = "discard"
    RELABEL = "relabel"  # undo a discard, or label what was left without
    PAUSE = "pause"
    RESUME = "resume"
    RECOVER = "recover"
    OVERRIDE = "override"
    SCENE_READY = "scene_ready"
    PREFLIGHT_PASSED = "preflight_passed"
    PREFLIGHT_REFUSED = "preflight_refused"
    TO_PRACTICE = "to_practice"
    TO_COLLECTION = "to_collection"
    BEGIN_COUNTDOWN = "begin_countdown"
    COUNTDOWN_OVER = "countdown_over"
    TASK_CHANGED = "task_changed"  # gate, quota or consent changed under the block
    SEALED = "sealed"
    INTERRUPTED = "interrupted"
    FAULTED = "faulted"
    RESTARTED = "restarted"


REQUESTS = (
    Event.SIGN_IN,
    Event.SIGN_OUT,
    Event.ARM,
    Event.DISARM,
    Event.END,
    Event.SUCCESS,
    Event.FAILURE,
    Event.DISCARD,
    Event.RELABEL,
    Event.PAUSE,
    Event.RESUME,
    Event.RECOVER,
    Event.OVERRIDE,
    Event.SCENE_READY,
)

_S, _E = State, Event
_READY = (_S.PRACTICE, _S.COLLECTING)
_BETWEEN = (*_READY, _S.RESETTING, _S.ARMED)
_SIGNED_IN = tuple(state for state in State if state is not _S.SIGNED_OUT)
_IN_ATTEMPT = (_S.COUNTDOWN, _S.RECORDING, _S.DECIDING)

TRANSITIONS: Mapping[tuple[State, Event], State] = MappingProxyType(
    {
        (_S.SIGNED_OUT, _E.SIGN_IN): _S.PREFLIGHT,
        (_S.PREFLIGHT, _E.PREFLIGHT_PASSED): _S.RESETTING,
        (_S.PREFLIGHT, _E.PREFLIGHT_REFUSED): _S.PREFLIGHT,
        (_S.RESETTING, _E.SCENE_READY): _S.RESETTING,
        (_S.RESETTING, _E.TO_PRACTICE): _S.PRACTICE,
        (_S.RESETTING, _E.TO_COLLECTION): _S.COLLECTING,
        (_S.RESETTING, _E.ARM): _S.ARMED,
        (_S.PRACTICE, _E.ARM): _S.ARMED,
        (_S.COLLECTING, _E.ARM): _S.ARMED,
        (_S.ARMED, _E.SCENE_READY): _S.ARMED,
        (_S.ARMED, _E.BEGIN_COUNTDOWN): _S.COUNTDOWN,
        (_S.ARMED, _E.DISARM): _S.RESETTING,
        (_S.COUNTDOWN, _E.COUNTDOWN_OVER): _S.RECORDING,
        (_S.COUNTDOWN, _E.DISARM): _S.RESETTING,
        (_S.RECORDING, _E.END): _S.DECIDING,
        (_S.RECORDING, _E.INTERRUPTED): _S.RESETTING,
        **{
            (state, event): _S.RESETTING
            for state in (_S.RECORDING, _S.DECIDING)
            for event in (_E.SUCCESS, _E.FAILURE, _E.DISCARD)
        },
        **{(state, _E.PAUSE): _S.PAUSED for state in (*_BETWEEN, _S.COUNTDOWN)},
        (_S.PAUSED, _E.RESUME): _S.RESETTING,
        **{(state, _E.FAULTED): _S.FAULT for state in _SIGNED_IN},
        (_S.FAULT, _E.RECOVER): _S.PREFLIGHT,
        **{(state, _E.SIGN_OUT): _S.SIGNED_OUT for state in _SIGNED_IN if state not in _IN_ATTEMPT},
        # What was armed or running when the process died begins again by a person's wish.
        **{
            (state, _E.RESTARTED): _S.RESETTING for state in (*_BETWEEN, _S.COUNTDOWN, _S.RECORDING)
        },
        **{
            (state, _E.RESTARTED): state
            for state in (_S.PREFLIGHT, _S.DECIDING, _S.PAUSED, _S.FAULT)
        },
        **{(state, _E.TASK_CHANGED): _S.RESETTING for state in (*_BETWEEN, _S.COUNTDOWN)},
        **{(state, _E.SEALED): state for state in State},
        **{(state, _E.RELABEL): state for state in _SIGNED_IN},
        **{(state, _E.OVERRIDE): state for state in _SIGNED_IN},
    }
)

_WHAT_INSTEAD = {
    _S.SIGNED_OUT: "nobody is signed in: sign in first",
    _S.PREFLIGHT: "the preflight has not passed: see to what it refuses",
    _S.RESETTING: "the scene is being laid out: lay it out and say that it is ready, or arm",
    _S.ARMED: "the next attempt is armed: disarm first",
    _S.PRACTICE: "no attempt is running: arm to begin one",
    _S.COLLECTING: "no attempt is running: arm to begin one",
    _S.COUNTDOWN: "the countdown runs: disarm to stop it",
    _S.RECORDING: "an attempt is being recorded: end it with success, failure or discard",
    _S.DECIDING: "an attempt waits for its label: say success, failure or discard",
    _S.PAUSED: "the session is paused: resume first",
    _S.FAULT: "the station has a fault: see to it and recover, or sign out",
}


class RequestRefused(Exception):
    """The present state does not allow it; the message says why and what to do."""


def target(state: State, event: Event) -> State:
    """Return the state that follows. Raises RequestRefused."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise refusal(event.value, state) from None


def refusal(what: str, state: State) -> RequestRefused:
    """Return why ``what`` is not possible in ``state``, and what is instead."""
    shown = what.replace("_", " ")
    return RequestRefused(f"{shown} is not possible now, {_WHAT_INSTEAD[state]}")


def permitted(state: State) -> tuple[Event, ...]:
    """Return the requests that people may make, in the order of `REQUESTS`."""
    return tuple(event for event in REQUESTS if (state, event) in TRANSITIONS)


def diagram() -> str:
    """Return the table as text: a line for each pair of states, then what is possible anywhere."""
    lines = []
    for state in State:
        following: dict[State, list[str]] = {}
        for (start, event), end in TRANSITIONS.items():
            if start is state and event not in (_E.RELABEL, _E.OVERRIDE, _E.FAULTED, _E.SEALED):
                following.setdefault(end, []).append(event.value)
        for end, events in following.items():
            lines.append(f"    {state.value:<10} -> {end.value:<10}  {' | '.join(events)}")
    lines.append(f"    {'signed in':<10} -> {'fault':<10}  faulted")
    lines.append(f"    {'signed in':<10} -> {'(same)':<10}  relabel | override")
    lines.append(f"    {'any':<10} -> {'(same)':<10}  sealed")
    return "\n".join(lines)
