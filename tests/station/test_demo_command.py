"""`collector demo`, where it cannot begin."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from collector.cli.demo import demo

app = typer.Typer()
app.command()(demo)


@pytest.mark.parametrize("beneath", ["", "data"])
def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path, beneath: str) -> None:
    file = tmp_path / "file"
    file.write_text("kept", encoding="utf-8")
    result = CliRunner().invoke(app, ["--data", str(file / beneath)])
    assert result.exit_code == 2
    assert result.stderr.endswith("choose another folder with --data\n")
    assert result.stderr.count("\n") == 1
    assert file.read_text(encoding="utf-8") == "kept"


def test_an_unknown_task_is_named_with_those_there_are(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--data", str(tmp_path), "--tasks", "open_window"])
    assert result.exit_code == 2
    assert "no task 'open_window'; choose one of place_red_in_bowl" in result.stderr
    assert not list(tmp_path.iterdir())
