"""`collector episodes`: what people and scripts get."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import episode_factory as made
import killed_process
import pytest
from typer.testing import CliRunner, Result

from collector.cli.episodes import app
from collector.episode.contact_sheet import draw
from collector.episode.reader import EpisodeError, find_episodes


def run(*arguments: str, columns: int = 80) -> Result:
    return CliRunner(env={"COLUMNS": str(columns), "TERM": "dumb"}).invoke(app, arguments)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made.record(tmp_path, steps=3)
    return tmp_path


def test_list_fits_a_terminal(root: Path) -> None:
    for columns in (80, 160):
        result = run("list", "--root", str(root), columns=columns)
        assert result.exit_code == 0
        assert "stack-red-on" in result.stdout
        assert max(len(line) for line in result.stdout.splitlines()) <= columns
        assert "Gaps" in result.stdout
    assert "Skew wrist" in result.stdout


def test_list_as_json_is_data(root: Path) -> None:
    (row,) = json.loads(run("list", "--root", str(root), "--json").stdout)
    assert row["steps"] == 3
    assert row["max_skew_ns"] == {"static": 7_000_000, "wrist": 11_000_000}
    assert Path(row["path"]).is_dir()


def test_an_empty_folder_says_how_to_go_on(tmp_path: Path) -> None:
    result = run("list", "--root", str(tmp_path))
    assert result.exit_code == 0
    assert "There is no episode" in result.stdout
    assert json.loads(run("list", "--root", str(tmp_path), "--json").stdout) == []


def test_a_folder_that_is_missing_does_not_pass_for_sound(tmp_path: Path) -> None:
    for command in (["list"], ["verify"], ["recover"], ["show", "latest"]):
        result = run(*command, "--root", str(tmp_path / "unmounted"))
        assert result.exit_code == 2
        assert "There is no folder" in result.stderr


def test_show_takes_an_id_its_beginning_a_folder_or_latest(root: Path) -> None:
    (path,) = find_episodes(root).sealed
    for name in (path.name, path.name[:18], str(path), "latest"):
        result = run("show", name, "--root", str(root))
        assert result.exit_code == 0
        assert made.GOAL.language_instruction in result.stdout
    shown = json.loads(run("show", "latest", "--root", str(root), "--json").stdout)
    assert shown["attributes"]["consent"] == made.GOAL.consent
    assert shown["camera_facts"][0]["calibration_hash"] == made.CALIBRATIONS["static"].content_hash


def test_an_unknown_or_ambiguous_name_is_bad_usage(root: Path) -> None:
    result = run("show", "nothing", "--root", str(root))
    assert result.exit_code == 2
    assert "see `collector episodes list`" in " ".join(result.stderr.split())
    made.record(root, steps=1)
    assert run("show", "2026", "--root", str(root)).exit_code == 2


def test_verify_tells_scripts_by_its_exit_code(root: Path) -> None:
    result = run("verify", "--root", str(root))
    assert result.exit_code == 0
    assert "1 of 1 episode is sound" in result.stdout
    (path,) = find_episodes(root).sealed
    (path / "wrist.mp4").chmod(0o644)
    (path / "wrist.mp4").write_bytes(b"")
    result = run("verify", "--root", str(root))
    assert result.exit_code == 1
    assert "wrist.mp4 has changed" in result.stdout
    (judged,) = json.loads(run("verify", "latest", "--root", str(root), "--json").stdout)
    assert not judged["ok"]
    assert judged["problems"][0]["check"] == "seal"


def test_recover_seals_an_orphan_and_refuses_a_wreck(tmp_path: Path) -> None:
    killed_process.record_and_kill(tmp_path / "a", 30, 3, lambda: None)
    listed = run("list", "--root", str(tmp_path / "a"))
    assert "orphaned" in listed.stdout
    result = run("recover", "--root", str(tmp_path / "a"))
    assert result.exit_code == 0
    assert "recovered up to its last whole step" in " ".join(result.stdout.split())
    assert run("verify", "--root", str(tmp_path / "a")).exit_code == 0

    killed_process.record_and_kill(tmp_path / "b", 30, 3, lambda: None)
    (orphan,) = find_episodes(tmp_path / "b").partial
    (orphan / "episode.h5").unlink()
    result = run("recover", "--root", str(tmp_path / "b"), "--json")
    assert result.exit_code == 1
    assert not json.loads(result.stdout)[0]["ok"]
    assert "Nothing could be recovered" in run("list", "--root", str(tmp_path / "b")).stdout


def test_sheet_draws_a_picture(root: Path, tmp_path: Path) -> None:
    picture = tmp_path / "sheets" / "one.png"
    result = run("sheet", "latest", "--root", str(root), "--output", str(picture))
    assert result.exit_code == 0
    image = cv2.imread(str(picture))
    assert image.shape[1] > 1500
    assert image.std() > 10


@pytest.mark.parametrize("steps", [1, 2])
def test_the_shortest_episodes_can_be_drawn(tmp_path: Path, steps: int) -> None:
    sealed = made.record(tmp_path, steps=steps)
    draw(Path(sealed.path), tmp_path / "short.png")
    assert (tmp_path / "short.png").stat().st_size > 1000


def test_an_episode_without_steps_has_no_picture(tmp_path: Path) -> None:
    sealed = made.record(tmp_path, steps=0)
    with pytest.raises(EpisodeError, match="has no step to draw"):
        draw(Path(sealed.path), tmp_path / "none.png")
