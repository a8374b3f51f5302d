"""What a calibration says should be seen, as native pixels: to be drawn over live pictures.

Base axes, the gripper's axes and tip, and the board, through the camera's pose, K and
distortion. Where the drawing does not lie on what it means, the calibration is wrong.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from collector.calibration_result import CameraCalibration
from collector.geometry import IDENTITY, Pose, compose
from ui.calibration_values import ArmPose, Pose7
from ui.layout_projection import Points, project
from ui.scene_projection import Ink
from ui.values import CameraModel, CameraPose

BASE_AXES_M, TOOL_AXES_M = 0.15, 0.06
STEPS = 8  # a straight edge is bent by the lens: drawn in so many pieces

Pixel = tuple[float, float]
Projection = Callable[[Pose, Sequence[Sequence[float]]], Points]


@dataclass(frozen=True)
class PixelLine:
    """A line in the picture, native pixels."""

    points: tuple[Pixel, ...]
    ink: Ink


@dataclass(frozen=True)
class VerificationOverlay:
    """All that is drawn over a picture of ``width`` x ``height`` native pixels."""

    camera: str
    width: int
    height: int
    lines: tuple[PixelLine, ...] = ()
    base: Pixel | None = None  # its origin, where it is in the picture
    tip: Pixel | None = None  # of the gripper: the origin of ee
    tip_distance_m: float | None = None  # along the line of sight
    px_per_m: float | None = None  # at the tip, across the line of sight

    @property
    def tip_inside(self) -> bool:
        """Whether the tip is within the picture."""
        if self.tip is None:
            return False
        return 0 <= self.tip[0] < self.width and 0 <= self.tip[1] < self.height


@dataclass(frozen=True)
class TipCheck:
    """The projected gripper tip against where a person sees it."""

    off_px: float
    off_mm: float | None


def verification(calibration: CameraCalibration, T_base_ee: Pose7) -> VerificationOverlay:
    """Return what ``calibration`` projects with the tool at ``T_base_ee``.

    Raises ValueError for a lens model that is not known.
    """
    tool = np.array(T_base_ee)
    place = np.array(calibration.transform)
    T_base_camera = compose(tool, place) if calibration.parent_frame == "ee" else place
    model = CameraModel(
        calibration.camera,
        calibration.width,
        calibration.height,
        tuple(calibration.k.ravel()),
        calibration.distortion,
        calibration.distortion_model,
    )
    pose = CameraPose(calibration.camera, "base", tuple(T_base_camera))

    def pixels(frame: Pose, points: Sequence[Sequence[float]]) -> Points:
        return project(_placed(frame, points), model, pose)

    lines = [*_axes(IDENTITY, BASE_AXES_M, pixels), *_axes(tool, TOOL_AXES_M, pixels)]
    board = calibration.board
    if board is not None:
        T_holder_board = np.array(board.transform)
        held = board.holder_frame == "ee"
        T_base_board = compose(tool, T_holder_board) if held else T_holder_board
        wide, high = board.columns * board.square_m, board.rows * board.square_m
        corners = [(0, 0, 0), (wide, 0, 0), (wide, high, 0), (0, high, 0), (0, 0, 0)]
        lines += _drawn(pixels(T_base_board, _fine(corners)), Ink.BOARD)
        lines += _axes(T_base_board, 2 * board.square_m, pixels)
    at = np.array([*tool[:3]]) - T_base_camera[:3]
    distance = float(np.linalg.norm(at))
    return VerificationOverlay(
        calibration.camera,
        calibration.width,
        calibration.height,
        tuple(lines),
        _pixel(pixels(IDENTITY, [(0, 0, 0)])[0]),
        _pixel(pixels(tool, [(0, 0, 0)])[0]),
        distance,
        calibration.fx / distance if distance > 0 else None,
    )


def check_tip(overlay: VerificationOverlay, seen: Pixel) -> TipCheck | None:
    """Return how far the projected tip is from where it is ``seen``, native pixels."""
    if overlay.tip is None:
        return None
    off = math.dist(overlay.tip, seen)
    return TipCheck(off, 1e3 * off / overlay.px_per_m if overlay.px_per_m else None)


def pose_at(poses: Sequence[ArmPose], stamp_ns: int) -> ArmPose | None:
    """Return the pose whose stamp is nearest to a picture's."""
    return min(poses, key=lambda pose: abs(pose.stamp_ns - stamp_ns), default=None)


def _axes(frame: Pose, length: float, pixels: Projection) -> list[PixelLine]:
    lines: list[PixelLine] = []
    for axis, ink in enumerate((Ink.X, Ink.Y, Ink.Z)):
        end = np.zeros(3)
        end[axis] = length
        lines += _drawn(pixels(frame, _fine([(0, 0, 0), end])), ink)
    return lines


def _fine(corners: Sequence[Sequence[float]]) -> list[np.ndarray]:
    points: list[np.ndarray] = []
    for one, other in itertools.pairwise(corners):
        a, b = np.asarray(one, float), np.asarray(other, float)
        points += [a + (b - a) * step / STEPS for step in range(STEPS)]
    return [*points, np.asarray(corners[-1], float)]


def _drawn(pixels: Points, ink: Ink) -> list[PixelLine]:
    """Return the pieces of a line that can be seen."""
    lines: list[PixelLine] = []
    piece: list[Pixel] = []
    for row in [*pixels, np.full(2, np.nan)]:
        pixel = _pixel(row)
        if pixel is not None:
            piece.append(pixel)
            continue
        if len(piece) > 1:
            lines.append(PixelLine(tuple(piece), ink))
        piece = []
    return lines


def _placed(frame: Pose, points: Sequence[Sequence[float]]) -> Points:
    placed: Points = Rotation.from_quat(frame[3:]).apply(np.asarray(points, float)) + frame[:3]
    return placed


def _pixel(row: Points) -> Pixel | None:
    return (float(row[0]), float(row[1])) if np.isfinite(row).all() else None
