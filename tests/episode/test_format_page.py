"""The page that describes the format names everything that an episode holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.episode.format import ATTRIBUTES, arm_signals, camera_signals, step_signals

PAGE = (Path(__file__).parents[2] / "docs" / "episode.md").read_text(encoding="utf-8")
# For programs, not for readers: JSON beside what has a name of its own.
UNDOCUMENTED = {
    "schema", "joint_names", "cameras", "cameras_json", "arm_json", "layout_seed",
    "actions_out_of_bounds", "steps_repeated", "raw_out_of_order",
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [s.name for s in (*step_signals(7, ["static"]), *arm_signals(7), *camera_signals("static"))],
)
def test_every_dataset_is_described(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", sorted(set(ATTRIBUTES) - UNDOCUMENTED))
def test_every_attribute_is_described(name: str) -> None:
    assert f"`{name}`" in PAGE
