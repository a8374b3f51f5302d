"""How the board was turned against the camera, and how it should be turned next."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.image_coverage import Moved
from calibration.observation import BoardGeometry, Intrinsics, Pixels
from collector.geometry import Pose, matrix

# Focal length and distance are told apart by perspective alone, which a board that faces the
# camera does not show: tilts below this do not count (Zhang, PAMI 2000, has 45 deg best).
MIN_TILT_RAD = np.radians(12.0)
GOOD_TILT_RAD = np.radians(20.0)
MAX_TILT_RAD = np.radians(50.0)  # beyond, squares are too narrow to be found well
VIEWS_PER_DIRECTION = 2
# Turns about the camera's own axis: from the leftmost to the rightmost.
ROLL_RANGE_RAD = np.radians(60.0)

# Which edge of the board is nearer to the camera, as the picture shows it, and what to say.
DIRECTIONS = ("upper", "right", "lower", "left")


@dataclass(frozen=True)
class BoardOrientation:
    """How the board is turned against the line of sight.

    ``tilt`` float64 [2] rad: along the picture's x and y, towards the edge that is nearer to
    the camera; its length is the angle between the board's normal and the line of sight.
    ``roll_rad``: turn about the optical axis, clockwise in the picture, 0 for upright.
    """

    tilt: NDArray[np.float64]
    roll_rad: float

    @property
    def tilt_rad(self) -> float:
        """The angle between the board's normal and the line of sight."""
        return float(np.linalg.norm(self.tilt))

    @property
    def direction(self) -> str:
        """Which edge is nearer, one of `DIRECTIONS`; "" for a board that faces the camera."""
        if self.tilt_rad < MIN_TILT_RAD:
            return ""
        x, y = self.tilt
        if abs(y) >= abs(x):
            return "upper" if y < 0 else "lower"
        return "right" if x > 0 else "left"


def board_pose(
    ids: NDArray[np.int64], corners: Pixels, board: BoardGeometry, intrinsics: Intrinsics
) -> Pose | None:
    """Return ``T_camera_board`` [7] of one picture, None where its corners fit no pose.

    ``corners`` [n, 2] px. Of a plane's two solutions the one that fits better (IPPE, Collins
    and Bartoli, IJCV 2014), refined on the pixels.
    """
    if len(ids) < 4:
        return None
    points, pixels = board.points[ids], np.ascontiguousarray(corners, np.float64)
    spread = np.linalg.svd(points[:, :2] - points[:, :2].mean(axis=0), compute_uv=False)
    if spread[1] < 1e-3 * spread[0]:
        return None  # in a line, which can turn about itself
    k, distortion = intrinsics.K, np.array(intrinsics.distortion)
    try:
        ok, rotation, translation = cv2.solvePnP(
            points, pixels, k, distortion, flags=cv2.SOLVEPNP_IPPE
        )
        if not ok:
            return None
        rotation, translation = cv2.solvePnPRefineLM(
            points, pixels, k, distortion, rotation, translation
        )
    except cv2.error:
        return None
    turn = Rotation.from_rotvec(np.asarray(rotation, float).ravel()).as_quat()
    pose = np.concatenate([np.asarray(translation, float).ravel(), turn])
    return pose if np.all(np.isfinite(pose)) and pose[2] > 0 else None


def orientation(t_camera_board: Pose, board: BoardGeometry) -> BoardOrientation:
    """Return how a board at ``T_camera_board`` [7] is turned against the line of sight."""
    t = matrix(t_camera_board)
    middle = t[:3, :3] @ board.centre + t[:3, 3]
    sight = middle / np.linalg.norm(middle)
    away = t[:3, 2]  # the board's z goes into it: along the line of sight when it faces us
    angle = float(np.arccos(np.clip(away @ sight, -1.0, 1.0)))
    # The board's plane is z' = -(away_x x + away_y y) / away_z: nearer where `away` points.
    aside = away - (away @ sight) * sight
    level = aside[:2] / max(float(np.linalg.norm(aside[:2])), 1e-12)
    return BoardOrientation(angle * level, float(np.arctan2(t[1, 0], t[0, 0])))


