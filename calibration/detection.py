"""Where a picture shows the board's corners, and whether they can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.board import DICTIONARIES, CharucoBoard
from calibration.observation import Pixels

# Fewer corners than this, or all of them in one line, leave a pose undetermined or weak.
MIN_CORNERS = 8
# An edge's width is its contrast over its steepest slope. A sharp edge measures 1 to 1.5 px;
# a Gaussian blur of sigma px measures 2.5 sigma.
MAX_EDGE_WIDTH_PX = 3.0
# A marker of another kind is believed in from this many on: one or two are chance.
_FOREIGN_MARKERS = 4
# Corners that are one of a line's end and no more apart than this share cannot be told.
_FLATNESS = 0.05
_PROFILE_STEP_PX = 0.25
_PROFILES_PER_EDGE = 7


@dataclass(frozen=True)
class Detection:
    """What was seen of the board in one picture.

    ``ids`` int64 [n] and ``corners`` float64 [n, 2], pixels of the picture, centres at whole
    numbers. ``problem``: why they should not be used, one sentence that says what to do;
    empty when they may be. ``markers``: how many of the board's markers were read.
    ``edge_width_px``: how blurred its edges are, NaN where none could be measured.
    """

    ids: NDArray[np.int64]
    corners: Pixels
    problem: str = ""
    markers: int = 0
    edge_width_px: float = float("nan")

    @property
    def ok(self) -> bool:
        """Whether the corners may be used."""
        return not self.problem


class BoardDetector:
    """Finds one board in pictures. Not safe for several threads."""

    def __init__(
        self,
        board: CharucoBoard,
        min_corners: int = MIN_CORNERS,
        max_edge_width_px: float = MAX_EDGE_WIDTH_PX,
    ) -> None:
        self.board = board
        self._min_corners = min(min_corners, board.corner_count)
        self._max_edge_width_px = max_edge_width_px
        self._detector = _charuco_detector(board)

    def detect(self, image: NDArray[np.uint8], explain: bool = True) -> Detection:
        """Find the board in ``image`` [H, W, 3] RGB or [H, W] grey.

        ``explain``: where nothing is found, look for what else it could be (a legacy pattern,
        another dictionary, another board), which takes some ten times as long.
        Raises ValueError for an array that is no picture.
        """
        grey = _grey(image)
        ids, corners, marker_ids = _detect(self._detector, grey)
        corners = refine_corners(grey, self.board, ids, corners)
        found = Detection(ids, corners, markers=len(marker_ids))
        if len(ids) < self._min_corners:
            return replace(found, problem=self._few(grey, found, marker_ids, explain))
        if _in_a_line(corners):
            return replace(
                found,
                problem="The corners seen lie in one line: show more of the board.",
            )
        found = replace(found, edge_width_px=edge_width(grey, self.board, ids, corners))
        if found.edge_width_px > self._max_edge_width_px:
            return replace(
                found,
                problem=f"The board is blurred (its edges are {found.edge_width_px:.1f} px wide, "
                f"expected at most {self._max_edge_width_px:g}): hold it still, focus, or "
                "add light and shorten the exposure.",
            )
        return found

    def _few(
        self,
        grey: NDArray[np.uint8],
        found: Detection,
        marker_ids: NDArray[np.int64],
        explain: bool,
    ) -> str:
        board = self.board
        foreign = marker_ids[marker_ids >= board.marker_count]
        if len(foreign) >= 2 and len(foreign) * 4 > len(marker_ids):
            return (
                f"The picture shows markers up to number {int(foreign.max())}; a board of "
                f"{board.columns} x {board.rows} squares has {board.marker_count}, from 0 on: "
                "describe the board that is shown, or show the one described."
            )
        if explain:
            reason = self._other_board(grey, len(found.ids), len(marker_ids))
            if reason:
                return reason
        if found.markers == 0:
            return (
                "No board in the picture: bring it into view, facing the camera, in even light, "
                "and hold it still; nearer, if its markers are small."
            )
        return (
            f"Too little of the board is seen: {len(found.ids)} corners, expected at least "
            f"{self._min_corners}: bring the whole board into view, and nearer."
        )

    def _other_board(self, grey: NDArray[np.uint8], corners: int, markers: int) -> str:
        """Return the sentence for a board that is not the one described; "" for none."""
        board = self.board
        other = replace(board, legacy_pattern=not board.legacy_pattern)
        if board.rows % 2 == 0:
            seen = len(_detect(_charuco_detector(other), grey)[0])
            if seen >= max(self._min_corners, 2 * corners):
                if other.legacy_pattern:
                    return (
                        "The board has the legacy pattern, as OpenCV drew it before 4.6 (a white "
                        "square comes first): describe it with legacy_pattern, or print a new one."
                    )
                return (
                    "The board has the present pattern (a black square comes first), and the "
                    "legacy pattern is described: describe it without legacy_pattern."
                )
        if markers >= _FOREIGN_MARKERS:
            return self._other_size(grey, corners)
        best, most = "", _FOREIGN_MARKERS - 1
        for name in _families(board.dictionary):
            dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name))
            ids = cv2.aruco.ArucoDetector(dictionary).detectMarkers(grey)[1]
            count = 0 if ids is None else len(np.unique(ids))
            if count > most:
                best, most, highest = name, count, int(ids.max())
        if not best:
            return ""
        kind = smallest_dictionary(best, highest)
        return (
            f"The markers in the picture are of {kind}, and the board is described with "
            f"{board.dictionary}: describe the board that is shown, or show the one described."
        )

    def _other_size(self, grey: NDArray[np.uint8], corners: int) -> str:
        """Return the sentence for a board with other rows and columns; "" for none."""
        board = self.board
        if corners:
            return ""
        turned = (board.rows, board.columns)
        if turned != (board.columns, board.rows):
            other = replace(board, columns=turned[0], rows=turned[1])
            if len(_detect(_charuco_detector(other), grey)[0]) >= self._min_corners:
                return (
                    f"The board has {turned[0]} columns and {turned[1]} rows of squares, described "
                    f"are {turned[1]} columns and {turned[0]} rows: swap them."
                )
        return (
            "The markers are the board's, and no corner fits between them: check the number of "
            "columns and rows of squares, the marker's size, and whether the print is flat."
        )


def refine_corners(
    grey: NDArray[np.uint8], board: CharucoBoard, ids: NDArray[np.int64], corners: Pixels
) -> Pixels:
    """Return ``corners`` [n, 2] to sub-pixel, each in a window that no marker reaches into.

    Foerstner and Guelch, ISPRS 1987, as OpenCV has it. `CharucoDetector` takes windows that
    hold parts of the markers where squares are small, which pull the corners by some 0.2 px.
    """
    if len(ids) < 2:
        return corners
    columns = board.corner_columns
    grid = np.column_stack([ids % columns, ids // columns]).astype(float)
    apart = np.linalg.norm(grid[:, None] - grid[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    nearest = np.argmin(apart, axis=1)
    square_px = np.linalg.norm(corners - corners[nearest], axis=1) / apart.min(axis=1)
    room = (board.square_m - board.marker_m) / 2 / board.square_m
    refined: Pixels = corners.copy()
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-3)
    for index, corner in enumerate(corners):
        half = max(2, round(room * float(square_px[index])))
        start = corner.astype(np.float32).reshape(1, 1, 2)
        moved = cv2.cornerSubPix(grey, start, (half, half), (-1, -1), criteria)[0, 0]
        if np.all(np.abs(moved - corner) <= half):
            refined[index] = moved
    return refined


def edge_width(
    grey: NDArray[np.uint8], board: CharucoBoard, ids: NDArray[np.int64], corners: Pixels
) -> float:
    """Return how wide the squares' edges are in ``grey`` [H, W], pixels: contrast over slope.

    Measured across the edge between neighbouring corners, a profile the mean of several side
    by side. The wider direction counts, which a motion blurs alone; of it, the median.
    NaN where no two neighbours were seen.
    """
    at = dict(zip(ids.tolist(), corners, strict=True))
    widths: tuple[list[float], list[float]] = ([], [])
    # The white square's paper ends where its marker begins.
    room = (board.square_m - board.marker_m) / 2 / board.square_m
    for index, one in at.items():
        row, column = divmod(index, board.corner_columns)
        for direction, neighbour, is_there in (
            (0, index + 1, column + 1 < board.corner_columns),
            (1, index + board.corner_columns, row + 1 < board.corner_rows),
        ):
            if is_there and neighbour in at:
                width = _edge_width(grey, one, at[neighbour], room)
                if np.isfinite(width):
                    widths[direction].append(width)
    medians = [float(np.median(some)) for some in widths if some]
    return max(medians) if medians else float("nan")


def corner_motion(before: Detection, now: Detection) -> float:
    """Return how far the corners moved between two pictures, px: the median's length.

    NaN where fewer than four corners are in both.
    """
    _, one, other = np.intersect1d(before.ids, now.ids, return_indices=True)
    if len(one) < 4:
        return float("nan")
    moved = now.corners[other] - before.corners[one]
    return float(np.median(np.linalg.norm(moved, axis=1)))


class Stillness:
    """Tells when the board has been still for a while: corners under ``max_px`` for ``for_s``.

    Measured against the first picture since it was last seen moving, not against the one
    before, so that a slow drift does not pass for rest.
    """

    def __init__(self, max_px: float = 0.5, for_s: float = 0.4) -> None:
        self._max_px = max_px
        self._for_ns = round(for_s * 1e9)
        self._anchor: tuple[int, Detection] | None = None

    def update(self, stamp_ns: int, detection: Detection) -> bool:
        """Take the next picture's detection; return whether the board is still."""
        if len(detection.ids) < 4:
            self._anchor = None
            return False
        if self._anchor is not None:
            moved = corner_motion(self._anchor[1], detection)
            if stamp_ns >= self._anchor[0] and moved <= self._max_px:
                return stamp_ns - self._anchor[0] >= self._for_ns
        self._anchor = (stamp_ns, detection)
        return False


