from __future__ import annotations

import numpy as np
import pytest

from collector.geometry import distance
from collector.simulation.kinematics import (
    LOWER_RAD,
    REST_RAD,
    UPPER_RAD,
    forward_kinematics,
    inverse_kinematics,
)
from collector.simulation.layout import tool_down
from collector.simulation.world import World


def test_forward_kinematics_agrees_with_the_physics(world: World) -> None:
    for seed in range(5):
        world.reset("open_drawer", seed)
        reading = world.reading(0)
        off_m, off_rad = distance(forward_kinematics(reading.joint_positions), reading.ee_pose)
        assert off_m < 1e-6
        assert off_rad < 1e-5


@pytest.mark.parametrize("x", [0.35, 0.5, 0.65])
@pytest.mark.parametrize("y", [-0.35, 0.0, 0.35])
@pytest.mark.parametrize("z", [0.015, 0.3])
def test_inverse_kinematics_reaches_the_whole_table(x: float, y: float, z: float) -> None:
    target = tool_down([x, y, z], 0.4)
    q = inverse_kinematics(target, REST_RAD, iterations=60, null_space_gain=0.0)
    away_m, away_rad = distance(forward_kinematics(q), target)
    assert away_m < 1e-5
    assert away_rad < 1e-4
    assert np.all((q >= LOWER_RAD) & (q <= UPPER_RAD))


def test_out_of_reach_stays_within_the_joint_limits() -> None:
    q = inverse_kinematics(tool_down([2.0, 0.0, 0.1], 0.0), REST_RAD, iterations=60)
    assert np.all((q >= LOWER_RAD) & (q <= UPPER_RAD))