class OrientationCoverage:
    """Collects how the board was turned in the pictures that are used."""

    def __init__(self, board: BoardGeometry) -> None:
        self._board = board
        self._seen: list[BoardOrientation] = []

    def add(self, t_camera_board: Pose) -> BoardOrientation:
        """Count one picture with the board at ``T_camera_board`` [7]; return how it is turned."""
        seen = orientation(t_camera_board, self._board)
        self._seen.append(seen)
        return seen

    @property
    def tilts(self) -> NDArray[np.float64]:
        """Every picture's tilt [n, 2] rad, to draw: see `BoardOrientation`."""
        return np.array([seen.tilt for seen in self._seen]).reshape(-1, 2)

    @property
    def rolls(self) -> NDArray[np.float64]:
        """Every picture's roll [n] rad."""
        return np.array([seen.roll_rad for seen in self._seen])

    @property
    def counts(self) -> dict[str, int]:
        """Pictures by direction of tilt, of `DIRECTIONS`, and "facing" for those without."""
        counts = dict.fromkeys((*DIRECTIONS, "facing"), 0)
        for seen in self._seen:
            counts[seen.direction or "facing"] += 1
        return counts

    @property
    def roll_range_rad(self) -> float:
        """From the leftmost to the rightmost turn about the optical axis."""
        if not self._seen:
            return 0.0
        # Cut the circle at its widest gap: 179 and -179 degrees are 2 apart.
        rolls = np.sort(self.rolls)
        gaps = np.diff(np.concatenate([rolls, [rolls[0] + 2 * np.pi]]))
        return float(2 * np.pi - gaps.max())

    @property
    def complete(self) -> bool:
        """Whether the board was turned every way that a calibration needs."""
        return not self._lacking() and self.roll_range_rad >= ROLL_RANGE_RAD

    @property
    def share(self) -> float:
        """How much of what is needed was seen, 0 to 1."""
        counts = self.counts
        tilted = sum(min(counts[name], VIEWS_PER_DIRECTION) for name in DIRECTIONS)
        rolled = min(self.roll_range_rad / ROLL_RANGE_RAD, 1.0) * VIEWS_PER_DIRECTION
        return float((tilted + rolled) / (VIEWS_PER_DIRECTION * (len(DIRECTIONS) + 1)))

    def guidance(self, moved: Moved = "board") -> str:
        """Return how to turn next, as a sentence; "" when complete.

        Directions are the picture's. ``moved``: what a person or the arm moves.
        """
        lacking = self._lacking()
        degrees = f"{np.degrees(GOOD_TILT_RAD):.0f} to {np.degrees(MAX_TILT_RAD) - 10:.0f} degrees"
        if lacking:
            edge = lacking[0]
            if moved == "camera":
                return (
                    f"Look at the board from beyond its {edge} edge, as the picture shows it, "
                    f"{degrees} aslant."
                )
            return (
                f"Tilt the board's {edge} edge, as the picture shows it, {degrees} towards the "
                "camera."
            )
        if self.roll_range_rad < ROLL_RANGE_RAD:
            missing = max(5.0, float(np.degrees(ROLL_RANGE_RAD - self.roll_range_rad)))
            way = "clockwise" if np.mean(self._centred_rolls()) <= 0 else "anticlockwise"
            return (
                f"Turn the {moved} within the picture's plane, by {missing:.0f} degrees more, so "
                f"that the picture of the board turns {way}."
            )
        return ""

    def _lacking(self) -> list[str]:
        counts = self.counts
        short = [name for name in DIRECTIONS if counts[name] < VIEWS_PER_DIRECTION]
        return sorted(short, key=lambda name: (counts[name], DIRECTIONS.index(name)))

    def _centred_rolls(self) -> NDArray[np.float64]:
        """Return rolls against the first picture's, in (-pi, pi]."""
        turned: NDArray[np.float64] = np.angle(np.exp(1j * (self.rolls - self.rolls[0])))
        return turned
