"""Messages that wait in the middleware until somebody asks for them.

A subscription with a callback wakes the node's executor at every message, and each wake-up
costs more than a small message does. Who looks once a second, or wants the newest image now
and then, leaves them where they are: what is too old is replaced there, and never becomes a
Python object.
"""

from __future__ import annotations

from typing import Any, Generic, NamedTuple, TypeVar

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from collector.clock import Clock

M = TypeVar("M")


class Arrived(NamedTuple, Generic[M]):
    """A message and when it reached this process, ns, system clock."""

    message: M
    arrival_ns: int


class _NeverReady(CallbackGroup):
    """Keeps what belongs to it out of what the executor waits for."""

    def can_execute(self, entity: Any) -> bool:
        return False

    def beginning_execution(self, entity: Any) -> bool:
        return False

    def ending_execution(self, entity: Any) -> None:
        pass


class Inbox(Generic[M]):
    """The newest ``depth`` messages of ``topic``, from ``quality`` of service otherwise."""

    def __init__(
        self, node: Node, kind: type[M], topic: str, quality: QoSProfile, depth: int, clock: Clock
    ) -> None:
        self._clock = clock
        self._subscription = node.create_subscription(
            kind,
            topic,
            lambda _: None,
            QoSProfile(
                history=HistoryPolicy.KEEP_LAST,
                depth=depth,
                reliability=quality.reliability or ReliabilityPolicy.BEST_EFFORT,
                durability=quality.durability or DurabilityPolicy.VOLATILE,
            ),
            callback_group=_NeverReady(),
        )

    def take(self) -> list[Arrived[M]]:
        """Return what came since the last time, oldest first."""
        taken: list[Arrived[M]] = []
        subscription = self._subscription
        with subscription.handle:  # as the executor does it
            while (
                found := subscription.handle.take_message(subscription.msg_type, False)
            ) is not None:
                message, info = found
                # Middleware that does not tell when a message came says 0.
                arrival_ns = info["received_timestamp"] or self._clock.now_ns()
                taken.append(Arrived(message, arrival_ns))
        return taken

    def newest(self) -> M | None:
        """Return the newest that came since the last time, or None; the others are gone."""
        taken = self.take()
        return taken[-1].message if taken else None
