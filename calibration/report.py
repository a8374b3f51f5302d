"""The report of a calibration: one HTML file that needs nothing else, to read and to keep."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from calibration import report_figures as figures
from calibration.adjustment import Adjustment
from calibration.kinematic_chain import holder_frame, parent_frame
from calibration.result import Comparison, compare
from calibration.solution import Solution
from calibration.verdict import SYSTEMATIC
from collector.calibration_result import CalibrationError, CameraCalibration
from collector.geometry import Pose, inverse

LEVELS = {"refused": "Refused", "warning": "Usable, with warnings", "ok": "Good"}
_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1f2933;
  max-width: 46rem; margin: 2.5rem auto 5rem; padding: 0 1.25rem; background: #fff; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .6rem; border-top: 1px solid #dfe3e8;
  padding-top: 1.4rem; }
p { margin: .5rem 0; } .quiet { color: #616e7c; font-size: .9rem; }
img { width: 100%; height: auto; display: block; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: #616e7c; font-size: .82rem; }
td, th { padding: .32rem .9rem .32rem 0; border-bottom: 1px solid #edf0f3;
  vertical-align: top; }
table.wide td, table.wide th { font-size: .78rem; padding-right: .45rem; }
td.n, th.n { text-align: right; white-space: nowrap; }
code { font: .92em ui-monospace, "DejaVu Sans Mono", monospace; }
.badge { display: inline-block; padding: .1rem .6rem; border-radius: 999px; font-size: .82rem;
  font-weight: 600; color: #fff; }
.ok { background: #00795a; } .warning { background: #a45a00; } .refused { background: #b3261e; }
.facts { display: grid; grid-template-columns: repeat(4, 1fr); gap: .75rem; margin: 1.4rem 0 0; }
.fact { background: #f4f6f8; border-radius: .5rem; padding: .7rem .9rem; }
.fact b { display: block; font-size: 1.15rem; white-space: nowrap; }
.fact span { color: #616e7c; font-size: .82rem; }
ul.findings { list-style: none; padding: 0; } ul.findings li { display: flex; gap: .8rem;
  padding: .45rem 0; border-bottom: 1px solid #edf0f3; }
ul.findings .badge { flex: none; width: 4.6rem; text-align: center; align-self: flex-start;
  padding: .1rem 0; }
aside { background: #fff7e6; border-left: 4px solid #e8a33d; padding: .6rem 1rem;
  margin: 1rem 0; border-radius: 0 .4rem .4rem 0; }
@media (max-width: 36rem) { .facts { grid-template-columns: repeat(2, 1fr); } }
@media print { body { margin: 0 auto; } h2 { break-after: avoid; } img { break-inside: avoid; } }
"""