def smallest_dictionary(name: str, highest_id: int) -> str:
    """Return the smallest dictionary of ``name``'s family that has a marker ``highest_id``."""
    family = [other for other in DICTIONARIES if _family(other) == _family(name)]
    sizes = {
        other: len(cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, other)).bytesList)
        for other in family
    }
    large_enough = [other for other in family if sizes[other] > highest_id]
    return min(large_enough, key=lambda other: sizes[other], default=name)


def _family(name: str) -> str:
    # DICT_4X4_50, DICT_4X4_1000 begin with the same markers; APRILTAG_36h10 and 36h11 do not.
    return name.rpartition("_")[0] if "X" in name else name


def _families(except_of: str) -> list[str]:
    """Return the largest dictionary of every family but that of ``except_of``."""
    largest = [n for n in DICTIONARIES if "X" not in n or n.endswith("_1000")]
    return [name for name in largest if _family(name) != _family(except_of)]


def _charuco_detector(board: CharucoBoard) -> cv2.aruco.CharucoDetector:
    markers = cv2.aruco.DetectorParameters()
    # Markers of a distant board have bits of two pixels: looking at them closely costs little.
    markers.adaptiveThreshWinSizeMin = 3
    markers.adaptiveThreshWinSizeMax = 23
    markers.adaptiveThreshWinSizeStep = 4
    markers.minMarkerPerimeterRate = 0.02
    return cv2.aruco.CharucoDetector(board.cv_board, cv2.aruco.CharucoParameters(), markers)


