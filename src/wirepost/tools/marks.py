"""Reading the marks on result models: which paths are untrusted, which fields are left out by default."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, TypeGuard, Union, get_args, get_origin

from pydantic import BaseModel

from wirepost.tools.results import DetailMark, UntrustedMark

EACH = "*"
LEAF: dict[str, Any] = {}

Marks = dict[str, Any]
"""Field name (or `*` for each item of a list or map) → marks below it; an empty dict is a marked text."""


@cache
def untrusted(model: type[BaseModel]) -> Marks:
    """Where a result model holds text that outsiders wrote; marks of a model in itself hold themselves."""
    return _of(model, {})


@cache
def details(model: type[BaseModel]) -> frozenset[str]:
    """Fields that are returned only when they are asked for."""
    return frozenset(name for name, hint in _hints(model).items() if _has(hint, DetailMark))


@cache
def model_of(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    """The model of one field, of its items where it is a list; `None` where it holds none."""
    return _model(_hints(model)[name])


@cache
def field_names(model: type[BaseModel]) -> tuple[str, ...]:
    """All fields that `fields` may name."""
    return tuple(model.model_fields)


def _model(hint: Any) -> type[BaseModel] | None:
    if _is_model(hint):
        return hint
    return next((found for found in map(_model, get_args(hint)) if found), None)


def _hints(model: type[BaseModel]) -> dict[str, Any]:
    return {
        name: hint
        for name, hint in typing.get_type_hints(model, include_extras=True).items()
        if name in model.model_fields
    }


def _has(hint: Any, mark: type) -> bool:
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        return any(isinstance(found, mark) for found in marks) or _has(inner, mark)
    return get_origin(hint) in (Union, types.UnionType) and any(
        _has(branch, mark) for branch in get_args(hint)
    )


def _of(model: type[BaseModel], begun: dict[type[BaseModel], Marks]) -> Marks:
    """The marks of a model; `begun` ends the way through models that lead back to it."""
    if model not in begun:
        marks = begun[model] = {}
        for name, hint in _hints(model).items():
            if _is_marked(hint, set()):
                marks[name] = _marks(hint, begun)
    return begun[model]


def _marks(hint: Any, begun: dict[type[BaseModel], Marks]) -> Marks:
    """The marks of a hint in which there are some."""
    if _is_model(hint):
        return _of(hint, begun)
    if get_origin(hint) is Annotated and _has(hint, UntrustedMark):
        return LEAF
    marks = _marks(next(part for part in _values(hint) if _is_marked(part, set())), begun)
    return marks if get_origin(hint) in (Annotated, Union, types.UnionType) else {EACH: marks}


def _is_marked(hint: Any, seen: set[type[BaseModel]]) -> bool:
    """Whether `hint` describes text of outsiders anywhere; models in `seen` are not looked at again."""
    if not _is_model(hint):
        return isinstance(hint, UntrustedMark) or any(_is_marked(part, seen) for part in _values(hint))
    if hint in seen:
        return False
    seen.add(hint)
    return any(_is_marked(part, seen) for part in _hints(hint).values())


def _is_model(hint: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(hint, type) and issubclass(hint, BaseModel)


def _values(hint: Any) -> tuple[Any, ...]:
    """What a hint is made of; of a mapping its values alone, as its keys are names."""
    origin, parts = get_origin(hint), get_args(hint)
    return parts[1:] if isinstance(origin, type) and issubclass(origin, Mapping) else parts
