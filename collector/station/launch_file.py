"""ROS 2 launch files in YAML, the part of the format that stations use.

`ros2 launch` takes the same files. What is accepted here means what ROS's own launch
(launch, launch_yaml and launch_ros of Jazzy) makes of it, and is checked as strictly: text
has to be text, ``respawn_delay`` has to have a decimal point.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from collector.station.launch_substitution import (
    LaunchContext,
    SubstitutionError,
    package_executable,
    split_command,
    substitute,
)
from collector.station.located_yaml import LocatedYaml, Location, YamlError, load_located_yaml

_MAX_INCLUDES = 20


class LaunchError(Exception):
    """A launch file cannot be used; the message names file, line and key."""


@dataclass(frozen=True)
class ProcessDescription:
    """One process of a launch description."""

    name: str  # unique among the processes
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)  # added to the supervisor's own
    cwd: Path | None = None
    respawn: bool = False
    respawn_delay_s: float = 0.0


@dataclass(frozen=True)
class LaunchArgument:
    """An argument that a launch file declares."""

    name: str
    default: str | None  # with its substitutions made; None: it must be given
    description: str


@dataclass(frozen=True)
class LaunchDescription:
    """What a launch file comes to, with its arguments filled in."""

    processes: tuple[ProcessDescription, ...]
    arguments: tuple[LaunchArgument, ...]
    configurations: Mapping[str, str]  # every argument and let, as the file leaves it


def load_launch_file(
    path: Path,
    arguments: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> LaunchDescription:
    """Read a launch file and what it includes.

    ``arguments`` are what ``name:=value`` sets; ``environment`` is what substitutions see,
    by default this process's. Raises LaunchError.
    """
    given = dict(arguments or {})
    seen = dict(os.environ if environment is None else environment)
    path = Path(path).absolute()
    reader = _Reader(LaunchContext(path.parent, dict(given), seen))
    reader.read_file(path, included_from=None)
    declared: dict[str, LaunchArgument] = {}
    for argument in reader.arguments:
        declared.setdefault(argument.name, argument)  # an outer file's default stands
    for name in given:
        if name not in declared:
            near = difflib.get_close_matches(name, declared, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it takes {_or_list(declared)}"
            raise LaunchError(f"{path}: takes no argument {name!r}: {hint}")
    return LaunchDescription(
        tuple(reader.processes), tuple(declared.values()), reader.context.configurations
    )


def _or_list(names: Mapping[str, object]) -> str:
    return ", ".join(names) if names else "none"


@dataclass(frozen=True)
class _Entity:
    """One action of a launch file: its attributes, and where they stand."""

    kind: str
    value: Any
    source: LocatedYaml
    location: Location

    def fail(self, key: str, sentence: str) -> LaunchError:
        line = self.source.line((*self.location, key) if key else self.location)
        name = f"{self.kind}.{key}" if key else self.kind
        return LaunchError(f"{self.source.path}:{line}: {name}: {sentence}")

    def check_keys(self, *known: str) -> None:
        if not isinstance(self.value, dict):
            raise self.fail("", f"expected a mapping with {', '.join(known)}")
        for key in self.value:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, n=1)
                hint = f"did you mean {near[0]}? " if near else ""
                raise self.fail(str(key), f"unknown key: {hint}supported are {', '.join(known)}")

    def has(self, key: str) -> bool:
        return isinstance(self.value, dict) and key in self.value

    def text(self, key: str) -> str:
        if key not in self.value:
            raise self.fail("", f"{key} is missing")
        value = self.value[key]
        if not isinstance(value, str):
            raise self.fail(key, f"expected text, got {value!r}: put it in quotes")
        return value

    def children(self, key: str) -> list[_Entity]:
        """Return the entries of the list of mappings at ``key``; none where it is absent."""
        value = self.value.get(key, [])
        if key in self.value and not (isinstance(value, list) and value):
            raise self.fail(key, "expected a list of mappings: begin each with - ")
        below = (*self.location, key)
        entries = [
            _Entity(f"{self.kind}.{key}", entry, self.source, (*below, index))
            for index, entry in enumerate(value)
        ]
        for entry in entries:
            if not isinstance(entry.value, dict):
                raise entry.fail("", "expected a mapping of keys to values")
        return entries


_CONDITIONS = ("if", "unless")
_RESPAWN = ("respawn", "respawn_delay")


class _Reader:
    """Walks launch files in order, as launch does: each action sees what came before it."""

    def __init__(self, context: LaunchContext) -> None:
        self.context = context
        self.processes: list[ProcessDescription] = []
        self.arguments: list[LaunchArgument] = []
        self._files: list[Path] = []
        self._added_environment: dict[str, str] = {}
        self._actions = {
            "arg": self._arg,
            "let": self._let,
            "set_env": self._set_env,
            "group": self._group,
            "include": self._include,
            "node": self._node,
            "executable": self._executable,
        }

    def read_file(self, path: Path, included_from: _Entity | None) -> None:
        if len(self._files) >= _MAX_INCLUDES and included_from is not None:
            raise included_from.fail("file", f"{path} is included without end")
        try:
            source = load_located_yaml(path)
        except FileNotFoundError:
            if included_from is not None:
                raise included_from.fail("file", f"{path} does not exist") from None
            raise LaunchError(
                f"{path} does not exist: name a launch file, such as launch/simulated.launch.yaml"
            ) from None
        except YamlError as error:
            raise LaunchError(str(error)) from error
        root = source.value
        if isinstance(root, dict) and "station_id" in root:
            raise LaunchError(
                f"{path} is a station description, not a launch file: "
                f"give launch/station.launch.yaml station:={path}"
            )
        if not isinstance(root, dict) or list(root) != ["launch"]:
            raise LaunchError(f"{path}:1: expected one key, launch, with a list of actions")
        self._files.append(path)
        previous, self.context.folder = self.context.folder, path.parent
        self._run(root["launch"], _Entity("launch", root, source, ("launch",)))
        self.context.folder = previous
        self._files.pop()

    def _run(self, actions: Any, parent: _Entity) -> None:
        if not isinstance(actions, list):
            raise parent.fail("", "expected a list of actions: begin each with - ")
        for index, action in enumerate(actions):
            at = (*parent.location, index)
            outer = _Entity(parent.kind, action, parent.source, at)
            if not isinstance(action, dict) or len(action) != 1:
                raise outer.fail("", "expected one action: a single key followed by its attributes")
            ((kind, value),) = action.items()
            entity = _Entity(str(kind), value, parent.source, (*at, str(kind)))
            if kind not in self._actions:
                raise entity.fail("", f"unknown action: supported are {', '.join(self._actions)}")
            self._actions[kind](entity)

    def _text(self, entity: _Entity, key: str) -> str:
        try:
            return substitute(entity.text(key), self.context)
        except SubstitutionError as error:
            raise entity.fail(key, str(error)) from error

    def _wanted(self, entity: _Entity) -> bool:
        """Return whether the conditions of an action hold."""
        if entity.has("if") and entity.has("unless"):
            raise entity.fail("unless", "if and unless cannot be used together")
        for key in _CONDITIONS:
            if entity.has(key):
                value = self._text(entity, key).strip().lower()
                if value not in ("true", "1", "false", "0"):
                    raise entity.fail(key, f"expected true, false, 1 or 0, got {value!r}")
                return (value in ("true", "1")) == (key == "if")
        return True

    def _arg(self, entity: _Entity) -> None:
        entity.check_keys("name", "default", "description", "choice", *_CONDITIONS)
        if not self._wanted(entity):
            return
        name = entity.text("name")
        default = self._text(entity, "default") if entity.has("default") else None
        description = entity.text("description") if entity.has("description") else ""
        self.arguments.append(LaunchArgument(name, default, description))
        if name not in self.context.configurations:
            if default is None:
                told = f" ({description})" if description else ""
                raise entity.fail("", f"{name!r}{told} has no default: give {name}:=VALUE")
            self.context.configurations[name] = default
        choices = [choice.text("value") for choice in entity.children("choice")]
        value = self.context.configurations[name]
        if choices and value not in choices:
            raise entity.fail("choice", f"{name} is {value!r}: expected {' or '.join(choices)}")

    def _let(self, entity: _Entity) -> None:
        entity.check_keys("name", "value", *_CONDITIONS)
        if self._wanted(entity):
            self.context.configurations[self._text(entity, "name")] = self._text(entity, "value")

    def _set_env(self, entity: _Entity) -> None:
        entity.check_keys("name", "value", *_CONDITIONS)
        if self._wanted(entity):
            name, value = self._text(entity, "name"), self._text(entity, "value")
            self.context.environment[name] = value
            self._added_environment[name] = value

    def _group(self, entity: _Entity) -> None:
        scoped = True
        actions, inner = entity.value, entity
        if not isinstance(actions, list):
            entity.check_keys("scoped", "children", *_CONDITIONS)
            scoped = self._boolean(entity, "scoped", default=True)
            actions = entity.value.get("children")
            inner = _Entity("group", entity.value, entity.source, (*entity.location, "children"))
            if actions is None:
                raise entity.fail("", "children is missing: the list of the group's actions")
        if not self._wanted(entity):
            return
        kept = (
            dict(self.context.configurations),
            dict(self.context.environment),
            dict(self._added_environment),
        )
        self._run(actions, inner)
        if scoped:
            (
                self.context.configurations,
                self.context.environment,
                self._added_environment,
            ) = kept

    def _include(self, entity: _Entity) -> None:
        entity.check_keys("file", "arg", "let", *_CONDITIONS)
        if not self._wanted(entity):
            return
        path = Path(self._text(entity, "file")).absolute()
        if path.suffix not in (".yaml", ".yml"):
            raise entity.fail("file", f"{path}: only launch files in YAML are supported here")
        settings = {}
        for entry in (*entity.children("arg"), *entity.children("let")):
            entry.check_keys("name", "value")
            settings[self._text(entry, "name")] = self._text(entry, "value")
        # As in ROS, an include is not a scope: what it sets holds for what follows.
        self.context.configurations.update(settings)
        self.read_file(path, included_from=entity)

    def _node(self, entity: _Entity) -> None:
        entity.check_keys(
            *("pkg", "exec", "name", "namespace", "param", "remap", "env", "args", "ros_args"),
            *("cwd", "output", *_RESPAWN, *_CONDITIONS),
        )
        if not self._wanted(entity):
            return
        package, executable = self._text(entity, "pkg"), self._text(entity, "exec")
        try:
            path = package_executable(package, executable, self.context.environment)
        except SubstitutionError as error:
            raise entity.fail("exec", str(error)) from error
        command = [str(path), *self._split(entity, "args"), "--ros-args"]
        command += self._split(entity, "ros_args")
        name = executable
        if entity.has("name"):
            name = self._text(entity, "name")
            command += ["-r", f"__node:={name}"]
        if entity.has("namespace"):
            command += ["-r", f"__ns:=/{self._text(entity, 'namespace').strip('/')}"]
        for parameter in entity.children("param"):
            command += self._parameter(parameter)
        for remap in entity.children("remap"):
            remap.check_keys("from", "to")
            command += ["-r", f"{self._text(remap, 'from')}:={self._text(remap, 'to')}"]
        self._add(entity, name, command)

    def _executable(self, entity: _Entity) -> None:
        entity.check_keys("cmd", "name", "env", "cwd", "output", *_RESPAWN, *_CONDITIONS)
        if not self._wanted(entity):
            return
        command = self._split(entity, "cmd")
        if not command:
            raise entity.fail("cmd", "expected a command line")
        name = self._text(entity, "name") if entity.has("name") else Path(command[0]).name
        self._add(entity, name, command)

    def _add(self, entity: _Entity, name: str, command: list[str]) -> None:
        environment = dict(self._added_environment)
        for entry in entity.children("env"):
            entry.check_keys("name", "value")
            environment[self._text(entry, "name")] = self._text(entry, "value")
        if entity.has("output") and entity.text("output") not in ("screen", "log", "both"):
            raise entity.fail("output", "expected screen, log or both")
        taken = {process.name for process in self.processes}
        unique = next(n for n in _numbered(name) if n not in taken)
        self.processes.append(
            ProcessDescription(
                name=unique,
                command=tuple(command),
                environment=environment,
                cwd=Path(self._text(entity, "cwd")) if entity.has("cwd") else None,
                respawn=self._boolean(entity, "respawn", default=False),
                respawn_delay_s=self._delay(entity),
            )
        )

    def _split(self, entity: _Entity, key: str) -> list[str]:
        if key not in entity.value and key != "cmd":
            return []
        try:
            return split_command(entity.text(key), self.context)
        except SubstitutionError as error:
            raise entity.fail(key, str(error)) from error

    @staticmethod
    def _boolean(entity: _Entity, key: str, default: bool) -> bool:
        value = entity.value.get(key, default)
        if not isinstance(value, bool):
            raise entity.fail(key, f"expected true or false, got {value!r}")
        return value

    @staticmethod
    def _delay(entity: _Entity) -> float:
        value = entity.value.get("respawn_delay", 0.0)
        if not isinstance(value, float) or not 0 <= value < float("inf"):
            raise entity.fail(
                "respawn_delay", f"expected seconds with a decimal point, such as 1.0, got {value}"
            )
        return value

    def _parameter(self, entity: _Entity) -> list[str]:
        if entity.has("from"):
            entity.check_keys("from")
            path = Path(self._text(entity, "from"))
            if not path.is_file():
                raise entity.fail("from", f"the parameter file {path} does not exist")
            return ["--params-file", str(path)]
        arguments = []
        for name, value in self._parameters(entity):
            # JSON is YAML that needs no guessing: text stays text, 5.0 stays a float.
            arguments += ["-p", f"{name}:={json.dumps(value, ensure_ascii=False)}"]
        return arguments

    def _parameters(self, entity: _Entity) -> Iterator[tuple[str, Any]]:
        entity.check_keys("name", "value", "type", "param", "from")
        name = self._text(entity, "name")
        if entity.has("param"):
            if entity.has("value"):
                raise entity.fail("value", "a parameter has a value or nested parameters, not both")
            for nested in entity.children("param"):
                for inner, value in self._parameters(nested):
                    yield f"{name}.{inner}", value
            return
        if not entity.has("value"):
            raise entity.fail("", f"parameter {name!r} has no value")
        kind = entity.text("type") if entity.has("type") else None
        if kind not in (None, "str", "int", "float", "bool"):
            raise entity.fail("type", f"expected str, int, float or bool, got {kind!r}")
        yield name, self._parameter_value(entity, entity.value["value"], kind)

    def _parameter_value(self, entity: _Entity, value: Any, kind: str | None) -> Any:
        if isinstance(value, list):
            values = [self._parameter_value(entity, entry, kind) for entry in value]
            if not values or len({type(entry) for entry in values}) != 1:
                raise entity.fail("value", "expected a list of values of one type")
            return values
        if isinstance(value, str):
            try:
                value = substitute(value, self.context)
                if kind != "str":
                    value = yaml.safe_load(value)
            except SubstitutionError as error:
                raise entity.fail("value", str(error)) from error
            except yaml.YAMLError as error:
                raise entity.fail("value", f"{value!r} is not YAML: add `type: str`") from error
        types = {"str": str, "int": int, "float": float, "bool": bool}
        expected = (str, int, float, bool) if kind is None else (types[kind],)
        if kind == "float" and type(value) is int:
            value = float(value)
        if type(value) not in expected:
            wanted = kind or "text, a number, true or false"
            raise entity.fail("value", f"expected {wanted}, got {value!r}")
        return value


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1
