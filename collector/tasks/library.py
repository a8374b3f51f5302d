"""A folder of task files, checked as a whole before anything uses it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from collector.station.located_yaml import LocatedYaml, Location, YamlError, load_located_yaml
from collector.station.validation_sentences import sentences, shown
from collector.tasks.description import MAX_CHAIN_STEPS, WEIGHT_CLASSES, TaskDescription


class TaskLibraryError(Exception):
    """The library cannot be used; the message has a line for each thing that is wrong."""


class UnknownTask(ValueError):
    """No task of the library has this id; the message names those there are."""


@dataclass(frozen=True)
class TaskLibrary:
    """All tasks, by id in alphabetical order."""

    tasks: Mapping[str, TaskDescription]

    def find(self, task_id: str) -> TaskDescription:
        """Return the task. Raises UnknownTask."""
        try:
            return self.tasks[task_id]
        except KeyError:
            raise UnknownTask(
                f"there is no task {task_id!r} in the library; choose one of "
                f"{', '.join(self.tasks)}"
            ) from None

    def chain(self, task_id: str) -> tuple[TaskDescription, ...]:
        """Return the atomic steps of the task in order: itself, where it is one."""
        task = self.find(task_id)
        return tuple(self.find(part) for part in task.parts) or (task,)

    def budget_steps(self, task_id: str) -> int:
        """Return the most steps that an attempt may take, at most 1,000."""
        return sum(step.budget_steps or 0 for step in self.chain(task_id))

    def scene(self, task_id: str) -> str | None:
        """Return the simulator's task that lays the scene out, or None where there is none."""
        predicates = self.chain(task_id)[0].predicates
        return predicates[0] if predicates else None


def load_library(folder: Path, predicates: Collection[str] | None = None) -> TaskLibrary:
    """Read and check every ``*.yaml`` file of ``folder``.

    ``predicates`` are the ids that the simulator knows; None leaves them unchecked.
    Raises TaskLibraryError; its message has a line for each thing that is wrong: file,
    line, key, and what was expected.
    """
    folder = Path(folder)
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        raise TaskLibraryError(
            f"{folder}: no task files: name a folder of .yaml files, such as launch/tasks"
        )
    tasks: dict[str, TaskDescription] = {}
    sources: dict[str, LocatedYaml] = {}
    problems: list[str] = []
    for path in paths:
        try:
            source = load_located_yaml(path)
            task = _validated(source)
        except ValidationError as error:
            problems += sentences(error, source, TaskDescription)
        except (YamlError, TaskLibraryError, FileNotFoundError) as error:
            problems.append(str(error))
        else:
            tasks[path.stem] = task
            sources[path.stem] = source
    if not problems:  # a broken file would be reported again by every composite of it
        for name, location, sentence in _problems(tasks, predicates):
            source = sources[name]
            key = ".".join(map(str, location))
            problems.append(f"{source.path}:{source.line(location)}: {key}: {sentence}")
    if problems:
        raise TaskLibraryError("\n".join(problems))
    return TaskLibrary(tasks)


def _validated(source: LocatedYaml) -> TaskDescription:
    if not isinstance(source.value, dict):
        raise TaskLibraryError(
            f"{source.path}:1: expected a task with keys such as id, task_type and zones, "
            f"got {shown(source.value)}"
        )
    return TaskDescription.model_validate(source.value)


def _problems(
    tasks: Mapping[str, TaskDescription], predicates: Collection[str] | None
) -> Iterator[tuple[str, Location, str]]:
    """Yield file name, location and sentence of what does not fit together."""
    for name, task in tasks.items():
        if task.id != name:
            yield name, ("id",), f"expected {name}, the name of the file, got {task.id!r}"
        for index, predicate in enumerate(task.predicates):
            if predicates is not None and predicate not in predicates:
                yield (
                    name,
                    ("predicates", index),
                    f"the simulator has no task {predicate!r}: expected one of "
                    f"{', '.join(sorted(predicates))}",
                )
        yield from ((name, *problem) for problem in _chain_problems(task, tasks))
    yield from _weight_problems(tasks)


def _chain_problems(
    task: TaskDescription, tasks: Mapping[str, TaskDescription]
) -> Iterator[tuple[Location, str]]:
    steps = 0
    for index, part in enumerate(task.parts):
        found = tasks.get(part)
        if found is None:
            yield ("parts", index), f"there is no task {part!r} in this folder"
        elif found.is_composite:
            yield ("parts", index), f"{part} is itself a composite: name its parts instead"
        else:
            steps += found.budget_steps or 0
    if steps > MAX_CHAIN_STEPS:
        yield (
            ("parts",),
            f"the parts' budgets add up to {steps} steps: expected at most {MAX_CHAIN_STEPS}",
        )


def _weight_problems(
    tasks: Mapping[str, TaskDescription],
) -> Iterator[tuple[str, Location, str]]:
    for rarer, commoner in zip(WEIGHT_CLASSES[1:], WEIGHT_CLASSES[:-1], strict=True):
        quotas = [task.quota for task in tasks.values() if task.weight == commoner]
        for name, task in tasks.items():
            if task.weight == rarer and quotas and task.quota > min(quotas):
                yield (
                    name,
                    ("quota",),
                    f"expected at most {min(quotas)} for a {rarer} task, as many as the least "
                    f"wanted {commoner} one, got {task.quota}",
                )
