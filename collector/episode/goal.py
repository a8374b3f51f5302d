"""What an episode is asked for, what the station says of itself, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SUCCESS = "success"
FAILURE = "failure"
UNLABELLED = "unlabelled"
DISCARDED = "discarded"
INTERRUPTED = "interrupted"
RECORDING = "recording"  # stands in an open episode until it is sealed

LABELS = (SUCCESS, FAILURE, UNLABELLED)  # what an operator may say
OUTCOMES = (*LABELS, DISCARDED, INTERRUPTED)  # what a sealed episode may say


class RecordingError(Exception):
    """The recorder cannot do what was asked; the message says what to do."""


@dataclass(frozen=True)
class EpisodeGoal:
    """What to record, fixed before the first step."""

    task_id: str
    task_type: str
    phase: str  # practice | collection
    language_instruction: str  # a placeholder until annotated
    collector_id: str  # pseudonym of the operator
    session_id: str
    consent: str = ""  # reference to the consent on file
    layout_seed: int = 0  # 0 where no simulator laid the scene out
    layout_json: str = ""  # drawn layout, as TaskLayout carries it
    initial_state_json: str = ""  # full simulator state at the reset


@dataclass(frozen=True)
class StationFacts:
    """What the station says of itself, the same for every episode of a run."""

    station_id: str
    station_name: str
    software_version: str
    licence: str
    rate_hz: float
    joint_names: tuple[str, ...]
    # Camera name -> model, serial, backend, stamp_source; fps where it is known.
    cameras: Mapping[str, Mapping[str, Any]]
    arm: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SealedEpisode:
    """An episode that is on disk for good."""

    episode_id: str
    path: str  # sealed folder
    digest: str  # sha256 of MANIFEST.sha256
    outcome: str  # one of OUTCOMES
    message: str  # why, where it did not end as asked
    steps: int
    gaps: int


@dataclass(frozen=True)
class Progress:
    """The episode in hand, as the console shows it."""

    episode_id: str  # empty when none is recorded
    steps: int  # on disk
    gaps: int
    skews_ns: dict[str, int]  # camera -> signed skew of the last step
    bytes: int  # on disk
    queue: float  # share of the writer's queue in use, 0 to 1
