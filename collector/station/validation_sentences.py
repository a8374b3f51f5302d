"""pydantic's validation errors as sentences about a YAML file: line, key, what was expected."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from collector.station.located_yaml import LocatedYaml, Location

Model = type[BaseModel]


def raise_problems(problems: Iterable[tuple[Location, str]]) -> None:
    """Raise what `sentences` can place in the file, if there is any; for model validators."""
    found = tuple(problems)
    if found:
        text = "; ".join(f"{'.'.join(map(str, at))}: {sentence}" for at, sentence in found)
        raise PydanticCustomError("problems", "{text}", {"text": text, "problems": found})


def sentences(error: ValidationError, source: LocatedYaml, root: Model) -> list[str]:
    """Return one line for each thing that is wrong, in the order of the file.

    ``root`` is the model that ``source`` was validated against. An error of type
    ``problems`` carries any number of (location, sentence) in its context.
    """
    found: set[tuple[int, str, str]] = set()
    misspelt = {
        (*details["loc"][:-1], _nearest_key(root, details["loc"]))
        for details in error.errors()
        if details["type"] == "extra_forbidden"
    }
    for details in error.errors():
        if details["type"] == "missing" and details["loc"] in misspelt:
            continue  # the misspelt key is told already
        if details["type"] == "problems":
            problems = details["ctx"]["problems"]
        else:
            problems = [(_in_file(root, details["loc"], source), _sentence(details, root))]
        for location, sentence in problems:
            key = ".".join(str(part) for part in location)
            found.add((source.line(location), key, sentence))
    return [
        f"{source.path}:{line}: {key}: {text}" if key else f"{source.path}:{line}: {text}"
        for line, key, text in sorted(found)
    ]


def _in_file(root: Model, location: Location, source: LocatedYaml) -> Location:
    """Return where pydantic's location is in the file: it adds parts for alternatives."""
    for length in range(len(location), 0, -1):
        if location[:length] in source.lines:
            rest = location[length:]
            # A missing key is the one thing that is not in the file.
            return location[:length] + tuple(p for p in rest[:1] if _is_key(root, location, p))
    return location


def _is_key(root: Model, location: Location, part: str | int) -> bool:
    model = _model_at(root, location[: location.index(part)])
    return model is not None and part in model.model_fields


def _model_at(root: Model, location: Location) -> Model | None:
    """Return the model whose keys stand below ``location``."""
    annotation: Any = root
    for part in location:
        model = _model_in(annotation)
        if model is not None:
            field = model.model_fields.get(str(part))
            if field is None:
                return None
            annotation = field.annotation
        elif get_args(annotation):
            annotation = get_args(annotation)[-1]  # an entry of a list or of a mapping
        else:
            return None
    return _model_in(annotation)


def _model_in(annotation: Any) -> Model | None:
    """Return the model that a field's annotation is, or may be beside None."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return None if getattr(annotation, "__origin__", None) is dict else candidate
    return None


_EXPECTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "text, in quotes if it looks like a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "path_type": "a path",
    "tuple_type": "a list in square brackets",
    "list_type": "a list in square brackets",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}


def _sentence(details: ErrorDetails, root: Model) -> str:  # noqa: PLR0911 - one a kind
    kind, context, value = details["type"], details.get("ctx", {}), details["input"]
    got = f"got {shown(value)}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing" and isinstance(details["loc"][-1], int):
        return f"expected an entry {details['loc'][-1] + 1}, the list is too short"
    if kind == "missing":
        return f"is missing: expected {_description(root, details['loc'])}"
    if kind == "extra_forbidden":
        return _unknown_key(root, details["loc"])
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, {got}"
    if kind == "literal_error":
        return f"expected {context['expected']}, {got}"
    if kind == "string_pattern_mismatch":
        return f"expected {_pattern_in_words(str(context['pattern']))}, {got}"
    bounds = {"greater_than": "more than", "greater_than_equal": "at least"}
    bounds |= {"less_than": "less than", "less_than_equal": "at most"}
    if kind in bounds:
        (bound,) = (context[key] for key in ("gt", "ge", "lt", "le") if key in context)
        return f"expected {bounds[kind]} {bound:g}, {got}"
    if kind in ("too_short", "too_long"):
        bound = context.get("min_length", context.get("max_length"))
        least = "at least" if kind == "too_short" else "at most"
        return f"expected {least} {bound} entries, got {context['actual_length']}"
    return f"{details['msg'][0].lower()}{details['msg'][1:]}, {got}"


def _description(root: Model, location: Location) -> str:
    model = _model_at(root, location[:-1])
    field = model.model_fields.get(str(location[-1])) if model else None
    if field is None or field.description is None:
        return "a value"
    return field.description


def _unknown_key(root: Model, location: Location) -> str:
    near = _nearest_key(root, location)
    if near:
        return f"unknown key: did you mean {near}?"
    return f"unknown key: expected one of {', '.join(_keys_beside(root, location))}"


def _nearest_key(root: Model, location: Location) -> str | None:
    near = difflib.get_close_matches(
        str(location[-1]), _keys_beside(root, location), n=1, cutoff=0.6
    )
    return near[0] if near else None


def _keys_beside(root: Model, location: Location) -> list[str]:
    model = _model_at(root, location[:-1])
    return list(model.model_fields) if model else []


def _pattern_in_words(pattern: str) -> str:
    words = {
        r"^[a-z0-9]+": "lower-case letters, digits and single hyphens, such as lab-2",
        r"^(/": "an absolute ROS topic, such as /arm_driver/joint_states",
        r"^[A-Z]{3}": "a three-letter currency, such as EUR",
        r"^[A-Za-z_]": "a joint's name, such as panda_joint1",
    }
    for start, text in words.items():
        if pattern.startswith(start):
            return text
    return f"text like {pattern}"


def shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 60 else re.sub(r"\s+", " ", text)[:57] + "..."
