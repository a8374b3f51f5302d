"""Streams and clocks that misbehave: the step is right, or it is a gap that says why."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from collector.arm.sample import ArmStatus
from collector.clock import NS_PER_MS, NS_PER_S
from collector.synchronization.camera_stream import CameraSettings, frame_digest


def by_tick(station, steps):
    """Steps by their tick in whole ms after the start."""
    return {(s.stamp_ns - station.START_NS) // NS_PER_MS: s for s in steps}


def without(events, stream, begin_ms, end_ms, start_ns):
    return [
        e
        for e in events
        if e.stream != stream or not begin_ms <= (e.stamp_ns - start_ns) / NS_PER_MS < end_ms
    ]


def test_a_camera_that_stops_and_returns(station) -> None:
    events = without(station.normal(-300, 4000), "static", 1000, 2200, station.START_NS)
    synchronizer = station.synchronizer()
    steps = by_tick(station, station.play(synchronizer, events, 3900, from_ms=-90))
    for tick in (1200, 1400, 1600, 1800, 2000):
        assert steps[tick].is_gap
        assert steps[tick].cameras[0].image is None
        assert steps[tick].cameras[1].image is not None  # the other camera is not concerned
    assert steps[1400].gap_reasons == ("static camera: 487 ms without a frame",)
    assert not any(steps[t].is_gap for t in (0, 600, 800, 2200, 2400, 3000))
    assert steps[2200].cameras[0].dropped + steps[2000].cameras[0].dropped == 12
    assert synchronizer.statistics().dropped == 12


def test_a_camera_that_never_comes(station) -> None:
    events = [e for e in station.normal(-300, 1000) if e.stream != "wrist"]
    steps = station.play(station.synchronizer(), events, 900, from_ms=-90)
    assert steps
    assert {s.gap_reasons for s in steps} == {("wrist camera: no frame yet",)}


def test_an_arm_that_pauses(station) -> None:
    events = without(station.normal(-300, 2000), "arm", 370, 450, station.START_NS)
    steps = by_tick(station, station.play(station.synchronizer(), events, 1900, from_ms=-90))
    assert steps[400].arm is None
    assert steps[400].gap_reasons == ("arm: 90 ms without a sample",)
    assert not steps[200].is_gap
    assert not steps[600].is_gap


def test_an_arm_pause_between_two_ticks_is_no_gap(station) -> None:
    events = without(station.normal(-300, 2000), "arm", 420, 580, station.START_NS)
    steps = station.play(station.synchronizer(), events, 1900, from_ms=-90)
    assert not any(s.is_gap for s in steps)


def test_an_arm_that_stays_away(station) -> None:
    events = without(station.normal(-300, 2000), "arm", 350, 9000, station.START_NS)
    steps = by_tick(station, station.play(station.synchronizer(), events, 1900, from_ms=-90))
    assert steps[600].gap_reasons == ("arm: 257 ms without a sample, and none since",)


def test_what_a_lost_arm_repeats_is_not_data(station) -> None:
    events = []
    for event in station.normal(-300, 2000):
        if event.sample is not None and event.stamp_ns >= station.START_NS + 350 * NS_PER_MS:
            sample = dataclasses.replace(event.sample, status=ArmStatus.LOST)
            event = dataclasses.replace(event, sample=sample)  # noqa: PLW2901
        events.append(event)
    steps = by_tick(station, station.play(station.synchronizer(), events, 1900, from_ms=-90))
    assert not steps[200].is_gap
    assert steps[600].gap_reasons == ("arm: its driver sends nothing",)


def test_frames_that_arrive_too_late_are_counted_and_change_nothing(station) -> None:
    events = []
    for event in station.normal(-300, 2000):
        at_ms = (event.stamp_ns - station.START_NS) / NS_PER_MS
        if event.stream == "static" and 300 <= at_ms < 520:
            event = dataclasses.replace(event, arrival_ns=event.stamp_ns + 700 * NS_PER_MS)  # noqa: PLW2901
        events.append(event)
    synchronizer = station.synchronizer()
    steps = by_tick(station, station.play(synchronizer, events, 1900, from_ms=-90))
    assert steps[400].is_gap
    statistics = synchronizer.statistics().streams["static"]
    assert statistics.late == 3
    assert statistics.dropped == 0  # late is not lost
    assert not any(steps[t].is_gap for t in (200, 600, 800, 1000))


def test_duplicates_are_counted_once_each(station) -> None:
    events = station.normal(-300, 1000)
    twice = [
        dataclasses.replace(e, arrival_ns=e.arrival_ns + 3 * NS_PER_MS)
        for e in events
        if e.stamp_ns % 7 == 0
    ]
    synchronizer = station.synchronizer()
    steps = station.play(synchronizer, [*events, *twice], 900, from_ms=-90)
    assert not any(s.is_gap for s in steps)
    statistics = synchronizer.statistics()
    assert statistics.duplicates + statistics.late >= len(twice) // 2
    assert statistics.dropped == 0


def test_dropped_frames_are_counted_by_the_device_counter(station) -> None:
    events = station.camera("static", -187, 1000, fps=30, counter=500)
    kept = [e for k, e in enumerate(events) if k % 3]
    lost = len([e for e in events[1:-1] if e not in kept])
    synchronizer = station.synchronizer({"static": 30.0})
    steps = station.play(synchronizer, [*kept, *station.arm(-200, 1500)], 1490, from_ms=-150)
    assert abs(synchronizer.statistics().dropped - lost) <= 1
    assert sum(s.cameras[0].dropped for s in steps) == synchronizer.statistics().dropped
    assert not any(s.is_gap for s in steps[:4])


def test_losses_are_estimated_where_there_is_no_counter(station) -> None:
    events = station.camera("static", -95, 2000, counter=None)
    del events[8:10]
    synchronizer = station.synchronizer({"static": 10.0})
    station.play(synchronizer, [*events, *station.arm(-200, 2000)], 1900, from_ms=-50)
    assert synchronizer.statistics().dropped == 2


def test_a_frame_whose_counter_is_not_known_is_not_lost(station) -> None:
    events = station.camera("static", -95, 2000)
    events[7] = dataclasses.replace(events[7], counter=None)
    events[12] = dataclasses.replace(events[12], counter=None)
    del events[13]
    synchronizer = station.synchronizer({"static": 10.0})
    steps = station.play(synchronizer, [*events, *station.arm(-200, 2000)], 1900, from_ms=-50)
    assert synchronizer.statistics().dropped == 1
    assert not any(s.is_gap for s in steps)


def test_a_device_that_counts_from_zero_again_loses_nothing(station) -> None:
    before = station.camera("static", -95, 905, counter=90_000)
    after = station.camera("static", 905, 2000, counter=0)
    synchronizer = station.synchronizer({"static": 10.0})
    steps = station.play(
        synchronizer, [*before, *after, *station.arm(-200, 2000)], 1800, from_ms=-50
    )
    assert synchronizer.statistics().dropped == 0
    assert not any(s.is_gap for s in steps)


def test_a_counter_that_leaps_wildly_does_not_invent_losses(station) -> None:
    before = station.camera("static", -95, 905, counter=5)
    after = station.camera("static", 905, 2000, counter=4_000_000_000)
    synchronizer = station.synchronizer({"static": 10.0})
    station.play(synchronizer, [*before, *after, *station.arm(-200, 2000)], 1800, from_ms=-50)
    assert synchronizer.statistics().dropped == 0


def test_a_repeated_device_counter_is_never_a_new_frame(station) -> None:
    events = []
    for k, event in enumerate(station.camera("static", -95, 3000)):
        if 10 <= k < 20:  # the driver sends the tenth frame again and again, newly stamped
            event = dataclasses.replace(event, counter=9)  # noqa: PLW2901
        events.append(event)
    synchronizer = station.synchronizer({"static": 10.0})
    steps = by_tick(
        station,
        station.play(synchronizer, [*events, *station.arm(-200, 3000)], 2900, from_ms=-50),
    )
    for tick in (1000, 1200, 1400, 1600, 1800):
        assert steps[tick].gap_reasons == ("static camera frozen",)
        assert steps[tick].cameras[0].frozen
        assert steps[tick].cameras[0].image is None
    assert not any(steps[t].is_gap for t in (200, 600, 800, 2000, 2200))
    assert synchronizer.statistics().streams["static"].repeated == 10


def test_the_original_of_a_repeat_is_used_whichever_comes_first(station) -> None:
    synchronizer = station.synchronizer({"static": 10.0})
    synchronizer.poll(station.START_NS - 10 * NS_PER_MS)
    for at_ms, counter in ((-90, 6), (20, 7), (8, 7), (108, 8)):
        stamp_ns = station.START_NS + at_ms * NS_PER_MS
        synchronizer.add_frame("static", stamp_ns, station.START_NS + 110 * NS_PER_MS, counter, 0)
    for event in station.arm(-20, 100):
        station.add(synchronizer, event)
    (step,) = synchronizer.poll(station.START_NS + 110 * NS_PER_MS)
    assert step.cameras[0].skew_ns == 8 * NS_PER_MS


class TestSamePixels:
    """Ten frames a second with advancing counters, whose picture stops changing at 1 s."""

    def steps(self, station, noisy: bool):
        rng = np.random.default_rng(7)
        images = [rng.integers(0, 256, (48, 64, 3), dtype=np.uint8) for _ in range(40)]
        events = []
        for k, event in enumerate(station.camera("static", -95, 3000)):
            events.append(dataclasses.replace(event, image=images[min(k, 11)]))
        synchronizer = station.synchronizer(
            {"static": CameraSettings(10.0, noisy=noisy, frozen_after_ns=500 * NS_PER_MS)}
        )
        played = station.play(synchronizer, [*events, *station.arm(-200, 3000)], 2900, from_ms=-50)
        return by_tick(station, played)

    def test_on_a_camera_with_noise_mean_that_it_is_frozen(self, station) -> None:
        steps = self.steps(station, noisy=True)
        assert not any(steps[t].is_gap for t in (0, 400, 800, 1000, 1200, 1400, 1600))
        for tick in (1800, 2000, 2400):
            assert steps[tick].gap_reasons == ("static camera frozen",)
            assert steps[tick].cameras[0].frozen

    def test_on_a_camera_without_noise_mean_that_the_scene_is_at_rest(self, station) -> None:
        steps = self.steps(station, noisy=False)
        assert not any(s.is_gap or s.cameras[0].frozen for s in steps.values())


def test_the_digest_sees_any_noise() -> None:
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)
    other = image.copy()
    other[240:] ^= 1
    assert frame_digest(image) == frame_digest(image.copy())
    assert frame_digest(image) != frame_digest(other)
    assert frame_digest("no image") is None


@pytest.mark.parametrize("back_ms", [5, 300, 2000, 2090, 60_000])
def test_a_clock_that_steps_back_starts_another_grid(station, back_ms: int) -> None:
    synchronizer = station.synchronizer()
    before = station.play(synchronizer, station.normal(-300, 2100), 2000, from_ms=-90)
    # The clock steps; frames that are under way still carry the old time.
    for event in station.camera("static", 1990, 2500):
        synchronizer.add_frame(
            "static", event.stamp_ns, station.START_NS + (2000 - back_ms) * NS_PER_MS, 77, 0
        )
    begin_ms = 2000 - back_ms
    after = station.play(
        synchronizer, station.normal(begin_ms, begin_ms + 3000), begin_ms + 2500, begin_ms
    )
    names = [(s.grid_start_ns, s.index) for s in before + after]
    assert len(set(names)) == len(names)
    assert [s.index for s in after] == list(range(len(after)))
    for step in after:
        assert step.stamp_ns == step.grid_start_ns + step.index * step.period_ns
        assert step.grid_start_ns % step.period_ns == 0
    assert not any(s.is_gap for s in after[2:])
    assert len(after) >= 9
    statistics = synchronizer.statistics()
    assert statistics.restarts == 1
    assert "stepped back" in statistics.last_restart


def test_a_clock_that_steps_back_again_and_again_repeats_no_name(station) -> None:
    synchronizer = station.synchronizer()
    names = []
    for _ in range(6):
        for k in range(150):
            steps = synchronizer.poll(station.START_NS - 10 * NS_PER_MS + k * 10 * NS_PER_MS)
            names += [(s.grid_start_ns, s.index) for s in steps]
    assert len(names) > 20
    assert len(set(names)) == len(names)
    assert synchronizer.statistics().restarts == 5


def test_a_clock_that_leaps_forward_starts_another_grid(station) -> None:
    synchronizer = station.synchronizer()
    station.play(synchronizer, station.normal(-300, 1100), 1000, from_ms=-90)
    hour_ms = 3_600_000.0
    steps = station.play(
        synchronizer, station.normal(hour_ms, hour_ms + 2000), hour_ms + 1900, hour_ms
    )
    assert 7 <= len(steps) <= 10  # not an hour of gaps
    assert steps[0].index == 0
    assert steps[0].stamp_ns >= station.START_NS + hour_ms * NS_PER_MS
    assert not any(s.is_gap for s in steps[1:])
    assert "leapt" in synchronizer.statistics().last_restart


def test_a_short_stall_loses_no_step(station) -> None:
    synchronizer = station.synchronizer()
    events = sorted(station.normal(-300, 2000), key=lambda e: e.arrival_ns)
    steps = []
    for k, event in enumerate(events):
        station.add(synchronizer, event)
        if k % 40 == 0:  # about every 330 ms
            steps += synchronizer.poll(event.arrival_ns)
    assert not any(s.is_gap for s in steps[1:])
    assert synchronizer.statistics().restarts == 0


def test_stamps_in_the_future_are_refused_by_name(station) -> None:
    synchronizer = station.synchronizer()
    now_ns = station.START_NS
    synchronizer.add_frame("static", now_ns + 10 * NS_PER_MS, now_ns, 1, 0)  # within tolerance
    synchronizer.add_frame("static", now_ns + NS_PER_S, now_ns, 2, 0)
    assert "static camera: stamped 1000 ms in the future" in synchronizer.statistics().last_refusal
    synchronizer.add_arm(station.sample(now_ns + NS_PER_S), now_ns)
    assert synchronizer.statistics().last_refusal.startswith("arm: stamped")
    assert synchronizer.statistics().refused == 2


@pytest.mark.parametrize(
    "values",
    [
        {"ee_pose": np.full(7, np.nan)},
        {"target_pose": np.array([0, 0, np.inf, 0, 0, 0, 1.0])},
        {"ee_pose": np.zeros(7)},
        {"target_pose": np.zeros(6)},
        {"joint_positions": np.array([np.nan])},
    ],
)
def test_arm_samples_that_are_no_pose_are_refused(station, values) -> None:
    synchronizer = station.synchronizer()
    synchronizer.add_arm(station.sample(station.START_NS, **values), station.START_NS)
    assert synchronizer.statistics().streams["arm"].refused == 1
    assert synchronizer.statistics().last_refusal.startswith("arm: ")
