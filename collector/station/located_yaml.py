"""YAML that remembers on which line each value stands, so that errors can say where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.reader import ReaderError

Location = tuple[str | int, ...]  # keys and list indices from the root


class YamlError(Exception):
    """A file cannot be read as YAML; the message names file and line."""


@dataclass(frozen=True)
class LocatedYaml:
    """A document's plain values and the lines they stand on."""

    path: Path
    value: Any
    lines: dict[Location, int]  # from 1; a mapping's entry has the line of its key

    def line(self, location: Location) -> int:
        """Return the line of ``location``, or of the nearest thing around it that exists."""
        for length in range(len(location), -1, -1):
            found = self.lines.get(location[:length])
            if found is not None:
                return found
        return 1


def load_located_yaml(path: Path) -> LocatedYaml:
    """Read one YAML document.

    Raises FileNotFoundError, and YamlError for anything else that keeps it from being
    read: not a file, not UTF-8, syntax, a key given twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        raise YamlError(f"{path}: not UTF-8 text (byte {error.start}): save it as UTF-8") from error
    except OSError as error:
        raise YamlError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            return LocatedYaml(path, None, {})
        _refuse_repeated_keys(path, node, ())
        value = SafeConstructor().construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise YamlError(f"{path}:{line}: not valid YAML: {_explain(error, text, line)}") from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(f"{path}:{line}: not valid YAML: {error.reason}") from error
    # After construction the nodes hold what merge keys (`<<`) brought in.
    lines: dict[Location, int] = {(): node.start_mark.line + 1}
    _note_lines(node, (), lines)
    return LocatedYaml(path, value, lines)


def _explain(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    source = text.splitlines()
    if line <= len(source) and "\t" in source[line - 1]:
        return "there is a tab on this line: indent with spaces"
    parts = [part for part in (error.problem, error.context) if part]
    return " ".join(parts)


def _refuse_repeated_keys(path: Path, node: yaml.Node, ancestors: tuple[yaml.Node, ...]) -> None:
    """Raise YamlError where a mapping names a key twice: plain YAML keeps the last, silently."""
    if any(node is ancestor for ancestor in ancestors):
        raise YamlError(f"{path}:{node.start_mark.line + 1}: this value contains itself")
    inside = (*ancestors, node)
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _refuse_repeated_keys(path, child, inside)
    elif isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, child in node.value:
            line = key.start_mark.line + 1
            name = str(key.value)
            if name in seen:
                raise YamlError(
                    f"{path}:{line}: {name}: given twice, first on line {seen[name]}: remove one"
                )
            seen[name] = line
            _refuse_repeated_keys(path, child, inside)


def _note_lines(node: yaml.Node, location: Location, lines: dict[Location, int]) -> None:
    if isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            entry = (*location, index)
            lines[entry] = child.start_mark.line + 1
            _note_lines(child, entry, lines)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            inner = (*location, str(key.value))
            lines[inner] = key.start_mark.line + 1
            _note_lines(child, inner, lines)
