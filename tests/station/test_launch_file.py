"""What launch files mean here: the same as in ROS's own launch, or a clear refusal."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from collector.station.launch_file import LaunchError, ProcessDescription, load_launch_file

LAUNCH = Path(__file__).parents[2] / "launch"


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Make a prefix with a ROS package `pack` and its executable `run`."""
    prefix = tmp_path / "prefix"
    executable = prefix / "lib" / "pack" / "run"
    executable.parent.mkdir(parents=True)
    executable.write_text("#!/bin/sh\n", encoding="utf-8")
    executable.chmod(0o755)
    marker = prefix / "share" / "ament_index" / "resource_index" / "packages" / "pack"
    marker.parent.mkdir(parents=True)
    marker.touch()
    return prefix


def write(folder: Path, text: str, name: str = "a.launch.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def load(
    prefix: Path, text: str, name: str = "a.launch.yaml", **arguments: str
) -> tuple[ProcessDescription, ...]:
    path = write(prefix.parent, text, name)
    environment = {"AMENT_PREFIX_PATH": str(prefix), "HOME": "/home/me"}
    return load_launch_file(path, arguments, environment).processes


def refusal(prefix: Path, text: str, **arguments: str) -> str:
    with pytest.raises(LaunchError) as caught:
        load(prefix, text, **arguments)
    return str(caught.value)


def test_the_launch_files_that_come_with_it_name_every_node(prefix: Path) -> None:
    nodes = prefix / "lib" / "collector_nodes"
    nodes.mkdir()
    names = ("camera", "arm", "teleop", "synchronizer", "recorder", "session", "drift")
    for name in (*names, "simulator"):
        shutil.copy(prefix / "lib" / "pack" / "run", nodes / name)
    environment = {"AMENT_PREFIX_PATH": str(prefix)}
    path = LAUNCH / "simulated.launch.yaml"
    description = load_launch_file(path, {"station": "/my/station.yaml"}, environment)
    assert [p.name for p in description.processes] == [
        *("static_camera", "wrist_camera", *names[1:], "simulator"),
    ]
    for process in description.processes:
        assert 'station:="/my/station.yaml"' in process.command
        assert process.respawn
        profile = Path(process.environment["FASTRTPS_DEFAULT_PROFILES_FILE"])
        assert profile.is_file()
        assert process.environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert 'camera:="wrist"' in description.processes[1].command
    assert [argument.name for argument in description.arguments] == [
        *("station", "discovery_range", "domain_id")
    ]


def test_discovery_and_domain_follow_the_environment_and_arguments_come_first(
    prefix: Path,
) -> None:
    path = LAUNCH / "station.launch.yaml"
    environment = dict(os.environ) | {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET",
        "ROS_DOMAIN_ID": "7",
    }
    shutil.copytree(prefix / "lib" / "pack", prefix / "lib" / "collector_nodes")
    for name in ("camera", "arm", "teleop", "synchronizer", "recorder"):
        shutil.copy(prefix / "lib" / "pack" / "run", prefix / "lib" / "collector_nodes" / name)
    environment["AMENT_PREFIX_PATH"] = str(prefix)
    arguments = {"station": "/s.yaml", "domain_id": "9"}
    (process, *_) = load_launch_file(path, arguments, environment).processes
    assert process.environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"
    assert process.environment["ROS_DOMAIN_ID"] == "9"


