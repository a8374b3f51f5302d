"""Checks a sealed episode against everything its format promises."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from collector.clock import NS_PER_MS
from collector.episode.actions import actions_of, arm_present, out_of_bounds
from collector.episode.calibration_group import calibration_faults
from collector.episode.format import (
    ATTRIBUTES,
    COMMIT,
    MANIFEST_FILE,
    PARTIAL_SUFFIX,
    PROVENANCE_FILE,
    Signal,
    arm_signals,
    camera_signals,
    stamp_name,
    step_signals,
)
from collector.episode.goal import DISCARDED, OUTCOMES
from collector.episode.reader import EpisodeError, EpisodeReader
from collector.episode.seal import manifest_faults
from collector.episode.video import readable_frames
from collector.episode.writer import NO_ACTION

# Rounding of an action computed twice on different machines, beyond float32's own.
ACTION_TOLERANCE = 1e-6
QUATERNION_TOLERANCE = 1e-6
# A frame clock may stray this far from its median period before a skew is called wrong.
FRAME_JITTER = 1.05


@dataclass(frozen=True)
class Problem:
    """One promise that an episode breaks."""

    check: str  # seal, schema, grid, ...
    message: str


# What h5py returns for an attribute of each type.
STORED_TYPES: dict[type, tuple[type, ...]] = {
    int: (int, np.integer),
    float: (float, np.floating),
    bool: (bool, np.bool_),
    str: (str,),
    list: (np.ndarray,),
}

Check = Callable[[EpisodeReader], Iterator[str]]


def verify(path: Path) -> list[Problem]:
    """Return every promise that the episode in ``path`` breaks; none when it is sound.

    Digests every file and decodes every image and video frame. Never raises for a damaged
    episode: that is a problem, too.
    """
    if not path.is_dir():
        return [Problem("seal", f"{path} is no folder")]
    if path.name.endswith(PARTIAL_SUFFIX) or not (path / MANIFEST_FILE).is_file():
        return [Problem("seal", "it is not sealed: finish it, or run `collector episodes recover`")]
    problems = [Problem("seal", fault) for fault in manifest_faults(path)]
    try:
        with EpisodeReader(path) as episode:
            problems += [Problem("schema", fault) for fault in _schema(episode)]
            if any(problem.check == "schema" for problem in problems):
                return problems  # the rest would stumble over it
            for name, check in CHECKS.items():
                problems += _run(name, check, episode)
    except EpisodeError as error:
        problems.append(Problem("schema", str(error)))
    return problems


def _run(name: str, check: Check, episode: EpisodeReader) -> list[Problem]:
    try:
        return [Problem(name, fault) for fault in check(episode)]
    except (KeyError, OSError, RuntimeError, ValueError, ValidationError) as error:
        return [Problem(name, f"cannot be checked, it is damaged: {error}")]


def _signals(episode: EpisodeReader) -> list[Signal]:
    joints = len(episode.attributes["joint_names"])
    signals = [*step_signals(joints, episode.cameras), *arm_signals(joints)]
    for camera in episode.cameras:
        signals += camera_signals(camera)
    return signals


def _schema(episode: EpisodeReader) -> Iterator[str]:
    """Attributes, datasets, dtypes, shapes."""
    missing = [name for name in ATTRIBUTES if name not in episode.attributes]
    if missing:
        yield f"attributes are missing: {', '.join(missing)}"
        return
    raw_rows: dict[str, set[int]] = {}
    for signal in _signals(episode):
        try:
            dtype, shape = episode.layout(signal.name)
        except KeyError:
            yield f"{signal.name} is missing"
            continue
        if dtype != np.dtype(signal.dtype):
            yield f"{signal.name} is {dtype}, it must be {np.dtype(signal.dtype)}"
        if shape[1:] != signal.shape:
            yield f"{signal.name} has rows of shape {shape[1:]}, they must be {signal.shape}"
        if not signal.name.startswith("raw/"):
            if shape[0] != episode.steps:
                yield f"{signal.name} has {shape[0]} rows for {episode.steps} steps"
        else:
            raw_rows.setdefault(signal.name.rsplit("/", 1)[0], set()).add(shape[0])
    yield from (
        f"{group} has columns of unequal length" for group, n in raw_rows.items() if len(n) > 1
    )


def _attributes(episode: EpisodeReader) -> Iterator[str]:
    a = episode.attributes
    for name, kind in ATTRIBUTES.items():
        if not isinstance(a[name], STORED_TYPES[kind]):
            yield f"{name} is {type(a[name]).__name__}, it must be {kind.__name__}"
    if a["outcome"] not in OUTCOMES:
        yield f"outcome is {a['outcome']!r}, none of {', '.join(OUTCOMES)}"
    label = {"success": 1, "failure": 0}.get(a["outcome"], -1)
    if a["success"] != label:
        yield f"success is {a['success']} where the outcome is {a['outcome']}"
    if a["success_predicate"] not in (-1, 0, 1):
        yield f"success_predicate is {a['success_predicate']}, none of 1, 0, -1"
    if a["episode_id"] != episode.path.name:
        yield f"episode_id is {a['episode_id']}, the folder is {episode.path.name}"
    if not a["sealed"]:
        yield "sealed is empty"
    if a["steps"] != episode.steps:
        yield f"steps is {a['steps']}, there are {episode.steps}"
    if episode.steps == 0 and a["outcome"] != DISCARDED:
        yield f"there is no step in an episode that is {a['outcome']}"
    for name, counted in (
        ("gaps", np.count_nonzero(episode.array("is_gap"))),
        ("actions_out_of_bounds", np.count_nonzero(out_of_bounds(episode.array("actions")))),
    ):
        if a[name] != counted:
            yield f"{name} is {a[name]}, counted are {counted}"


def _grid(episode: EpisodeReader) -> Iterator[str]:
    a = episode.attributes
    stamps = episode.array(COMMIT)
    if len(stamps) == 0:
        return
    if int(a["grid_start_ns"]) != int(stamps[0]):
        yield f"grid_start_ns is {a['grid_start_ns']}, the first step is at {stamps[0]}"
    if round(1e9 / float(a["rate_hz"])) != int(a["period_ns"]):
        yield f"period_ns is {a['period_ns']} at {a['rate_hz']} Hz"
    off = stamps - (stamps[0] + np.arange(len(stamps)) * int(a["period_ns"]))
    yield from _first(off != 0, lambda k: f"step {k} is {off[k]} ns off the grid")


def _cameras(episode: EpisodeReader) -> Iterator[str]:
    for camera in episode.cameras:
        yield from _camera(episode, camera)


def _camera(episode: EpisodeReader, camera: str) -> Iterator[str]:
    stamps = episode.array(stamp_name(camera))
    seen = stamps != 0
    yield from _first(
        ~seen & ~episode.array("is_gap"), lambda k: f"step {k} has no {camera} image and is no gap"
    )
    if np.any(np.diff(stamps[seen]) <= 0):
        yield f"stamps of the {camera} images do not increase"
    raw = episode.array(f"raw/{camera}/stamps")
    if np.any(np.diff(raw) <= 0):
        yield f"stamps of raw/{camera} do not increase"
    limit_ns = _frame_period_ns(episode, camera, raw) * FRAME_JITTER + NS_PER_MS
    skews = np.where(seen, np.abs(stamps - episode.array(COMMIT)), 0)
    yield from _first(
        skews > limit_ns,
        lambda k: (
            f"the {camera} image of step {k} is {skews[k] / 1e6:.1f} ms from its tick, more than "
            f"one frame period ({limit_ns / 1e6:.1f} ms)"
        ),
    )
    for k in range(episode.steps):
        image = episode.images(camera, slice(k, k + 1))
        if not seen[k] and image.any():
            yield f"step {k} has a {camera} image that has no stamp"
            break


def _frame_period_ns(episode: EpisodeReader, camera: str, raw: NDArray[np.int64]) -> float:
    """The camera's own period: as its station says, else the median of its raw stamps."""
    fps = json.loads(episode.attributes["cameras_json"])[camera].get("fps")
    known = [1e9 / float(fps)] if fps else []
    if len(raw) > 2:
        known.append(float(np.median(np.diff(raw))))
    return max(known, default=float(episode.attributes["period_ns"]))


