"""One picture of an episode: its cameras over time, and its actions beneath.

Made with Matplotlib's object interface and the Agg canvas: no display, no global state.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from numpy.typing import NDArray

from collector.clock import NS_PER_S
from collector.episode.format import MAX_STEP_M, MAX_STEP_RAD
from collector.episode.reader import EpisodeError, EpisodeReader, EpisodeSummary, read_summary

COLUMNS = 10
WIDTH_IN = 15.0
DPI = 130

INK = "#1f2933"
QUIET = "#7b8794"
RULE = "#dfe3e8"
# Okabe and Ito's palette (2008): told apart by colour-blind readers too.
AXIS_COLOURS = ("#d55e00", "#009e73", "#0072b2")
GAP = "#f9d5d0"
GRIPPER = "#52606d"
OUTCOMES = {
    "success": "#1b7f4b",
    "failure": "#b4540a",
    "unlabelled": "#0b69a3",
    "interrupted": "#8719a3",
    "recording": "#0b69a3",
}


def draw(path: Path, out_png: Path) -> None:
    """Draw the episode in ``path`` as the PNG ``out_png``.

    Raises EpisodeError when the episode cannot be read or has no step, OSError when the
    picture cannot be written.
    """
    summary = read_summary(path)
    with EpisodeReader(path) as episode:
        if episode.steps == 0:
            raise EpisodeError(f"{path} has no step to draw")
        figure = _figure(episode, summary)
    out_png.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure)
    figure.savefig(str(out_png), format="png")


def _figure(episode: EpisodeReader, summary: EpisodeSummary) -> Figure:
    chosen = np.unique(np.linspace(0, episode.steps - 1, COLUMNS).round().astype(int))
    cameras = episode.cameras
    # Inches: a strip of images is as high as one image is wide.
    left, right, header, footer = 0.85, 0.25, 1.05, 0.5
    image = (WIDTH_IN - left - right) / COLUMNS
    panels = (1.35, 1.35, 0.42)
    gaps = 0.26 + 0.16 * len(panels)
    height = header + image * len(cameras) + gaps + sum(panels) + footer
    figure = Figure(figsize=(WIDTH_IN, height), dpi=DPI, facecolor="white")
    bottom_of_images = (height - header - image * len(cameras)) / height
    strips = GridSpec(
        len(cameras),
        len(chosen),
        figure=figure,
        left=left / WIDTH_IN,
        right=1 - right / WIDTH_IN,
        top=1 - header / height,
        bottom=bottom_of_images,
        wspace=0.03,
        hspace=0.03,
    )
    plots = GridSpec(
        len(panels),
        1,
        figure=figure,
        left=left / WIDTH_IN,
        right=1 - right / WIDTH_IN,
        top=bottom_of_images - 0.26 / height,
        bottom=footer / height,
        height_ratios=panels,
        hspace=0.16,
    )
    _header(figure, episode, summary, left / WIDTH_IN, height)
    for row, camera in enumerate(cameras):
        _strip(figure, strips, row, camera, episode, chosen)
    _plots(figure, plots, episode, chosen)
    return figure


def _header(
    figure: Figure, episode: EpisodeReader, summary: EpisodeSummary, x: float, height: float
) -> None:
    title = shorten(episode.instruction or summary.task_id, 64, placeholder=" …")
    figure.text(x, 1 - 0.28 / height, title, fontsize=17, color=INK, va="center", weight="bold")
    label = summary.outcome + (f": {summary.end_reason}" if summary.end_reason else "")
    label = shorten(label, 100 - len(title), placeholder=" …")
    figure.text(
        1 - 0.25 / WIDTH_IN,
        1 - 0.28 / height,
        label,
        fontsize=13,
        color=OUTCOMES.get(summary.outcome, QUIET),
        va="center",
        ha="right",
        weight="bold",
    )
    skews = ", ".join(f"{c} {s / 1e6:.1f} ms" for c, s in summary.max_skew_ns.items())
    facts = (
        summary.task_id,
        summary.phase,
        f"{summary.steps} steps in {summary.duration_s:.1f} s",
        f"{summary.gaps} gaps" if summary.gaps != 1 else "1 gap",
        f"largest skew {skews}",
        f"{100 * summary.clipped_share:.0f} % clipped",
    )
    figure.text(x, 1 - 0.60 / height, "   ·   ".join(facts), fontsize=10, color=QUIET, va="center")
    figure.text(
        1 - 0.25 / WIDTH_IN,
        1 - 0.60 / height,
        summary.episode_id,
        fontsize=10,
        color=QUIET,
        va="center",
        ha="right",
        family="monospace",
    )


def _strip(
    figure: Figure,
    grid: GridSpec,
    row: int,
    camera: str,
    episode: EpisodeReader,
    chosen: NDArray[np.int64],
) -> None:
    period_s = int(episode.attributes["period_ns"]) / NS_PER_S
    for column, k in enumerate(chosen):
        axes = figure.add_subplot(grid[row, column])
        image = episode.images(camera, slice(int(k), int(k) + 1))[0]
        axes.imshow(image, interpolation="lanczos", aspect="equal")
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
        if not image.any():
            axes.text(0.5, 0.5, "no image", color="white", ha="center", transform=axes.transAxes)
        if row == 0:
            axes.set_title(f"{k * period_s:.1f} s", fontsize=9.5, color=QUIET, pad=5)
        if column == 0:
            axes.set_ylabel(camera, fontsize=11, color=INK, labelpad=8)


def _plots(
    figure: Figure, grid: GridSpec, episode: EpisodeReader, chosen: NDArray[np.int64]
) -> None:
    period_s = int(episode.attributes["period_ns"]) / NS_PER_S
    times = np.arange(episode.steps) * period_s
    actions = episode.array("actions").astype(float)
    gaps = episode.array("is_gap")
    motion, turn, gripper = (figure.add_subplot(grid[row, 0]) for row in range(3))
    _curves(motion, times, 1000 * actions[:, :3], ("x", "y", "z"), 1000 * MAX_STEP_M, 5)
    motion.set_ylabel("mm / step")
    degrees = np.rad2deg(actions[:, 3:6])
    _curves(turn, times, degrees, ("roll", "pitch", "yaw"), float(np.rad2deg(MAX_STEP_RAD)), 2)
    turn.set_ylabel("deg / step")
    closed = np.nan_to_num(actions[:, 6])
    gripper.fill_between(times, 0, closed, step="post", color=GRIPPER, alpha=0.45, linewidth=0)
    gripper.set_ylim(0, 1)
    gripper.set_yticks([0, 1], ["open", "closed"])
    # The line of each chosen step stands under the middle of its images.
    margin_s = max(times[-1] / max(len(chosen) - 1, 1), period_s) / 2
    for axes in (motion, turn, gripper):
        _dress(axes)
        axes.set_xlim(-margin_s, times[-1] + margin_s)
        for k in np.flatnonzero(gaps):
            axes.axvspan(times[k], times[k] + period_s, color=GAP, linewidth=0, zorder=0)
        for k in chosen:
            axes.axvline(times[k], color=RULE, linewidth=0.8, zorder=0.5)
    _mark_clipped(motion, times, episode.array("action_clipped"))
    if gaps.any():
        motion.text(0.004, 0.06, "■", fontsize=10, color=GAP, transform=motion.transAxes)
        motion.text(0.015, 0.06, "gap", fontsize=8.5, color=INK, transform=motion.transAxes)
    for axes in (motion, turn):
        axes.tick_params(labelbottom=False)
    gripper.set_xlabel("time, s")


def _curves(
    axes: Axes,
    times: NDArray[np.floating[Any]],
    values: NDArray[np.floating[Any]],
    names: tuple[str, ...],
    bound: float,
    least: float,
) -> None:
    """Draw three components, scaled to what is there, with the bound where it comes near."""
    for column, (name, colour) in enumerate(zip(names, AXIS_COLOURS, strict=True)):
        axes.step(times, values[:, column], where="post", color=colour, linewidth=1.5, label=name)
    reach = max(float(np.abs(values).max(initial=0.0)) * 1.15, least)
    axes.set_ylim(-reach, reach)
    for side in (-bound, bound):
        if abs(side) <= reach:
            axes.axhline(side, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.axhline(0, color=RULE, linewidth=0.8, zorder=0.5)
    axes.legend(
        loc="upper right",
        ncols=3,
        frameon=True,
        framealpha=0.85,
        edgecolor="none",
        borderpad=0.2,
        fontsize=9,
        labelcolor=INK,
        handlelength=1.2,
        columnspacing=1.2,
        handletextpad=0.5,
    )


def _mark_clipped(axes: Axes, times: NDArray[np.floating[Any]], clipped: NDArray[Any]) -> None:
    if clipped.any():
        where = times[clipped.astype(bool)]
        axes.plot(
            where,
            np.full(len(where), 0.06),
            linestyle="none",
            marker="^",
            markersize=4,
            color=INK,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
        )
        axes.text(
            0.004,
            0.90,
            "▲ clipped by the limiter",
            fontsize=8.5,
            color=INK,
            transform=axes.transAxes,
            va="center",
        )


def _dress(axes: Axes) -> None:
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(RULE)
    axes.tick_params(colors=QUIET, labelsize=9, length=0)
    axes.yaxis.label.set_color(QUIET)
    axes.yaxis.label.set_fontsize(9)
    axes.xaxis.label.set_color(QUIET)
    axes.xaxis.label.set_fontsize(9)
