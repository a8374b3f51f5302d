"""A stored calibration holds everything, cannot be changed unseen, and replaces none for good."""

from __future__ import annotations

from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
import yaml
from rig_fixtures import BOARD, INTRINSICS, ORDINARY, capture
from scipy.ndimage import center_of_mass

from calibration.examination import examine
from calibration.observation import Intrinsics
from calibration.result import camera_calibration, compare, history, intrinsics_of, store
from collector.calibration_result import CalibrationError, CameraCalibration, load_calibration
from collector.episode.calibration_group import (
    calibration_faults,
    read_calibration,
    write_calibration,
)
from collector.training_view import training_image


def measured(seed: int = 0, date: str = "2026-11-24T17:30:00Z") -> CameraCalibration:
    _, views, _ = capture("eye_to_hand", seed)
    found = examine(views, BOARD, INTRINSICS, "eye_to_hand", ORDINARY)
    assert found.adjustment is not None
    return camera_calibration(
        found.adjustment, views, BOARD, found.verdict,
        camera="static", date=date, columns=8, rows=6, person="setter", name="after the move",
        software="collector 0.1.0", dictionary="DICT_4X4_50", marker_m=0.0225,
    )  # fmt: skip


def test_a_result_is_read_back_whole(tmp_path: Path) -> None:
    calibration = measured()
    path = tmp_path / "calibration" / "static.yaml"
    assert store(calibration, path) is None
    read = load_calibration(path)
    assert read == calibration
    assert (read.parent_frame, read.child_frame) == ("base", "static_optical")
    assert np.shape(read.covariance) == (6, 6)
    assert read.views is not None
    assert len(read.views) == 20
    assert read.board is not None
    assert (read.board.holder_frame, read.board.square_m) == ("ee", 0.03)
    assert read.findings is not None
    assert read.robot_sigma_m == pytest.approx(5e-4)
    assert read.corner_sigma_px == pytest.approx(0.3, rel=0.1)
    assert intrinsics_of(read) == INTRINSICS
    assert sorted(p.name for p in path.parent.iterdir()) == ["static.yaml"]


def test_older_results_stay_beside_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "static.yaml"
    first = measured(0, "2026-11-24T17:30:00+01:00")
    second = measured(1, "2026-11-25T08:00:00Z")
    store(first, path)
    kept = store(second, path)
    assert kept == tmp_path / "static.2026-11-24T17-30-00+01-00.yaml"
    assert load_calibration(kept) == first
    assert load_calibration(path) == second
    store(second, path)
    again = store(first, path)
    assert again == tmp_path / "static.2026-11-25T08-00-00Z.yaml"
    assert history(path) == [again, kept]
    # A wrist camera's results are not the static one's.
    store(measured(2), tmp_path / "static_left.yaml")
    assert len(history(path)) == 2


def test_a_damaged_file_is_kept_too(tmp_path: Path) -> None:
    path = tmp_path / "static.yaml"
    path.write_text("not: [a calibration")
    kept = store(measured(), path)
    assert kept is not None
    assert kept.read_text() == "not: [a calibration"
    assert history(path) == [kept]


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "static.yaml"
    first = measured()
    store(first, path)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CalibrationError, match="No space left on device"):
        store(measured(1), path)
    assert load_calibration(path) == first
    assert [p.name for p in tmp_path.iterdir()] == ["static.yaml"]


def test_a_changed_number_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "static.yaml"
    store(measured(), path)
    values = yaml.safe_load(path.read_text())
    values["transform"][0] += 0.01
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(CalibrationError, match="changed after it was measured"):
        load_calibration(path)


def test_files_from_before_still_load_with_the_hash_they_had(tmp_path: Path) -> None:
    old = CameraCalibration(
        camera="wrist", width=640, height=480, fx=600.0, fy=600.0, cx=320.0, cy=240.0,
        parent_frame="ee", child_frame="wrist_optical",
        transform=(0.0, 0.0, 0.05, 0.0, 0.0, 0.0, 1.0),
    )  # fmt: skip
    old.save(tmp_path / "wrist.yaml")
    assert set(yaml.safe_load((tmp_path / "wrist.yaml").read_text())) == {
        "schema", "camera", "serial", "width", "height", "fx", "fy", "cx", "cy",
        "distortion_model", "distortion", "parent_frame", "child_frame", "transform",
        "covariance", "residual_px", "delay_s", "method", "software", "person", "date",
    }  # fmt: skip
    assert load_calibration(tmp_path / "wrist.yaml") == old
    assert old.content_hash == "0fc8caf835542b7e16334e8a78d22ea051d55ac36bb7841a3dd6f6b1f218c507"


def test_two_results_are_compared_in_sigmas() -> None:
    one, other = measured(0), measured(0)
    assert compare(one, other).sigmas == 0.0
    moved = one.model_copy(update={"transform": (one.transform[0] + 0.01, *one.transform[1:])})
    found = compare(moved, one)
    np.testing.assert_allclose(found.shift_m, [0.01, 0.0, 0.0], atol=1e-12)
    assert found.sigmas > 5.0
    with pytest.raises(CalibrationError, match="nothing to compare"):
        compare(one.model_copy(update={"parent_frame": "ee"}), other)


def test_a_point_lands_where_the_training_image_shows_it() -> None:
    """Through K of the 224 view, and drawn natively and shrunk: the same pixel."""
    calibration = measured()
    lens = Intrinsics(1280, 720, 912.0, 905.0, 655.3, 349.1, (0.1, -0.2, 0.001, 0.0, 0.0))
    stored = calibration.model_copy(
        update={"fx": lens.fx, "fy": lens.fy, "cx": lens.cx, "cy": lens.cy,
                "distortion": lens.distortion}
    )  # fmt: skip
    small = Intrinsics(
        224, 224, *(float(stored.k_training[i]) for i in ((0, 0), (1, 1), (0, 2), (1, 2))),
        stored.distortion,
    )  # fmt: skip
    v, u = np.mgrid[0:720, 0:1280]
    for point in ([0.0, 0.0, 0.6], [0.12, -0.08, 0.5], [-0.15, 0.14, 0.7], [0.1, 0.2, 0.9]):
        at = lens.project([point])[0]
        spot = 255.0 * np.exp(-0.5 * ((u - at[0]) ** 2 + (v - at[1]) ** 2) / 8.0**2)
        native = cv2.cvtColor(np.round(spot).astype(np.uint8), cv2.COLOR_GRAY2RGB)
        y, x = center_of_mass(training_image(native)[..., 0].astype(float))
        np.testing.assert_allclose(small.project([point])[0], [x, y], atol=0.03)


def test_an_episode_embeds_the_whole_result(tmp_path: Path) -> None:
    calibration = measured()
    with h5py.File(tmp_path / "episode.h5", "w") as file:
        write_calibration(file, "static", calibration)
        assert read_calibration(file, "static") == calibration
        assert calibration_faults(file, "static") == []
