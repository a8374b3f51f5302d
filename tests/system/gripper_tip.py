"""Where an episode's calibration puts the gripper tip, and where its pictures show it.

Twice: by the simulator's truth (the true camera, at the instant that was truly drawn), and in the
recorded picture itself, against one that is drawn as the calibration says.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.arm_history import ArmHistory
from collector.calibration_result import CameraCalibration
from collector.devices.camera import Intrinsics
from collector.episode.reader import EpisodeReader
from collector.geometry import Pose, compose, inverse, matrix
from collector.simulation.renderer import Renderer
from collector.simulation.scene import ARM_JOINTS, FINGER_JOINTS
from collector.simulation.state import WorldState
from collector.simulation.world import World
from collector.training_view import SIZE, training_image

Pixel = NDArray[np.float64]
PATCH_PX = 24  # either side of the tip
INSIDE_PX = PATCH_PX + 2
LEAST_RESPONSE = 0.3  # of the correlation: below, the patch shows nothing to hold on to


@dataclass(frozen=True)
class Tips:
    """Of each step in which the tip is in view: px of the 224 x 224 training image."""

    by_truth: NDArray[np.float64]  # [n] distance of where it is put from where it truly is
    in_picture: NDArray[np.float64]  # [m] shift of what is shown around it


def tip_errors(path: Path, truth: CameraCalibration, renderer: Renderer) -> Tips:
    """Compare every step of the episode at ``path`` that shows the tip."""
    with EpisodeReader(path) as episode:
        found = episode.calibration(truth.camera)
        arm = ArmHistory()
        stamps, poses = episode.array("raw/arm/stamps"), episode.array("raw/arm/ee_pose")
        for stamp, pose in zip(stamps, poses, strict=True):
            arm.add(int(stamp), pose)
        joints = episode.array("raw/arm/joint_positions")
        opening = episode.array("raw/arm/gripper_opening")
        shown_ns = episode.array(f"timestamps/{truth.camera}")
        images = episode.images(truth.camera)
        start = json.loads(episode.simulation("initial_state_json"))
    state = _state(start)
    late_ns = round(1e9 * (found.delay_s - truth.delay_s))
    by_truth, in_picture = [], []
    for stamp_ns, image in zip(map(int, shown_ns), images, strict=True):
        now, truly = arm.at(stamp_ns), arm.at(stamp_ns + late_ns)
        if stamp_ns == 0 or now is None or truly is None:
            continue
        put = project(found, now)
        if put is None or not np.all((put > INSIDE_PX) & (put < SIZE - 1 - INSIDE_PX)):
            continue
        seen = project(truth, truly)
        assert seen is not None
        by_truth.append(float(np.linalg.norm(put - seen)))
        angles = np.array([np.interp(stamp_ns, stamps, column) for column in joints.T])
        finger = float(np.interp(stamp_ns, stamps, opening)) / len(FINGER_JOINTS)
        drawn = _drawn(renderer, _at(state, angles, finger), found, now)
        shift = shift_around(put, image, drawn)
        if shift is not None:
            in_picture.append(shift)
    return Tips(np.array(by_truth), np.array(in_picture))


def project(calibration: CameraCalibration, ee: Pose) -> Pixel | None:
    """Return where the tool's tip is in the training image, px [2]; None behind the camera."""
    known = np.array(calibration.transform)
    camera = known if calibration.parent_frame == "base" else compose(ee, known)
    at = matrix(compose(inverse(camera), ee))[:3, 3]
    if at[2] <= 0.0:
        return None
    pixels, _ = cv2.projectPoints(
        at.reshape(1, 3), np.zeros(3), np.zeros(3), calibration.k_training,
        np.array(calibration.distortion),
    )  # fmt: skip
    return np.asarray(pixels, float).reshape(2)


def shift_around(tip: Pixel, image: NDArray[np.uint8], drawn: NDArray[np.uint8]) -> float | None:
    """Return by how much the picture around ``tip`` is shifted, px; None where it is plain."""
    x, y = (round(float(v)) for v in tip)
    parts = []
    for picture in (image, drawn):
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        parts.append(grey[y - PATCH_PX : y + PATCH_PX, x - PATCH_PX : x + PATCH_PX])
    window = cv2.createHanningWindow((2 * PATCH_PX, 2 * PATCH_PX), cv2.CV_32F)
    shift, response = cv2.phaseCorrelate(parts[0], parts[1], window)
    return float(np.hypot(*shift)) if response >= LEAST_RESPONSE else None


def _state(snapshot: object) -> WorldState:
    world = World()
    try:
        world.restore_json(json.dumps(snapshot))
        return world.state()
    finally:
        world.close()


def _at(state: WorldState, angles: NDArray[np.float64], finger_m: float) -> WorldState:
    positions = state.joint_positions.copy()
    positions[[state.joint_names.index(name) for name in FINGER_JOINTS]] = finger_m
    positions[[state.joint_names.index(name) for name in ARM_JOINTS]] = angles
    return replace(state, joint_positions=positions)


def _drawn(
    renderer: Renderer, state: WorldState, calibration: CameraCalibration, ee: Pose
) -> NDArray[np.uint8]:
    known = np.array(calibration.transform)
    camera = known if calibration.parent_frame == "base" else compose(ee, known)
    lens = Intrinsics(
        calibration.width, calibration.height, calibration.fx, calibration.fy, calibration.cx,
        calibration.cy, distortion=calibration.distortion,
    )  # fmt: skip
    return training_image(renderer.render(state, camera, lens))
