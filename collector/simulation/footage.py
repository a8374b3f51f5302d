"""RealSense recordings of the simulated station, to run the real camera path on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from collector.clock import NS_PER_S
from collector.devices.camera import Intrinsics
from collector.devices.realsense_recording import record
from collector.geometry import Pose, compose
from collector.simulation.camera import ee_pose
from collector.simulation.mounts import ParentFrame, default_camera, true_calibration
from collector.simulation.rehearsal import Tick, rehearse
from collector.simulation.renderer import Renderer
from collector.simulation.scripted_operator import ScriptedOperator
from collector.simulation.state import WorldState
from collector.simulation.tasks import TASKS
from collector.simulation.world import World
from collector.station.description import CameraDescription

PRODUCT = "Simulated RealSense D435"


def footage_serial(camera: str) -> str:
    """Return the serial number that a recording of ``camera`` carries."""
    return f"9000000000{sum(camera.encode()) % 100:02d}"


def rehearse_states(duration_s: float, fps: int, seed: int) -> list[tuple[int, WorldState]]:
    """Rehearse task after task and return ``duration_s`` of stamped states, ns, at ``fps``."""
    states: list[tuple[int, WorldState]] = []
    wanted = round(duration_s * fps)
    operator = ScriptedOperator(seed)
    tasks = list(TASKS)
    with World() as world:
        ticks_per_frame = world.tick_hz / fps
        ticks = 0

        def look(_: Tick) -> None:
            nonlocal ticks
            if ticks >= len(states) * ticks_per_frame and len(states) < wanted:
                states.append((ticks * NS_PER_S // world.tick_hz, world.state()))
            ticks += 1

        attempt = 0
        while len(states) < wanted:
            rehearse(world, operator, tasks[attempt % len(tasks)], seed + attempt, on_tick=look)
            attempt += 1
    return states


def record_footage(
    folder: Path,
    cameras: Mapping[str, CameraDescription],
    calibration_paths: Mapping[str, Path],
    states: Sequence[tuple[int, WorldState]],
    on_frame: Callable[[], None] = lambda: None,
) -> dict[str, Path]:
    """Draw ``states`` through each camera into a RealSense recording of its own.

    Writes ``<folder>/<camera>.db3`` and the camera's true calibration; returns the
    recordings by camera. ``on_frame`` is called once a frame. Raises CameraError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recordings = {}
    for name, camera in cameras.items():
        intrinsics, parent_frame, transform = default_camera(name, camera.width, camera.height)
        path = folder / f"{name}.db3"
        path.unlink(missing_ok=True)
        serial = footage_serial(name)
        frames = _drawn(states, intrinsics, parent_frame, transform, on_frame)
        record(path, frames, intrinsics, fps=camera.fps, serial=serial, name=PRODUCT)
        truth = true_calibration(name, serial, intrinsics, parent_frame, transform)
        truth.save(calibration_paths[name])
        recordings[name] = path
    return recordings


def _drawn(
    states: Sequence[tuple[int, WorldState]],
    intrinsics: Intrinsics,
    parent_frame: ParentFrame,
    transform: Pose,
    on_frame: Callable[[], None],
) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Yield the picture [H, W, 3] of each state, and its stamp, ns."""
    renderer = Renderer()
    try:
        for stamp_ns, state in states:
            pose = transform if parent_frame == "base" else compose(ee_pose(state), transform)
            yield renderer.render(state, pose, intrinsics), stamp_ns
            on_frame()
    finally:
        renderer.close()
