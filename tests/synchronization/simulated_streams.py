"""A station in simulated time: what the cameras and the arm send, and when it arrives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import settings

from collector.arm.sample import ArmSample, ArmStatus
from collector.clock import NS_PER_MS
from collector.synchronization.step import Step
from collector.synchronization.synchronizer import Synchronizer

repeatable = settings(derandomize=True, deadline=None, max_examples=60)

START_NS = 1_700_000_000_000_000_000  # a whole multiple of 200 ms
PERIOD_NS = 200 * NS_PER_MS


@dataclass(frozen=True)
class Event:
    """One message on its way to the synchronizer."""

    arrival_ns: int
    stream: str  # a camera's name, or "arm"
    stamp_ns: int
    counter: int | None = None
    image: Any = None
    sample: ArmSample | None = None


class SimulatedStreams:
    """Builds events and plays them to a synchronizer."""

    START_NS = START_NS
    PERIOD_NS = PERIOD_NS
    Event = Event

    def synchronizer(self, cameras: dict[str, Any] | None = None, **options: Any) -> Synchronizer:
        options.setdefault("training_view", lambda image: image)
        return Synchronizer(
            cameras or {"static": 10.0, "wrist": 10.0}, options.pop("arm_rate_hz", 100.0), **options
        )

    def sample(self, stamp_ns: int, **values: Any) -> ArmSample:
        pose = np.array([0.4, 0.0, 0.3, 0.0, 0.0, 0.0, 1.0])
        return ArmSample(
            **{
                "stamp_ns": stamp_ns,
                "joint_positions": np.zeros(7),
                "joint_velocities": np.zeros(7),
                "joint_efforts": np.zeros(7),
                "ee_pose": pose,
                "target_pose": pose,
                "gripper_opening": 0.08,
                "gripper_command": 0.0,
                "gripper_in_motion": False,
                "clipped": False,
                "status": ArmStatus.MOVING,
                **values,
            }
        )

    def camera(
        self,
        name: str,
        begin_ms: float,
        end_ms: float,
        *,
        fps: float = 10.0,
        latency_ms: float = 60.0,
        counter: int | None = 0,
    ) -> list[Event]:
        """Frames whose image is their own stamp, from begin to end after the start."""
        period_ms = 1000.0 / fps
        events = []
        for k in range(round((end_ms - begin_ms) / period_ms)):
            stamp_ns = START_NS + round((begin_ms + k * period_ms) * NS_PER_MS)
            events.append(
                Event(
                    stamp_ns + round(latency_ms * NS_PER_MS),
                    name,
                    stamp_ns,
                    None if counter is None else counter + k,
                    image=stamp_ns,
                )
            )
        return events

    def arm(self, begin_ms: float, end_ms: float, rate_hz: float = 100.0) -> list[Event]:
        step_ms = 1000.0 / rate_hz
        stamps = [
            START_NS + round((begin_ms + k * step_ms) * NS_PER_MS)
            for k in range(round((end_ms - begin_ms) / step_ms))
        ]
        return [Event(s + 2 * NS_PER_MS, "arm", s, sample=self.sample(s)) for s in stamps]

    def normal(self, begin_ms: float, end_ms: float) -> list[Event]:
        """Two cameras at 10 Hz, out of phase, and the arm."""
        return [
            *self.camera("static", begin_ms + 13.0, end_ms),
            *self.camera("wrist", begin_ms + 71.0, end_ms),
            *self.arm(begin_ms + 3.0, end_ms),
        ]

    def add(self, synchronizer: Synchronizer, event: Event) -> None:
        if event.sample is not None:
            synchronizer.add_arm(event.sample, event.arrival_ns)
        else:
            synchronizer.add_frame(
                event.stream, event.stamp_ns, event.arrival_ns, event.counter, event.image
            )

    def play(
        self,
        synchronizer: Synchronizer,
        events: list[Event],
        until_ms: float,
        from_ms: float = 0.0,
        poll_ms: float = 10.0,
    ) -> list[Step]:
        """Deliver the events in the order of their arrival, polling in between."""
        queue = sorted(events, key=lambda e: e.arrival_ns)
        steps: list[Step] = []
        now_ns = START_NS + round(from_ms * NS_PER_MS)
        place = 0
        while now_ns <= START_NS + until_ms * NS_PER_MS:
            while place < len(queue) and queue[place].arrival_ns <= now_ns:
                self.add(synchronizer, queue[place])
                place += 1
            steps += synchronizer.poll(now_ns)
            now_ns += round(poll_ms * NS_PER_MS)
        return steps
