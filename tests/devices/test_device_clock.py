"""A device's timestamps come out on the station clock, and breaks are told."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.clock import NS_PER_MS, NS_PER_S
from collector.devices.device_clock import WRAP_32_BIT_US_NS, Cause, DeviceClock, ns_from_ms

START_NS = 1_700_000_000 * NS_PER_S  # a station clock reads nanoseconds since the epoch
PERIOD_NS = NS_PER_S // 30
LATENCY_NS = 7 * NS_PER_MS  # the smallest: cannot be seen from one-way pairs


class Device:
    """A device that stamps with its own clock; samples arrive late by `jitter_ns`."""

    def __init__(self, origin_ns: int = 5 * NS_PER_S, skew_ppm: float = 0.0) -> None:
        self.true_ns = START_NS  # station time of the newest sample
        self.origin_ns = origin_ns
        self.skew = skew_ppm * 1e-6
        self.station_step_ns = 0
        self._last_arrival_ns = 0

    def sample(self, jitter_ns: int = 0, period_ns: int = PERIOD_NS) -> tuple[int, int, int]:
        """Return (device time, arrival, truth): the truth includes the smallest latency."""
        self.true_ns += period_ns
        elapsed_ns = self.true_ns - START_NS
        device_ns = self.origin_ns + elapsed_ns - round(self.skew * elapsed_ns)
        truth_ns = self.true_ns + self.station_step_ns + LATENCY_NS
        return device_ns, truth_ns + jitter_ns, truth_ns


def run(
    clock: DeviceClock, device: Device, count: int, rng: random.Random, jitter_ns: int = 0
) -> list[int]:
    """Feed `count` samples with uniform jitter; return the stamps' errors, ns."""
    errors = []
    for _ in range(count):
        device_ns, arrival_ns, truth_ns = device.sample(rng.randint(0, jitter_ns))
        errors.append(clock.stamp(device_ns, arrival_ns) - truth_ns)
    return errors


def test_without_jitter_the_stamp_is_the_arrival_to_the_nanosecond() -> None:
    assert set(run(DeviceClock(), Device(), 300, random.Random(0))) == {0}


@pytest.mark.parametrize("skew_ppm", [-50.0, 0.0, 50.0])
def test_jitter_of_a_third_of_a_period_leaves_a_tenth_of_a_millisecond(skew_ppm: float) -> None:
    clock, device, rng = DeviceClock(), Device(skew_ppm=skew_ppm), random.Random(1)
    run(clock, device, 30 * 40, rng, 10 * NS_PER_MS)
    errors = run(clock, device, 30 * 60, rng, 10 * NS_PER_MS)
    assert max(abs(e) for e in errors) < 0.5 * NS_PER_MS
    assert sorted(abs(e) for e in errors)[len(errors) // 2] < 0.2 * NS_PER_MS
    assert clock.skew_ppm == pytest.approx(skew_ppm, abs=15)
    assert clock.discontinuities == 0


def test_rare_bursts_of_delay_do_not_move_the_mapping() -> None:
    clock, device, rng = DeviceClock(), Device(), random.Random(2)
    run(clock, device, 300, rng, NS_PER_MS)
    for _ in range(5):
        for late_ms in range(600, 0, -33):  # a queue that stalled drains at once
            device_ns, arrival_ns, truth_ns = device.sample(late_ms * NS_PER_MS)
            assert abs(clock.stamp(device_ns, arrival_ns) - truth_ns) < NS_PER_MS
        run(clock, device, 60, rng, NS_PER_MS)
    assert clock.discontinuities == 0


def test_an_event_before_the_device_time_is_stamped_earlier_by_its_age() -> None:
    clock, device = DeviceClock(), Device()
    for _ in range(3):
        device_ns, arrival_ns, truth_ns = device.sample()
        assert clock.stamp(device_ns, arrival_ns, 8 * NS_PER_MS) == truth_ns - 8 * NS_PER_MS


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    origin_ns=st.integers(0, 2**62),
    skew_ppm=st.floats(-500, 500),
    seed=st.integers(0, 2**32),
    jitter_ms=st.integers(0, 19),
    lost=st.floats(0, 0.5),
)
def test_error_bound_order_and_no_stamp_in_the_future(
    origin_ns: int, skew_ppm: float, seed: int, jitter_ms: int, lost: float
) -> None:
    """The documented bound, for any skew believed, any jitter and up to half the frames lost."""
    window_ns, rate = 10 * NS_PER_S, 500e-6
    clock = DeviceClock(window_ns=window_ns, wrap_ns=None)
    device, rng = Device(origin_ns, skew_ppm), random.Random(seed)
    window: list[tuple[int, int]] = []  # truth, jitter
    last_stamp_ns = last_arrival_ns = 0
    for _ in range(600):
        jitter_ns = rng.randint(0, jitter_ms * NS_PER_MS)
        device_ns, arrival_ns, truth_ns = device.sample(jitter_ns)
        if rng.random() < lost or arrival_ns <= last_arrival_ns:
            continue
        last_arrival_ns = arrival_ns
        stamp_ns = clock.stamp(device_ns, arrival_ns)
        window.append((truth_ns, jitter_ns))
        window = [w for w in window if w[0] >= truth_ns - window_ns + NS_PER_S]
        bound_ns = min(j + 2 * rate * (truth_ns - t + NS_PER_S / 4) for t, j in window)
        assert -2 * rate * window_ns <= stamp_ns - truth_ns <= bound_ns + 2
        assert last_stamp_ns < stamp_ns <= arrival_ns
        last_stamp_ns = stamp_ns
    assert clock.discontinuities == 0


