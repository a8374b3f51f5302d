"""`collector replay`: do an episode's actions lead where they led?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from collector.episode.reader import EpisodeError, EpisodeReader

EPILOG = """
Examples:

  collector replay data/episodes/2026-11-24/*

  collector replay --json EPISODE | jq .[].max_error_mm
"""
NEAR_M = 0.005


def replay(
    episodes: Annotated[list[Path], typer.Argument(help="Folders of episodes.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Execute the recorded actions in the simulator, from the episode's first state.

    Exit code 0: every path was followed within 5 mm and ended as recorded; 1: one was
    not; 2: one cannot be replayed.
    """
    results, refused = [], False
    for path in episodes:
        try:
            results.append(_replay(path))
        except ReplayRefused as error:
            refused = True
            typer.echo(str(error), err=True)
    if as_json:
        typer.echo(json.dumps(results, indent=2))
    elif results:
        _print(results)
    if refused:
        raise typer.Exit(2)
    raise typer.Exit(0 if all(r["followed"] and r["same_outcome"] for r in results) else 1)


class ReplayRefused(Exception):
    """The episode cannot be replayed; the message says why."""


def _replay(path: Path) -> dict[str, Any]:
    from collector.simulation import replay as simulation
    from collector.simulation.world import WorldError

    try:
        with EpisodeReader(path) as episode:
            initial_state = episode.simulation("initial_state_json")
            if not initial_state:
                raise EpisodeError(f"{path} was not recorded in the simulator: no state to start")
            gaps = np.flatnonzero(episode.array("is_gap"))
            if len(gaps):
                raise EpisodeError(f"{path.name}: step {gaps[0]} is a gap, its action is not known")
            result = simulation.replay(
                initial_state,
                episode.array("actions"),
                episode.array("observations/target_pose")[0],
                float(episode.attributes["rate_hz"]),
                episode.array("observations/ee_pose")[:, :3],
            )
            recorded = int(episode.attributes["success_predicate"])
            task_id = str(episode.attributes["task_id"])
    except (EpisodeError, simulation.ReplayError, WorldError) as error:
        raise ReplayRefused(str(error)) from error
    return {
        "episode": path.name,
        "task_id": task_id,
        "max_error_mm": round(1000 * result.max_error_m, 2),
        "mean_error_mm": round(1000 * result.mean_error_m, 2),
        "followed": result.max_error_m <= NEAR_M,
        "recorded_success": recorded == 1,
        "replayed_success": result.success,
        "same_outcome": result.success == (recorded == 1),
        "explanation": result.explanation,
    }


def _print(results: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("episode", no_wrap=True)
    table.add_column("task", no_wrap=True)
    table.add_column("error", justify="right", no_wrap=True)
    table.add_column("recorded")
    table.add_column("replayed")
    word = {True: "success", False: "failure"}
    for r in results:
        table.add_row(
            r["episode"],
            r["task_id"],
            f"{r['max_error_mm']:.1f} mm",
            word[r["recorded_success"]],
            word[r["replayed_success"]],
        )
    Console(highlight=False).print(table)
