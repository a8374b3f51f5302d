"""`collector calibrate`: where the cameras are, what their lenses are, how late their stamps."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import numpy as np
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collector.calibration_result import CalibrationError, CameraCalibration, load_calibration
from collector.cli.calibration_wizard import EPILOG as WIZARD_EPILOG
from collector.cli.calibration_wizard import wizard
from collector.cli.terminal_table import Column, print_table
from collector.clock import NS_PER_S, SystemClock
from collector.station.bringup import Bringup, bring_up, default_launch_file
from collector.station.description import Station, StationError, load_station
from collector.station.launch_file import LaunchError

STYLES = {"ok": "green", "warning": "yellow", "refused": "bold red"}
REFUSED, CANNOT_BEGIN, INTERRUPTED = 1, 2, 130
DAY_NS = 86_400 * NS_PER_S

app = typer.Typer(
    name="calibrate",
    help="Calibrate the cameras: lens, place, delay of the stamps; with their uncertainty.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""
Examples:

  collector calibrate board

  collector calibrate wizard my_station.yaml

  collector calibrate run --camera wrist --drive --square-mm 29.97

  collector calibrate show

  collector calibrate demo
""",
)
app.command(epilog=WIZARD_EPILOG)(wizard)


class Camera(str, Enum):
    """Which camera."""

    STATIC = "static"
    WRIST = "wrist"


class Page(str, Enum):
    """The size of the printed board's page."""

    A4 = "A4"
    A3 = "A3"


StationFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="STATION.yaml",
        help="The station's description, by default the simulated station's.",
        show_default=False,
    ),
]
SquareMm = Annotated[
    float | None,
    typer.Option(
        "--square-mm",
        min=1.0,
        max=1000.0,
        help="The side of a square as measured on the print; by default as it was meant.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]


@app.command()
def board(
    path: Annotated[Path, typer.Argument(help="The PDF file to write.")] = Path("board.pdf"),
    *,
    page: Annotated[Page, typer.Option(help="A4: squares of 30 mm. A3: of 45 mm.")] = Page.A4,
) -> None:
    """Write the calibration board as a PDF page, with a ruler to check the print by.

    Print at 100 %, glue it to something stiff and flat, and measure: what the squares together
    are wide, divided by their number, is what `run --square-mm` asks for.
    """
    from calibration.board import A3_BOARD, A4_BOARD
    from calibration.board_pdf import write_board_pdf

    try:
        write_board_pdf(path, A4_BOARD if page is Page.A4 else A3_BOARD, page.value)
    except OSError as error:
        _refuse(f"{path} cannot be written: {error.strerror}: give another path")
    typer.echo(f"{path}: print at 100 %, and measure the squares")


@app.command()
def run(
    station: StationFile = None,
    *,
    camera: Annotated[Camera, typer.Option(help="Which camera.", show_default=False)],
    drive: Annotated[
        bool,
        typer.Option(
            "--drive", help="Let the arm move through proposed poses; else move it by hand."
        ),
    ] = False,
    square_mm: SquareMm = None,
    page: Annotated[Page, typer.Option("--board", help="Which board.")] = Page.A4,
    person: Annotated[str, typer.Option(help="Who calibrates; kept with the result.")] = "",
    views: Annotated[
        int, typer.Option(min=0, max=200, help="How many views or poses; 0: as many as it takes.")
    ] = 0,
    speed: Annotated[
        float, typer.Option(min=0.01, max=0.25, help="How fast the arm drives, m/s.")
    ] = 0.1,
    robot_mm: Annotated[
        float, typer.Option(min=0.001, max=10.0, help="The arm's repeatability, mm an axis.")
    ] = 0.5,
    robot_deg: Annotated[
        float, typer.Option(min=0.001, max=5.0, help="The arm's repeatability, degrees an axis.")
    ] = 0.1,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: move, and accept what is not refused.")
    ] = False,
    domain_id: Annotated[
        int | None,
        typer.Option("--domain-id", min=0, max=232, help="The station's ROS domain."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Calibrate a camera of a running station.

    static: the gripper holds the board. wrist: the board lies where the camera sees it. Asks
    before the arm moves, and before the result is put in place; Ctrl-C stops the arm and leaves
    everything as it was. Older calibrations are kept.

    Exit code 0: put in place; 1: refused or discarded; 2: it cannot begin.
    """
    if importlib.util.find_spec("rclpy") is None:
        _refuse("calibrating needs ROS 2: run make setup, or source a ROS 2 installation")
    bringup = _bring_up(station, domain_id)
    console = Console(stderr=as_json, highlight=False)
    said: dict[str, Any] = {}
    try:
        done = _lead(
            console,
            bringup,
            said,
            yes,
            camera=camera.value,
            drive=drive,
            square_m=0.0 if square_mm is None else square_mm / 1e3,
            board=page.value,
            person=person,
            poses=views,
            views=0 if drive else views,
            speed_m_s=speed,
            robot_sigma_m=robot_mm / 1e3,
            robot_sigma_rad=float(np.deg2rad(robot_deg)),
        )
    except KeyboardInterrupt:
        console.print("interrupted: the arm is let go, and everything is as it was")
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps(said, indent=2, ensure_ascii=False))
    raise typer.Exit(0 if done else REFUSED)


def _lead(
    console: Console, bringup: Bringup, said: dict[str, Any], yes: bool, **parameters: Any
) -> bool:
    from collector.cli.calibration_process import CalibrationProcess

    done = False
    with (
        CalibrationProcess(bringup, **parameters) as process,
        console.status("looking for the station ...") as status,
    ):

        def ask(question: str) -> None:
            status.stop()
            process.answer(yes or typer.confirm(question, err=True))
            status.start()

        for event in process.events():
            kind = event.pop("event")
            if kind == "proposed":
                console.print(f"the arm would move through {len(event['poses'])} poses")
                ask("Clear the workspace and keep a hand on the stop. May the arm move?")
            elif kind == "progress":
                sigma = event["progress"].get("sigma_m")
                known = "" if sigma is None else f"  ± {1e3 * sigma:.2f} mm"
                status.update(Text(f"{event['views']} views{known}  {event['sentence']}"))
            elif kind == "solved":
                said.update(event)
                print_findings(console, event["findings"])
                if event["report"]:
                    console.print(f"report: {event['report']}", soft_wrap=True)
                if event["ok"]:
                    ask("Put this calibration in place?")
                else:
                    console.print(Text(event["message"], STYLES["refused"]))
            elif kind == "decided":
                said["decided"] = event
                done = bool(event["ok"] and event["path"])
                console.print(event["message"] + (f" {event['path']}" if done else ""))
            else:
                said["message"] = event["message"]
                console.print(Text(event["message"], STYLES["refused"]), soft_wrap=True)
    return done


@app.command()
def solve(
    folder: Annotated[Path, typer.Argument(help="A folder of captured views.")],
    *,
    square_mm: SquareMm = None,
    as_json: AsJson = False,
) -> None:
    """Solve captured views again: no station and no ROS is needed.

    Detects the board anew, calibrates, judges, and writes candidate.yaml and report.html into
    the folder. Exit code 0: usable; 1: refused.
    """
    from calibration.observation import ObservationError
    from calibration.report import write_report
    from calibration.result import store
    from calibration.solution import solve as solve_views
    from calibration.view_folder import FolderError, load_views
    from collector.version import software_version

    try:
        captured = load_views(folder, None if square_mm is None else square_mm / 1e3)
        solution = solve_views(captured, software_version())
        write_report(solution, folder / "report.html")
        if solution.ok and solution.calibration is not None:
            named = solution.calibration.model_copy(update={"name": folder.resolve().name})
            store(named, folder / "candidate.yaml")
    except (FolderError, ObservationError, CalibrationError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename or folder} cannot be written: {error.strerror}")
    console = Console(stderr=as_json, highlight=False)
    findings = [
        {"name": f.code, "level": f.level, "sentence": f.text} for f in solution.verdict.findings
    ]
    if as_json:
        found = solution.calibration
        typer.echo(
            json.dumps(
                {
                    "ok": solution.ok,
                    "findings": findings,
                    "calibration": None if found is None else found.as_dict(),
                },
                indent=2,
            )
        )
    else:
        print_findings(console, findings)
        console.print(f"report: {folder / 'report.html'}", soft_wrap=True)
    raise typer.Exit(0 if solution.ok else REFUSED)


@app.command()
def show(station: StationFile = None, *, as_json: AsJson = False) -> None:
    """Show the calibrations in force and the ones before them, with uncertainty and age."""
    from calibration.result import history

    try:
        described = load_station(_station_path(station))
    except StationError as error:
        _refuse(str(error))
    rows: list[dict[str, Any]] = []
    for name in described.cameras:
        path = described.calibration_path(name)
        for place, older in [(path, False), *((p, True) for p in history(path))]:
            rows.append(_row(described, name, place, older))
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    columns = [
        Column("Camera"),
        Column("Measured"),
        Column("Age", number=True),
        Column("Place ±", number=True),
        Column("Turn ±", number=True),
        Column("Focal ±", number=True, optional=True),
        Column("Delay", number=True),
        Column("By", gives_way=True),
    ]
    console = Console(highlight=False)
    print_table(
        console,
        columns,
        [[Text(cell, "dim" if row["older"] else "") for cell in _cells(row)] for row in rows],
    )
    for row in rows:
        if row["problem"]:
            console.print(Text(row["problem"], STYLES["refused"]), soft_wrap=True)


@app.command()
def demo(
    *,
    data: Annotated[Path, typer.Option(help="Where views, reports and calibrations go.")] = Path(
        "data/calibration_demo"
    ),
    cameras: Annotated[
        str, typer.Option(help="Which cameras, separated by commas.")
    ] = "static,wrist",
    views: Annotated[int, typer.Option(min=8, max=60, help="Views a camera.")] = 34,
    seed: Annotated[int, typer.Option(min=0, help="Draws the imperfect cameras.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Calibrate both simulated cameras, whose truth is known: nobody and nothing else is needed.

    Lenses, places and delays of the cameras depart from what the station knows. The arm drives
    itself over ROS, pictures are rendered, and the estimate is compared with the truth.

    Exit code 0: every value is within its target and its uncertainty covers the error.
    """
    from collector.cli.calibration_demo import run_calibration_demo

    wanted = tuple(name.strip() for name in cameras.split(",") if name.strip())
    known = [camera.value for camera in Camera]
    if not wanted or any(name not in known for name in wanted):
        _refuse(f"--cameras {cameras}: choose of {', '.join(known)}")
    try:
        good = run_calibration_demo(data.absolute(), wanted, views, seed, as_json)
    except (StationError, LaunchError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"{error.filename or data} cannot be written: {error.strerror}")
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from None
    raise typer.Exit(0 if good else REFUSED)


def print_findings(console: Console, findings: Sequence[Mapping[str, str]]) -> None:
    """Print what was found out about a calibration, the worst first."""
    order = list(STYLES)[::-1]
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for finding in sorted(findings, key=lambda f: order.index(f["level"])):
        table.add_row(Text(finding["level"], STYLES[finding["level"]]), Text(finding["sentence"]))
    console.print(table)


def _row(station: Station, camera: str, path: Path, older: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"camera": camera, "path": str(path), "older": older, "problem": ""}
    try:
        found = load_calibration(path)
    except CalibrationError as error:
        return {**row, "problem": str(error)}
    return {**row, **_figures(found)}


def _figures(found: CameraCalibration) -> dict[str, Any]:
    sigma_m = sigma_rad = focal = None
    if found.covariance is not None:
        variances = np.diag(np.array(found.covariance))
        sigma_m, sigma_rad = (float(np.sqrt(np.sum(v))) for v in (variances[:3], variances[3:]))
    if found.intrinsics_covariance is not None:
        focal = float(np.sqrt(found.intrinsics_covariance[0][0]) / found.fx)
    return {
        "name": found.name,
        "method": found.method,
        "person": found.person,
        "date": found.date,
        "age_days": _age_days(found.date),
        "sigma_m": sigma_m,
        "sigma_rad": sigma_rad,
        "focal_sigma_share": focal,
        "delay_s": found.delay_s,
        "delay_sigma_s": found.delay_sigma_s,
    }


def _age_days(date: str) -> float | None:
    try:
        when = datetime.fromisoformat(date.replace("Z", "+00:00"))
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return (SystemClock().now_ns() - when.timestamp() * NS_PER_S) / DAY_NS


def _cells(row: Mapping[str, Any]) -> list[str]:
    if row["problem"]:
        return [row["camera"], "-", "", "", "", "", "", ""]

    def number(key: str, factor: float, text: str) -> str:
        value = row[key]
        return "-" if value is None else text.format(factor * value)

    return [
        "  before" if row["older"] else row["camera"],
        row["date"][:16].replace("T", " ") or row["method"],
        number("age_days", 1.0, "{:.1f} d"),
        number("sigma_m", 1e3, "{:.2f} mm"),
        number("sigma_rad", 180.0 / np.pi, "{:.3f}°"),
        number("focal_sigma_share", 100.0, "{:.2f} %"),
        number("delay_s", 1e3, "{:.1f} ms"),
        row["person"],
    ]


def _station_path(station: Path | None) -> Path:
    if station is not None:
        return station
    return default_launch_file().parent / "stations" / "simulated.yaml"


def _bring_up(station: Path | None, domain_id: int | None) -> Bringup:
    arguments = {} if station is None else {"station": str(station)}
    if domain_id is not None:
        arguments["domain_id"] = str(domain_id)
    try:
        return bring_up(default_launch_file(), arguments)
    except (StationError, LaunchError) as error:
        _refuse(str(error))


def _refuse(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise typer.Exit(CANNOT_BEGIN)
