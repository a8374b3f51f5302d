"""How late a camera's stamps are, from the board's motion in its images and the arm's.

The arm's poses are interpolated at each image's stamp less the delay, and delay, board and
corrections of the arm are adjusted together (as Furgale, Rehder & Siegwart, IROS 2013, do with a
spline). The delay is what is to be *subtracted* from stamps: positive when they are too late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from calibration.adjustment import Adjustment, adjust
from calibration.bundle_adjustment import ArmMotion, Problem, RobotNoise
from calibration.hand_eye import board_poses, typical_pose
from calibration.kinematic_chain import Setup, Stack, State
from calibration.observation import BoardGeometry, BoardView, Intrinsics, ObservationError
from collector.clock import NS_PER_S
from collector.geometry import Pose, matrix

Array = NDArray[np.float64]
Stamps = NDArray[np.int64]

SEARCH_S = (-0.1, 0.25)
SEARCH_STEP_S = 0.005
MIN_VIEWS = 15
VELOCITY_S = 0.03  # the arm's velocity is taken over this long either way, for its noise
LEAST_MOTION = 0.8  # standard deviations of the robot that 10 ms of motion must be


class ArmTrajectory:
    """The arm's measured poses at full rate, interpolated: position linear, rotation SLERP."""

    def __init__(self, stamps_ns: Stamps, T_base_ee: Array) -> None:
        """``stamps_ns`` int64 [s], rising; ``T_base_ee`` [s, 7] m, quaternion x y z w.

        Raises ObservationError when there are fewer than two, or the stamps do not rise.
        """
        stamps = np.asarray(stamps_ns, np.int64)
        poses = np.asarray(T_base_ee, float)
        if len(stamps) < 2 or poses.shape != (len(stamps), 7):
            raise ObservationError(
                "the arm's motion needs a stamp and a pose for each of its samples, two at least"
            )
        if np.any(np.diff(stamps) <= 0):
            raise ObservationError("the stamps of the arm's samples do not rise: sort them")
        # Nanoseconds since 1970 do not fit a float64; those since the start do.
        self.start_ns = int(stamps[0])
        self.end_ns = int(stamps[-1])
        self._times = (stamps - stamps[0]) / NS_PER_S
        self._positions = poses[:, :3]
        self._slerp = Slerp(self._times, Rotation.from_quat(poses[:, 3:]))

    def seconds(self, stamps_ns: Stamps) -> Array:
        """Return ``stamps_ns`` [n] as seconds since the first sample."""
        return np.asarray((np.asarray(stamps_ns, np.int64) - self.start_ns) / NS_PER_S)

    def covers(self, seconds: Array) -> NDArray[np.bool_]:
        """Return whether the arm's motion is known at ``seconds`` [n] and around them."""
        last = self._times[-1] - VELOCITY_S
        return np.asarray((seconds >= VELOCITY_S) & (seconds <= last))

    def position(self, seconds: Array) -> Array:
        """Return positions [n, 3] m in base; the ends are held beyond the ends."""
        return np.stack([np.interp(seconds, self._times, p) for p in self._positions.T], axis=1)

    def rotation(self, seconds: Array) -> Rotation:
        """Return the orientations [n] of ee in base."""
        return self._slerp(np.clip(seconds, 0.0, self._times[-1]))

    def motion(self, seconds: Array) -> ArmMotion:
        """Return poses and velocities at ``seconds`` [n]."""
        before, after = seconds - VELOCITY_S, seconds + VELOCITY_S
        span = 2.0 * VELOCITY_S
        velocity = (self.position(after) - self.position(before)) / span
        turn = (self.rotation(after) * self.rotation(before).inv()).as_rotvec() / span
        rotation = np.asarray(self.rotation(seconds).as_matrix())
        return ArmMotion(self.position(seconds), rotation, velocity, np.asarray(turn))


@dataclass(frozen=True)
class DelayResult:
    """A camera's delay.

    ``delay_s`` +- ``sigma_s`` is subtracted from stamps. ``views``: how many took part,
    ``bad_views``: names of those that did not fit. ``speed_m_s``, ``turn_rad_s``: the arm's RMS
    velocity. ``warnings``: sentences for the person. ``adjustment``: everything else.
    """

    delay_s: float
    sigma_s: float
    views: int
    bad_views: tuple[str, ...]
    speed_m_s: float
    turn_rad_s: float
    warnings: tuple[str, ...]
    adjustment: Adjustment


