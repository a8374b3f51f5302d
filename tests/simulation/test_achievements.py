"""A chain that ends as it began is told from one that was never begun."""

from __future__ import annotations

import pytest

from collector.simulation.achievements import Achievements
from collector.simulation.rehearsal import Tick, rehearse
from collector.simulation.scripted_operator import ScriptedOperator
from collector.simulation.tasks import UnknownTask
from collector.simulation.world import World


@pytest.fixture(scope="module")
def world() -> World:
    return World(tick_hz=50, physics_hz=250)


def test_what_holds_by_itself_was_not_done(world: World) -> None:
    world.reset("open_drawer", 3)
    achievements = Achievements(world)
    assert achievements.evaluate(["close_drawer"]).success
    judged = achievements.evaluate(["close_drawer"], once=["open_drawer"])
    assert not judged.success
    assert judged.explanation.endswith("open drawer was never achieved on the way")


def test_what_was_reached_on_the_way_is_remembered_until_the_reset(world: World) -> None:
    achievements = Achievements(world)
    operator = ScriptedOperator(1)

    def watch(tick: Tick) -> None:
        if round(tick.time_s * 50) % 10 == 0:
            achievements.watch()

    assert rehearse(world, operator, "open_drawer", 3, on_tick=watch).success
    world.reset("close_drawer", 3)
    assert achievements.evaluate(once=["open_drawer"]).explanation.count("never") == 0
    achievements.reset()
    assert "never achieved" in achievements.evaluate(once=["press_switch"]).explanation


def test_a_task_that_is_not_the_simulators_is_refused(world: World) -> None:
    world.reset("open_drawer", 3)
    for asked in ({"tasks": ["juggle"]}, {"once": ["juggle"]}):
        with pytest.raises(UnknownTask, match="juggle"):
            Achievements(world).evaluate(**asked)


def test_a_part_is_performed_in_the_scene_of_the_whole(world: World) -> None:
    world.reset("open_drawer", 3)
    operator = ScriptedOperator(1)
    operator.connect()
    operator.begin("press_switch", 1, scene="open_drawer")
    target = world.target
    reading = world.reading(0)
    for now_ns in range(0, 2_000_000_000, 100_000_000):
        operator.observe(world.state(), target, reading.ee_pose, reading.gripper_opening)
        moved = operator.read(now_ns)
    assert moved is not None
    assert moved.dead_man
