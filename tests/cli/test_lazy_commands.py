"""The command line starts quickly, and names what its environment lacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from collector.cli.main import COMMANDS

HEAVY = ("alembic", "argon2", "cv2", "h5py", "matplotlib", "numpy", "scipy", "sqlalchemy")


def python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, after ``code``."""
    begin = f"import sys; sys.argv = {['collector', *words]!r}; {code}; "
    run = "from collector.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", begin + run], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_list_of_commands_says_what_the_command_says(command) -> None:
    loaded = command.load()
    first = " ".join(loaded.help.split("\n\n")[0].split())
    assert first == command.summary or first.startswith(command.summary.rstrip(".") + ",")


@pytest.mark.parametrize(
    "words",
    [["--help"], ["episodes", "--help"], ["catalog", "episodes", "--help"], ["report", "--help"]],
    ids=" ".join,
)
def test_help_waits_for_no_library(words: list[str]) -> None:
    tell = (
        "import atexit; "
        f"atexit.register(lambda: print('loaded', *[m for m in {HEAVY!r} if m in sys.modules]))"
    )
    done = python(tell, *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded"


def test_every_command_is_listed() -> None:
    done = python("pass", "--help")
    for command in COMMANDS:
        assert f" {command.name} " in done.stdout


@pytest.mark.parametrize(
    ("library", "words"),
    [
        ("argon2", ["catalog", "operators", "list"]),
        ("sqlalchemy", ["report"]),
        ("h5py", ["episodes", "list"]),
    ],
)
def test_a_library_that_is_missing_is_one_sentence(
    library: str, words: list[str], tmp_path: Path
) -> None:
    (tmp_path / "catalogue.db").touch()
    done = python(f"sys.modules[{library!r}] = None", *words, "--root", str(tmp_path))
    assert done.returncode == 2
    assert done.stderr == f"{library} is missing from this environment: run `make setup`\n"


def test_a_library_that_is_missing_leaves_other_commands_alone() -> None:
    missing = "sys.modules.update(dict.fromkeys(['argon2', 'sqlalchemy', 'h5py', 'matplotlib']))"
    assert python(missing, "tasks", "list").returncode == 0


def test_a_mistake_of_ours_is_not_blamed_on_the_environment() -> None:
    done = python("sys.modules['collector.episode.reader'] = None", "episodes", "list")
    assert "Traceback" in done.stderr
    assert "make setup" not in done.stderr


def test_a_misspelt_command_is_answered_with_the_right_one() -> None:
    done = python("pass", "epsodes")
    assert done.returncode == 2
    assert "Did you mean 'episodes'?" in done.stderr
