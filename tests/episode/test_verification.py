"""Whatever an episode promises, breaking it is found and named."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import episode_factory as made
import h5py
import numpy as np
import pytest

from collector.episode.verification import verify

STEPS = 6


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sealed = made.record(tmp_path_factory.mktemp("sound"), STEPS)
    assert verify(Path(sealed.path)) == []
    return Path(sealed.path)


def copy_of(sound: Path, tmp_path: Path) -> Path:
    path = tmp_path / sound.name
    shutil.copytree(sound, path)
    for file in path.iterdir():
        os.chmod(file, 0o644)
    return path


def reseal(path: Path) -> None:
    """Write a manifest that agrees with the files, so that only their content is wrong."""
    names = sorted(file.name for file in path.iterdir() if file.name != "MANIFEST.sha256")
    lines = [f"{hashlib.sha256((path / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (path / "MANIFEST.sha256").write_text("".join(lines))


def put(name: str, index: Any, value: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        file[name][index] = value

    return change


def attribute(name: str, value: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        file.attrs[name] = value

    return change


def shorten(name: str) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        file[name].resize(STEPS - 1, axis=0)

    return change


def retype(name: str) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        values = file[name][()].astype(np.float16)
        del file[name]
        file[name] = values

    return change


def calibration_hash(file: Any) -> None:
    file["camera_calibration/wrist"].attrs["hash"] = "0" * 64


START = made.START_NS
CHANGES = [
    ("grid", put("timestamps/step", 3, START + 3 * made.PERIOD_NS + 1), "step 3 is 1 ns off"),
    ("grid", attribute("period_ns", 200_000_001), "period_ns is 200000001 at 5.0 Hz"),
    ("grid", attribute("grid_start_ns", 1), "grid_start_ns is 1"),
    ("cameras", put("timestamps/wrist", 2, START + 2 * made.PERIOD_NS + 150_000_000), "150.0 ms"),
    ("cameras", put("timestamps/wrist", 2, 0), "step 2 has no wrist image and is no gap"),
    ("cameras", put("raw/static/stamps", 3, 5), "raw/static do not increase"),
    ("arm", put("is_gap", 1, True), "step 1: gap flag and gap reason disagree"),
    ("arm", put("observations/ee_pose", (1, 3), 0.9), "quaternion 1 has length"),
    ("arm", put("observations/ee_pose", 1, np.nan), "step 1 has one of its two poses only"),
    ("arm", put("observations/gripper_command", 2, 1.5), "gripper command of step 2 is 1.5"),
    ("arm", put("raw/arm/stamps", 3, 5), "raw/arm do not increase"),
    ("arm", put("raw/arm/target_pose", (4, 6), 3.0), "raw/arm/target_pose: quaternion 4"),
    ("actions", put("actions", (2, 1), 0.0125), "actions of step 2 is not that of its target_pose"),
    ("actions", put("actions", (2, 6), 0.5), "actions of step 2 is not that"),
    ("actions", put("actions_measured", (0, 4), 0.2), "actions_measured of step 0"),
    ("actions", put("actions", (2, 4), 0.6), "action of step 2 exceeds 0.1 m or 0.5 rad"),
    ("actions", put("is_last", 2, True), "is_last is not true for the last step alone"),
    ("actions", put("action_clipped", STEPS - 1, True), "the last step has a motion"),
    ("attributes", attribute("success", 0), "success is 0 where the outcome is success"),
    ("attributes", attribute("outcome", "splendid"), "outcome is 'splendid'"),
    ("attributes", attribute("episode_id", "another"), "episode_id is another"),
    ("attributes", attribute("gaps", 2), "gaps is 2, counted are 0"),
    ("attributes", attribute("steps", 7), "steps is 7, there are 6"),
    ("attributes", attribute("sealed", ""), "sealed is empty"),
    ("attributes", attribute("task_id", 5), "task_id is int64, it must be str"),
    ("schema", attribute("schema", "collector/episode/0"), "this software reads"),
    ("schema", shorten("actions"), "actions has 5 rows for 6 steps"),
    ("schema", shorten("raw/arm/clipped"), "raw/arm has columns of unequal length"),
    ("schema", retype("actions_measured"), "is float16, it must be float32"),
    ("schema", lambda file: file.__delitem__("is_gap"), "is_gap is missing"),
    ("schema", lambda file: file.attrs.__delitem__("licence"), "attributes are missing: licence"),
    ("calibration", calibration_hash, "wrist: the hash is not that"),
    ("calibration", put("camera_calibration/static/K_224", (0, 0), 1.0), "static: K_224 is not"),
    ("calibration", put("camera_calibration/static/yaml", (), "camera: x"), "cannot be checked"),
    (
        "video",
        put("raw/wrist/video_frame", 11, -1),
        "12 frames of wrist.mp4 decode, it must have 11",
    ),
    ("video", put("raw/wrist/video_frame", 3, 8), "does not count the frames"),
]


@pytest.mark.parametrize(
    ("check", "change", "message"), CHANGES, ids=[message[:40] for _, _, message in CHANGES]
)
def test_a_broken_promise_is_named(
    sound: Path, tmp_path: Path, check: str, change: Callable[[Any], None], message: str
) -> None:
    path = copy_of(sound, tmp_path)
    with h5py.File(path / "episode.h5", "r+") as file:
        change(file)
    # The seal finds any change, whatever it is.
    assert verify(path)[0].check == "seal"
    reseal(path)
    problems = verify(path)
    assert "seal" not in [problem.check for problem in problems]
    assert any(p.check == check and message in p.message for p in problems), problems


@pytest.mark.parametrize("name", ["episode.h5", "static.mp4", "provenance.jsonld"])
def test_one_flipped_bit_breaks_the_seal(sound: Path, tmp_path: Path, name: str) -> None:
    path = copy_of(sound, tmp_path)
    content = bytearray((path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (path / name).write_bytes(content)
    assert f"{name} has changed" in verify(path)[0].message


def test_files_that_come_or_go_break_the_seal(sound: Path, tmp_path: Path) -> None:
    path = copy_of(sound, tmp_path)
    (path / "wrist.mp4").unlink()
    (path / "notes.txt").write_text("a note")
    messages = [problem.message for problem in verify(path)]
    assert "wrist.mp4 is missing" in messages
    assert "notes.txt is not in MANIFEST.sha256" in messages


def test_a_manifest_cannot_leave_the_signals_out(sound: Path, tmp_path: Path) -> None:
    path = copy_of(sound, tmp_path)
    (path / "MANIFEST.sha256").write_text("../../etc/passwd\n")
    messages = [problem.message for problem in verify(path)]
    assert "MANIFEST.sha256 does not name episode.h5" in messages
    assert any("a line that is no digest" in message for message in messages)


def test_what_is_no_sealed_episode_says_so(tmp_path: Path) -> None:
    assert "is no folder" in verify(tmp_path / "nowhere")[0].message
    assert "it is not sealed" in verify(tmp_path)[0].message
    recorder = made.recorder(tmp_path)
    recorder.begin(made.GOAL)
    (partial,) = tmp_path.glob("episodes/*/*.partial")
    assert "it is not sealed" in verify(partial)[0].message
    recorder.close()


def test_a_truncated_file_is_a_problem_not_a_crash(sound: Path, tmp_path: Path) -> None:
    path = copy_of(sound, tmp_path)
    with open(path / "episode.h5", "r+b") as file:
        file.truncate(5000)
    reseal(path)
    assert [problem.check for problem in verify(path)] == ["schema"]


def test_provenance_names_who_when_and_with_what(sound: Path) -> None:
    document = json.loads((sound / "provenance.jsonld").read_text())
    nodes = {node["@id"]: node for node in document["@graph"]}
    kinds = [node["@type"] for node in nodes.values()]
    assert "prov:Activity" in kinds
    (activity,) = [node for node in nodes.values() if node["@type"] == "prov:Activity"]
    whole = nodes[f"urn:collector:episode:{sound.name}"]
    assert whole["dcterms:license"] == "CC-BY-4.0"
    assert whole["collector:consent"] == made.GOAL.consent
    # Every reference leads somewhere in the document.
    for reference in [*activity["prov:used"], *activity["prov:wasAssociatedWith"]]:
        assert reference["@id"] in nodes
    for member in whole["prov:hadMember"]:
        name = member["@id"].rsplit(":", 1)[1]
        digest = hashlib.sha256((sound / name).read_bytes()).hexdigest()
        assert nodes[member["@id"]]["spdx:checksum"]["spdx:checksumValue"] == digest


def test_the_manifest_is_that_of_sha256sum(sound: Path) -> None:
    for line in (sound / "MANIFEST.sha256").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((sound / name).read_bytes()).hexdigest() == digest
    assert not os.access(sound / "episode.h5", os.W_OK) or os.geteuid() == 0
