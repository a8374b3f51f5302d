"""Calibrates one camera at a time: what it sees, where to move, the views, the result."""

from __future__ import annotations

import json
import queue
import shutil
import threading
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.task import Future

from calibration.board import A3_BOARD, A4_BOARD, CharucoBoard
from calibration.bundle_adjustment import RobotNoise
from calibration.detection import BoardDetector, Stillness
from calibration.drift import DriftError, background, save_reference
from calibration.report import write_report
from calibration.result import store
from calibration.solution import Solution, solve
from calibration.view_folder import CapturedViews, load_pictures, save_views
from collector.calibration_result import CalibrationError, CameraCalibration, load_calibration
from collector.clock import NS_PER_S
from collector.version import software_version
from collector_interfaces.action import Calibrate
from collector_interfaces.msg import BoardDetection
from collector_interfaces.srv import DecideCalibration, ProposePoses
from collector_nodes.calibration_run import CalibrationRun, RunEnded
from collector_nodes.camera_feed import CameraFeed, Picture
from collector_nodes.messages import to_time
from collector_nodes.station_node import StationNode, run
from collector_nodes.station_probe import StationProbe

BOARDS = {"A4": A4_BOARD, "A3": A3_BOARD}
LOOK_S = 0.05
VIEW_NS = NS_PER_S // 4  # between two pictures that are looked at while nothing is asked
EXPLAIN_NS = 2 * NS_PER_S  # to say why no board is found takes ten times as long
CANDIDATE, REPORT = "candidate.yaml", "report.html"

R = TypeVar("R")


