"""Marks that stand still in a camera's view: AprilTags, and a board that lies there.

AprilTags are of the family 36h11 (Wang and Olson, IROS 2016), of any number and size.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.board import CharucoBoard
from calibration.detection import BoardDetector
from calibration.observation import Pixels

TAGS = "DICT_APRILTAG_36h11"
# Between two pictures, of one corner of a sharp tag.
CORNER_SIGMA_PX = 0.15
# Names the corners of tags apart from those of the board.
_FIRST_TAG = 100_000
# Marks nearer to what moves than this may be hidden by it in half.
_CLEAR_PX = 4


class FixedMarks:
    """The marks of one reference picture, to find again in others.

    ``count``: how many corners of marks the reference holds; 0 where there is no mark.
    """

    def __init__(
        self,
        grey: NDArray[np.uint8],
        ignore: NDArray[np.bool_] | None = None,
        board: CharucoBoard | None = None,
    ) -> None:
        """Look for marks in ``grey`` [H, W], except where ``ignore`` [H, W] is set.

        What moves, such as a board in the gripper, is to be ignored.
        """
        parameters = cv2.aruco.DetectorParameters()
        parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, TAGS))
        self._tags = cv2.aruco.ArucoDetector(dictionary, parameters)
        self._board = None if board is None else BoardDetector(board)
        self._due = self._find(grey)
        if ignore is not None:
            size = 2 * _CLEAR_PX + 1
            near = cv2.dilate(ignore.astype(np.uint8), np.ones((size, size), np.uint8))
            height, width = near.shape
            for name, (x, y) in list(self._due.items()):
                if near[min(round(y), height - 1), min(round(x), width - 1)]:
                    del self._due[name]
        if all(name >= _FIRST_TAG for name in self._due):
            self._board = None  # none lies there: it need not be looked for again

    @property
    def count(self) -> int:
        """Corners of marks in the reference."""
        return len(self._due)

    def find(self, grey: NDArray[np.uint8]) -> tuple[Pixels, Pixels]:
        """Return where ``grey`` [H, W] shows marks of the reference, and where that did.

        Both px [n, 2], in the same order; n is 0 where no mark is seen again.
        """
        seen = self._find(grey) if self._due else {}
        both = [name for name in self._due if name in seen]
        found = np.array([seen[name] for name in both]).reshape(-1, 2)
        return found, np.array([self._due[name] for name in both]).reshape(-1, 2)

    def _find(self, grey: NDArray[np.uint8]) -> dict[int, NDArray[np.float64]]:
        corners, ids, _ = self._tags.detectMarkers(grey)
        found = {}
        if ids is not None:
            for tag, four in zip(ids.ravel().tolist(), corners, strict=True):
                for index, corner in enumerate(np.asarray(four, np.float64).reshape(4, 2)):
                    found[_FIRST_TAG + 4 * tag + index] = corner
        if self._board is not None:
            board = self._board.detect(grey, explain=False)
            if board.ok:
                found |= dict(zip(board.ids.tolist(), board.corners, strict=True))
        return found
