import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_attempt import PERIOD_NS, START_NS, Attempt, attempt

from collector.feedback.measures import (
    AttemptMeasurement,
    Best,
    Measures,
    best_of,
    best_of_stored,
)


def test_rest_before_within_and_after_is_told_apart():
    m = attempt([(0, 2), (0.2, 2), (0, 4), (0.2, 2), (0, 1)]).measured()
    assert m.duration_s == pytest.approx(11.2)  # 56 steps of 0.2 s
    # The ends of a bell-shaped movement are slower than rest is: some tenths go either way.
    assert m.idle_before_s == pytest.approx(2, abs=0.21)
    assert m.idle_within_s == pytest.approx(4, abs=0.41)
    assert m.idle_after_s == pytest.approx(1, abs=0.21)
    assert m.idle_share == pytest.approx(m.idle_s / m.duration_s)
    assert m.movements == 2


def test_the_path_is_what_the_arm_travelled():
    m = attempt([(0.3, 2), (0, 1), (0.2, 2), (0, 1)]).measured()
    assert m.path_m == pytest.approx(0.5, abs=1e-6)


def test_waiting_for_the_fingers_is_not_idle():
    held = attempt([(0.2, 2), (0, 2), (0.2, 2)])
    gripping = attempt([(0.2, 2), (0, 2), (0.2, 2)], grips=[(2.5, 1.0)])
    assert gripping.measured().idle_within_s == pytest.approx(held.measured().idle_within_s - 0.2)


def test_an_attempt_without_motion_is_all_waiting():
    m = attempt([(0, 3)]).measured()
    assert (m.idle_before_s, m.idle_within_s, m.idle_after_s) == pytest.approx((3, 0, 0))
    assert m.path_m == 0
    assert m.smoothness is None
    assert m.movements == 0


def test_an_attempt_that_has_not_begun_has_no_numbers():
    m = AttemptMeasurement(PERIOD_NS).measures()
    assert (m.steps, m.duration_s, m.idle_share, m.clipped_share, m.gap_share) == (0, 0, 0, 0, 0)


def test_a_period_must_be_positive():
    with pytest.raises(ValueError, match="period"):
        AttemptMeasurement(0)


def test_clipped_actions_are_a_share_of_the_actions():
    m = attempt([(0.2, 2)], clipped_steps=frozenset({0, 3, 4})).measured()
    assert m.steps == 11
    assert m.clipped_share == pytest.approx(2 / 10)  # what came before the first step is no action


@pytest.mark.parametrize(
    ("grips", "reversals"),
    [
        ([], 0),
        ([(1, 1.0)], 0),
        ([(1, 1.0), (2, 0.0)], 1),
        ([(1, 1.0), (1.05, 0.0), (1.1, 1.0)], 2),  # between two steps of the grid
        ([(1, 0.45), (2, 0.55), (3, 0.45)], 0),  # wavers about the middle
        ([(0, 1.0), (1, 0.0), (2, 1.0)], 1),  # begins closed
    ],
)
def test_reversals_count_changes_of_direction(grips, reversals):
    assert attempt([(0.4, 4)], grips=grips).measured().gripper_reversals == reversals


def test_a_short_stop_costs_smoothness_and_a_pause_begins_a_new_movement():
    smooth = attempt([(0.4, 2), (0, 1)]).measured()
    stopped = attempt([(0.2, 1), (0, 0.2), (0.2, 1), (0, 1)]).measured()
    paused = attempt([(0.2, 1), (0, 1), (0.2, 1), (0, 1)]).measured()
    assert (smooth.movements, stopped.movements, paused.movements) == (1, 1, 2)
    assert stopped.smoothness < smooth.smoothness - 0.3
    assert paused.smoothness == pytest.approx(smooth.smoothness, abs=0.1)


def test_a_gap_is_neither_path_nor_rest():
    parts = [(0.4, 4)]
    whole = attempt(parts).measured()
    gaps = attempt(parts, gap_steps=frozenset({10})).measured()
    assert gaps.gap_share == pytest.approx(2 / 21)  # the gap, and the step with no way to it
    assert gaps.path_m < whole.path_m
    assert gaps.idle_s == whole.idle_s


def test_a_world_that_is_laid_out_anew_is_no_movement():
    made = attempt([(0, 1), (0.3, 2), (0, 1)])
    leapt = Attempt(made.positions.copy(), made.grippers)
    leapt.positions[:50] += 0.5
    assert leapt.measured().smoothness == pytest.approx(made.measured().smoothness)
    assert leapt.measured().movements == 1


def test_samples_before_the_first_step_do_not_count():
    made = attempt([(0.3, 2), (0, 1)])
    late = AttemptMeasurement(PERIOD_NS)
    for sample in made.samples():
        late.on_sample(sample)
    for step in made.steps()[5:]:
        late.on_step(step)
    cut = Attempt(made.positions[100:], made.grippers[100:]).measured()
    assert late.measures().smoothness == pytest.approx(cut.smoothness)


