"""`collector demo`: the simulated station, driven by a scripted operator, end to end."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from collector.clock import SystemClock
from collector.episode.reader import EpisodeSummary, read_summary
from collector.episode.verification import verify
from collector.station.bringup import Bringup, bring_up, default_launch_file
from collector.station.description import (
    CameraDescription,
    Station,
    StationError,
    load_station,
)
from collector.station.launch_file import LaunchError
from collector.station.ros_domain import claim_domain
from collector.station.shared_memory import remove_orphaned_segments
from collector.station.simulated import ScriptedSession, describe_simulated_station
from collector.station.supervisor import Supervisor, SupervisorEvent

EPILOG = """
Examples:

  collector demo

  collector demo --episodes 3 --tasks open_drawer,close_drawer,press_switch

  collector demo --cameras recorded

  collector demo --workflow

  collector demo --json | jq .episodes[].path
"""
FOOTAGE_S = 40.0


class Cameras(str, Enum):
    """Where the demo's pictures come from."""

    SIMULATED = "simulated"
    RECORDED = "recorded"


@dataclass(frozen=True)
class Plan:
    """What the demo's scripted session is to do."""

    tasks: tuple[str, ...]
    episodes: int
    seed: int
    fail_share: float


def demo(
    *,
    episodes: Annotated[
        int | None,
        typer.Option(
            "--episodes",
            "-n",
            min=1,
            help="How many episodes to record: 6, or 4 an operator with --workflow.",
            show_default=False,
        ),
    ] = None,
    workflow: Annotated[
        bool,
        typer.Option(
            "--workflow",
            help="Three scripted operators practise (in simulated time) and collect, led by the "
            "session: gates open, close and open again.",
        ),
    ] = False,
    tasks: Annotated[
        str,
        typer.Option(
            help="Tasks to take turns, separated by commas; by default one of each type.",
            show_default=False,
        ),
    ] = "",
    cameras: Annotated[
        Cameras,
        typer.Option(
            help="simulated: drawn live. recorded: first records two RealSense files from the "
            "simulator, then streams them through the real RealSense library."
        ),
    ] = Cameras.SIMULATED,
    data: Annotated[Path, typer.Option(help="Where episodes, logs and calibrations go.")] = Path(
        "data"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Draws layouts and the operator's noise.")] = 1,
    fail_share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of attempts that fail on purpose.")
    ] = 0.15,
    as_json: Annotated[bool, typer.Option("--json", help="Print the episodes as JSON.")] = False,
) -> None:
    """Record episodes on the simulated station: nobody and nothing else is needed.

    Starts the whole ROS 2 graph around a PyBullet arm, lets a scripted operator perform
    tasks through the teleoperation path, and seals an episode of each attempt. Exit code
    0: all were recorded and verify; 1: not all; 2: it cannot begin; 130: interrupted.
    """
    if workflow:
        from collector.cli.workflow_demo import run_workflow_demo

        raise typer.Exit(run_workflow_demo(data, episodes or 4, seed, as_json))
    console = Console(stderr=as_json, highlight=False)
    episodes = episodes or 6
    plan = Plan(_chosen_tasks(tasks), episodes, seed, fail_share)
    try:
        station_path = _describe_station(data.absolute(), cameras, seed, console)
        bringup = _bring_up(station_path)
        bringup.log_folder.mkdir(parents=True)
    except (StationError, LaunchError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(
            f"{error.filename or data} cannot be written: {error.strerror}: "
            "choose another folder with --data"
        )
    try:
        reports = _run(bringup, plan, console)
    except KeyboardInterrupt:
        console.print("interrupted; what was recorded is kept:", soft_wrap=True)
        console.print(f"collector episodes list --root {data}", soft_wrap=True)
        raise typer.Exit(130) from None
    summaries = [read_summary(Path(report["path"])) for report in reports]
    problems = {s.episode_id: [str(p) for p in verify(s.path)] for s in summaries}
    sheet = data.absolute() / "contact_sheets" / f"{_run_name(bringup)}.png"
    if summaries:
        # Plotting takes a second to load: only when there is something to draw.
        from collector.episode.contact_sheet import draw

        sheet.parent.mkdir(parents=True, exist_ok=True)
        draw(summaries[0].path, sheet)
    if as_json:
        _print_json(bringup, summaries, problems, sheet)
    else:
        _print(console, bringup, summaries, problems, sheet)
    whole = len(summaries) == episodes and not any(problems.values())
    raise typer.Exit(0 if whole else 1)


def _refuse(sentence: str) -> None:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)


def _chosen_tasks(text: str) -> tuple[str, ...]:
    from collector.simulation.tasks import TASKS, UnknownTask, find_task

    if not text:
        first_of_type = {task.task_type: task.id for task in reversed(TASKS.values())}
        return tuple(task_id for task_id in TASKS if task_id in first_of_type.values())
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    try:
        for name in names:
            find_task(name)
    except UnknownTask as error:
        _refuse(str(error))
    if not names:
        _refuse(f"--tasks names no task: choose some of {', '.join(TASKS)}")
    return names


