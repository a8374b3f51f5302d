"""What a station's description says of preflight."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from fit_station import DAY_NS

from collector.preflight.policy import PreflightPolicy
from collector.station.description import StationError, load_station

SIMULATED = Path(__file__).parents[2] / "launch" / "stations" / "simulated.yaml"


def described(folder: Path, section: Any) -> Path:
    values = yaml.safe_load(SIMULATED.read_text(encoding="utf-8"))
    path = folder / "station.yaml"
    path.write_text(yaml.safe_dump({**values, "preflight": section}), encoding="utf-8")
    return path


def test_a_station_that_says_nothing_has_the_usual_limits() -> None:
    assert PreflightPolicy.of_station(load_station(SIMULATED)) == PreflightPolicy()


def test_a_station_may_have_limits_of_its_own(tmp_path: Path) -> None:
    section = {
        "warn_calibration_days": 2,
        "refuse_calibration_days": 4.5,
        "warn_attempts": 60,
        "refuse_attempts": 30,
        "warn_brightness": [60, 180],
        "refuse_brightness": [40, 200],
        "warn_colour_k": [5000, 8000],
    }
    policy = PreflightPolicy.of_station(load_station(described(tmp_path, section)))
    assert policy.warn_calibration_age_ns == 2 * DAY_NS
    assert policy.refuse_calibration_age_ns == 4.5 * DAY_NS
    assert (policy.warn_attempts, policy.refuse_attempts) == (60, 30)
    assert (policy.warn_median, policy.refuse_median) == ((60, 180), (40, 200))
    assert policy.warn_cct_k == (5000, 8000)


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ({"warn_calibration_days": 40}, "refuse_calibration_days: expected at least"),
        ({"warn_calibration_days": 0}, "warn_calibration_days"),
        ({"refuse_attempts": 200}, "refuse_attempts: expected at most warn_attempts, 150, got 200"),
        ({"refuse_attempts": 1.5}, "refuse_attempts: expected a whole number"),
        ({"warn_brightness": [205, 50]}, "warn_brightness: expected [lower, upper]"),
        ({"warn_brightness": [10, 205]}, "refuse_brightness: expected limits around"),
        ({"refuse_brightness": [20, 256]}, "at most 255"),
        ({"warn_colour_k": [3800]}, "warn_colour_k"),
        ({"calibration_days": 7}, "calibration_days"),
        ("strict", "preflight"),
    ],
)
def test_limits_that_are_wrong_are_named(tmp_path: Path, section: Any, sentence: str) -> None:
    path = described(tmp_path, section)
    with pytest.raises(StationError) as caught:
        load_station(path)
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)
