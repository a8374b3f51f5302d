"""The station does what the session says: lays out, counts down, records, judges, seals."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from station import FIT, LIBRARY, Bench

from collector.clock import NS_PER_S
from collector.episode.goal import EpisodeGoal
from collector.workflow.commands import Command, carry_out
from collector.workflow.conductor import Conductor, Ended, Judgement, LaidOut
from collector.workflow.state_machine import State

LIBRARY_COMPOSITES = {name for name, task in LIBRARY.tasks.items() if task.is_composite}


class Recorder:
    """Answers when the test says so, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.goals: list[EpisodeGoal] = []
        self.judgements: list[Judgement] = []
        self.steps = 0
        self.is_clear = True
        self._ended: Callable[[Ended], None] | None = None
        self._stopped: Callable[[], None] | None = None

    def begin(self, goal: EpisodeGoal, ended: Callable[[Ended], None]) -> None:
        assert self._ended is None, "two episodes at once"
        self.asked.append("begin")
        self.goals.append(goal)
        self._ended = ended

    def stop(self, done: Callable[[], None]) -> None:
        self.asked.append("stop")
        self._stopped = done

    def finish(self, outcome: str, judgement: Judgement) -> None:
        self.asked.append(f"finish {outcome}")
        self.judgements.append(judgement)

    def cancel(self) -> None:
        self.asked.append("cancel")

    def stopped(self) -> None:
        assert self._stopped is not None
        self._stopped()

    def ended(self, outcome: str, episode_id: str = "", message: str = "") -> None:
        assert self._ended is not None
        tell, self._ended = self._ended, None
        tell(Ended(outcome, episode_id, f"/data/{episode_id}", message))


class Simulator:
    """Lays out and judges when the test says so."""

    def __init__(self) -> None:
        self.laid_out: list[tuple[str, int]] = []
        self._done: Callable[[LaidOut], None] | None = None
        self._failed: Callable[[str], None] | None = None
        self._judged: Callable[[Judgement], None] | None = None
        self.criteria: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    def lay_out(
        self,
        task_id: str,
        seed: int,
        done: Callable[[LaidOut], None],
        failed: Callable[[str], None],
    ) -> None:
        self.laid_out.append((task_id, seed))
        self._done, self._failed = done, failed

    def judge(
        self, tasks: tuple[str, ...], once: tuple[str, ...], done: Callable[[Judgement], None]
    ) -> None:
        self.criteria = tasks, once
        self._judged = done

    def rests(self) -> None:
        assert self._done is not None
        done, self._done = self._done, None
        done(LaidOut('{"layout": 1}', '{"state": 1}'))

    def fails(self) -> None:
        assert self._failed is not None
        self._failed("the simulator does not answer yet")

    def judges(self, success: bool) -> None:
        assert self._judged is not None
        self._judged(Judgement(success, "as measured"))


class Station:
    """A bench with a conductor, signed in."""

    def __init__(self, simulated: bool, bench: Bench | None = None) -> None:
        self.bench = bench or Bench()
        self.simulated = simulated
        self.start()
        if bench is None:
            self.bench.work()

    def start(self) -> None:
        self.recorder = Recorder()
        self.simulator = Simulator()
        self.sealed: list[tuple[str, str]] = []
        self.conductor = Conductor(
            self.bench.session,
            self.bench.library,
            self.recorder,
            self.simulator if self.simulated else None,
            self.bench.clock,
            3 * NS_PER_S,
            lambda attempt_id, ended: self.sealed.append((attempt_id, ended.episode_id)),
        )

    def press(self, *commands: Command) -> None:
        for command in commands:
            carry_out(self.bench.session, command, "op-1", scene_by_hand=not self.simulated)
            self.conductor.tick()

    def wait(self, seconds: float) -> None:
        self.bench.clock.advance(round(seconds * NS_PER_S))
        self.conductor.tick()

    def record(self) -> None:
        """Begin an attempt and count it down."""
        self.conductor.tick()
        self.press(Command.START_STOP)
        if self.simulated:
            self.simulator.rests()
        self.wait(3.0)
        assert self.state is State.RECORDING

    @property
    def state(self) -> State:
        return self.bench.session.state

    @property
    def outcomes(self) -> list[tuple[str, bool | None, str]]:
        marks = self.bench.session.memory.marks.values()
        return [(mark.outcome, mark.predicate, mark.episode_id) for mark in marks]


