from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from simulated_pictures import Picture, Station, noisy

from calibration.board import A4_BOARD, CharucoBoard
from calibration.detection import BoardDetector, Detection, Stillness, corner_motion
from collector.simulation.renderer import Renderer
from collector.simulation.world import World

NOISE = 2.0  # grey levels


@pytest.fixture(scope="module")
def simulator() -> Iterator[tuple[Renderer, World]]:
    renderer = Renderer()
    with World() as world:
        yield renderer, world
    renderer.close()


@pytest.fixture(scope="module", params=["static", "wrist"])
def pictures(
    request: pytest.FixtureRequest, simulator: tuple[Renderer, World]
) -> tuple[str, list[Picture]]:
    return request.param, Station(*simulator, request.param).pictures(12, seed=0)


@pytest.fixture(scope="module")
def near(simulator: tuple[Renderer, World]) -> Picture:
    """The board before the wrist camera, whole."""
    return Station(*simulator, "wrist").picture()


@pytest.fixture(scope="module")
def large(simulator: tuple[Renderer, World]) -> Picture:
    """The same through a camera of 1280 x 960, whose markers survive a blur."""
    return Station(*simulator, "wrist", size=(1280, 960)).picture()


def shown(board: CharucoBoard, square_px: int = 40) -> NDArray[np.uint8]:
    """Return a picture of the whole board, seen a little from the side."""
    size = (board.columns * square_px, board.rows * square_px)
    flat = np.pad(board.cv_board.generateImage(size), square_px, constant_values=255)
    h, w = flat.shape
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    seen = np.array([[30, 20], [w - 12, 35], [w - 25, h - 30], [20, h - 15]], np.float32)
    warp = cv2.getPerspectiveTransform(corners, seen)
    return cv2.warpPerspective(flat, warp, (w, h), flags=cv2.INTER_AREA, borderValue=128)


def test_corners_are_where_they_truly_are(pictures: tuple[str, list[Picture]]) -> None:
    camera, views = pictures
    detector = BoardDetector(A4_BOARD)
    errors, seen = [], 0
    for index, view in enumerate(views):
        found = detector.detect(noisy(view.image, NOISE, index))
        if len(found.ids):
            errors.append(found.corners - view.corners(found.ids))
        seen += found.ok
    assert seen >= 10
    error = np.concatenate(errors)
    length = np.linalg.norm(error, axis=1)
    # The squares are some 20 px in the static picture, 30 in the wrist's.
    assert np.median(length) < (0.15 if camera == "static" else 0.10)
    assert np.quantile(length, 0.95) < 0.4
    # No bias: neither of half a pixel's convention nor of the lens.
    assert np.abs(np.median(error, axis=0)).max() < 0.02


def test_a_sharp_whole_board_has_no_problem(near: Picture) -> None:
    found = BoardDetector(A4_BOARD).detect(near.image)
    assert found.ok
    assert len(found.ids) == A4_BOARD.corner_count
    assert found.markers == A4_BOARD.marker_count
    assert found.ids.dtype == np.int64
    assert found.corners.dtype == np.float64
    assert found.edge_width_px < 1.8
    grey = cv2.cvtColor(near.image, cv2.COLOR_RGB2GRAY)
    np.testing.assert_array_equal(BoardDetector(A4_BOARD).detect(grey).corners, found.corners)


@pytest.mark.parametrize("direction", ["all", "across", "down"])
def test_a_blurred_board_is_seen_as_blurred(large: Picture, direction: str) -> None:
    if direction == "all":
        blurred = cv2.GaussianBlur(large.image, (0, 0), 2.2)
    else:  # what a motion during the exposure does
        kernel = np.full((1, 7) if direction == "across" else (7, 1), 1 / 7)
        blurred = cv2.filter2D(large.image, -1, kernel)
    found = BoardDetector(A4_BOARD).detect(blurred)
    assert "blurred" in found.problem
    assert "hold it still" in found.problem
    assert len(found.ids) > 0


def test_the_edge_width_grows_with_the_blur(large: Picture) -> None:
    detector = BoardDetector(A4_BOARD, max_edge_width_px=99)
    widths = [
        detector.detect(cv2.GaussianBlur(large.image, (0, 0), sigma)).edge_width_px
        for sigma in (0.5, 1.0, 1.5, 2.0, 2.5)
    ]
    assert np.all(np.diff(widths) > 0.5)


