"""The printed page, read back by another program than wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
import pytest

from calibration.board import A3_BOARD, A4_BOARD, BoardError, CharucoBoard
from calibration.board_pdf import write_board_pdf
from calibration.detection import BoardDetector

MM = 72.0 / 25.4  # points
LANDSCAPE = CharucoBoard(9, 5, 0.028, 0.021)
PRINTS = [("A4", A4_BOARD), ("A3", A3_BOARD), ("A3", A4_BOARD), ("A4", LANDSCAPE)]


@pytest.fixture(params=PRINTS, ids=lambda p: f"{p[0]}-{p[1].columns}x{p[1].rows}")
def printed(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[str, CharucoBoard, pypdfium2.PdfPage]]:
    page, board = request.param
    path = tmp_path / "boards" / "board.pdf"
    write_board_pdf(path, board, page)
    document = pypdfium2.PdfDocument(path)
    assert len(document) == 1
    yield page, board, document[0]
    document.close()


def test_the_page_is_of_paper_size(printed: tuple[str, CharucoBoard, pypdfium2.PdfPage]) -> None:
    name, board, page = printed
    width, height = page.get_width() / MM, page.get_height() / MM
    expected = {"A4": (210, 297), "A3": (297, 420)}[name]
    if board is LANDSCAPE:
        expected = expected[::-1]
    assert (width, height) == pytest.approx(expected, abs=0.001)


def test_the_squares_are_vectors_of_true_size(
    printed: tuple[str, CharucoBoard, pypdfium2.PdfPage],
) -> None:
    _, board, page = printed
    kinds = {thing.type for thing in page.get_objects()}
    assert pdfium.FPDF_PAGEOBJ_IMAGE not in kinds
    boxes = [
        np.array(thing.get_bounds()) / MM
        for thing in page.get_objects()
        if thing.type == pdfium.FPDF_PAGEOBJ_PATH
    ]
    left, bottom, right, top = max(boxes, key=lambda b: (b[2] - b[0]) * (b[3] - b[1]))
    size = 1e3 * np.array(board.size_m)
    # Black squares reach every edge, so the path's box is the board's.
    np.testing.assert_allclose((right - left, top - bottom), size, atol=0.005)
    width = page.get_width() / MM
    assert left == pytest.approx(width - right, abs=0.01)
    assert bottom > 30
    # The ruler below: as long as it says.
    rulers = [b for b in boxes if b[3] < bottom]
    assert min(b[0] for b in rulers) == pytest.approx(width / 2 - 50, abs=0.2)
    assert max(b[2] for b in rulers) == pytest.approx(width / 2 + 50, abs=0.2)


def test_a_drawn_page_shows_the_board_exact_to_a_hundredth_of_a_millimetre(
    printed: tuple[str, CharucoBoard, pypdfium2.PdfPage],
) -> None:
    _, board, page = printed
    picture = page.render(scale=10.0 / MM).to_numpy()[:, :, :3]
    # The page is drawn into whole pixels.
    page_mm = np.array([page.get_width(), page.get_height()]) / MM
    px_per_mm = np.array(picture.shape[1::-1]) / page_mm
    found = BoardDetector(board).detect(np.ascontiguousarray(picture[:, :, ::-1]))
    assert found.ok, found.problem
    np.testing.assert_array_equal(found.ids, np.arange(board.corner_count))
    expected = 1e3 * board.geometry().points[:, :2]
    mm = found.corners / px_per_mm
    error = (mm - mm.mean(axis=0)) - (expected - expected.mean(axis=0))
    assert np.abs(error).max() < 0.02
    scale = np.sum(error * expected) / np.sum((expected - expected.mean(axis=0)) ** 2)
    assert abs(scale) < 1e-4


def test_it_says_what_to_measure(printed: tuple[str, CharucoBoard, pypdfium2.PdfPage]) -> None:
    name, board, page = printed
    text = page.get_textpage().get_text_range()
    assert f"Print on {name} at 100 %" in text
    assert "ruler is 100 mm long" in text
    assert f"{1e3 * board.size_m[0]:g} mm wide" in text
    assert board.dictionary in text
    width = page.get_width()
    for thing in page.get_objects():
        left, bottom, right, top = thing.get_bounds()
        assert left > 5 * MM
        assert right < width - 5 * MM
        assert bottom > 5 * MM
        assert top < page.get_height() - 5 * MM


def test_the_same_board_is_the_same_file(tmp_path: Path) -> None:
    for name in ("one.pdf", "other.pdf"):
        write_board_pdf(tmp_path / name, A4_BOARD)
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "other.pdf").read_bytes()


def test_a_board_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="do not fit on A4: make the squares 31 mm or smaller"):
        write_board_pdf(tmp_path / "board.pdf", A3_BOARD)
    with pytest.raises(BoardError, match="give A4 or A3"):
        write_board_pdf(tmp_path / "board.pdf", A4_BOARD, "letter")
    assert not (tmp_path / "board.pdf").exists()