def test_a_node_becomes_a_command_line(prefix: Path) -> None:
    (process,) = load(
        prefix,
        """launch:
- node:
    pkg: pack
    exec: run
    name: left
    namespace: arms
    args: --fast $(env HOME)/x 'two words'
    respawn: true
    respawn_delay: 2.5
    cwd: /tmp
    output: screen
    env:
    - {name: MODE, value: "1"}
    remap:
    - {from: in, to: /out}
    param:
    - {name: text, value: hello}
    - {name: digits, value: "'5'"}
    - {name: kept, value: "5", type: str}
    - {name: count, value: 5}
    - {name: rate, value: 5.0}
    - {name: flag, value: "true"}
    - {name: list, value: [1, 2]}
    - name: outer
      param:
      - {name: inner, value: "a: b", type: str}
""",
    )
    assert process == ProcessDescription(
        name="left",
        command=(
            *(str(prefix / "lib/pack/run"), "--fast", "/home/me/x", "two words", "--ros-args"),
            *("-r", "__node:=left", "-r", "__ns:=/arms"),
            *("-p", 'text:="hello"', "-p", 'digits:="5"', "-p", 'kept:="5"', "-p", "count:=5"),
            *("-p", "rate:=5.0", "-p", "flag:=true", "-p", "list:=[1, 2]"),
            *("-p", 'outer.inner:="a: b"', "-r", "in:=/out"),
        ),
        environment={"MODE": "1"},
        cwd=Path("/tmp"),
        respawn=True,
        respawn_delay_s=2.5,
    )


def test_parameter_files_are_passed_on_in_their_order(prefix: Path) -> None:
    file = write(prefix.parent, "/**:\n  ros__parameters: {a: 1}\n", "p.yaml")
    (process,) = load(
        prefix,
        """launch:
- node:
    pkg: pack
    exec: run
    param:
    - {name: a, value: 1}
    - {from: $(dirname)/p.yaml}
""",
    )
    assert process.command[2:] == ("-p", "a:=1", "--params-file", str(file))


def test_processes_of_one_name_are_told_apart(prefix: Path) -> None:
    node = "- node: {pkg: pack, exec: run}\n"
    assert [p.name for p in load(prefix, f"launch:\n{node}{node}{node}")] == [
        *("run", "run-2", "run-3")
    ]


def test_an_argument_is_given_or_has_a_default(prefix: Path) -> None:
    text = """launch:
- arg: {name: who, default: $(env HOME), description: whom to greet}
- executable: {cmd: echo $(var who)}
"""
    assert load(prefix, text)[0].command == ("echo", "/home/me")
    assert load(prefix, text, who="you two")[0].command == ("echo", "you two")
    needed = text.replace("default: $(env HOME), ", "")
    sentence = refusal(prefix, needed)
    assert ":2: arg: 'who' (whom to greet) has no default: give who:=VALUE" in sentence


def test_an_argument_that_no_file_declares_is_refused(prefix: Path) -> None:
    text = "launch:\n- arg: {name: station, default: x}\n"
    assert "takes no argument 'statoin': did you mean station?" in refusal(prefix, text, statoin="")


def test_choices_are_held(prefix: Path) -> None:
    text = """launch:
- arg:
    name: mode
    default: slow
    choice: [{value: slow}, {value: fast}]
"""
    assert load(prefix, text, mode="fast") == ()
    assert "arg.choice: mode is 'warp': expected slow or fast" in refusal(prefix, text, mode="warp")


def test_a_group_is_a_scope_unless_it_says_otherwise(prefix: Path) -> None:
    text = """launch:
- let: {name: x, value: outer}
- group:
    scoped: SCOPED
    children:
    - let: {name: x, value: inner}
    - set_env: {name: E, value: $(var x)}
    - executable: {cmd: first $(var x)}
- executable: {cmd: second $(var x)}
"""
    first, second = load(prefix, text.replace("SCOPED", "true"))
    assert (first.command, first.environment) == (("first", "inner"), {"E": "inner"})
    assert (second.command, second.environment) == (("second", "outer"), {})
    first, second = load(prefix, text.replace("SCOPED", "false"))
    assert (second.command, second.environment) == (("second", "inner"), {"E": "inner"})


def test_a_group_may_be_a_plain_list(prefix: Path) -> None:
    (process,) = load(prefix, "launch:\n- group:\n  - executable: {cmd: ls}\n")
    assert process.command == ("ls",)


