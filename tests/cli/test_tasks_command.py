"""`collector tasks`: what is wrong with a library, what is in it, what a campaign yields."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from small_catalogue import Run

LIBRARY = Path(__file__).parents[2] / "launch" / "tasks"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LIBRARY, tmp_path / "tasks"))


def change(folder: Path, task: str, old: str, new: str) -> None:
    path = folder / f"{task}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_shipped_library_is_sound(run: Run, folder: Path) -> None:
    assert "12 tasks are sound, 4 of them composite" in run("tasks", "check", folder)
    assert json.loads(run("tasks", "check", folder, "--json"))["ok"] is True


def test_what_is_wrong_is_said_by_file_and_line(run: Run, folder: Path) -> None:
    change(folder, "press_switch", "quota: 150", "quota: many")
    change(folder, "open_drawer", "weight: frequent", "weight: often")
    text = run("tasks", "check", folder, code=1)
    assert "press_switch.yaml:12: quota: expected a whole number, got 'many'" in text
    assert "open_drawer.yaml:" in text
    told = json.loads(run("tasks", "check", folder, "--json", code=1))
    assert told["ok"] is False
    assert len(told["problems"]) == 2


def test_a_predicate_that_the_simulator_has_not_is_a_problem(run: Run, folder: Path) -> None:
    change(folder, "press_switch", "predicates: [press_switch]", "predicates: [press_swich]")
    for command in ("check", "list", "simulate"):
        assert "the simulator has no task 'press_swich'" in run("tasks", command, folder, code=1)


def test_a_folder_without_tasks_is_one_sentence(run: Run, tmp_path: Path) -> None:
    text = run("tasks", "list", tmp_path, code=1)
    assert "no task files" in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("columns", [80, 120])
def test_a_list_fits_the_terminal_and_names_chains(run: Run, folder: Path, columns: int) -> None:
    text = run("tasks", "list", folder, columns=columns)
    assert max(map(len, text.splitlines())) <= columns
    assert "open_and_close_drawer  open_drawer, then close_drawer" in text
    (row,) = [line for line in text.splitlines() if line.startswith("tidy_up ") and "rare" in line]
    assert row.split() == ["tidy_up", "tidy_up", "rare", "150", "700", "steps"]
    (told,) = [
        task
        for task in json.loads(run("tasks", "list", folder, "--json"))
        if task["task"] == "build_tower"
    ]
    assert told["parts"] == ["stack_red_on_blue", "stack_green_on_red"]
    assert (told["weight"], told["quota"], told["budget_steps"]) == ("rare", 150, 300)


def test_a_campaign_says_what_each_task_got_and_that_the_gate_held(run: Run, folder: Path) -> None:
    words = ("tasks", "simulate", folder, "--operators", 3, "--attempts", 400, "--seed", 2)
    text = run(*words)
    assert max(map(len, text.splitlines())) <= 80
    assert "400 attempts by 3 simulated people at 3 stations" in text
    assert "✓ Nothing was collected below the gate." in text
    told = json.loads(run(*words, "--json"))
    assert told["attempts"] == 400
    assert told["below_gate"] == 0
    assert len(told["tasks"]) == 12
    assert sum(task["opened"] for task in told["tasks"].values()) == told["opened"] > 0
    task = told["tasks"]["open_drawer"]
    assert task["covered"] == task["collected"] / 800
    assert json.loads(run(*words, "--json")) == told


def test_more_stations_than_people_are_refused(run: Run, folder: Path) -> None:
    words = ("tasks", "simulate", folder, "--operators", 2, "--stations", 3)
    assert "a station needs an operator" in run(*words, code=2)
