"""What every node of a station shares: its description, its clock, its health, its end."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from collector.clock import SystemClock
from collector.health import HealthReport
from collector.station.description import StationError, load_station

_LEVELS = {
    "ok": DiagnosticStatus.OK,
    "warning": DiagnosticStatus.WARN,
    "error": DiagnosticStatus.ERROR,
    "stale": DiagnosticStatus.STALE,
}


LOOK_FOR_SIGNALS_S = 0.2


class StartError(Exception):
    """A node cannot start; the message says what to do."""


class StationNode(Node):
    """A node that knows its station and publishes its health once a second.

    Parameters: ``station``, the path of the station description. ``options`` go to
    rclpy's Node: where several nodes share a process, each has its own parameters.
    """

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        path = self.declare_parameter("station", "").value
        if not path:
            raise StartError(f"{name} needs the parameter station: the path of a station YAML file")
        self.station = load_station(Path(path))
        self.station_clock = SystemClock()
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self.create_timer(1.0, self._publish_health)

    def health(self) -> Iterable[HealthReport]:
        """Return what `/diagnostics` says of this node."""
        return ()

    def close(self) -> None:
        """Let go of what the node holds; called once, before it is destroyed."""

    def _publish_health(self) -> None:
        message = DiagnosticArray()
        message.header.stamp = self.get_clock().now().to_msg()
        for report in self.health():
            status = DiagnosticStatus()
            status.level = _LEVELS[report.level]
            status.name = f"{self.get_name()}: {report.name}"
            status.hardware_id = self.station.station_id
            status.message = report.message
            status.values = [KeyValue(key=k, value=f"{v:.6g}") for k, v in report.values.items()]
            message.status.append(status)
        self._diagnostics.publish(message)


def run(make_node: Callable[[], StationNode]) -> None:
    """Run one node until SIGINT or SIGTERM; exit with 2 and a sentence if it cannot start."""
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: interrupted.set())
    # rclpy's own handlers end the context at once, before the node could say a last word
    # to its device: ours let the callback in hand finish and `close` publish.
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        node = make_node()
    except (StartError, StationError) as error:
        print(error, file=sys.stderr)
        rclpy.try_shutdown()
        sys.exit(2)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while not interrupted.is_set():
            executor.spin_once(timeout_sec=LOOK_FOR_SIGNALS_S)
    finally:
        node.close()
        rclpy.try_shutdown()
