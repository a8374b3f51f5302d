"""What a practice attempt shows of itself: figures, the operator's best, one line of advice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ui.values import AttemptReport


class Measure(Enum):
    TIME = "time"  # s
    PATH = "path"  # m
    SMOOTHNESS = "smoothness"  # spectral arc length, nearer to 0 is smoother
    IDLE = "idle"  # share
    CLIPPED = "clipped"  # share
    REVERSALS = "reversals"  # of the gripper


@dataclass(frozen=True)
class Figure:
    """One measure; ``best`` is the operator's own on this task."""

    measure: Measure
    value: float | None
    best: float | None = None


@dataclass(frozen=True)
class FeedbackView:
    """Figures of an attempt that runs (``live``), or of the last one."""

    live: bool
    outcome: str
    figures: tuple[Figure, ...]
    advice: str


def feedback_view(report: AttemptReport, live: bool) -> FeedbackView:
    """Return the figures of a report, in the order in which they are shown."""
    measures, best = report.measures, report.best
    if measures is None:
        figures: tuple[Figure, ...] = (Figure(Measure.TIME, report.elapsed_s),)
    else:
        figures = (
            Figure(
                Measure.TIME,
                report.elapsed_s if live else measures.duration_s,
                best.duration_s if best else None,
            ),
            Figure(Measure.PATH, measures.path_m, best.path_m if best else None),
            Figure(Measure.SMOOTHNESS, measures.smoothness, best.smoothness if best else None),
            Figure(Measure.IDLE, measures.idle_share),
            Figure(Measure.CLIPPED, measures.clipped_share),
            Figure(
                Measure.REVERSALS,
                measures.gripper_reversals,
                best.gripper_reversals if best else None,
            ),
        )
    return FeedbackView(live, report.outcome, figures, report.advice)
