import pytest

from collector.calibration_result import CameraCalibration
from collector.clock import NS_PER_MS, NS_PER_S
from collector.health import StreamHealth
from collector.preflight.observation import calibration_of, stream_of

START_NS = 1_795_528_501_000_000_000


def test_a_stream_is_seen_as_diagnostics_report_it():
    health = StreamHealth("static camera", 30.0)
    for k in range(300):
        stamp_ns = START_NS + k * NS_PER_S // 30
        health.on_sample(stamp_ns, stamp_ns + 5 * NS_PER_MS, dropped=k == 290, frozen=k == 280)
    now_ns = START_NS + 299 * NS_PER_S // 30 + 25 * NS_PER_MS
    stream = stream_of(health.report(now_ns))
    assert stream.rate_hz == pytest.approx(30, rel=0.01)
    assert stream.age_ns == pytest.approx(20 * NS_PER_MS, abs=NS_PER_MS)
    assert (stream.dropped, stream.frozen, stream.from_future) == (1, 1, 0)
    assert stream.samples == pytest.approx(150, abs=2)


def test_a_stream_without_a_sample_is_none():
    assert stream_of(StreamHealth("static camera", 30.0).report(START_NS)) is None


@pytest.mark.parametrize(
    ("date", "date_ns"),
    [
        ("2026-11-24T13:55:01Z", START_NS),
        ("2026-11-24T14:55:01+01:00", START_NS),
        ("2026-11-24T13:55:01", START_NS),
        ("2026-11-24T13:55:01.123456Z", START_NS),
        ("2026-11-24", START_NS - (13 * 3600 + 55 * 60 + 1) * NS_PER_S),
        ("", None),
        ("last Tuesday", None),
    ],
)
def test_a_calibration_s_date_is_read(date, date_ns):
    calibration = CameraCalibration(
        schema="collector/camera-calibration/1",
        camera="static",
        serial="SN-1",
        width=640,
        height=480,
        fx=600.0,
        fy=600.0,
        cx=320.0,
        cy=240.0,
        parent_frame="base",
        child_frame="static_optical",
        transform=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
        date=date,
    )
    seen = calibration_of(calibration)
    assert seen.date_ns == date_ns
    assert (seen.serial, seen.width, seen.height) == ("SN-1", 640, 480)
