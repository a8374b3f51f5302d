"""`collector episodes`: list, show, verify, recover and draw what was recorded."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collector.episode.reader import EpisodeReader, EpisodeSummary
    from collector.episode.verification import Problem

EPILOG = """
Examples:

  collector episodes list

  collector episodes show latest

  collector episodes verify --root /data/station-3

  collector episodes list --json | jq '.[] | select(.gaps > 0) | .path'

Exit codes: 0 fine, 1 problems were found, 2 bad usage.
"""

DATA = Path("data")
PROBLEMS = 1
BAD_USAGE = 2
WIDE = 120  # columns from which a table shows all it has

OUTCOME_STYLES = {
    "success": "green",
    "failure": "yellow",
    "unlabelled": "cyan",
    "discarded": "dim",
    "interrupted": "magenta",
    "recording": "bold cyan",
}

app = typer.Typer(
    help="List, check, recover and draw recorded episodes.",
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _existing(root: Path) -> Path:
    # A wrong or unmounted folder must not pass for one in which all is well.
    if root != DATA and not root.is_dir():
        raise _fail(f"There is no folder {root}: name the data folder with --root.")
    return root


Root = Annotated[
    Path,
    typer.Option(
        "--root", "-r", callback=_existing, help="Data folder: the one that holds `episodes/`."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
Name = Annotated[
    str, typer.Argument(help="Id or its beginning, folder, or `latest`.", metavar="EPISODE")
]


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _fail(message: str) -> typer.Exit:
    Console(stderr=True).print(Text(message, style="red"))
    return typer.Exit(BAD_USAGE)


def _resolve(root: Path, name: str) -> Path:
    """Return the one folder that ``name`` means; exits with 2 when there is none or several."""
    from collector.episode.reader import find_episodes

    given = Path(name)
    if given.is_dir() and (given / "episode.h5").exists():
        return given.resolve()
    found = find_episodes(root)
    if name == "latest":
        if not found.sealed:
            raise _fail(f"There is no sealed episode in {root}: name another --root.")
        return found.sealed[-1]
    fitting = [path for path in (*found.sealed, *found.partial) if path.name.startswith(name)]
    if not fitting:
        raise _fail(f"There is no episode {name!r} in {root}: see `collector episodes list`.")
    if len(fitting) > 1:
        raise _fail(f"{name!r} means {len(fitting)} episodes: give more of the id.")
    return fitting[0]


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def _outcome(outcome: str) -> Text:
    return Text(outcome, style=OUTCOME_STYLES.get(outcome, "red"))


def _count(count: int) -> Text:
    return Text(str(count), style="yellow" if count else "dim")


@app.command(name="list", epilog="Example:  collector episodes list --root /data/station-3")
def list_episodes(root: Root = DATA, as_json: AsJson = False) -> None:
    """List every episode, oldest first: sealed, open, orphaned and refused."""
    from collector.episode.folders import is_live
    from collector.episode.reader import EpisodeError, find_episodes, read_summary

    found = find_episodes(root)
    rows: list[EpisodeSummary] = []
    broken: list[tuple[Path, str]] = []
    for path in sorted((*found.sealed, *found.partial), key=lambda path: path.name):
        try:
            rows.append(read_summary(path))
        except EpisodeError as error:
            broken.append((path, str(error)))
    refused = [(path, _reason(path)) for path in found.refused]
    if as_json:
        values = [row.as_dict() for row in rows]
        values += [
            {"path": str(path), "state": "live" if is_live(path) else "damaged", "reason": reason}
            for path, reason in broken
        ]
        values += [
            {"path": str(path), "state": "refused", "reason": reason} for path, reason in refused
        ]
        _print_json(values)
    else:
        _print_list(root, rows, broken, refused)
    if broken:
        raise typer.Exit(PROBLEMS)


def _reason(path: Path) -> str:
    from collector.episode.folders import REASON_FILE

    try:
        return (path / REASON_FILE).read_text(encoding="utf-8").strip()
    except OSError:
        return "no reason was written"


def _print_list(
    root: Path,
    rows: list[EpisodeSummary],
    broken: list[tuple[Path, str]],
    refused: list[tuple[Path, str]],
) -> None:
    console = Console()
    if not rows and not broken and not refused:
        console.print(f"There is no episode in {root}. Record one: [bold]collector demo[/bold]")
        return
    if rows:
        console.print(_list_table(rows, console.width >= WIDE))
        seconds = sum(row.duration_s for row in rows)
        total = sum(row.bytes for row in rows)
        plural = "s" if len(rows) > 1 else ""
        console.print(
            f"[dim]{len(rows)} episode{plural}, {seconds / 60:.1f} min, {_size(total)}[/dim]"
        )
    for path, reason in (*broken, *refused):
        console.print(Text.assemble((path.name, "red"), "  ", reason))
    if any(row.state == "orphaned" for row in rows) or broken:
        console.print("Orphaned episodes wait for [bold]collector episodes recover[/bold].")


def _list_table(rows: list[EpisodeSummary], wide: bool) -> Table:
    table = Table(box=None, header_style="bold dim", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Episode", no_wrap=True)
    table.add_column("Task", overflow="ellipsis")  # the one that gives way in a narrow terminal
    if wide:
        table.add_column("Phase", no_wrap=True)
        table.add_column("Operator", no_wrap=True)
    table.add_column("Outcome", no_wrap=True)
    if wide:
        table.add_column("Steps", justify="right")
    table.add_column("Time", justify="right", no_wrap=True)
    table.add_column("Gaps", justify="right", no_wrap=True)
    cameras = list(dict.fromkeys(camera for row in rows for camera in row.max_skew_ns))
    if wide:
        for camera in cameras:
            table.add_column(f"Skew {camera}", justify="right", no_wrap=True)
        table.add_column("Clipped", justify="right")
    table.add_column("Size", justify="right", no_wrap=True)
    for row in rows:
        outcome = _outcome(row.outcome if row.state != "orphaned" else "orphaned")
        cells: list[Text | str] = [row.episode_id, row.task_id]
        if wide:
            cells += [row.phase, row.collector_id]
        cells.append(outcome)
        if wide:
            cells.append(str(row.steps))
        cells += [f"{row.duration_s:.1f} s", _count(row.gaps)]
        if wide:
            cells += [_skew(row.max_skew_ns.get(camera)) for camera in cameras]
            cells.append(f"{100 * row.clipped_share:.0f} %")
        cells.append(_size(row.bytes))
        table.add_row(*cells)
    return table


def _skew(skew_ns: int | None) -> str:
    return "" if skew_ns is None else f"{skew_ns / 1e6:.1f} ms"


@app.command(epilog="Example:  collector episodes show latest")
def show(name: Name, root: Root = DATA, as_json: AsJson = False) -> None:
    """Show one episode: what it holds and where it comes from."""
    from collector.episode.reader import EpisodeError, EpisodeReader, read_summary

    path = _resolve(root, name)
    try:
        summary = read_summary(path)
        with EpisodeReader(path) as episode:
            attributes = {key: _plain(value) for key, value in episode.attributes.items()}
            cameras = [_camera_facts(episode, camera) for camera in episode.cameras]
            reasons = list(_gap_lines(episode.gap_reasons()))
    except EpisodeError as error:
        Console(stderr=True).print(Text(str(error), style="red"))
        raise typer.Exit(PROBLEMS) from error
    if as_json:
        _print_json({**summary.as_dict(), "attributes": attributes, "camera_facts": cameras})
        return
    _print_episode(Console(), summary, attributes, cameras, reasons)


def _plain(value: Any) -> Any:
    """Return an HDF5 attribute as JSON takes it."""
    return value.tolist() if hasattr(value, "tolist") else value


def _camera_facts(episode: EpisodeReader, camera: str) -> dict[str, Any]:
    raw = {key: _plain(value) for key, value in episode.file[f"raw/{camera}"].attrs.items()}
    shown = episode.array(f"raw/{camera}/video_frame")
    skews = episode.skews_ns(camera)
    calibration = episode.calibration(camera)
    return {
        **raw,
        "camera": camera,
        "native_frames": len(shown),
        "video_frames": int((shown >= 0).sum()),
        "max_skew_ns": int(abs(skews).max()) if len(skews) else 0,
        "calibration_hash": calibration.content_hash,
        "calibration_date": calibration.date,
        "calibration_residual_px": calibration.residual_px,
    }


def _gap_lines(reasons: Iterable[str]) -> Iterator[str]:
    """Say each run of equal gap reasons once."""
    runs: list[tuple[int, int, str]] = []
    for k, reason in enumerate(reasons):
        if reason and runs and runs[-1][1] == k - 1 and runs[-1][2] == reason:
            runs[-1] = (runs[-1][0], k, reason)
        elif reason:
            runs.append((k, k, reason))
    for first, last, reason in runs:
        steps = f"step {first}" if first == last else f"steps {first}-{last}"
        yield f"{steps}: {reason}"


def _print_episode(
    console: Console,
    summary: EpisodeSummary,
    attributes: dict[str, Any],
    cameras: list[dict[str, Any]],
    reasons: list[str],
) -> None:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    verdict = {1: "success", 0: "failure", -1: "none"}[summary.success_predicate]
    if attributes["predicate_explanation"]:
        verdict += f", {attributes['predicate_explanation']}"
    outcome = _outcome(summary.outcome)
    if summary.end_reason:
        outcome.append(f"  {summary.end_reason}", style="default")
    rows: list[tuple[str, str | Text]] = [
        ("Task", f"{summary.task_id} ({summary.task_type}, {summary.phase})"),
        ("Instruction", summary.instruction or "none"),
        ("Outcome", outcome),
        ("Simulator says", verdict),
        (
            "Length",
            f"{summary.steps} steps, {summary.duration_s:.1f} s at {attributes['rate_hz']:g} Hz",
        ),
        ("Gaps", _count(summary.gaps)),
        ("Clipped", f"{100 * summary.clipped_share:.0f} % of the steps"),
        (
            "Recorded",
            f"{summary.created[:19]}Z by {summary.collector_id}, session {summary.session_id}",
        ),
        ("Consent", attributes["consent"] or "none"),
        ("Station", f"{attributes['station_name']} ({summary.station_id})"),
        ("Software", attributes["software_version"]),
        ("Licence", attributes["licence"] or "none"),
        ("State", f"{summary.state}, {_size(summary.bytes)}"),
        ("Folder", str(summary.path)),
    ]
    for label, value in rows:
        grid.add_row(label, value)
    console.print(Text(summary.episode_id, style="bold"))
    console.print(grid)
    console.print()
    console.print(_camera_table(cameras))
    for camera in cameras:
        if camera.get("video_note"):
            console.print(f"[yellow]{camera['camera']}.mp4: {camera['video_note']}[/yellow]")
    for line in reasons[:20]:
        console.print(Text(line, style="yellow"))
    if len(reasons) > 20:
        console.print(f"[yellow]and {len(reasons) - 20} more gaps[/yellow]")


def _camera_table(cameras: list[dict[str, Any]]) -> Table:
    table = Table(box=None, header_style="bold dim", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Camera", no_wrap=True)
    table.add_column("Device", overflow="fold")
    table.add_column("Stamped by", overflow="fold")
    table.add_column("Frames", justify="right")
    table.add_column("In video", justify="right")
    table.add_column("Max skew", justify="right", no_wrap=True)
    table.add_column("Calibration", no_wrap=True)
    for camera in cameras:
        device = " ".join(str(camera[key]) for key in ("model", "serial") if camera.get(key))
        table.add_row(
            str(camera["camera"]),
            device,
            str(camera.get("stamp_source", "")),
            str(camera["native_frames"]),
            str(camera["video_frames"]),
            _skew(camera["max_skew_ns"]),
            str(camera["calibration_hash"])[:8],
        )
    return table


@app.command(
    epilog="Examples:  collector episodes verify   |   collector episodes verify latest --json"
)
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Ids, folders or `latest`; all sealed ones when none is named.",
            metavar="[EPISODE]...",
        ),
    ] = None,
    root: Root = DATA,
    as_json: AsJson = False,
) -> None:
    """Recompute every digest and check everything an episode promises."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    from collector.episode.reader import find_episodes
    from collector.episode.verification import verify as verify_episode

    paths = [_resolve(root, name) for name in names or []] or list(find_episodes(root).sealed)
    results: list[tuple[Path, list[Problem]]] = []
    errors = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    quiet = as_json or not sys.stderr.isatty()
    with Progress(*columns, console=errors, transient=True, disable=quiet) as progress:
        for path in progress.track(paths, description="Verifying"):
            results.append((path, verify_episode(path)))
    unsound = [(path, problems) for path, problems in results if problems]
    if as_json:
        _print_json(
            [
                {
                    "path": str(path),
                    "ok": not problems,
                    "problems": [{"check": p.check, "message": p.message} for p in problems],
                }
                for path, problems in results
            ]
        )
    else:
        _print_verified(Console(), root, results, unsound)
    if unsound:
        raise typer.Exit(PROBLEMS)