def calibrate_delay(
    views: Sequence[BoardView],
    trajectory: ArmTrajectory,
    board: BoardGeometry,
    intrinsics: Intrinsics,
    setup: Setup,
    noise: RobotNoise,
    T_parent_camera: Pose,
    camera_covariance: Array | None = None,
) -> DelayResult:
    """Find the delay from views taken while the arm moved through ``trajectory``.

    Only the stamps of ``views`` count, their arm poses do not. ``T_parent_camera`` [7]: the
    camera's pose; with ``camera_covariance`` [6, 6] it is known that well, without it is
    estimated too. The board's pose is always estimated: it need not be where it was.

    Raises ObservationError when fewer than 15 views fall into the motion, or the arm hardly
    moved.
    """
    seconds = trajectory.seconds(np.array([view.stamp_ns for view in views], np.int64))
    inside = trajectory.covers(seconds - SEARCH_S[1]) & trajectory.covers(seconds - SEARCH_S[0])
    kept = [view for view, ok in zip(views, inside, strict=True) if ok]
    seconds = seconds[inside]
    if len(kept) < MIN_VIEWS:
        raise ObservationError(
            f"{len(kept)} views of the board fall into the arm's recorded motion, {MIN_VIEWS} are "
            "needed: record the arm from half a second before the images to half a second after"
        )
    moving = trajectory.motion(seconds)
    speed = float(np.sqrt(np.mean(np.sum(moving.velocity**2, axis=1))))
    turn = float(np.sqrt(np.mean(np.sum(moving.angular_velocity**2, axis=1))))
    in_sigma = 0.01 * np.hypot(speed / noise.sigma_t_m, turn / noise.sigma_r_rad)
    if in_sigma < LEAST_MOTION:
        raise ObservationError(
            f"the arm moved at {speed:.3f} m/s and {np.rad2deg(turn):.1f} deg/s only: move it to "
            "and fro at 0.1 m/s and 20 deg/s or more in front of the camera"
        )
    poses = board_poses(kept, board, intrinsics)
    delay, T_holder_board = _search(seconds, trajectory, poses, setup, T_parent_camera)
    problem = Problem(
        setup=setup,
        stack=Stack.of(kept, board),
        noise=noise,
        intrinsics=intrinsics,
        camera_prior=None
        if camera_covariance is None
        else (np.asarray(T_parent_camera, float), np.asarray(camera_covariance, float)),
        motion=lambda late: trajectory.motion(seconds - late),
    )
    state = State.start(problem.stack, intrinsics, T_parent_camera, T_holder_board)
    at = trajectory.motion(seconds - delay)
    state = replace(state, delay=delay, position=at.position, rotation=at.rotation)
    names = tuple(view.name or str(i) for i, view in enumerate(kept))
    found = adjust(problem, state, names)
    warnings = []
    if not SEARCH_S[0] + 0.01 < found.delay_s < SEARCH_S[1] - 0.01:
        warnings.append(
            f"A delay of {1e3 * found.delay_s:.0f} ms lies at the edge of what was searched: check "
            "that arm and camera are stamped by one clock."
        )
    if found.delay_sigma_s > 2e-3:
        warnings.append(
            f"The delay is known to {1e3 * found.delay_sigma_s:.1f} ms only: move the arm faster, "
            "to and fro, and take more images."
        )
    if len(found.bad_views) > 0.2 * len(kept):
        warnings.append(
            f"{len(found.bad_views)} of {len(kept)} images do not fit the motion: the stamps "
            "jitter, or images were dropped and stamped anew."
        )
    return DelayResult(
        delay_s=found.delay_s,
        sigma_s=found.delay_sigma_s,
        views=len(kept),
        bad_views=found.bad_views,
        speed_m_s=speed,
        turn_rad_s=turn,
        warnings=tuple(warnings),
        adjustment=found,
    )


def _search(
    seconds: Array,
    trajectory: ArmTrajectory,
    poses: Sequence[Pose],
    setup: Setup,
    T_parent_camera: Pose,
) -> tuple[float, Pose]:
    """Return the delay, to 5 ms, at which the board stands stillest, and its pose [7] there."""
    T_parent_board = matrix(T_parent_camera) @ np.stack([matrix(p) for p in poses])
    best: tuple[float, float, Array] | None = None
    steps = round((SEARCH_S[1] - SEARCH_S[0]) / SEARCH_STEP_S)
    for delay in np.linspace(SEARCH_S[0], SEARCH_S[1], steps + 1):
        T_base_ee = np.broadcast_to(np.eye(4), (len(poses), 4, 4)).copy()
        T_base_ee[:, :3, :3] = trajectory.rotation(seconds - delay).as_matrix()
        T_base_ee[:, :3, 3] = trajectory.position(seconds - delay)
        holder_parent = T_base_ee if setup == "eye_in_hand" else np.linalg.inv(T_base_ee)
        boards = holder_parent @ T_parent_board
        middle = np.median(boards[:, :3, 3], axis=0)
        spread = float(np.median(np.linalg.norm(boards[:, :3, 3] - middle, axis=1)))
        if best is None or spread < best[0]:
            best = (spread, float(delay), boards)
    assert best is not None
    still = typical_pose(best[2])
    rotation = Rotation.from_matrix(still[:3, :3]).as_quat()
    return best[1], np.concatenate([still[:3, 3], rotation])