def write_report(solution: Solution, path: Path, before: CameraCalibration | None = None) -> None:
    """Write the report of ``solution`` to ``path``; ``before``: the calibration in force.

    Raises OSError when it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report_html(solution, before), encoding="utf-8")


def report_html(solution: Solution, before: CameraCalibration | None = None) -> str:
    """Return the report as one HTML page with its pictures in it."""
    captured = solution.captured
    title = f"Calibration of the {captured.camera} camera"
    level = solution.verdict.level if solution.calibration is not None else "refused"
    where = f"{len(captured.views)} views, {captured.date or 'undated'}"
    who = f", by {captured.person}" if captured.person else ""
    device = f", device {captured.serial}" if captured.serial else ""
    parts = [
        f"<h1>{_text(title)}</h1>",
        f'<p><span class="badge {level}">{LEVELS[level]}</span> '
        f'<span class="quiet">{_text(where + who + device)}</span></p>',
        _facts(solution),
        "<h2>What was found</h2>",
        _findings(solution),
    ]
    adjustment = solution.examination.adjustment
    if adjustment is not None:
        parts += _transforms(solution, adjustment)
        parts += _lens(solution, adjustment)
        parts += _residuals(solution, adjustment)
    parts += _coverage(solution)
    if solution.examination.held_out is not None:
        held = solution.examination.held_out
        parts += [
            "<h2>Views that were held out</h2>",
            "<p>The views farthest from the others took no part in a second fit, which had to "
            "predict them. They are judged by the noise of this arm and this fit, not by a fixed "
            "number of pixels.</p>",
            _image(figures.draw_held_out(held), "RMS of held-out views, seen and expected"),
            f'<p class="quiet">All together {held.rms_px:.2f} px, expected '
            f"{held.expected_rms_px:.2f} px; chance of a worse one by noise alone "
            f"{held.p_value:.2g}. They lie {held.difference:.1f} times as far from the middle as "
            "those of the fit.</p>",
        ]
    if before is not None and solution.calibration is not None:
        parts += _against(solution.calibration, before)
    parts += _board(solution)
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def report_figures(solution: Solution) -> dict[str, Any]:
    """Return every picture of the report by name, to look at them one by one."""
    drawn: dict[str, Any] = {}
    captured, adjustment = solution.captured, solution.examination.adjustment
    if adjustment is not None:
        drawn["frames"] = _frames(solution, adjustment)
        drawn["residuals"] = _residual_bars(adjustment)
        drawn["vectors"] = _residual_vectors(solution, adjustment)
    if captured.views:
        drawn["coverage"] = figures.draw_coverage(
            captured.views,
            captured.board,
            captured.intrinsics if adjustment is None else adjustment.intrinsics,
            solution.examination.motion.rms_rad,
        )
    if solution.examination.held_out is not None:
        drawn["held_out"] = figures.draw_held_out(solution.examination.held_out)
    return drawn


def _facts(solution: Solution) -> str:
    found = solution.examination.adjustment
    if found is None:
        return ""
    lens = found.intrinsics
    focal = "-"
    if lens.covariance is not None:
        focal = f"{100 * np.sqrt(lens.covariance[0, 0]) / lens.fx:.2f} %"
    delay = "not measured"
    if solution.delay is not None:
        delay = f"{1e3 * solution.delay.delay_s:.1f} &plusmn; {1e3 * solution.delay.sigma_s:.1f} ms"
    facts = (
        (f"&plusmn; {1e3 * found.sigma_position_m:.2f} mm", "position, one sigma in space"),
        (f"&plusmn; {np.rad2deg(found.sigma_rotation_rad):.3f}&deg;", "orientation, one sigma"),
        (f"&plusmn; {focal}", "focal length"),
        (delay, "stamps are late by"),
    )
    cells = "".join(f'<div class="fact"><b>{n}</b><span>{t}</span></div>' for n, t in facts)
    return f'<div class="facts">{cells}</div>'


def _findings(solution: Solution) -> str:
    order = ("refused", "warning", "ok")
    listed = sorted(solution.verdict.findings, key=lambda f: order.index(f.level))
    items = "".join(
        f'<li><span class="badge {f.level}">{f.level}</span><span>{_text(f.text)}</span></li>'
        for f in listed
    )
    return (
        f'<ul class="findings">{items}</ul><aside><b>What the uncertainty cannot know.</b> '
        f"{_text(SYSTEMATIC)}</aside>"
    )


def _transforms(solution: Solution, found: Adjustment) -> list[str]:
    camera = f"{solution.captured.camera}_optical"
    parent, holder = parent_frame(found.setup), holder_frame(found.setup)
    rows = []
    for name, pose, covariance in (
        (f"T_{parent}_{camera}", found.T_parent_camera, found.camera_covariance),
        (f"T_{camera}_{parent}", inverse(found.T_parent_camera), None),
        (f"T_{holder}_board", found.T_holder_board, found.board_covariance),
    ):
        rows.append(_pose_row(name, pose, covariance))
    head = (
        "<tr><th>transform</th><th class=n>x, mm</th><th class=n>y, mm</th><th class=n>z, mm</th>"
        "<th class=n>qx</th><th class=n>qy</th><th class=n>qz</th><th class=n>qw</th></tr>"
    )
    return [
        "<h2>Where everything is</h2>",
        _image(_frames(solution, found), "Base, tool, camera and board in space"),
        f"<table class=wide>{head}{''.join(rows)}</table>",
        f'<p class="quiet"><code>T_{parent}_{camera}</code> is the pose of <code>{camera}</code> '
        f"in <code>{parent}</code>: it maps points of <code>{camera}</code> into "
        f"<code>{parent}</code>. The second row is its inverse, the same in the other direction. "
        "Optical frame: z forward, x right, y down. Base: x forward, y left, z up.</p>",
    ]


def _pose_row(name: str, pose: Pose, covariance: Any) -> str:
    sigma = [None] * 3 if covariance is None else np.sqrt(np.diag(covariance)[:3])
    cells = []
    for value, s in zip(pose[:3], sigma, strict=True):
        around = "" if s is None else f'<br><span class="quiet">&plusmn; {1e3 * s:.2f}</span>'
        cells.append(f"<td class=n>{1e3 * value:.2f}{around}</td>")
    cells += [f"<td class=n>{value:.5f}</td>" for value in pose[3:]]
    return f"<tr><td><code>{name}</code></td>{''.join(cells)}</tr>"


def _lens(solution: Solution, found: Adjustment) -> list[str]:
    lens, start = found.intrinsics, solution.captured.intrinsics
    names = ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")
    sigma = (
        [float("nan")] * len(lens.parameters)
        if lens.covariance is None
        else np.sqrt(np.diag(lens.covariance)).tolist()
    )
    rows = [
        f"<tr><td><code>{name}</code>{' px' if i < 4 else ''}</td>"
        f"<td class=n>{value:.{2 if i < 4 else 5}f}</td>"
        f"<td class=n>&plusmn; {s:.{2 if i < 4 else 5}f}</td>"
        f"<td class=n>{given:.{2 if i < 4 else 5}f}</td></tr>"
        for i, (name, value, s, given) in enumerate(
            zip(names, lens.parameters, sigma, start.parameters, strict=False)
        )
    ]
    return [
        "<h2>The lens</h2>",
        "<table><tr><th></th><th class=n>measured</th><th class=n>one sigma</th>"
        f"<th class=n>known before</th></tr>{''.join(rows)}</table>",
        f'<p class="quiet">OpenCV&rsquo;s model; pixel centres at whole numbers; native image '
        f"{lens.width} x {lens.height}.</p>",
    ]


def _residuals(solution: Solution, found: Adjustment) -> list[str]:
    return [
        "<h2>Residuals</h2>",
        _image(_residual_bars(found), "RMS distance of the corners of each view"),
        f'<p class="quiet">RMS {found.rms_px:.2f} px over all corners, with the arm&rsquo;s poses '
        f"corrected; a corner&rsquo;s coordinate scatters by {found.sigma_px:.2f} px (dashed: what "
        "that gives as a distance). A small residual proves nothing by itself.</p>",
        _image(_residual_vectors(solution, found), "What the model misses, over the picture"),
        _corrections(found),
    ]


def _corrections(found: Adjustment) -> str:
    noise = found.weights.noise
    moved = 1e3 * np.linalg.norm(found.corrections[:, :3], axis=1)
    turned = np.rad2deg(np.linalg.norm(found.corrections[:, 3:], axis=1))
    return (
        f'<p class="quiet">The arm&rsquo;s poses were corrected by {np.median(moved):.2f} mm and '
        f"{np.median(turned):.3f}&deg; in the middle view, at most {moved.max():.2f} mm and "
        f"{turned.max():.3f}&deg;; stated are {1e3 * noise.sigma_t_m:.2f} mm and "
        f"{np.rad2deg(noise.sigma_r_rad):.2f}&deg; an axis.</p>"
    )


def _coverage(solution: Solution) -> list[str]:
    drawn = report_coverage(solution)
    if drawn is None:
        return []
    return ["<h2>What the views cover</h2>", _image(drawn, "Coverage of image and orientations")]


def report_coverage(solution: Solution) -> Any:
    """Return the picture of what the views cover; None without views."""
    captured, found = solution.captured, solution.examination.adjustment
    if not captured.views:
        return None
    lens = captured.intrinsics if found is None else found.intrinsics
    rms = solution.examination.motion.rms_rad
    return figures.draw_coverage(captured.views, captured.board, lens, rms)


def _against(new: CameraCalibration, old: CameraCalibration) -> list[str]:
    head = "<h2>Against the calibration in force</h2>"
    try:
        change = compare(new, old)
    except CalibrationError as error:
        return [head, f"<p>{_text(str(error))}.</p>"]
    return [head, _change(change, old, new)]


def _change(change: Comparison, old: CameraCalibration, new: CameraCalibration) -> str:
    shift = 1e3 * float(np.linalg.norm(change.shift_m))
    turn = float(np.rad2deg(np.linalg.norm(change.turn_rad)))
    rows = [
        ("in force", _text(old.name or old.method or "unnamed")),
        ("dated", _text(old.date or "not dated")),
        ("the camera lies elsewhere by", f"{shift:.2f} mm, {turn:.3f}&deg;"),
        ("focal length", f"{100 * change.focal_share:+.2f} %"),
        ("delay", f"{1e3 * (new.delay_s - old.delay_s):+.1f} ms"),
    ]
    if np.isfinite(change.sigmas):
        rows.append(("in standard deviations of both", f"{change.sigmas:.1f} (about 2.3 by noise)"))
    cells = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in rows)
    return f"<table>{cells}</table>"


def _board(solution: Solution) -> list[str]:
    captured = solution.captured
    board = captured.board
    calibration = solution.calibration
    rows: Sequence[tuple[str, str]] = [
        ("board", f"ChArUco {board.columns} x {board.rows}, {board.dictionary}"),
        ("square, as measured", f"{1e3 * board.square_m:.3f} mm"),
        ("marker", f"{1e3 * board.marker_m:.3f} mm"),
        ("software", "" if calibration is None else calibration.software),
        ("content", "" if calibration is None else calibration.content_hash[:16]),
    ]
    cells = "".join(f"<tr><td>{n}</td><td>{_text(v)}</td></tr>" for n, v in rows if v)
    return ["<h2>Made with</h2>", f"<table>{cells}</table>"]


def _frames(solution: Solution, found: Adjustment) -> Any:
    used: Iterable[Any] = solution.captured.views
    return figures.draw_frames(
        np.array([view.T_base_ee for view in used]),
        parent_frame(found.setup),
        f"{solution.captured.camera}_optical",
        found.T_parent_camera,
        holder_frame(found.setup),
        found.T_holder_board,
        solution.captured.board,
        found.intrinsics,
    )


def _residual_bars(found: Adjustment) -> Any:
    return figures.draw_residuals(found.names, found.view_rms_px, found.used, found.sigma_px)


def _residual_vectors(solution: Solution, found: Adjustment) -> Any:
    corners, missed = [], []
    for view, residuals, used in zip(
        solution.captured.views, found.residuals, found.corner_used, strict=True
    ):
        kept = used[: len(view.ids)]
        corners.append(view.corners[kept])
        missed.append(residuals[: len(view.ids)][kept])
    return figures.draw_residual_vectors(corners, missed, found.intrinsics)


def _image(figure: Any, alt: str) -> str:
    data = base64.b64encode(figures.figure_png(figure)).decode("ascii")
    return f'<img alt="{_text(alt)}" src="data:image/png;base64,{data}">'


def _text(text: str) -> str:
    return html.escape(text)
