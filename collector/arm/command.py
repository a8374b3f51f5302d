"""One command to the arm, and when it cannot be accepted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from collector.clock import NS_PER_MS
from collector.geometry import IDENTITY, Pose

# Clocks that were synchronised over a network disagree by less.
FUTURE_TOLERANCE_NS = 20 * NS_PER_MS
# m, m/s, rad/s: numbers above it come from a broken device, not from a person.
_LARGEST = 1e3


@dataclass(frozen=True)
class ArmCommand:
    """What a teleoperation device asks of the arm. The newest wins; nothing is queued."""

    stamp_ns: int  # station clock, when the device was read
    mode: Literal["velocity", "pose"] = "velocity"
    twist: NDArray[np.float64] = field(default_factory=lambda: np.zeros(6))  # m/s, rad/s in base
    target: Pose = field(default_factory=IDENTITY.copy)  # [7] T_base_ee, in mode pose
    gripper: float = 0.0  # 0 = open, 1 = close
    dead_man: bool = False  # True while the operator holds it


def refusal(command: ArmCommand, arrival_ns: int, oldest_ns: int) -> str:
    """Return why a command that arrived at ``arrival_ns`` is not acceptable, or "".

    ``oldest_ns`` is the age at which a command is too old to be followed.
    """
    age_ns = arrival_ns - command.stamp_ns
    if age_ns < -FUTURE_TOLERANCE_NS:
        return (
            f"the command is stamped {-age_ns / NS_PER_MS:.0f} ms in the future: "
            "set the device's clock to the station's"
        )
    if age_ns > oldest_ns:
        return (
            f"the command is {age_ns / NS_PER_MS:.0f} ms old: "
            "check the network and the device's clock"
        )
    if not np.isfinite(command.gripper):
        return f"the command asks for gripper {command.gripper}: it must be 0 to 1"
    mode: str = command.mode  # it came over the network, whatever its type says
    if mode == "velocity":
        return _twist_refusal(command.twist)
    if mode == "pose":
        return _target_refusal(command.target)
    return f"the command's mode is {mode!r}: it must be velocity or pose"


def _twist_refusal(twist: NDArray[np.float64]) -> str:
    if np.shape(twist) != (6,) or not np.all(np.isfinite(twist)):
        return f"the command's twist is not six finite numbers: {_text(twist)}"
    if np.max(np.abs(twist)) > _LARGEST:
        return f"the command's twist is faster than anything that moves: {_text(twist)}"
    return ""


def _target_refusal(target: Pose) -> str:
    if np.shape(target) != (7,) or not np.all(np.isfinite(target)):
        return f"the command's target is not seven finite numbers: {_text(target)}"
    if np.max(np.abs(target)) > _LARGEST:
        return f"the command's target is no place on earth: {_text(target)}"
    norm = float(np.linalg.norm(target[3:]))
    if abs(norm - 1.0) > 1e-2:
        return f"the command's quaternion has length {norm:.3g}: it must be 1"
    return ""


def _text(values: NDArray[np.float64]) -> str:
    return np.array2string(np.asarray(values), precision=3, threshold=8)
