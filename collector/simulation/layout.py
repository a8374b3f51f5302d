"""How the scene is laid out for one attempt: seeded, without overlaps, told to a person."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from collector.geometry import Pose, pose
from collector.simulation.scene import BLOCK_SIZE_M, BODY_NAMES, BOWL_BOTTOM_M, ROCKER_LIMIT_RAD
from collector.simulation.tasks import Task, TaskType, find_task

HOME_POSITION_M = np.array([0.42, 0.0, 0.30])
HOME_SPREAD_M = np.array([0.04, 0.07, 0.04])
HOME_SPREAD_YAW_RAD = 0.20

# Radius that each thing keeps free around it, m: a block leaves room for open fingers.
_CLEARANCE_M = {
    "red_block": 0.050,
    "green_block": 0.050,
    "blue_block": 0.050,
    "bowl": 0.085,
    "target": 0.055,
}
_HEIGHT_M = {"bowl": BOWL_BOTTOM_M, "cabinet": 0.0, "switch": 0.0, "target": 0.0}
_PUSHER_HALF_WIDTH_M = 0.075
_MOST_TRIES = 20_000


@dataclass(frozen=True)
class Layout:
    """Where everything lies at the start of an attempt. Same task and seed: same layout."""

    task_id: str
    task_type: str
    seed: int
    instruction: str
    reset_directions: str  # for a person who lays the objects out
    objects: Mapping[str, tuple[tuple[float, float, float], float]]  # position m, yaw rad, in base
    arm_start: Pose  # [7] T_base_ee
    drawer_m: float  # opening
    rocker_rad: float

    def to_json(self) -> str:
        """Return object name -> {"position": [x, y, z] m, "yaw": rad} in base, as JSON."""
        return json.dumps(
            {
                name: {"position": list(position), "yaw": yaw}
                for name, (position, yaw) in self.objects.items()
            }
        )

    def as_dict(self) -> dict[str, Any]:
        """Return all values as plain data, for `layout_from_dict`."""
        return {
            "task_id": self.task_id,
            "seed": self.seed,
            "objects": {
                name: {"position": list(position), "yaw": yaw}
                for name, (position, yaw) in self.objects.items()
            },
            "arm_start": self.arm_start.tolist(),
            "drawer_m": self.drawer_m,
            "rocker_rad": self.rocker_rad,
        }


def tool_down(position: Any, yaw: float) -> Pose:
    """Return ``T_base_ee`` [7] at ``position`` [3] m, pointing down, turned by ``yaw`` rad.

    At yaw 0 the fingers move along y, and the wrist camera is on the far side.
    """
    turn = Rotation.from_euler("z", yaw) * Rotation.from_euler("x", np.pi)
    return pose(position, turn.as_quat())


def draw_layout(task_id: str, seed: int) -> Layout:
    """Draw the layout of ``task_id`` that belongs to ``seed``.

    Raises UnknownTask, or ValueError for a negative seed.
    """
    task = find_task(task_id)
    if seed < 0:
        raise ValueError(f"the seed is {seed}; give a whole number that is not negative")
    rng = np.random.default_rng(seed)
    objects = _draw_objects(task, rng)
    start = HOME_POSITION_M + rng.uniform(-1.0, 1.0, 3) * HOME_SPREAD_M
    arm_start = tool_down(start, rng.uniform(-1.0, 1.0) * HOME_SPREAD_YAW_RAD)
    drawer = float(rng.uniform(*task.drawer_m))
    rocker = -ROCKER_LIMIT_RAD
    return _layout(task, seed, objects, arm_start, drawer, rocker)


def layout_from_dict(values: Mapping[str, Any]) -> Layout:
    """Return the layout that `Layout.as_dict` gave. Raises KeyError or ValueError otherwise."""
    return _layout(
        find_task(values["task_id"]),
        int(values["seed"]),
        {
            name: (tuple(map(float, thing["position"])), float(thing["yaw"]))
            for name, thing in values["objects"].items()
        },
        np.array(values["arm_start"], float),
        float(values["drawer_m"]),
        float(values["rocker_rad"]),
    )


def _layout(
    task: Task, seed: int, objects: Any, arm_start: Pose, drawer: float, rocker: float
) -> Layout:
    return Layout(
        task_id=task.id,
        task_type=task.task_type.value,
        seed=seed,
        instruction=task.instruction,
        reset_directions=_directions(task, objects, drawer),
        objects=objects,
        arm_start=arm_start,
        drawer_m=drawer,
        rocker_rad=rocker,
    )


def _draw_objects(
    task: Task, rng: np.random.Generator
) -> dict[str, tuple[tuple[float, float, float], float]]:
    """Draw all objects, again and again until nothing overlaps."""
    for _ in range(_MOST_TRIES):
        drawn: dict[str, tuple[tuple[float, float, float], float]] = {}
        for name in BODY_NAMES:
            zone = task.zones[name]
            x, y, yaw = (float(rng.uniform(*span)) for span in (zone.x, zone.y, zone.yaw))
            drawn[name] = ((x, y, _HEIGHT_M.get(name, BLOCK_SIZE_M / 2)), yaw)
        if _is_free(task, {name: np.array(thing[0][:2]) for name, thing in drawn.items()}):
            return drawn
    raise RuntimeError(f"{task.id}: no layout without overlaps; make its zones larger")


def _is_free(task: Task, places: Mapping[str, Any]) -> bool:
    for one, other in itertools.combinations(_CLEARANCE_M, 2):
        apart = np.linalg.norm(places[one] - places[other])
        if apart < _CLEARANCE_M[one] + _CLEARANCE_M[other]:
            return False
    if not task.goal:
        return True
    way = places[task.goal] - places[task.moved]
    length = float(np.linalg.norm(way))
    if not task.travel_m[0] <= length <= task.travel_m[1]:
        return False
    if task.clear_way:
        # The fingers stand behind the block and come down there: that must be free too.
        start = places[task.moved] - way / length * 0.06
        for name, radius in _CLEARANCE_M.items():
            if name in (task.moved, task.goal):
                continue
            along = np.clip((places[name] - start) @ way / length, 0.0, length + 0.06)
            nearest = start + along * way / length
            if np.linalg.norm(places[name] - nearest) < radius - 0.02 + _PUSHER_HALF_WIDTH_M:
                return False
    return True


def _directions(task: Task, objects: Any, drawer: float) -> str:
    lines = [
        "Measure from the middle of the arm's base: x away from it, y to its left.",
    ]
    for name, ((x, y, _), yaw) in objects.items():
        if name in ("cabinet", "switch"):
            continue
        turned = f", turned by {np.degrees(yaw):.0f} degrees" if name.endswith("_block") else ""
        lines.append(
            f"Put the {name.replace('_', ' ')} at x {100 * x:.0f} cm, y {100 * y:.0f} cm{turned}."
        )
    if task.task_type is TaskType.CLOSE_DRAWER:
        lines.append(f"Pull the drawer {100 * drawer:.0f} cm out.")
    else:
        lines.append("Close the drawer.")
    lines.append("Switch the light off.")
    return "\n".join(lines)