@settings(derandomize=True, max_examples=30, deadline=None)
@given(before=st.integers(2, 400), jitter_ms=st.integers(0, 15), seed=st.integers(0, 2**32))
def test_the_wrap_of_a_32_bit_counter_goes_unnoticed(
    before: int, jitter_ms: int, seed: int
) -> None:
    device = Device(origin_ns=WRAP_32_BIT_US_NS - before * PERIOD_NS + 1)
    clock, unwrapped, rng = DeviceClock(), DeviceClock(wrap_ns=None), random.Random(seed)
    for _ in range(500):
        device_ns, arrival_ns, _ = device.sample(rng.randint(0, jitter_ms * NS_PER_MS))
        stamp_ns = clock.stamp(device_ns % WRAP_32_BIT_US_NS, arrival_ns)
        assert stamp_ns == unwrapped.stamp(device_ns, arrival_ns)
    assert clock.wraps == 1
    assert clock.discontinuities == 0


def test_a_wrap_while_no_frame_came_is_still_a_wrap() -> None:
    device = Device(origin_ns=WRAP_32_BIT_US_NS - 10 * NS_PER_S)
    clock = DeviceClock()
    run(clock, device, 30, random.Random(3))
    device_ns, arrival_ns, truth_ns = device.sample(period_ns=20 * NS_PER_S)
    assert clock.stamp(device_ns % WRAP_32_BIT_US_NS, arrival_ns) == truth_ns
    assert (clock.wraps, clock.discontinuities) == (1, 0)


def test_a_restarted_device_is_not_taken_for_a_wrap() -> None:
    device = Device(origin_ns=3000 * NS_PER_S)
    clock = DeviceClock()
    run(clock, device, 30, random.Random(4))
    device.origin_ns = -(device.true_ns - START_NS)  # back to zero
    device_ns, arrival_ns, truth_ns = device.sample()
    assert clock.stamp(device_ns, arrival_ns) == truth_ns
    assert clock.wraps == 0
    assert clock.last_discontinuity is not None
    assert clock.last_discontinuity.cause is Cause.DEVICE_BACK


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    step_ms=st.one_of(st.integers(60, 10**7), st.integers(-(10**7), -60)),
    jitter_ms=st.integers(0, 15),
    seed=st.integers(0, 2**32),
    whose=st.sampled_from(["device", "station"]),
)
def test_a_step_of_either_clock_is_counted_and_the_mapping_recovers(
    step_ms: int, jitter_ms: int, seed: int, whose: str
) -> None:
    clock, device, rng = DeviceClock(wrap_ns=None), Device(10**14), random.Random(seed)
    jitter_ns = jitter_ms * NS_PER_MS
    run(clock, device, 200, rng, jitter_ns)
    assert clock.discontinuities == 0
    if whose == "device":
        device.origin_ns += step_ms * NS_PER_MS
    else:
        device.station_step_ns += step_ms * NS_PER_MS
    run(clock, device, 150, rng, jitter_ns)  # 5 s
    assert clock.discontinuities == 1
    last = clock.last_discontinuity
    assert last is not None
    moved_ns = -step_ms * NS_PER_MS if whose == "device" else step_ms * NS_PER_MS
    assert abs(last.size_ns - moved_ns) <= jitter_ns + 2 * NS_PER_MS
    errors = run(clock, device, 100, rng, jitter_ns)
    assert max(abs(e) for e in errors) <= max(jitter_ns, 1) * 0.5 + NS_PER_MS
    assert clock.discontinuities == 1


