"""One task of the library, as its YAML file describes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from typing_extensions import Self

from collector.station.located_yaml import Location
from collector.station.validation_sentences import raise_problems

MAX_CHAIN = 5  # tasks in a row
MAX_CHAIN_STEPS = 1000  # steps of the recording's grid for a whole chain
WEIGHT_CLASSES = ("frequent", "common", "rare")

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError(
            f"expected lower-case letters, digits and single underscores, such as open_drawer, "
            f"got {value!r}"
        )
    return value


def _words(value: str) -> str:
    if not value.strip():
        raise ValueError("expected a sentence, got nothing")
    return " ".join(value.split())


def _not_bool(value: object) -> object:
    # YAML reads yes, no, on and off as booleans, and Python takes those for 1 and 0.
    if isinstance(value, bool):
        raise ValueError(f"expected a number, got {str(value).lower()}")
    return value


Name = Annotated[str, AfterValidator(_name)]
Words = Annotated[str, AfterValidator(_words)]
Number = Annotated[float, BeforeValidator(_not_bool), Field(allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_not_bool)]
Spread = Annotated[Number, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Zone(_Part):
    """Where an object may lie at the start: a rectangle in ``base``, m, and a range of yaw, rad."""

    x: tuple[Number, Number] = Field(description="[least, most] in m, away from the base")
    y: tuple[Number, Number] = Field(description="[least, most] in m, to the left of the base")
    yaw: tuple[Number, Number] = (0.0, 0.0)
    clearance_m: Annotated[Number, Field(ge=0)] = 0.05  # radius that is kept free around it


class ArmStart(_Part):
    """Where the end effector starts: tool down at ``position`` +- ``spread`` in ``base``, m."""

    position: tuple[Number, Number, Number] = Field(description="[x, y, z] in m")
    spread: tuple[Spread, Spread, Spread] = (0.0, 0.0, 0.0)
    yaw_spread: Spread = 0.0  # rad, to either side


class TaskDescription(_Part):
    """One thing to demonstrate: an atomic step, or a chain of them.

    ``predicates`` are ids of the simulator's tasks that must all hold at the end.
    """

    id: Name = Field(description="the name of the file without .yaml")
    task_type: Name = Field(description="the kind of skill, such as pick_and_place")
    instruction: Words = Field(description="a placeholder until people annotate the episodes")
    success: Words = Field(description="when an attempt counts as a success, in words")
    predicates: tuple[Name, ...] = ()
    parts: tuple[Name, ...] = ()  # of a composite, in order; none: an atomic step
    budget_steps: Whole | None = Field(None, ge=1, le=MAX_CHAIN_STEPS)  # composite: of its parts
    zones: dict[Name, Zone] = Field(
        min_length=1, description="the objects to lay out, the most important first"
    )
    arm_start: ArmStart = Field(description="{position: [x, y, z], spread: [x, y, z]} in m")
    reset_directions: tuple[Words, ...] = Field(
        min_length=1, description="what the operator does before each attempt, a list"
    )
    quota: Whole = Field(ge=0, description="how many demonstrations are wanted")
    weight: Literal["frequent", "common", "rare"] = Field(
        description="frequent, common or rare: its place in the long tail"
    )

    @property
    def is_composite(self) -> bool:
        return bool(self.parts)

    @model_validator(mode="after")
    def _sane_as_a_whole(self) -> Self:
        raise_problems(_problems(self))
        return self


def _problems(task: TaskDescription) -> Iterator[tuple[Location, str]]:
    for name, zone in task.zones.items():
        for axis in ("x", "y", "yaw"):
            low, high = getattr(zone, axis)
            if low > high:
                yield (
                    ("zones", name, axis),
                    f"expected the least value first, got [{low:g}, {high:g}]",
                )
    if task.is_composite:
        if not 2 <= len(task.parts) <= MAX_CHAIN:
            yield (
                ("parts",),
                f"expected 2 to {MAX_CHAIN} tasks, got {len(task.parts)}: an atomic step has none",
            )
        if task.budget_steps is not None:
            yield ("budget_steps",), "a composite has the budget of its parts: remove it"
    elif task.budget_steps is None:
        yield (
            ("budget_steps",),
            f"is missing: expected the most steps of an attempt, 1 to {MAX_CHAIN_STEPS}",
        )
