"""What the console costs: from a frame's stamp to its picture painted, blocks, CPU.

Two cameras are played from a process of their own, 640x480 at 30 frames a second each, over
ROS with the station's transports, beside the arm's state at 100 Hz and diagnostics once a
second. The real window and bridge run offscreen here. The window is drawn as on a screen, by
the processor; what a compositor adds is not in it. A picture counts as painted once its
widget's paint event has ended.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.result import Result

SECONDS, LONG_SECONDS = 60.0, 600.0
SETTLE_S = 5.0  # discovery, first paints
FPS, WIDTH, HEIGHT = 30, 640, 480
TICK_MS = 5  # of the watchdog: a block is how much later than that a tick comes
ROOT = Path(__file__).resolve().parent.parent


def run(seconds: float = SECONDS) -> list[Result]:
    """Measure for ``seconds``, in a process with the environment of a console."""
    return _results(measure(seconds))


def run_long() -> list[Result]:
    """Measure for ten minutes."""
    return run(LONG_SECONDS)


def measure(seconds: float) -> dict[str, Any]:
    """Return what the window's process measured."""
    from collector.cli.console import console_environment
    from collector.station.ros_domain import claim_domain

    own = {**os.environ, "ROS_DOMAIN_ID": str(claim_domain())}
    environment = console_environment(own, None)
    environment |= {"QT_QPA_PLATFORM": "offscreen", "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    command = [sys.executable, "-m", "benchmarks.console"]
    cameras = subprocess.Popen([*command, "play"], env=environment, cwd=ROOT)
    try:
        window = subprocess.run(
            [*command, "window", str(seconds)],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        cameras.terminate()
        cameras.wait()
    if window.returncode != 0:
        raise RuntimeError(f"the window did not run to its end: {window.stderr}")
    measured: dict[str, Any] = json.loads(window.stdout)
    return measured | {"said": window.stderr}


def _results(measured: dict[str, Any]) -> list[Result]:
    ages_ms, minutes = np.array(measured["ages_ms"]), measured["seconds"] / 60
    over = f"in {minutes:.3g} min"
    return [
        Result("stamp to painted, median", float(np.median(ages_ms)), "ms"),
        Result("stamp to painted, 95th percentile", float(np.percentile(ages_ms, 95)), "ms"),
        Result("stamp to painted, largest", float(ages_ms.max()), "ms"),
        Result("pictures painted", len(ages_ms) / measured["seconds"], "a second", f"{2 * FPS}"),
        Result(f"GUI thread blocked, longest {over}", measured["block_ms"], "ms", "<= 50"),
        Result(f"GUI thread blocked, more than 50 ms {over}", measured["blocks"], "times", "0"),
        Result("GUI thread at work between two looks, longest", measured["work_ms"], "ms"),
        Result("the console's CPU, all threads", 100 * measured["cpu"], "% core"),
        Result("lines on stderr", float(len(measured["said"].splitlines())), "", "0"),
    ]


# The process with the window


def window_process(seconds: float) -> None:
    """Open the console, count for ``seconds``, print what came of it."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from ui import theme as themes
    from ui.bridge import StationBridge
    from ui.console import Console, keep_out_of_collection
    from ui.console_window import ConsoleWindow

    application = QApplication(["console"])
    themes.apply(application, themes.DARK)
    bridge, window = StationBridge(), ConsoleWindow(themes.DARK)
    console = Console(bridge, window, parent=window)
    ages_ms: list[float] = []
    for camera in window.cameras.values():
        _count_paints(camera.picture, ages_ms.append)
    bridge.start()
    window.resize(1280, 800)
    window.show()
    keep_out_of_collection()
    late_ms: list[float] = []
    worked_ms: list[float] = []
    began: dict[str, float] = {}
    last, last_cpu = time.perf_counter(), time.thread_time()

    def tick() -> None:
        nonlocal last, last_cpu
        now, now_cpu = time.perf_counter(), time.thread_time()
        late_ms.append(1000 * (now - last) - TICK_MS)
        worked_ms.append(1000 * (now_cpu - last_cpu))
        last, last_cpu = now, now_cpu

    def begin() -> None:
        ages_ms.clear()
        late_ms.clear()
        worked_ms.clear()
        began["wall"], began["cpu"] = time.monotonic(), time.process_time()

    watchdog = QTimer()
    watchdog.setInterval(TICK_MS)
    watchdog.timeout.connect(tick)
    watchdog.start()
    QTimer.singleShot(round(1000 * SETTLE_S), begin)
    QTimer.singleShot(round(1000 * (SETTLE_S + seconds)), application.quit)
    application.exec()
    elapsed = time.monotonic() - began["wall"]
    cpu = (time.process_time() - began["cpu"]) / elapsed
    watchdog.stop()
    console.deleteLater()
    bridge.close()
    print(
        json.dumps(
            {
                "seconds": elapsed,
                "ages_ms": ages_ms,
                "block_ms": max(late_ms),
                "work_ms": max(worked_ms),
                "blocks": sum(late > 50 for late in late_ms),
                "cpu": cpu,
            }
        )
    )


def _count_paints(picture: Any, painted: Callable[[float], None]) -> None:
    """Call ``painted`` with a picture's age in ms at the end of the first paint that shows it."""
    original, seen = picture.paintEvent, [0]

    def paint(event: Any) -> None:
        original(event)
        frame = picture._frame
        if frame is not None and frame.stamp_ns != seen[0]:
            seen[0] = frame.stamp_ns
            painted((time.time_ns() - frame.stamp_ns) / 1e6)

    picture.paintEvent = paint


# The process with the cameras


def play_process() -> None:
    """Publish two cameras, the arm's state and diagnostics until the process is ended."""
    import array

    import rclpy
    from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
    from rclpy.node import Node
    from rclpy.qos import qos_profile_sensor_data
    from sensor_msgs.msg import Image

    from collector_interfaces.msg import ArmState

    rclpy.init()
    node = Node("played_cameras")
    rng = np.random.default_rng(0)
    base = rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    footage = [np.roll(base, 8 * number, axis=1).tobytes() for number in range(10)]
    images = {
        camera: node.create_publisher(Image, f"/{camera}_camera/image_raw", qos_profile_sensor_data)
        for camera in ("static", "wrist")
    }
    arm = node.create_publisher(ArmState, "/arm/state", 10)
    diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
    counts = dict.fromkeys(images, 0)

    def publish(camera: str) -> None:
        counts[camera] += 1
        data = array.array("B")
        data.frombytes(footage[counts[camera] % len(footage)])
        image = Image(height=HEIGHT, width=WIDTH, step=3 * WIDTH, encoding="rgb8")
        image.header.frame_id = f"{camera}_optical"
        image.data = data
        image.header.stamp = node.get_clock().now().to_msg()
        images[camera].publish(image)

    def report() -> None:
        status = [
            DiagnosticStatus(
                level=DiagnosticStatus.OK,
                name=f"{name}: {name}",
                message="It runs at 30.0 of 30 Hz.",
                values=[
                    KeyValue(key="rate_hz", value=f"{29.9 + 0.01 * (counts['static'] % 7):.2f}"),
                    KeyValue(key="target_hz", value="30"),
                    KeyValue(key="age_ms", value=f"{20 + counts['static'] % 9}"),
                ],
            )
            for name in ("static_camera", "wrist_camera", "arm", "teleop", "recorder")
        ]
        diagnostics.publish(DiagnosticArray(status=status))

    for camera in images:
        node.create_timer(1 / FPS, lambda c=camera: publish(c))
    node.create_timer(0.01, lambda: arm.publish(ArmState(state=ArmState.MOVING)))
    node.create_timer(1.0, report)
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    if sys.argv[1] == "play":
        play_process()
    else:
        window_process(float(sys.argv[2]))