def _print_verified(
    console: Console,
    root: Path,
    results: list[tuple[Path, list[Problem]]],
    unsound: list[tuple[Path, list[Problem]]],
) -> None:
    if not results:
        console.print(f"There is no sealed episode in {root}.")
        return
    for path, problems in unsound:
        console.print(Text(path.name, style="bold red"))
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for problem in problems:
            table.add_row(f"  {problem.check}", Text(problem.message))
        console.print(table)
    sound = len(results) - len(unsound)
    style = "green" if not unsound else "yellow"
    noun = "episode is" if len(results) == 1 else "episodes are"
    console.print(f"[{style}]{sound} of {len(results)} {noun} sound.[/{style}]")


@app.command(epilog="Example:  collector episodes recover --root /data/station-3")
def recover(root: Root = DATA, as_json: AsJson = False) -> None:
    """Seal what a kill left open; what holds nothing moves to `episodes/refused`."""
    from collector.clock import SystemClock
    from collector.episode.recovery import recover as recover_all

    reports = recover_all(root, SystemClock())
    if as_json:
        _print_json([{**report.__dict__, "path": str(report.path)} for report in reports])
    else:
        console = Console()
        if not reports:
            console.print(f"Nothing to recover in {root}.")
        for report in reports:
            mark = Text("recovered", "green") if report.ok else Text("not recovered", "red")
            steps = f"  {report.steps} steps" if report.ok else ""
            console.print(Text.assemble((report.episode_id, "bold"), "  ", mark, steps))
            console.print(Text(f"  {report.reason}\n  {report.path}"))
    if not all(report.ok for report in reports):
        raise typer.Exit(PROBLEMS)


@app.command(epilog="Example:  collector episodes sheet latest --output episode.png")
def sheet(
    name: Name,
    root: Root = DATA,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="PNG to write; <episode>.png if not given."),
    ] = None,
) -> None:
    """Draw both cameras over time with the actions beneath."""
    from collector.episode.contact_sheet import draw
    from collector.episode.format import PARTIAL_SUFFIX
    from collector.episode.reader import EpisodeError

    path = _resolve(root, name)
    target = output or Path(f"{path.name.removesuffix(PARTIAL_SUFFIX)}.png")
    try:
        draw(path, target)
    except EpisodeError as error:
        Console(stderr=True).print(Text(str(error), style="red"))
        raise typer.Exit(PROBLEMS) from error
    except OSError as error:
        raise _fail(f"{target} cannot be written: {error}") from error
    typer.echo(str(target))
