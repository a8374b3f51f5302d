"""The report's pictures: frames in space, residuals, coverage, and the held-out views.

Made with Matplotlib's object interface and the Agg canvas: no display, no global state.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from calibration.board import CharucoBoard
from calibration.excitation import AIM_RAD
from calibration.hold_out import HoldOut
from calibration.image_coverage import COVERED_SHARE, ImageCoverage
from calibration.observation import BoardView, Intrinsics
from calibration.orientation_coverage import (
    DIRECTIONS,
    MAX_TILT_RAD,
    MIN_TILT_RAD,
    OrientationCoverage,
    board_pose,
)
from collector.geometry import Pose, matrix

Array = NDArray[np.float64]

DPI = 140
INK, QUIET, RULE = "#1f2933", "#616e7c", "#dfe3e8"
GOOD, BAD, LINE = "#0072b2", "#d55e00", "#009e73"  # Okabe and Ito (2008)
PAPER = "#f4f6f8"
AXES = ("#d55e00", "#009e73", "#0072b2")  # x, y, z
COVER = LinearSegmentedColormap.from_list("cover", ["#ffffff", "#9cc6e3", "#0a466f"])
_FIGURE_IN = (7.2, 3.3)
_FRUSTUM_M = 0.14
_BASE_AXIS_M, _AXIS_M = 0.18, 0.09


def figure_png(figure: Figure) -> bytes:
    """Return ``figure`` as a PNG file."""
    import io

    file = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(file, format="png", dpi=DPI, facecolor="white")
    return file.getvalue()


def draw_frames(
    poses: Array,
    parent: str,
    camera: str,
    T_parent_camera: Pose,
    holder: str,
    T_holder_board: Pose,
    board: CharucoBoard,
    intrinsics: Intrinsics,
) -> Figure:
    """Draw base, ee, camera and board where the transforms put them, in ``base``.

    ``poses`` [v, 7] are the views' ``T_base_ee``; the one in their middle is drawn, the others
    are dots. ``parent`` and ``holder``: ``base`` or ``ee``; ``camera``: its optical frame's name.
    """
    figure = Figure(figsize=(7.2, 5.4))
    axes: Any = figure.add_axes((0.0, 0.0, 1.0, 0.97), projection="3d")
    middle = poses[np.argmin(np.linalg.norm(poses[:, :3] - np.median(poses[:, :3], 0), axis=1))]
    at = matrix(middle)
    T_base_parent = np.eye(4) if parent == "base" else at
    T_base_holder = np.eye(4) if holder == "base" else at
    T_base_camera = T_base_parent @ matrix(T_parent_camera)
    T_base_board = T_base_holder @ matrix(T_holder_board)
    for frame, name, length, off in (
        (np.eye(4), "base", _BASE_AXIS_M, (0.0, 0.0, -0.07)),
        (at, "ee", _AXIS_M, (0.0, -0.07, -0.03)),
        (T_base_camera, camera, _AXIS_M, (0.0, 0.0, 0.07)),
        (T_base_board, "board", _AXIS_M, (0.0, 0.0, -0.06)),
    ):
        _frame(axes, frame, name, length, np.array(off))
    width, height = board.size_m
    sheet = np.array([[0, 0, 0], [width, 0, 0], [width, height, 0], [0, height, 0], [0, 0, 0]])
    _polyline(axes, _moved(T_base_board, sheet.astype(float)), INK, 1.2)
    for k in range(1, board.columns):
        x = k * board.square_m
        line = np.array([[x, 0, 0], [x, height, 0]])
        _polyline(axes, _moved(T_base_board, line), RULE, 0.6)
    _frustum(axes, T_base_camera, intrinsics)
    axes.plot(*poses[:, :3].T, ".", color=QUIET, ms=3, alpha=0.6)
    # What each transform leads from and to.
    _dashed(axes, T_base_parent, T_base_camera, f"T_{parent}_{camera}")
    _dashed(axes, T_base_holder, T_base_board, f"T_{holder}_board")
    _equal(axes, [np.zeros(3), T_base_camera[:3, 3], T_base_board[:3, 3], *poses[:, :3]])
    axes.set_xlabel("x forward, m", color=QUIET, fontsize=8)
    axes.set_ylabel("y left, m", color=QUIET, fontsize=8)
    axes.set_zlabel("z up, m", color=QUIET, fontsize=8)
    axes.tick_params(labelsize=7, colors=QUIET)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((0.97, 0.975, 0.98, 1.0))
        axis._axinfo["grid"]["color"] = RULE
        axis._axinfo["grid"]["linewidth"] = 0.6
    axes.view_init(elev=22, azim=-128)
    figure.text(0.02, 0.965, "x", color=AXES[0], fontsize=9, fontweight="bold", va="top")
    figure.text(0.04, 0.965, "y", color=AXES[1], fontsize=9, fontweight="bold", va="top")
    figure.text(0.06, 0.965, "z", color=AXES[2], fontsize=9, fontweight="bold", va="top")
    figure.text(
        0.085,
        0.965,
        "axes of each frame   ·   dots: the tool in every view   ·   dashed: what was measured",
        color=QUIET,
        fontsize=8,
        va="top",
    )
    return figure


def draw_residuals(
    names: tuple[str, ...], view_rms_px: Array, used: NDArray[np.bool_], sigma_px: float
) -> Figure:
    """Draw each view's RMS distance of its corners, px; views left out stand out."""
    figure, axes = _figure()
    at = np.arange(len(names))
    colours = [GOOD if ok else BAD for ok in used]
    axes.bar(at, view_rms_px, color=colours, width=0.72)
    expected = np.sqrt(2.0) * sigma_px
    axes.axhline(expected, color=INK, lw=0.9, ls=(0, (4, 3)))
    axes.text(len(names) - 0.4, expected, f" {expected:.2f}", color=INK, fontsize=8, va="center")
    every = max(1, len(names) // 20)
    axes.set_xticks(at[::every], [names[i] for i in at[::every]], rotation=90)
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_ylabel("RMS distance of corners, px")
    axes.set_xlabel("view")
    if not np.all(used):
        axes.plot([], [], "s", color=GOOD, label="used")
        axes.plot([], [], "s", color=BAD, label="left out")
        axes.legend(frameon=False, fontsize=8, loc="upper left", ncols=2)
    return figure


def draw_residual_vectors(
    corners: list[Array], residuals: list[Array], intrinsics: Intrinsics
) -> Figure:
    """Draw where in the picture corners were seen, and how far the model misses each.

    A pattern (all outwards, a swirl) is a lens that is not described; noise points anywhere.
    """
    figure, axes = _figure((7.2, 4.6))
    at, missed = np.concatenate(corners), np.concatenate(residuals)
    size = float(np.median(np.linalg.norm(missed, axis=1)))
    scale = 0.022 * intrinsics.width / max(size, 1e-6)
    ends = at + scale * missed
    axes.plot(
        np.stack([at[:, 0], ends[:, 0]]), np.stack([at[:, 1], ends[:, 1]]), color=GOOD, lw=0.7
    )
    axes.plot(*at.T, ".", color=INK, ms=1.6)
    _picture(axes, intrinsics)
    axes.set_title(
        f"drawn {scale:.0f} times as long; the middle one is {size:.2f} px",
        fontsize=8,
        color=QUIET,
        loc="left",
    )
    return figure


def draw_coverage(
    views: tuple[BoardView, ...], board: CharucoBoard, intrinsics: Intrinsics, rms_rad: Array
) -> Figure:
    """Draw where in the picture the board was, how it was tilted, and how the tool turned."""
    figure = Figure(figsize=(7.2, 2.75))
    coverage = ImageCoverage(intrinsics.width, intrinsics.height)
    turns = OrientationCoverage(board.geometry())
    for view in views:
        coverage.add(view.corners)
        pose = board_pose(view.ids, view.corners, board.geometry(), intrinsics)
        if pose is not None:
            turns.add(pose)
    axes = figure.add_axes((0.03, 0.13, 0.36, 0.66))
    x, y = coverage.cell_edges()
    top = max(1.0, float(np.percentile(coverage.counts, 95)))
    axes.pcolormesh(x, y, coverage.counts, cmap=COVER, vmin=0, vmax=top, edgecolors=RULE, lw=0.8)
    rows, columns = coverage.counts.shape
    for row in range(rows):
        for column in range(columns):
            n = int(coverage.counts[row, column])
            ink = "white" if n > 0.55 * top else INK
            middle = (x[column] + x[column + 1]) / 2, (y[row] + y[row + 1]) / 2
            axes.text(*middle, str(n), ha="center", va="center", fontsize=7.5, color=ink)
    _picture(axes, intrinsics)
    _heading(
        axes, "Corners in the picture", f"{coverage.share:.0%} covered, aim {COVERED_SHARE:.0%}"
    )
    _tilts(figure.add_axes((0.45, 0.13, 0.26, 0.66)), turns)
    axes = figure.add_axes((0.80, 0.13, 0.18, 0.66))
    degrees = np.rad2deg(rms_rad)
    reached = rms_rad >= AIM_RAD
    axes.bar(range(3), degrees, color=[GOOD if ok else BAD for ok in reached], width=0.6)
    axes.axhline(np.rad2deg(AIM_RAD), color=INK, lw=0.9, ls=(0, (4, 3)))
    axes.set_xticks(range(3), ["x", "y", "z"])
    axes.set_ylabel("deg RMS", fontsize=8, color=QUIET)
    _style(axes)
    _heading(axes, "Turn about ee", f"aim {np.rad2deg(AIM_RAD):.0f} on each")
    return figure


def draw_held_out(held_out: HoldOut) -> Figure:
    """Draw what held-out views show against what this robot and this fit should show."""
    figure, axes = _figure((7.2, 2.9))
    seen = [p.rms_px for p in held_out.predictions]
    expected = [p.expected_rms_px for p in held_out.predictions]
    at = np.arange(len(seen))
    bad = [p.name in held_out.bad for p in held_out.predictions]
    axes.bar(at, expected, color=PAPER, edgecolor=QUIET, lw=0.8, width=0.72, label="expected")
    colours = [BAD if b else GOOD for b in bad]
    axes.scatter(at, seen, s=44, c=colours, zorder=3, label="seen")
    axes.set_xticks(at, [p.name for p in held_out.predictions])
    axes.set_xlabel("held-out view")
    axes.set_ylabel("RMS distance, px")
    axes.set_ylim(0, 1.25 * max([*seen, *expected]))
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="upper right")
    return figure


