"""One camera: frames out, with their stamps; the device is opened again when it is lost."""

from __future__ import annotations

import threading
import time
from typing import Any

from geometry_msgs.msg import TransformStamped
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from collector.calibration_result import CalibrationError, CameraCalibration, load_calibration
from collector.clock import NS_PER_S
from collector.devices.camera import Camera, CameraError, Frame
from collector.health import HealthReport, StreamHealth
from collector.simulation.state import WorldState
from collector.station.back_off import BackOff
from collector_interfaces.msg import CameraDevice, FrameMetadata
from collector_interfaces.msg import WorldState as WorldStateMsg
from collector_nodes import qos
from collector_nodes.messages import from_world_state, to_camera_info, to_image, to_time
from collector_nodes.open_camera import open_camera
from collector_nodes.station_node import StartError, StationNode, run

READ_TIMEOUT_S = 0.5
# In the metadata of each frame: what its stamp was moved back by.
APPLIED_DELAY = "applied_delay_s"
LOOK_FOR_CALIBRATION_S = 1.0


class CameraNode(StationNode):
    """Publishes ``~/image_raw``, ``~/camera_info``, ``~/metadata`` and ``~/device`` of a camera.

    ``~/extrinsics`` is where the calibration file says the camera is: of its optical frame, in
    ``base`` or ``ee``. A file that is new or changed is taken up while the camera streams.

    The delay that the calibration in force measured is subtracted from every stamp, here and
    nowhere else; each frame's metadata say by how much (``applied_delay_s``).

    Parameters: ``station``; ``camera``, its name in the station description.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("camera", **options)
        self.camera_name = str(self.declare_parameter("camera", "").value)
        if self.camera_name not in self.station.cameras:
            known = ", ".join(self.station.cameras)
            raise StartError(
                f"the station has no camera {self.camera_name!r}: set the parameter camera "
                f"to one of {known}"
            )
        description = self.station.cameras[self.camera_name]
        self._frame_id = f"{self.camera_name}_optical"
        self._images = self.create_publisher(Image, "~/image_raw", qos.IMAGES)
        self._info = self.create_publisher(CameraInfo, "~/camera_info", qos_profile_sensor_data)
        self._metadata = self.create_publisher(FrameMetadata, "~/metadata", qos_profile_sensor_data)
        self._devices = self.create_publisher(CameraDevice, "~/device", qos.LATCHED)
        self._extrinsics = self.create_publisher(TransformStamped, "~/extrinsics", qos.LATCHED)
        self._calibration_seen: tuple[int, int] | None = None  # mtime ns, bytes
        self._calibration_changed = threading.Event()
        self._delay_ns = 0  # of the calibration in force, for the device that streams
        self.create_timer(LOOK_FOR_CALIBRATION_S, self._look_for_calibration)
        self._health = StreamHealth(f"{self.camera_name} camera", description.fps)
        self._problem = ""
        self._counter: int | None = None
        self._newest_state: tuple[int, WorldState] | None = None
        if description.backend == "simulated":
            self.create_subscription(
                WorldStateMsg, "/simulator/world_state", self._on_world_state, qos.WORLD_STATE
            )
        self._camera = open_camera(
            self.station, self.camera_name, self.station_clock, lambda: self._newest_state
        )
        self._stopping = threading.Event()
        self._reader = threading.Thread(target=self._read, name="camera reader", daemon=True)
        self._reader.start()

    def health(self) -> list[HealthReport]:
        report = self._health.report(self.station_clock.now_ns())
        if self._problem:
            report = HealthReport(report.name, "error", self._problem, report.values)
        return [report]

    def close(self) -> None:
        self._stopping.set()
        self._reader.join(timeout=1.0)

    def _on_world_state(self, message: WorldStateMsg) -> None:
        self._newest_state = from_world_state(message)

    def _read(self) -> None:
        """Read and publish; when the device is lost, open it again with growing pauses."""
        pause = BackOff(initial_s=0.5, longest_s=8.0)
        while not self._stopping.is_set():
            began_s = time.monotonic()
            try:
                self._camera.start()
                info = self._take_up_calibration(self._camera)
                self._introduce(self._camera)
                self._stream(self._camera, info)
            except CameraError as error:
                wait_s = pause.next_delay_s(time.monotonic() - began_s)
                self._problem = f"{error} (trying again in {wait_s:.1f} s)"
                self.get_logger().error(self._problem)
                self._camera.stop()
                self._stopping.wait(wait_s)
        self._camera.stop()

    def _introduce(self, camera: Camera) -> None:
        description = self.station.cameras[self.camera_name]
        device = CameraDevice(name=self.camera_name, backend=description.backend)
        device.model, device.serial = camera.model, camera.serial
        device.fps = float(description.fps)
        self._devices.publish(device)
        self.get_logger().info(f"{device.model} {device.serial} streams")

    def _stream(self, camera: Camera, info: CameraInfo) -> None:
        while not self._stopping.is_set():
            frame = camera.read(READ_TIMEOUT_S)
            if self._calibration_changed.is_set():
                self._calibration_changed.clear()
                info = self._take_up_calibration(camera)
            if frame is not None:
                self._problem = ""
                self._publish(frame, info)

    def _take_up_calibration(self, camera: Camera) -> CameraInfo:
        """Return what to publish of the lens, and correct stamps as the calibration says."""
        calibration = self._calibration()
        self._delay_ns = 0
        # The delay is the device's: another one's is no better than none.
        if calibration is not None and calibration.serial in ("", camera.serial):
            self._delay_ns = round(calibration.delay_s * NS_PER_S)
        return to_camera_info(camera.intrinsics, calibration, self._frame_id)

    def _publish(self, frame: Frame, info: CameraInfo) -> None:
        dropped = max(0, frame.counter - self._counter - 1) if self._counter is not None else 0
        frozen = self._counter is not None and frame.counter == self._counter
        self._counter = frame.counter
        stamp_ns = frame.stamp_ns - self._delay_ns
        metadata = FrameMetadata()
        metadata.header.stamp = to_time(stamp_ns)
        metadata.header.frame_id = self._frame_id
        metadata.counter = frame.counter
        metadata.stamp_source = frame.stamp_source.value
        metadata.keys = [*frame.metadata, APPLIED_DELAY]
        metadata.values = [*map(float, frame.metadata.values()), self._delay_ns / NS_PER_S]
        info.header.stamp = metadata.header.stamp
        # First what explains the image: the synchronizer looks for it when the image comes.
        self._metadata.publish(metadata)
        self._images.publish(to_image(frame.image, stamp_ns, self._frame_id))
        self._info.publish(info)
        self._health.on_sample(stamp_ns, self.station_clock.now_ns(), dropped, frozen)

    def _look_for_calibration(self) -> None:
        """Publish the camera's pose where its calibration file is new or changed."""
        try:
            status = self.station.calibration_path(self.camera_name).stat()
        except OSError:
            return
        seen = status.st_mtime_ns, status.st_size
        if seen == self._calibration_seen:
            return
        self._calibration_seen = seen
        calibration = self._calibration()
        if calibration is None:
            return
        message = TransformStamped()
        message.header.stamp = self.get_clock().now().to_msg()
        message.header.frame_id = calibration.parent_frame
        message.child_frame_id = self._frame_id
        translation, rotation = message.transform.translation, message.transform.rotation
        translation.x, translation.y, translation.z = calibration.transform[:3]
        rotation.x, rotation.y, rotation.z, rotation.w = calibration.transform[3:]
        self._extrinsics.publish(message)
        self._calibration_changed.set()

    def _calibration(self) -> CameraCalibration | None:
        path = self.station.calibration_path(self.camera_name)
        if not path.exists():
            return None
        try:
            return load_calibration(path)
        except CalibrationError as error:
            self.get_logger().warning(str(error))
            return None


def main() -> None:
    run(CameraNode)
