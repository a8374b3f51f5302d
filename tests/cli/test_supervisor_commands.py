"""Who may decide what, from the command line."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from small_catalogue import PIN, SUPERVISOR_PIN, Place, Run

from collector.catalogue.catalogue import Catalogue
from collector.cli import identification
from collector.clock import ManualClock


def decide(place: Place, *words: object) -> list[object]:
    """The words of a decision that the supervisor takes."""
    who = ("--as", place.supervisor, "--pin-file", place.pin_file(), "--root", place.root)
    return [*words, *who]


def reopened(place: Place) -> Catalogue:
    return Catalogue.open(place.root / "catalogue.db", ManualClock(), random.Random(0))


DECISIONS: list[tuple[str, ...]] = [
    ("episodes", "label", "failure", "EPISODE"),
    ("episodes", "release", "EPISODE", "--reason", "reviewed"),
    ("episodes", "delete", "EPISODE", "--yes", "--reason", "wrong scene"),
    ("gate", "override", "OPERATOR", "press_switch", "--open", "--reason", "new switch"),
    ("gate", "override", "OPERATOR", "press_switch", "--close", "--reason", "careless"),
]


def spelt(place: Place, words: tuple[str, ...]) -> list[str]:
    names = {"EPISODE": place.episodes[0], "OPERATOR": place.careless}
    return ["catalog", *(names.get(word, word) for word in words)]


@pytest.mark.parametrize("words", DECISIONS, ids=" ".join)
def test_nobody_but_a_supervisor_decides(run: Run, place: Place, words: tuple[str, ...]) -> None:
    at = ("--as", place.steady, "--pin-file", place.pin_file(PIN), "--root", place.root)
    assert "only a supervisor can" in run(*spelt(place, words), *at, code=1)
    with reopened(place) as catalogue:
        episode = catalogue.episode(place.episodes[0])
        assert (episode.status, episode.label_reviewer) == ("recorded", None)
        assert catalogue.overrides(place.careless) == []


@pytest.mark.parametrize("words", DECISIONS, ids=" ".join)
def test_a_wrong_pin_decides_nothing(run: Run, place: Place, words: tuple[str, ...]) -> None:
    at = ("--as", place.supervisor, "--pin-file", place.pin_file("000000"), "--root", place.root)
    assert "the PIN is wrong" in run(*spelt(place, words), *at, code=1)
    with reopened(place) as catalogue:
        episode = catalogue.episode(place.episodes[0])
        assert (episode.status, episode.label_reviewer) == ("recorded", None)
        assert catalogue.overrides(place.careless) == []


def test_after_wrong_pins_the_right_one_waits_and_is_told_until_when(
    run: Run, place: Place
) -> None:
    words = spelt(place, DECISIONS[1])
    at = ("--as", place.supervisor, "--root", place.root)
    for _ in range(3):
        last = run(*words, *at, "--pin-file", place.pin_file("000000"), code=1)
    assert "try again in 5 s, at " in last
    refused = run(*words, *at, "--pin-file", place.pin_file(), code=1)
    assert "too many wrong PINs" in refused
    assert refused.rstrip()[-8:].count(":") == 2  # a time of day


def test_a_pin_is_no_argument(run: Run, place: Place) -> None:
    for command in (
        spelt(place, DECISIONS[1]),
        ["catalog", "operators", "add"],
        ["catalog", "operators", "set-pin", place.steady],
        ["catalog", "sign-in", "check", place.steady],
    ):
        text = run(*command, "--pin", SUPERVISOR_PIN, "--root", place.root, code=2)
        assert "No such option" in text


def test_a_pin_comes_through_a_pipe_too(run: Run, place: Place) -> None:
    at = ("--as", place.supervisor, "--root", place.root)
    words = spelt(place, DECISIONS[1])
    assert "released" in run(*words, *at, typed=f"{SUPERVISOR_PIN}\n")
    again = run(*words, *at, "--pin-file", "-", typed=f"{SUPERVISOR_PIN}\n")
    assert "released" in again
    assert "there is no PIN" in run(*words, *at, code=2)


def test_a_pin_file_that_others_can_read_is_refused(run: Run, place: Place) -> None:
    pin_file = Path(place.pin_file())
    pin_file.chmod(0o640)
    words = ("--as", place.supervisor, "--pin-file", pin_file, "--root", place.root)
    assert "chmod 600" in run(*spelt(place, DECISIONS[1]), *words, code=2)
    missing = ("--as", place.supervisor, "--pin-file", "/nowhere/pin", "--root", place.root)
    assert "cannot be read" in run(*spelt(place, DECISIONS[1]), *missing, code=2)


def test_who_decides_is_asked_for_and_the_pin_is_not_shown(
    run: Run, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []
    answers = {"PIN": SUPERVISOR_PIN, "Who decides (pseudonym)": place.supervisor}

    def prompt(text: str, hide_input: bool = False, **_: Any) -> str:
        asked.append((text, hide_input))
        return answers[text]

    monkeypatch.setattr(identification.typer, "prompt", prompt)
    monkeypatch.setattr(identification, "is_terminal", lambda: True)
    run(*spelt(place, DECISIONS[1]), "--root", place.root)
    assert asked == [("Who decides (pseudonym)", False), ("PIN", True)]


def test_without_a_terminal_who_decides_must_be_said(run: Run, place: Place) -> None:
    text = run(*spelt(place, DECISIONS[1]), "--root", place.root, code=2)
    assert "--as SUPERVISOR" in text


def test_a_decision_without_a_reason_is_refused(run: Run, place: Place) -> None:
    for words in DECISIONS[1:]:
        at = words.index("--reason")
        text = run(*decide(place, *spelt(place, words[:at])), code=2)
        assert "say why" in text


def test_episodes_are_released_and_those_refused_are_named(run: Run, place: Place) -> None:
    ids = [place.episodes[0], "nosuch", place.episodes[1], place.episodes[0]]
    words = decide(place, "catalog", "episodes", "release", *ids, "--reason", "reviewed")
    text = run(*words, code=1)
    assert "knows no episode nosuch" in text
    assert "2 episodes released" in text
    told = json.loads(run("catalog", "episodes", "list", "--json", "--root", place.root))
    released = {e["episode_id"] for e in told["episodes"] if e["status"] == "released"}
    assert released == set(place.episodes[:2])


def test_a_reviewers_label_stands_beside_the_others(run: Run, place: Place) -> None:
    words = ("catalog", "episodes", "label", "failure", place.episodes[0], "--reason", "it fell")
    run(*decide(place, *words))
    with reopened(place) as catalogue:
        episode = catalogue.episode(place.episodes[0])
        assert episode.label_operator == episode.label_predicate == "success"
        assert episode.label_reviewer == "failure"
        assert catalogue.labels(place.episodes[0])[-1].author == place.supervisor
        assert catalogue.labels(place.episodes[0])[-1].reason == "it fell"
    report = json.loads(run("report", "--json", "--root", place.root))
    assert report["success_of_all"]["disputed"] == 1
    assert "no label 'good'" in run(
        *decide(place, "catalog", "episodes", "label", "good", place.episodes[0]), code=2
    )


def test_deleting_leaves_the_folder_unless_told_otherwise(run: Run, place: Place) -> None:
    episode = place.episodes[0]
    words = ("catalog", "episodes", "delete", episode, "--reason", "wrong scene")
    assert "--yes" in run(*decide(place, *words), code=2)
    assert folder_of(place, episode).is_dir()
    run(*decide(place, *words, "--yes"))
    with reopened(place) as catalogue:
        assert catalogue.episode(episode).status == "deleted"
    assert folder_of(place, episode).is_dir()


def test_deleting_removes_the_folder_that_was_catalogued_and_no_other(
    run: Run, place: Place
) -> None:
    ours, another, missing, kept = (folder_of(place, e) for e in place.episodes[:4])
    (another / "MANIFEST.sha256").write_bytes(b"of another episode")
    shutil.rmtree(missing)
    words = ("catalog", "episodes", "delete", *place.episodes[:3], "--reason", "gone", "--yes")
    text = run(*decide(place, *words, "--remove-folders"), code=1)
    assert "is not the folder that was catalogued" in text
    assert "remove it where it lies" in text
    assert "3 episodes deleted" in text
    assert not ours.exists()
    assert another.is_dir()
    assert kept.is_dir()


def folder_of(place: Place, episode: str) -> Path:
    with reopened(place) as catalogue:
        return Path(catalogue.episode(episode).path)


def test_pages_lead_through_everything_once(run: Run, place: Place) -> None:
    seen: list[str] = []
    after: list[str] = []
    while True:
        words = ("catalog", "episodes", "list", "--limit", 3, "--root", place.root, "--json")
        page = json.loads(run(*words, *after))
        seen += [episode["episode_id"] for episode in page["episodes"]]
        if page["next"] is None:
            break
        after = ["--after", page["next"]]
    assert seen == sorted(place.episodes, reverse=True)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (("--task", "open_drawer"), 8),
        (("--task", "press_switch"), 0),
        (("--status", "released"), 0),
        (("--since", "2026-11-25", "--until", "2026-11-25"), 8),
        (("--since", "2026-11-26"), 0),
        (("--phase", "collection", "--outcome", "success", "--station", "bench-1"), 8),
    ],
)
def test_episodes_are_found_by_what_is_given(
    run: Run, place: Place, words: tuple[str, ...], count: int
) -> None:
    told = run("catalog", "episodes", "list", "--json", "--root", place.root, *words)
    assert len(json.loads(told)["episodes"]) == count


@pytest.mark.parametrize("columns", [80, 120])
def test_lists_fit_the_terminal(run: Run, place: Place, columns: int) -> None:
    run(
        *decide(
            place, *spelt(place, DECISIONS[3][:-1]), "a reason that fills more than one line " * 3
        )
    )
    for command in ("episodes", "gate"):
        text = run("catalog", command, "list", "--root", place.root, columns=columns)
        lines = [line for line in text.splitlines() if not line.startswith("Next page")]
        assert max(map(len, lines)) <= columns


def test_a_supervisors_word_opens_closes_and_leaves_a_task(run: Run, place: Place) -> None:
    def stand() -> dict[str, Any]:
        words = ("--operator", place.careless, "--json", "--root", place.root)
        (gate,) = json.loads(run("catalog", "gate", "list", *words))
        return gate

    override = ("catalog", "gate", "override", place.careless, "press_switch")
    before = stand()
    assert (before["is_open"], before["attempts"], before["override"]) == (False, 6, None)
    assert before["discards_suspicious"]
    run(*decide(place, *override, "--open", "--reason", "new switch"))
    opened = stand()
    assert opened["is_open"]
    assert (opened["override"]["by"], opened["override"]["reason"]) == (
        place.supervisor,
        "new switch",
    )
    listed = run("catalog", "gate", "list", "--overridden", "--root", place.root)
    assert "open *" in listed
    assert "new switch" in listed
    run(*decide(place, *override, "--close", "--reason", "throws it"))
    assert not stand()["is_open"]
    run(*decide(place, *override, "--auto", "--reason", "used to it"))
    assert stand()["override"] is None
    assert "the gate decides already" in run(
        *decide(place, *override, "--auto", "--reason", "again"), code=2
    )
    assert "say one of" in run(*decide(place, *override, "--reason", "x"), code=2)
    both = run(*decide(place, *override, "--open", "--close", "--reason", "x"), code=2)
    assert "say one of" in both


def test_an_unknown_operator_or_task_is_refused_before_the_pin_is_asked_for(
    run: Run, place: Place
) -> None:
    override = ("catalog", "gate", "override")
    at = ("--open", "--reason", "x", "--as", place.supervisor, "--root", place.root)
    assert "there is no operator op-none" in run(*override, "op-none", "open_drawer", *at, code=2)
    assert "no task 'open_door'" in run(*override, place.steady, "open_door", *at, code=2)


def test_what_was_decided_stands_in_the_chain_of_custody(run: Run, place: Place) -> None:
    for words in DECISIONS[:2]:
        run(*decide(place, *spelt(place, words)))
    with reopened(place) as catalogue:
        events = [(e.actor, e.action) for e in catalogue.custody_chain()][-4:]
    assert events == [
        (place.supervisor, "operator.sign-in"),
        (place.supervisor, "episode.label"),
        (place.supervisor, "operator.sign-in"),
        (place.supervisor, "episode.release"),
    ]