@pytest.fixture
def simulated() -> Station:
    return Station(simulated=True)


@pytest.fixture
def by_hand() -> Station:
    return Station(simulated=False)


def test_an_attempt_in_the_simulator(simulated: Station) -> None:
    simulated.record()
    goal = simulated.recorder.goals[0]
    assert (goal.layout_json, goal.initial_state_json) == ('{"layout": 1}', '{"state": 1}')
    assert simulated.simulator.laid_out == [
        (simulated.bench.library.scene(goal.task_id), goal.layout_seed)
    ]
    simulated.press(Command.SUCCESS)
    assert simulated.recorder.asked[-1] == "stop"
    simulated.recorder.stopped()
    assert simulated.recorder.asked[-1] == "stop"  # not sealed before it is judged
    simulated.simulator.judges(True)
    assert simulated.recorder.asked[-1] == "finish success"
    simulated.recorder.ended("success", "e1")
    assert simulated.outcomes == [("success", True, "e1")]
    assert simulated.sealed == [(simulated.bench.session.memory.last.attempt_id, "e1")]  # type: ignore[union-attr]


def test_a_chain_is_judged_by_its_end_and_by_what_was_reached_on_the_way() -> None:
    bench = Bench()
    bench.work()
    for task_id in bench.library.tasks:
        bench.session.override("op-1", task_id, task_id == "tidy_up", "sup-1", "for the test")
    station = Station(simulated=True, bench=bench)
    while bench.session.memory.choice.task_id not in LIBRARY_COMPOSITES:  # type: ignore[union-attr]
        bench.attempt()
    station.record()
    station.press(Command.SUCCESS)
    station.recorder.stopped()
    task = bench.library.find(station.recorder.goals[0].task_id)
    at_end, on_the_way = station.simulator.criteria
    assert at_end == task.predicates
    assert on_the_way == task.parts


def test_the_next_scene_is_laid_out_only_once_the_last_one_is_judged(simulated: Station) -> None:
    simulated.record()
    simulated.press(Command.SUCCESS)
    simulated.wait(1.0)
    assert len(simulated.simulator.laid_out) == 1
    simulated.recorder.stopped()
    simulated.simulator.judges(False)
    simulated.wait(0.1)  # the last one is still being sealed
    assert len(simulated.simulator.laid_out) == 2
    simulated.press(Command.START_STOP)
    simulated.simulator.rests()
    assert simulated.state is State.ARMED
    simulated.recorder.ended("success", "e1")
    assert simulated.state is State.COUNTDOWN
    assert simulated.outcomes == [("success", False, "e1")]


def test_a_scene_that_cannot_be_laid_out_is_tried_again(simulated: Station) -> None:
    simulated.conductor.tick()
    simulated.simulator.fails()
    assert simulated.conductor.scene_trouble == "the simulator does not answer yet"
    simulated.wait(0.1)
    assert len(simulated.simulator.laid_out) == 1
    simulated.wait(2.0)
    simulated.simulator.rests()
    assert simulated.conductor.scene_trouble == ""
    assert simulated.state is State.PRACTICE


def test_a_countdown_that_was_stopped_uses_the_scene_that_lies_there(simulated: Station) -> None:
    simulated.conductor.tick()
    simulated.press(Command.START_STOP)
    simulated.simulator.rests()
    simulated.press(Command.START_STOP)  # stopped
    simulated.press(Command.START_STOP)
    simulated.wait(0.1)
    assert simulated.state is State.COUNTDOWN
    assert len(simulated.simulator.laid_out) == 1


def test_people_lay_out_and_nobody_judges(by_hand: Station) -> None:
    by_hand.record()
    by_hand.press(Command.START_STOP)
    by_hand.recorder.stopped()
    assert by_hand.recorder.asked[-1] == "stop"  # waits for the label
    by_hand.press(Command.FAILURE)
    assert by_hand.recorder.asked[-1] == "finish failure"
    assert by_hand.recorder.judgements == [Judgement()]
    by_hand.recorder.ended("failure", "e1")
    assert by_hand.outcomes == [("failure", None, "e1")]


