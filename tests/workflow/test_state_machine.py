"""The one table: what it says, what it refuses, and that its picture is the table's."""

from __future__ import annotations

import pytest

from collector.workflow import state_machine
from collector.workflow.state_machine import (
    REQUESTS,
    TRANSITIONS,
    Event,
    RequestRefused,
    State,
    diagram,
    permitted,
    target,
)


def reachable(start: State, events: set[Event]) -> set[State]:
    seen, todo = {start}, [start]
    while todo:
        state = todo.pop()
        for (at, event), end in TRANSITIONS.items():
            if at is state and event in events and end not in seen:
                seen.add(end)
                todo.append(end)
    return seen


def test_the_picture_in_the_documentation_is_the_table() -> None:
    assert state_machine.__doc__ is not None
    assert diagram() in state_machine.__doc__


@pytest.mark.parametrize("state", State)
def test_no_state_strands_the_operator(state: State) -> None:
    people = {*REQUESTS, Event.PREFLIGHT_PASSED, Event.BEGIN_COUNTDOWN, Event.COUNTDOWN_OVER}
    found = reachable(state, people)
    assert State.SIGNED_OUT in found
    assert State.RECORDING in reachable(State.SIGNED_OUT, {*people, Event.TO_COLLECTION})


def test_every_state_is_reached_and_every_event_means_something() -> None:
    assert reachable(State.SIGNED_OUT, set(Event)) == set(State)
    assert {event for _, event in TRANSITIONS} == set(Event)


@pytest.mark.parametrize("state", [State.RECORDING, State.DECIDING])
def test_an_attempt_in_hand_has_to_be_ended_first(state: State) -> None:
    for request in (Event.SIGN_OUT, Event.PAUSE, Event.ARM, Event.SIGN_IN):
        with pytest.raises(RequestRefused, match="success"):
            target(state, request)


def test_recording_begins_from_the_countdown_alone() -> None:
    into = {start for (start, event), end in TRANSITIONS.items() if end is State.RECORDING}
    assert into - {State.RECORDING} == {State.COUNTDOWN}


@pytest.mark.parametrize("state", State)
def test_what_is_not_permitted_is_refused_with_what_to_do(state: State) -> None:
    for event in Event:
        if (state, event) in TRANSITIONS:
            continue
        with pytest.raises(RequestRefused, match=r"is not possible now, .*\w"):
            target(state, event)


def test_a_restart_never_leaves_something_running() -> None:
    for state in State:
        if state is not State.SIGNED_OUT:
            assert target(state, Event.RESTARTED) not in (
                State.ARMED,
                State.COUNTDOWN,
                State.RECORDING,
            )


def test_people_are_offered_what_the_table_allows() -> None:
    assert permitted(State.SIGNED_OUT) == (Event.SIGN_IN,)
    assert Event.ARM in permitted(State.RESETTING)
    assert Event.DISCARD in permitted(State.RECORDING)
