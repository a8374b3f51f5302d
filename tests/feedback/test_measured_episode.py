from dataclasses import replace
from pathlib import Path

import pytest
from episode_factory import GOAL, events, record, recorder
from episode_factory import step as camera_steps
from made_up_attempt import PERIOD_NS, attempt

from collector.episode.reader import EpisodeReader
from collector.feedback.measures import AttemptMeasurement, measure_episode


def test_a_recorded_episode_has_the_numbers_that_were_shown_live(tmp_path):
    live = AttemptMeasurement(PERIOD_NS)
    for event in events(30):
        if event.kind == "step":
            live.on_step(event.value)
        elif event.kind == "arm":
            live.on_sample(event.value)
    sealed = record(tmp_path, steps=30)
    with EpisodeReader(Path(sealed.path)) as episode:
        measured = measure_episode(episode)
    assert measured == live.measures()
    assert measured.steps == 30
    assert measured.clipped_share == pytest.approx(3 / 29)
    assert measured.gripper_reversals == 4
    assert measured.smoothness is not None


def test_gaps_and_clipping_come_back_from_the_file(tmp_path):
    made = attempt(
        [(0, 1), (0.3, 2), (0, 1)],
        grips=[(3.2, 1.0)],
        clipped_steps=frozenset({6, 7}),
        gap_steps=frozenset({9}),
    )
    target = recorder(tmp_path)
    target.begin(GOAL)
    # Each step after its samples, as the synchronizer does.
    samples = made.samples()
    for step in made.steps():
        while samples and samples[0].stamp_ns <= step.stamp_ns:
            target.add_arm_sample(samples.pop(0))
        target.add_step(replace(step, cameras=camera_steps(step.index).cameras))
    sealed = target.finish("success")
    with EpisodeReader(Path(sealed.path)) as episode:
        assert measure_episode(episode) == made.measured()
