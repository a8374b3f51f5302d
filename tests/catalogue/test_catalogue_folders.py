"""Rebuilding from sealed folders, and checking them, with real episodes; the commands."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from people import PIN, supervisor
from typer.testing import CliRunner

from collector.catalogue.catalogue import Catalogue
from collector.catalogue.database import catalogue_file
from collector.catalogue.errors import CatalogueError
from collector.cli.catalog import app
from collector.episode.folders import sealed_folders

sys.path.append(str(Path(__file__).parent.parent / "episode"))

from random import Random

from episode_factory import GOAL, START_NS, STATION, record


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a success, a failure and one without a label."""
    root = tmp_path_factory.mktemp("recorded")
    for seed, outcome in enumerate(("success", "failure", "unlabelled")):
        record(root, steps=3, outcome=outcome, rng=Random(seed))
    return root


@pytest.fixture
def root(recorded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(recorded, tmp_path / "data"))


def test_rebuilding_recreates_what_sealed_folders_know(catalogue: Catalogue, root: Path) -> None:
    report = catalogue.rebuild(root)
    assert (report.new, report.problems) == (3, [])
    episodes = catalogue.list_episodes().episodes
    assert {e.path for e in episodes} == {str(p) for p in sealed_folders(root)}
    assert sorted(e.outcome for e in episodes) == ["failure", "success", "unlabelled"]
    for episode in episodes:
        assert (episode.task_id, episode.operator_id) == (GOAL.task_id, GOAL.collector_id)
        assert (episode.session_id, episode.station_id) == (GOAL.session_id, STATION.station_id)
        assert (episode.steps, episode.gaps, episode.duration_s) == (3, 0, 0.6)
        assert episode.max_skew_ns == {"static": 7_000_000, "wrist": 11_000_000}
        assert episode.created_ns // 1000 == START_NS // 1000
        assert episode.bytes == sum(f.stat().st_size for f in Path(episode.path).iterdir())
    person = catalogue.operator(GOAL.collector_id)
    assert (person.role, person.has_pin, person.consent) == ("operator", False, None)
    attempts = catalogue.session_attempts(GOAL.session_id)
    assert sorted(a.outcome for a in attempts) == ["failure", "success", "unlabelled"]
    assert catalogue.collected_counts() == {GOAL.task_id: 1}
    assert catalogue.check(root).problems == []
    # Nobody's consent is in a folder: it has to be put on file again.
    assert catalogue.exportable_episodes(released_only=False) == []


def test_rebuilding_again_leaves_decisions_as_they_are(catalogue: Catalogue, root: Path) -> None:
    catalogue.rebuild(root)
    boss = supervisor(catalogue)
    newest = catalogue.list_episodes().episodes[0].episode_id
    catalogue.label(newest, "reviewer", "failure", boss, "it fell over")
    catalogue.withdraw_consent(GOAL.collector_id, "by mail")
    before = catalogue.list_episodes()
    report = catalogue.rebuild(root)
    assert (report.new, report.corrected, report.unchanged) == (0, 0, 3)
    assert catalogue.list_episodes() == before
    assert {e.status for e in before.episodes} == {"withdrawn"}


def test_rebuilding_follows_a_data_folder_that_moved(catalogue: Catalogue, root: Path) -> None:
    catalogue.rebuild(root)
    moved = root.rename(root.with_name("moved"))
    assert len(catalogue.check(moved).problems) == 3
    assert catalogue.rebuild(moved).corrected == 3
    assert catalogue.check(moved).problems == []


def test_a_changed_folder_is_refused_and_found(catalogue: Catalogue, root: Path) -> None:
    catalogue.rebuild(root)
    changed, missing, forged = sealed_folders(root)
    video = changed / "episode.h5"
    video.chmod(0o644)
    video.write_bytes(video.read_bytes() + b"x")
    shutil.rmtree(missing)
    manifest = forged / "MANIFEST.sha256"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text() + "\n")
    problems = catalogue.check(root).problems
    assert len(problems) == 3
    for path, word in ((changed, "not as it was sealed"), (missing, "missing"), (forged, "seal")):
        assert sum(path.name in p and word in p for p in problems) == 1, problems
    report = catalogue.rebuild(root)
    assert (report.new, report.corrected, len(report.problems)) == (0, 0, 2)
    with pytest.raises(CatalogueError, match="not as it was sealed"):
        catalogue.register_episode(changed)


def test_folders_that_nobody_registered_are_found(catalogue: Catalogue, root: Path) -> None:
    first, *others = sealed_folders(root)
    assert catalogue.register_episode(first).change == "new"
    assert catalogue.register_episode(first).change == "unchanged"
    problems = catalogue.check(root).problems
    assert len(problems) == 2
    assert all("is not in the catalogue" in p for p in problems)
    with pytest.raises(CatalogueError, match="no sealed episode"):
        catalogue.register_episode(others[0].parent)


def run(*words: str, code: int = 0, typed: str = "") -> str:
    result = CliRunner().invoke(app, list(words), input=typed)
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.output


def test_the_commands_keep_a_catalogue(root: Path, tmp_path: Path) -> None:
    at = ("--root", str(root))
    assert "there is no catalogue" in run("check", *at, code=2)
    assert not catalogue_file(root).exists()
    assert "3 new, 0 corrected, 0 unchanged" in run("rebuild", *at)
    document = tmp_path / "signed.pdf"
    document.write_text("I agree", encoding="utf-8")
    added = json.loads(
        run(
            "operators",
            "add",
            "--name",
            "Zoë",
            "--consent",
            str(document),
            "--json",
            *at,
            typed=f"{PIN}\n",
        )
    )
    person = added["operator"]
    assert (added["role"], added["consent"]["document"]) == ("operator", "signed.pdf")
    assert "Zoë" not in run("operators", "list", *at)
    assert "Zoë" in run("operators", "list", "--names", *at)
    assert "signs in as operator" in run("sign-in", "check", person, *at, typed=f"{PIN}\n")
    assert "the PIN is wrong" in run("sign-in", "check", person, *at, typed="0000\n", code=1)
    assert "3 episodes leave every export" in run("operators", "withdraw", GOAL.collector_id, *at)
    exported = tmp_path / "chain.jsonl"
    exported.write_text(run("custody", "export", *at), encoding="utf-8")
    assert json.loads(run("check", "--exported", str(exported), "--json", *at))["problems"] == []
    backup = tmp_path / "backup.db"
    assert "with 3 episodes" in run("backup", str(backup), *at)
    assert "exists already" in run("backup", str(backup), *at, code=2)
    assert b"Zo\xc3\xab" not in backup.read_bytes()
    shutil.rmtree(sealed_folders(root)[0])
    assert "1 problem" in run("check", *at, code=1)


def test_a_name_that_cannot_be_kept_adds_nobody(root: Path) -> None:
    at = ("--root", str(root))
    run("operators", "add", "--name", "Zoë", *at, typed=f"{PIN}\n")
    (root / "private" / "operators.yaml").chmod(0o644)
    refused = run("operators", "add", "--name", "Bo", *at, typed=f"{PIN}\n", code=2)
    assert "others can read" in refused
    assert len(json.loads(run("operators", "list", "--json", *at))) == 1
