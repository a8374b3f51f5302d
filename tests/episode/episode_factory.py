"""Made-up recordings: smooth motion, noisy images, everything seeded."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from collector.arm.sample import ArmSample, ArmStatus
from collector.calibration_result import CameraCalibration
from collector.clock import NS_PER_MS, ManualClock
from collector.episode.goal import EpisodeGoal, SealedEpisode, StationFacts
from collector.episode.recorder import Limits, Recorder
from collector.synchronization.step import ArmStep, CameraStep, Step

START_NS = 1_795_528_501_000_000_000  # 2026-11-24T13:55:01Z
PERIOD_NS = 200 * NS_PER_MS
JOINTS = 7
CAMERAS = ("static", "wrist")

GOAL = EpisodeGoal(
    task_id="stack-red-on-blue",
    task_type="stack",
    phase="collection",
    language_instruction="stack the red block on the blue one – sacré bleu",
    collector_id="op-07",
    session_id="s-1",
    consent="consent-2026-11",
    layout_seed=2**63 + 5,
    layout_json='{"red": {"position": [0.4, 0.1, 0.02], "yaw": 0.3}}',
    initial_state_json='{"bodies": []}',
)
STATION = StationFacts(
    station_id="sim 1",
    station_name="Simulated station",
    software_version="0.1.0",
    licence="CC-BY-4.0",
    rate_hz=5.0,
    joint_names=tuple(f"joint_{i}" for i in range(1, JOINTS + 1)),
    cameras={
        name: {
            "model": "Pinhole",
            "serial": f"SN-{name}",
            "backend": "simulated",
            "stamp_source": "simulated",
        }
        for name in CAMERAS
    },
    arm={"model": "Panda", "backend": "simulated"},
)


def calibration(camera: str) -> CameraCalibration:
    """A plausible calibration of a 64 x 48 camera."""
    return CameraCalibration(
        schema="collector/camera-calibration/1",
        camera=camera,
        serial=f"SN-{camera}",
        width=64,
        height=48,
        fx=61.5,
        fy=61.25,
        cx=31.7,
        cy=23.9,
        parent_frame="base" if camera == "static" else "ee",
        child_frame=f"{camera}_optical",
        transform=(0.9, 0.0, 0.6, 0.0, 0.0, 0.0, 1.0),
        method="simulated",
        date="2026-11-24T12:00:00Z",
    )


CALIBRATIONS = {camera: calibration(camera) for camera in CAMERAS}


def pose_at(stamp_ns: int, lag_s: float = 0.0) -> np.ndarray:
    """A smooth path within the action bounds."""
    t = (stamp_ns - START_NS) / 1e9 - lag_s
    position = [0.4 + 0.1 * np.sin(t), 0.1 * np.cos(1.3 * t), 0.3 + 0.05 * np.sin(0.7 * t)]
    turn = Rotation.from_euler("xyz", [np.pi + 0.3 * np.sin(t), 0.2 * np.cos(t), 0.5 * np.sin(t)])
    return np.concatenate([position, turn.as_quat()])


def gripper_at(stamp_ns: int) -> float:
    """Closed in every other second."""
    return float((stamp_ns - START_NS) // 1_000_000_000 % 2)


def image(k: int, camera: str, size: tuple[int, int] = (224, 224)) -> np.ndarray:
    """Blocks of seeded colours with noise: neither flat nor incompressible."""
    rng = np.random.default_rng([k, CAMERAS.index(camera)])
    height, width = size
    coarse = rng.integers(0, 200, (8, 8, 3), dtype=np.uint8)
    big = coarse.repeat(-(-height // 8), axis=0).repeat(-(-width // 8), axis=1)[:height, :width]
    return big + rng.integers(0, 20, (height, width, 1), dtype=np.uint8)


def step(k: int, **changes: Any) -> Step:
    """Step k of a faultless grid."""
    stamp_ns = START_NS + k * PERIOD_NS
    cameras = tuple(
        CameraStep(name, image(k, name), stamp_ns + skew, skew)
        for name, skew in (("static", 7 * NS_PER_MS), ("wrist", -11 * NS_PER_MS))
    )
    arm = ArmStep(
        joint_positions=np.arange(JOINTS) + 0.01 * k,
        joint_velocities=np.full(JOINTS, 0.1),
        joint_efforts=np.full(JOINTS, 2.0),
        ee_pose=pose_at(stamp_ns, 0.05),
        target_pose=pose_at(stamp_ns),
        gripper_opening=0.04,
        gripper_command=gripper_at(stamp_ns),
        gripper_in_motion=k % 5 in (0, 1),
    )
    values: dict[str, Any] = {
        "index": k,
        "stamp_ns": stamp_ns,
        "grid_start_ns": START_NS,
        "period_ns": PERIOD_NS,
        "cameras": cameras,
        "arm": arm,
        "clipped_since_previous": k % 10 == 3,
    }
    return Step(**{**values, **changes})


def arm_sample(stamp_ns: int) -> ArmSample:
    """The arm at an instant."""
    return ArmSample(
        stamp_ns=stamp_ns,
        joint_positions=np.zeros(JOINTS),
        joint_velocities=np.zeros(JOINTS),
        joint_efforts=np.zeros(JOINTS),
        ee_pose=pose_at(stamp_ns, 0.05),
        target_pose=pose_at(stamp_ns),
        gripper_opening=0.04,
        gripper_command=gripper_at(stamp_ns),
        gripper_in_motion=False,
        clipped=False,
        status=ArmStatus.MOVING,
    )


@dataclass
class Event:
    """Something that reaches the recorder."""

    kind: str  # step | arm | frame
    stamp_ns: int
    value: Any


def events(steps: int) -> Iterator[Event]:
    """What a station sends: 5 Hz steps, a 50 Hz arm, two 10 Hz cameras of 64 x 48."""
    for k in range(steps):
        tick_ns = START_NS + k * PERIOD_NS
        for i in range(-10, 0):
            stamp_ns = tick_ns + i * 20 * NS_PER_MS + NS_PER_MS
            yield Event("arm", stamp_ns, arm_sample(stamp_ns))
        for half in (0, 1):
            for name, skew in (("static", 7), ("wrist", -11)):
                stamp_ns = tick_ns + (skew + 100 * (half - 1)) * NS_PER_MS
                yield Event("frame", stamp_ns, (name, image(2 * k + half, name, (48, 64))))
        yield Event("step", tick_ns, step(k))


def recorder(root: Path, clock: ManualClock | None = None, **options: Any) -> Recorder:
    """A recorder of the made-up station; disks are roomy unless said otherwise."""
    options.setdefault("rng", random.Random(7))
    options.setdefault("free_bytes", lambda path: 1 << 40)
    options.setdefault("limits", Limits(queue_steps=1000, queue_frames=1000))
    clock = clock or ManualClock(START_NS)
    return Recorder(root, STATION, CALIBRATIONS, clock, **options)


def play(target: Recorder, steps: int) -> None:
    """Send a faultless recording."""
    for event in events(steps):
        if event.kind == "step":
            target.add_step(event.value)
        elif event.kind == "arm":
            target.add_arm_sample(event.value)
        else:
            target.add_frame(event.value[0], event.value[1], event.stamp_ns)


def record(root: Path, steps: int = 6, outcome: str = "success", **options: Any) -> SealedEpisode:
    """Record and seal one faultless episode."""
    target = recorder(root, **options)
    target.begin(GOAL)
    play(target, steps)
    return target.finish(outcome)