def _tilts(axes: Axes, turns: OrientationCoverage) -> None:
    most = float(np.rad2deg(MAX_TILT_RAD))
    for ring in (float(np.rad2deg(MIN_TILT_RAD)), most):
        axes.add_patch(Circle((0, 0), ring, fill=False, ec=RULE, lw=1.0))
    axes.axline((0, 0), slope=1, color=RULE, lw=0.8)
    axes.axline((0, 0), slope=-1, color=RULE, lw=0.8)
    tilts = np.rad2deg(turns.tilts)
    axes.plot(tilts[:, 0], tilts[:, 1], "o", color=GOOD, ms=4, mec="white", mew=0.6)
    counts = turns.counts
    places = {"upper": (0, -1.18), "right": (1.12, 0), "lower": (0, 1.18), "left": (-1.12, 0)}
    for name in DIRECTIONS:
        px, py = places[name]
        enough = counts[name] >= 2
        axes.text(
            px * most,
            py * most,
            str(counts[name]),
            color=INK if enough else BAD,
            fontweight="normal" if enough else "bold",
            fontsize=8,
            ha="center",
            va="center",
        )
    axes.set_xlim(-1.3 * most, 1.3 * most)
    axes.set_ylim(1.3 * most, -1.3 * most)
    axes.set_aspect("equal")
    axes.axis("off")
    _heading(axes, "Tilt of the board", f"edge that is nearer; rings at 12 and {most:.0f} deg")


