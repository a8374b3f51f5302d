"""What the synchronizer promises when everything works, and for any timing at all."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from simulated_streams import Event, SimulatedStreams, repeatable

from collector.clock import NS_PER_MS
from collector.synchronization.camera_stream import CameraSettings
from collector.synchronization.grid import Grid, first_tick
from collector.synchronization.step import Step
from collector.synchronization.synchronizer import Synchronizer, default_wait_ns


def describe(step: Step) -> Any:
    """Everything that a step says, in a form that can be compared."""
    arm = None
    if step.arm is not None:
        arm = (step.arm.ee_pose.tolist(), step.arm.target_pose.tolist(), step.arm.gripper_command)
    return (step.index, step.stamp_ns, step.cameras, arm, step.gap_reasons)


def test_a_normal_minute_has_every_step_and_no_gap(station) -> None:
    synchronizer = station.synchronizer()
    steps = station.play(synchronizer, station.normal(-300, 60_500), 60_400, from_ms=-90)
    assert [s.index for s in steps] == list(range(len(steps)))
    assert len(steps) >= 300
    assert not any(s.is_gap for s in steps)
    statistics = synchronizer.statistics()
    assert (statistics.steps, statistics.gaps, statistics.restarts) == (len(steps), 0, 0)
    assert statistics.late == statistics.dropped == statistics.duplicates == 0
    assert statistics.streams["arm"].overflowed == statistics.streams["static"].overflowed == 0
    # Frames at 13 ms and at 71 ms (-29 ms from the next tick) after the ticks.
    assert statistics.last_skews_ns == {"static": 13 * NS_PER_MS, "wrist": -29 * NS_PER_MS}


def test_a_step_is_decided_when_every_stream_has_passed_its_tick(station) -> None:
    synchronizer = station.synchronizer()
    events = station.normal(-300, 1000)
    seen: dict[int, int] = {}
    for event in sorted(events, key=lambda e: e.arrival_ns):
        station.add(synchronizer, event)
        for step in synchronizer.poll(event.arrival_ns):
            seen[step.stamp_ns] = event.arrival_ns
    # wrist is the slowest: its frame at tick + 71 ms arrives 60 ms later.
    for tick_ns, decided_ns in list(seen.items())[1:]:
        assert decided_ns == tick_ns + (71 + 60) * NS_PER_MS


def test_the_wait_follows_from_period_and_latency() -> None:
    wait_ns = default_wait_ns({"static": CameraSettings(10.0)}, 50 * NS_PER_MS)
    assert wait_ns == 270 * NS_PER_MS
    assert Synchronizer({"static": 10.0}, 100.0).wait_ns == wait_ns


@repeatable
@given(st.integers(-(10**18), 2 * 10**18), st.sampled_from([200_000_000, 33_333_333, 7]))
def test_the_grid_is_exact_and_has_one_phase(now_ns: int, period_ns: int) -> None:
    grid = Grid(first_tick(now_ns, period_ns), period_ns)
    assert 0 <= grid.start_ns - now_ns < period_ns
    assert grid.start_ns % period_ns == 0
    assert grid.tick_ns(10**6) - grid.start_ns == 10**6 * period_ns


def test_a_grid_off_phase_is_refused() -> None:
    with pytest.raises(ValueError, match="whole multiple"):
        Grid(1, 200)


def test_a_restarted_synchronizer_lands_on_the_same_grid(station) -> None:
    first = station.synchronizer().poll
    second = station.synchronizer().poll
    a = [first(station.START_NS + 17 * NS_PER_MS + k * 10 * NS_PER_MS) for k in range(100)]
    b = [second(station.START_NS + 423 * NS_PER_MS + k * 10 * NS_PER_MS) for k in range(100)]
    ticks_a = {s.stamp_ns for steps in a for s in steps}
    ticks_b = {s.stamp_ns for steps in b for s in steps}
    assert ticks_a & ticks_b
    assert {t % station.PERIOD_NS for t in ticks_a | ticks_b} == {0}


stamps_ms = st.lists(st.integers(-150, 1500), min_size=1, max_size=40, unique=True)


@repeatable
@given(stamps_ms, stamps_ms, st.sampled_from([5.0, 10.0, 30.0]))
@example([0], [0, 181], 5.0)  # the tick's own frame went to the tick before
def test_every_step_has_the_nearest_frame(
    station_stamps: list[int], wrist_stamps: list[int], fps: float
) -> None:
    station = SimulatedStreams()
    synchronizer = station.synchronizer({"static": fps, "wrist": fps})
    frame_ns = round(1e9 / fps)
    events = station.arm(-300, 3000)
    frames: dict[str, list[int]] = {}
    for name, stamps in (("static", station_stamps), ("wrist", wrist_stamps)):
        frames[name] = [station.START_NS + s * NS_PER_MS for s in sorted(stamps)]
        events += [Event(s + 40 * NS_PER_MS, name, s, None, s) for s in frames[name]]
    steps = station.play(synchronizer, events, 2500, from_ms=-90)
    assert [s.stamp_ns for s in steps] == [
        steps[0].grid_start_ns + k * station.PERIOD_NS for k in range(len(steps))
    ]
    used: dict[str, int] = {"static": 0, "wrist": 0}
    for step in steps:
        for camera in step.cameras:
            near = [
                (abs(s - step.stamp_ns), s)
                for s in frames[camera.name]
                if abs(s - step.stamp_ns) <= frame_ns and s > used[camera.name]
            ]
            if not near:
                assert camera.image is None
                assert any(camera.name in reason for reason in step.gap_reasons)
                continue
            nearest = min(near)[1]  # ties: the earlier
            used[camera.name] = nearest
            assert (camera.stamp_ns, camera.image) == (nearest, nearest)
            assert camera.skew_ns == nearest - step.stamp_ns
    assert len(steps) >= 10


@repeatable
@given(st.randoms(use_true_random=False), st.integers(0, 4))
def test_the_order_of_arrival_within_the_wait_does_not_matter(random: Random, missing: int) -> None:
    station = SimulatedStreams()
    events = station.normal(-200, 480)
    frames = [e for e in events if e.stream == "static" and e.stamp_ns > station.START_NS]
    events.remove(frames[missing])  # one frame never comes

    def steps_of(shuffled: bool) -> list[Any]:
        synchronizer = station.synchronizer()
        result = []
        queue = sorted(events, key=lambda e: e.arrival_ns)
        for now_ms in range(-100, 1000, 100):
            now_ns = station.START_NS + now_ms * NS_PER_MS
            batch = [e for e in queue if e.arrival_ns <= now_ns]
            queue = queue[len(batch) :]
            if shuffled and now_ms > 0:
                random.shuffle(batch)
            for event in batch:
                station.add(synchronizer, event)
            result += synchronizer.poll(now_ns)
        return [describe(s) for s in result]

    assert steps_of(shuffled=True) == steps_of(shuffled=False)


def test_a_frame_that_is_overtaken_by_the_next_is_still_the_nearest(station) -> None:
    synchronizer = station.synchronizer({"static": 10.0})
    events = station.arm(-100, 900)
    frames = station.camera("static", -95, 900)  # -95, 5, 105, 205 ms
    overtaken = next(f for f in frames if f.stamp_ns == station.START_NS + 205 * NS_PER_MS)
    frames.remove(overtaken)
    late = station.Event(
        overtaken.stamp_ns + 170 * NS_PER_MS,
        "static",
        overtaken.stamp_ns,
        overtaken.counter,
        overtaken.image,
    )
    steps = station.play(synchronizer, [*events, *frames, late], 700, from_ms=-50)
    step = next(s for s in steps if s.stamp_ns == station.START_NS + 200 * NS_PER_MS)
    assert step.cameras[0].skew_ns == 5 * NS_PER_MS
    statistics = synchronizer.statistics().streams["static"]
    assert (statistics.out_of_order, statistics.dropped, statistics.late) == (1, 0, 0)


@repeatable
@given(st.data())
def test_nothing_changes_a_step_that_is_decided(data: st.DataObject) -> None:
    """Any delays: steps follow each other exactly, and each holds only what had come by then."""
    station = SimulatedStreams()
    delays = st.integers(2, 600)
    events = []
    for event in station.normal(-200, 1200):
        delay_ms = data.draw(delays) if event.stream != "arm" else 2
        events.append(
            Event(
                event.stamp_ns + delay_ms * NS_PER_MS,
                event.stream,
                event.stamp_ns,
                event.counter,
                event.image,
                event.sample,
            )
        )
    synchronizer = station.synchronizer()
    arrivals = {(e.stream, e.stamp_ns): e.arrival_ns for e in events}
    queue = sorted(events, key=lambda e: e.arrival_ns)
    ticks: list[int] = []
    for now_ms in range(-90, 2000, 10):
        now_ns = station.START_NS + now_ms * NS_PER_MS
        while queue and queue[0].arrival_ns <= now_ns:
            station.add(synchronizer, queue.pop(0))
        for step in synchronizer.poll(now_ns):
            ticks.append(step.stamp_ns)
            assert now_ns <= step.stamp_ns + synchronizer.wait_ns + 10 * NS_PER_MS
            for camera in step.cameras:
                if camera.image is not None:
                    assert arrivals[camera.name, camera.stamp_ns] <= now_ns
                    assert abs(camera.skew_ns) <= 100 * NS_PER_MS
    assert ticks == [ticks[0] + k * station.PERIOD_NS for k in range(len(ticks))]
    statistics = synchronizer.statistics()
    assert statistics.steps == len(ticks)
    assert statistics.streams["static"].dropped <= statistics.streams["static"].out_of_order + 14


def test_only_chosen_frames_are_converted(station) -> None:
    converted: list[int] = []

    def view(image: int) -> np.ndarray:
        converted.append(image)
        return np.zeros((224, 224, 3), np.uint8)

    synchronizer = station.synchronizer(training_view=view)
    steps = station.play(synchronizer, station.normal(-300, 2000), 2000, from_ms=-90)
    assert len(converted) == 2 * len(steps)
    assert steps[0].cameras[0].image.shape == (224, 224, 3)


def test_a_frame_that_is_no_image_costs_one_step(station) -> None:
    synchronizer = Synchronizer({"static": 10.0}, 100.0)
    synchronizer.poll(station.START_NS - NS_PER_MS)
    bad, good = np.zeros((4, 4), np.uint8), np.zeros((48, 64, 3), np.uint8)
    events = station.arm(-100, 600)
    for k, image in enumerate([good, bad, good, good]):
        stamp_ns = station.START_NS + (k * 200 + 5) * NS_PER_MS
        events.append(station.Event(stamp_ns + 1, "static", stamp_ns, None, image))
        stamp_ns += 100 * NS_PER_MS
        events.append(station.Event(stamp_ns + 1, "static", stamp_ns, None, good))
    steps = station.play(synchronizer, events, 560)
    assert [s.is_gap for s in steps[:3]] == [False, True, False]
    assert "not an RGB image" in steps[1].gap_reasons[0]


def test_an_unknown_camera_is_an_error_of_the_caller(station) -> None:
    with pytest.raises(KeyError):
        station.synchronizer().add_frame("third", 0, 0, None, None)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (({"static": 0.0}, 100.0), {}),
        (({"static": 10.0}, 0.0), {}),
        (({"static": 10.0}, 100.0), {"period_ns": 0}),
        (({"static": 10.0}, 100.0), {"wait_ns": -1}),
    ],
)
def test_senseless_settings_are_refused(arguments: Any, options: Any) -> None:
    with pytest.raises(ValueError, match=r"camera runs|arm reports|positive"):
        Synchronizer(*arguments, **options)
