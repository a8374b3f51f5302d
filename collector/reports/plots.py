"""Pictures of a campaign: success by operator and task, success over days, coverage, throughput.

Made with Matplotlib's object interface and the Agg canvas: no display, no global state. Every
picture grows with its rows, so that twenty operators are as legible as one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from collector.reports.coverage import CoverageRow
from collector.reports.success import SuccessRow
from collector.reports.tables import interval, money, percent
from collector.reports.throughput import ThroughputRow

DPI = 130
INK = "#1f2933"
QUIET = "#7b8794"
RULE = "#dfe3e8"
EMPTY = "#f4f6f8"
BAR = "#0072b2"  # Okabe and Ito's palette (2008): told apart by colour-blind readers too
DONE = "#009e73"
THRESHOLD = "#d55e00"
# Below the threshold light and warm, from it on dark and blue: told apart in grey, too.
BELOW = LinearSegmentedColormap.from_list("below", ["#f3b98c", "#fdf1e7"])
ABOVE = LinearSegmentedColormap.from_list("above", ["#2f78a8", "#0a466f"])
LONGEST_NAME = 26
# Not the locale's: the texts around them are English.
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LEFT_MARGIN_IN, RIGHT_MARGIN_IN, TITLE_IN = 0.3, 0.35, 0.85


def draw_success_matrix(rows: Sequence[SuccessRow], threshold: float, out_png: Path) -> None:
    """Draw success by operator (down) and task (across): rate, interval and count in each cell.

    ``rows``: keyed by operator and task. ``threshold``: the rate that opens a task, 0 to 1.
    Raises OSError when the picture cannot be written.
    """
    operators = sorted({row.key[0] for row in rows})
    tasks = sorted({row.key[1] for row in rows})
    if not rows:
        _nothing("Success by operator and task", out_png)
        return
    cell_w, cell_h = 1.02, 0.5
    left, top = _names_in(operators) + LEFT_MARGIN_IN, TITLE_IN + 0.25 + 0.043 * _longest(tasks)
    width = max(left + cell_w * len(tasks) + 0.9, 6.0)
    height = top + cell_h * len(operators) + 0.35
    figure = _figure(width, height)
    axes = _axes(figure, left, cell_w * len(tasks), top, cell_h * len(operators))
    axes.set_xlim(0, len(tasks))
    axes.set_ylim(len(operators), 0)
    for row in rows:
        _cell(axes, tasks.index(row.key[1]), operators.index(row.key[0]), row, threshold)
    axes.set_yticks(np.arange(len(operators)) + 0.5, [_short(name) for name in operators])
    axes.set_xticks(np.arange(len(tasks)) + 0.5, [_short(name) for name in tasks])
    axes.tick_params(length=0, labelsize=9, colors=INK)
    axes.xaxis.tick_top()
    for label in axes.get_xticklabels():
        label.set(rotation=35, ha="left", rotation_mode="anchor")
    for spine in axes.spines.values():
        spine.set_visible(False)
    _title(
        figure,
        "Success by operator and task",
        f"rate, 95 % interval · labelled attempts; blue from {percent(threshold)} on, the rate "
        f"that opens a task",
    )
    _save(figure, out_png)


def _cell(axes: Axes, x: int, y: int, row: SuccessRow, threshold: float) -> None:
    if row.rate is None:
        axes.fill_between([x + 0.03, x + 0.97], y + 0.06, y + 0.94, color=EMPTY, lw=0)
        axes.text(x + 0.5, y + 0.5, "–", color=QUIET, ha="center", va="center", fontsize=9)
        return
    opens = row.rate >= threshold
    if opens:
        colour = ABOVE(Normalize(threshold, 1.0, clip=True)(row.rate) if threshold < 1 else 1.0)
    else:
        colour = BELOW(Normalize(0.4 * threshold, threshold, clip=True)(row.rate))
    axes.fill_between([x + 0.03, x + 0.97], y + 0.06, y + 0.94, color=colour, lw=0)
    ink = "white" if opens else INK
    # What is below must not read as if it had been reached: 84.9 % is not 85 %.
    rate = row.rate if opens else min(row.rate, math.ceil(100 * threshold - 1) / 100)
    axes.text(
        x + 0.5,
        y + 0.36,
        percent(rate),
        color=ink,
        ha="center",
        va="center",
        fontsize=10,
        fontweight="bold",
    )
    axes.text(
        x + 0.5,
        y + 0.7,
        f"{interval(row)}  ·  {row.attempts}",
        color=ink,
        ha="center",
        va="center",
        fontsize=6.6,
    )


def draw_success_days(rows: Sequence[SuccessRow], threshold: float, out_png: Path) -> None:
    """Draw success over days with its interval, a panel an operator.

    ``rows``: keyed by operator and day (ISO 8601). ``threshold``: the rate that opens a task.
    Raises OSError when the picture cannot be written.
    """
    rows = [row for row in rows if row.rate is not None]
    operators = sorted({row.key[0] for row in rows})
    if not rows:
        _nothing("Success over days", out_png)
        return
    first, last = min(row.key[1] for row in rows), max(row.key[1] for row in rows)
    # The panels begin where something is to be seen, all at the same rate.
    least = math.floor(4 * min(threshold, *(row.low for row in rows))) / 4
    columns = min(len(operators), 4 if len(operators) > 6 else 3)
    lines = math.ceil(len(operators) / columns)
    panel_w, panel_h, gap_w, gap_h = (2.5, 1.35, 0.2, 0.55) if columns > 1 else (6.6, 2.6, 0, 0)
    left, right = 0.75, 0.65
    width = left + columns * panel_w + (columns - 1) * gap_w + right
    height = TITLE_IN + 0.3 + lines * panel_h + (lines - 1) * gap_h + 0.55
    figure = _figure(width, height)
    for k, operator in enumerate(operators):
        line, column = divmod(k, columns)
        axes = _axes(
            figure,
            left + column * (panel_w + gap_w),
            panel_w,
            TITLE_IN + 0.3 + line * (panel_h + gap_h),
            panel_h,
        )
        own = [row for row in rows if row.key[0] == operator]
        _days_panel(axes, own, (first, last), threshold, least)
        axes.set_title(_short(operator), fontsize=9, color=INK, loc="left", pad=5)
        if column:
            axes.set_yticklabels([])
        if k + columns < len(operators):
            axes.set_xticklabels([])
        if column == columns - 1 or k == len(operators) - 1:
            axes.annotate(
                f"{percent(threshold)}",
                (1, threshold),
                (4, 0),
                ("axes fraction", "data"),
                "offset points",
                fontsize=7.5,
                color=THRESHOLD,
                va="center",
            )
    _title(
        figure,
        "Success over days",
        "share of labelled attempts; band: 95 % interval; line: what opens a task",
    )
    _save(figure, out_png)


def _days_panel(
    axes: Axes,
    rows: Sequence[SuccessRow],
    span_days: tuple[str, str],
    threshold: float,
    least: float,
) -> None:
    first, last = span_days
    start = np.datetime64(first)
    days = (np.array([row.key[1] for row in rows], "datetime64[D]") - start).astype(int)
    span = int((np.datetime64(last) - start).astype(int))
    rates = np.array([row.rate for row in rows], float)
    low, high = np.array([row.low for row in rows]), np.array([row.high for row in rows])
    axes.axhline(threshold, color=THRESHOLD, lw=0.9, zorder=1)
    # A day off breaks the band: nothing is known of it.
    for part in np.split(np.arange(len(days)), np.flatnonzero(np.diff(days) > 1) + 1):
        if len(part) > 1:
            axes.fill_between(days[part], low[part], high[part], color=BAR, alpha=0.16, lw=0)
        else:
            axes.vlines(days[part], low[part], high[part], color=BAR, alpha=0.25, lw=5)
        axes.plot(days[part], rates[part], color=BAR, lw=1.6)
    axes.scatter(days, rates, s=11, color=BAR, zorder=3)
    axes.set_xlim(-0.35, span + 0.35)
    # The markers of a whole 100 % and of the least rate stay inside.
    axes.set_ylim(least - 0.04 * (1 - least), 1 + 0.06 * (1 - least))
    ticks = [least, (1 + least) / 2, 1.0]
    axes.set_yticks(ticks, [f"{100 * tick:.3g} %" for tick in ticks])
    shown = sorted({0, span}) if span < 14 else [0, span // 2, span]
    axes.set_xticks(shown, [_day(start + day) for day in shown])
    axes.grid(axis="y", color=RULE, lw=0.7)
    axes.set_axisbelow(True)
    _quiet(axes)
    axes.tick_params(labelsize=7.5)
    axes.tick_params(axis="x", length=3, color=QUIET)
    labels = axes.get_xticklabels()
    labels[0].set_horizontalalignment("left" if span else "center")
    if span:
        labels[-1].set_horizontalalignment("right")


def _day(date: np.datetime64) -> str:
    _, month, day = str(date).split("-")
    return f"{int(day)} {MONTHS[int(month) - 1]}"


def draw_coverage(rows: Sequence[CoverageRow], out_png: Path) -> None:
    """Draw the demonstrations of each task against its quota, in the order of the rows.

    Raises OSError when the picture cannot be written.
    """
    if not rows:
        _nothing("Coverage of the quotas", out_png)
        return
    figure, axes = _bars(rows, [row.task_id for row in rows])
    largest = max(max(row.quota, row.collected) for row in rows) or 1
    axes.set_xlim(0, 1.01 * largest)
    for y, row in enumerate(rows):
        axes.barh(y, row.quota, 0.56, color=EMPTY, edgecolor=RULE, lw=0.8)
        full = row.share is not None and row.share >= 1
        axes.barh(y, row.collected, 0.56, color=(DONE if full else BAR) if row.quota else QUIET)
        if row.quota:
            axes.vlines(row.quota, y - 0.36, y + 0.36, color=INK, lw=1.3)
        wanted = (
            f"{row.collected:,} of {row.quota:,}" if row.quota else f"{row.collected:,}, no quota"
        )
        _beside(axes, y, percent(row.share) if row.quota else "", wanted)
    wanted_in_all = sum(row.quota for row in rows)
    missing = sum(row.missing for row in rows)
    _title(
        figure,
        "Coverage of the quotas",
        f"collected successes; {wanted_in_all - missing:,} of {wanted_in_all:,} wanted are there, "
        f"{missing:,} missing",
    )
    _save(figure, out_png)


def draw_throughput(rows: Sequence[ThroughputRow], out_png: Path) -> None:
    """Draw demonstrations an hour of each group, and what one costs; the most on top.

    ``rows``: keyed by one name, such as the operator. Raises OSError when the picture cannot
    be written.
    """
    if not rows:
        _nothing("Demonstrations an hour", out_png)
        return
    rows = sorted(rows, key=lambda row: -(row.per_hour or 0.0))
    figure, axes = _bars(rows, [row.key[0] for row in rows])
    axes.set_xlim(0, max(row.per_hour or 0.0 for row in rows) or 1)
    for y, row in enumerate(rows):
        axes.barh(y, row.per_hour or 0.0, 0.56, color=BAR)
        each = money(row.cost_per_demonstration, row.currency)
        rate = "–" if row.per_hour is None else f"{row.per_hour:.1f}"
        _beside(axes, y, rate, f"{each} each" if row.cost_per_demonstration is not None else "")
    hours = sum(row.hours for row in rows)
    made = sum(row.demonstrations for row in rows)
    _title(
        figure,
        "Demonstrations an hour",
        f"collected successes an hour of session, practice and resets included; {made:,} in "
        f"{hours:,.1f} h",
    )
    _save(figure, out_png)


def _bars(rows: Sequence[object], names: Sequence[str]) -> tuple[Figure, Axes]:
    """Return a figure with room for a bar a row, names on the left, two texts on the right."""
    left, plot, right, each = _names_in(names) + LEFT_MARGIN_IN, 4.6, 2.3, 0.34
    body = each * len(rows)
    figure = _figure(left + plot + right, TITLE_IN + 0.1 + body + 0.45)
    axes = _axes(figure, left, plot, TITLE_IN + 0.1, body)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [_short(name) for name in names])
    axes.grid(axis="x", color=RULE, lw=0.7)
    axes.set_axisbelow(True)
    _quiet(axes)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(axis="y", labelsize=9, labelcolor=INK)
    axes.tick_params(axis="x", labelsize=8)
    axes.locator_params(axis="x", nbins=5, integer=True)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    return figure, axes


def _beside(axes: Axes, y: int, bold: str, plain: str) -> None:
    place = blended_transform_factory(axes.transAxes, axes.transData)
    for x, text, weight, colour, align in (
        (1.13, bold, "bold", INK, "right"),
        (1.16, plain, "normal", QUIET, "left"),
    ):
        axes.text(
            x,
            y,
            text,
            transform=place,
            ha=align,
            va="center",
            fontsize=8.5,
            fontweight=weight,
            color=colour,
        )


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _axes(figure: Figure, left: float, width: float, top: float, height: float) -> Axes:
    """Return axes at a place in inches, ``top`` from above."""
    w, h = figure.get_size_inches()
    return figure.add_axes((left / w, 1 - (top + height) / h, width / w, height / h))


def _title(figure: Figure, title: str, subtitle: str) -> None:
    w, h = figure.get_size_inches()
    x = LEFT_MARGIN_IN / w
    figure.text(x, 1 - 0.36 / h, title, fontsize=13, fontweight="bold", color=INK, va="center")
    figure.text(x, 1 - 0.63 / h, subtitle, fontsize=8.5, color=QUIET, va="center")


def _nothing(title: str, out_png: Path) -> None:
    figure = _figure(6.0, 1.9)
    _title(figure, title, "")
    figure.text(
        0.5, 0.36, "There is no attempt to show yet.", color=QUIET, fontsize=10, ha="center"
    )
    _save(figure, out_png)


def _save(figure: Figure, out_png: Path) -> None:
    out_png.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(str(out_png), format="png")


def _quiet(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.tick_params(length=0, colors=QUIET)


def _short(name: str) -> str:
    """Return a name that fits: its beginning and its end, which tell names apart."""
    # A dollar sign would begin mathematics.
    if len(name) > LONGEST_NAME:
        half = (LONGEST_NAME - 1) // 2
        name = f"{name[: LONGEST_NAME - 1 - half]}…{name[-half:]}"
    return name.replace("$", r"\$")


def _longest(names: Sequence[str]) -> int:
    return max(len(_short(name)) for name in names)


def _names_in(names: Sequence[str]) -> float:
    """Return the width that names at 9 points take, inches."""
    return 0.08 * _longest(names) + 0.15
