"""What the task library promises: the shipped tasks, and errors that say where and what."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.simulation.tasks import TASKS, TaskType
from collector.tasks.description import MAX_CHAIN_STEPS
from collector.tasks.library import TaskLibraryError, UnknownTask, load_library

SHIPPED = Path(__file__).parents[2] / "launch" / "tasks"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "tasks"))


def change(folder: Path, task_id: str, **changes: Any) -> Path:
    path = folder / f"{task_id}.yaml"
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    for key, value in changes.items():
        if value is None:
            del values[key]
        else:
            values[key] = value
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def errors(folder: Path) -> list[str]:
    with pytest.raises(TaskLibraryError) as caught:
        load_library(folder, TASKS)
    return str(caught.value).splitlines()


def test_every_task_of_the_simulator_is_in_the_library_and_judged_by_it() -> None:
    library = load_library(SHIPPED, TASKS)
    for task_id, simulated in TASKS.items():
        task = library.find(task_id)
        assert task.predicates == (task_id,)
        assert task.instruction == simulated.instruction
        assert task.task_type == simulated.task_type.value
        assert library.scene(task_id) == task_id
    assert {task.value for task in TaskType} <= {t.task_type for t in library.tasks.values()}


def test_zones_of_the_library_are_those_the_simulator_draws_from() -> None:
    for task in load_library(SHIPPED, TASKS).tasks.values():
        simulated = TASKS["place_red_in_bowl"].zones
        for name, zone in task.zones.items():
            assert zone.x == simulated[name].x
            assert zone.y == simulated[name].y
            assert zone.yaw == pytest.approx(simulated[name].yaw, abs=1e-3)


def test_a_composite_names_its_parts_in_order_and_has_their_budget() -> None:
    library = load_library(SHIPPED, TASKS)
    parts = [task.id for task in library.chain("sort_red_and_blue")]
    assert parts == ["place_red_in_bowl", "place_blue_on_target"]
    assert library.budget_steps("sort_red_and_blue") == 300
    assert library.scene("sort_red_and_blue") == "place_red_in_bowl"
    assert all(library.budget_steps(task) <= MAX_CHAIN_STEPS for task in library.tasks)


def test_the_library_is_a_long_tail() -> None:
    tasks = load_library(SHIPPED, TASKS).tasks.values()
    count = {w: sum(t.weight == w for t in tasks) for w in ("frequent", "common", "rare")}
    assert count["frequent"] < count["common"] < count["rare"]


def test_an_unknown_task_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownTask, match="'juggle' in the library; choose one of build_tower, "):
        load_library(SHIPPED).find("juggle")


@pytest.mark.parametrize(
    ("task_id", "changes", "key", "sentence"),
    [
        ("open_drawer", {"weight": "often"}, "weight", "'frequent', 'common' or 'rare'"),
        ("open_drawer", {"quota": -1}, "quota", "expected at least 0, got -1"),
        ("open_drawer", {"quota": True}, "quota", "expected a number, got true"),
        ("open_drawer", {"task_type": "Open It"}, "task_type", "single underscores"),
        ("open_drawer", {"instruction": " "}, "instruction", "expected a sentence, got nothing"),
        ("open_drawer", {"id": "open"}, "id", "expected open_drawer, the name of the file"),
        ("open_drawer", {"budget_steps": 1001}, "budget_steps", "at most 1000, got 1001"),
        ("open_drawer", {"predicates": ["fly"]}, "predicates.0", "simulator has no task 'fly'"),
        ("open_drawer", {"zones": {}}, "zones", "at least 1 entries, got 0"),
        ("build_tower", {"parts": ["press_switch"]}, "parts", "expected 2 to 5 tasks, got 1"),
        ("build_tower", {"parts": ["press_switch"] * 6}, "parts", "expected 2 to 5 tasks, got 6"),
        ("build_tower", {"parts": ["press_switch", "fly"]}, "parts.1", "there is no task 'fly'"),
        ("build_tower", {"parts": ["press_switch", "tidy_up"]}, "parts.1", "itself a composite"),
        ("build_tower", {"budget_steps": 9}, "budget_steps", "the budget of its parts: remove it"),
        ("build_tower", {"quota": 401}, "quota", "at most 400 for a rare task"),
    ],
)
def test_an_error_names_file_line_and_key(
    folder: Path, task_id: str, changes: dict[str, Any], key: str, sentence: str
) -> None:
    path = change(folder, task_id, **changes)
    (error,) = errors(folder)
    line = line_of(path, key.split(".", maxsplit=1)[0] + ":")
    assert error.startswith(f"{path}:")
    assert f": {key}: " in error
    assert sentence in error
    assert int(error.removeprefix(f"{path}:").split(":")[0]) - line in (0, 1, 2)


def test_a_zone_turned_around_is_told_with_its_own_line(folder: Path) -> None:
    path = folder / "press_switch.yaml"
    text = path.read_text(encoding="utf-8").replace("x: [0.28, 0.31]", "x: [0.31, 0.28]")
    path.write_text(text, encoding="utf-8")
    line = line_of(path, "switch: {x")
    expected = f"{path}:{line}: zones.switch.x: expected the least value first, got [0.31, 0.28]"
    assert errors(folder) == [expected]


def test_a_missing_key_and_a_misspelt_one_are_told(folder: Path) -> None:
    path = folder / "open_drawer.yaml"
    text = path.read_text(encoding="utf-8").replace("success:", "sucess:")
    path.write_text(text, encoding="utf-8")
    assert errors(folder) == [f"{path}:4: sucess: unknown key: did you mean success?"]
    change(folder, "press_switch", budget_steps=None)
    assert any("press_switch.yaml:1: budget_steps: is missing" in line for line in errors(folder))


def test_a_chain_over_its_budget_is_refused(folder: Path) -> None:
    change(folder, "stack_red_on_blue", budget_steps=900)
    (error,) = errors(folder)
    assert "build_tower.yaml:" in error
    assert "parts: the parts' budgets add up to 1050 steps: expected at most 1000" in error


def test_every_broken_file_is_told_at_once(folder: Path) -> None:
    (folder / "a.yaml").write_text("- no task\n", encoding="utf-8")
    (folder / "b.yaml").write_text("id: [b\n", encoding="utf-8")
    found = errors(folder)
    assert any("a.yaml:1: expected a task with keys" in line for line in found)
    assert any("b.yaml:2: not valid YAML" in line for line in found)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskLibraryError, match="no task files: name a folder"):
        load_library(tmp_path)
