"""Whether a fixed camera still stands where it was calibrated.

Compared with a reference picture that is kept with the calibration. Two witnesses: tags or a
board that stand still in it, and the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.background_alignment import Alignment, BackgroundAligner
from calibration.board import CharucoBoard
from calibration.fixed_marks import CORNER_SIGMA_PX, FixedMarks
from calibration.observation import Pixels

Verdict = Literal["steady", "moved", "unknown"]

# Between a camera that trembles and one that was pushed: px of the native picture.
MOVED_PX = 1.2
# An alignment less certain than this says nothing about MOVED_PX.
MAX_SIGMA_PX = 0.35
# Share of the reference's edges that must be found again.
MIN_SUPPORT = 0.35
# Fewer points than this, and one that is wrong decides.
_MIN_POINTS = 4
_ENOUGH_SIGMAS = 3.0
# Of several pictures: how different a pixel is when something is in front, and how often.
_DIFFERENT = 14  # grey levels
_OFTEN = 0.3


class DriftError(ValueError):
    """A picture cannot be compared; the message says what to do."""


@dataclass(frozen=True)
class Drift:
    """What was found. ``sentence`` tells a person, whatever the verdict.

    ``shift_px``: how far the picture moved, RMS over it; ``sigma_px`` its standard deviation;
    both NaN where nothing could be compared. ``x_px``, ``y_px``: the shift in the picture's
    middle, to the right and down; ``roll_rad``: the turn about it, clockwise. ``support``: the
    share of the reference that was found again.
    """

    verdict: Verdict
    sentence: str
    shift_px: float = float("nan")
    sigma_px: float = float("nan")
    x_px: float = 0.0
    y_px: float = 0.0
    roll_rad: float = 0.0
    support: float = 0.0

    @property
    def moved(self) -> bool:
        """Whether the camera has certainly moved."""
        return self.verdict == "moved"


class ReferenceView:
    """The picture of one camera from the time of its calibration, to compare others with.

    What moves in front of it (arm, objects, people) may be anywhere in either picture, as long
    as enough of the fixed background is seen in both. Tags or a board in the background say it
    first; where they were moved and the background was not, the background is believed.
    """

    def __init__(
        self,
        image: NDArray[np.uint8],
        camera: str = "static",
        ignore: NDArray[np.bool_] | None = None,
        moved_px: float = MOVED_PX,
        board: CharucoBoard | None = None,
    ) -> None:
        """Keep ``image`` [H, W, 3] RGB of ``camera``, best of the background alone.

        ``ignore`` [H, W] marks what is not background: see `background`. With a picture that
        shows the arm as well, the answer is more often "unknown". ``board``: one that may lie
        in view. Raises DriftError for a picture that shows nothing to hold on to.
        """
        self._camera = camera
        self._moved_px = moved_px
        self._shape = image.shape[:2]
        grey = _grey(image)
        self._aligner = BackgroundAligner(grey, ignore)
        self._marks = FixedMarks(grey, ignore, board)
        if not self._aligner.usable and self._marks.count < _MIN_POINTS:
            raise DriftError(
                f"the reference picture of the {camera} camera shows no edges: take one in good "
                "light, with the background in view"
            )

    def compare(self, image: NDArray[np.uint8]) -> Drift:
        """Compare ``image`` [H, W, 3] RGB with the reference.

        Raises DriftError for a picture of another size.
        """
        if image.shape[:2] != self._shape:
            height, width = self._shape
            raise DriftError(
                f"the reference picture is {width} x {height} and this one "
                f"{image.shape[1]} x {image.shape[0]}: take a new reference picture"
            )
        grey = _grey(image)
        marks = self._compare_marks(grey)
        if marks is not None and (marks.verdict == "steady" or not self._aligner.usable):
            return marks
        behind = self._judged(self._aligner.align(grey))
        if marks is None:
            return behind
        if behind.verdict == "steady":
            moved = f"{behind.sentence} A tag or board in its view was moved."
            return replace(behind, sentence=moved)
        return marks

    def _compare_marks(self, grey: NDArray[np.uint8]) -> Drift | None:
        found, due = self._marks.find(grey)
        if len(found) < _MIN_POINTS:
            return None
        return compare_points(found, due, CORNER_SIGMA_PX, self._camera, self._moved_px)

    def _judged(self, found: Alignment | None) -> Drift:
        name = self._camera
        if found is None or found.support < MIN_SUPPORT:
            return Drift(
                "unknown",
                f"The picture of the {name} camera does not show what it showed when it was "
                "calibrated: the view is covered or dark, or the camera was moved far. Clear the "
                "view; if that does not help, calibrate again.",
                support=0.0 if found is None else found.support,
            )
        values = {
            "shift_px": found.shift_px,
            "sigma_px": found.sigma_px,
            "x_px": found.x_px,
            "y_px": found.y_px,
            "roll_rad": found.roll_rad,
            "support": found.support,
        }
        if found.sigma_px > MAX_SIGMA_PX:
            return Drift(
                "unknown",
                f"Too little of the fixed background is seen to tell whether the {name} camera "
                "stands where it was calibrated: clear its view.",
                **values,
            )
        return _verdict(name, self._moved_px, values, "since its calibration")


def compare_points(
    found: Pixels,
    expected: Pixels,
    sigma_px: float,
    camera: str = "static",
    moved_px: float = MOVED_PX,
) -> Drift:
    """Compare where known points are seen with where the calibration has them, px [n, 2].

    ``sigma_px``: how far the two may be apart together, from the calibration's covariance
    and the arm's repeatability where the arm holds the board. Of the differences the median
    counts. Raises DriftError when the shapes do not fit.
    """
    seen, due = (np.asarray(points, float).reshape(-1, 2) for points in (found, expected))
    if seen.shape != due.shape:
        raise DriftError(
            f"{len(seen)} points were seen and {len(due)} expected: give those of the same ids"
        )
    if len(seen) < _MIN_POINTS:
        return Drift(
            "unknown",
            f"Only {len(seen)} known points are seen, expected at least {_MIN_POINTS}: show the "
            f"{camera} camera the whole board.",
        )
    away = seen - due
    shift = np.median(away, axis=0)
    spread = 1.4826 * np.median(np.abs(away - shift), axis=0)
    middle = due.mean(axis=0)
    arms = due - middle
    rest = away - shift
    across = arms[:, 0] * rest[:, 1] - arms[:, 1] * rest[:, 0]
    turning = float(np.median(across) / np.mean(np.sum(arms**2, axis=1)))
    sigma = float(np.hypot(sigma_px, np.linalg.norm(spread) / np.sqrt(len(seen))))
    length = float(np.median(np.linalg.norm(away, axis=1)))
    values = {
        "shift_px": length,
        "sigma_px": sigma,
        "x_px": float(shift[0]),
        "y_px": float(shift[1]),
        "roll_rad": turning,
        "support": 1.0,
    }
    return _verdict(camera, moved_px, values, "against its calibration")


def background(
    pictures: Sequence[NDArray[np.uint8]],
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return what a fixed camera sees behind what moves: [H, W, 3] RGB, and a mask [H, W].

    ``pictures`` [H, W, 3] are of one view with arm and objects in different places, such as
    those of a calibration. Of each pixel the median; the mask marks where too many differ from
    it for it to be background. Raises DriftError without a picture, or for different sizes.
    """
    if not pictures or len({picture.shape for picture in pictures}) > 1:
        raise DriftError("give at least one picture, all of one size")
    stack = np.stack([np.asarray(picture, np.uint8) for picture in pictures])
    middle: NDArray[np.uint8] = np.rint(np.median(stack, axis=0)).astype(np.uint8)
    differs = np.zeros(middle.shape[:2])
    for picture in stack:
        differs += np.abs(picture.astype(np.int16) - middle).max(axis=2) > _DIFFERENT
    moving = (differs > _OFTEN * len(stack)).astype(np.uint8)
    # An edge of what moves reaches a little beyond the pixels that differ enough.
    around = cv2.dilate(cv2.medianBlur(moving, 3), np.ones((5, 5), np.uint8))
    return middle, around.astype(np.bool_)


