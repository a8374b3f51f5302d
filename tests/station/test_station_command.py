"""The `collector station` command, as its user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from collector.cli.station import station

STATIONS = Path(__file__).parents[2] / "launch" / "stations"
LAUNCH = """launch:
- arg: {name: word, default: hello, description: what to say}
- executable: {cmd: sh -c "echo said $0" $(var word), name: speaker}
"""

app = typer.Typer()
app.command()(station)


@pytest.fixture
def launch_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.launch.yaml"
    path.write_text(LAUNCH.replace("$0", r"\$0"), encoding="utf-8")
    return path


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.stdout, result.stderr


def test_check_summarises_a_valid_description() -> None:
    path = STATIONS / "realsense_example.yaml"
    code, shown, _ = run("--check", str(path))
    assert code == 0
    assert shown.startswith(f"{path} is valid\n")
    assert "realsense (123456789012), 640x480 at 30 Hz" in shown


def test_check_prints_the_whole_description_as_json() -> None:
    code, shown, _ = run("--check", str(STATIONS / "simulated.yaml"), "--json")
    assert code == 0
    assert json.loads(shown)["cameras"]["wrist"]["phase_ms"] == 37


def test_bad_input_is_one_sentence_a_fault_and_exit_code_2(
    tmp_path: Path, launch_file: Path
) -> None:
    path = tmp_path / "s.yaml"
    text = (STATIONS / "simulated.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("teleop:", "telep:"), encoding="utf-8")
    code, shown, told = run("--check", str(path))
    assert (code, shown) == (2, "")
    assert told.endswith("telep: unknown key: did you mean teleop?\n")
    for words, sentence in (
        ([str(tmp_path / "no.launch.yaml")], "no.launch.yaml does not exist"),
        ([str(launch_file), "wrod:=x"], "takes no argument 'wrod': did you mean word?"),
        ([str(launch_file), "b.yaml"], "'b.yaml' is neither NAME:=VALUE nor"),
        ([str(launch_file), "--json"], "--json goes with"),
        ([str(launch_file), "--check", str(path)], "--check takes a station description"),
    ):
        code, shown, told = run(*words)
        assert (code, shown) == (2, ""), words
        assert sentence in told
        assert told.count("\n") == 1


def test_what_would_run_can_be_seen_without_running_it(launch_file: Path) -> None:
    code, shown, _ = run(str(launch_file), "word:=two words", "--show-processes", "--json")
    assert code == 0
    (process,) = json.loads(shown)
    assert process["command"] == ["sh", "-c", "echo said $0", "two words"]
    code, shown, _ = run(str(launch_file), "--show-processes")
    assert "speaker (run once)\n" in shown
    code, shown, _ = run(str(launch_file), "--show-args")
    assert shown == "word:=hello    what to say\n"


def test_it_runs_what_the_launch_file_names_and_keeps_the_output(launch_file: Path) -> None:
    code, shown, _ = run(str(launch_file), "word:=you")
    assert code == 0
    assert "[speaker] said you\n" in shown
    (log,) = launch_file.parent.glob("data/logs/*/speaker.log")
    assert "said you\n" in log.read_text(encoding="utf-8")


def test_a_process_that_fails_for_good_is_an_exit_code_of_1(launch_file: Path) -> None:
    launch_file.write_text("launch:\n- executable: {cmd: sh -c 'exit 5'}\n", encoding="utf-8")
    code, _, _ = run(str(launch_file))
    assert code == 1
