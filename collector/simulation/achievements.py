"""What was achieved in a scene, now and at some time since it was laid out."""

from __future__ import annotations

from collections.abc import Sequence

from collector.simulation.tasks import TASKS, Evaluation, find_task
from collector.simulation.world import World


class Achievements:
    """Remembers which of the simulator's tasks have held since the reset.

    A chain that opens a drawer and closes it again ends as it began: only who watched can
    tell that it was done.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._reached: set[str] = set()

    def reset(self) -> None:
        """Forget: the scene was laid out anew."""
        self._reached.clear()

    def watch(self) -> None:
        """Look which tasks hold now. Called some times a second."""
        for task_id in TASKS:
            if task_id not in self._reached and self._world.evaluate(task_id).success:
                self._reached.add(task_id)

    def evaluate(self, tasks: Sequence[str] = (), once: Sequence[str] = ()) -> Evaluation:
        """Judge whether all ``tasks`` hold now, and each of ``once`` has held since the reset.

        Without ``tasks`` it is the task of the present layout. Raises UnknownTask.
        """
        self.watch()
        success, facts = True, []
        for task_id in tasks or ("",):
            judged = self._world.evaluate(task_id)
            success = success and judged.success
            facts.append(judged.explanation)
        for task_id in once:
            find_task(task_id)
            if task_id not in self._reached:
                success = False
                facts.append(f"{task_id.replace('_', ' ')} was never achieved on the way")
        return Evaluation(success, "; ".join(facts))
