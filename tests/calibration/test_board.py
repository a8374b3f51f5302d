from __future__ import annotations

import numpy as np
import pytest

from calibration.board import A3_BOARD, A4_BOARD, BoardError, CharucoBoard
from collector.simulation.printed_board import BOARD

TEXELS = 120  # a square's


@pytest.mark.parametrize(
    "board",
    [
        A4_BOARD,
        A3_BOARD,
        CharucoBoard(8, 6, legacy_pattern=True),
        CharucoBoard(8, 6),
        CharucoBoard(7, 7, legacy_pattern=True),
        CharucoBoard(9, 5, 0.03, 0.021, "DICT_5X5_100"),
    ],
)
def test_the_rectangles_are_opencvs_board(board: CharucoBoard) -> None:
    size = (board.columns * TEXELS, board.rows * TEXELS)
    drawn = np.full(size[::-1], 255, np.uint8)
    cells = board.black_rectangles() / board.square_m * TEXELS
    for x, y, w, h in cells:
        drawn[round(y) : round(y + h), round(x) : round(x + w)] = 0
    np.testing.assert_array_equal(drawn, board.cv_board.generateImage(size))
    areas = np.sum(cells[:, 2] * cells[:, 3])
    assert areas == pytest.approx(np.sum(drawn == 0))  # none overlaps


@pytest.mark.parametrize("board", [A4_BOARD, CharucoBoard(8, 6, legacy_pattern=True)])
def test_the_geometry_is_opencvs(board: CharucoBoard) -> None:
    np.testing.assert_allclose(
        board.geometry().points, board.cv_board.getChessboardCorners(), atol=1e-7
    )
    assert board.corner_count == len(board.geometry().points)
    assert board.marker_count == len(board.cv_board.getIds())


def test_the_default_boards_have_no_legacy_twin() -> None:
    for board in (A4_BOARD, A3_BOARD):
        assert board.rows % 2 == 1


def test_a_measured_print_scales_as_a_whole() -> None:
    measured = A4_BOARD.measured(0.0297)
    assert measured.square_m == 0.0297
    assert measured.marker_m == pytest.approx(0.0225 * 0.99)
    np.testing.assert_allclose(measured.geometry().points, 0.99 * A4_BOARD.geometry().points)


def test_the_simulated_station_has_the_default_board() -> None:
    for key in ("columns", "rows", "square_m", "marker_m", "dictionary"):
        assert getattr(BOARD, key) == getattr(A4_BOARD, key)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"columns": 2}, "at least 3 x 3, counting squares"),
        ({"square_m": 30.0}, "in metres"),
        ({"square_m": float("nan")}, "in metres"),
        ({"marker_m": 0.030}, "between 15 and 27 mm"),
        ({"dictionary": "DICT_4X4"}, "DICT_4X4_50"),
        ({"columns": 11, "rows": 11}, "need 60 markers and DICT_4X4_50 has 50"),
    ],
)
def test_a_board_that_cannot_be_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(BoardError, match=words):
        CharucoBoard(**values)  # type: ignore[arg-type]
