"""A fixed camera that was pushed, on pictures of the simulated station at work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from simulated_pictures import DISTORTION, Station, noisy, with_arm_at

from calibration.board import A4_BOARD
from calibration.detection import BoardDetector
from calibration.drift import (
    DriftError,
    ReferenceView,
    background,
    compare_points,
    load_reference,
    reference_path,
    save_reference,
)
from collector.geometry import compose, pose
from collector.simulation.kinematics import REST_RAD, inverse_kinematics
from collector.simulation.layout import tool_down
from collector.simulation.mounts import default_camera
from collector.simulation.renderer import Renderer
from collector.simulation.tasks import TASKS
from collector.simulation.world import World

NOISE = 2.0  # grey levels
Look = Callable[..., NDArray[np.uint8]]


@pytest.fixture(scope="module")
def look() -> Look:
    """Take a picture of a seeded scene: arm, objects and furniture are elsewhere in each.

    ``shift_px`` along ``angle`` by turning the camera, ``gain`` of the light, ``roll`` rad.
    """
    renderer = Renderer()
    k, _, transform = default_camera("static", 640, 480)
    k = replace(k, distortion=DISTORTION)
    states = {}
    with World() as world:
        for seed in range(17):
            world.reset(list(TASKS)[seed % len(TASKS)], seed)
            rng = np.random.default_rng(seed)
            at = rng.uniform((0.35, -0.25, 0.05), (0.60, 0.25, 0.35))
            tool = tool_down(at, float(rng.uniform(-0.6, 0.6)))
            joints = inverse_kinematics(tool, REST_RAD, iterations=60, null_space_gain=0.0)
            states[seed] = with_arm_at(world.state(), joints)

    def take(
        seed: int, shift_px: float = 0.0, angle: float = 0.0, gain: float = 1.0, roll: float = 0.0
    ) -> NDArray[np.uint8]:
        # A camera that turns right sees everything further left.
        axis = shift_px / k.fx * np.array([np.sin(angle), -np.cos(angle), 0.0])
        turn = Rotation.from_rotvec([*axis[:2], -roll])
        image = renderer.render(
            states[seed], compose(transform, pose([0, 0, 0], turn.as_quat())), k
        )
        lit = np.clip(np.rint(gain * image.astype(float)), 0, 255).astype(np.uint8)
        return noisy(lit, NOISE, seed)

    yield take
    renderer.close()


@pytest.fixture(scope="module")
def reference(look: Look) -> ReferenceView:
    image, ignore = background([look(seed) for seed in range(11)])
    return ReferenceView(image, ignore=ignore)


@pytest.mark.parametrize("gain", [0.8, 1.0, 1.2])
@pytest.mark.parametrize("shift_px", [0.0, 0.5])
def test_a_camera_that_stands_is_left_alone_whatever_moves_before_it(
    look: Look, reference: ReferenceView, shift_px: float, gain: float
) -> None:
    for seed in range(11, 17):
        found = reference.compare(look(seed, shift_px, angle=seed, gain=gain))
        assert found.verdict == "steady", (seed, found)
        assert found.shift_px == pytest.approx(shift_px, abs=0.25)
        assert "stands where it was calibrated" in found.sentence


@pytest.mark.parametrize("gain", [0.8, 1.0, 1.2])
@pytest.mark.parametrize("shift_px", [2.0, 6.0])
def test_a_camera_that_was_pushed_is_named_with_how_far(
    look: Look, reference: ReferenceView, shift_px: float, gain: float
) -> None:
    for seed in range(11, 17):
        found = reference.compare(look(seed, shift_px, angle=seed, gain=gain))
        assert found.moved, (seed, found)
        assert found.shift_px == pytest.approx(shift_px, rel=0.1, abs=0.2)
        assert found.x_px == pytest.approx(shift_px * np.cos(seed), abs=0.3 + 0.05 * shift_px)
        assert found.y_px == pytest.approx(shift_px * np.sin(seed), abs=0.3 + 0.05 * shift_px)
        assert found.sentence.startswith("The static camera has moved since its calibration")
        assert "calibrate it again" in found.sentence


def test_the_sentence_says_which_way(look: Look, reference: ReferenceView) -> None:
    assert "px further right (" in reference.compare(look(11, 3.0, 0.0)).sentence
    assert "px further up (" in reference.compare(look(11, 3.0, -np.pi / 2)).sentence
    turned = reference.compare(look(11, roll=np.radians(0.8)))
    assert turned.moved
    assert np.degrees(turned.roll_rad) == pytest.approx(0.8, abs=0.1)
    assert "turned by 0.8 deg clockwise" in turned.sentence


def test_a_far_push_is_never_called_steady(look: Look, reference: ReferenceView) -> None:
    verdicts = []
    for seed in range(11, 17):
        for shift_px in (25.0, 50.0, 200.0):
            found = reference.compare(look(seed, shift_px, angle=seed))
            verdicts.append(found.verdict)
            assert found.verdict != "steady"
            assert "calibrate" in found.sentence
    assert verdicts.count("moved") >= 8


def test_a_covered_or_dark_view_is_unknown(look: Look, reference: ReferenceView) -> None:
    for picture in (
        np.full((480, 640, 3), 90, np.uint8),
        noisy(np.zeros((480, 640, 3), np.uint8), NOISE, 1),
    ):
        found = reference.compare(picture)
        assert found.verdict == "unknown"
        assert "covered or dark" in found.sentence
    half = look(12)
    half[:, :330] = 60
    assert not reference.compare(half).moved


def test_a_reference_with_the_arm_in_it_still_tells_nothing_false(look: Look) -> None:
    reference = ReferenceView(look(3))
    same = reference.compare(look(3, shift_px=2.0, angle=1.0))
    assert same.moved
    assert same.shift_px == pytest.approx(2.0, abs=0.2)


def test_the_background_is_what_most_pictures_agree_on(look: Look) -> None:
    pictures = [look(seed) for seed in range(11)]
    image, ignore = background(pictures)
    assert image.shape == (480, 640, 3)
    assert 0.05 < ignore.mean() < 0.35
    rest = ~ignore
    for picture in pictures:
        near = np.abs(picture.astype(int) - image).max(axis=2) < 15
        assert np.mean(near[rest]) > 0.9
    with pytest.raises(DriftError, match="at least one picture"):
        background([])


def test_the_reference_is_kept_beside_the_calibration(look: Look, tmp_path: Path) -> None:
    image, ignore = background([look(seed) for seed in range(3)])
    calibration = tmp_path / "calibration" / "static.yaml"
    with pytest.raises(DriftError, match="is missing: calibrate again"):
        load_reference(calibration)
    assert save_reference(image, calibration, ignore) == reference_path(calibration)
    again, again_ignored = load_reference(calibration)
    np.testing.assert_array_equal(again, image)
    np.testing.assert_array_equal(again_ignored, ignore)
    reference_path(calibration).write_bytes(b"no picture")
    with pytest.raises(DriftError, match="is no reference picture"):
        load_reference(calibration)


def test_pictures_that_cannot_be_compared_are_refused(look: Look, reference: ReferenceView) -> None:
    with pytest.raises(DriftError, match="640 x 480 and this one 320 x 240"):
        reference.compare(look(0)[::2, ::2])
    with pytest.raises(DriftError, match="uint8"):
        reference.compare(look(0).astype(float))
    with pytest.raises(DriftError, match="shows no edges"):
        ReferenceView(np.full((480, 640, 3), 80, np.uint8))


@pytest.mark.parametrize(
    ("shift_px", "verdict"), [(0.0, "steady"), (0.5, "steady"), (2.0, "moved")]
)
def test_a_board_of_known_place_tells_as_well(shift_px: float, verdict: str) -> None:
    renderer = Renderer()
    with World() as world:
        view = Station(renderer, world, "static").picture()
    renderer.close()
    found = BoardDetector(A4_BOARD).detect(noisy(view.image, NOISE, 0))
    expected = view.corners(found.ids) - (shift_px, 0.0)
    drift = compare_points(found.corners, expected, sigma_px=0.1)
    assert drift.verdict == verdict
    assert drift.x_px == pytest.approx(shift_px, abs=0.1)
    if verdict == "moved":
        assert "further right" in drift.sentence


def test_known_points_that_are_few_or_uncertain_leave_it_open() -> None:
    due = np.array([[0.0, 0], [50, 0], [50, 50], [0, 50], [25, 25]])
    assert compare_points(due[:3], due[:3], 0.1).verdict == "unknown"
    uncertain = compare_points(due + 2.0, due, sigma_px=1.5)
    assert uncertain.verdict == "unknown"
    assert "may have moved" in uncertain.sentence
    one_wrong = due.copy()
    one_wrong[2] += 80.0
    assert compare_points(one_wrong, due, 0.1).verdict == "steady"
    with pytest.raises(DriftError, match="same ids"):
        compare_points(due[:4], due, 0.1)
