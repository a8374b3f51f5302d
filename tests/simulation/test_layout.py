from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from collector.simulation.layout import draw_layout, layout_from_dict
from collector.simulation.scene import BODY_NAMES
from collector.simulation.tasks import TASKS, TaskType, UnknownTask

EVERY_TASK = pytest.mark.parametrize("task_id", TASKS)


def test_there_are_six_types_of_task() -> None:
    assert {task.task_type for task in TASKS.values()} == set(TaskType)
    assert len(TaskType) == 6


@EVERY_TASK
def test_the_same_seed_gives_the_same_layout(task_id: str) -> None:
    assert draw_layout(task_id, 5).as_dict() == draw_layout(task_id, 5).as_dict()
    assert draw_layout(task_id, 5).as_dict() != draw_layout(task_id, 6).as_dict()


def test_a_layout_is_the_same_on_every_machine() -> None:
    position, yaw = draw_layout("place_red_in_bowl", 1).objects["red_block"]
    assert position == pytest.approx((0.5699224852, -0.1829966282, 0.02), abs=1e-9)
    assert yaw == pytest.approx(0.5623620713, abs=1e-9)


@EVERY_TASK
def test_nothing_overlaps_and_all_lies_in_its_zone(task_id: str) -> None:
    radius = {"bowl": 0.075, "target": 0.050}
    for seed in range(20):
        layout = draw_layout(task_id, seed)
        assert set(layout.objects) == set(BODY_NAMES)
        for name, (position, yaw) in layout.objects.items():
            zone = TASKS[task_id].zones[name]
            assert zone.x[0] <= position[0] <= zone.x[1]
            assert zone.y[0] <= position[1] <= zone.y[1]
            assert zone.yaw[0] <= yaw <= zone.yaw[1]
        loose = [name for name in layout.objects if name not in ("cabinet", "switch")]
        for one, other in itertools.combinations(loose, 2):
            apart = np.linalg.norm(
                np.subtract(layout.objects[one][0][:2], layout.objects[other][0][:2])
            )
            assert apart > radius.get(one, 0.03) + radius.get(other, 0.03)


def test_the_arm_starts_differently_each_time() -> None:
    starts = np.array([draw_layout("open_drawer", seed).arm_start[:3] for seed in range(30)])
    assert np.all(np.ptp(starts, axis=0) > 0.05)
    assert np.all(np.ptp(starts, axis=0) < 0.15)


def test_the_json_holds_every_object() -> None:
    layout = draw_layout("stack_red_on_blue", 3)
    objects = json.loads(layout.to_json())
    assert set(objects) == set(BODY_NAMES)
    assert objects["bowl"]["position"] == list(layout.objects["bowl"][0])
    assert objects["red_block"]["yaw"] == layout.objects["red_block"][1]


def test_a_person_is_told_what_to_do() -> None:
    layout = draw_layout("close_drawer", 1)
    assert "Pull the drawer 12 cm out." in layout.reset_directions
    x, y = (100 * value for value in layout.objects["green_block"][0][:2])
    assert f"the green block at x {x:.0f} cm, y {y:.0f} cm" in layout.reset_directions


def test_a_layout_survives_as_plain_data() -> None:
    layout = draw_layout("push_green_to_target", 8)
    again = layout_from_dict(json.loads(json.dumps(layout.as_dict())))
    assert again.as_dict() == layout.as_dict()
    assert again.reset_directions == layout.reset_directions


def test_an_unknown_task_names_those_there_are() -> None:
    with pytest.raises(UnknownTask, match=r"no task 'juggle'; choose one of .*open_drawer"):
        draw_layout("juggle", 0)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        draw_layout("open_drawer", -1)
