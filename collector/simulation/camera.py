"""A simulated camera: free-running, and stamped with the state that it drew."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from collector.clock import NS_PER_MS, NS_PER_S, Clock
from collector.devices.camera import CameraError, Frame, Intrinsics, StampSource
from collector.geometry import Pose, compose
from collector.simulation.kinematics import forward_kinematics
from collector.simulation.mounts import ParentFrame
from collector.simulation.renderer import Renderer
from collector.simulation.scene import ARM_JOINTS
from collector.simulation.sensor_noise import SensorNoise
from collector.simulation.state import WorldState, interpolate_states

StateSource = Callable[[], "tuple[int, WorldState] | None"]

# A due time further away than this many periods comes from a clock that was set.
_CLOCK_STEP_PERIODS = 3
# Looking starts this long before a frame is due, to see a state from before it.
_LOOK_AHEAD_NS = 5 * NS_PER_MS
_LOOK_S = 0.002


class SimulatedCamera:
    """A `Camera` that draws the world at its own rate, in the reader's thread.

    A frame is due every ``1 / fps`` s from ``phase_ns`` after the first read on; frames that
    a late reader missed are skipped, and counted by ``Frame.counter``. It shows, and but
    for a stamp delay its stamp is, the due instant: in between two world states. Where no
    state from before the due time was seen, it is the first one after it.
    """

    def __init__(
        self,
        name: str,
        intrinsics: Intrinsics,
        parent_frame: ParentFrame,
        transform: Pose,
        fps: float,
        state_source: StateSource,
        clock: Clock,
        phase_ns: int = 0,
        wait: Callable[[float], None] = time.sleep,
        nominal: Intrinsics | None = None,
        noise: float = 0.0,
        stamp_delay_ns: int = 0,
        seed: int = 0,
    ) -> None:
        """Describe the camera; `start` makes it draw.

        ``intrinsics`` are drawn; ``nominal`` ones, where given, are what the camera says of
        itself. ``noise`` is one sigma of a pixel, grey levels, from ``seed``. A frame's stamp
        is ``stamp_delay_ns`` after the instant that it shows, or before it.
        ``transform`` [7] is ``T_<parent_frame>_optical``. ``state_source`` returns the newest
        state with its stamp on the station clock, ns, or None before the first. ``wait``
        blocks for that many seconds. Raises ValueError unless ``fps`` is positive.
        """
        if not fps > 0:
            raise ValueError(f"camera {name}: fps is {fps}, it must be positive")
        self._name = name
        self._intrinsics = intrinsics
        self._parent_frame = parent_frame
        self._transform = transform
        self._period_ns = round(NS_PER_S / fps)
        self._state_source = state_source
        self._clock = clock
        self._phase_ns = phase_ns
        self._wait = wait
        self._nominal = intrinsics if nominal is None else nominal
        self._stamp_delay_ns = stamp_delay_ns
        self._noise: SensorNoise | None = None
        if noise > 0:
            size = (intrinsics.width, intrinsics.height)
            self._noise = SensorNoise(noise, *size, np.random.default_rng(seed))
        self._renderer: Renderer | None = None
        self._was_started = False
        self._due_ns: int | None = None
        self._counter = 0
        self._last_state_ns: int | None = None  # of the newest state that was drawn

    @property
    def intrinsics(self) -> Intrinsics:
        self._known()
        return self._nominal

    @property
    def serial(self) -> str:
        self._known()
        return f"SIM-{self._name}"

    @property
    def model(self) -> str:
        self._known()
        return "simulated camera"

    def start(self) -> None:
        self._was_started = True
        if self._renderer is None:
            renderer = Renderer()
            try:
                renderer.prepare(self._intrinsics)
            except ValueError as error:
                renderer.close()
                raise CameraError(f"camera {self._name}: {error}") from error
            self._renderer = renderer
            self._due_ns = None

    def read(self, timeout_s: float) -> Frame | None:
        renderer = self._started()
        now = start = self._clock.now_ns()
        deadline = start + round(timeout_s * NS_PER_S)
        due = self._next_due(now)
        if due > deadline:
            self._wait(timeout_s)
            return None
        while now < due - _LOOK_AHEAD_NS:
            self._wait((due - _LOOK_AHEAD_NS - now) / NS_PER_S)
            before, now = now, self._clock.now_ns()
            if now < before:  # the clock was set back: the due time means nothing any more
                due = now
        skipped = max(0, now - due) // self._period_ns
        due += skipped * self._period_ns
        newest = self._state_at(due, deadline)
        if newest is None:
            self._due_ns = due  # still owed
            return None
        stamp_ns, state = newest
        self._due_ns = due + self._period_ns
        self._counter += 1 + skipped
        image = renderer.render(state, self.pose_at(state), self._intrinsics)
        if self._noise is not None:
            image = self._noise.add(image)
        stamp_ns += self._stamp_delay_ns
        early_ns = stamp_ns - self._clock.now_ns()
        if 0 < early_ns <= self._stamp_delay_ns:
            self._wait(early_ns / NS_PER_S)  # a stamp is never of a time to come
        return Frame(image, stamp_ns, self._counter, StampSource.SIMULATED)

    def stop(self) -> None:
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def pose_at(self, state: WorldState) -> Pose:
        """Return ``T_base_optical`` [7] in ``state``."""
        if self._parent_frame == "base":
            return self._transform
        return compose(ee_pose(state), self._transform)

    def _known(self) -> None:
        if not self._was_started:
            self._started()

    def _started(self) -> Renderer:
        if self._renderer is None:
            raise CameraError(f"camera {self._name} is not started: call start first")
        return self._renderer

    def _next_due(self, now: int) -> int:
        if self._due_ns is None:
            self._due_ns = now + self._phase_ns % self._period_ns
        elif self._due_ns - now > _CLOCK_STEP_PERIODS * self._period_ns:
            self._due_ns = now  # the clock was set back
        return self._due_ns

    def _state_at(self, due: int, deadline: int) -> tuple[int, WorldState] | None:
        """Return the world at ``due`` and its stamp; None when no new state comes in time.

        Drawing an old state again would give a frame that only seems new.
        """
        earlier: tuple[int, WorldState] | None = None
        while True:
            newest = self._state_source()
            if newest is not None and newest[0] != self._last_state_ns:
                if newest[0] >= due:
                    self._last_state_ns = newest[0]
                    return newest if earlier is None else _between(earlier, newest, due)
                earlier = newest
            left = deadline - self._clock.now_ns()
            if left <= 0:
                return None
            self._wait(min(left / NS_PER_S, _LOOK_S))


def _between(
    earlier: tuple[int, WorldState], later: tuple[int, WorldState], due: int
) -> tuple[int, WorldState]:
    if earlier[1].layout_id != later[1].layout_id:
        return later  # the scene was laid out anew: there is nothing in between
    fraction = (due - earlier[0]) / (later[0] - earlier[0])
    return due, interpolate_states(earlier[1], later[1], fraction)


def ee_pose(state: WorldState) -> Pose:
    """Return ``T_base_ee`` [7] of a world state, from its joint positions."""
    return forward_kinematics(np.array([state.joint(name) for name in ARM_JOINTS]))
