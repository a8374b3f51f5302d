"""Looks at a running station for some seconds, prints every check as JSON, and ends.

Exit code 0: it has printed what it saw; 2: there is nothing to look at, with a sentence.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from collector.preflight.observation import StationObservation
from collector.preflight.run import run_preflight
from collector.station.description import StationError
from collector_nodes.station_node import StartError, StationNode
from collector_nodes.station_watch import StationWatch

ASK_S = 0.25
SETTLE_S = 3.0  # after all streams were heard: what rates and shares are then of


class PreflightNode(StationNode):
    """Parameters: ``station``; ``patience_s``, how long to wait for streams that stay out."""

    def __init__(self, **options: Any) -> None:
        super().__init__("preflight", **options)
        self._patience_s = float(self.declare_parameter("patience_s", 10.0).value)
        self._watch = StationWatch(self)
        self._began_s = self._incomplete_s = time.monotonic()
        self.report: dict[str, Any] | None = None
        self.create_timer(ASK_S, self._ask)

    def _ask(self) -> None:
        """Report once everything was heard and has run for a while, or patience is over."""
        seen = self._watch.observation(None)
        now_s = time.monotonic()
        if not self._is_complete(seen):
            self._incomplete_s = now_s
        waits = now_s - self._began_s < self._patience_s
        if waits and now_s - self._incomplete_s < SETTLE_S:
            return
        if not _has_spoken(seen):
            domain = os.environ.get("ROS_DOMAIN_ID", "0")
            raise StartError(
                f"no node of {self.station.station_id} speaks in ROS domain {domain}: start the "
                f"station, or set ROS_DOMAIN_ID to the domain it runs in"
            )
        # Nobody has signed in: whether there is a consent is not this node's to say.
        report = run_preflight(seen, self._watch.policy).without("consent")
        self.report = {"station": self.station.station_id, **report.as_dict()}

    def _is_complete(self, seen: StationObservation) -> bool:
        return (
            all(camera.stream and camera.light for camera in seen.cameras)
            and seen.arm is not None
            and seen.teleop is not None
            and seen.synchronizer is not None
            and seen.synchronizer.steps >= self._watch.policy.least_steps
        )


def _has_spoken(seen: StationObservation) -> bool:
    streams = [camera.stream for camera in seen.cameras]
    problems = [camera.problem for camera in seen.cameras]
    return any([*streams, *problems, seen.arm, seen.teleop, seen.synchronizer])


def main() -> None:
    rclpy.init()
    try:
        node = PreflightNode()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        while node.report is None:
            executor.spin_once()
        print(json.dumps(node.report), flush=True)
    except (StartError, StationError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except (KeyboardInterrupt, ExternalShutdownException):
        sys.exit(130)
    finally:
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