@st.composite
def attempts(draw):
    part = st.tuples(st.sampled_from([0.0, 0.05, 0.2]), st.sampled_from([0.3, 0.7, 1.3]))
    parts = draw(st.lists(part, min_size=1, max_size=5))
    seconds = sum(s for _, s in parts)
    grip = st.tuples(st.floats(0, seconds), st.sampled_from([0.0, 0.5, 1.0]))
    some = st.frozensets(st.integers(0, 20), max_size=4)
    made = attempt(
        parts,
        grips=sorted(draw(st.lists(grip, max_size=4))),
        clipped_steps=draw(some),
        gap_steps=draw(some),
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    made.positions[:, 1:] += np.cumsum(rng.normal(0, 2e-5, (len(made.positions), 2)), axis=0)
    return made


@settings(max_examples=40, deadline=None)
@given(attempts(), st.randoms(use_true_random=False))
def test_live_numbers_are_those_of_the_whole_attempt(made, random):
    """Whatever the order in which steps and samples reach it, and however often it is asked."""
    live = AttemptMeasurement(PERIOD_NS)
    samples, steps = made.samples(), made.steps()
    while samples or steps:
        if samples and (not steps or random.random() < 0.9):
            live.on_sample(samples.pop(0))
        else:
            live.on_step(steps.pop(0))
            assert live.live().steps == live.measures().steps
    assert live.measures() == made.measured()


@settings(max_examples=40, deadline=None)
@given(attempts())
def test_the_sums_are_those_of_the_whole_arrays(made):
    """Against the definitions, written over whole arrays."""
    m, steps = made.measured(), made.steps()
    known = np.array([s.arm is not None for s in steps])
    at = np.array([s.arm.ee_pose[:3] if s.arm else np.full(3, np.nan) for s in steps])
    target = np.array([s.arm.target_pose[:3] if s.arm else np.full(3, np.nan) for s in steps])
    grip = np.array([s.arm.gripper_command if s.arm else np.nan for s in steps])
    both = known[1:] & known[:-1]
    assert m.path_m == pytest.approx(np.nansum(np.linalg.norm(np.diff(at, axis=0), axis=1)))
    moving = (np.linalg.norm(np.diff(target, axis=0), axis=1) > 0.002) | (np.diff(grip) != 0)
    assert m.idle_s == pytest.approx(0.2 * np.count_nonzero(both & ~moving))
    lost = ~known | (known & ~np.append(known[1:], True))
    assert m.gap_share == pytest.approx(lost.mean())


def test_the_best_is_of_whole_successes_each_number_by_itself():
    straight = attempt([(0.3, 4), (0, 1)]).measured()
    quick = attempt([(0.4, 2), (0, 1)]).measured()
    broken = attempt([(0.1, 1)], gap_steps=frozenset({2})).measured()
    best = best_of([straight, quick, broken])
    assert best.path_m == straight.path_m
    assert best.duration_s == quick.duration_s
    assert best_of([broken]) == best_of([])


def test_stamps_of_a_station_are_exact():
    """Nanoseconds since 1970 do not fit a float; the same attempt a year later is the same."""
    made = attempt([(0.3, 2), (0, 1)])
    assert made.samples()[-1].stamp_ns - START_NS == 3 * 10**9
    a, b = AttemptMeasurement(PERIOD_NS), AttemptMeasurement(PERIOD_NS)
    for sample in made.samples():
        a.on_sample(sample)
        b._add_sample(sample.stamp_ns - START_NS, sample.target_pose[:3], sample.gripper_command)
    for step in made.steps():
        a.on_step(step)
        arm = step.arm
        b._add_step(
            step.stamp_ns - START_NS, arm.ee_pose, arm.target_pose, 0.0, False, False, False
        )
    assert a.measures() == b.measures()


def test_stored_measures_are_read_back_as_they_were():
    m = attempt([(0, 1), (0.3, 2), (0, 1)], grips=[(1, 1.0)]).measured()
    assert Measures.from_dict(json.loads(json.dumps(m.as_dict()))) == m
    still = attempt([(0, 1)]).measured()
    assert Measures.from_dict(json.loads(json.dumps(still.as_dict()))) == still


@pytest.mark.parametrize(
    "change",
    [{"path_m": "long"}, {"path_m": None}, {"steps": 1.5}, {"jerk": 3.0}, {"steps": ...}],
    ids=str,
)
def test_what_are_no_measures_is_refused(change):
    values = attempt([(0.3, 2)]).measured().as_dict() | change
    values = {key: value for key, value in values.items() if value is not ...}
    with pytest.raises(ValueError, match=next(iter(change))):
        Measures.from_dict(values)


def test_the_best_comes_from_what_is_stored_and_can_be_read():
    fast = attempt([(0.4, 1)]).measured()
    short = attempt([(0.3, 2)]).measured()
    stored = [fast.as_dict(), None, {}, short.as_dict(), {"version": 9}, short.as_dict() | {"a": 1}]
    best = best_of_stored(stored)
    assert best == best_of([fast, short])
    assert best_of_stored([]) == Best()
    assert Best.from_dict(json.loads(json.dumps(best.as_dict()))) == best
