"""What a check found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["ok", "warning", "refused"]
Value = float | int | str | bool | None


@dataclass(frozen=True)
class CheckResult:
    """One check. A warning and a refusal say what to do."""

    name: str  # camera.static.stream, arm.rest, ...: the same in every run
    level: Level
    sentence: str
    values: Mapping[str, Value] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "name": self.name,
            "level": self.level,
            "sentence": self.sentence,
            "values": dict(self.values),
        }


# What may be said of one thing, each with its level: the first that holds is said.
Findings = Iterator[tuple[Level, str]]


def first_finding(name: str, findings: Findings, values: Mapping[str, Value]) -> CheckResult:
    """Return the check whose level and sentence are the first of ``findings``."""
    level, sentence = next(findings)
    return CheckResult(name, level, sentence, values)


@dataclass(frozen=True)
class PreflightReport:
    """All checks, in the order in which a person would go through them."""

    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """True when nothing refuses; warnings pass."""
        return not self.refusals

    @property
    def refusals(self) -> tuple[CheckResult, ...]:
        """The checks that refuse."""
        return tuple(r for r in self.results if r.level == "refused")

    @property
    def warnings(self) -> tuple[CheckResult, ...]:
        """The checks that warn."""
        return tuple(r for r in self.results if r.level == "warning")

    def without(self, *names: str) -> PreflightReport:
        """Return the report without the checks of these names."""
        return PreflightReport(tuple(r for r in self.results if r.name not in names))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {"passed": self.passed, "results": [r.as_dict() for r in self.results]}