@pytest.mark.parametrize(
    ("condition", "runs"),
    [
        ("if: 'true'", True),
        ("if: ' TRUE '", True),
        ("if: '1'", True),
        ("if: 'false'", False),
        ("if: $(var flag)", False),
        ("unless: $(var flag)", True),
        ("unless: 'true'", False),
    ],
)
@pytest.mark.parametrize("action", ["executable", "group"])
def test_conditions(prefix: Path, action: str, condition: str, runs: bool) -> None:
    body = "cmd: ls" if action == "executable" else "children: [{executable: {cmd: ls}}]"
    text = f"launch:\n- let: {{name: flag, value: '0'}}\n- {action}: {{{condition}, {body}}}\n"
    assert bool(load(prefix, text)) == runs


def test_a_condition_that_is_neither_is_refused(prefix: Path) -> None:
    text = "launch:\n- executable: {cmd: ls, if: maybe}\n"
    sentence = refusal(prefix, text)
    assert ":2: executable.if: expected true, false, 1 or 0, got 'maybe'" in sentence


def test_an_include_is_no_scope_and_has_a_folder_of_its_own(prefix: Path) -> None:
    folder = prefix.parent / "inner"
    folder.mkdir()
    write(
        folder,
        """launch:
- arg: {name: x, default: default}
- set_env: {name: HERE, value: $(dirname)}
- executable: {cmd: inner $(var x)}
""",
    )
    inner, outer = load(
        prefix,
        """launch:
- include:
    file: $(dirname)/inner/a.launch.yaml
    arg: [{name: x, value: given}]
- executable: {cmd: outer $(var x) $(dirname)}
""",
    )
    assert inner.command == ("inner", "given")
    assert outer.command == ("outer", "given", str(prefix.parent))
    assert outer.environment == {"HERE": str(folder)}


def test_the_default_of_the_including_file_stands(prefix: Path) -> None:
    write(prefix.parent, "launch:\n- arg: {name: x, default: inner}\n", "b.launch.yaml")
    path = write(
        prefix.parent,
        """launch:
- arg: {name: x, default: outer}
- include: {file: $(dirname)/b.launch.yaml}
""",
    )
    description = load_launch_file(path, {}, {})
    assert description.configurations["x"] == "outer"
    assert [(a.name, a.default) for a in description.arguments] == [("x", "outer")]


def test_a_file_that_includes_itself_is_refused(prefix: Path) -> None:
    text = "launch:\n- include: {file: $(dirname)/a.launch.yaml}\n"
    assert "included without end" in refusal(prefix, text)


@pytest.mark.parametrize(
    ("written", "made"),
    [
        (r"plain", "plain"),
        (r"$(var x)$(var x)", "XX"),
        (r"a $(var $(var name)) b", "a X b"),
        (r"$(env NONE fallback)", "fallback"),
        (r"$(env NONE 'two words')", "two words"),
        (r"$(env NONE $(var x)/y)", "X/y"),
        (r"$(env NONE '')", ""),
        (r"\$(var x)", "$(var x)"),
        (r"100 \$", "100 $"),
        (r"it's", "it's"),
        (r"$(var none none)", "none"),
        (r"$(find-pkg-share pack)/x", "PREFIX/share/pack/x"),
    ],
)
def test_substitutions(prefix: Path, written: str, made: str) -> None:
    text = f"""launch:
- let: {{name: x, value: X}}
- let: {{name: name, value: x}}
- set_env:
    name: RESULT
    value: >-
      {written}
- executable: {{cmd: ls}}
"""
    (process,) = load(prefix, text)
    assert process.environment["RESULT"] == made.replace("PREFIX", str(prefix))


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("$(var y)", "the launch argument 'y' is not set"),
        ("$(env NONE)", "the environment variable 'NONE' is not set"),
        ("$(eval 1 + 1)", "$(eval ...) is not known here: expected $(var NAME [DEFAULT])"),
        ("$(var x", "is not closed with )"),
        ("$(env NONE 'x)", "the quote ' in"),
        ("5 $", "a bare $"),
        ("$()", "no name after $("),
        ("$(dirname x)", "$(dirname) with 1 arguments"),
        ("$(find-pkg-share nowhere)", "the ROS package 'nowhere' is not installed"),
    ],
)
def test_a_substitution_that_cannot_be_made(prefix: Path, written: str, sentence: str) -> None:
    text = f"""launch:
- let:
    name: x
    value: >-
      {written}
"""
    told = refusal(prefix, text)
    assert sentence in told
    assert f"{prefix.parent / 'a.launch.yaml'}:4: let.value: " in told


