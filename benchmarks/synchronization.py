"""What synchronisation and the arm's safety layer cost."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.result import Result
from collector.arm.command import ArmCommand
from collector.arm.controller import ArmController
from collector.arm.limits import ArmLimits
from collector.arm.sample import ArmSample, ArmStatus
from collector.clock import NS_PER_MS
from collector.devices.arm_driver import ArmReading
from collector.synchronization.camera_stream import CameraSettings
from collector.synchronization.synchronizer import Synchronizer

START_NS = 1_700_000_000_000_000_000
HOME = np.array([0.5, 0.0, 0.4, 1.0, 0.0, 0.0, 0.0])
FPS = 30.0
SECONDS = 10


def run() -> list[Result]:
    """Return name, value, unit and target of every measurement."""
    results: list[Result] = []
    for width, height in ((320, 240), (640, 480)):
        results += _synchronizer(width, height)
    results += _controller()
    return results


def _synchronizer(width: int, height: int) -> list[Result]:
    """Two noisy 30 fps cameras and an arm at 100 Hz, polled every 10 ms, as the node does."""
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (height, width, 3), dtype=np.uint8) for _ in range(7)]
    settings = CameraSettings(FPS, noisy=True)
    synchronizer = Synchronizer({"static": settings, "wrist": settings}, 100.0)
    frame_us, arm_us, poll_us, step_ms, latency_ms = [], [], [], [], []
    frames = 0
    for tick in range(SECONDS * 100):
        now_ns = START_NS + tick * 10 * NS_PER_MS
        while frames / FPS <= tick / 100 - 0.05:  # 50 ms after their stamp
            stamp_ns = START_NS + round(frames / FPS * 1e9)
            for name in ("static", "wrist"):
                image = images[frames % 7]
                began = time.perf_counter()
                synchronizer.add_frame(name, stamp_ns, now_ns, frames, image)
                frame_us.append(1e6 * (time.perf_counter() - began))
            frames += 1
        sample = _sample(now_ns)
        began = time.perf_counter()
        synchronizer.add_arm(sample, now_ns)
        arm_us.append(1e6 * (time.perf_counter() - began))
        began = time.perf_counter()
        steps = synchronizer.poll(now_ns)
        seconds = time.perf_counter() - began
        if steps:
            step_ms.append(1e3 * seconds / len(steps))
            latency_ms += [(now_ns - s.stamp_ns) / NS_PER_MS for s in steps]
        else:
            poll_us.append(1e6 * seconds)
    gaps = synchronizer.statistics().gaps
    label = f"synchronizer {width}x{height}"
    return [
        Result(f"{label}: a frame in", float(np.median(frame_us)), "us", "<= 1000"),
        Result(f"{label}: an arm sample in", float(np.median(arm_us)), "us", "<= 100"),
        Result(f"{label}: a poll that decides nothing", float(np.median(poll_us)), "us", "<= 100"),
        Result(f"{label}: a step of both cameras", float(np.median(step_ms)), "ms", "<= 10"),
        Result(
            f"{label}: tick to step, frames 50 ms late",
            float(np.median(latency_ms)),
            "ms",
            "<= 200",
        ),
        Result(f"{label}: gaps after the first step", float(max(0, gaps - 1)), "steps", "<= 0"),
    ]


def _controller() -> list[Result]:
    results: list[Result] = []
    for mode in ("velocity", "pose"):
        controller = ArmController(ArmLimits())
        seconds = []
        for tick in range(2000):
            now_ns = START_NS + tick * 10 * NS_PER_MS
            target = HOME.copy()
            target[1] += 0.1 * np.sin(tick / 100)
            command = ArmCommand(
                now_ns,
                "velocity" if mode == "velocity" else "pose",
                0.1 * np.sin(tick / 100 + np.arange(6)),
                target,
                0.0,
                True,
            )
            reading = ArmReading(
                now_ns, ("a",) * 7, np.zeros(7), np.zeros(7), np.zeros(7), HOME, 0.08
            )
            began = time.perf_counter()
            controller.on_command(command, now_ns)
            controller.on_reading(reading)
            seconds.append(time.perf_counter() - began)
        results.append(
            Result(
                f"arm safety layer, {mode}: command + reading",
                1e6 * float(np.median(seconds)),
                "us",
                "<= 1000",
            )
        )
    return results


def _sample(stamp_ns: int) -> ArmSample:
    joints = np.zeros(7)
    return ArmSample(
        stamp_ns, joints, joints, joints, HOME, HOME, 0.08, 0.0, False, False, ArmStatus.MOVING
    )