def _detect(
    detector: cv2.aruco.CharucoDetector, grey: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], Pixels, NDArray[np.int64]]:
    """Return corner ids [n], corners [n, 2] px and marker ids [m]."""
    found, ids, _, marker_ids = detector.detectBoard(grey)
    markers = np.empty(0, np.int64) if marker_ids is None else marker_ids.astype(np.int64).ravel()
    if ids is None or len(ids) == 0:
        return np.empty(0, np.int64), np.empty((0, 2)), markers
    # Other versions of OpenCV return other shapes.
    corners = np.asarray(found, np.float64).reshape(-1, 2)
    flat = np.asarray(ids, np.int64).reshape(-1)
    flat, first = np.unique(flat, return_index=True)
    return flat, corners[first], markers


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    picture = np.asarray(image)
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or 0 in picture.shape:
        raise ValueError(
            f"expected a picture [H, W, 3] or [H, W] of uint8, got {picture.shape} {picture.dtype}"
        )
    if picture.ndim == 2:
        return np.ascontiguousarray(picture)
    if picture.shape[2] != 3:
        raise ValueError(f"expected 3 channels RGB, got {picture.shape[2]}")
    grey: NDArray[np.uint8] = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    return grey


def _in_a_line(corners: Pixels) -> bool:
    spread = np.linalg.svd(corners - corners.mean(axis=0), compute_uv=False)
    return bool(spread[1] < _FLATNESS * spread[0])


def _edge_width(
    grey: NDArray[np.uint8], one: NDArray[np.float64], other: NDArray[np.float64], room: float
) -> float:
    """Return the width of the edge from corner to corner [2], px; ``room`` in squares."""
    along = other - one
    length = float(np.linalg.norm(along))
    if length < 6.0:
        return float("nan")  # squares of a few pixels show nothing of an edge's width
    along /= length
    across = np.array([-along[1], along[0]])
    reach = max(2.0, room * length + 1.0)
    offsets = np.arange(-reach, reach + 1e-9, _PROFILE_STEP_PX)
    stations = np.linspace(0.3, 0.7, _PROFILES_PER_EDGE) * length
    points = one + stations[:, None, None] * along + offsets[None, :, None] * across
    samples = cv2.remap(grey, points.astype(np.float32), None, cv2.INTER_LINEAR)
    profile = samples.astype(np.float64).mean(axis=0)
    # From the plain half (a black square) to the marker's paper: the ends of the profile.
    contrast = float(abs(profile[:3].mean() - profile[-3:].mean()))
    contrast = max(contrast, float(profile.max() - profile.min()))
    step = round(1.0 / _PROFILE_STEP_PX)
    slope = float(np.abs(profile[step:] - profile[:-step]).max())
    if contrast < 20.0 or slope <= 0.0:
        return float("nan")
    return contrast / slope
