"""What a renderer or a scripted operator needs to know of the simulated world."""

from __future__ import annotations

from dataclasses import dataclass

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