class CalibratorNode(StationNode):
    """``~/view``, what is seen of the board; services ``~/propose`` and ``~/decide``; the action
    ``~/calibrate``.

    Parameters: ``station``; ``board``, A4 or A3; ``robot_sigma_m``, ``robot_sigma_rad``: the
    arm's repeatability, per axis; ``speed_m_s``: of an arm that drives itself.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("calibrator", **options)
        self.board: CharucoBoard = BOARDS[str(self.declare_parameter("board", "A4").value)]
        self.noise = RobotNoise(
            float(self.declare_parameter("robot_sigma_m", 5e-4).value),
            float(self.declare_parameter("robot_sigma_rad", float(np.deg2rad(0.1))).value),
        )
        self.speed_m_s = float(self.declare_parameter("speed_m_s", 0.1).value)
        self.feeds = {name: CameraFeed(self, name) for name in self.station.cameras}
        self.probe = StationProbe(self)
        self._views = self.create_publisher(BoardDetection, "~/view", 10)
        self._idle = {name: _Idle(self.board) for name in self.feeds}
        self._jobs: queue.Queue[Callable[[], None]] = queue.Queue()
        self._ending = threading.Event()
        self._busy = False
        # Their answers take a while, and must not keep other answers from being heard.
        apart = [MutuallyExclusiveCallbackGroup() for _ in range(2)]
        self.create_service(ProposePoses, "~/propose", self._on_propose, callback_group=apart[0])
        self.create_service(DecideCalibration, "~/decide", self._on_decide, callback_group=apart[1])
        self._server = ActionServer(
            self,
            Calibrate,
            "~/calibrate",
            self._on_calibrate,
            goal_callback=self._on_goal,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )
        self._worker = threading.Thread(target=self._work, name="calibrator", daemon=True)
        self._worker.start()

    def close(self) -> None:
        self._ending.set()
        self._worker.join(timeout=5.0)

    @property
    def ending(self) -> bool:
        """Whether the node is about to end."""
        return self._ending.is_set()

    def show(self, camera: str, picture: Picture, seen: Any) -> None:
        """Publish what was seen in a picture: ``detection``, ``sharp``, ``still``, ``sentence``."""
        message = BoardDetection(camera=camera, sharp=seen.sharp, still=seen.still)
        message.header.stamp = to_time(picture.stamp_ns)
        message.header.frame_id = f"{camera}_optical"
        message.ids = [int(i) for i in seen.detection.ids]
        message.pixels = [float(x) for x in seen.detection.corners.ravel()]
        message.sentence = seen.sentence
        self._views.publish(message)

    # Between ROS and the worker

    def _work(self) -> None:
        while not self._ending.is_set():
            try:
                job = self._jobs.get(timeout=LOOK_S)
            except queue.Empty:
                self._watch()
                continue
            job()

    async def _done(self, job: Callable[[], R], otherwise: Callable[[str], R]) -> R:
        """Return what ``job`` returns once the worker came to it; ``otherwise`` where it failed."""
        ended = Future(executor=self.executor)

        def attempt() -> None:
            try:
                ended.set_result(job())
            except Exception as error:
                # The worker must outlive whatever goes wrong; who asked is told.
                self.get_logger().error(f"{type(error).__name__}: {error}")
                ended.set_result(otherwise(f"it went wrong: {error}"))

        self._jobs.put(attempt)
        return await ended

    def _watch(self) -> None:
        """Look at each camera now and then, while somebody wants to see."""
        self.probe.take()
        if self._views.get_subscription_count() == 0:
            return
        now_ns = self.station_clock.now_ns()
        for name, feed in self.feeds.items():
            idle = self._idle[name]
            if abs(now_ns - idle.looked_ns) < VIEW_NS:
                continue
            pictures = feed.take()
            if pictures:
                idle.looked_ns = now_ns
                self.show(name, pictures[-1], idle.look(pictures[-1], now_ns))

    # Poses

    async def _on_propose(
        self, request: ProposePoses.Request, response: ProposePoses.Response
    ) -> ProposePoses.Response:
        def refused(why: str) -> ProposePoses.Response:
            response.ok, response.message = False, why
            return response

        def proposed() -> ProposePoses.Response:
            try:
                poses = CalibrationRun(self, request.camera, self.board).propose(request.count)
            except RunEnded as ended:
                return refused(str(ended))
            response.ok = True
            response.message = f"{len(poses)} poses, all within the workspace."
            response.poses_json = json.dumps([np.round(p, 6).tolist() for p in poses])
            return response

        if request.camera not in self.feeds:
            return refused(self._unknown(request.camera))
        if self._busy:
            return refused("a calibration is under way: wait for its end, or cancel it")
        return await self._done(proposed, refused)

    # Calibration

    def _on_goal(self, goal: Calibrate.Goal) -> GoalResponse:
        if self._busy or goal.camera not in self.feeds:
            return GoalResponse.REJECT
        self._busy = True
        return GoalResponse.ACCEPT

    async def _on_calibrate(self, handle: ServerGoalHandle) -> Calibrate.Result:
        try:
            result = await self._done(
                lambda: self._calibrate(handle), lambda why: Calibrate.Result(message=why)
            )
        finally:
            self._busy = False
        if handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.succeed()
        return result

    def _calibrate(self, handle: ServerGoalHandle) -> Calibrate.Result:
        goal = handle.request
        board = self.board if goal.square_m <= 0 else self.board.measured(goal.square_m)
        work = CalibrationRun(self, goal.camera, board, handle)
        try:
            capture = work.collect(json.loads(goal.poses_json or "[]"), goal.views)
        except RunEnded as ended:
            return Calibrate.Result(message=str(ended))
        work.tell("solving", "Solving: a few seconds.")
        captured = CapturedViews.of(
            capture, goal.camera, self.feeds[goal.camera].serial, goal.person, self._date()
        )
        solution = solve(captured, software_version())
        if handle.is_cancel_requested:
            return Calibrate.Result(message="cancelled")
        return self._keep(solution)

    def _keep(self, solution: Solution) -> Calibrate.Result:
        captured = solution.captured
        folder = self._captures / f"{captured.camera}-{captured.date.replace(':', '-')}"
        save_views(captured, folder)
        write_report(solution, folder / REPORT, self._in_force(captured.camera))
        findings = [
            {"name": f.code, "level": f.level, "sentence": f.text}
            for f in solution.verdict.findings
        ]
        result = Calibrate.Result(
            ok=solution.ok, report=str(folder / REPORT), verdict_json=json.dumps(findings)
        )
        if solution.calibration is not None and solution.ok:
            store(solution.calibration.model_copy(update={"name": folder.name}), folder / CANDIDATE)
            result.candidate = str(folder / CANDIDATE)
            result.message = "Solved: look at the report, then accept or discard it."
        else:
            reasons = [f.text for f in solution.verdict.findings if f.level == "refused"]
            result.message = reasons[0] if reasons else "nothing could be solved: capture again"
        return result

    # Decision

    async def _on_decide(
        self, request: DecideCalibration.Request, response: DecideCalibration.Response
    ) -> DecideCalibration.Response:
        def refused(why: str) -> DecideCalibration.Response:
            response.ok, response.message = False, why
            return response

        def decided() -> DecideCalibration.Response:
            candidate = Path(request.candidate).resolve()
            if candidate.name != CANDIDATE or candidate.parent.parent != self._captures.resolve():
                return refused(f"{candidate} is none of this station's: give what was solved")
            try:
                calibration = load_calibration(candidate)
                if request.accept:
                    response.path = str(self._accept(calibration, candidate, request.person))
                    response.message = f"The {calibration.camera} camera is calibrated."
                else:
                    shutil.rmtree(candidate.parent)
                    response.message = "Discarded: everything is as it was."
            except CalibrationError as error:
                return refused(str(error))
            response.ok = True
            return response

        return await self._done(decided, refused)

    def _accept(self, calibration: CameraCalibration, candidate: Path, person: str) -> Path:
        if person:
            calibration = calibration.model_copy(update={"person": person})
        path = self.station.calibration_path(calibration.camera)
        store(calibration, path)
        if calibration.parent_frame == "base":
            self._keep_reference(candidate.parent, path)
        return path

    def _keep_reference(self, folder: Path, path: Path) -> None:
        """Keep what a fixed camera sees behind arm and board, to notice that it was moved."""
        try:
            picture, moving = background(load_pictures(folder))
            save_reference(picture, path, moving)
        except DriftError as error:
            self.get_logger().warning(str(error))

    def _in_force(self, camera: str) -> CameraCalibration | None:
        try:
            return load_calibration(self.station.calibration_path(camera))
        except CalibrationError:
            return None

    @property
    def _captures(self) -> Path:
        return self.station.data / "calibration" / "captures"

    def _date(self) -> str:
        now = datetime.fromtimestamp(self.station_clock.now_ns() // NS_PER_S, timezone.utc)
        return now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _unknown(self, camera: str) -> str:
        return f"the station has no camera {camera!r}: choose one of {', '.join(self.feeds)}"


class _Idle:
    """Looks at a camera while no calibration is under way."""

    def __init__(self, board: CharucoBoard) -> None:
        self.looked_ns = 0
        self._explained_ns = 0
        self._detector = BoardDetector(board)
        self._stillness = Stillness()
        self.detection: Any = None
        self.sharp = self.still = False
        self.sentence = ""

    def look(self, picture: Picture, now_ns: int) -> _Idle:
        explain = abs(now_ns - self._explained_ns) > EXPLAIN_NS
        if explain:
            self._explained_ns = now_ns
        found = self._detector.detect(picture.image, explain)
        self.detection, self.sharp = found, found.ok
        self.still = self._stillness.update(picture.stamp_ns, found)
        self.sentence = found.problem
        return self


def main() -> None:
    run(CalibratorNode)