def _arm(episode: EpisodeReader) -> Iterator[str]:
    gaps = episode.array("is_gap")
    reasons = np.array([bool(reason) for reason in episode.gap_reasons()], bool)
    yield from _first(gaps != reasons, lambda k: f"step {k}: gap flag and gap reason disagree")
    target = episode.array("observations/target_pose")
    measured = episode.array("observations/ee_pose")
    present = arm_present(target)
    yield from _first(
        present != arm_present(measured), lambda k: f"step {k} has one of its two poses only"
    )
    yield from _first(~present & ~gaps, lambda k: f"step {k} has no arm and is no gap")
    broken = np.append(present[:-1] & ~present[1:], False) if len(present) else present
    yield from _first(
        broken & ~np.array([NO_ACTION in r for r in episode.gap_reasons()], bool),
        lambda k: f"step {k} leads to a step without arm and does not say so",
    )
    for name, poses in (("target_pose", target), ("ee_pose", measured)):
        yield from _quaternions(f"observations/{name}", poses[present])
    gripper = episode.array("observations/gripper_command")
    yield from _first(
        present & ~((gripper >= 0) & (gripper <= 1)),
        lambda k: f"the gripper command of step {k} is {gripper[k]}, not between 0 and 1",
    )
    yield from _raw_arm(episode)


