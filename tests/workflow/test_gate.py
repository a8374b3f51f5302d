"""The gate opens at the policy's success, falls below it, and says how far it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marks import marks, repeatable
from scipy.stats import binomtest

from collector.station.description import OperatorPolicy
from collector.workflow.gate import GateState, judge, successes_to_open, wilson_interval
from collector.workflow.history import AttemptMark, Override

POLICY = OperatorPolicy()


def gate(letters: str, policy: OperatorPolicy = POLICY) -> GateState:
    return judge("op-1", "open_drawer", marks(letters), policy)


@pytest.mark.parametrize(
    ("letters", "is_open"),
    [
        ("", False),
        ("s" * 9, False),  # fewer than 10 attempts
        ("s" * 10, True),
        ("s" * 17 + "f" * 3, True),  # 85 % exactly
        ("s" * 16 + "f" * 4, False),
        ("f" * 100 + "s" * 16, False),
        ("f" * 100 + "s" * 17, True),
        ("f" * 100 + "s" * 20, True),  # old failures are forgotten
        ("s" * 100 + "f" * 4, False),  # old successes too
    ],
)
def test_it_opens_at_85_percent_of_the_last_20_and_not_before_10(
    letters: str, is_open: bool
) -> None:
    assert gate(letters).is_open is is_open


def test_a_task_falls_back_and_opens_again() -> None:
    letters, seen = "s" * 10, []
    for letter in "fff" + "s" * 10:
        letters += letter
        seen.append(gate(letters).is_open)
    # 10/11, 10/12 (83 %), 10/13, then up: 17 of 20 at last.
    assert seen == [True, False, False, *[False] * 6, True, True, True, True]


@pytest.mark.parametrize("letters", ["d", "i", "u"])
def test_what_is_not_labelled_neither_raises_nor_lowers_the_rate(letters: str) -> None:
    before, after = gate("sssffsssss"), gate("sssff" + letters * 30 + "sssss" + letters)
    assert (after.successes, after.attempts, after.rate) == (8, 10, 0.8)
    assert after.is_open is before.is_open is False


def test_a_suspicious_share_of_discards_is_flagged() -> None:
    assert not gate("ssssssss" + "dd").discards_suspicious  # 20 % exactly
    flagged = gate("sssssss" + "ddd")
    assert flagged.discards_suspicious
    assert (flagged.discards, flagged.discard_share) == (3, 0.3)
    assert not gate("sd").discards_suspicious  # too few to tell


def test_a_label_that_the_simulator_or_the_reviewer_contradicts_is_no_success() -> None:
    honest = marks("s" * 8)
    for contradiction in ({"predicate": False}, {"verdict": False}):
        state = judge("op-1", "open_drawer", honest + marks("ss", **contradiction), POLICY)
        assert (state.successes, state.attempts, state.contradicted) == (8, 10, 2)
        assert not state.is_open


def test_a_failure_stays_one_whatever_the_simulator_says() -> None:
    state = judge("op-1", "open_drawer", marks("f" * 10, predicate=True), POLICY)
    assert (state.successes, state.contradicted) == (0, 0)


def word(opens: bool | None) -> Override:
    return Override(
        operator_id="op-1", task_id="t", opens=opens, by="sup-1", reason="knows it", at_ns=1
    )


def test_a_supervisor_opens_and_closes_it_and_that_is_shown() -> None:
    opened = judge("op-1", "t", [], POLICY, word(True))
    assert opened.is_open
    assert opened.sentence() == "opened by sup-1: knows it (no attempt yet)"
    closed = judge("op-1", "t", marks("s" * 20), POLICY, word(False))
    assert not closed.is_open
    assert closed.sentence().startswith("closed by sup-1: knows it (20 of the last 20")
    assert judge("op-1", "t", marks("s" * 20), POLICY, word(None)).is_open


def test_it_says_how_far_it_is() -> None:
    assert gate("s" * 9).sentence().endswith("; 1 success would open it")
    assert "7 successes in a row would open it" in gate("ssssssssfff" + "ss").sentence()
    opened = gate("s" * 10).sentence()
    assert opened == "10 of the last 10 attempts succeeded, 85% are asked for"


policies = st.integers(1, 25).flatmap(
    lambda window: st.builds(
        OperatorPolicy,
        window=st.just(window),
        min_attempts=st.integers(1, window),
        threshold=st.sampled_from([0.0, 0.5, 0.7, 0.85, 0.9, 1.0]),
    )
)


@repeatable
@given(st.lists(st.booleans(), max_size=40), policies)
def test_so_many_successes_open_it_and_one_less_does_not(
    results: list[bool], policy: OperatorPolicy
) -> None:
    letters = "".join("s" if success else "f" for success in results)
    needed = successes_to_open(results, policy)
    assert gate(letters + "s" * needed, policy).is_open
    for fewer in range(needed):
        assert not gate(letters + "s" * fewer, policy).is_open


@repeatable
@given(st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_wilsons(counts: tuple[int, int]) -> None:
    successes, attempts = counts
    low, high = wilson_interval(successes, attempts)
    if attempts == 0:
        assert (low, high) == (0, 1)
        return
    expected = binomtest(successes, attempts).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_only_the_last_attempts_are_looked_at() -> None:
    long: list[AttemptMark] = marks("f" * 5000 + "s" * 20)
    assert judge("op-1", "open_drawer", long, POLICY).rate == 1.0
