"""A board to print: a PDF page at true size, with a ruler that tells whether it was printed so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from calibration.board import BoardError, CharucoBoard

PAGES_MM = {"A4": (210.0, 297.0), "A3": (297.0, 420.0)}  # ISO 216, upright
MM_PER_INCH = 25.4
RULER_MM = 100.0

# Printers leave out some millimetres at the edge of a page.
_UNPRINTABLE_MM = 5.0
# White around the squares, of a square's side: markers at the edge need it to be found.
_QUIET = 0.25
_RULER_HEIGHT_MM = 14.0
_LINE_MM = 5.0  # of text
_TEXT_POINTS = 9.0
_GAP_MM = 8.0


def write_board_pdf(path: Path, board: CharucoBoard, page: str = "A4") -> None:
    """Write ``board`` to ``path`` as one PDF page, in vectors, at true size.

    ``page`` is A4 or A3, turned as the board fits. Below it stand a ruler and what to measure.
    Raises BoardError where the board does not fit, or for another page.
    """
    width, height = _page_mm(board, page)
    board_w, board_h = (1e3 * side for side in board.size_m)
    lines = _words(board, page)
    foot = _RULER_HEIGHT_MM + _LINE_MM * len(lines)
    left = (width - board_w) / 2
    # The board and its foot stand together in the middle of the page.
    top = (height - board_h - _GAP_MM - foot) / 2

    figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH))
    FigureCanvasPdf(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0.0, width), ylim=(height, 0.0))  # mm from the page's upper left corner
    axes.set_axis_off()

    squares = 1e3 * board.black_rectangles()
    squares[:, :2] += left, top
    # One outline: what touches has no seam, whatever draws it.
    axes.add_patch(PathPatch(_outline(squares), facecolor="black", linewidth=0.0))

    ruler_top = top + board_h + _GAP_MM
    ruler_left = (width - RULER_MM) / 2
    _draw_ruler(axes, ruler_left, ruler_top)
    for index, line in enumerate(lines):
        axes.text(
            width / 2,
            ruler_top + _RULER_HEIGHT_MM + _LINE_MM * (index + 0.5),
            line,
            ha="center",
            va="center",
            fontsize=_TEXT_POINTS,
            family="DejaVu Sans",
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    # No date: the same board is the same file.
    title = f"ChArUco board {board.columns} x {board.rows}, {board.dictionary}"
    metadata = {"Title": title, "CreationDate": None}
    figure.savefig(path, format="pdf", metadata=metadata, facecolor="none")


def _page_mm(board: CharucoBoard, page: str) -> tuple[float, float]:
    """Return width and height of the page, mm, turned as the board fits."""
    if page not in PAGES_MM:
        raise BoardError(f"there is no page {page!r}: give A4 or A3")
    short, long = PAGES_MM[page]
    board_w, board_h = (1e3 * side for side in board.size_m)
    around = 2 * max(_UNPRINTABLE_MM, 1e3 * _QUIET * board.square_m)
    foot = _GAP_MM + _RULER_HEIGHT_MM + _LINE_MM * len(_words(board, page))
    for width, height in ((short, long), (long, short)):
        if board_w + around <= width and board_h + foot + around <= height:
            return width, height
    largest = max(
        min((w - around) / board.columns, (h - foot - around) / board.rows)
        for w, h in ((short, long), (long, short))
    )
    raise BoardError(
        f"{board.columns} x {board.rows} squares of {1e3 * board.square_m:g} mm do not fit on "
        f"{page}: make the squares {np.floor(largest):g} mm or smaller, or take a larger page"
    )


def _words(board: CharucoBoard, page: str) -> list[str]:
    width, height = (1e3 * side for side in board.size_m)
    pattern = ", legacy pattern" if board.legacy_pattern else ""
    return [
        f"ChArUco {board.columns} x {board.rows} squares of {1e3 * board.square_m:g} mm, markers "
        f"{1e3 * board.marker_m:g} mm, {board.dictionary}{pattern}",
        f"Print on {page} at 100 % (actual size, not fitted to the page). Glue it to something "
        "stiff and flat.",
        f"Measure: the ruler is {RULER_MM:g} mm long, the squares together are {width:g} mm wide "
        f"and {height:g} mm high.",
        f"Give the measured width divided by {board.columns} as the side of a square.",
    ]


def _outline(rectangles: np.ndarray) -> Outline:
    """Return rectangles [n, 4] (left, top, width, height) as one path."""
    unit = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    vertices = rectangles[:, None, :2] + unit[None] * rectangles[:, None, 2:]
    codes = [Outline.MOVETO, Outline.LINETO, Outline.LINETO, Outline.LINETO, Outline.CLOSEPOLY]
    return Outline(vertices.reshape(-1, 2), codes * len(rectangles))


def _draw_ruler(axes: Axes, left: float, top: float) -> None:
    """Draw a ruler of `RULER_MM`, a tick a millimetre, its upper left corner at mm."""
    ticks = []
    for mm in range(round(RULER_MM) + 1):
        long = 6.0 if mm % 10 == 0 else 4.5 if mm % 5 == 0 else 3.0
        ticks.append([(left + mm, top), (left + mm, top + long)])
        if mm % 10 == 0:
            axes.text(left + mm, top + 8.5, f"{mm}", ha="center", va="center", fontsize=7.0)
    ticks.append([(left, top), (left + RULER_MM, top)])
    thin = 0.15 / MM_PER_INCH * 72.0
    axes.add_collection(LineCollection(ticks, colors="black", linewidths=thin, capstyle="butt"))
