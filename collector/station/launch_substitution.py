r"""The substitutions of ROS 2 launch files: ``$(var x)``, ``$(env X default)``, ...

The grammar is that of ROS's own launch frontends: arguments are split at spaces, may be
quoted and may contain substitutions; a backslash takes the next character as it is, and a
bare ``$`` has to be written ``\$``.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

SUPPORTED = "$(var NAME [DEFAULT]), $(env NAME [DEFAULT]), $(dirname) and $(find-pkg-share PACKAGE)"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class SubstitutionError(Exception):
    """A substitution cannot be made; the message says why, without the place."""


@dataclass
class LaunchContext:
    """What substitutions look at. Launch files change it as they are read."""

    folder: Path  # of the file being read
    configurations: dict[str, str] = field(default_factory=dict)  # arguments and lets
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fragment:
    """A stretch of text, and whether it came out of a substitution."""

    text: str
    substituted: bool


def substitute(text: str, context: LaunchContext) -> str:
    """Return ``text`` with all substitutions made. Raises SubstitutionError."""
    return "".join(fragment.text for fragment in fragments(text, context))


def split_command(text: str, context: LaunchContext) -> list[str]:
    """Split ``text`` into arguments as a shell does; what is substituted is never split.

    Raises SubstitutionError.
    """
    arguments: list[str] = []
    current: str | None = None
    for fragment in fragments(text, context):
        if fragment.substituted:
            current = (current or "") + fragment.text
            continue
        try:
            tokens = shlex.split(fragment.text)
        except ValueError as error:
            raise SubstitutionError(
                f"the quotes in {text!r} do not close before a substitution: leave them out, "
                f"a substitution is one argument whatever it contains"
            ) from error
        if current is not None and fragment.text[:1].isspace():
            arguments.append(current)
            current = None
        for index, token in enumerate(tokens):
            if index == 0:
                current = (current or "") + token
            else:
                arguments.append(current or "")
                current = token
        if current is not None and fragment.text[-1:].isspace():
            arguments.append(current)
            current = None
    return arguments if current is None else [*arguments, current]


def fragments(text: str, context: LaunchContext) -> list[Fragment]:
    """Return ``text`` cut at its substitutions, with each made. Raises SubstitutionError."""
    result: list[Fragment] = []
    plain = ""
    position = 0
    while position < len(text):
        if text[position] == "\\" and position + 1 < len(text):
            plain += text[position + 1]
            position += 2
        elif text.startswith("$(", position):
            if plain:
                result.append(Fragment(plain, substituted=False))
                plain = ""
            value, position = _substitution(text, position, context)
            result.append(Fragment(value, substituted=True))
        elif text[position] == "$":
            raise SubstitutionError(f"a bare $ in {text!r}: write \\$ for a dollar sign")
        else:
            plain += text[position]
            position += 1
    if plain:
        result.append(Fragment(plain, substituted=False))
    return result


def _substitution(text: str, start: int, context: LaunchContext) -> tuple[str, int]:
    """Make the substitution that opens at ``start``; return its value and where it ends."""
    name = _NAME.match(text, start + 2)
    if name is None:
        raise SubstitutionError(f"no name after $( in {text!r}: expected {SUPPORTED}")
    arguments: list[str] = []
    position = name.end()
    while position < len(text) and text[position] == " ":
        value, position = _argument(text, position + 1, context)
        arguments.append(value)
    if position >= len(text) or text[position] != ")":
        raise SubstitutionError(f"$({name.group()} in {text!r} is not closed with )")
    return _perform(name.group(), arguments, context), position + 1


def _argument(text: str, start: int, context: LaunchContext) -> tuple[str, int]:
    quote = text[start] if start < len(text) and text[start] in "'\"" else ""
    position = start + len(quote)
    value = ""
    while position < len(text):
        character = text[position]
        if character == "\\" and position + 1 < len(text):
            value += text[position + 1]
            position += 2
        elif text.startswith("$(", position):
            inner, position = _substitution(text, position, context)
            value += inner
        elif quote and character == quote:
            return value, position + 1
        elif not quote and character in " )":
            return value, position
        elif not quote and character in "'\"(":
            raise SubstitutionError(f"{character} inside an argument of {text!r}: put \\ before it")
        else:
            value += character
            position += 1
    if quote:
        raise SubstitutionError(f"the quote {quote} in {text!r} is not closed")
    return value, position


def _perform(name: str, arguments: list[str], context: LaunchContext) -> str:
    counts = {"var": (1, 2), "env": (1, 2), "dirname": (0, 0), "find-pkg-share": (1, 1)}
    if name not in counts:
        raise SubstitutionError(f"$({name} ...) is not known here: expected {SUPPORTED}")
    least, most = counts[name]
    if not least <= len(arguments) <= most:
        raise SubstitutionError(f"$({name}) with {len(arguments)} arguments: expected {SUPPORTED}")
    if name == "dirname":
        return str(context.folder)
    if name == "find-pkg-share":
        return str(package_share(arguments[0], context.environment))
    source = context.configurations if name == "var" else context.environment
    found = source.get(arguments[0], arguments[1] if len(arguments) == 2 else None)
    if found is None:
        kind = "launch argument" if name == "var" else "environment variable"
        raise SubstitutionError(
            f"the {kind} {arguments[0]!r} is not set: set it, or give a default as in "
            f"$({name} {arguments[0]} DEFAULT)"
        )
    return found


def prefixes(environment: Mapping[str, str]) -> list[Path]:
    """Return where ROS packages are looked for: AMENT_PREFIX_PATH, then this environment."""
    listed = environment.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    found = [Path(entry) for entry in (*listed, sys.prefix) if entry]
    return list(dict.fromkeys(found))


def package_share(package: str, environment: Mapping[str, str]) -> Path:
    """Return the share folder of a ROS package. Raises SubstitutionError."""
    for prefix in prefixes(environment):
        marker = prefix / "share" / "ament_index" / "resource_index" / "packages" / package
        if marker.exists():
            return prefix / "share" / package
    raise SubstitutionError(f"the ROS package {package!r} is not installed: run `make setup`")


def package_executable(package: str, executable: str, environment: Mapping[str, str]) -> Path:
    """Return the path of a ROS package's executable. Raises SubstitutionError."""
    looked = [prefix / "lib" / package / executable for prefix in prefixes(environment)]
    for path in looked:
        if path.is_file() and os.access(path, os.X_OK):
            return path
    folders = ", ".join(str(path.parent) for path in looked)
    raise SubstitutionError(
        f"package {package!r} has no executable {executable!r} in {folders}: run `make setup`"
    )