@pytest.mark.parametrize(
    ("device_step_s", "station_step_s", "cause"),
    [
        (100, 0, Cause.TOO_EARLY),
        (-100, 0, Cause.DEVICE_BACK),
        (0, -100, Cause.STATION_BACK),
        (0, 100, Cause.TOO_LATE),
    ],
)
def test_the_cause_of_a_large_step_is_named_at_once(
    device_step_s: int, station_step_s: int, cause: Cause
) -> None:
    clock, device = DeviceClock(wrap_ns=None), Device(10**12)
    run(clock, device, 60, random.Random(5))
    device.origin_ns += device_step_s * NS_PER_S
    device.station_step_ns += station_step_s * NS_PER_S
    assert run(clock, device, 1, random.Random(5)) == [0]
    assert clock.last_discontinuity is not None
    assert clock.last_discontinuity.cause is cause
    assert abs(clock.last_discontinuity.size_ns) == 100 * NS_PER_S


def test_a_long_silence_starts_a_new_mapping_and_says_so() -> None:
    clock, device = DeviceClock(), Device()
    run(clock, device, 60, random.Random(6))
    device_ns, arrival_ns, truth_ns = device.sample(period_ns=40 * NS_PER_S)
    assert clock.stamp(device_ns, arrival_ns) == truth_ns
    assert clock.last_discontinuity is not None
    assert clock.last_discontinuity.cause is Cause.GAP


class TestSynchronizedDevice:
    """A device that claims to stamp in station time is believed while it is credible."""

    def test_its_own_stamps_are_kept(self) -> None:
        clock = DeviceClock(synchronized=True)
        for k in range(100):
            taken_ns = START_NS + k * PERIOD_NS
            assert clock.stamp(taken_ns, taken_ns + 20 * NS_PER_MS + k % 3) == taken_ns
        assert clock.discontinuities == 0

    def test_a_stamp_in_the_future_becomes_the_arrival(self) -> None:
        clock = DeviceClock(synchronized=True)
        taken_ns = START_NS
        assert clock.stamp(taken_ns + 3 * NS_PER_MS, taken_ns) == taken_ns
        assert clock.discontinuities == 0

    @pytest.mark.parametrize("wrong_s", [-3600, 3600])
    def test_stamps_that_leave_station_time_are_mapped_and_told(self, wrong_s: int) -> None:
        clock = DeviceClock(synchronized=True)
        for k in range(100):
            taken_ns = START_NS + k * PERIOD_NS
            clock.stamp(taken_ns, taken_ns + 20 * NS_PER_MS)
        for k in range(100, 200):
            taken_ns = START_NS + k * PERIOD_NS
            arrival_ns = taken_ns + 20 * NS_PER_MS
            stamp_ns = clock.stamp(taken_ns + wrong_s * NS_PER_S, arrival_ns)
            assert abs(stamp_ns - taken_ns) <= 20 * NS_PER_MS
        assert clock.discontinuities >= 1

    def test_a_step_within_credible_bounds_is_still_told(self) -> None:
        clock = DeviceClock(synchronized=True)
        for k in range(100):
            taken_ns = START_NS + k * PERIOD_NS
            late_ns = (300 if k < 50 else 200) * NS_PER_MS
            clock.stamp(taken_ns - late_ns, taken_ns)
        assert clock.discontinuities == 1


def test_milliseconds_of_the_epoch_keep_their_microseconds() -> None:
    assert ns_from_ms(1_700_000_000_123.456) == pytest.approx(1_700_000_000_123_456_000, abs=300)
    assert ns_from_ms(4_294_967.295) == 4_294_967_295_000
    assert ns_from_ms(-1.5) == -1_500_000
    for bad in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not a device time"):
            ns_from_ms(bad)
