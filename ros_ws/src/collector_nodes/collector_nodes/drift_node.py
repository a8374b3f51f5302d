"""Whether the fixed cameras still stand where they were calibrated."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from calibration.drift import (
    Drift,
    DriftError,
    ReferenceView,
    load_reference,
    reference_path,
)
from calibration.result import board_of
from collector.calibration_result import CalibrationError, load_calibration
from collector.health import HealthReport, Level
from collector_nodes.inbox import Inbox
from collector_nodes.messages import from_image
from collector_nodes.station_node import StationNode, run

LOOK_S = 2.0
# A comparison of large pictures takes a while: it may use this share of a core.
LARGEST_SHARE = 0.05
# A hand before the lens is gone with the next picture; a camera that was pushed is not.
SURE_AFTER = 2
_LEVELS: dict[str, Level] = {"steady": "ok", "moved": "error", "unknown": "warning"}


class DriftNode(StationNode):
    """Compares a picture now and then with the one that was kept with the calibration.

    Says in ``/diagnostics``, as "drift: <camera> camera", whether the camera was moved; of
    cameras without a reference picture, and of those on the arm, nothing.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__("drift", **options)
        self._next_s = 0.0
        self._watched = {name: _Watched(self, name) for name in self.station.cameras}
        self.create_timer(LOOK_S, self._look)

    def health(self) -> list[HealthReport]:
        return [
            report for watched in self._watched.values() if (report := watched.report()) is not None
        ]

    def _look(self) -> None:
        if time.monotonic() < self._next_s:
            return
        began_s = time.process_time()
        for watched in self._watched.values():
            watched.look()
        took_s = time.process_time() - began_s
        self._next_s = time.monotonic() + took_s / LARGEST_SHARE


class _Watched:
    """One camera against its reference picture."""

    def __init__(self, node: DriftNode, name: str) -> None:
        self._name = name
        self._calibration = node.station.calibration_path(name)
        self._images = Inbox(
            node,
            Image,
            f"/{name}_camera/image_raw",
            qos_profile_sensor_data,
            1,
            node.station_clock,
        )
        self._read_ns = 0  # when the reference that is kept was written
        self._reference: ReferenceView | None = None
        self._found: Drift | None = None
        self._problem = ""
        self._moved = 0  # pictures in a row that say so

    def look(self) -> None:
        """Compare the newest picture, where there is something to compare it with."""
        image = self._images.newest()
        self._take_reference()
        if self._reference is None or image is None:
            return
        try:
            found = self._reference.compare(from_image(image))
        except (DriftError, ValueError) as error:
            self._problem, self._found = str(error), None
            return
        self._problem = ""
        self._moved = self._moved + 1 if found.moved else 0
        if not found.moved or self._moved >= SURE_AFTER:
            self._found = found

    def report(self) -> HealthReport | None:
        name = f"{self._name} camera"
        if self._problem:
            return HealthReport(name, "warning", self._problem, {})
        if self._found is None:
            return None
        values = {
            "shift_px": self._found.shift_px,
            "sigma_px": self._found.sigma_px,
            "support": self._found.support,
        }
        return HealthReport(name, _LEVELS[self._found.verdict], self._found.sentence, values)

    def _take_reference(self) -> None:
        """Read the reference picture anew where it has changed: the camera was calibrated."""
        written_ns = _written_ns(reference_path(self._calibration))
        if written_ns == self._read_ns:
            return
        self._read_ns = written_ns
        self._reference = self._found = None
        self._problem, self._moved = "", 0
        if not written_ns:
            return
        try:
            calibration = load_calibration(self._calibration)
            if calibration.parent_frame != "base":
                return
            picture, ignore = load_reference(self._calibration)
            board = board_of(calibration)
            self._reference = ReferenceView(picture, self._name, ignore, board=board)
        except (DriftError, CalibrationError) as error:
            self._problem = str(error)


def _written_ns(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def main() -> None:
    run(DriftNode)
