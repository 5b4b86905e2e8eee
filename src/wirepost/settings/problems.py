"""Turns what validation found into errors that say where, what is wrong and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from wirepost.core.errors import ConfigError
from wirepost.core.yaml import Path, dotted
from wirepost.settings import shape
from wirepost.settings.models import Settings
from wirepost.settings.overlay import Layers

_WORDS: Mapping[str, str] = {
    "missing": "is required",
    "extra_forbidden": "is not a known option",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be a text; put it in quotes",
    "path_type": "must be a path",
    "list_type": "must be a list",
    "dict_type": "must be a group of `name: value` lines",
    "model_type": "must be a group of `option: value` lines",
    "model_attributes_type": "must be a group of `option: value` lines",
    "finite_number": "must be a number",
    "string_too_short": "must not be empty",
}
_BOUNDS: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "greater_than": lambda context: f"must be more than {context['gt']:g}",
    "greater_than_equal": lambda context: f"must be at least {context['ge']:g}",
    "less_than": lambda context: f"must be less than {context['lt']:g}",
    "less_than_equal": lambda context: f"must be at most {context['le']:g}",
    "string_too_long": lambda context: f"must have at most {context['max_length']} characters",
    "value_error": lambda context: str(context["error"]),
}
_NAME_FORM = "must be a name of at most 40 lower-case letters, digits, - and _"
_FORMS: Mapping[str, str] = {"accounts": "must be an account id (acct_…)"}


def problems_in(error: ValidationError, layers: Layers) -> list[ConfigError]:
    """One error for each mistake, in the order of the file; no message repeats a value."""
    found = [_problem(detail, layers) for detail in error.errors(include_url=False)]
    return sorted(found, key=lambda problem: (problem.line or 0, problem.key or ""))


def _problem(detail: ErrorDetails, layers: Layers) -> ConfigError:
    path: Path = tuple(part for part in detail["loc"] if part != "[key]")
    origin = layers.origin_of(path)
    message, hint = _words(detail, path)
    return ConfigError(message, file=origin.place, line=origin.line, key=dotted(path) or None, hint=hint)


def first_problem(error: ValidationError, model: type[BaseModel]) -> str:
    """The first mistake in a `model` that stands alone, in one line; it does not repeat the value."""
    detail = error.errors(include_url=False)[0]
    path: Path = detail["loc"]
    message, hint = _words(detail, path, model)
    return " ".join(filter(None, (dotted(path), message, f"({hint})" if hint else "")))


def _words(detail: ErrorDetails, path: Path, root: type[BaseModel] = Settings) -> tuple[str, str | None]:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _WORDS[kind], shape.suggestion(root, path)
    if kind == "literal_error":
        return _choice(detail, path, root)
    if kind == "string_pattern_mismatch":
        return next((form for part, form in _FORMS.items() if part in path), _NAME_FORM), None
    if kind == "missing":
        allowed = shape.choices(shape.annotation_at(root, path))
        return _WORDS[kind], f"one of {', '.join(allowed)}" if allowed else None
    if kind in _BOUNDS:
        return _BOUNDS[kind](context), None
    return _WORDS.get(kind, "is not valid here"), None


def _choice(detail: ErrorDetails, path: Path, root: type[BaseModel]) -> tuple[str, str | None]:
    allowed = shape.choices(shape.annotation_at(root, path))
    close = difflib.get_close_matches(str(detail["input"]).lower(), [word.lower() for word in allowed], n=1)
    meant = [word for word in allowed if [word.lower()] == close]
    return f"must be one of {', '.join(allowed)}", f"did you mean {meant[0]}?" if meant else None
