"""What preflight has to know of the running station, kept up to date."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.qos import QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import Image

from collector.clock import NS_PER_S
from collector.health import HealthReport
from collector.health import Level as HealthLevel
from collector.preflight.calibration_file import CalibrationFile
from collector.preflight.camera_checks import check_calibration
from collector.preflight.clock_watch import ClockWatch
from collector.preflight.observation import (
    CameraObservation,
    ConsentObservation,
    DiskObservation,
    DriftObservation,
    StationObservation,
)
from collector.preflight.policy import PreflightPolicy
from collector.preflight.result import CheckResult, Level, PreflightReport
from collector.preflight.run import run_preflight
from collector.preflight.sealed_history import SealedHistory
from collector.preflight.station_checks import check_disk
from collector.preflight.stream_watch import (
    WINDOW_S,
    ArmWatch,
    CameraWatch,
    StepWatch,
    TeleopWatch,
)
from collector_interfaces.msg import ArmCommand, ArmState, CameraDevice, FrameMetadata, Step
from collector_nodes import qos
from collector_nodes.inbox import Inbox
from collector_nodes.messages import from_doubles, from_image, to_ns
from collector_nodes.station_node import StationNode

LOOK_S = 1.0
LIGHT_NS = NS_PER_S  # the light of a camera is not measured more often
REPORT_NS = 3 * NS_PER_S  # nodes tell their health once a second; an older report is of the past
_DIAGNOSTICS = QoSProfile(depth=1)
_DRIFT: Mapping[bytes, Literal["ok", "warning", "error"]] = {
    DiagnosticStatus.OK: "ok",
    DiagnosticStatus.WARN: "warning",
}
_HEALTH: Mapping[Level, HealthLevel] = {"ok": "ok", "warning": "warning", "refused": "error"}


def free_bytes(path: Path) -> int:
    """Return the free bytes of the disk that ``path`` lies on, or will. Raises OSError."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


