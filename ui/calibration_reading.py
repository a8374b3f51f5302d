"""What the calibrator writes as JSON, read into plain values.

``progress_json`` is an object; each key may be missing::

    {"views": [{"name": "007", "residual_px": 0.31, "used": true, "corners": 30}, ...],
     "wanted_views": 20, "poses_done": 7,
     "image_coverage": {"counts": [[0, 4, ...], ...], "share": 0.4, "wanted": [0.5, 0.1]},
     "excitation_rad": [0.1, 0.3, 0.2],
     "sigma_m": 0.0012, "sigma_rad": 0.002}

``wanted`` is a share of the image's width and height. What cannot be read is left out: a picture
with a gap is better than none.
"""

from __future__ import annotations

import json
import math
from typing import Any, cast

from ui.calibration_values import CaptureFigures, Finding, FindingLevel, Pose7, ViewTaken

_LEVELS = ("ok", "warning", "refused")


def read_figures(text: str) -> CaptureFigures:
    """Return the figures of a capture; those that cannot be read are left out."""
    said = _object(text)
    coverage = said.get("image_coverage")
    coverage = coverage if isinstance(coverage, dict) else {}
    taken = said.get("views")
    place = _numbers(coverage.get("wanted"), 2)
    turned = _numbers(said.get("excitation_rad"), 3)
    return CaptureFigures(
        views=tuple(_view(view, i) for i, view in enumerate(taken if _is_list(taken) else ())),
        wanted_views=_count(said.get("wanted_views")),
        coverage=_grid(coverage.get("counts")),
        coverage_share=_number(coverage.get("share")),
        wanted_place=None if place is None else (place[0], place[1]),
        excitation_rad=None if turned is None else (turned[0], turned[1], turned[2]),
        sigma_m=_number(said.get("sigma_m")),
        sigma_rad=_number(said.get("sigma_rad")),
        poses_done=_count(said.get("poses_done")),
    )


def read_findings(text: str) -> tuple[Finding, ...]:
    """Return the findings of ``verdict_json``, the worst first. Raises ValueError."""
    said = json.loads(text) if text.strip() else {}
    listed = said.get("findings", []) if isinstance(said, dict) else said
    if not isinstance(listed, list):
        raise ValueError("the verdict holds no list of findings")
    findings = []
    for item in listed:
        level = item.get("level") if isinstance(item, dict) else None
        if level not in _LEVELS:
            raise ValueError(f"a finding has the level {level!r}: one of {', '.join(_LEVELS)}")
        sentence = item.get("sentence") or item.get("text") or ""
        name = str(item.get("name") or item.get("code") or "")
        findings.append(Finding(cast(FindingLevel, level), name, str(sentence)))
    return worst_first(findings)


def worst_first(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return findings: what refuses, what warns, what is in order."""
    return tuple(sorted(findings, key=lambda finding: -_LEVELS.index(finding.level)))


def read_poses(text: str) -> tuple[Pose7, ...]:
    """Return the poses T_base_ee [7] of ``poses_json``. Raises ValueError."""
    listed = json.loads(text) if text.strip() else []
    if not isinstance(listed, list):
        raise ValueError("the poses are no list")
    poses = []
    for number, item in enumerate(listed, 1):
        values = _numbers(item, 7)
        if values is None or abs(math.hypot(*values[3:]) - 1.0) > 1e-3:
            raise ValueError(f"pose {number} is not x, y, z and a unit quaternion x, y, z, w")
        poses.append(cast(Pose7, values))
    return tuple(poses)


def _object(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _view(said: Any, number: int) -> ViewTaken:
    if not isinstance(said, dict):
        return ViewTaken(str(number + 1))
    return ViewTaken(
        str(said.get("name") or number + 1),
        _number(said.get("residual_px")),
        said.get("used") is not False,
        _count(said.get("corners")) or 0,
    )


def _grid(said: Any) -> tuple[tuple[int, ...], ...]:
    if not _is_list(said) or not said or not all(_is_list(row) for row in said):
        return ()
    width = len(said[0])
    if not width or any(len(row) != width for row in said):
        return ()
    return tuple(tuple(_count(value) or 0 for value in row) for row in said)


def _numbers(said: Any, length: int) -> tuple[float, ...] | None:
    if not _is_list(said) or len(said) != length:
        return None
    numbers = [_number(value) for value in said]
    return None if None in numbers else tuple(cast(list[float], numbers))


def _number(said: Any) -> float | None:
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        return None
    return float(said)


def _count(said: Any) -> int | None:
    number = _number(said)
    return None if number is None or number < 0 else int(number)


def _is_list(said: Any) -> bool:
    return isinstance(said, list)
