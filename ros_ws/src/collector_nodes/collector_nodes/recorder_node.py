"""The recorder: steps, arm states and images in, sealed episodes on disk."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.qos import qos_profile_sensor_data
from rclpy.task import Future
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger

from collector.calibration_result import CalibrationError, CameraCalibration, load_calibration
from collector.episode.goal import (
    LABELS,
    Progress,
    RecordingError,
    SealedEpisode,
    StationFacts,
)
from collector.episode.recorder import Limits, Recorder
from collector.episode.recovery import recover
from collector.health import HealthReport
from collector.version import software_version
from collector_interfaces.action import RecordEpisode
from collector_interfaces.msg import ArmState, CameraDevice, FrameMetadata, Step
from collector_interfaces.srv import FinishEpisode
from collector_nodes import qos
from collector_nodes.messages import (
    from_arm_state,
    from_image,
    from_record_goal,
    from_step,
    to_ns,
)
from collector_nodes.station_node import StationNode, run

# How often feedback goes out and the attempt is judged: once a step.
WATCH_S = 0.2
BYTES_PER_GB = 1_000_000_000


class RecorderNode(StationNode):
    """Action ``~/record``, services ``~/stop`` and ``~/finish``; reads steps, arm and images.

    ``~/stop`` ends the episode at this step; it is sealed when ``~/finish`` labels it.
    What a killed recorder left is recovered before the first goal is taken. Cancelling a
    goal discards its episode. An attempt that must end (a stream was lost, the disk is
    full) is aborted with the reason, and its episode kept as discarded.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("recorder", **options)
        self._devices: dict[str, CameraDevice] = {}
        self._stamp_sources: dict[str, str] = {}
        self._recorder: Recorder | None = None
        self._built_from: tuple[StationFacts, dict[str, CameraCalibration]] | None = None
        self._handle: ServerGoalHandle | None = None
        self._sealed: Future | None = None  # resolves to the sealed episode, or the error
        self._sealing = False
        self._problem = "no step has come yet: check the cameras and the arm"
        self._sealer = ThreadPoolExecutor(1, thread_name_prefix="sealer")
        for report in recover(self.station.data, self.station_clock):
            self.get_logger().warning(f"{report.episode_id}: {report.reason} ({report.path})")
        self._subscribe()
        self.create_service(Trigger, "~/stop", self._on_stop)
        self.create_service(FinishEpisode, "~/finish", self._on_finish)
        self._server = ActionServer(
            self,
            RecordEpisode,
            "~/record",
            self._record,
            goal_callback=self._on_goal,
            cancel_callback=self._on_cancel,
        )
        self.create_timer(WATCH_S, self._watch)

    def health(self) -> list[HealthReport]:
        progress = self._progress()
        values = {
            "steps": float(progress.steps),
            "gaps": float(progress.gaps),
            "bytes": float(progress.bytes),
            "queue": progress.queue,
        }
        if self._problem:
            return [HealthReport("recorder", "error", self._problem, values)]
        what = f"Recording {progress.episode_id}." if progress.episode_id else "Ready."
        return [HealthReport("recorder", "ok", what, values)]

    def close(self) -> None:
        self._sealer.shutdown(wait=True)
        if self._recorder is not None:
            self._recorder.close()

    # What it hears

    def _subscribe(self) -> None:
        self.create_subscription(Step, "/synchronizer/step", self._on_step, qos.STEPS)
        self.create_subscription(ArmState, "/arm/state", self._on_arm, qos.ARM_STATE)
        for name in self.station.cameras:
            topic = f"/{name}_camera"
            self.create_subscription(CameraDevice, f"{topic}/device", self._on_device, qos.LATCHED)
            self.create_subscription(
                FrameMetadata,
                f"{topic}/metadata",
                lambda message, name=name: self._on_metadata(name, message),
                qos_profile_sensor_data,
            )
            if self.station.cameras[name].video:
                self.create_subscription(
                    Image,
                    f"{topic}/image_raw",
                    lambda message, name=name: self._on_image(name, message),
                    qos.IMAGES,
                )

    def _on_device(self, message: CameraDevice) -> None:
        self._devices[message.name] = message

    def _on_metadata(self, name: str, message: FrameMetadata) -> None:
        self._stamp_sources[name] = message.stamp_source

    def _on_image(self, name: str, message: Image) -> None:
        if self._recorder is None:
            return
        try:
            image = from_image(message)
        except ValueError as error:
            self.get_logger().error(f"{name} camera: {error}", throttle_duration_sec=5.0)
            return
        self._recorder.add_frame(name, image, to_ns(message.header.stamp))

    def _on_arm(self, message: ArmState) -> None:
        if self._recorder is None:
            return
        try:
            sample = from_arm_state(message)
        except ValueError as error:
            self.get_logger().error(f"arm: {error}", throttle_duration_sec=5.0)
            return
        self._recorder.add_arm_sample(sample)

    def _on_step(self, message: Step) -> None:
        if self._recorder is None:
            # Steps come once the whole station runs: be ready for the first goal.
            self._prepare()
            return
        try:
            step = from_step(message)
        except ValueError as error:
            self.get_logger().error(f"step {message.index}: {error}", throttle_duration_sec=5.0)
            return
        self._recorder.add_step(step)

    # What it is asked

    def _on_goal(self, _: RecordEpisode.Goal) -> GoalResponse:
        busy = self._handle is not None
        return GoalResponse.REJECT if busy else GoalResponse.ACCEPT

    def _on_cancel(self, _: ServerGoalHandle) -> CancelResponse:
        # Whoever cancels lays the next scene out: nothing of that belongs to this episode.
        if self._recorder is not None and self._handle is not None and not self._sealing:
            self._recorder.stop()
        return CancelResponse.ACCEPT

    async def _record(self, handle: ServerGoalHandle) -> RecordEpisode.Result:
        goal = handle.request
        self._handle = handle
        self._sealed = Future(executor=self.executor)
        self._sealing = False
        try:
            self._prepare()
            if self._recorder is None:
                raise RecordingError(self._problem)
            episode_id = self._recorder.begin(from_record_goal(goal))
        except RecordingError as error:
            self._handle = None
            self.get_logger().error(str(error))
            handle.abort()
            return RecordEpisode.Result(message=str(error), outcome="refused")
        self.get_logger().info(f"recording {episode_id}: {goal.task_id}")
        ended = await self._sealed
        self._handle = None
        if isinstance(ended, RecordingError):
            self._problem = str(ended)
            self.get_logger().error(self._problem)
            handle.abort()
            return RecordEpisode.Result(episode_id=episode_id, message=str(ended))
        self._problem = ""
        self.get_logger().info(
            f"sealed {ended.episode_id}: {ended.outcome}, {ended.steps} steps, "
            f"{ended.gaps} gaps {ended.message}".rstrip()
        )
        if ended.outcome in LABELS:
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return _result(ended)

    def _on_stop(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._recorder is None or self._handle is None or self._sealing:
            response.message = "no episode is being recorded: begin one first"
        else:
            self._recorder.stop()
            response.success = True
        return response

    def _on_finish(
        self, request: FinishEpisode.Request, response: FinishEpisode.Response
    ) -> FinishEpisode.Response:
        if self._handle is None or self._sealing:
            response.message = "no episode is being recorded: begin one first"
        elif request.outcome not in LABELS:
            response.message = f"{request.outcome!r} is no label: choose one of {', '.join(LABELS)}"
        else:
            self._seal(
                lambda recorder: recorder.finish(
                    request.outcome,
                    request.predicate_known,
                    request.predicate_success,
                    request.predicate_explanation,
                )
            )
            response.ok = True
        return response

    def _watch(self) -> None:
        """Send feedback; end the attempt when it is cancelled or cannot go on."""
        if self._recorder is None or self._handle is None or self._sealing:
            return
        if self._handle.is_cancel_requested:
            self._seal(lambda recorder: recorder.discard())
        elif reason := self._recorder.watch(self.station_clock.now_ns()):
            self.get_logger().error(f"the attempt ends: {reason}")
            self._seal(lambda recorder: recorder.discard(reason))
        else:
            self._handle.publish_feedback(_feedback(self._progress()))

    def _seal(self, end: Callable[[Recorder], SealedEpisode]) -> None:
        """Seal in a thread of its own: messages keep being taken meanwhile."""
        recorder, sealed = self._recorder, self._sealed
        assert recorder is not None
        assert sealed is not None
        self._sealing = True

        def work() -> None:
            try:
                sealed.set_result(end(recorder))
            except RecordingError as error:
                sealed.set_result(error)

        self._sealer.submit(work)

    def _prepare(self) -> None:
        """Build the recorder, or build it anew when a device or a calibration changed."""
        missing = [name for name in self.station.cameras if name not in self._stamp_sources]
        missing += [name for name in self.station.cameras if name not in self._devices]
        if missing:
            self._recorder = None
            self._problem = f"the {missing[0]} camera sends nothing: check it, then try again"
            return
        try:
            calibrations = {
                name: load_calibration(self.station.calibration_path(name))
                for name in self.station.cameras
            }
        except CalibrationError as error:
            self._recorder = None
            self._problem = str(error)
            return
        facts = self._facts()
        if self._built_from == (facts, calibrations) and self._recorder is not None:
            return
        recording = self.station.recording
        self._recorder = Recorder(
            self.station.data,
            facts,
            calibrations,
            self.station_clock,
            limits=Limits(
                queue_steps=recording.queue_steps,
                min_free_bytes=round(recording.min_free_gb * BYTES_PER_GB),
            ),
            video=any(camera.video for camera in self.station.cameras.values()),
        )
        self._built_from = (facts, calibrations)
        self._problem = ""

    def _facts(self) -> StationFacts:
        station = self.station
        return StationFacts(
            station_id=station.station_id,
            station_name=station.name,
            software_version=software_version(),
            licence=station.recording.licence,
            rate_hz=station.rate_hz,
            joint_names=station.arm.joints,
            cameras={
                name: {
                    "backend": self._devices[name].backend,
                    "model": self._devices[name].model,
                    "serial": self._devices[name].serial,
                    "fps": self._devices[name].fps,
                    "stamp_source": self._stamp_sources[name],
                }
                for name in station.cameras
            },
            arm={"backend": station.arm.backend, "joints": list(station.arm.joints)},
        )

    def _progress(self) -> Progress:
        if self._recorder is None:
            return Progress("", 0, 0, {}, 0, 0.0)
        return self._recorder.progress()


def _result(sealed: SealedEpisode) -> RecordEpisode.Result:
    return RecordEpisode.Result(
        episode_id=sealed.episode_id,
        path=sealed.path,
        digest=sealed.digest,
        outcome=sealed.outcome,
        message=sealed.message,
        steps=sealed.steps,
        gaps=sealed.gaps,
    )


def _feedback(progress: Progress) -> RecordEpisode.Feedback:
    return RecordEpisode.Feedback(
        steps=progress.steps,
        gaps=progress.gaps,
        static_skew_ns=progress.skews_ns.get("static", 0),
        wrist_skew_ns=progress.skews_ns.get("wrist", 0),
        bytes=progress.bytes,
        queue=progress.queue,
    )


def main() -> None:
    run(RecorderNode)
