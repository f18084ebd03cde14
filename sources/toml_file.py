"""Reads a TOML file into a pydantic model and says in plain words what is wrong with it.
Not here: the models (warehouse/settings.py, payroll/profile.py, pai/layout.py).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic.fields import FieldInfo

Model = TypeVar("Model", bound=BaseModel)
UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
PASSWORD = re.compile(r"(://[^:/@\s\"]*:|[?&]password=)[^@&\s\"]*(@?)")
MISSING = ("missing", "missing_argument")


class TomlError(Exception):
    """A TOML file that cannot be used. The message has a line for each problem: file, key, value, what is allowed."""


@dataclass(frozen=True)
class Allowed:
    """What a value must be, in words. It stands in a field's annotation, beside the constraints that it describes."""

    text: str


def known(names: Collection[str]) -> AfterValidator:
    """A validator for a field's annotation: the text is one of the names."""

    def validate(name: str) -> str:
        if name not in names:
            raise ValueError(f"none of {', '.join(names)}")
        return name

    return AfterValidator(validate)


def read_toml(path: Path, model: type[Model], *, noun: str = "key") -> Model:
    """The file as an instance of the model. `noun` is what the users of the file call one of its keys.

    Raises:
        TomlError: no such file, not TOML, or keys that are missing, unknown or have a wrong value.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TomlError(f"{noun}s file {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TomlError(f"{noun}s file {path} is not valid TOML: {error}") from None
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise TomlError("\n".join(f"{path}: {problem}" for problem in problems(error, model, values, noun=noun))) from None


def problems(error: ValidationError, model: type[BaseModel], values: Mapping[str, Any], *, noun: str = "key") -> list[str]:
    """What is wrong with the values, a line a problem: unknown keys, then missing ones, then wrong values."""
    unknown: dict[str, list[str]] = {}
    missing: list[str] = []
    wrong: dict[str, str] = {}
    for one in error.errors(include_url=False):
        place, value, fields, described = _walk(model, values, one["loc"])
        if one["type"] in UNKNOWN:
            unknown.setdefault(", ".join(fields), []).append(".".join(place))
        elif one["type"] in MISSING:
            missing.append(".".join([*place, str(one["loc"][-1])]))
        elif described:
            place, value, field, allowed = described
            default = field.get_default(call_default_factory=True)
            otherwise = "" if field.is_required() else f", or left out for {_as_toml(default)}" if default else ", or left out"
            wrong.setdefault(".".join(place), f"= {_as_toml(value)} must be {allowed}{otherwise}")
        else:
            said = one["msg"].removeprefix("Value error, ")
            said = said.replace("Input should be", "must be")
            wrong.setdefault(".".join(place), f"= {_as_toml(value)}: {said}" if place else said)
    lines = [
        f"unknown {noun} {', '.join(names)}; known are {keys}: correct the name or remove it" for keys, names in unknown.items()
    ]
    lines += [f"{noun} {', '.join(missing)} is missing: add it"] if missing else []
    return lines + [f"{name} {text}".strip() for name, text in wrong.items()]


Described = tuple[list[str], Any, FieldInfo, str]


def _walk(
    model: type[BaseModel], values: Mapping[str, Any], location: Sequence[str | int]
) -> tuple[list[str], Any, Mapping[str, FieldInfo], Described | None]:
    """Follow an error's location: the keys of the file that lead there, the value, and what the model says of it.

    Parts of the location that are no key of the file (the members of a union, an index that the model added) are left out.

    Returns:
        The keys, the value, the fields of the innermost model, and the innermost field that says what is allowed, if any.
    """
    place: list[str] = []
    value: Any = values
    fields: Mapping[str, FieldInfo] = _by_key(model.model_fields)
    described: Described | None = None
    for part in location:
        inside: Mapping[Any, Any] = dict(enumerate(value)) if isinstance(value, list) else value
        if not isinstance(inside, Mapping) or part not in inside:
            continue
        value = inside[part]
        place.append(str(part))
        if field := fields.get(str(part)):
            fields = _fields_below(field.annotation) or fields
            if words := [one.text for one in field.metadata if isinstance(one, Allowed)]:
                described = ([*place], value, field, words[-1])
    return place, value, fields, described


def _fields_below(annotation: Any) -> Mapping[str, FieldInfo] | None:
    """The fields of the model that a field holds, alone or several of."""
    if own := getattr(annotation, "__pydantic_fields__", None):
        return _by_key(own)
    return next((fields for inner in get_args(annotation) if (fields := _fields_below(inner))), None)


def _by_key(fields: Mapping[str, FieldInfo]) -> Mapping[str, FieldInfo]:
    """A model's fields by the keys of the file; a key that is a method's name of every model is an alias."""
    return {field.alias or name: field for name, field in fields.items()}


def _as_toml(value: Any) -> str:
    """The value for a message, without the password of an address."""
    return PASSWORD.sub(r"\1…\2", json.dumps(value, ensure_ascii=False, default=str))
