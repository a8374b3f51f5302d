"""ChArUco boards: a chessboard whose white squares carry markers, so that a part is enough."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.observation import BoardGeometry

# Families of markers, largest dictionary of each: a smaller one is the beginning of it.
DICTIONARIES = tuple(
    sorted(
        name
        for name in dir(cv2.aruco)
        # Of the names that differ in case alone, the documented ones.
        if name.startswith("DICT_")
        and not name.endswith(("16H5", "25H9", "36H10", "36H11", "36H12"))
    )
)
_LEAST_SQUARES = 3
# Below this a marker leaves its white square too little room, or its bits are too small.
_MARKER_SHARE = (0.5, 0.9)


class BoardError(ValueError):
    """A board cannot be as described; the message says what to change."""


@dataclass(frozen=True)
class CharucoBoard:
    """The board: ``columns`` x ``rows`` squares, markers in the white ones.

    ``square_m`` is the side of a square as *measured* on the print, ``marker_m`` that of a
    marker. ``dictionary`` is OpenCV's name. ``legacy_pattern``: drawn by OpenCV before
    4.6, where a board with an even number of rows began with a white square.

    The board frame is OpenCV's: origin at the outer corner of the first square, x along the
    columns, y along the rows, z into the board. Raises BoardError.
    """

    columns: int = 6
    rows: int = 7  # odd: the old and the new pattern are then the same
    square_m: float = 0.030
    marker_m: float = 0.0225
    dictionary: str = "DICT_4X4_50"
    legacy_pattern: bool = False

    def __post_init__(self) -> None:
        if self.columns < _LEAST_SQUARES or self.rows < _LEAST_SQUARES:
            raise BoardError(
                f"a board of {self.columns} x {self.rows} squares: give at least "
                f"{_LEAST_SQUARES} x {_LEAST_SQUARES}, counting squares and not inner corners"
            )
        if not (np.isfinite(self.square_m) and 0.001 <= self.square_m <= 1.0):
            raise BoardError(
                f"a square of {self.square_m:g} m: give the measured side in metres, such as 0.03"
            )
        low, high = (share * self.square_m for share in _MARKER_SHARE)
        if not low <= self.marker_m <= high:
            raise BoardError(
                f"a marker of {1e3 * self.marker_m:g} mm in a square of {1e3 * self.square_m:g} "
                f"mm: give between {1e3 * low:g} and {1e3 * high:g} mm"
            )
        if self.dictionary not in DICTIONARIES:
            raise BoardError(
                f"there is no dictionary {self.dictionary!r}: give one of {', '.join(DICTIONARIES)}"
            )
        held = len(self.cv_dictionary.bytesList)
        if self.marker_count > held:
            raise BoardError(
                f"{self.columns} x {self.rows} squares need {self.marker_count} markers and "
                f"{self.dictionary} has {held}: take a larger dictionary or fewer squares"
            )

    @property
    def corner_columns(self) -> int:
        """Inner corners in a row."""
        return self.columns - 1

    @property
    def corner_rows(self) -> int:
        """Rows of inner corners."""
        return self.rows - 1

    @property
    def corner_count(self) -> int:
        """Inner corners; their ids go row by row from 0."""
        return self.corner_columns * self.corner_rows

    @property
    def marker_count(self) -> int:
        """Markers on the board; their ids are 0 to this, less one."""
        squares = self.columns * self.rows
        # With an odd number of squares the corner squares are black: one white fewer.
        return squares // 2

    @property
    def size_m(self) -> tuple[float, float]:
        """Width and height of all squares, m."""
        return self.columns * self.square_m, self.rows * self.square_m

    @property
    def cv_dictionary(self) -> Any:
        """OpenCV's dictionary."""
        return cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, self.dictionary))

    @property
    def cv_board(self) -> Any:
        """OpenCV's board."""
        board = cv2.aruco.CharucoBoard(
            (self.columns, self.rows), self.square_m, self.marker_m, self.cv_dictionary
        )
        board.setLegacyPattern(self.legacy_pattern)
        return board

    def geometry(self) -> BoardGeometry:
        """Return the inner corners in the board frame, by id."""
        y, x = np.divmod(np.arange(self.corner_count), self.corner_columns)
        points = np.column_stack([x + 1, y + 1, np.zeros_like(x)]) * self.square_m
        return BoardGeometry(points, self.square_m)

    def measured(self, square_m: float) -> CharucoBoard:
        """Return the same print with the side that was measured, m; markers scale along."""
        return replace(self, square_m=square_m, marker_m=self.marker_m * square_m / self.square_m)

    def black_rectangles(self) -> NDArray[np.float64]:
        """Return what is black, [n, 4]: left, top, width, height in the board frame, m.

        Rectangles touch, never overlap; a marker's are runs of its bits.
        """
        rectangles = []
        side = self.square_m
        dictionary, bits = self.cv_dictionary, self.cv_dictionary.markerSize
        cell = self.marker_m / (bits + 2)
        white_begins = self.legacy_pattern and self.rows % 2 == 0
        marker = 0
        for row in range(self.rows):
            for column in range(self.columns):
                left, top = column * side, row * side
                if ((row + column) % 2 == 0) != white_begins:
                    rectangles.append((left, top, side, side))
                    continue
                picture = cv2.aruco.generateImageMarker(dictionary, marker, bits + 2)
                marker += 1
                inset = (side - self.marker_m) / 2
                for line, cells in enumerate(picture == 0):
                    y = top + inset + line * cell
                    for start, end in _runs(cells):
                        x = left + inset + start * cell
                        rectangles.append((x, y, (end - start) * cell, cell))
        return np.array(rectangles)


A4_BOARD = CharucoBoard()
A3_BOARD = CharucoBoard(square_m=0.045, marker_m=0.03375)


def _runs(cells: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return start and end of each run of True in ``cells`` [n]."""
    edges = np.diff(np.concatenate([[0], cells.astype(int), [0]]))
    return list(zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True))
