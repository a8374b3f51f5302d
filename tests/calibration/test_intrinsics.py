"""Intrinsics are found with honest uncertainty, and not from views that cannot tell them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rig_fixtures import BOARD, INTRINSICS, capture

from calibration.intrinsics import calibrate_intrinsics, factory_prior, guess
from calibration.observation import BoardView, Intrinsics, ObservationError

LENS = Intrinsics(1280, 720, 905.0, 908.0, 648.0, 352.0, (0.10, -0.20, 0.001, -0.0005, 0.05))


def seen(seed: int, count: int = 25, tilt: tuple[float, float] = (10, 40)) -> list[BoardView]:
    _, views, _ = capture(
        "eye_in_hand", seed, count, tilt, spread=0.35,
        change=lambda rig, _: replace(rig, intrinsics=LENS),
    )  # fmt: skip
    return views


def test_the_lens_is_found_and_its_uncertainty_covers_the_error() -> None:
    scaled = []
    for seed in range(6):
        found = calibrate_intrinsics(seen(seed), BOARD, INTRINSICS)
        error = found.intrinsics.parameters - LENS.parameters
        assert abs(error[0]) < 0.005 * LENS.fx
        assert found.sigma_px == pytest.approx(0.3, rel=0.1)
        assert found.intrinsics.covariance is not None
        scaled.append(error / found.sigma)
        whole = error @ np.linalg.solve(found.intrinsics.covariance, error)
        assert whole < 30.0  # chi-square of nine
    assert 0.6 < np.sqrt(np.mean(np.square(scaled))) < 1.4


def test_every_view_has_its_residuals() -> None:
    views = seen(1)
    found = calibrate_intrinsics(views, BOARD, INTRINSICS)
    assert [len(r) for r in found.residuals] == [len(v.ids) for v in views]
    assert found.view_rms_px.shape == (len(views),)
    assert found.rms_px == pytest.approx(0.3 * np.sqrt(2.0), rel=0.1)


def test_a_guess_of_the_field_of_view_is_start_enough() -> None:
    found = calibrate_intrinsics(seen(2), BOARD, guess(1280, 720))
    assert found.intrinsics.fx == pytest.approx(LENS.fx, rel=0.005)


def test_views_without_tilt_are_refused() -> None:
    with pytest.raises(ObservationError, match="Tilt the board by 20 to 40 degrees"):
        calibrate_intrinsics(seen(3, tilt=(0.0, 3.0)), BOARD, INTRINSICS)


def test_little_tilt_is_warned_of() -> None:
    found = calibrate_intrinsics(seen(4, tilt=(0.0, 9.0)), BOARD, INTRINSICS)
    assert any("tilt" in warning for warning in found.warnings)


def test_too_few_views_are_refused() -> None:
    with pytest.raises(ObservationError, match="take 20"):
        calibrate_intrinsics(seen(5, count=4), BOARD, INTRINSICS)


@pytest.mark.parametrize("size", [4, 5, 8])
def test_as_many_coefficients_as_the_start_has(size: int) -> None:
    start = replace(INTRINSICS, distortion=(0.0,) * size)
    found = calibrate_intrinsics(seen(6), BOARD, start)
    assert len(found.intrinsics.distortion) == size
    assert found.sigma.shape == (4 + size,)
    assert factory_prior(start).shape == (4 + size, 4 + size)
