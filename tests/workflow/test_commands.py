"""Four keys do all of an operator's work."""

from __future__ import annotations

import pytest
from station import FIT, Bench

from collector.station.description import OperatorPolicy
from collector.workflow.commands import COMMANDS, Command, carry_out, event_of
from collector.workflow.state_machine import TRANSITIONS, Event, RequestRefused, State


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.work()
    return bench


def press(bench: Bench, *commands: Command, by_hand: bool = True) -> list[Event]:
    return [carry_out(bench.session, command, "op-1", by_hand) for command in commands]


def test_the_table_asks_only_for_what_its_states_allow() -> None:
    assert all((state, event) in TRANSITIONS for (_, state), event in COMMANDS.items())


def test_every_state_of_work_has_a_meaning_for_start() -> None:
    silent = {state for state in State if (Command.START_STOP, state) not in COMMANDS}
    assert silent == {State.SIGNED_OUT, State.PREFLIGHT, State.DECIDING}


def test_start_lays_the_scene_to_a_person_and_waits_for_a_simulator(bench: Bench) -> None:
    press(bench, Command.START_STOP)
    assert bench.session.state is State.COUNTDOWN
    press(bench, Command.START_STOP)  # stopped again
    press(bench, Command.START_STOP, by_hand=False)
    assert bench.session.state is State.ARMED
    bench.session.scene_ready("simulator")
    assert bench.session.state is State.COUNTDOWN


def test_two_keys_make_an_attempt(bench: Bench) -> None:
    press(bench, Command.START_STOP)
    begun = bench.session.countdown_over()
    assert press(bench, Command.SUCCESS) == [Event.SUCCESS]
    bench.seal(begun.attempt_id)
    assert bench.session.memory.marks[begun.attempt_id].outcome == "success"


def test_stop_asks_for_the_label(bench: Bench) -> None:
    bench.begin()
    assert press(bench, Command.START_STOP, Command.FAILURE) == [Event.END, Event.FAILURE]


@pytest.mark.parametrize("label", ["success", "failure"])
def test_discard_between_attempts_takes_the_last_one_back_and_again_undoes_it(
    bench: Bench, label: str
) -> None:
    mark = bench.attempt(label)  # type: ignore[arg-type]
    press(bench, Command.DISCARD)
    assert bench.session.memory.marks[mark.attempt_id].outcome == "discarded"
    press(bench, Command.DISCARD)
    assert bench.session.memory.marks[mark.attempt_id].outcome == label


def test_an_attempt_thrown_away_while_it_ran_comes_back_without_a_label(bench: Bench) -> None:
    mark = bench.attempt("discarded")
    press(bench, Command.DISCARD)
    assert bench.session.memory.marks[mark.attempt_id].outcome == "unlabelled"
    press(bench, Command.SUCCESS)
    assert bench.session.memory.marks[mark.attempt_id].outcome == "success"


@pytest.mark.parametrize("lay_out", [False, True])
def test_a_label_that_opens_the_gate_changes_the_task_at_once(lay_out: bool) -> None:
    bench = Bench(policy=OperatorPolicy(window=4, min_attempts=2, threshold=0.5))
    bench.work()
    first = bench.attempt("success")
    bench.attempt("discarded")
    if lay_out:  # the simulator may be quicker than the operator
        bench.session.scene_ready("simulator")
    press(bench, Command.DISCARD, Command.FAILURE)
    memory = bench.session.memory
    assert memory.state is State.RESETTING
    assert memory.remark.startswith(first.task_id.replace("_", " ") + " is open for collection")


def test_a_label_pressed_twice_changes_nothing(bench: Bench) -> None:
    mark = bench.attempt("success")
    with pytest.raises(RequestRefused, match="no attempt waits for a label"):
        press(bench, Command.FAILURE)
    press(bench, Command.DISCARD)
    with pytest.raises(RequestRefused, match="marked discarded"):
        press(bench, Command.FAILURE)
    assert bench.session.memory.marks[mark.attempt_id].outcome == "discarded"


def test_a_demonstration_that_is_taken_back_does_not_count_towards_the_quota() -> None:
    bench = Bench()
    bench.open_all()
    bench.work()
    mark = bench.attempt("success")
    assert bench.history.collected() == {mark.task_id: 1}
    press(bench, Command.DISCARD)
    assert bench.history.collected() == {mark.task_id: 0}
    press(bench, Command.DISCARD)
    assert bench.history.collected() == {mark.task_id: 1}


def test_only_the_last_attempt_can_be_taken_back(bench: Bench) -> None:
    first = bench.attempt("success")
    bench.attempt("success")
    with pytest.raises(RequestRefused, match="only the last attempt"):
        bench.session.relabel(first.attempt_id, "discarded", "op-1")


def test_without_an_attempt_there_is_nothing_to_take_back(bench: Bench) -> None:
    with pytest.raises(RequestRefused, match="discard is not possible now"):
        press(bench, Command.DISCARD)


def test_a_pause_and_a_fault_are_left_with_start(bench: Bench) -> None:
    bench.session.pause("op-1")
    press(bench, Command.START_STOP)
    assert bench.session.state is State.RESETTING
    bench.session.faulted("a cable")
    press(bench, Command.START_STOP)
    assert bench.session.state is State.PREFLIGHT
    bench.session.preflight(FIT)
    assert bench.session.state is State.RESETTING


def test_refusals_say_what_is_instead() -> None:
    with pytest.raises(RequestRefused, match="start stop is not possible now, nobody is signed in"):
        event_of(Command.START_STOP, State.SIGNED_OUT)