def _raw_arm(episode: EpisodeReader) -> Iterator[str]:
    if np.any(np.diff(episode.array("raw/arm/stamps")) <= 0):
        yield "stamps of raw/arm do not increase"
    yield from _quaternions("raw/arm/ee_pose", episode.array("raw/arm/ee_pose"))
    yield from _quaternions("raw/arm/target_pose", episode.array("raw/arm/target_pose"))


def _quaternions(name: str, poses: NDArray[np.float64]) -> Iterator[str]:
    length = np.linalg.norm(poses[:, 3:], axis=1)
    yield from _first(
        ~(np.abs(length - 1.0) <= QUATERNION_TOLERANCE),
        lambda k: f"{name}: quaternion {k} has length {length[k]:.6f}, not 1",
    )


def _actions(episode: EpisodeReader) -> Iterator[str]:
    yield from _recomputed(episode, "actions", "target_pose")
    yield from _recomputed(episode, "actions_measured", "ee_pose")
    stored = episode.array("actions")
    yield from _first(
        out_of_bounds(stored),
        lambda k: (
            f"the action of step {k} exceeds 0.1 m or 0.5 rad: "
            f"{np.array2string(stored[k, :6], precision=3)}"
        ),
    )
    last = episode.array("is_last")
    if not np.array_equal(last, np.arange(len(last)) == len(last) - 1):
        yield "is_last is not true for the last step alone"
    if len(stored) and (np.any(stored[-1, :6]) or episode.array("action_clipped")[-1]):
        yield "the last step has a motion"


def _recomputed(episode: EpisodeReader, name: str, pose: str) -> Iterator[str]:
    poses = episode.array(f"observations/{pose}")
    computed = actions_of(poses, episode.array("observations/gripper_command"))
    wrong = ~np.isclose(
        episode.array(name), computed, rtol=0, atol=ACTION_TOLERANCE, equal_nan=True
    )
    yield from _first(wrong.any(axis=1), lambda k: f"{name} of step {k} is not that of its {pose}")


def _calibrations(episode: EpisodeReader) -> Iterator[str]:
    for camera in episode.cameras:
        for fault in calibration_faults(episode.file, camera):
            yield f"{camera}: {fault}"


def _videos(episode: EpisodeReader) -> Iterator[str]:
    for camera in episode.cameras:
        shown = episode.array(f"raw/{camera}/video_frame")
        frames = shown[shown >= 0]
        video = episode.path / f"{camera}.mp4"
        if not np.array_equal(frames, np.arange(len(frames))):
            yield f"raw/{camera}/video_frame does not count the frames of the video in order"
        if len(frames) and not video.is_file():
            yield f"{video.name} is missing, it has {len(frames)} frames"
        elif video.is_file() and (readable := readable_frames(video)) != len(frames):
            yield f"{readable} frames of {video.name} decode, it must have {len(frames)}"


def _provenance(episode: EpisodeReader) -> Iterator[str]:
    document = json.loads((episode.path / PROVENANCE_FILE).read_text(encoding="utf-8"))
    if not isinstance(document, dict) or "@context" not in document:
        yield f"{PROVENANCE_FILE} is no JSON-LD"
        return
    named = {node.get("dcterms:identifier") for node in document.get("@graph", [])}
    if episode.attributes["episode_id"] not in named:
        yield f"{PROVENANCE_FILE} is not about this episode"


CHECKS: dict[str, Check] = {
    "attributes": _attributes,
    "grid": _grid,
    "cameras": _cameras,
    "arm": _arm,
    "actions": _actions,
    "calibration": _calibrations,
    "video": _videos,
    "provenance": _provenance,
}


def _first(wrong: NDArray[np.bool_], say: Callable[[int], str]) -> Iterator[str]:
    """Say what is wrong first, and how often it is."""
    found = np.flatnonzero(wrong)
    if len(found):
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        yield say(int(found[0])) + more
