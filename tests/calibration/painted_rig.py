"""A camera on an arm in front of a painted board: pictures and arm samples, with stamps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from calibration.board import A4_BOARD
from calibration.bundle_adjustment import RobotNoise
from calibration.capture import Capture, Seen
from calibration.kinematic_chain import Setup
from calibration.observation import Intrinsics
from calibration.synthetic_views import Rig, draw_board_pose
from collector.clock import NS_PER_MS, NS_PER_S
from collector.devices.camera import Intrinsics as DeviceIntrinsics
from collector.geometry import Pose, interpolate, matrix, pose
from collector.simulation.lens import Lens
from collector.simulation.printed_board import paint

TRUE = Intrinsics(480, 360, 372.0, 371.0, 242.0, 178.0, (-0.06, 0.02, 0.0005, -0.0003, 0.001))
KNOWN = Intrinsics(480, 360, 376.0, 376.0, 239.5, 179.5, (0.0, 0.0, 0.0, 0.0, 0.0))
GREY = 90
ARM_NS = 10 * NS_PER_MS
FRAME_NS = 100 * NS_PER_MS
LATE_NS = 23 * NS_PER_MS  # the stamps of the pictures
MOVE_S = 1.0


class PaintedRig:
    """The truth, a `Capture` that looks at it, and a clock."""

    def __init__(self, setup: Setup = "eye_in_hand", seed: int = 0, wanted: int = 0) -> None:
        rng = np.random.default_rng(seed)
        if setup == "eye_in_hand":
            camera = pose([0.07, 0.01, -0.08], Rotation.from_euler("xz", [-0.4, 1.5]).as_quat())
            held = pose([0.55, 0.09, 0.0], Rotation.from_euler("x", np.pi - 0.02).as_quat())
        else:
            camera = pose([1.1, -0.4, 0.6], Rotation.from_euler("xz", [-2.1, 0.6]).as_quat())
            held = pose([-0.09, 0.0, 0.02], Rotation.from_euler("x", 1.6).as_quat())
        self.rig = Rig(setup, A4_BOARD.geometry(), TRUE, camera, held, RobotNoise(), 0.1)
        self.capture = Capture(setup, A4_BOARD, KNOWN, wanted=wanted)
        self.rng = rng
        self.now_ns = 1_700_000_000 * NS_PER_S
        self.at = self.pose()
        self._lens = Lens(
            DeviceIntrinsics(
                TRUE.width, TRUE.height, TRUE.fx, TRUE.fy, TRUE.cx, TRUE.cy,
                distortion=TRUE.distortion,
            )
        )  # fmt: skip

    def pose(self, tilt_deg: float = 40.0) -> Pose:
        """Draw an arm pose that shows the whole board."""
        seen = draw_board_pose(
            self.rng, self.rig.board, TRUE, (0.30, 0.45), (0.0, np.deg2rad(tilt_deg)), 1.0, 0.12
        )
        return self.rig.T_base_ee(seen)

    def picture(self, at: Pose) -> NDArray[np.uint8]:
        """Return what the camera sees with the arm truly ``at`` [7]."""
        image = np.full((TRUE.height, TRUE.width, 3), GREY, np.uint8)
        far = np.full(image.shape[:2], np.inf, np.float32)
        T = matrix(self.rig.T_camera_board(at))
        paint(image, far, T, self._lens, np.array([0.0, 0.0, -1.0]))
        noise = self.rng.normal(0.0, 1.5, image.shape)
        return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)

    def go(self, goal: Pose, looks: bool = True) -> list[Seen]:
        """Move to ``goal`` [7] in a second, looking on."""
        seen = []
        begin, at = self.now_ns, self.at
        while self.now_ns < begin + MOVE_S * NS_PER_S:
            self.now_ns += ARM_NS
            self.at = interpolate(at, goal, (self.now_ns - begin) / (MOVE_S * NS_PER_S))
            self.capture.arm.add(self.now_ns, self.at)
            if looks and (self.now_ns - begin) % FRAME_NS == 0 and self.now_ns > begin + FRAME_NS:
                seen.append(self._look_back())
        return seen

    def rest(self, seconds: float = 0.8) -> list[Seen]:
        """Stand still, looking on."""
        seen = []
        begin = self.now_ns
        while self.now_ns < begin + seconds * NS_PER_S:
            self.now_ns += ARM_NS
            self.capture.arm.add(self.now_ns, self.at)
            if (self.now_ns - begin) % FRAME_NS == 0:
                seen.append(self._look_back())
        return seen

    def visit(self, poses: Sequence[Pose], looks: bool = True) -> list[Seen]:
        """Go to each of ``poses`` and stand there; return what the last picture of each gave."""
        last = []
        for goal in poses:
            self.go(goal, looks)
            seen = self.rest()
            last.append(next((s for s in seen if s.taken), seen[-1]))
        return last

    def _look_back(self) -> Seen:
        """Look at a picture of 100 ms ago: the arm's samples around it have come by now."""
        shown_ns = self.now_ns - FRAME_NS
        at = self.capture.arm.at(shown_ns)
        assert at is not None
        return self.capture.look(shown_ns + LATE_NS, self.picture(at))