def _frame(axes: Any, T: Array, name: str, length: float, off: Array) -> None:
    origin = T[:3, 3]
    for i in range(3):
        end = origin + length * T[:3, i]
        axes.plot(*np.stack([origin, end], 1), color=AXES[i], lw=2.0, solid_capstyle="round")
    axes.text(
        *(origin + off), name, color=INK, fontsize=9, fontweight="bold", ha="center", zorder=10
    )


def _frustum(axes: Any, T: Array, intrinsics: Intrinsics) -> None:
    w, h = intrinsics.width, intrinsics.height
    pixels = np.array([[0, 0], [w, 0], [w, h], [0, h]], float)
    rays = (pixels - [intrinsics.cx, intrinsics.cy]) / [intrinsics.fx, intrinsics.fy]
    corners = _moved(T, np.column_stack([rays, np.ones(4)]) * _FRUSTUM_M)
    for corner in corners:
        axes.plot(*np.stack([T[:3, 3], corner], 1), color=INK, lw=0.8)
    _polyline(axes, np.vstack([corners, corners[:1]]), INK, 0.8)


def _dashed(axes: Any, begin: Array, end: Array, name: str) -> None:
    a, b = begin[:3, 3], end[:3, 3]
    axes.plot(*np.stack([a, b], 1), color=QUIET, lw=1.0, ls=(0, (3, 3)))
    # Beside the line, where camera and tool are close together.
    aside = np.array([-0.10, 0.10, 0.02]) if np.linalg.norm(b - a) < 0.25 else np.zeros(3)
    axes.text(
        *((a + b) / 2 + aside),
        name,
        color=INK,
        fontsize=7.5,
        ha="center",
        va="bottom",
        zorder=11,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0},
    )


def _polyline(axes: Any, points: Array, colour: str, width: float) -> None:
    axes.plot(*points.T, color=colour, lw=width)


def _moved(T: Array, points: Array) -> Array:
    return np.asarray(points @ T[:3, :3].T + T[:3, 3])


def _equal(axes: Any, points: list[Array]) -> None:
    stack = np.array(points)
    low, high = stack.min(axis=0) - 0.08, stack.max(axis=0) + 0.08
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_zlim(low[2], high[2])
    axes.set_box_aspect(high - low, zoom=1.12)


def _figure(size: tuple[float, float] = _FIGURE_IN) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    _style(axes)
    return figure, axes


def _style(axes: Axes) -> None:
    axes.tick_params(labelsize=8, colors=QUIET, length=3)
    axes.xaxis.label.set(color=QUIET, fontsize=8)
    axes.yaxis.label.set(color=QUIET, fontsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RULE)


def _picture(axes: Axes, intrinsics: Intrinsics) -> None:
    axes.set_xlim(-0.5, intrinsics.width - 0.5)
    axes.set_ylim(intrinsics.height - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(True)
        spine.set_color(QUIET)


def _heading(axes: Axes, title: str, below: str) -> None:
    axes.text(0.0, 1.17, title, transform=axes.transAxes, color=INK, fontsize=9, fontweight="bold")
    axes.text(0.0, 1.06, below, transform=axes.transAxes, color=QUIET, fontsize=7.5)