def reference_path(calibration: Path) -> Path:
    """Return where the reference picture of a calibration file is kept: beside it."""
    return calibration.with_name(f"{calibration.stem}.reference.png")


def save_reference(
    image: NDArray[np.uint8], calibration: Path, ignore: NDArray[np.bool_] | None = None
) -> Path:
    """Keep ``image`` [H, W, 3] RGB with the calibration file; return its path.

    What to ``ignore`` [H, W] is transparent in the file.
    """
    path = reference_path(calibration)
    path.parent.mkdir(parents=True, exist_ok=True)
    solid = np.full(image.shape[:2], 255, np.uint8)
    if ignore is not None:
        solid[ignore] = 0
    layers = np.dstack([image[:, :, ::-1], solid])
    path.write_bytes(cv2.imencode(".png", layers)[1].tobytes())
    return path


def load_reference(calibration: Path) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the picture [H, W, 3] RGB kept with the calibration file, and what to ignore.

    Raises DriftError where there is none.
    """
    path = reference_path(calibration)
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except FileNotFoundError:
        raise DriftError(
            f"{path} is missing: calibrate again, or take a reference picture"
        ) from None
    layers = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
    if layers is None or layers.ndim != 3 or layers.shape[2] != 4:
        raise DriftError(f"{path} is no reference picture: take a new one")
    return np.ascontiguousarray(layers[:, :, 2::-1]), layers[:, :, 3] == 0


def _verdict(camera: str, moved_px: float, values: dict[str, float], since: str) -> Drift:
    shift, sigma = values["shift_px"], values["sigma_px"]
    if shift - _ENOUGH_SIGMAS * sigma > moved_px or (shift > moved_px and sigma < moved_px / 6):
        return Drift(
            "moved",
            f"The {camera} camera has moved {since}: its picture is {_way(values)} "
            f"({shift:.1f} px, +-{sigma:.1f}). Put it back, or calibrate it again.",
            **values,
        )
    if shift > moved_px:
        return Drift(
            "unknown",
            f"The {camera} camera may have moved {since}: its picture is {_way(values)} "
            f"({shift:.1f} px, +-{sigma:.1f}). Check it again with a clear view.",
            **values,
        )
    return Drift(
        "steady",
        f"The {camera} camera stands where it was calibrated, to {shift:.1f} px.",
        **values,
    )


def _way(values: dict[str, float]) -> str:
    x, y, roll = values["x_px"], values["y_px"], np.degrees(values["roll_rad"])
    parts = []
    if abs(x) >= 0.5:
        parts.append(f"{abs(x):.1f} px further {'right' if x > 0 else 'left'}")
    if abs(y) >= 0.5:
        parts.append(f"{abs(y):.1f} px further {'down' if y > 0 else 'up'}")
    if abs(roll) >= 0.1:
        parts.append(f"turned by {abs(roll):.1f} deg {'' if roll > 0 else 'anti'}clockwise")
    return " and ".join(parts) or "stretched"


def _grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise DriftError(f"expected a picture [H, W, 3] of uint8, got {image.shape} {image.dtype}")
    grey: NDArray[np.uint8] = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    return grey
