"""Where in the picture the board was seen, and where it should be shown next."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from calibration.observation import Pixels

Moved = Literal["board", "camera"]

# A cell is covered by this many corners: one board's edge in it is not enough.
CORNERS_PER_CELL = 4
# Distortion is largest at the border, and seen there alone: the outer cells count.
COVERED_SHARE = 0.9
_GRID = (5, 5)  # columns, rows


class ImageCoverage:
    """Counts corners in a grid over the picture.

    ``counts`` int64 [rows, columns] is the map to draw, its first row at the top.
    """

    def __init__(
        self, width: int, height: int, columns: int = _GRID[0], rows: int = _GRID[1]
    ) -> None:
        """Begin with nothing seen. Raises ValueError for sizes that are not positive."""
        if min(width, height, columns, rows) <= 0:
            raise ValueError(
                f"a picture of {width} x {height} in {columns} x {rows} cells: give positive sizes"
            )
        self._size = np.array([width, height], float)
        self.counts = np.zeros((rows, columns), np.int64)

    def add(self, corners: Pixels) -> None:
        """Count the corners [n, 2] px of one picture that is used."""
        self.counts += self._counted(corners)

    def gain(self, corners: Pixels) -> int:
        """Return how many cells the corners [n, 2] px of another picture would newly cover."""
        after = self.counts + self._counted(corners)
        return int(np.sum((after >= CORNERS_PER_CELL) & ~self.covered))

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Which cells [rows, columns] have been seen enough."""
        return self.counts >= CORNERS_PER_CELL

    @property
    def share(self) -> float:
        """Share of the cells that are covered, 0 to 1."""
        return float(np.mean(self.covered))

    @property
    def complete(self) -> bool:
        """Whether enough of the picture was seen."""
        return self.share >= COVERED_SHARE

    def cell_edges(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the cells' borders, x [columns + 1] and y [rows + 1], px."""
        rows, columns = self.counts.shape
        x = np.linspace(0.0, self._size[0], columns + 1) - 0.5
        y = np.linspace(0.0, self._size[1], rows + 1) - 0.5
        return x, y

    def wanted(self) -> tuple[float, float] | None:
        """Return the middle of the region that lacks most, px; None when complete."""
        if self.complete:
            return None
        # What lacks around a cell counts too: a region, not a single cell, is asked for.
        missing = np.clip(CORNERS_PER_CELL - self.counts, 0, None) / CORNERS_PER_CELL
        around = np.pad(missing, 1)
        rows, columns = missing.shape
        region = 4.0 * missing
        for dx, dy in ((0, 1), (2, 1), (1, 0), (1, 2)):
            region += around[dy : dy + rows, dx : dx + columns]
        row, column = np.unravel_index(np.argmax(np.where(missing > 0, region, -1.0)), region.shape)
        x, y = self.cell_edges()
        middle_x = (x[column] + x[column + 1]) / 2
        middle_y = (y[row] + y[row + 1]) / 2
        return float(middle_x), float(middle_y)

    def guidance(self, moved: Moved = "board") -> str:
        """Return where to show the board next, as a sentence; "" when complete.

        ``moved``: what a person or the arm moves. A camera turns towards where the board is to
        leave, so the sentence says what the picture should show.
        """
        where = self.wanted()
        if where is None:
            return ""
        place = place_name(where, (float(self._size[0]), float(self._size[1])))
        if moved == "camera":
            return f"Move the camera so that the board is in the {place} of the picture."
        return f"Move the board to the {place} of the picture."

    def _counted(self, corners: Pixels) -> NDArray[np.int64]:
        rows, columns = self.counts.shape
        pixels = np.asarray(corners, float).reshape(-1, 2)
        # Infinity and what is far outside have no whole number.
        pixels = pixels[np.all(np.abs(pixels) <= 2.0 * self._size.max(), axis=1)]
        cells = np.floor((pixels + 0.5) / self._size * (columns, rows)).astype(int)
        inside = np.all((cells >= 0) & (cells < (columns, rows)), axis=1)
        counted = np.zeros_like(self.counts)
        np.add.at(counted, (cells[inside, 1], cells[inside, 0]), 1)
        return counted


def place_name(pixel: tuple[float, float], size: tuple[float, float]) -> str:
    """Return what people call the place of ``pixel`` in a picture of ``size``, px."""
    x, y = ((p + 0.5) / s for p, s in zip(pixel, size, strict=True))
    across = "left" if x < 0.4 else "right" if x > 0.6 else ""
    along = "upper" if y < 0.4 else "lower" if y > 0.6 else ""
    if across and along:
        return f"{along} {across}"
    if across:
        return f"{across} half"
    return f"{along} half" if along else "middle"
