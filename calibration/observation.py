"""What a calibration is computed from: views of a board, the board, a camera's intrinsics."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from collector.geometry import Pose

Pixels = NDArray[np.float64]
Points = NDArray[np.float64]


class ObservationError(ValueError):
    """Views, a board or intrinsics that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class BoardView:
    """One picture of the board and where the arm was.

    ``ids`` int64 [n]: which corners of the board were seen, each at most once.
    ``corners`` float64 [n, 2]: where, in pixels of the native image, distorted as the
    camera saw them. ``T_base_ee`` [7]: the arm's pose at the image's stamp, m and
    quaternion x y z w. ``stamp_ns`` int64 ns on the station clock. ``name``: what people
    call this view, a file or the number of the pose.

    Raises ObservationError when shapes or numbers do not fit.
    """

    ids: NDArray[np.int64]
    corners: Pixels
    T_base_ee: Pose
    stamp_ns: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", np.asarray(self.ids, np.int64).reshape(-1))
        object.__setattr__(self, "corners", np.asarray(self.corners, np.float64).reshape(-1, 2))
        object.__setattr__(self, "T_base_ee", np.asarray(self.T_base_ee, np.float64).reshape(-1))
        title = f"view {self.name}" if self.name else "a view"
        if len(self.ids) != len(self.corners):
            raise ObservationError(
                f"{title} has {len(self.ids)} ids for {len(self.corners)} corners: detect it again"
            )
        if len(np.unique(self.ids)) != len(self.ids):
            raise ObservationError(f"{title} holds a corner twice: detect it again")
        if not np.all(np.isfinite(self.corners)):
            raise ObservationError(f"{title} has a corner that is no number: detect it again")
        if self.T_base_ee.shape != (7,) or not np.all(np.isfinite(self.T_base_ee)):
            raise ObservationError(f"{title} has no pose of the arm: capture it again")
        norm = float(np.linalg.norm(self.T_base_ee[3:]))
        if abs(norm - 1.0) > 1e-3:
            raise ObservationError(
                f"{title}: the arm's quaternion has length {norm:.4f}, it must be 1 "
                "(order x y z w): check the driver"
            )


@dataclass(frozen=True)
class BoardGeometry:
    """The inner corners of a flat board, in the board frame.

    ``points`` float64 [m, 3] m by corner id, z = 0. ``square_m``: side of one square.
    """

    points: Points
    square_m: float

    def __post_init__(self) -> None:
        points = np.asarray(self.points, np.float64).reshape(-1, 3)
        object.__setattr__(self, "points", points)
        if not self.square_m > 0.0:
            raise ObservationError(f"a square of {self.square_m} m: measure the printed board")
        if len(points) < 4 or not np.all(np.isfinite(points)) or np.any(points[:, 2] != 0.0):
            raise ObservationError("a board has at least four corners, all at z = 0")

    @classmethod
    def grid(cls, columns: int, rows: int, square_m: float) -> BoardGeometry:
        """Return a board of ``columns`` x ``rows`` inner corners, ids row by row."""
        y, x = np.divmod(np.arange(columns * rows), columns)
        points = np.column_stack([x, y, np.zeros_like(x)]) * square_m
        return cls(points, square_m)

    @property
    def centre(self) -> Points:
        """The middle of the corners [3], m in the board frame."""
        return np.asarray((self.points.min(axis=0) + self.points.max(axis=0)) / 2.0)


@dataclass(frozen=True)
class Intrinsics:
    """A camera's projection: pinhole with OpenCV's distortion.

    ``width``, ``height``: the native image. ``fx``, ``fy``, ``cx``, ``cy``: pixels, pixel
    centres at whole numbers. ``distortion``: OpenCV's order k1 k2 p1 p2 k3 [k4 k5 k6 ...],
    of 4, 5, 8, 12 or 14 numbers (Brown 1971; Zhang, PAMI 2000). ``covariance``: of
    fx, fy, cx, cy and then the distortion, when they were measured, else None.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    covariance: NDArray[np.float64] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not (self.width > 0 and self.height > 0 and self.fx > 0.0 and self.fy > 0.0):
            raise ObservationError("intrinsics need a positive image size and focal length")
        if len(self.distortion) not in {4, 5, 8, 12, 14}:
            raise ObservationError(
                f"{len(self.distortion)} distortion coefficients: OpenCV knows 4, 5, 8, 12 or 14"
            )
        size = 4 + len(self.distortion)
        if self.covariance is not None and np.shape(self.covariance) != (size, size):
            raise ObservationError(f"the covariance of these intrinsics is [{size}, {size}]")

    @property
    def K(self) -> NDArray[np.float64]:
        """K [3, 3], pixels."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def parameters(self) -> NDArray[np.float64]:
        """Return fx, fy, cx, cy, then the distortion [4 + d]."""
        return np.array([self.fx, self.fy, self.cx, self.cy, *self.distortion])

    def project(self, points_camera: ArrayLike) -> Pixels:
        """Return the pixels [n, 2] of points [n, 3] m in the camera frame (z forward).

        Points behind the camera are projected as well: look at their z first.
        """
        points = np.ascontiguousarray(points_camera, np.float64).reshape(-1, 3)
        if len(points) == 0:
            return np.empty((0, 2))
        pixels, _ = cv2.projectPoints(
            points, np.zeros(3), np.zeros(3), self.K, np.array(self.distortion)
        )
        return np.asarray(pixels, np.float64).reshape(-1, 2)
