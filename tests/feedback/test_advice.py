from dataclasses import replace

import pytest
from made_up_attempt import attempt

from collector.feedback.advice import advice, findings, live_advice
from collector.feedback.measures import AttemptMeasurement, Best, best_of

GOOD = replace(
    attempt([(0, 0.6), (0.3, 3), (0, 0.4), (0.3, 3)], grips=[(3.7, 1.0)]).measured(),
    smoothness=-1.6,
)
BEST = Best(duration_s=7.0, path_m=0.6, smoothness=-1.5, gripper_reversals=1)


def test_nothing_is_said_when_all_is_good():
    assert advice(GOOD) == ""
    assert advice(GOOD, BEST) == ""
    assert advice(GOOD, best_of([GOOD])) == ""


def test_nothing_is_said_of_an_attempt_that_has_not_begun():
    assert advice(AttemptMeasurement(1).measures(), BEST) == ""


@pytest.mark.parametrize(
    ("changes", "measure", "words"),
    [
        ({"idle_before_s": 5.0}, "idle_before_s", "waited 5 s before"),
        ({"idle_within_s": 4.0, "duration_s": 12.0}, "idle_within_s", "paused 4 s of 12 s"),
        ({"idle_after_s": 3.0}, "idle_after_s", "still for 3 s at the end"),
        ({"clipped_share": 0.2}, "clipped_share", "20 % of the steps"),
        ({"path_m": 1.5}, "path_m", "1.50 m, your best is 0.60 m"),
        ({"duration_s": 20.0}, "duration_s", "took 20 s, your best is 7 s"),
        ({"gripper_reversals": 3}, "gripper_reversals", "3 times"),
        ({"smoothness": -2.5}, "smoothness", "one even movement"),
    ],
)
def test_each_fault_is_named_in_one_line(changes, measure, words):
    sentence = advice(replace(GOOD, **changes), BEST)
    assert [f.measure for f in findings(replace(GOOD, **changes), BEST)] == [measure]
    assert words in sentence
    assert "\n" not in sentence
    assert len(sentence) < 120
    assert ": " in sentence  # what was wrong, then what to do


def test_the_most_telling_comes_first():
    bad = replace(GOOD, idle_before_s=2.2, clipped_share=0.4)
    assert [f.measure for f in findings(bad)] == ["clipped_share", "idle_before_s"]
    assert advice(bad) == findings(bad)[0].sentence


def test_without_a_best_the_first_attempts_are_judged_by_what_holds_for_everyone():
    assert advice(replace(GOOD, path_m=9.0, duration_s=60.0)) == ""
    assert "changed its mind" in advice(replace(GOOD, gripper_reversals=4))
    assert advice(replace(GOOD, gripper_reversals=3)) == ""
    assert "stopped and started" in advice(replace(GOOD, smoothness=-6.0))


def test_while_it_runs_only_what_will_not_go_away_is_told():
    slow = replace(GOOD, duration_s=20.0, idle_before_s=5.0, idle_after_s=9.0, path_m=3.0)
    assert advice(slow, BEST) != ""
    assert live_advice(slow, BEST) == ""
    assert "20 % of the steps" in live_advice(replace(slow, clipped_share=0.2), BEST)
    assert "changed its mind" in live_advice(replace(slow, gripper_reversals=4), BEST)


def test_the_first_steps_are_too_few_to_judge():
    assert live_advice(replace(GOOD, steps=9, clipped_share=0.5)) == ""
    assert live_advice(replace(GOOD, steps=10, clipped_share=0.5)) != ""
