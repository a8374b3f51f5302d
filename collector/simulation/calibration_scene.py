"""The table cleared for a calibration: a board where each camera sees it.

The wrist camera looks at a board that lies on the table; the static camera at one that the
gripper holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.spatial.transform import Rotation

from collector.geometry import Pose, compose, pose
from collector.simulation.layout import Layout, tool_down
from collector.simulation.printed_board import BOARD
from collector.simulation.scene import BLOCK_SIZE_M, BODY_NAMES, BOWL_BOTTOM_M, ROCKER_LIMIT_RAD

TASK_TYPE = "calibration"


@dataclass(frozen=True)
class CalibrationScene:
    """Where the board is, and where the arm begins."""

    id: str
    camera: Literal["static", "wrist"]  # that the board is for
    place: Literal["gripper", "table"]
    instruction: str
    arm_start: Pose  # [7] T_base_ee


SCENES: dict[str, CalibrationScene] = {
    scene.id: scene
    for scene in (
        CalibrationScene(
            "calibration_wrist",
            "wrist",
            "table",
            "calibrate the wrist camera on the board on the table",
            tool_down((0.62, 0.0, 0.36), 0.0),
        ),
        CalibrationScene(
            "calibration_static",
            "static",
            "gripper",
            "calibrate the static camera on the board in the gripper",
            # The sheet's face, between the fingers, turned to the static camera.
            tool_down((0.52, -0.10, 0.48), np.radians(49.0)),
        ),
    )
}

# Everything else out of the way: name -> x, y, yaw.
_ASIDE = {
    "red_block": (0.25, -0.45, 0.0),
    "green_block": (0.32, -0.45, 0.0),
    "blue_block": (0.39, -0.45, 0.0),
    "bowl": (0.25, -0.30, 0.0),
    "cabinet": (0.555, 0.355, -np.pi / 2),
    "switch": (0.295, 0.225, 0.0),
    "target": (0.75, -0.40, 0.0),
}
_HEIGHT_M = {"bowl": BOWL_BOTTOM_M, "cabinet": 0.0, "switch": 0.0, "target": 0.0}

_ON_TABLE_M = np.array([0.50, 0.0])  # the sheet's middle
_SPREAD_M = 0.015
_SPREAD_RAD = 0.10
# The sheet hangs from the fingers, which hold it by its upper edge: its frame's y (down the
# rows) is the tool's z, its face looks along the tool's y.
_HELD_M = np.array([0.0, 0.0, 0.012])  # the first row's outer edge, beyond the fingertips
_HELD_AXES = np.column_stack([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


def calibration_layout(scene_id: str, seed: int) -> Layout:
    """Return the layout of a calibration scene: same id and seed, same board.

    Raises KeyError for an unknown scene, ValueError for a negative seed.
    """
    scene = SCENES[scene_id]
    if seed < 0:
        raise ValueError(f"the seed is {seed}; give a whole number that is not negative")
    objects = {
        name: ((x, y, _HEIGHT_M.get(name, BLOCK_SIZE_M / 2)), yaw)
        for name, (x, y, yaw) in _ASIDE.items()
    }
    assert objects.keys() == set(BODY_NAMES)
    return _layout(scene, seed, objects, scene.arm_start)


def layout_from_dict(values: Mapping[str, Any]) -> Layout:
    """Return the layout that `Layout.as_dict` gave. Raises KeyError or ValueError otherwise."""
    return _layout(
        SCENES[values["task_id"]],
        int(values["seed"]),
        {
            name: (tuple(map(float, thing["position"])), float(thing["yaw"]))
            for name, thing in values["objects"].items()
        },
        np.array(values["arm_start"], float),
    )


def board_pose(layout: Layout, ee_pose: Pose) -> Pose | None:
    """Return the true ``T_base_board`` [7], None where the layout has no board.

    ``ee_pose`` [7] is ``T_base_ee``, which carries a held board.
    """
    scene = SCENES.get(layout.task_id)
    if scene is None:
        return None
    if scene.place == "table":
        return _table_pose(layout.seed)
    return compose(ee_pose, held_board_pose(layout.seed))


def held_board_pose(seed: int) -> Pose:
    """Return the true ``T_ee_board`` [7] of the board in the gripper."""
    rng = np.random.default_rng([seed, 2])
    turn = Rotation.from_rotvec(rng.uniform(-1.0, 1.0, 3) * _SPREAD_RAD / 2)
    axes = turn * Rotation.from_matrix(_HELD_AXES)
    middle_of_edge = np.array([BOARD.columns * BOARD.square_m / 2, 0.0, 0.0])
    grip = _HELD_M + rng.uniform(-1.0, 1.0, 3) * (0.010, 0.001, 0.002)
    return pose(grip - axes.apply(middle_of_edge), axes.as_quat())


def _table_pose(seed: int) -> Pose:
    rng = np.random.default_rng([seed, 1])
    x, y = _ON_TABLE_M + rng.uniform(-1.0, 1.0, 2) * _SPREAD_M
    # Face up: z goes into the table. The rows lead towards the arm's base, so that the
    # picture stands upright in the wrist camera, whose image's down is the hand's -x.
    yaw = float(rng.uniform(-1.0, 1.0)) * _SPREAD_RAD
    upright = Rotation.from_matrix(np.column_stack([[0.0, -1.0, 0], [-1.0, 0, 0], [0, 0, -1.0]]))
    axes = Rotation.from_euler("z", yaw) * upright
    middle = 0.5 * BOARD.square_m * np.array([BOARD.columns, BOARD.rows, 0.0])
    return pose(np.array([x, y, BOARD.thickness_m]) - axes.apply(middle), axes.as_quat())


def _layout(scene: CalibrationScene, seed: int, objects: Any, arm_start: Pose) -> Layout:
    where = "on the table in front of the arm" if scene.place == "table" else "in the gripper"
    return Layout(
        task_id=scene.id,
        task_type=TASK_TYPE,
        seed=seed,
        instruction=scene.instruction,
        reset_directions=f"Clear the table. Put the board {where}.",
        objects=objects,
        arm_start=arm_start,
        drawer_m=0.0,
        rocker_rad=-ROCKER_LIMIT_RAD,
    )