def test_what_is_substituted_into_a_command_is_one_argument(prefix: Path) -> None:
    text = """launch:
- let: {name: x, value: two words}
- executable: {cmd: run $(var x) --at=$(var x)/z "three more words" $(var x)}
"""
    (process,) = load(prefix, text)
    assert process.command == (
        *("run", "two words", "--at=two words/z", "three more words", "two words"),
    )


@pytest.mark.parametrize(
    ("action", "line", "sentence"),
    [
        ("- lifecycle_node: {pkg: pack}", 2, "unknown action: supported are arg, let, set_env,"),
        ("- node: {pkg: pack, exec: run, nmae: x}", 2, "node.nmae: unknown key: did you mean name"),
        ("- node:\n    pkg: pack\n    exec: walk", 4, "'pack' has no executable 'walk'"),
        ("- node: {exec: run}", 2, "node: pkg is missing"),
        ("- node: {pkg: pack, exec: run, respawn: 'yes'}", 2, "expected true or false"),
        ("- node: {pkg: pack, exec: run, respawn_delay: 1}", 2, "with a decimal point"),
        ("- node: {pkg: pack, exec: run, param: {name: x}}", 2, "begin each with -"),
        ("- node: {pkg: pack, exec: run, param: [{name: x}]}", 2, "'x' has no value"),
        ("- node: {pkg: pack, exec: run, param: [{name: x, value: [1, a]}]}", 2, "of one type"),
        (
            "- node:\n    pkg: pack\n    exec: run\n    param:\n    - {name: x, value: 'a: b'}",
            6,
            "expected text, a number, true or false, got {'a': 'b'}",
        ),
        ("- node: {pkg: pack, exec: run, param: [{from: no.yaml}]}", 2, "no.yaml does not exist"),
        ("- let: {name: x, value: 5}", 2, "expected text, got 5: put it in quotes"),
        ('- executable: {cmd: "a \'b"}', 2, "do not close"),
        ("- executable: {cmd: ''}", 2, "expected a command line"),
        ("- executable: ls", 2, "expected a mapping with cmd,"),
        ("- include: {file: $(dirname)/none.launch.yaml}", 2, "none.launch.yaml does not exist"),
        ("- include: {file: $(dirname)/x.launch.py}", 2, "only launch files in YAML"),
        ("- include: {file: x.yaml, args: []}", 2, "include.args: unknown key: did you mean arg"),
        ("- group: {scoped: true}", 2, "children is missing"),
        ("- {}", 2, "expected one action"),
        ("  node: {}", 1, "expected a list of actions"),
        ("- arg: {name: x, default: y}\n- arg: [", 4, "not valid YAML"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(
    prefix: Path, action: str, line: int, sentence: str
) -> None:
    told = refusal(prefix, f"launch:\n{action}\n")
    assert told.startswith(f"{prefix.parent / 'a.launch.yaml'}:{line}: ")
    assert sentence in told


def test_a_file_that_is_missing_or_is_no_launch_file(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"does not exist: name a launch file, such as"):
        load_launch_file(tmp_path / "none.launch.yaml")
    with pytest.raises(LaunchError, match="expected one key, launch"):
        load_launch_file(write(tmp_path, "nodes: []\n"))
    with pytest.raises(LaunchError, match=r"give launch/station\.launch\.yaml station:="):
        load_launch_file(write(tmp_path, "station_id: a\n"))
