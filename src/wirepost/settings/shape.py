"""Walks the models of the configuration by path: which option is this, what is near it, what may it hold."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from wirepost.core.yaml import Path, dotted


def inner(annotation: Any) -> tuple[Any, bool]:
    """The annotation without `Annotated` and `| None`, and whether nothing is allowed."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return inner(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not types.NoneType]
        if len(parts) < len(get_args(annotation)):
            return inner(parts[0])[0], True
    return annotation, False


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The model an annotation names, if it names one."""
    bare, _ = inner(annotation)
    return bare if isinstance(bare, type) and issubclass(bare, BaseModel) else None


def step(annotation: Any, part: str | int) -> Any:
    """The annotation one level below, or `None` when there is no such level."""
    bare, _ = inner(annotation)
    model = model_of(bare)
    if model is not None:
        field = model.model_fields.get(str(part))
        return field.annotation if field else None
    if get_origin(bare) is dict and isinstance(part, str):
        return get_args(bare)[1]
    if get_origin(bare) is list and isinstance(part, int):
        return get_args(bare)[0]
    return None


def annotation_at(root: type[BaseModel], path: Path) -> Any:
    """What stands at a path below `root`, or `None`."""
    annotation: Any = root
    for part in path:
        annotation = step(annotation, part)
        if annotation is None:
            return None
    return annotation


def options(model: type[BaseModel], prefix: Path = ()) -> Iterator[tuple[Path, FieldInfo]]:
    """Every option below a model, sections included; names and list elements stand as `<name>` and `[]`."""
    for name, field in model.model_fields.items():
        path = (*prefix, name)
        yield path, field
        bare, _ = inner(field.annotation)
        below = model_of(bare)
        if below is not None:
            yield from options(below, path)
        elif get_origin(bare) in (dict, list):
            element = model_of(get_args(bare)[-1])
            if element is not None:
                yield from options(element, (*path, "<name>" if get_origin(bare) is dict else "[]"))


def suggestion(root: type[BaseModel], path: Path) -> str:
    """What an unknown key was probably meant to be, or what is known there."""
    name = str(path[-1])
    model = model_of(annotation_at(root, path[:-1])) or root
    close = difflib.get_close_matches(name, model.model_fields, n=1)
    if close:
        return f"did you mean {close[0]}?"
    elsewhere = [dotted(found) for found, _ in options(root) if found[-1] == name and found[0] != path[0]]
    if elsewhere:
        return f"did you mean {elsewhere[0].replace('.[]', '[]')}?"
    return f"known: {', '.join(model.model_fields)}"


def choices(annotation: Any) -> list[str]:
    """The allowed words of an option, if it is one of a few words."""
    bare, _ = inner(annotation)
    return [str(word) for word in get_args(bare)] if get_origin(bare) is Literal else []
