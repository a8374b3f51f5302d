"""The calibration board of the simulated station, and how it looks to a camera."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from collector.geometry import Matrix
from collector.simulation.backdrop import clip_near
from collector.simulation.lens import Lens

BODY = "board"  # in WorldState.body_names, where there is one

# Subsamples of a pixel along each side: the pixel shows the mean over its square, as a
# sensor's does, so that an edge lies where the light falls and not where a centre is.
_SUBSAMPLES = 3
_TEXELS_PER_SQUARE = 120
_WHITE, _BLACK = 232.0, 18.0  # grey levels of paper and ink in full light
_BACK = 70  # of the sheet, which is plain
_LIGHT = np.array([1.2, -1.0, 2.5]) / np.linalg.norm([1.2, -1.0, 2.5])  # as the renderer's
_NEAR_M = 0.02


@dataclass(frozen=True)
class PrintedBoard:
    """A ChArUco board on a stiff sheet.

    Its frame is OpenCV's: origin at the outer corner of the first square, x right along
    the ``columns``, y down along the ``rows``, z into the sheet.
    """

    columns: int = 6  # squares
    rows: int = 7
    square_m: float = 0.030
    marker_m: float = 0.0225
    dictionary: str = "DICT_4X4_50"
    margin_m: float = 0.015  # of white paper around the squares
    thickness_m: float = 0.003

    @property
    def sheet(self) -> NDArray[np.float64]:
        """Corners [4, 3] of the paper in the board's frame, m."""
        m, w, h = self.margin_m, self.columns * self.square_m, self.rows * self.square_m
        return np.array([[-m, -m, 0.0], [w + m, -m, 0.0], [w + m, h + m, 0.0], [-m, h + m, 0.0]])


BOARD = PrintedBoard()


