"""A session from sign-in to sign-out, and what survives the end of its process."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from station import FIT, Bench

from collector.episode import goal
from collector.workflow import history
from collector.workflow.history import Consent
from collector.workflow.journal import FileJournal, JournalError
from collector.workflow.memory import PreflightItem
from collector.workflow.state_machine import Event, RequestRefused, State
from collector.workflow.status import SessionStatus


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.work()
    return bench


def shown(bench: Bench) -> SessionStatus:
    return bench.session.status()


def test_outcomes_are_those_of_an_episode() -> None:
    words = (*goal.OUTCOMES, goal.RECORDING)
    assert set(words) == set(history.Outcome.__args__)  # type: ignore[attr-defined]


def test_nobody_works_without_consent() -> None:
    bench = Bench()
    with pytest.raises(RequestRefused, match="no consent of op-9 is on file: ask the supervisor"):
        bench.session.sign_in("op-9", "op-9")
    bench.history.consents["op-1"] = Consent(reference="c", withdrawn=True)
    with pytest.raises(RequestRefused, match="withdrawn"):
        bench.work()
    assert bench.session.state is State.SIGNED_OUT


def test_consent_withdrawn_in_the_countdown_records_nothing(bench: Bench) -> None:
    bench.session.arm("op-1")
    bench.session.scene_ready("op-1")
    bench.history.consents["op-1"] = Consent(reference="c", withdrawn=True)
    with pytest.raises(RequestRefused, match="the consent of op-1 is withdrawn"):
        bench.session.countdown_over()
    assert bench.session.state is State.RESETTING
    assert not bench.history.all_marks()


def test_the_preflight_refuses_with_what_to_do() -> None:
    bench = Bench()
    bench.session.sign_in("op-1", "op-1")
    dark = PreflightItem(name="light", level="refusal", sentence="too dark: switch on the lamp")
    assert not bench.session.preflight([*FIT, dark])
    assert bench.session.state is State.PREFLIGHT
    assert shown(bench).preflight[1].sentence == "too dark: switch on the lamp"
    assert not bench.session.preflight([])
    assert bench.session.preflight(FIT)
    assert bench.session.state is State.RESETTING


def test_a_session_has_3_to_5_types_and_begins_with_practice(bench: Bench) -> None:
    status = shown(bench)
    types = [task.task_type for task in status.tasks]
    assert 3 <= len(types) <= 5
    assert len(set(types)) == len(types)
    assert status.choice is not None
    assert status.choice.phase == "practice"
    assert "is to be practised before it is collected" in status.choice.explain()
    assert status.instruction
    assert any("Put the" in line for line in status.reset_directions)


def test_a_task_opens_after_practice_and_falls_back_when_it_fails(bench: Bench) -> None:
    practised = []
    while bench.session.memory.choice.phase == "practice":  # type: ignore[union-attr]
        practised.append(bench.attempt().task_id)
    plan = bench.session.memory.plan
    assert practised == [task for task in plan for _ in range(10)]  # each opens at its tenth
    first = bench.session.memory.choice
    assert first is not None
    for _ in range(2):
        assert bench.attempt("failure").phase == "collection"
    again = bench.session.memory.choice
    assert again is not None
    assert (again.task_id, again.phase) == (first.task_id, "practice")
    assert "goes back to practice: 10 of the last 12 attempts succeeded" in shown(bench).remark


def test_blocks_are_of_10_to_15_and_never_twice_of_a_type(bench: Bench) -> None:
    bench.open_all()
    bench.session.sign_out("op-1")
    bench.work()
    tasks = [bench.attempt() for _ in range(120)]
    assert {mark.phase for mark in tasks} == {"collection"}
    blocks: list[list[str]] = []
    for mark in tasks:
        if not blocks or blocks[-1][0] != mark.task_id:
            blocks.append([])
        blocks[-1].append(mark.task_id)
    assert all(10 <= len(block) <= 15 for block in blocks[:-1])
    kinds = [bench.library.find(block[0]).task_type for block in blocks]
    assert all(one != other for one, other in itertools.pairwise(kinds))


def test_every_attempt_has_a_fresh_layout(bench: Bench) -> None:
    seeds = [bench.attempt().layout_seed for _ in range(60)]
    assert len(set(seeds)) == 60


def test_the_next_attempt_is_armed_while_the_last_one_is_sealed(bench: Bench) -> None:
    mark = bench.begin()
    bench.session.label("success", "op-1")
    bench.session.arm("op-1")
    bench.session.scene_ready("op-1")
    assert bench.session.state is State.ARMED
    assert shown(bench).sealing == mark.attempt_id
    bench.seal(mark.attempt_id)
    assert bench.session.state is State.COUNTDOWN
    assert bench.session.countdown_over().attempt_id != mark.attempt_id


def test_what_is_recorded_says_who_what_and_by_which_consent(bench: Bench) -> None:
    mark = bench.begin()
    wanted = bench.session.episode_goal()
    assert wanted.phase == "practice"
    assert (wanted.collector_id, wanted.consent) == ("op-1", "consent of op-1")
    assert (wanted.session_id, wanted.task_id) == (mark.session_id, mark.task_id)
    assert wanted.layout_seed == mark.layout_seed
    bench.session.end("op-1")
    with pytest.raises(RequestRefused, match="nothing to record"):
        bench.session.episode_goal()


def test_a_discard_can_be_undone_until_sign_out(bench: Bench) -> None:
    mark = bench.attempt("discarded", reason="cable in the picture")
    assert shown(bench).marks[0].reason == "cable in the picture"
    bench.session.relabel(mark.attempt_id, "success", "op-1")
    assert shown(bench).marks[0].outcome == "success"
    with pytest.raises(RequestRefused, match="marked success: only a discarded or unlabelled"):
        bench.session.relabel(mark.attempt_id, "failure", "op-1")
    other = bench.attempt("discarded")
    bench.session.sign_out("op-1")
    with pytest.raises(RequestRefused, match="nobody is signed in"):
        bench.session.relabel(other.attempt_id, "success", "op-1")
    bench.work()
    with pytest.raises(RequestRefused, match="no attempt of this session"):
        bench.session.relabel(other.attempt_id, "success", "op-1")


def test_a_fault_interrupts_what_is_recorded_and_asks_for_a_new_preflight(bench: Bench) -> None:
    mark = bench.begin()
    bench.session.faulted("the wrist camera is lost: see to its cable")
    status = shown(bench)
    assert status.state is State.FAULT
    assert status.trouble == "the wrist camera is lost: see to its cable"
    assert status.marks[0].outcome == "interrupted"
    bench.session.recover("op-1")
    assert bench.session.state is State.PREFLIGHT
    bench.session.preflight(FIT)
    assert bench.begin().attempt_id != mark.attempt_id


def test_a_fault_before_the_label_leaves_an_attempt_that_can_be_labelled(bench: Bench) -> None:
    mark = bench.begin()
    bench.session.end("op-1")
    bench.session.faulted("the arm is lost")
    assert shown(bench).marks[0].outcome == "unlabelled"
    bench.session.relabel(mark.attempt_id, "failure", "op-1")
    assert shown(bench).marks[0].outcome == "failure"


def test_a_pause_asks_for_the_scene_again(bench: Bench) -> None:
    bench.session.scene_ready("op-1")
    bench.session.pause("op-1", "coffee")
    assert shown(bench).trouble == "coffee"
    bench.session.resume("op-1")
    assert bench.session.state is State.RESETTING
    assert not shown(bench).scene_ready


def test_a_supervisor_overrides_with_a_reason_that_is_shown(bench: Bench) -> None:
    task = bench.session.memory.plan[0]
    with pytest.raises(RequestRefused, match="op-1 may not override the gate: ask a supervisor"):
        bench.session.override("op-1", task, True, "op-1", "I can do it")
    with pytest.raises(RequestRefused, match="needs a reason"):
        bench.session.override("op-1", task, True, "sup-1", "  ")
    bench.session.override("op-1", task, True, "sup-1", "trained elsewhere")
    assert any("opened by sup-1: trained elsewhere" in flag for flag in shown(bench).flags)
    with pytest.raises(RequestRefused, match="is open for collection: opened by sup-1"):
        bench.session.scene_ready("op-1")  # laid out for the practice that is over
    assert shown(bench).tasks[0].gate.is_open


def test_an_override_taken_back_in_the_countdown_records_no_collection(bench: Bench) -> None:
    plan = bench.session.memory.plan
    for task in plan:
        bench.session.override("op-1", task, True, "sup-1", "a test")
    bench.session.arm("op-1")
    bench.session.scene_ready("op-1")
    assert bench.session.memory.choice.phase == "collection"  # type: ignore[union-attr]
    for task in plan:
        bench.session.override("op-1", task, None, "sup-1", "the test is over")
    with pytest.raises(RequestRefused, match="goes back to practice"):
        bench.session.countdown_over()
    assert bench.begin().phase == "practice"


def test_a_quota_met_elsewhere_ends_the_block() -> None:
    bench = Bench(quota=3)
    bench.open_all()
    bench.work()
    while bench.session.memory.choice.phase == "collection":  # type: ignore[union-attr]
        bench.attempt()
    status = shown(bench)
    assert all(task.collected == 3 for task in status.tasks)
    assert status.choice is not None
    assert status.choice.reason.startswith("Every quota of this session is met")
    assert bench.attempt().phase == "practice"  # and still there is a way to record


@pytest.mark.parametrize(
    ("at", "comes_back"),
    [
        (State.PREFLIGHT, State.PREFLIGHT),
        (State.RESETTING, State.RESETTING),
        (State.ARMED, State.RESETTING),
        (State.PRACTICE, State.RESETTING),
        (State.COUNTDOWN, State.RESETTING),
        (State.RECORDING, State.RESETTING),
        (State.DECIDING, State.DECIDING),
        (State.PAUSED, State.PAUSED),
        (State.FAULT, State.FAULT),
        (State.SIGNED_OUT, State.SIGNED_OUT),
    ],
)
def test_a_killed_session_comes_back(tmp_path: Path, at: State, comes_back: State) -> None:
    path = tmp_path / "journal.jsonl"
    bench = Bench(FileJournal(path))
    session = bench.session
    session.sign_in("op-1", "op-1")
    steps = {
        State.PREFLIGHT: [],
        State.RESETTING: [lambda: session.preflight(FIT)],
        State.PRACTICE: [lambda: session.preflight(FIT), lambda: session.scene_ready("op-1")],
    }
    for step in steps.get(at, [lambda: session.preflight(FIT)]):
        step()
    if at is State.ARMED:
        session.arm("op-1")
    elif at is State.COUNTDOWN:
        session.arm("op-1")
        session.scene_ready("op-1")
    elif at in (State.RECORDING, State.DECIDING):
        bench.begin()
        if at is State.DECIDING:
            session.end("op-1")
    elif at is State.PAUSED:
        session.pause("op-1")
    elif at is State.FAULT:
        session.faulted("the arm is lost")
    elif at is State.SIGNED_OUT:
        session.sign_out("op-1")
    assert session.state is at
    before = session.memory

    bench.journal = FileJournal(path)
    bench.start()
    assert bench.session.state is comes_back
    assert bench.session.memory.session_id == before.session_id
    assert bench.session.memory.plan == before.plan
    outcomes = {"interrupted"} if at is State.RECORDING else set()
    if at is State.DECIDING:
        outcomes = {"recording"}
        bench.session.label("success", "op-1")
        assert bench.session.state is State.RESETTING
    assert {mark.outcome for mark in before.marks.values()} <= {"recording"}
    if at is State.RECORDING:
        assert {m.outcome for m in bench.session.memory.marks.values()} == outcomes
        assert {m.outcome for m in bench.history.all_marks()} == outcomes


def test_a_history_that_missed_the_end_hears_it_after_the_restart(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    bench = Bench(FileJournal(path))
    bench.work()
    mark = bench.attempt("failure")
    empty = Bench(FileJournal(path))
    assert [m.outcome for m in empty.history.all_marks()] == ["failure"]
    assert empty.session.memory.marks[mark.attempt_id].episode_id == "episode-1"


def test_a_line_torn_by_a_kill_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    bench = Bench(FileJournal(path))
    bench.work()
    whole = path.read_bytes()
    for torn in (b"{", whole.splitlines()[0]):
        path.write_bytes(whole + torn)
        assert len(FileJournal(path).entries()) == len(whole.splitlines())
        assert path.read_bytes() == whole


def test_a_damaged_line_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text("{}\n", encoding="utf-8")
    with pytest.raises(JournalError, match=r"journal.jsonl:1: not a line of a session's journal"):
        Bench(FileJournal(path))


def test_a_full_disk_refuses_and_changes_nothing(bench: Bench) -> None:
    def full(entry: object) -> None:
        raise JournalError("journal: cannot be written: make room on the disk")

    before = bench.session.memory
    bench.journal.append = full  # type: ignore[method-assign]
    with pytest.raises(JournalError, match="make room"):
        bench.session.arm("op-1")
    assert bench.session.memory == before


def test_what_is_sealed_late_is_kept_after_the_next_sign_in(bench: Bench) -> None:
    mark = bench.begin()
    bench.session.label("success", "op-1")
    bench.session.sign_out("op-1")
    bench.work("op-2")
    bench.seal(mark.attempt_id)
    (known,) = bench.history.marks("op-1", mark.task_id)
    assert (known.outcome, known.episode_id) == ("success", "episode-1")
    with pytest.raises(RequestRefused, match="no attempt 'x'"):
        bench.seal("x")


def test_every_transition_says_who_and_why(bench: Bench) -> None:
    heard: list[tuple[Event, str, str]] = []
    bench.session.listen(lambda entry: heard.append((entry.event, entry.who, entry.why)))
    bench.attempt("discarded", reason="bumped the table")
    assert (Event.DISCARD, "op-1", "bumped the table") in heard
    assert (Event.BEGIN_COUNTDOWN, "station", "") in heard
    assert len(bench.journal.entries()) == 2 + len(heard)


def test_the_status_is_plain_json(bench: Bench) -> None:
    bench.attempt()
    status = shown(bench)
    assert SessionStatus.model_validate_json(status.model_dump_json()) == status
