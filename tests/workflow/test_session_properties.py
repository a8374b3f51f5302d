"""Whatever people, devices and crashes do, nothing is lost, nothing passes the gate.

A machine makes requests in any order, permitted or not, kills the process at any time, also
between the journal and the history, and looks after each step at what must always hold.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from station import FIT, Bench

from collector.clock import NS_PER_S
from collector.station.description import OperatorPolicy
from collector.workflow.commands import Command, carry_out
from collector.workflow.history import AttemptMark, Consent
from collector.workflow.journal import Entry, MemoryJournal
from collector.workflow.memory import recalled
from collector.workflow.state_machine import REQUESTS, Event, RequestRefused, State, permitted

# What the machine came to: a property test that never gets anywhere would prove nothing.
SEEN: set[tuple[str, str]] = set()
OPERATORS = st.sampled_from(["op-1", "op-2"])


class Killed(Exception):
    """The process ended here."""


class JsonJournal(MemoryJournal):
    """Keeps what a file would: text. Kills before or after the line is on disk."""

    def __init__(self) -> None:
        super().__init__()
        self.kill = ""

    def append(self, entry: Entry) -> None:
        kill, self.kill = self.kill, ""
        if kill == "before":
            raise Killed
        super().append(Entry.model_validate_json(entry.model_dump_json()))
        if kill == "after":
            raise Killed


class SessionMachine(RuleBasedStateMachine):
    """A small gate (60 % of 2 to 4) and small quotas, so that everything happens."""

    @initialize()
    def begin(self) -> None:
        self.journal = JsonJournal()
        policy = OperatorPolicy(window=4, min_attempts=2, threshold=0.6)
        self.bench = Bench(self.journal, quota=20, policy=policy)
        self.begun: dict[str, AttemptMark] = {}
        self.left: set[tuple[State, bool, bool, bool]] = set()  # kinds of states looked at
        self.bench.open_all()  # for op-1; op-2 is new

    def attempt(self, action: Callable[[], object]) -> None:
        self.bench.clock.advance(NS_PER_S)
        try:
            with contextlib.suppress(RequestRefused):
                action()
        except Killed:
            self.bench.start()

    def sign_in(self, operator: str) -> None:
        self.attempt(lambda: self.bench.session.sign_in(operator, operator))

    def preflight(self, fit: bool) -> None:
        self.attempt(lambda: self.bench.session.preflight(FIT if fit else ()))

    def arm(self) -> None:
        self.attempt(lambda: self.bench.session.arm("op-1"))

    def scene_ready(self) -> None:
        self.attempt(lambda: self.bench.session.scene_ready("op-1"))

    def countdown_over(self) -> None:
        self.attempt(self._countdown_over)

    def ask(self, which: str) -> None:
        self.attempt(lambda: getattr(self.bench.session, which)("op-1"))

    @rule(
        request=st.sampled_from(["sign_in", "preflight", "arm", "scene_ready", "countdown_over"]),
        operator=OPERATORS,
        fit=st.booleans(),
    )
    def any_step(self, request: str, operator: str, fit: bool) -> None:
        """Permitted or not."""
        given: dict[str, tuple[object, ...]] = {"sign_in": (operator,), "preflight": (fit,)}
        getattr(self, request)(*given.get(request, ()))

    def _countdown_over(self) -> None:
        session = self.bench.session
        mark = session.countdown_over()
        self.begun[mark.attempt_id] = mark
        if mark.phase == "collection":
            gate = self.bench.progress.gate(session.memory, mark.task_id)
            assert gate.is_open
        consent = self.bench.history.consent(mark.operator_id)
        assert consent is not None
        assert not consent.withdrawn
        assert session.episode_goal().phase == mark.phase

    def label(self, outcome: str, predicate: bool | None) -> None:
        self.attempt(
            lambda: self.bench.session.label(outcome, "op-1", predicate=predicate)  # type: ignore[arg-type]
        )

    @rule(
        outcomes=st.lists(
            st.sampled_from(["success", "success", "success", "failure", "discarded"]),
            min_size=8,
            max_size=30,
        ),
        operator=OPERATORS,
    )
    def go_on(self, outcomes: list[str], operator: str) -> None:
        """What people do on a good day, so that tasks open and quotas fill."""
        for outcome in outcomes:
            state = self.bench.session.state
            if state is State.SIGNED_OUT:
                self.sign_in(operator)
            elif state is State.PREFLIGHT:
                self.preflight(True)
            elif state in (State.RECORDING, State.DECIDING):
                self.label(outcome, None)
            elif state is State.ARMED:
                self.seal(True)
                self.scene_ready()
            elif state is State.COUNTDOWN:
                self.countdown_over()
            elif state is State.PAUSED:
                self.ask("resume")
            elif state is State.FAULT:
                self.ask("recover")
            elif state is State.RESETTING and outcome == "failure":
                self.scene_ready()
            else:
                self.arm()

    @rule(which=st.sampled_from(["end", "disarm", "pause", "resume", "recover", "sign_out"]))
    def ask_from_anywhere(self, which: str) -> None:
        self.ask(which)

    @rule(
        until=st.sampled_from(list(State)),
        which=st.sampled_from(
            [
                "end",
                "disarm",
                "pause",
                "sign_out",
                "restart",
                "faulted",
                "interrupted",
                "predicate",
                "refuse",
            ]
        ),
        outcome=st.sampled_from(["success", "failure", "discarded"]),
    )
    def interfere(self, until: State, which: str, outcome: str) -> None:
        """Work until the state is reached, then something comes between."""
        for _ in range(12):
            if self.bench.session.state is until:
                break
            if until is State.DECIDING and self.bench.session.state is State.RECORDING:
                self.ask("end")
            else:
                self.go_on([outcome], "op-1")
        if which == "restart":
            self.restart()
        elif which in ("faulted", "interrupted"):
            self.trouble(which)
        elif which == "refuse":
            self.preflight(False)
        elif which == "predicate":
            self.label(outcome, outcome == "failure")
        else:
            self.ask(which)

    def close(self, operator: str, task: str) -> None:
        self.attempt(lambda: self.bench.session.override(operator, task, False, "sup-1", "because"))

    @rule(until=st.sampled_from([State.COUNTDOWN, State.ARMED, State.COLLECTING]))
    def close_the_gate(self, until: State) -> None:
        """Just before a collected attempt begins, the supervisor closes its task."""
        for _ in range(16):
            memory = self.bench.session.memory
            choice = memory.choice
            if memory.state is until and choice is not None and choice.phase == "collection":
                self.close(memory.operator_id, choice.task_id)
                self.countdown_over()
                break
            # A failure here only lays the scene out before it arms.
            resetting = memory.state is State.RESETTING and until is State.COLLECTING
            self.go_on(["failure" if resetting else "success"], "op-1")

    @rule(which=st.sampled_from(["interrupted", "faulted"]))
    def trouble(self, which: str) -> None:
        self.attempt(lambda: getattr(self.bench.session, which)("something broke"))

    @rule(last=st.booleans())
    def seal(self, last: bool) -> None:
        ids = list(self.begun) or ["unknown"]
        wanted = self.bench.session.memory.sealing if last else ids[0]
        self.attempt(lambda: self.bench.seal(wanted))

    @rule(command=st.sampled_from(list(Command)), by_hand=st.booleans())
    def press(self, command: Command, by_hand: bool) -> None:
        """A key, a pedal, a button: whatever it comes to now."""
        self.attempt(lambda: carry_out(self.bench.session, command, "op-1", by_hand))

    @rule(outcome=st.sampled_from(["success", "failure", "discarded"]))
    def relabel(self, outcome: str) -> None:
        for attempt_id in list(self.begun):
            self.attempt(
                lambda wanted=attempt_id: self.bench.session.relabel(  # type: ignore[misc]
                    wanted, outcome, "op-1"
                )
            )

    @rule(operator=OPERATORS, opens=st.sampled_from([True, False, None]), which=st.integers(0, 3))
    def override(self, operator: str, opens: bool | None, which: int) -> None:
        plan = self.bench.session.memory.plan or ("open_drawer",)
        task = plan[which % len(plan)]
        self.attempt(lambda: self.bench.session.override(operator, task, opens, "sup-1", "because"))

    @rule(operator=OPERATORS, withdrawn=st.sampled_from([False, False, True]))
    def consent(self, operator: str, withdrawn: bool) -> None:
        self.bench.history.consents[operator] = Consent(reference="c", withdrawn=withdrawn)

    @rule(when=st.sampled_from(["before", "after"]))
    def kill_in_the_next_request(self, when: str) -> None:
        self.journal.kill = when

    @rule(until=st.sampled_from([State.RECORDING, State.COUNTDOWN, State.ARMED]))
    def die_in_the_attempt(self, until: State) -> None:
        for _ in range(12):
            if self.bench.session.state is until:
                break
            self.go_on(["success"], "op-1")
        self.restart()

    @rule()
    def restart(self) -> None:
        self.journal.kill = ""
        self.bench.start()

    @invariant()
    def no_attempt_is_lost(self) -> None:
        known = {mark.attempt_id: mark for mark in self.bench.history.all_marks()}
        assert set(self.begun) <= set(known)
        known = {key: mark for key, mark in known.items() if mark.session_id != "before"}
        in_hand = self.bench.session.memory.attempt_id
        for attempt_id, mark in known.items():
            assert (mark.outcome == "recording") == (attempt_id == in_hand)
        running = self.bench.session.state in (State.RECORDING, State.DECIDING)
        assert bool(in_hand) == running

    @invariant()
    def the_journal_knows_all_of_it(self) -> None:
        assert recalled(self.journal.entries()) == self.bench.session.memory

    @invariant()
    def what_is_permitted_is_the_tables(self) -> None:
        status = self.bench.session.status()
        assert status.permitted == permitted(status.state)
        assert set(status.permitted) <= set(REQUESTS)

    @invariant()
    def nobody_is_stranded(self) -> None:
        """From here, on a copy: sign out, sign in again with consent, record."""
        memory = self.bench.session.memory
        kind = (memory.state, memory.scene_ready, bool(memory.sealing), bool(memory.choice))
        if kind in self.left:
            return
        self.left.add(kind)
        copy = Bench(JsonJournal(), quota=20, policy=self.bench.policy)
        for entry in self.journal.entries():
            copy.journal.append(entry)
        for mark in self.bench.history.all_marks():
            copy.history.record(mark)
        for override in self.bench.history.overrides:
            copy.history.record_override(override)
        copy.clock.set(self.bench.clock.now_ns())
        session = copy.start()
        if session.state is State.DECIDING:
            session.label("failure", "op-1")
        if session.state is not State.SIGNED_OUT:
            session.sign_out("op-1")
        copy.work()
        assert copy.begin().outcome == "recording"
        assert session.state is State.RECORDING

    def teardown(self) -> None:
        for entry in self.journal.entries():
            SEEN.add((entry.start, entry.event))
        SEEN.update((mark.phase, mark.outcome) for mark in self.bench.history.all_marks())


def test_no_sequence_of_requests_and_crashes_breaks_the_workflow() -> None:
    run_state_machine_as_test(
        SessionMachine,
        settings=settings(
            derandomize=True,
            deadline=None,
            max_examples=100,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
        ),
    )
    for phase in ("practice", "collection"):
        assert {(phase, "success"), (phase, "failure"), (phase, "interrupted")} <= SEEN
    assert (State.COUNTDOWN, Event.TASK_CHANGED) in SEEN
    assert (State.RECORDING, Event.RESTARTED) in SEEN
