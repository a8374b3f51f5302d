"""Tags and a board in a fixed camera's view, as witnesses of whether it was moved."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from calibration.board import A4_BOARD
from calibration.drift import DriftError, ReferenceView
from calibration.fixed_marks import TAGS, FixedMarks

WIDTH, HEIGHT = 640, 480
NOISE = 2.0  # grey levels
Picture = NDArray[np.uint8]


def tag(number: int, side_px: int = 60) -> Picture:
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, TAGS))
    white = side_px // 6
    drawn = cv2.aruco.generateImageMarker(dictionary, number, side_px)
    return np.pad(drawn, white, constant_values=255)


def board() -> Picture:
    drawn = A4_BOARD.cv_board.generateImage((240, 280))
    return np.pad(np.asarray(drawn, np.uint8), 10, constant_values=255)


def view(
    marks: dict[tuple[int, int], Picture],
    shift: tuple[float, float] = (0.0, 0.0),
    edges: bool = False,
    seed: int = 1,
) -> Picture:
    """Draw marks with their upper left corner at (x, y), the camera turned by ``shift`` px."""
    grey = np.full((HEIGHT, WIDTH), 120, np.uint8)
    if edges:
        rng = np.random.default_rng(3)
        for _ in range(90):
            x, y = rng.integers(0, (WIDTH, HEIGHT))
            w, h = rng.integers(8, 40, 2)
            colour = int(rng.integers(60, 200))
            cv2.rectangle(grey, (int(x), int(y)), (int(x + w), int(y + h)), colour, -1)
    for (x, y), drawn in marks.items():
        grey[y : y + drawn.shape[0], x : x + drawn.shape[1]] = drawn
    move = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    moved = cv2.warpAffine(grey, move, (WIDTH, HEIGHT), borderValue=120)
    blurred = cv2.GaussianBlur(moved, (0, 0), 0.8).astype(float)
    noise = np.random.default_rng(seed).normal(0.0, NOISE, blurred.shape)
    lit = np.clip(np.rint(blurred + noise), 0, 255).astype(np.uint8)
    return np.repeat(lit[:, :, None], 3, axis=2)


TAGGED = {(60, 50): tag(3), (480, 330): tag(17)}


@pytest.mark.parametrize(
    ("shift", "verdict"),
    [
        ((0.0, 0.0), "steady"),
        ((0.4, -0.3), "steady"),
        ((2.0, 0.0), "moved"),
        ((-9.0, 5.0), "moved"),
    ],
)
def test_tags_alone_tell_whether_the_camera_was_moved(
    shift: tuple[float, float], verdict: str
) -> None:
    reference = ReferenceView(view(TAGGED))
    found = reference.compare(view(TAGGED, shift, seed=2))
    assert found.verdict == verdict
    assert (found.x_px, found.y_px) == pytest.approx(shift, abs=0.15)


def test_one_tag_in_view_is_enough() -> None:
    both, one = view(TAGGED), dict(list(TAGGED.items())[:1])
    assert ReferenceView(both).compare(view(one, (3.0, 0.0), seed=2)).moved


def test_a_board_that_lies_there_tells_as_well() -> None:
    lying = {(200, 100): board()}
    reference = ReferenceView(view(lying), board=A4_BOARD)
    assert reference.compare(view(lying, seed=2)).verdict == "steady"
    moved = reference.compare(view(lying, (0.0, 2.0), seed=2))
    assert moved.moved
    assert moved.y_px == pytest.approx(2.0, abs=0.15)


def test_a_tag_that_was_moved_is_not_a_camera_that_was_moved() -> None:
    reference = ReferenceView(view({(60, 50): tag(3)}, edges=True))
    found = reference.compare(view({(75, 58): tag(3)}, edges=True, seed=2))
    assert found.verdict == "steady"
    assert "A tag or board in its view was moved" in found.sentence
    pushed = reference.compare(view({(60, 50): tag(3)}, (4.0, 0.0), edges=True, seed=2))
    assert pushed.moved


def test_without_its_tags_the_background_decides() -> None:
    reference = ReferenceView(view({(60, 50): tag(3)}, edges=True))
    assert reference.compare(view({}, edges=True, seed=2)).verdict == "steady"
    assert reference.compare(view({}, (3.0, 0.0), edges=True, seed=2)).moved
    bare = ReferenceView(view(TAGGED))
    assert bare.compare(view({}, seed=2)).verdict == "unknown"


def test_a_mark_on_what_moves_is_no_witness() -> None:
    ignore = np.zeros((HEIGHT, WIDTH), np.bool_)
    ignore[:200, :200] = True  # the arm was there, with the first tag on it
    tagged, bare = view(TAGGED)[:, :, 0], view({})[:, :, 0]
    assert FixedMarks(tagged).count == 8
    assert FixedMarks(tagged, ignore).count == 4
    assert FixedMarks(bare).count == 0
    found, due = FixedMarks(bare).find(tagged)
    assert found.shape == due.shape == (0, 2)
    with pytest.raises(DriftError, match="shows no edges"):
        ReferenceView(view({}))
