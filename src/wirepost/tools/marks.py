"""Reading the marks on result models: which paths are untrusted, which fields are left out by default."""

from __future__ import annotations

import types
import typing
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from wirepost.tools.results import DetailMark, UntrustedMark

EACH = "*"
LEAF: dict[str, Any] = {}

Marks = dict[str, Any]
"""Field name (or `*` for each item of a list or map) → marks below it; an empty dict is a marked text."""


@cache
def untrusted(model: type[BaseModel]) -> Marks:
    """Where a result model holds text that outsiders wrote."""
    found = {name: _marks(hint) for name, hint in _hints(model).items()}
    return {name: marks for name, marks in found.items() if marks is not None}


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
    if isinstance(hint, type) and issubclass(hint, BaseModel):
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


def _marks(hint: Any) -> Marks | None:
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *marks = get_args(hint)
        return LEAF if any(isinstance(mark, UntrustedMark) for mark in marks) else _marks(inner)
    if origin in (Union, types.UnionType):
        return next((marks for marks in map(_marks, get_args(hint)) if marks is not None), None)
    if origin in (list, tuple, dict):
        inner_marks = _marks(get_args(hint)[-1 if origin is dict else 0])
        return None if inner_marks is None else {EACH: inner_marks}
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return untrusted(hint) or None
    return None
