from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from collector.clock import ManualClock
from collector.devices.camera import CameraError, StampSource
from collector.geometry import compose
from collector.simulation.camera import SimulatedCamera
from collector.simulation.mounts import default_camera
from collector.simulation.renderer import Renderer
from collector.simulation.state import WorldState, interpolate_states
from collector.simulation.world import World

MS = 1_000_000
START = 1_700_000_000_000 * MS


class Rig:
    """A camera at 10 fps on a clock that waiting moves, and a state every 10 ms."""

    def __init__(self, state: WorldState) -> None:
        self.clock = ManualClock(START)
        self.state: WorldState | None = state
        self.frozen_at: int | None = None
        self.on_wait: Callable[[], None] = lambda: None

    def newest(self) -> tuple[int, WorldState] | None:
        if self.state is None:
            return None
        now = self.clock.now_ns() if self.frozen_at is None else self.frozen_at
        return now - now % (10 * MS), self.state

    def wait(self, duration_s: float) -> None:
        self.clock.advance(round(duration_s * 1e9))
        self.on_wait()

    def camera(self, name: str = "static", phase_ns: int = 0) -> SimulatedCamera:
        k, parent, transform = default_camera(name, 64, 48)
        return SimulatedCamera(
            name, k, parent, transform, 10.0, self.newest, self.clock, phase_ns, self.wait
        )


@pytest.fixture
def rig(world: World) -> Rig:
    world.reset("open_drawer", 0)
    return Rig(world.state())


@pytest.fixture
def camera(rig: Rig) -> Iterator[SimulatedCamera]:
    made = rig.camera(phase_ns=37 * MS)
    made.start()
    yield made
    made.stop()


def test_frames_come_at_their_own_rate_and_phase(rig: Rig, camera: SimulatedCamera) -> None:
    frames = [camera.read(1.0) for _ in range(4)]
    assert all(frame is not None for frame in frames)
    assert [frame.stamp_ns - START for frame in frames if frame] == [
        37 * MS,
        137 * MS,
        237 * MS,
        337 * MS,
    ]
    assert [frame.counter for frame in frames if frame] == [1, 2, 3, 4]
    # The state after the due time comes 3 ms later, and is looked for every 2 ms.
    assert START + 340 * MS <= rig.clock.now_ns() <= START + 342 * MS


def test_the_frame_shows_the_due_instant_between_two_states(
    rig: Rig, camera: SimulatedCamera, world: World
) -> None:
    assert rig.state is not None
    joints = np.zeros(len(rig.state.joint_names))
    earlier, later = (
        dataclasses.replace(rig.state, joint_positions=joints + end) for end in (0.1, 0.2)
    )
    rig.state = earlier
    rig.on_wait = lambda: setattr(
        rig, "state", later if rig.clock.now_ns() >= START + 40 * MS else earlier
    )
    frame = camera.read(1.0)
    assert frame is not None
    assert frame.stamp_source is StampSource.SIMULATED
    assert frame.stamp_ns == START + 37 * MS
    between = interpolate_states(earlier, later, 0.7)
    np.testing.assert_allclose(between.joint_positions, 0.17)
    k, _, transform = default_camera("static", 64, 48)
    renderer = Renderer()
    np.testing.assert_array_equal(frame.image, renderer.render(between, transform, k))
    renderer.close()


def test_a_late_reader_misses_frames_and_they_are_counted(
    rig: Rig, camera: SimulatedCamera
) -> None:
    assert camera.read(1.0) is not None  # due at 37 ms
    rig.clock.advance(350 * MS)  # past 137, 237 and 337
    frame = camera.read(1.0)
    assert frame is not None
    assert frame.counter == 1 + 3
    following = camera.read(1.0)
    assert following is not None
    assert following.counter == 5
    assert following.stamp_ns - START == 437 * MS


def test_no_frame_before_the_timeout_is_none(rig: Rig, camera: SimulatedCamera) -> None:
    assert camera.read(1.0) is not None
    before = rig.clock.now_ns()
    assert camera.read(0.05) is None
    assert rig.clock.now_ns() == before + 50 * MS
    frame = camera.read(0.06)
    assert frame is not None
    assert frame.counter == 2


def test_an_old_state_is_not_drawn_twice(rig: Rig, camera: SimulatedCamera) -> None:
    assert camera.read(1.0) is not None
    rig.frozen_at = START + 30 * MS
    assert camera.read(0.5) is None
    rig.frozen_at = None
    frame = camera.read(0.5)
    assert frame is not None
    assert frame.counter > 2  # the frames that were not drawn are missed


def test_without_any_state_there_is_no_frame(rig: Rig, camera: SimulatedCamera) -> None:
    rig.state = None
    assert camera.read(0.3) is None


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
def test_a_clock_that_is_set_does_not_stop_the_camera(
    rig: Rig, camera: SimulatedCamera, step_ms: int
) -> None:
    assert camera.read(1.0) is not None
    rig.clock.advance(step_ms * MS)
    assert camera.read(0.2) is not None
    assert camera.read(0.2) is not None


def test_the_wrist_camera_moves_with_the_arm(rig: Rig, world: World) -> None:
    camera = rig.camera("wrist")
    camera.start()
    try:
        frame = camera.read(1.0)
        assert frame is not None
        assert rig.state is not None
        k, _, transform = default_camera("wrist", 64, 48)
        expected = compose(world.reading(0).ee_pose, transform)
        np.testing.assert_allclose(camera.pose_at(rig.state), expected, atol=1e-5)
        renderer = Renderer()
        difference = renderer.render(rig.state, expected, k).astype(int) - frame.image
        renderer.close()
        assert np.mean(difference != 0) < 0.02
    finally:
        camera.stop()


def test_start_and_stop_may_come_twice_and_reading_stopped_is_an_error(rig: Rig) -> None:
    camera = rig.camera()
    with pytest.raises(CameraError, match="call start first"):
        camera.read(0.1)
    with pytest.raises(CameraError):
        _ = camera.serial
    camera.start()
    camera.start()
    assert camera.serial == "SIM-static"
    assert (camera.intrinsics.width, camera.intrinsics.height) == (64, 48)
    camera.stop()
    camera.stop()
    with pytest.raises(CameraError):
        camera.read(0.1)
    camera.start()
    assert camera.read(1.0) is not None
    camera.stop()


def test_a_rate_that_is_no_rate_is_refused(rig: Rig) -> None:
    k, parent, transform = default_camera("static", 64, 48)
    with pytest.raises(ValueError, match="fps is 0"):
        SimulatedCamera("static", k, parent, transform, 0, rig.newest, rig.clock)


def test_a_lens_that_folds_the_picture_is_refused_at_the_start(rig: Rig) -> None:
    k, parent, transform = default_camera("static", 64, 48)
    k = dataclasses.replace(k, distortion=(-2.0, 0.0, 0.0, 0.0, 0.0))
    camera = SimulatedCamera("static", k, parent, transform, 10.0, rig.newest, rig.clock)
    with pytest.raises(CameraError, match=r"camera static: the distortion .* folds"):
        camera.start()
