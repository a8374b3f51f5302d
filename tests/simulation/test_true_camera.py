from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from collector.calibration_result import load_calibration
from collector.clock import ManualClock
from collector.geometry import distance
from collector.simulation.camera import SimulatedCamera
from collector.simulation.lens import Lens
from collector.simulation.mounts import default_camera
from collector.simulation.true_camera import true_camera, truth_path, write_calibrations
from collector.simulation.world import World
from collector.station.description import CameraSimulation

MS = 1_000_000
IMPERFECT = CameraSimulation(imperfect=True, seed=3)


def test_without_a_word_a_camera_is_what_it_says() -> None:
    camera = true_camera("static", 640, 480)
    assert camera.is_nominal
    assert camera.noise == 0
    assert camera.truth() == camera.nominal_calibration()
    intrinsics, _, transform = default_camera("static", 640, 480)
    assert camera.intrinsics == intrinsics
    np.testing.assert_array_equal(camera.transform, transform)


@pytest.mark.parametrize("name", ["static", "wrist"])
@pytest.mark.parametrize("seed", range(20))
def test_an_imperfect_camera_departs_from_its_nominal_in_everything(name: str, seed: int) -> None:
    camera = true_camera(name, 640, 480, CameraSimulation(imperfect=True, seed=seed))
    assert not camera.is_nominal
    true, nominal = camera.intrinsics, camera.nominal
    for value in ("fx", "fy", "cx", "cy", "distortion"):
        assert getattr(true, value) != getattr(nominal, value)
    assert abs(true.fx / nominal.fx - 1) < 0.02
    away_m, away_rad = distance(camera.transform, camera.nominal_transform)
    assert 0.0005 < away_m < 0.015
    assert 0.002 < away_rad < 0.05
    assert camera.stamp_delay_ns != 0
    assert camera.noise >= 1.0


def test_same_seed_same_camera_and_two_cameras_of_a_seed_differ() -> None:
    one, again = (true_camera("static", 640, 480, IMPERFECT) for _ in range(2))
    assert one.truth() == again.truth()
    other = true_camera("wrist", 640, 480, IMPERFECT)
    assert other.stamp_delay_ns != one.stamp_delay_ns
    assert other.intrinsics.distortion != one.intrinsics.distortion


@pytest.mark.parametrize("seed", [3, 4, 34])
def test_whatever_is_drawn_shows_the_whole_picture(seed: int) -> None:
    for name in ("static", "wrist"):
        camera = true_camera(name, 640, 480, CameraSimulation(imperfect=True, seed=seed))
        assert np.isfinite(Lens(camera.intrinsics).rays).all()


def test_given_values_hold_imperfect_or_not() -> None:
    given = {"fx": 500.0, "distortion": (0.1, 0, 0, 0, 0), "stamp_delay_ms": 12.5, "noise": 0.0}
    for imperfect in (False, True):
        camera = true_camera("static", 640, 480, CameraSimulation(imperfect=imperfect, **given))
        assert camera.intrinsics.fx == 500.0
        assert camera.intrinsics.distortion == (0.1, 0, 0, 0, 0)
        assert camera.stamp_delay_ns == 12_500_000
        assert camera.noise == 0
        assert (camera.intrinsics.fy == camera.nominal.fy) is not imperfect


def test_what_is_known_before_calibration_is_wrong_and_the_truth_is_kept(tmp_path: Path) -> None:
    camera = true_camera("static", 640, 480, IMPERFECT)
    path = tmp_path / "calibration" / "static.yaml"
    write_calibrations(camera, path, tmp_path)
    known, truth = load_calibration(path), load_calibration(truth_path(tmp_path, "static"))
    assert known.method == "simulator nominal"
    assert known.delay_s == 0
    assert known.k.tolist() == camera.nominal.k.tolist()
    assert truth == camera.truth()
    assert truth.delay_s == camera.stamp_delay_ns / 1e9
    assert truth.k.tolist() == camera.intrinsics.k.tolist()
    np.testing.assert_allclose(truth.transform, camera.transform)


def test_a_measured_calibration_stays_and_the_simulators_own_follows(tmp_path: Path) -> None:
    path = tmp_path / "static.yaml"
    perfect, imperfect = (true_camera("static", 640, 480, s) for s in (None, IMPERFECT))
    write_calibrations(imperfect, path, tmp_path)
    write_calibrations(perfect, path, tmp_path)
    assert load_calibration(path).method == "simulator truth"
    assert not truth_path(tmp_path, "static").exists()
    measured = perfect.truth().model_copy(update={"method": "bundle adjustment", "fx": 549.0})
    measured.save(path)
    write_calibrations(imperfect, path, tmp_path)
    assert load_calibration(path) == measured


def test_frames_are_stamped_late_noisy_and_reported_with_nominal_intrinsics() -> None:
    with World() as world:
        world.reset("open_drawer", 0)
        state = world.state()
    clock = ManualClock(1_700_000_000_000 * MS)
    start = clock.now_ns()

    def frames(**simulation: float) -> tuple[SimulatedCamera, list[object]]:
        true = true_camera("static", 64, 48, CameraSimulation(**simulation))
        camera = SimulatedCamera(
            "static",
            true.intrinsics,
            true.parent_frame,
            true.transform,
            10.0,
            lambda: (clock.now_ns(), state),
            clock,
            wait=lambda s: clock.advance(round(s * 1e9)),
            nominal=true.nominal,
            noise=true.noise,
            stamp_delay_ns=true.stamp_delay_ns,
            seed=true.seed,
        )
        camera.start()
        return camera, [camera.read(1.0) for _ in range(2)]

    quiet_camera, quiet = frames(fx=60.0)
    assert quiet_camera.intrinsics == default_camera("static", 64, 48)[0]
    quiet_camera.stop()
    first = clock.now_ns()
    noisy_camera, noisy = frames(fx=60.0, noise=3.0, stamp_delay_ms=20.0)
    noisy_camera.stop()
    assert [frame.stamp_ns - start for frame in quiet] == [0, 100 * MS]
    # Due at once and a period later; stamped 20 ms late, and not given before then.
    assert [frame.stamp_ns - first for frame in noisy] == [20 * MS, 120 * MS]
    assert clock.now_ns() >= noisy[-1].stamp_ns
    difference = noisy[0].image.astype(float) - quiet[0].image
    inner = difference[(quiet[0].image > 15) & (quiet[0].image < 240)]
    assert inner.std() == pytest.approx(3.0, rel=0.05)
    assert abs(inner.mean()) < 0.2
    again = noisy[1].image.astype(float) - quiet[0].image
    assert abs(np.corrcoef(difference.ravel(), again.ravel())[0, 1]) < 0.1
