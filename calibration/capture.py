"""Take views of the board while the arm moves: which to keep, when they are enough, what next.

Pure: pictures and arm samples are handed in with their stamps. A view is taken when the board is
sharp and still, the arm stands, and the pose adds information (`calibration.next_pose`). Pictures
taken in motion are kept as corners, to find the camera's delay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from calibration.adjustment import Adjustment, calibrate_hand_eye
from calibration.arm_history import ArmHistory
from calibration.board import CharucoBoard
from calibration.bundle_adjustment import RobotNoise
from calibration.detection import BoardDetector, Detection, Stillness
from calibration.excitation import AIM_RAD, excitation
from calibration.hand_eye import MIN_VIEWS
from calibration.image_coverage import ImageCoverage, Moved
from calibration.intrinsics import unmeasured_prior
from calibration.kinematic_chain import Setup
from calibration.next_pose import gain
from calibration.observation import BoardView, Intrinsics, ObservationError
from calibration.orientation_coverage import OrientationCoverage, board_pose
from collector.geometry import Pose, compose, distance, inverse

FEWEST_VIEWS = 15  # before a good prediction is believed
MOST_VIEWS = 40
GOOD_SIGMA_M = 1e-3
# A view nearer to one that was taken shows nothing new.
SAME_M, SAME_RAD = 0.02, float(np.deg2rad(5.0))
MOVING_M_S, MOVING_RAD_S = 0.02, 0.1  # an image taken faster tells of the delay
MOST_MOVING = 160


@dataclass(frozen=True)
class Seen:
    """What one picture gave.

    ``taken``: the name of the view that it became, empty when it became none. ``sentence``: why
    not, or what would help; empty when it is good.
    """

    detection: Detection
    sharp: bool
    still: bool
    taken: str
    sentence: str


class Capture:
    """Collects the views of one camera's calibration. Not safe for several threads.

    ``views``: the ones taken, named 001 and on; ``pictures``: their images by name. ``moving``:
    views of the board in motion, their arm pose that at the stamp. ``arm``: every sample.
    """

    def __init__(
        self,
        setup: Setup,
        board: CharucoBoard,
        intrinsics: Intrinsics,
        noise: RobotNoise | None = None,
        wanted: int = 0,
    ) -> None:
        """Begin with nothing seen.

        ``intrinsics``: what is known of the lens beforehand. ``wanted``: views to take; 0: until
        the prediction is good.
        """
        self.setup: Setup = setup
        self.board = board
        self.intrinsics = intrinsics
        self.noise = noise or RobotNoise()
        self.wanted = wanted
        self.arm = ArmHistory()
        self.views: list[BoardView] = []
        self.pictures: dict[str, NDArray[np.uint8]] = {}
        self.moving: list[BoardView] = []
        self.adjustment: Adjustment | None = None
        self.poses_done: int | None = None  # of those that an arm drives through
        self._detector = BoardDetector(board)
        self._stillness = Stillness()
        self._geometry = board.geometry()
        self._coverage = ImageCoverage(intrinsics.width, intrinsics.height)
        self._orientations = OrientationCoverage(self._geometry)
        self._moved: Moved = "camera" if setup == "eye_in_hand" else "board"

    def look(self, stamp_ns: int, image: NDArray[np.uint8], explain: bool = False) -> Seen:
        """Take a picture [H, W, 3] RGB and its stamp; arm samples around it came before.

        ``explain``: look longer for the reason where no board is found. Raises ValueError for an
        image of another size than the intrinsics.
        """
        if image.shape[:2] != (self.intrinsics.height, self.intrinsics.width):
            raise ValueError(
                f"the picture is {image.shape[1]} x {image.shape[0]}, the intrinsics are of "
                f"{self.intrinsics.width} x {self.intrinsics.height}: choose the camera's own"
            )
        found = self._detector.detect(image, explain)
        still = self._stillness.update(stamp_ns, found)
        at = self.arm.at(stamp_ns)
        if not found.ok:
            return Seen(found, False, still, "", found.problem)
        if at is None:
            return Seen(found, True, still, "", "The arm says nothing: look at its driver.")
        if max(np.divide(self.arm.speed(stamp_ns), (MOVING_M_S, MOVING_RAD_S))) >= 1.0:
            self._keep_moving(BoardView(found.ids, found.corners, at, stamp_ns))
        if not (still and self.arm.still(stamp_ns)):
            return Seen(found, True, still, "", "Hold still.")
        name = f"{len(self.views) + 1:03d}"
        view = BoardView(found.ids, found.corners, at, stamp_ns, name)
        known = self._known(view)
        if known:
            return Seen(found, True, True, "", known)
        self._take(view, image)
        return Seen(found, True, True, name, "")

    @property
    def enough(self) -> bool:
        """Whether the views will do."""
        if self.wanted:
            return len(self.views) >= self.wanted
        if len(self.views) < FEWEST_VIEWS or self.adjustment is None:
            return False
        good = bool(self.adjustment.sigma_position_m <= GOOD_SIGMA_M)
        turned = bool(np.all(self._excitation().reached))
        all_round = good and turned and bool(self._orientations.complete)
        return all_round or len(self.views) >= MOST_VIEWS

    def guidance(self) -> str:
        """Return what to do next, one sentence for the person; empty when it is enough."""
        if self.enough:
            return ""
        sentence = self._orientations.guidance(self._moved)
        if sentence:
            return sentence
        motion = self._excitation()
        if not np.all(motion.reached):
            axis = motion.weakest
            degrees = float(np.rad2deg(np.min(motion.rms_rad)))
            return (
                f"Turn the tool more about its {axis} axis, both ways: {degrees:.0f} degrees RMS "
                f"so far, the aim is {np.rad2deg(AIM_RAD):.0f}."
            )
        return self._coverage.guidance(self._moved) or "Show the board from farther and nearer."

    def progress(self) -> dict[str, Any]:
        """Return how far it is, as plain JSON: see docs/calibration.md."""
        at = self._coverage.wanted()
        size = (self.intrinsics.width, self.intrinsics.height)
        found = self.adjustment
        residuals = {} if found is None else dict(zip(found.names, found.view_rms_px, strict=True))
        bad = () if found is None else found.bad_views
        said: dict[str, Any] = {
            "views": [
                {
                    "name": view.name,
                    "corners": len(view.ids),
                    "used": view.name not in bad,
                    "residual_px": _number(residuals.get(view.name)),
                }
                for view in self.views
            ],
            "wanted_views": self.wanted or None,
            "poses_done": self.poses_done,
            "moving_views": len(self.moving),
            "image_coverage": {
                "counts": self._coverage.counts.tolist(),
                "share": self._coverage.share,
                "wanted": None if at is None else [at[0] / size[0], at[1] / size[1]],
            },
            "orientation_coverage": {
                "counts": self._orientations.counts,
                "share": self._orientations.share,
                "tilts_rad": np.round(self._orientations.tilts, 4).tolist(),
            },
            "excitation_rad": np.round(self._excitation().rms_rad, 4).tolist(),
            "excitation_aim_rad": AIM_RAD,
            "sigma_m": None if found is None else _number(found.sigma_position_m),
            "sigma_rad": None if found is None else _number(found.sigma_rotation_rad),
            "enough": self.enough,
        }
        return said

    def holder_pose(self, detection: Detection, at: Pose, T_parent_camera: Pose) -> Pose | None:
        """Return about where the board is on its holder, ``T_holder_board`` [7], from one view.

        ``T_parent_camera`` [7]: about where the camera is. None where the corners fit no pose.
        """
        seen = board_pose(detection.ids, detection.corners, self._geometry, self.intrinsics)
        return None if seen is None else holder_pose(self.setup, at, T_parent_camera, seen)

    def _known(self, view: BoardView) -> str:
        """Return why the view adds nothing; empty when it does."""
        for other in self.views:
            metres, radians = distance(other.T_base_ee, view.T_base_ee)
            if metres < SAME_M and radians < SAME_RAD:
                return "This pose was taken: move on. " + self.guidance()
        if self.adjustment is None or len(self.views) < 2 * MIN_VIEWS:
            return ""
        try:
            added = gain(self.adjustment, self._geometry, [view.T_base_ee])[0]
        except ObservationError:
            return ""
        return "" if added.worthwhile else "This pose adds little: move on. " + self.guidance()

    def _take(self, view: BoardView, image: NDArray[np.uint8]) -> None:
        self.views.append(view)
        self.pictures[view.name] = image.copy()
        self._coverage.add(view.corners)
        pose = board_pose(view.ids, view.corners, self._geometry, self.intrinsics)
        if pose is not None:
            self._orientations.add(pose)
        if len(self.views) < 2 * MIN_VIEWS:
            return
        try:
            self.adjustment = calibrate_hand_eye(
                self.views,
                self._geometry,
                self.intrinsics,
                self.setup,
                self.noise,
                unmeasured_prior(self.intrinsics),
            )
        except ObservationError:
            self.adjustment = None

    def _keep_moving(self, view: BoardView) -> None:
        self.moving.append(view)
        if len(self.moving) > MOST_MOVING:
            # The slowest says least of a delay.
            speeds = [sum(self.arm.speed(v.stamp_ns)) for v in self.moving]
            del self.moving[int(np.argmin(speeds))]

    def _excitation(self) -> Any:
        return excitation(self.views, (self.intrinsics.width, self.intrinsics.height))


def holder_pose(setup: Setup, at: Pose, T_parent_camera: Pose, T_camera_board: Pose) -> Pose:
    """Return ``T_holder_board`` [7] of a board seen at ``T_camera_board``, the arm ``at`` [7]."""
    T_parent_board = compose(T_parent_camera, T_camera_board)
    return compose(at if setup == "eye_in_hand" else inverse(at), T_parent_board)


def _number(value: Any) -> float | None:
    if value is None or not np.isfinite(value):
        return None
    return round(float(value), 7)
