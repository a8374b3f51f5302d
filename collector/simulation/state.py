"""What a renderer or a scripted operator needs to know of the simulated world."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from collector.geometry import Pose


@dataclass(frozen=True)
class WorldState:
    """The world at one instant, as WorldState.msg carries it: B bodies and J joints."""

    layout_id: int  # counts resets
    task_id: str
    body_names: tuple[str, ...]  # B
    body_poses: NDArray[np.float64]  # [B, 7] T_base_body: m, quaternion x y z w
    joint_names: tuple[str, ...]  # J: the arm's, the fingers', the furniture's
    joint_positions: NDArray[np.float64]  # [J] rad or m

    def body(self, name: str) -> Pose:
        """Return ``T_base_body`` [7]. Raises KeyError for an unknown body."""
        if name not in self.body_names:
            raise KeyError(f"there is no body {name!r}; there are {', '.join(self.body_names)}")
        pose: Pose = self.body_poses[self.body_names.index(name)]
        return pose

    def joint(self, name: str) -> float:
        """Return a joint's position, rad or m. Raises KeyError for an unknown joint."""
        if name not in self.joint_names:
            raise KeyError(f"there is no joint {name!r}; there are {', '.join(self.joint_names)}")
        return float(self.joint_positions[self.joint_names.index(name)])


def interpolate_states(earlier: WorldState, later: WorldState, fraction: float) -> WorldState:
    """Return the world at ``fraction`` in [0, 1] between two states of one layout.

    Positions and joints linear; quaternions linear and normalised, which is SLERP to
    within a millidegree over the few degrees that a body turns between two states.
    """
    quaternions = later.body_poses[:, 3:]
    same_way = np.sum(earlier.body_poses[:, 3:] * quaternions, axis=1, keepdims=True)
    aligned = np.hstack([later.body_poses[:, :3], np.where(same_way < 0, -1, 1) * quaternions])
    poses = earlier.body_poses + fraction * (aligned - earlier.body_poses)
    poses[:, 3:] /= np.linalg.norm(poses[:, 3:], axis=1, keepdims=True)
    joints = earlier.joint_positions + fraction * (later.joint_positions - earlier.joint_positions)
    return replace(later, body_poses=poses, joint_positions=joints)
