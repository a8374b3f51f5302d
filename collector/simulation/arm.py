"""The simulated arm as an arm driver, in the process that owns the world."""

from __future__ import annotations

from collector.clock import NS_PER_S, Clock
from collector.devices.arm_driver import ArmError, ArmReading
from collector.geometry import Pose
from collector.simulation.world import World, WorldError

# After a longer pause the world goes on from where it was; catching up would stall the reader.
_MOST_CATCH_UP_S = 0.25


class SimulatedArm:
    """An `ArmDriver` on a `World`. One thread at a time, as the world.

    With ``steps_world`` (the default) every `read` first brings the world up to the
    clock, tick by tick, and the reading carries the stamp of the last tick. Without,
    somebody else ticks the world, and readings are stamped with the present time.
    """

    def __init__(self, world: World, clock: Clock, steps_world: bool = True) -> None:
        self._world = world
        self._clock = clock
        self._steps_world = steps_world
        self._tick_ns = NS_PER_S // world.tick_hz
        self._connected = False
        self._stamp_ns = 0

    def connect(self) -> None:
        try:
            self._world.reading(0)
        except WorldError as error:
            raise ArmError(f"the simulated arm is not there: {error}") from error
        if not self._connected:
            self._stamp_ns = self._clock.now_ns()
        self._connected = True

    def read(self) -> ArmReading | None:
        self._must_be_connected()
        now = self._clock.now_ns()
        if not self._steps_world:
            return self._reading(now)
        behind = now - self._stamp_ns
        if behind < 0 or behind > _MOST_CATCH_UP_S * NS_PER_S:  # the clock was set, or we slept
            self._stamp_ns = now - self._tick_ns
        while self._stamp_ns + self._tick_ns <= now:
            self._world.tick()
            self._stamp_ns += self._tick_ns
        return self._reading(self._stamp_ns)

    def send(self, target: Pose, gripper: float) -> None:
        self._must_be_connected()
        self._world.set_target(target, gripper)

    def stop(self) -> None:
        try:
            self._world.hold()
        except WorldError:
            return  # nothing is laid out, or it is closed: nothing moves

    def disconnect(self) -> None:
        if self._connected:
            self.stop()
        self._connected = False

    def _reading(self, stamp_ns: int) -> ArmReading:
        try:
            return self._world.reading(stamp_ns)
        except WorldError as error:
            raise ArmError(f"the simulated arm is gone: {error}") from error

    def _must_be_connected(self) -> None:
        if not self._connected:
            raise ArmError("the simulated arm is not connected: call connect first")
