"""A small catalogue in a folder of its own, and the command line on it."""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from small_catalogue import Place, Run, make
from typer.testing import CliRunner

from collector.cli.main import app


@pytest.fixture(scope="session")
def made_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def place(made_place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A copy that a test may change."""
    monkeypatch.delenv("COLLECTOR_CATALOGUE", raising=False)
    shutil.copytree(made_place.root, tmp_path / "data")
    with closing(sqlite3.connect(tmp_path / "data" / "catalogue.db")) as database, database:
        moved = (str(made_place.root), str(tmp_path / "data"))
        database.execute("UPDATE episodes SET path = replace(path, ?, ?)", moved)
    return dataclasses.replace(made_place, root=tmp_path / "data")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command; return what it prints, and what it says on the error stream on failure."""

    def running(*words: object, code: int = 0, columns: int = 80, typed: str = "") -> str:
        monkeypatch.setenv("COLUMNS", str(columns))
        result = CliRunner().invoke(app, [str(word) for word in words], input=typed)
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.output

    return running
