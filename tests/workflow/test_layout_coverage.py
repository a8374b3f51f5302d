"""Layouts are fresh, free of overlaps, spread over the zones, and counted."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from station import LIBRARY

from collector.simulation.layout import Layout, draw_layout, tool_down
from collector.tasks.description import Zone
from collector.workflow.layout_coverage import CELLS, LayoutPlan, LayoutSampler, coverage

TASK = LIBRARY.find("sort_red_and_blue")


def plans(count: int, sampler: LayoutSampler, scene: str | None = None) -> list[LayoutPlan]:
    found: list[LayoutPlan] = []
    for _ in range(count):
        found.append(sampler.plan(found[-1].index + 1 if found else 0, scene))
    return found


def counted(layouts: list[LayoutPlan]) -> dict[str, dict[tuple[int, int], int]]:
    cells: dict[str, dict[tuple[int, int], int]] = {}
    for layout in layouts:
        for name, cell in layout.cells.items():
            counts = cells.setdefault(name, {})
            counts[cell] = counts.get(cell, 0) + 1
    return cells


def test_layouts_lie_in_their_zones_and_do_not_overlap() -> None:
    for layout in plans(64, LayoutSampler(TASK, "lab-1", 1)):
        assert set(layout.objects) == set(TASK.zones)
        for name, place in layout.objects.items():
            zone = TASK.zones[name]
            for value, (low, high) in ((place.x, zone.x), (place.y, zone.y), (place.yaw, zone.yaw)):
                assert low <= value <= high
        for one, other in itertools.combinations(layout.objects, 2):
            a, b = layout.objects[one], layout.objects[other]
            apart = np.hypot(a.x - b.x, a.y - b.y)
            assert apart >= TASK.zones[one].clearance_m + TASK.zones[other].clearance_m
        start = zip(
            layout.arm_position, TASK.arm_start.position, TASK.arm_start.spread, strict=True
        )
        assert all(abs(value - middle) <= spread for value, middle, spread in start)


def test_the_same_place_in_the_sequence_is_the_same_layout_in_any_order() -> None:
    forward = plans(8, LayoutSampler(TASK, "lab-1", 1))
    again = LayoutSampler(TASK, "lab-1", 1)
    assert [again.plan(layout.index) for layout in reversed(forward)] == forward[::-1]
    assert LayoutSampler(TASK, "lab-2", 1).plan(0) != forward[0]
    assert LayoutSampler(TASK, "lab-1", 2).plan(0) != forward[0]


def test_places_fill_a_zone_more_evenly_than_independent_draws() -> None:
    task = LIBRARY.find("press_switch")
    layouts = plans(32, LayoutSampler(task, "lab-1", 1))
    (spread,) = coverage(task, counted(layouts))
    assert (spread.visited, spread.attempts, spread.share) == (CELLS * CELLS, 32, 1.0)
    rng = np.random.default_rng(0)
    drawn = [len({tuple(rng.integers(0, CELLS, 2)) for _ in range(32)}) for _ in range(200)]
    assert np.mean(drawn) < 15  # independent ones leave cells out
    assert spread.most <= 4


def test_the_simulators_layouts_are_steered_by_their_seed() -> None:
    task = LIBRARY.find("place_red_in_bowl")
    pool = [draw_layout(task.id, seed) for seed in range(120)]

    def draw(scene: str, seed: int) -> Layout:
        assert scene == task.id
        return pool[seed % len(pool)]

    steered, free = [], []
    for seed in range(12):
        layouts = plans(16, LayoutSampler(task, "lab-1", seed, draw), task.id)
        assert len({layout.seed for layout in layouts}) == 16
        for layout in layouts:
            drawn = draw(task.id, layout.seed)
            assert {n: ((p.x, p.y), p.yaw) for n, p in layout.objects.items()} == {
                name: (drawn.objects[name][0][:2], drawn.objects[name][1]) for name in task.zones
            }
            start = tool_down(layout.arm_position, layout.arm_yaw)
            assert np.allclose(start, drawn.arm_start) or np.allclose(
                start[3:], -drawn.arm_start[3:]
            )
        steered.append(coverage(task, counted(layouts))[0].visited)
        chosen = np.random.default_rng(seed).choice(len(pool), 16)
        zone = task.zones["red_block"]
        free.append(
            len(
                {
                    tuple(
                        int(CELLS * (value - low) / (high - low))
                        for value, (low, high) in zip(
                            pool[number].objects["red_block"][0][:2], (zone.x, zone.y), strict=True
                        )
                    )
                    for number in chosen
                }
            )
        )
    assert np.mean(steered) > np.mean(free) + 1


def test_zones_too_tight_are_told() -> None:
    tight = TASK.model_copy(
        update={
            "zones": {
                "a": Zone(x=(0.4, 0.41), y=(0.0, 0.01)),
                "b": Zone(x=(0.4, 0.41), y=(0.0, 0.01)),
            }
        }
    )
    with pytest.raises(RuntimeError, match="sort_red_and_blue: no layout without overlaps"):
        LayoutSampler(tight, "lab-1", 1).plan(0)


def test_directions_are_for_a_person() -> None:
    layout = LayoutSampler(LIBRARY.find("press_switch"), "lab-1", 1).plan(0)
    (line,) = layout.directions()
    place = layout.objects["switch"]
    assert line.startswith(f"Put the switch at x {100 * place.x:.0f} cm, y {100 * place.y:.0f} cm")
    assert line.endswith("degrees.")
