"""Reading the marks on result models: which paths are untrusted, which fields are left out by default."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, TypeAlias, TypeGuard, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from wirepost.tools.results import DetailMark, UntrustedMark

EACH = "*"

Tree: TypeAlias = "dict[str, Marks]"
"""Field name (or `*` for each item of a list or map) → marks below it."""
Marks: TypeAlias = "Tree | UntrustedMark"
"""The marks of what may be deep, or of one text."""
Mark = TypeVar("Mark")


@cache
def untrusted(model: type[BaseModel]) -> Tree:
    """Where a result model holds text that outsiders wrote; marks of a model in itself hold themselves."""
    return _of(model, {})


@cache
def details(model: type[BaseModel]) -> frozenset[str]:
    """Fields that are returned only when they are asked for."""
    return frozenset(name for name, hint in _hints(model).items() if _mark(hint, DetailMark))


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


def _mark(hint: Any, kind: type[Mark]) -> Mark | None:
    """The mark of that kind on a hint itself, or on a branch of it."""
    if get_origin(hint) not in (Annotated, Union, types.UnionType):
        return None
    found = (part if isinstance(part, kind) else _mark(part, kind) for part in get_args(hint))
    return next(filter(None, found), None)


def _of(model: type[BaseModel], begun: dict[type[BaseModel], Tree]) -> Tree:
    """The marks of a model; `begun` ends the way through models that lead back to it."""
    if model not in begun:
        marks = begun[model] = {}
        for name, hint in _hints(model).items():
            if _is_marked(hint, set()):
                marks[name] = _marks(hint, begun)
    return begun[model]


def _marks(hint: Any, begun: dict[type[BaseModel], Tree]) -> Marks:
    """The marks of a hint in which there are some."""
    if _is_model(hint):
        return _of(hint, begun)
    mark = _mark(hint, UntrustedMark) if get_origin(hint) is Annotated else None
    if mark is not None:
        return mark
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
