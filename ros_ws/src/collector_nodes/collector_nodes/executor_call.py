"""Calls that must be made in the executor's own thread, from another one that may wait.

rclpy's ActionClient sends a request before it notes that it waits for the answer: from another
thread, an answer that is quick enough finds nobody waiting, and is dropped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from rclpy.node import Node

R = TypeVar("R")

LONGEST_S = 30.0


def in_executor(node: Node, call: Callable[[], R]) -> R:
    """Return what ``call`` returns in the thread that spins ``node``.

    Not for that thread itself. Raises TimeoutError where nobody spins it.
    """
    results: list[R] = []
    called = threading.Event()

    def task() -> None:
        results.append(call())
        called.set()

    executor = node.executor
    if executor is None:
        raise TimeoutError(f"nobody spins {node.get_name()}")
    executor.create_task(task)
    if not called.wait(LONGEST_S):
        raise TimeoutError(f"nobody spins {node.get_name()}")
    return results[0]
