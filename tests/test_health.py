"""A stream's health says in one sentence what is wrong, and in numbers how much."""

from __future__ import annotations

import pytest

from collector.clock import NS_PER_MS, NS_PER_S
from collector.health import HealthReport, StreamHealth

START_NS = 1_700_000_000 * NS_PER_S
PERIOD_NS = NS_PER_S // 30


def feed(
    health: StreamHealth,
    count: int = 150,
    *,
    start_ns: int = START_NS,
    period_ns: int = PERIOD_NS,
    latency_ns: int = 5 * NS_PER_MS,
    frozen: bool = False,
) -> int:
    """Feed evenly spaced samples; return when the last arrived."""
    for k in range(count):
        stamp_ns = start_ns + k * period_ns
        health.on_sample(stamp_ns, stamp_ns + latency_ns, frozen=frozen)
    return start_ns + (count - 1) * period_ns + latency_ns


def is_one_sentence(report: HealthReport) -> bool:
    return report.message.endswith(".") and "\n" not in report.message


def test_a_stream_at_its_rate_is_ok() -> None:
    health = StreamHealth("wrist_camera", 30.0)
    report = health.report(feed(health))
    assert (report.name, report.level) == ("wrist_camera", "ok")
    assert report.values["rate_hz"] == pytest.approx(30.0, rel=0.001)
    assert report.values["latency_ms"] == pytest.approx(5.0)
    assert report.values["jitter_ms"] == pytest.approx(0.0, abs=1e-3)
    assert report.values["age_ms"] == 0.0
    assert is_one_sentence(report)


def test_before_the_first_sample_it_is_stale() -> None:
    report = StreamHealth("arm", 100.0).report(START_NS)
    assert report.level == "stale"
    assert report.values["rate_hz"] == 0.0
    assert is_one_sentence(report)


@pytest.mark.parametrize(("target_hz", "silent_s", "level"), [(30, 0.9, "ok"), (30, 1.1, "stale")])
def test_a_stream_that_stops_is_stale_after_a_second(
    target_hz: float, silent_s: float, level: str
) -> None:
    health = StreamHealth("camera", target_hz, window_s=30.0)
    end_ns = feed(health, 800)
    report = health.report(end_ns + round(silent_s * NS_PER_S))
    assert report.level == level
    assert report.values["age_ms"] == pytest.approx(1000 * silent_s)


def test_a_slow_stream_is_not_stale_between_its_samples() -> None:
    health = StreamHealth("temperature", 0.5, window_s=60.0)
    end_ns = feed(health, 10, period_ns=2 * NS_PER_S)
    assert health.report(end_ns + 2 * NS_PER_S).level == "ok"
    assert health.report(end_ns + 11 * NS_PER_S).level == "stale"


def test_silence_longer_than_the_window_leaves_it_stale_with_rate_zero() -> None:
    health = StreamHealth("camera", 30.0)
    report = health.report(feed(health) + 60 * NS_PER_S)
    assert report.level == "stale"
    assert report.values["rate_hz"] == 0.0
    assert report.values["samples_total"] == 150


def test_the_rate_sinks_while_samples_stay_out() -> None:
    health = StreamHealth("camera", 30.0, window_s=1.0)
    end_ns = feed(health, 60)
    rates = [health.report(end_ns + k * 200 * NS_PER_MS).values["rate_hz"] for k in range(5)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.5 * rates[0]


@pytest.mark.parametrize(
    ("rate_hz", "level"), [(28.0, "ok"), (26.0, "warning"), (16.0, "warning"), (14.0, "error")]
)
def test_the_level_follows_the_rate(rate_hz: float, level: str) -> None:
    health = StreamHealth("camera", 30.0)
    report = health.report(feed(health, period_ns=round(NS_PER_S / rate_hz)))
    assert report.level == level
    assert report.values["rate_hz"] == pytest.approx(rate_hz, rel=0.01)


def test_lost_samples_warn_until_the_window_has_passed_and_stay_in_the_total() -> None:
    health = StreamHealth("camera", 30.0, window_s=5.0)
    end_ns = feed(health)
    health.on_sample(end_ns + PERIOD_NS, end_ns + PERIOD_NS, dropped=3)
    report = health.report(end_ns + PERIOD_NS)
    assert report.level == "warning"
    assert "3 lost" in report.message
    end_ns = feed(health, 200, start_ns=end_ns + 2 * PERIOD_NS)
    report = health.report(end_ns)
    assert report.level == "ok"
    assert (report.values["drops"], report.values["drops_total"]) == (0, 3)


def test_frozen_samples_warn_and_nothing_but_frozen_ones_is_an_error() -> None:
    health = StreamHealth("camera", 30.0)
    end_ns = feed(health)
    health.on_sample(end_ns + PERIOD_NS, end_ns + PERIOD_NS, frozen=True)
    assert health.report(end_ns + PERIOD_NS).level == "warning"
    end_ns = feed(health, 200, start_ns=end_ns + 2 * PERIOD_NS, frozen=True)
    report = health.report(end_ns)
    assert report.level == "error"
    assert report.values["frozen_total"] == 201


def test_stamps_from_the_future_and_out_of_order_warn() -> None:
    health = StreamHealth("camera", 30.0)
    end_ns = feed(health)
    health.on_sample(end_ns + NS_PER_S, end_ns + PERIOD_NS)
    health.on_sample(end_ns + PERIOD_NS, end_ns + 2 * PERIOD_NS)
    report = health.report(end_ns + 2 * PERIOD_NS)
    assert report.level == "warning"
    assert (report.values["from_future"], report.values["out_of_order"]) == (1, 1)
    assert is_one_sentence(report)


def test_samples_that_come_late_warn() -> None:
    health = StreamHealth("camera", 30.0)
    report = health.report(feed(health, latency_ns=300 * NS_PER_MS))
    assert report.level == "warning"
    assert "300 ms late" in report.message


def test_jitter_is_the_spread_of_the_stamps() -> None:
    health = StreamHealth("camera", 30.0)
    for k in range(150):
        stamp_ns = START_NS + k * PERIOD_NS + (k % 2) * 4 * NS_PER_MS
        health.on_sample(stamp_ns, stamp_ns)
    report = health.report(stamp_ns)
    assert report.values["jitter_ms"] == pytest.approx(4.0, rel=0.01)


def test_a_clock_set_back_starts_the_window_anew() -> None:
    health = StreamHealth("camera", 30.0)
    feed(health)
    end_ns = feed(health, start_ns=START_NS - 3600 * NS_PER_S)
    report = health.report(end_ns)
    assert report.level == "ok"
    assert report.values["rate_hz"] == pytest.approx(30.0, rel=0.001)
    assert health.report(end_ns - 10 * NS_PER_S).values["age_ms"] == 0.0


def test_a_stream_that_has_just_begun_is_not_called_slow() -> None:
    health = StreamHealth("camera", 30.0)
    health.on_sample(START_NS, START_NS)
    assert health.report(START_NS).level == "ok"


@pytest.mark.parametrize(("target_hz", "window_s"), [(0.0, 5.0), (30.0, 0.0), (float("nan"), 1.0)])
def test_a_target_that_is_no_rate_is_refused(target_hz: float, window_s: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        StreamHealth("camera", target_hz, window_s)