def test_no_board_and_a_corner_of_one_are_told_apart(near: Picture) -> None:
    detector = BoardDetector(A4_BOARD)
    nothing = np.full_like(near.image, 128)
    assert detector.detect(nothing).problem.startswith("No board in the picture")
    partly = near.image.copy()
    middle = near.corners(np.array([12]))[0].astype(int)
    partly[: middle[1]] = 128
    partly[:, : middle[0]] = 128
    found = detector.detect(partly)
    assert 0 < len(found.ids) < A4_BOARD.corner_count
    few = BoardDetector(A4_BOARD, min_corners=len(found.ids) + 1).detect(partly)
    assert few.problem.startswith(f"Too little of the board is seen: {len(found.ids)} corners")


def test_corners_in_one_line_are_not_enough(near: Picture) -> None:
    partly = near.image.copy()
    columns = A4_BOARD.corner_columns
    below = near.corners(np.arange(columns, 2 * columns))[:, 1].min()
    partly[int(below) - 2 :] = 128
    found = BoardDetector(A4_BOARD, min_corners=4).detect(partly)
    assert found.ids.tolist() == list(range(columns))
    assert "lie in one line" in found.problem


def test_a_legacy_board_is_called_so_and_works_when_described() -> None:
    legacy = CharucoBoard(6, 8, legacy_pattern=True)
    present = replace(legacy, legacy_pattern=False)
    assert (
        "legacy pattern, as OpenCV drew it" in BoardDetector(present).detect(shown(legacy)).problem
    )
    assert "without legacy_pattern" in BoardDetector(legacy).detect(shown(present)).problem
    for board in (legacy, present):
        assert BoardDetector(board).detect(shown(board)).ok


def test_on_the_default_board_the_legacy_pattern_is_the_same() -> None:
    legacy = replace(A4_BOARD, legacy_pattern=True)
    assert BoardDetector(A4_BOARD).detect(shown(legacy)).ok


@pytest.mark.parametrize(
    ("dictionary", "named"),
    [
        ("DICT_5X5_100", "DICT_5X5_50"),
        ("DICT_6X6_250", "DICT_6X6_50"),
        ("DICT_APRILTAG_36h11", "DICT_APRILTAG_36h11"),
    ],
)
def test_another_dictionary_is_named(dictionary: str, named: str) -> None:
    found = BoardDetector(A4_BOARD).detect(shown(replace(A4_BOARD, dictionary=dictionary)))
    assert not found.ok
    assert f"of {named}, and the board is described with DICT_4X4_50" in found.problem


def test_a_larger_dictionary_of_the_family_is_the_same_board() -> None:
    assert BoardDetector(A4_BOARD).detect(shown(replace(A4_BOARD, dictionary="DICT_4X4_250"))).ok


def test_other_counts_of_squares_are_told() -> None:
    turned = CharucoBoard(7, 6)
    problem = BoardDetector(turned).detect(shown(A4_BOARD)).problem
    assert "swap them" in problem
    other = CharucoBoard(8, 11)
    problem = BoardDetector(A4_BOARD).detect(shown(other)).problem
    assert "markers up to number 43" in problem
    assert "6 x 7 squares has 21" in problem


def test_what_is_no_picture_is_refused() -> None:
    detector = BoardDetector(A4_BOARD)
    for wrong in (np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 3)), np.zeros(4, np.uint8)):
        with pytest.raises(ValueError, match="expected a picture"):
            detector.detect(wrong)
    with pytest.raises(ValueError, match="3 channels"):
        detector.detect(np.zeros((4, 4, 4), np.uint8))


def at(offset: float) -> Detection:
    grid = np.stack(np.meshgrid(np.arange(5.0), np.arange(6.0)), axis=-1).reshape(-1, 2)
    return Detection(np.arange(30), 20 * grid + offset)


def test_the_motion_between_pictures_is_the_median_corners() -> None:
    assert corner_motion(at(0.0), at(1.0)) == pytest.approx(np.sqrt(2))
    few = Detection(np.array([3, 7, 9]), np.zeros((3, 2)))
    assert np.isnan(corner_motion(at(0.0), few))


def test_the_board_is_still_after_a_while_without_motion() -> None:
    ms = 1_000_000
    still = Stillness(max_px=0.5, for_s=0.4)
    assert [still.update(t * ms, at(0.01 * (t % 3))) for t in range(0, 600, 100)] == [
        False,
        False,
        False,
        False,
        True,
        True,
    ]
    assert not still.update(600 * ms, at(2.0))
    assert not still.update(700 * ms, at(2.0))
    assert still.update(1000 * ms, at(2.0))
    assert not still.update(1100 * ms, Detection(np.empty(0, np.int64), np.empty((0, 2))))
    assert not still.update(1200 * ms, at(2.0))


def test_a_slow_drift_is_no_rest() -> None:
    ms = 1_000_000
    still = Stillness(max_px=0.5, for_s=0.4)
    assert not any(still.update(t * 100 * ms, at(0.15 * t)) for t in range(30))
