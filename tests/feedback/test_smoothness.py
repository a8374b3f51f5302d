import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.feedback.smoothness import spectral_arc_length


def bells(count: int, seconds: float, rate_hz: float, apart: float = 0.6) -> np.ndarray:
    """Speed of ``count`` overlapping bell-shaped submovements that last ``seconds`` in all."""
    t = np.arange(0, seconds, 1 / rate_hz)
    width = seconds / (1 + apart * (count - 1))
    speed = np.zeros(len(t))
    for k in range(count):
        u = np.clip((t - k * apart * width) / width, 0, 1)
        speed += 30 * u**2 * (1 - u) ** 2
    return speed


def test_the_value_that_its_authors_publish():
    """The example in the documentation of the authors' own code."""
    t = np.arange(-1, 1, 0.01)
    assert spectral_arc_length(np.exp(-5 * t**2), 100.0) == pytest.approx(-1.41403, abs=5e-6)


@given(st.floats(1e-4, 1e4), st.integers(1, 5), st.floats(0.8, 4))
def test_the_size_of_a_movement_does_not_matter(size, count, seconds):
    speed = bells(count, seconds, 100)
    assert spectral_arc_length(size * speed, 100) == pytest.approx(
        spectral_arc_length(speed, 100), rel=1e-9
    )


@given(st.floats(0.5, 6), st.integers(1, 5))
def test_the_duration_of_a_movement_does_not_matter(stretch, count):
    reference = spectral_arc_length(bells(count, 2.0, 200), 200)
    stretched = spectral_arc_length(bells(count, 2.0 * stretch, 200), 200)
    # The spectrum's resolution, set by the padding to a power of two, decides the last digits.
    assert stretched == pytest.approx(reference, rel=0.04)


def test_each_submovement_costs_smoothness():
    values = [spectral_arc_length(bells(count, 2.0, 100), 100) for count in range(1, 7)]
    assert values == sorted(values, reverse=True)
    assert values[0] == pytest.approx(-1.4, abs=0.1)
    assert np.all(np.diff(values) < -0.1)


@given(st.floats(3, 12), st.floats(0, 2 * np.pi))
def test_tremor_costs_smoothness_and_more_costs_more(tremor_hz, phase):
    t = np.arange(0, 2, 0.01)
    smooth = bells(1, 2.0, 100)
    values = [
        spectral_arc_length(smooth * (1 + share * np.sin(2 * np.pi * tremor_hz * t + phase)), 100)
        for share in (0, 0.3, 0.6, 0.9)
    ]
    assert values == sorted(values, reverse=True)
    assert values[-1] < values[0] - 0.2


@pytest.mark.parametrize(
    "speed", [[], [1.0], [0.0, 0.0, 0.0], [1.0, np.nan, 1.0], [1.0, np.inf, 1.0]]
)
def test_what_is_no_movement_is_refused(speed):
    with pytest.raises(ValueError, match="speed profile"):
        spectral_arc_length(np.array(speed), 100)


def test_a_rate_must_be_positive():
    with pytest.raises(ValueError, match="rate"):
        spectral_arc_length(np.ones(10), 0)
