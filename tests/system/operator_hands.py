"""The operator's hands: they perform on the station's scripted teleoperation device."""

from __future__ import annotations

import threading
from typing import Any

from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data

from collector_interfaces.action import PerformTask
from collector_interfaces.msg import WorldState


class OperatorHands:
    """Hands that know the task in the simulator; nothing here asks the session."""

    def __init__(self, domain_id: int) -> None:
        self._context = Context()
        self._context.init(domain_id=domain_id)
        self._node = Node("operator_hands", context=self._context)
        self._perform = ActionClient(self._node, PerformTask, "/teleop/perform")
        self._scene = ""
        self._seed = 0
        self._handle: Any = None
        self._result: Any = None
        self._node.create_subscription(
            WorldState, "/simulator/world_state", self._on_world, qos_profile_sensor_data
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._spin, name="operator's hands")
        self._thread.start()

    def begin(self) -> None:
        """Perform the task that the simulator has laid out."""
        self._seed += 1
        self._result = None
        goal = PerformTask.Goal(task_id=self._scene, scene=self._scene, seed=self._seed, skill=1.0)
        self._perform.send_goal_async(goal).add_done_callback(self._on_answer)

    def let_go(self) -> None:
        """Release the dead-man, whatever has come of it."""
        if self._handle is not None:
            self._handle.cancel_goal_async()

    def believes(self) -> bool | None:
        """Return whether it looks like a success; None while the hands still work."""
        return None if self._result is None else bool(self._result.believes_success)

    def close(self) -> None:
        self._closing.set()
        self._executor.wake()
        self._thread.join()
        self._perform.destroy()
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def _spin(self) -> None:
        while not self._closing.is_set():
            self._executor.spin_once(timeout_sec=0.1)

    def _on_world(self, world: WorldState) -> None:
        self._scene = world.task_id

    def _on_answer(self, answered: Any) -> None:
        handle = answered.result()
        if not handle.accepted:
            self._result = PerformTask.Result(message="refused")
            return
        self._handle = handle
        handle.get_result_async().add_done_callback(self._on_result)

    def _on_result(self, ended: Any) -> None:
        self._result = ended.result().result