@cache
def _pictures(board: PrintedBoard) -> tuple[NDArray[np.uint8], ...]:
    """Return the sheet [H, W], 0 black and 255 white, each half as fine as the one before."""
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, board.dictionary))
    drawn = cv2.aruco.CharucoBoard(
        (board.columns, board.rows), board.square_m, board.marker_m, dictionary
    )
    texels = (board.columns * _TEXELS_PER_SQUARE, board.rows * _TEXELS_PER_SQUARE)
    margin = round(board.margin_m / board.square_m * _TEXELS_PER_SQUARE)
    squares = drawn.generateImage(texels)
    picture = np.pad(squares, margin, constant_values=255)
    pictures = [picture]
    while min(pictures[-1].shape) >= 32:
        height, width = pictures[-1].shape
        even = pictures[-1][: height // 2 * 2, : width // 2 * 2]
        pictures.append(cv2.resize(even, (width // 2, height // 2), interpolation=cv2.INTER_AREA))
    return tuple(pictures)


def paint(
    image: NDArray[np.uint8],
    depth_m: NDArray[np.float32],
    t_optical_board: Matrix,
    lens: Lens,
    light_in_board: NDArray[np.float64],
    board: PrintedBoard = BOARD,
) -> None:
    """Paint the board into ``image`` [H, W, 3], in place, where nothing nearer hides it.

    ``depth_m`` [H, W] is how far along the optical axis each pixel's body is, infinite where
    there is none. ``light_in_board`` [3] points to the light.
    """
    region = _region(board.sheet, t_optical_board, lens)
    if region is None:
        return
    x0, y0, x1, y1 = region
    # Rays to the plane: [r1 r2 t] (X, Y, 1) = depth (x, y, 1).
    plane_of_ray = np.asarray(np.linalg.inv(t_optical_board[:3, [0, 1, 3]]), np.float64)
    # Native rays carry a border of one pixel: subsamples of the outermost lie beyond centres.
    rays = lens.rays[y0 : y1 + 2, x0 : x1 + 2]
    height, width = y1 - y0, x1 - x0
    inverse_depth = rays[1:-1, 1:-1] @ plane_of_ray[2, :2] + plane_of_ray[2, 2]
    seen = (inverse_depth > 1e-6) & (inverse_depth * depth_m[y0:y1, x0:x1] > 1.0)
    if not np.any(seen):
        return
    fine = cv2.resize(
        rays,
        ((width + 2) * _SUBSAMPLES, (height + 2) * _SUBSAMPLES),
        interpolation=cv2.INTER_LINEAR,
    )[_SUBSAMPLES:-_SUBSAMPLES, _SUBSAMPLES:-_SUBSAMPLES]
    level, picture = _level(board, plane_of_ray, rays, seen)
    if t_optical_board[:3, 2] @ t_optical_board[:3, 3] <= 0:
        picture = np.full_like(picture, _BACK)
    per_m = _TEXELS_PER_SQUARE / board.square_m / 2**level
    texel_of_plane = np.array(
        [
            [per_m, 0.0, board.margin_m * per_m - 0.5],
            [0.0, per_m, board.margin_m * per_m - 0.5],
            [0.0, 0.0, 1.0],
        ]
    )
    # OpenCV scales a point whose denominator is zero to the origin; `seen` leaves it out.
    texels = cv2.perspectiveTransform(np.ascontiguousarray(fine), texel_of_plane @ plane_of_ray)
    grey = cv2.remap(picture, texels, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (
        (texels[..., 0] > -0.5)
        & (texels[..., 0] < picture.shape[1] - 0.5)
        & (texels[..., 1] > -0.5)
        & (texels[..., 1] < picture.shape[0] - 0.5)
    ).astype(np.float32)
    cover = cv2.resize(inside, (width, height), interpolation=cv2.INTER_AREA)
    cover *= seen
    ink = cv2.resize(
        grey.astype(np.float32) * inside, (width, height), interpolation=cv2.INTER_AREA
    )
    lit = float(np.clip(0.55 + 0.5 * max(0.0, float(-light_in_board[2])), 0.0, 1.0))
    # `ink` is already weighted with the cover.
    paper = lit * (_BLACK * cover + (_WHITE - _BLACK) * ink * seen / 255.0)
    part = image[y0:y1, x0:x1]
    part[:] = np.rint(part * (1.0 - cover[..., None]) + paper[..., None]).astype(np.uint8)


def light_in(t_base_board: Matrix) -> NDArray[np.float64]:
    """Return the direction [3] to the light in the board's frame."""
    direction: NDArray[np.float64] = t_base_board[:3, :3].T @ _LIGHT
    return direction


def _region(
    sheet: NDArray[np.float64], t_optical_board: Matrix, lens: Lens
) -> tuple[int, int, int, int] | None:
    """Return columns and rows x0, y0, x1, y1 that hold the sheet; None out of view."""
    corners = clip_near(sheet @ t_optical_board[:3, :3].T + t_optical_board[:3, 3], _NEAR_M)
    if len(corners) < 3:
        return None
    outline = corners[:, :2] / corners[:, 2:]
    rays = lens.rays[1:-1, 1:-1]
    within = np.all((rays >= outline.min(axis=0)) & (rays <= outline.max(axis=0)), axis=2)
    columns, rows = np.flatnonzero(within.any(axis=0)), np.flatnonzero(within.any(axis=1))
    if len(columns) == 0:
        return None
    height, width = within.shape
    # Rays of pixel centres: half a pixel beyond them may still be covered.
    return (
        max(0, int(columns[0]) - 1),
        max(0, int(rows[0]) - 1),
        min(width, int(columns[-1]) + 2),
        min(height, int(rows[-1]) + 2),
    )


def _level(
    board: PrintedBoard,
    plane_of_ray: NDArray[np.float64],
    rays: NDArray[np.float32],
    seen: NDArray[np.bool_],
) -> tuple[int, NDArray[np.uint8]]:
    """Return the picture whose texels are as large as a subsample, where the sheet is nearest."""
    inverse_depth = rays[1:-1, 1:-1] @ plane_of_ray[2, :2] + plane_of_ray[2, 2]
    row, column = np.unravel_index(np.argmax(np.where(seen, inverse_depth, -1.0)), seen.shape)
    patch = rays[row : row + 3, column : column + 3].reshape(-1, 1, 2)
    plane = cv2.perspectiveTransform(np.ascontiguousarray(patch), plane_of_ray).reshape(3, 3, 2)
    across = np.linalg.norm(plane[1, 2] - plane[1, 0]) / 2
    down = np.linalg.norm(plane[2, 1] - plane[0, 1]) / 2
    subsample_m = float(min(across, down)) / _SUBSAMPLES
    texel_m = board.square_m / _TEXELS_PER_SQUARE
    pictures = _pictures(board)
    level = int(np.clip(np.floor(np.log2(max(subsample_m / texel_m, 1.0))), 0, len(pictures) - 1))
    return level, pictures[level]
