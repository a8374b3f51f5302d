"""What the arm may do at most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from collector.clock import NS_PER_MS


@dataclass(frozen=True)
class ArmLimits:
    """Limits of the commanded target pose. Raises ValueError for limits that make no sense.

    0.5 m/s and 2.5 rad/s keep every action of a 200 ms step within 0.1 m and 0.5 rad a
    component.
    """

    linear_m_s: float = 0.5  # norm of the linear velocity
    angular_rad_s: float = 2.5  # norm of the angular velocity
    engage_m: float = 0.05  # a device's first pose must be this near to the arm
    engage_rad: float = 0.3
    following_error_m: float = 0.15  # between target and measured pose
    following_error_rad: float = 0.8
    watchdog_ns: int = 200 * NS_PER_MS  # without a fresh command: hold
    driver_silence_ns: int = 100 * NS_PER_MS  # without a reading: lost
    workspace_min: tuple[float, float, float] = (0.2, -0.5, 0.0)  # m, in base
    workspace_max: tuple[float, float, float] = (0.8, 0.5, 0.8)

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not name.startswith("workspace") and not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value}, it must be a positive number")
        low, high = np.asarray(self.workspace_min), np.asarray(self.workspace_max)
        if low.shape != (3,) or high.shape != (3,) or not np.all(low < high):
            raise ValueError(
                f"workspace_min {self.workspace_min} must lie below workspace_max "
                f"{self.workspace_max}, in x, y and z"
            )
