"""What the RealSense path costs: CPU time per frame, per size, and of the clock mapping.

Plays a recording in real time through librealsense's pipeline, as the camera node does, and
counts the CPU time of the whole process (player, pipeline and reader), and of the reading
thread alone: what a live camera costs the node beyond the SDK's own threads.
"""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.result import Result
from collector.clock import NS_PER_S, SystemClock
from collector.devices.camera import CameraError, Intrinsics
from collector.devices.device_clock import DeviceClock
from collector.devices.realsense import RealSenseCamera
from collector.devices.realsense_recording import record

FPS = 30


def measure_camera(width: int, height: int, seconds: float, folder: Path) -> dict[str, float]:
    """Return milliseconds of CPU per frame and stamp lateness for one image size."""
    path = folder / f"{width}x{height}.db3"
    base = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    count = round(seconds * FPS)
    footage = ((np.roll(base, 5 * k, axis=1), k * NS_PER_S // FPS) for k in range(count))
    began = time.perf_counter()
    record(
        path,
        footage,
        Intrinsics(width, height, width, width, width / 2, height / 2),
        fps=FPS,
        serial="benchmark",
        name="benchmark",
    )
    record_ms = 1000 * (time.perf_counter() - began) / count
    camera = RealSenseCamera("bench", width, height, FPS, SystemClock(), recording=path)
    camera.start()
    process_s, thread_s = time.process_time(), time.thread_time()
    latencies = []
    try:
        while True:
            frame = camera.read(1.0)
            if frame is not None:
                latencies.append(frame.metadata["latency_ms"])
    except CameraError:  # the recording has ended
        pass
    frames = len(latencies)
    result = {
        "width": width,
        "height": height,
        "frames": frames,
        "lost": count - frames,
        "process_cpu_ms": 1000 * (time.process_time() - process_s) / frames,
        "reader_cpu_ms": 1000 * (time.thread_time() - thread_s) / frames,
        "latency_median_ms": statistics.median(latencies),
        "latency_max_ms": max(latencies),
        "record_ms": record_ms,
    }
    camera.stop()
    return result


def measure_clock() -> dict[str, float]:
    """Return microseconds per stamp, and its error under 5 ms jitter and 50 ppm skew."""
    clock, rng = DeviceClock(), random.Random(0)
    truths = [k * NS_PER_S // FPS for k in range(FPS * 120)]
    pairs = [(round(t * (1 - 50e-6)), t + rng.randint(0, 5_000_000)) for t in truths]
    began = time.perf_counter()
    stamps = [clock.stamp(*pair) for pair in pairs]
    elapsed_s = time.perf_counter() - began
    settled = slice(FPS * 30, None)
    errors = np.abs(np.array(stamps[settled]) - np.array(truths[settled])) / 1e6
    return {
        "stamp_us": 1e6 * elapsed_s / len(pairs),
        "error_median_ms": float(np.median(errors)),
        "error_max_ms": float(errors.max()),
        "skew_ppm": clock.skew_ppm,
    }


def run(seconds: float = 4.0) -> list[Result]:
    """Measure ``seconds`` of footage of each size, and the clock mapping."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for width, height in ((320, 240), (640, 480), (1280, 720)):
            measured = measure_camera(width, height, seconds, Path(folder))
            size = f"{width} x {height}"
            results += [
                Result(f"{size}: CPU a frame, process", measured["process_cpu_ms"], "ms"),
                Result(f"{size}: CPU a frame, reader", measured["reader_cpu_ms"], "ms"),
                Result(f"{size}: latency, largest", measured["latency_max_ms"], "ms"),
                Result(f"{size}: lost", measured["lost"], "frames", "0"),
                Result(f"{size}: recording a frame", measured["record_ms"], "ms"),
            ]
    clock = measure_clock()
    return [
        *results,
        Result("device clock: a stamp", clock["stamp_us"], "us"),
        Result("device clock: error, median", clock["error_median_ms"], "ms"),
        Result("device clock: error, largest", clock["error_max_ms"], "ms"),
    ]
