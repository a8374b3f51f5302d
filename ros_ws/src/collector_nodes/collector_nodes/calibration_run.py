"""One calibration, from the first picture to the last view; the worker's part of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from rclpy.action.server import ServerGoalHandle

from calibration.board import CharucoBoard
from calibration.capture import Capture, Seen
from calibration.observation import ObservationError
from calibration.view_folder import SETUPS
from collector.calibration_result import CalibrationError, load_calibration
from collector.clock import NS_PER_MS, NS_PER_S
from collector.geometry import Pose, distance
from collector.teleop.straight_move import OUT_OF_REACH, STOPPED, TOOK_OVER, TURN_M
from collector_interfaces.action import Calibrate
from collector_nodes.calibration_poses import DEFAULT_COUNT, propose
from collector_nodes.camera_feed import Picture
from collector_nodes.messages import from_pose
from collector_nodes.station_probe import NoAnswer

if TYPE_CHECKING:
    from collector_nodes.calibrator_node import CalibratorNode

STREAM_S = 30.0  # for a first picture, and without a new one
AROUND_NS = 60 * NS_PER_MS  # arm samples that a picture waits for
SETTLE_S = 4.0  # at a pose, for a view
TELL_NS = NS_PER_S // 4
EXPLAIN_NS = 2 * NS_PER_S
LOOK_S = 0.01
SCENE_SEED = 1
LEAST_MOVING = 60  # pictures in motion, before the delay is believed
MORE_MOTION = 6  # poses driven through again for them, at most
FEWEST_DRIVEN = 6
# A move that nobody stopped is tried again while it comes nearer; longer where a busy machine
# kept commands or readings waiting than where something stands in the arm's way.
TRIES, PATIENCE_S, PAUSE_S = 3, 90.0, 0.7
BUSY_WORDS = ("silent", "no command", "sent nothing", "says nothing")
PROGRESS_M = 5e-3


class RunEnded(Exception):
    """The calibration cannot go on; the message says what to do."""


class CalibrationRun:
    """Works in the calibrator's thread; `RunEnded` where it cannot go on."""

    def __init__(
        self,
        node: CalibratorNode,
        camera: str,
        board: CharucoBoard,
        handle: ServerGoalHandle | None = None,
    ) -> None:
        self._node = node
        self._camera = camera
        self._board = board
        self._handle = handle
        self._feed = node.feeds[camera]
        self._probe = node.probe
        self._capture: Capture | None = None
        self._told_ns = 0
        self._explained_ns = 0
        self._came_s = time.monotonic()

    def propose(self, count: int) -> list[Pose]:
        """Return poses ``T_base_ee`` [7] for the arm to drive through."""
        self._prepare(0)
        capture, arm = self._capture, self._probe.arm
        assert capture is not None
        known = self._known_pose()
        deadline_s = time.monotonic() + STREAM_S
        seen: Seen | None = None
        holder: Pose | None = None
        stamp_ns = 0
        while holder is None:
            for looked, stamp_ns in self._look():
                seen = looked
                at = capture.arm.at(stamp_ns)
                if seen.sharp and at is not None:
                    holder = capture.holder_pose(seen.detection, at, known)
            if time.monotonic() > deadline_s:
                why = "The camera shows nothing." if seen is None else seen.sentence
                raise RunEnded(f"the board must be in view before poses are proposed. {why}")
        arm = self._probe.arm
        assert arm is not None
        try:
            return propose(
                self._node.station.arm,
                capture.setup,
                self._board,
                capture.intrinsics,
                capture.noise,
                from_pose(arm.ee_pose),
                np.array(arm.joint_positions, float)[:7],
                known,
                holder,
                count or DEFAULT_COUNT,
                np.random.default_rng(stamp_ns),
            )
        except ObservationError as error:
            raise RunEnded(str(error)) from error

    def collect(self, poses: Sequence[Sequence[float]], wanted: int) -> Capture:
        """Take the views: at ``poses`` [7], or while a person moves the arm."""
        self.tell("looking", "Looking for the camera, the arm and the board.")
        self._prepare(wanted)
        assert self._capture is not None
        if poses:
            self._drive([np.array(pose, float) for pose in poses])
        else:
            self._by_hand()
        return self._capture

    def tell(self, phase: str, sentence: str) -> None:
        """Tell who asked how far it is."""
        if self._handle is None:
            return
        capture = self._capture
        said = Calibrate.Feedback(phase=phase, sentence=sentence)
        said.views = 0 if capture is None else len(capture.views)
        said.progress_json = json.dumps({} if capture is None else capture.progress())
        self._handle.publish_feedback(said)
        self._told_ns = self._node.station_clock.now_ns()

    def _prepare(self, wanted: int) -> None:
        """Wait for camera and arm; in the simulator, lay the board out first."""
        scene = f"calibration_{self._camera}"
        try:
            if self._node.station.arm.backend == "simulated":
                self._until(lambda: bool(self._probe.take()), "the arm says nothing")
                if self._probe.scene != scene:
                    self._probe.lay_out(scene, SCENE_SEED)
        except NoAnswer as error:
            raise RunEnded(str(error)) from error
        self._until(
            lambda: bool(self._feed.take()) and self._feed.intrinsics is not None,
            f"the {self._camera} camera sends no pictures: look at its cable and its node",
        )
        self._until(lambda: bool(self._probe.take()), "the arm says nothing: look at its driver")
        intrinsics = self._feed.intrinsics
        assert intrinsics is not None
        self._capture = Capture(
            SETUPS[self._camera], self._board, intrinsics, self._node.noise, wanted
        )

    def _known_pose(self) -> Pose:
        """Return about where the camera is, ``T_parent_camera`` [7]."""
        try:
            known = load_calibration(self._node.station.calibration_path(self._camera))
        except CalibrationError as error:
            raise RunEnded(
                "nobody knows yet where the camera is, so no poses can be proposed: move the arm "
                f"by hand for this first calibration ({error})"
            ) from error
        return np.array(known.transform)

    def _drive(self, poses: list[Pose]) -> None:
        capture = self._capture
        assert capture is not None
        for number, pose in enumerate(poses, 1):
            at = f"Pose {number} of {len(poses)}"
            if self._move(pose, "moving", f"{at}: the arm moves. Keep clear."):
                self._view(f"{at}: looking.")
            capture.poses_done = number
            self.tell("capturing", f"{at}: done.")
        if len(capture.views) < FEWEST_DRIVEN:
            raise RunEnded(
                f"only {len(capture.views)} of {len(poses)} poses gave a view: look whether the "
                "board is lit and whole in view, and propose poses again"
            )
        for pose in poses[:MORE_MOTION]:
            if len(capture.moving) >= LEAST_MOVING:
                break
            self._move(pose, "checking", "The arm moves once more, to tell the stamps' delay.")

    def _move(self, pose: Pose, phase: str, sentence: str) -> bool:
        """Let the arm move, looking on; return whether it came there.

        What a person did ends the calibration; a driver that was silent for a moment does not.
        """
        tries, nearest_m, since_s = 0, np.inf, time.monotonic()
        while True:
            reached, message = self._move_once(pose, phase, sentence)
            if reached or message == OUT_OF_REACH:
                return reached
            left_m = self._way_to(pose)
            if left_m < nearest_m - PROGRESS_M:
                tries, nearest_m, since_s = 0, left_m, time.monotonic()
            tries += 1
            busy = any(words in message for words in BUSY_WORDS)
            over = time.monotonic() - since_s > PATIENCE_S if busy else tries >= TRIES
            if message in (STOPPED, TOOK_OVER) or over:
                raise RunEnded(f"the arm stopped on its way: {message}")
            self._look_for(PAUSE_S, phase, f"{message}. Trying again.")

    def _way_to(self, pose: Pose) -> float:
        """Return how far the arm is from ``pose``, m, turns counted as a move counts them."""
        arm = self._probe.arm
        if arm is None:
            return np.inf
        metres, radians = distance(from_pose(arm.ee_pose), pose)
        return max(metres, TURN_M * radians)

    def _move_once(self, pose: Pose, phase: str, sentence: str) -> tuple[bool, str]:
        self.tell(phase, sentence)
        try:
            handle, ended = self._probe.begin_move(pose, self._node.speed_m_s)
        except NoAnswer as error:
            raise RunEnded(str(error)) from error
        try:
            while not ended.done():
                self._look(phase, sentence)
        except RunEnded:
            self._probe.end_move(handle)
            raise
        result = ended.result().result
        return bool(result.reached), str(result.message)

    def _look_for(self, seconds: float, phase: str, sentence: str) -> None:
        deadline_s = time.monotonic() + seconds
        while time.monotonic() < deadline_s:
            self._look(phase, sentence)

    def _view(self, sentence: str) -> None:
        """Wait until a view is taken, or there is none to be had."""
        capture = self._capture
        assert capture is not None
        deadline_s = time.monotonic() + SETTLE_S
        while time.monotonic() < deadline_s:
            for seen, _ in self._look("capturing", sentence):
                if seen.taken or (seen.sharp and seen.still and seen.sentence != "Hold still."):
                    return

    def _by_hand(self) -> None:
        capture = self._capture
        assert capture is not None
        while not capture.enough:
            for seen, _ in self._look():
                if seen.taken:
                    next_ = capture.guidance()
                    self.tell("capturing", f"View {seen.taken} taken. {next_}".strip())
                elif abs(self._node.station_clock.now_ns() - self._told_ns) > TELL_NS:
                    self.tell("capturing", seen.sentence or capture.guidance())

    def _look(self, phase: str = "", sentence: str = "") -> list[tuple[Seen, int]]:
        """Look at what came; return what was seen with the devices' stamps, ns."""
        if self._node.ending or (self._handle is not None and self._handle.is_cancel_requested):
            raise RunEnded("cancelled")
        capture = self._capture
        assert capture is not None
        self._take_arm()
        pictures = self._feed.take()
        if not pictures:
            if time.monotonic() - self._came_s > STREAM_S:
                raise RunEnded(f"the {self._camera} camera sends no pictures any more")
            time.sleep(LOOK_S)
            return []
        self._came_s = time.monotonic()
        seen = [(self._seen(picture), picture.device_stamp_ns) for picture in pictures]
        if phase and abs(self._node.station_clock.now_ns() - self._told_ns) > TELL_NS:
            self.tell(phase, sentence)
        return seen

    def _seen(self, picture: Picture) -> Seen:
        capture = self._capture
        assert capture is not None
        stamp_ns = picture.device_stamp_ns
        deadline_s = time.monotonic() + 0.5
        while not capture.arm.covers(stamp_ns + AROUND_NS) and time.monotonic() < deadline_s:
            time.sleep(LOOK_S)
            self._take_arm()
        now_ns = self._node.station_clock.now_ns()
        explain = abs(now_ns - self._explained_ns) > EXPLAIN_NS
        if explain:
            self._explained_ns = now_ns
        try:
            seen = capture.look(stamp_ns, picture.image, explain)
        except ValueError as error:
            raise RunEnded(str(error)) from error
        self._node.show(self._camera, picture, seen)
        return seen

    def _take_arm(self) -> None:
        assert self._capture is not None
        for stamp_ns, pose in self._probe.take():
            self._capture.arm.add(stamp_ns, pose)

    def _until(self, happened: Callable[[], Any], otherwise: str) -> None:
        deadline_s = time.monotonic() + STREAM_S
        while not happened():
            if self._node.ending or (self._handle is not None and self._handle.is_cancel_requested):
                raise RunEnded("cancelled")
            if time.monotonic() > deadline_s:
                raise RunEnded(otherwise)
            time.sleep(LOOK_S)
