"""Pictures of the simulated station with the arm in poses of one's choice, and their truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from calibration.board import A4_BOARD
from calibration.observation import Intrinsics, Pixels
from collector.devices.camera import Intrinsics as DeviceIntrinsics
from collector.geometry import Pose, compose, inverse, matrix, move
from collector.simulation.calibration_scene import SCENES, board_pose
from collector.simulation.kinematics import REST_RAD, forward_kinematics, inverse_kinematics
from collector.simulation.mounts import default_camera
from collector.simulation.printed_board import BODY
from collector.simulation.renderer import Renderer
from collector.simulation.scene import ARM_JOINTS
from collector.simulation.state import WorldState
from collector.simulation.world import World

DISTORTION = (-0.1, 0.02, 0.001, -0.0005, 0.003)
REACH = np.array([0.06, 0.08, 0.06, 0.30, 0.30, 0.45])  # of the poses around the start: m, rad


def with_arm_at(state: WorldState, joints: NDArray[np.float64]) -> WorldState:
    """Return ``state`` with the arm's joints at ``joints`` [7] rad, nothing else moved."""
    positions = state.joint_positions.copy()
    positions[[state.joint_names.index(name) for name in ARM_JOINTS]] = joints
    return replace(state, joint_positions=positions)


@dataclass(frozen=True)
class Picture:
    """A rendered picture of the board and what it should show."""

    image: NDArray[np.uint8]
    intrinsics: Intrinsics
    T_camera_board: Pose
    T_base_ee: Pose

    def corners(self, ids: NDArray[np.int64]) -> Pixels:
        """Return where the corners truly are, px [n, 2]."""
        t = matrix(self.T_camera_board)
        points = A4_BOARD.geometry().points[ids] @ t[:3, :3].T + t[:3, 3]
        return self.intrinsics.project(points)


class Station:
    """The simulated station in one of its calibration scenes."""

    def __init__(
        self,
        renderer: Renderer,
        world: World,
        camera: str,
        size: tuple[int, int] = (640, 480),
        distortion: Sequence[float] = DISTORTION,
    ) -> None:
        self._renderer = renderer
        scene = f"calibration_{camera}"
        self._layout = world.reset(scene, 1)
        self._state = world.state()
        self.start = SCENES[scene].arm_start
        device, self._parent, self._transform = default_camera(camera, *size)
        self.device = replace(device, distortion=tuple(distortion))
        self.intrinsics = as_calibrated(self.device)

    def picture(self, motion: NDArray[np.float64] | None = None) -> Picture:
        """Return the picture with the arm ``motion`` [6] away from the scene's start."""
        away = np.zeros(6) if motion is None else motion
        target = move(self.start, away)
        joints = inverse_kinematics(target, REST_RAD, iterations=60, null_space_gain=0.0)
        ee = forward_kinematics(joints)
        board = board_pose(self._layout, ee)
        assert board is not None
        state = with_arm_at(self._state, joints)
        poses = state.body_poses.copy()
        poses[state.body_names.index(BODY)] = board
        state = replace(state, body_poses=poses)
        camera = self._transform if self._parent == "base" else compose(ee, self._transform)
        image = self._renderer.render(state, camera, self.device)
        return Picture(image, self.intrinsics, compose(inverse(camera), board), ee)

    def pictures(self, count: int, seed: int) -> list[Picture]:
        """Return pictures of ``count`` poses drawn around the start."""
        rng = np.random.default_rng(seed)
        return [self.picture(rng.uniform(-1.0, 1.0, 6) * REACH) for _ in range(count)]


def as_calibrated(device: DeviceIntrinsics) -> Intrinsics:
    """Return a device's intrinsics as the calibration takes them."""
    return Intrinsics(
        device.width,
        device.height,
        device.fx,
        device.fy,
        device.cx,
        device.cy,
        device.distortion,
    )


def noisy(image: NDArray[np.uint8], sigma: float, seed: int) -> NDArray[np.uint8]:
    """Return ``image`` with Gaussian noise of ``sigma`` grey levels."""
    noise = np.random.default_rng(seed).normal(0.0, sigma, image.shape)
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)
