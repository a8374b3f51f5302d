"""A station whose gates open after two attempts, at the three quickest tasks."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from running_station import RunningStation

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.database import catalogue_file
from collector.clock import SystemClock
from collector.station.description import SHIPPED_TASKS
from collector.station.simulated import describe_simulated_station

PIN = "4711"
TASKS = ("press_switch", "open_drawer", "close_drawer")
# Practice opens a task after two attempts; blocks are short, so that tasks change.
SECTIONS = {
    "operator_policy": {"window": 4, "min_attempts": 2, "threshold": 0.5},
    "workflow": {
        "tasks": "tasks",
        "block": [1, 1],
        "practice_block": 2,
        "types_per_session": 3,
        "countdown_s": 0.5,
    },
}


def described_station(folder: Path, domain_id: int) -> RunningStation:
    """Return the station below ``folder``, described and not started."""
    running = RunningStation(folder, domain_id)
    describe_simulated_station(running.description, "data", sections=SECTIONS)
    tasks = folder / "tasks"
    tasks.mkdir()
    for name in TASKS:
        shutil.copy(SHIPPED_TASKS / f"{name}.yaml", tasks)
    return running


def open_catalogue(station: RunningStation) -> Catalogue:
    """Open the station's catalogue, made where there is none."""
    return Catalogue.open(catalogue_file(station.data), SystemClock(), random.Random(1))


def add_operator(station: RunningStation, folder: Path) -> str:
    """Add an operator with PIN and consent; return the pseudonym."""
    station.data.mkdir()
    consent = folder / "consent.txt"
    consent.write_text("scripted: no person is recorded", encoding="utf-8")
    with open_catalogue(station) as catalogue:
        known = catalogue.add_operator(PIN).operator_id
        catalogue.give_consent(known, consent, "recording")
    return known
