"""Stop to sealed, and what recording costs, for a one-minute episode.

300 steps of two noisy 224 x 224 images, 6000 arm samples, two videos of 320 x 240 at
10 fps. Steps are fed as fast as the writer takes them; fsync once a second of recording.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from collector.arm.sample import ArmSample, ArmStatus
from collector.calibration_result import CameraCalibration
from collector.clock import NS_PER_MS, ManualClock
from collector.episode.goal import EpisodeGoal, StationFacts
from collector.episode.recorder import Limits, Recorder
from collector.episode.verification import verify
from collector.synchronization.step import ArmStep, CameraStep, Step

CAMERAS = ("static", "wrist")
JOINTS = 7
PERIOD_NS = 200 * NS_PER_MS
START_NS = 1_800_000_000_000_000_000
STEPS = 300
SAMPLES_PER_STEP = 20
FRAMES_PER_STEP = 2
POSE = np.array([0.4, 0.0, 0.3, 0.0, 0.0, 0.0, 1.0])


def scenes(width: int, height: int, count: int, seed: int) -> list[NDArray[np.uint8]]:
    """Smooth structure under sensor noise of 3 grey levels, as a camera sees a table."""
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(count):
        coarse = rng.uniform(20, 220, (height // 16, width // 16, 3)).astype(np.float32)
        smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        noisy = smooth + rng.normal(0, 3, smooth.shape)
        images.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return images


def _station() -> tuple[StationFacts, dict[str, CameraCalibration]]:
    facts = StationFacts(
        station_id="bench",
        station_name="Benchmark",
        software_version="0",
        licence="CC-BY-4.0",
        rate_hz=5.0,
        joint_names=tuple(f"joint_{i}" for i in range(JOINTS)),
        cameras={name: {"model": "noise", "serial": "", "backend": "none"} for name in CAMERAS},
    )
    calibrations = {
        name: CameraCalibration(
            schema="collector/camera-calibration/1",
            camera=name,
            width=320,
            height=240,
            fx=300.0,
            fy=300.0,
            cx=159.5,
            cy=119.5,
            parent_frame="base",
            child_frame=f"{name}_optical",
            transform=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
        )
        for name in CAMERAS
    }
    return facts, calibrations


def _step(k: int, images: dict[str, NDArray[np.uint8]]) -> Step:
    stamp_ns = START_NS + k * PERIOD_NS
    joints = np.full(JOINTS, 0.1 * k)
    arm = ArmStep(joints, joints, joints, POSE, POSE, 0.04, 0.0, False)
    cameras = tuple(CameraStep(name, images[name], stamp_ns, 0) for name in CAMERAS)
    return Step(k, stamp_ns, START_NS, PERIOD_NS, cameras, arm, False)


def _sample(stamp_ns: int) -> ArmSample:
    joints = np.full(JOINTS, 0.1)
    return ArmSample(
        stamp_ns, joints, joints, joints, POSE, POSE, 0.04, 0.0, False, False, ArmStatus.MOVING
    )


def _record(root: Path) -> tuple[dict[str, float], Path]:
    """Record one minute and seal it; return milliseconds and bytes."""
    facts, calibrations = _station()
    small = {name: scenes(224, 224, 30, seed) for seed, name in enumerate(CAMERAS)}
    native = {name: scenes(320, 240, 30, seed) for seed, name in enumerate(CAMERAS)}
    recorder = Recorder(
        root, facts, calibrations, ManualClock(START_NS), limits=Limits(queue_frames=60)
    )
    started = time.perf_counter()
    recorder.begin(EpisodeGoal("bench", "bench", "practice", "", "nobody", "none"))
    begun = time.perf_counter()
    writing: list[float] = []
    for k in range(STEPS):
        tick_ns = START_NS + k * PERIOD_NS
        for i in range(SAMPLES_PER_STEP):
            recorder.add_arm_sample(_sample(tick_ns + i * PERIOD_NS // SAMPLES_PER_STEP))
        for i in range(FRAMES_PER_STEP):
            for name in CAMERAS:
                stamp_ns = tick_ns + i * PERIOD_NS // FRAMES_PER_STEP
                recorder.add_frame(name, native[name][(2 * k + i) % 30], stamp_ns)
        step = _step(k, {name: small[name][k % 30] for name in CAMERAS})
        before = time.perf_counter()
        recorder.add_step(step)
        while recorder.progress().steps <= k:
            time.sleep(0.0005)
        writing.append(time.perf_counter() - before)
    stopped = time.perf_counter()
    sealed = recorder.finish("success")
    ended = time.perf_counter()
    path = Path(sealed.path)
    problems = verify(path)
    if problems or sealed.steps != STEPS:
        raise RuntimeError(f"the benchmark's episode is not sound: {sealed}, {problems}")
    return {
        "begin": 1e3 * (begun - started),
        "step": 1e3 * statistics.median(writing),
        "step99": 1e3 * float(np.percentile(writing, 99)),
        "seal": 1e3 * (ended - stopped),
        "bytes": float(sum(file.stat().st_size for file in path.iterdir())),
    }, path


def run(repeats: int = 5) -> list[Result]:
    """Measure; medians over ``repeats`` episodes."""
    with tempfile.TemporaryDirectory(prefix="sealing-") as folder:
        runs = [_record(Path(folder) / str(i))[0] for i in range(repeats)]
    middle = {name: statistics.median(r[name] for r in runs) for name in runs[0]}
    return [
        Result("stop to sealed, 60 s episode", middle["seal"], "ms", "<= 150"),
        Result("slowest of them", max(r["seal"] for r in runs), "ms", ""),
        Result("begin an episode", middle["begin"], "ms", ""),
        Result("write a step to disk, video beside it", middle["step"], "ms", "<= 200"),
        Result("write a step to disk, 99th percentile", middle["step99"], "ms", "<= 200"),
        Result("episode on disk", middle["bytes"] / 1e6, "MB", ""),
    ]