def test_a_label_that_comes_before_the_recorder_has_stopped_is_kept(by_hand: Station) -> None:
    by_hand.record()
    by_hand.press(Command.START_STOP, Command.SUCCESS)
    by_hand.recorder.stopped()
    assert by_hand.recorder.asked[-2:] == ["stop", "finish success"]


def test_a_discard_cancels_the_recording(by_hand: Station) -> None:
    by_hand.record()
    by_hand.press(Command.DISCARD)
    assert by_hand.recorder.asked[-1] == "cancel"
    by_hand.recorder.ended("discarded", "e1")
    assert by_hand.outcomes == [("discarded", None, "e1")]


def test_a_discard_after_stop_cancels_it_too(by_hand: Station) -> None:
    by_hand.record()
    by_hand.press(Command.START_STOP)
    by_hand.recorder.stopped()
    by_hand.press(Command.DISCARD)
    assert by_hand.recorder.asked[-1] == "cancel"
    by_hand.recorder.ended("discarded", "e1")
    assert by_hand.state is State.RESETTING


def test_a_recorder_that_ends_by_itself_interrupts_the_attempt(by_hand: Station) -> None:
    by_hand.record()
    by_hand.recorder.ended("discarded", "e1", "the wrist camera was missing for a whole second")
    assert by_hand.outcomes == [("interrupted", None, "e1")]
    mark = by_hand.bench.session.memory.last
    assert mark is not None
    assert mark.reason == "the wrist camera was missing for a whole second"


def test_a_recorder_that_dies_in_sealing_does_not_hold_the_next_attempt_up(
    by_hand: Station,
) -> None:
    by_hand.record()
    by_hand.press(Command.SUCCESS)
    by_hand.recorder.stopped()
    by_hand.press(Command.START_STOP)
    assert by_hand.state is State.ARMED
    by_hand.recorder.ended("", message="the recorder fell silent")
    assert by_hand.state is State.COUNTDOWN
    assert by_hand.outcomes == [("success", None, "")]
    assert by_hand.sealed == []


def test_an_attempt_over_its_budget_is_stopped_and_waits_for_its_label(by_hand: Station) -> None:
    by_hand.record()
    budget = by_hand.bench.library.budget_steps(by_hand.recorder.goals[0].task_id)
    by_hand.recorder.steps = budget - 1
    by_hand.wait(0.1)
    assert by_hand.state is State.RECORDING
    by_hand.recorder.steps = budget
    by_hand.wait(0.1)
    assert by_hand.state is State.DECIDING
    assert by_hand.recorder.asked[-1] == "stop"


def test_a_fault_in_the_recording_cancels_it(by_hand: Station) -> None:
    by_hand.record()
    by_hand.bench.session.faulted("the arm is lost")
    assert by_hand.recorder.asked[-1] == "cancel"


def test_a_fault_before_the_label_seals_without_one(by_hand: Station) -> None:
    by_hand.record()
    by_hand.press(Command.START_STOP)
    by_hand.recorder.stopped()
    by_hand.bench.session.faulted("the arm is lost")
    assert by_hand.recorder.asked[-1] == "finish unlabelled"


@pytest.mark.parametrize(
    ("stop", "then", "state"),
    [(False, "cancel", State.RESETTING), (True, "finish unlabelled", State.DECIDING)],
)
def test_after_a_restart_nothing_that_the_recorder_has_is_lost(
    by_hand: Station, stop: bool, then: str, state: State
) -> None:
    by_hand.record()
    if stop:
        by_hand.press(Command.START_STOP)
    by_hand.bench.start()
    again = Station(simulated=False, bench=by_hand.bench)
    assert again.recorder.asked == [then]
    assert again.state is state


def test_no_scene_is_laid_out_into_an_episode_that_another_session_left(
    simulated: Station,
) -> None:
    simulated.recorder.is_clear = False
    simulated.wait(5.0)
    assert simulated.simulator.laid_out == []
    simulated.recorder.is_clear = True
    simulated.wait(0.1)
    assert len(simulated.simulator.laid_out) == 1


def test_nothing_begins_after_the_preflight_refuses() -> None:
    station = Station(simulated=True, bench=Bench())
    station.bench.session.sign_in("op-1", "op-1")
    station.bench.session.preflight([item.model_copy(update={"level": "refusal"}) for item in FIT])
    station.wait(5.0)
    assert station.simulator.laid_out == []
