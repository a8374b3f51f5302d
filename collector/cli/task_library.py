"""The task library that a command uses: of this folder, else of this software."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from collector.cli.catalogue_access import fail

if TYPE_CHECKING:
    from collector.tasks.library import TaskLibrary

TASKS = Path("launch/tasks")


def library_folder(folder: Path | None) -> Path:
    """Return the folder that was named, else the library's of this folder or this software."""
    if folder is not None:
        return folder
    return TASKS if TASKS.is_dir() else Path(__file__).resolve().parents[2] / TASKS


def open_library(folder: Path | None) -> TaskLibrary:
    """Return the library, checked with the simulator's predicates; exits with what is wrong."""
    from collector.simulation.tasks import TASKS as SIMULATED
    from collector.tasks.library import TaskLibraryError, load_library

    try:
        return load_library(library_folder(folder), SIMULATED)
    except TaskLibraryError as error:
        raise fail(str(error), 1) from error
