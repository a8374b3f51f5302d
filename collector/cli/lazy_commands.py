"""Commands that are imported when they are asked for.

`collector --help` names every command without importing any, and a library that one command
needs and the environment lacks leaves the others alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class Mounted:
    """A command, or a group of them, that lives in a module of its own.

    ``attribute`` of ``module`` is the command's function, or the group's `typer.Typer`;
    ``summary`` is what the list of commands says of it: the first sentence of its help.
    """

    name: str
    module: str
    attribute: str
    summary: str

    def load(self) -> Any:
        """Import it. Raises ImportError where a library is missing."""
        module = import_module(self.module)
        target = getattr(module, self.attribute)
        holder = typer.Typer()
        if isinstance(target, typer.Typer):
            holder.add_typer(target, name=self.name)
        else:
            holder.command(name=self.name, epilog=getattr(module, "EPILOG", None))(target)
        return typer.main.get_group(holder).commands[self.name]


class _Announced(TyperCommand):
    """What stands for a command until it is asked for."""

    def __init__(self, mounted: Mounted) -> None:
        super().__init__(name=mounted.name, help=mounted.summary)
        self.mounted = mounted


def lazy_group(mounted: Sequence[Mounted]) -> type[TyperGroup]:
    """Return the class of a group whose commands are imported when they are asked for."""

    class LazyGroup(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            for command in mounted:
                self.add_command(_Announced(command), command.name)  # type: ignore[arg-type, unused-ignore]

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            name, command, rest = super().resolve_command(ctx, args)
            if isinstance(command, _Announced):
                return name, command.mounted.load(), rest
            return name, command, rest

    return LazyGroup


OWN_PACKAGES = ("calibration", "collector", "ui")


def run(app: Callable[[], Any]) -> None:
    """Run the command line; a library that is missing ends it with one sentence."""
    try:
        app()
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", *OWN_PACKAGES):
            raise  # a mistake of ours, to be seen
        typer.echo(_sentence(missing, error), err=True)
        raise SystemExit(2) from None


def _sentence(missing: str, error: ImportError) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"{missing} is missing from this environment: run `make setup`"
    return f"{missing} cannot be used in this environment ({error}): run `make setup`"
