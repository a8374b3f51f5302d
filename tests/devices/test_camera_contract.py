"""What every camera backend promises, run for each of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from realsense_footage import FPS, INTRINSICS

from collector.clock import SystemClock
from collector.devices.camera import Camera, CameraError, Frame, Intrinsics, StampSource


@dataclass
class Backend:
    """A camera with the hand on its source."""

    camera: Camera
    clock: SystemClock
    intrinsics: Intrinsics
    stamp_source: StampSource
    end_source: Callable[[], None]  # no further frame comes; may be slow
    end_is_an_error: bool  # or only silence


def realsense_backend(request: pytest.FixtureRequest) -> Backend:
    """A RealSense that plays a recording of one second."""
    recording: Path = request.getfixturevalue("recording")
    from collector.devices.realsense import RealSenseCamera

    clock = SystemClock()
    camera = RealSenseCamera("static", 64, 48, FPS, clock, recording=recording)
    return Backend(
        camera, clock, INTRINSICS, StampSource.MID_EXPOSURE, lambda: None, end_is_an_error=True
    )


def simulated_backend(_: pytest.FixtureRequest) -> Backend:
    """A simulated camera that looks at a world whose cubes move with the clock."""
    pytest.importorskip("pybullet")
    from collector.simulation.camera import SimulatedCamera
    from collector.simulation.mounts import default_camera
    from collector.simulation.state import WorldState
    from collector.simulation.world import World

    with World() as world:
        world.reset("place_red_in_bowl", seed=1)
        still = world.state()
    clock = SystemClock()
    ended = threading.Event()
    last: list[tuple[int, WorldState]] = []

    def state_source() -> tuple[int, WorldState] | None:
        if not ended.is_set():
            now_ns = clock.now_ns()
            poses = still.body_poses.copy()
            poses[:, 1] += 0.1 * np.sin(now_ns / 1e8)
            last[:] = [(now_ns, replace(still, body_poses=poses))]
        return last[0] if last else None

    intrinsics, parent_frame, transform = default_camera("static", 64, 48)
    camera = SimulatedCamera(
        "static", intrinsics, parent_frame, transform, FPS, state_source, clock
    )
    return Backend(
        camera, clock, intrinsics, StampSource.SIMULATED, ended.set, end_is_an_error=False
    )


BACKENDS: dict[str, Callable[[pytest.FixtureRequest], Backend]] = {
    "realsense": realsense_backend,
    "simulated": simulated_backend,
}


@pytest.fixture(params=sorted(BACKENDS))
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    backend = BACKENDS[request.param](request)
    yield backend
    backend.camera.stop()


def read(camera: Camera) -> Frame:
    frame = camera.read(5.0)
    assert frame is not None, "no frame in 5 s"
    return frame


def threads() -> int:
    """Return the number of threads of this process, those of libraries too."""
    return len(os.listdir("/proc/self/task"))


def test_before_the_first_start_nothing_can_be_read_or_known(backend: Backend) -> None:
    camera = backend.camera
    with pytest.raises(CameraError):
        camera.read(0.0)
    for fact in ("intrinsics", "serial", "model"):
        with pytest.raises(CameraError):
            getattr(camera, fact)


def test_once_started_it_knows_its_intrinsics_serial_and_model(backend: Backend) -> None:
    backend.camera.start()
    assert backend.camera.intrinsics == backend.intrinsics
    assert backend.camera.serial
    assert backend.camera.model


def test_stop_before_start_and_twice_does_nothing(backend: Backend) -> None:
    backend.camera.stop()
    backend.camera.start()
    backend.camera.stop()
    backend.camera.stop()


def test_start_twice_is_one_stream(backend: Backend) -> None:
    backend.camera.start()
    first = read(backend.camera)
    backend.camera.start()
    second = read(backend.camera)
    assert second.counter > first.counter
    assert second.stamp_ns > first.stamp_ns


def test_read_after_stop_raises(backend: Backend) -> None:
    backend.camera.start()
    read(backend.camera)
    backend.camera.stop()
    with pytest.raises(CameraError):
        backend.camera.read(0.0)


def test_it_can_be_started_again(backend: Backend) -> None:
    stamps = []
    for _ in range(3):
        backend.camera.start()
        stamps += [read(backend.camera).stamp_ns for _ in range(2)]
        backend.camera.stop()
    assert stamps == sorted(set(stamps))


def test_images_are_what_the_intrinsics_say(backend: Backend) -> None:
    backend.camera.start()
    for _ in range(3):
        image = read(backend.camera).image
        assert image.shape == (backend.intrinsics.height, backend.intrinsics.width, 3)
        assert image.dtype == np.uint8
        assert image.flags.c_contiguous
        assert image.flags.owndata or image.base is not None
        assert image.std() > 0


def test_stamps_increase_and_none_lies_in_the_future(backend: Backend) -> None:
    backend.camera.start()
    last_ns = 0
    for _ in range(15):
        frame = read(backend.camera)
        assert last_ns < frame.stamp_ns <= backend.clock.now_ns()
        assert frame.stamp_source is backend.stamp_source
        last_ns = frame.stamp_ns


def test_counters_count_and_no_image_comes_twice(backend: Backend) -> None:
    backend.camera.start()
    frames = [read(backend.camera) for _ in range(10)]
    counters = [frame.counter for frame in frames]
    steps = np.diff(counters)
    assert (steps > 0).all()  # a slow machine may lose frames, and then says so
    assert steps.min() == 1
    images = {frame.image.tobytes() for frame in frames}
    assert len(images) == 10


def test_an_image_kept_does_not_change(backend: Backend) -> None:
    backend.camera.start()
    kept = read(backend.camera).image
    before = kept.copy()
    for _ in range(10):
        read(backend.camera)
    np.testing.assert_array_equal(kept, before)


def test_metadata_are_numbers(backend: Backend) -> None:
    backend.camera.start()
    for value in read(backend.camera).metadata.values():
        assert isinstance(value, float)


def outcome(camera: Camera) -> Frame | CameraError | None:
    try:
        return camera.read(0.3)
    except CameraError as error:
        return error


def test_when_the_source_ends_nothing_old_is_repeated(backend: Backend) -> None:
    backend.camera.start()
    outcomes: list[Frame | CameraError | None] = [read(backend.camera)]
    backend.end_source()
    while isinstance(outcomes[-1], Frame) and len(outcomes) < 100:
        outcomes.append(outcome(backend.camera))
    assert isinstance(outcomes[-1], CameraError if backend.end_is_an_error else type(None))
    stamps = [frame.stamp_ns for frame in outcomes if isinstance(frame, Frame)]
    assert stamps == sorted(set(stamps))
    again = outcome(backend.camera)
    assert type(again) is type(outcomes[-1])


def test_when_nothing_has_come_in_time_it_returns_none(backend: Backend) -> None:
    """Asked thousands of times without waiting, it has a frame for a few of them only."""
    backend.camera.start()
    read(backend.camera)
    answers = (backend.camera.read(0.0) for _ in range(5000))
    assert any(answer is None for answer in answers)


def test_stop_leaves_no_thread_behind(backend: Backend) -> None:
    backend.camera.start()
    read(backend.camera)
    backend.camera.stop()  # libraries may keep what they start once
    before = threads()
    for _ in range(3):
        backend.camera.start()
        read(backend.camera)
        backend.camera.stop()
    assert threads() <= before