def _describe_station(data: Path, cameras: Cameras, seed: int, console: Console) -> Path:
    """Write the demo's station description into the data folder and return its path."""
    path = data / "demo_station.yaml"
    describe_simulated_station(path, ".")
    if cameras is Cameras.RECORDED:
        simulated = load_station(path).cameras
        recorded = {name: _recorded_camera(name, camera) for name, camera in simulated.items()}
        describe_simulated_station(path, ".", recorded)
        _record_footage(load_station(path), data / "footage", seed, console)
    return path


def _recorded_camera(name: str, camera: CameraDescription) -> dict[str, Any]:
    return {
        "backend": "realsense",
        "recording": f"footage/{name}.db3",
        "loop": True,
        "width": camera.width,
        "height": camera.height,
        "fps": camera.fps,
        # A folder of its own: the recorded camera is another device than the simulated.
        "calibration": f"calibration/recorded/{name}.yaml",
    }


def _record_footage(station: Station, folder: Path, seed: int, console: Console) -> None:
    from collector.simulation.footage import record_footage, rehearse_states

    fps = station.cameras["static"].fps
    states = rehearse_states(FOOTAGE_S, fps, seed)
    with _progress(console) as progress:
        bar = progress.add_task("recording RealSense files", total=len(states) * 2)
        record_footage(
            folder,
            station.cameras,
            {name: station.calibration_path(name) for name in station.cameras},
            states,
            on_frame=lambda: progress.advance(bar),
        )


def _bring_up(station_path: Path) -> Bringup:
    # A domain of its own: a demo must never speak to the arm of a station that runs here.
    environment = {"ROS_DOMAIN_ID": str(claim_domain()), **os.environ}
    return bring_up(default_launch_file(), {"station": str(station_path)}, environment)


def _run(bringup: Bringup, plan: Plan, console: Console) -> list[dict[str, Any]]:
    """Run the station and the session; return the session's reports of whole attempts."""
    events: list[SupervisorEvent] = []
    remove_orphaned_segments(SystemClock())
    reports = []
    with (
        Supervisor(bringup.launch.processes, bringup.log_folder, events.append, echo=False),
        ScriptedSession(
            bringup,
            tasks=list(plan.tasks),
            episodes=plan.episodes,
            seed=plan.seed,
            fail_share=plan.fail_share,
        ) as session,
        _progress(console) as progress,
    ):
        bar = progress.add_task("starting the station", total=plan.episodes)
        for report in session.reports():
            if "lost" in report:
                console.print(f"attempt {report['attempt']} is repeated: {report['lost']}")
                continue
            reports.append(report)
            progress.update(bar, completed=len(reports), description=report["task_id"])
        if len(reports) < plan.episodes:
            console.print(
                session.end()[1].rstrip() or "too many attempts were lost: the session gave up"
            )
    for event in events:
        if event.kind == "died":
            console.print(f"{event}; see {bringup.log_folder}")
    return reports


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<26}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def _run_name(bringup: Bringup) -> str:
    return bringup.log_folder.name


def _print_json(
    bringup: Bringup,
    summaries: Sequence[EpisodeSummary],
    problems: Mapping[str, list[str]],
    sheet: Path,
) -> None:
    episodes = [{**s.as_dict(), "problems": problems[s.episode_id]} for s in summaries]
    result = {"episodes": episodes, "contact_sheet": str(sheet), "logs": str(bringup.log_folder)}
    typer.echo(json.dumps(result, indent=2))


def _print(
    console: Console,
    bringup: Bringup,
    summaries: Sequence[EpisodeSummary],
    problems: Mapping[str, list[str]],
    sheet: Path,
) -> None:
    if not summaries:
        console.print(
            f"no episode was recorded; the nodes' logs are in {bringup.log_folder}", soft_wrap=True
        )
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("task", no_wrap=True)
    table.add_column("steps", justify="right")
    table.add_column("time", justify="right")
    table.add_column("success")
    table.add_column("max skew", justify="right")
    table.add_column("gaps", justify="right")
    table.add_column("size", justify="right")
    table.add_column("verifies")
    for s in summaries:
        skews = " / ".join(f"{skew_ns / 1e6:.0f}" for skew_ns in s.max_skew_ns.values())
        table.add_row(
            s.task_id,
            str(s.steps),
            f"{s.duration_s:.1f} s",
            {1: "yes", 0: "no"}.get(s.success, "-"),
            f"{skews} ms",
            str(s.gaps),
            f"{s.bytes / 1e6:.1f} MB",
            "; ".join(problems[s.episode_id]) or "yes",
        )
    console.print(table)
    console.print(f"max skew: {' / '.join(summaries[0].max_skew_ns)} camera", style="dim")
    console.print()
    console.print(f"episodes       {summaries[0].path.parent}", soft_wrap=True)
    console.print(f"contact sheet  {sheet}", soft_wrap=True)
    console.print(f"logs           {bringup.log_folder}", soft_wrap=True)
    console.print("look closer    collector episodes show latest", soft_wrap=True)
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        console.print(
            "watch live     collector station, and in a second terminal: collector console"
        )
