"""The nodes of one test, each spun in a thread of its own, and a probe to talk to them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from station_files import StationFile

LOOK_S = 0.005
# Long enough for a machine that has better things to do; nothing waits for it to pass.
PATIENCE_S = 30.0

M = TypeVar("M")
N = TypeVar("N", bound=Node)


class Spun:
    """A node and the thread that spins it."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.failure: BaseException | None = None
        self.told = False
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(node)
        self._thread = threading.Thread(target=self._spin, name=node.get_name())
        self._thread.start()

    def _spin(self) -> None:
        try:
            self.executor.spin()
        except ExternalShutdownException:
            pass
        except BaseException as error:  # told to whoever waits, and at the end of the test
            self.failure = error

    def end(self) -> None:
        """Stop spinning, let the node close what it holds, and destroy it."""
        self.executor.shutdown()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), f"{self.node.get_name()} does not stop"
        if hasattr(self.node, "close"):
            self.node.close()
        self.node.destroy_node()


class Heard(Generic[M]):
    """Every message of a topic, and when it came."""

    def __init__(self) -> None:
        self.messages: list[M] = []
        self.arrivals_ns: list[int] = []  # system clock

    def take(self, message: M) -> None:
        self.arrivals_ns.append(time.time_ns())
        self.messages.append(message)

    def __len__(self) -> int:
        return len(self.messages)

    @property
    def last(self) -> M:
        return self.messages[-1]


class Graph:
    """Leave it as a context manager: every node is destroyed, and one that died is told."""

    def __init__(self, station: StationFile) -> None:
        self.station = station
        self._spun: list[Spun] = []

    def __enter__(self) -> Graph:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        self.probe = Node("probe")
        self._spun.append(Spun(self.probe))
        return self

    def __exit__(self, *exception: object) -> None:
        failures = [s.failure for s in self._spun if s.failure is not None and not s.told]
        for spun in reversed(self._spun):
            spun.end()
        rclpy.shutdown()
        if failures and exception[0] is None:
            raise failures[0]

    def add(self, make: Callable[..., N], name: str = "", **parameters: Any) -> N:
        """Make a node with the station and ``parameters``, and spin it."""
        arguments = ["--ros-args", "-p", f"station:={self.station.path}"]
        if name:
            arguments += ["-r", f"__node:={name}"]
        for key, value in parameters.items():
            arguments += ["-p", f"{key}:={value}"]
        node = make(cli_args=arguments)
        self._spun.append(Spun(node))
        return node

    def remove(self, node: Node) -> None:
        """End a node, as if its process ended in order."""
        (spun,) = (s for s in self._spun if s.node is node)
        self._spun.remove(spun)
        spun.end()
        if spun.failure is not None:
            raise spun.failure

    def hear(self, kind: type[M], topic: str, quality: QoSProfile | int = 10) -> Heard[M]:
        """Keep every message of ``topic`` from now on."""
        heard: Heard[M] = Heard()
        self.probe.create_subscription(kind, topic, heard.take, quality)
        return heard

    def publisher(self, kind: type[Any], topic: str, quality: QoSProfile | int = 10) -> Any:
        """Return a publisher that somebody listens to."""
        publisher = self.probe.create_publisher(kind, topic, quality)
        self.wait(lambda: publisher.get_subscription_count() > 0, f"nobody hears {topic}")
        return publisher

    def call(self, kind: type[Any], service: str, request: Any = None) -> Any:
        """Ask a service and return its answer."""
        client = self.probe.create_client(kind, service)
        self.wait(client.service_is_ready, f"nobody offers {service}")
        future = client.call_async(kind.Request() if request is None else request)
        return self.result(future, service)

    def result(self, future: Any, what: str) -> Any:
        """Wait for a future and return its result."""
        self.wait(future.done, f"no answer of {what}")
        return future.result()

    def wait(self, happened: Callable[[], Any], otherwise: str, within_s: float = PATIENCE_S):
        """Wait until ``happened`` is true and return it; fail when a node dies meanwhile."""
        deadline_s = time.monotonic() + within_s
        while not (value := happened()):
            for spun in self._spun:
                if spun.failure is not None:
                    spun.told = True
                    raise spun.failure
            assert time.monotonic() < deadline_s, otherwise
            time.sleep(LOOK_S)
        return value

    def more(self, heard: Heard[M], count: int = 1) -> list[M]:
        """Wait for ``count`` further messages and return them."""
        begin = len(heard)
        self.wait(lambda: len(heard) >= begin + count, f"fewer than {count} messages came")
        return heard.messages[begin:]

    def health(self, name: str) -> Callable[[], DiagnosticStatus | None]:
        """Return what gives the newest status whose name contains ``name``."""
        heard = self.hear(DiagnosticArray, "/diagnostics")

        def newest() -> DiagnosticStatus | None:
            found = [s for array in heard.messages for s in array.status if name in s.name]
            return found[-1] if found else None

        return newest