class StationWatch:
    """Hears what a station says, through ``node``, without waking it more than once a second.

    ``clock`` and ``free`` (bytes on the disk of a path) may be handed in.
    """

    def __init__(
        self,
        node: StationNode,
        clock: ClockWatch | None = None,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._node = node
        self._station = station = node.station
        self._now_ns = node.station_clock.now_ns
        self._clock = clock or ClockWatch(node.station_clock)
        self._free = free
        self.policy = PreflightPolicy.of_station(station)
        self._history = SealedHistory(station.data, station.station_id)
        self._calibrations = {
            name: CalibrationFile(station.calibration_path(name), name) for name in station.cameras
        }
        self._cameras = {
            name: CameraWatch(name, camera.fps, camera.backend == "simulated")
            for name, camera in station.cameras.items()
        }
        self._steps = StepWatch()
        self._arm = ArmWatch(station.arm.rate_hz)
        self._teleop = TeleopWatch(station.teleop.device)
        self._reports: dict[str, tuple[DiagnosticStatus, int]] = {}  # name -> report, arrival
        self._light_ns = dict.fromkeys(station.cameras, 0)  # when it was measured
        self._subscribe()
        # A node with threads of its own may ask while its executor looks.
        self._lock = threading.RLock()
        node.create_timer(LOOK_S, self._look)

    def _subscribe(self) -> None:
        node, clock = self._node, self._node.station_clock
        sensor = qos_profile_sensor_data
        self._images: dict[str, Inbox[Image]] = {}
        self._metadata: dict[str, Inbox[FrameMetadata]] = {}
        self._devices: dict[str, Inbox[CameraDevice]] = {}
        for name, camera in self._station.cameras.items():
            topic = f"/{name}_camera"
            self._images[name] = Inbox(node, Image, f"{topic}/image_raw", sensor, 1, clock)
            self._metadata[name] = Inbox(
                node, FrameMetadata, f"{topic}/metadata", sensor, _kept(camera.fps), clock
            )
            self._devices[name] = Inbox(
                node, CameraDevice, f"{topic}/device", qos.LATCHED, 1, clock
            )
        rate_hz = self._station.arm.rate_hz
        self._states = Inbox(node, ArmState, "/arm/state", qos.ARM_STATE, _kept(rate_hz), clock)
        self._commands = Inbox(node, ArmCommand, "/arm/command", qos.ARM_COMMAND, 1, clock)
        kept = _kept(self._station.rate_hz)
        self._new_steps = Inbox(node, Step, "/synchronizer/step", qos.STEPS, kept, clock)
        self._diagnostics = Inbox(node, DiagnosticArray, "/diagnostics", _DIAGNOSTICS, 100, clock)

    # What it tells

    def observation(self, consent: ConsentObservation | None) -> StationObservation:
        """Return the station now; ``consent`` is that of whoever signed in."""
        with self._lock:
            self._look()
            for name in self._cameras:
                self._look_at(name)
            command = self._commands.newest()
            if command is not None:
                self._teleop.on_command(to_ns(command.header.stamp), command.dead_man)
            now_ns = self._now_ns()
            teleop = "teleop: teleop device"
            return StationObservation(
                now_ns=now_ns,
                cameras=tuple(self._camera(name, now_ns) for name in self._cameras),
                synchronizer=self._steps.observation(now_ns),
                arm=self._arm.observation(now_ns),
                teleop=self._teleop.observation(
                    now_ns, teleop in self._reports, self._problem(teleop, now_ns)
                ),
                disk=self._disk(),
                clock=self._clock.observation(self._history.newest_sealed_ns()),
                consent=consent,
            )

    def preflight(self, consent: ConsentObservation | None) -> PreflightReport:
        """Return every check of the station now."""
        return run_preflight(self.observation(consent), self.policy)

    def health(self) -> list[HealthReport]:
        """Return how many attempts still fit on the disk, and how old the calibrations are."""
        with self._lock:
            now_ns = self._now_ns()
            disk = check_disk(self._disk(), self.policy)
            values = {}
            if disk.values:
                values = {
                    "attempts": _number(disk, "attempts"),
                    "free_gb": _number(disk, "free_bytes") / 1e9,
                }
            reports = [_report("disk", disk, values)]
            for name in self._cameras:
                check = check_calibration(self._camera(name, now_ns), now_ns, self.policy)
                known = check.values.get("age_days") is not None
                values = {"age_days": _number(check, "age_days")} if known else {}
                reports.append(_report(f"calibration {name}", check, values))
            return reports

    def _camera(self, name: str, now_ns: int) -> CameraObservation:
        seen = self._cameras[name].observation(
            now_ns,
            self._calibrations[name].observation(),
            self._problem(f"{name}_camera: {name} camera", now_ns),
        )
        return replace(seen, drift=self._drift(name, now_ns))

    def _drift(self, name: str, now_ns: int) -> DriftObservation | None:
        status, arrival_ns = self._reports.get(f"drift: {name} camera", (None, 0))
        if status is None or now_ns - arrival_ns > REPORT_NS:
            return None
        values = {pair.key: pair.value for pair in status.values}
        return DriftObservation(
            _DRIFT.get(status.level, "error"),
            str(status.message),
            float(values.get("shift_px", "nan")),
        )

    def _problem(self, name: str, now_ns: int) -> str:
        """Return what a node says is wrong, as long as it says so."""
        status, arrival_ns = self._reports.get(name, (None, 0))
        if status is None or status.level != DiagnosticStatus.ERROR:
            return ""
        return str(status.message) if now_ns - arrival_ns <= REPORT_NS else ""

    def _disk(self) -> DiskObservation | None:
        try:
            free = self._free(self._station.data)
        except OSError:
            return None
        return DiskObservation(str(self._station.data), free, self._history.sizes())

    # What it hears

    def _look(self) -> None:
        with self._lock:
            self._clock.look()
            for name, camera in self._cameras.items():
                device = self._devices[name].newest()
                if device is not None:
                    camera.on_device(device.serial)
                for frame, arrival_ns in self._metadata[name].take():
                    camera.on_frame(
                        to_ns(frame.header.stamp),
                        arrival_ns,
                        frame.counter,
                        dict(zip(frame.keys, frame.values, strict=False)),
                    )
            for state, arrival_ns in self._states.take():
                self._arm.on_state(
                    to_ns(state.header.stamp),
                    arrival_ns,
                    from_doubles(state.joint_velocities),
                    state.gripper_in_motion,
                    state.state,
                    state.fault,
                )
            for step, arrival_ns in self._new_steps.take():
                self._on_step(step, arrival_ns)
            for array, arrival_ns in self._diagnostics.take():
                self._reports.update({s.name: (s, arrival_ns) for s in array.status})

    def _on_step(self, step: Step, arrival_ns: int) -> None:
        seen = [c for c in step.cameras if c.present and c.name in self._cameras]
        for camera in seen:
            self._cameras[camera.name].on_step(camera.frozen)
        self._steps.on_step(arrival_ns, step.is_gap, {c.name: c.skew_ns for c in seen})

    def _look_at(self, name: str) -> None:
        now_ns = self._now_ns()
        if 0 <= now_ns - self._light_ns[name] < LIGHT_NS:
            return
        image = self._images[name].newest()
        if image is None:
            return
        try:
            self._cameras[name].on_image(to_ns(image.header.stamp), from_image(image))
            self._light_ns[name] = now_ns
        except ValueError as error:
            self._node.get_logger().error(f"{name} camera: {error}", throttle_duration_sec=5.0)


def _kept(rate_hz: float) -> int:
    """Return how many messages the window of rates and counts has."""
    return max(1, round(rate_hz * WINDOW_S))


def _number(check: CheckResult, key: str) -> float:
    value = check.values[key]
    assert isinstance(value, (int, float))
    return float(value)


def _report(name: str, check: CheckResult, values: dict[str, float]) -> HealthReport:
    return HealthReport(name, _HEALTH[check.level], check.sentence, values)
