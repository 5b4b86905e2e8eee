"""Shaping a result: selected fields, cleaned text, whole records within the token budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import BaseModel

from wirepost.core.errors import InvalidCall
from wirepost.core.text import clean, strip_html
from wirepost.tools import marks
from wirepost.tools.catalog import CHARACTERS_PER_TOKEN

LONG_TEXT = 2000
"""Texts in lists are cut here; a tool that returns one object cuts only when the budget demands it."""
_ENVELOPE_RESERVE = 1200
"""Characters kept free for page, meta and warnings."""
_CUTS = ((2000, 100), (500, 50), (200, 20), (80, 8), (24, 3), (8, 1))
"""Successively harder (text length, list length) cuts for an object that alone exceeds the budget."""
_MAX_NOTES = 10
_COMPACT_FROM = 5

Json = Any


@dataclass
class Shaped:
    """Data as it goes out, and what was done to it."""

    data: Json
    kept: int | None = None
    """How many records of the page fitted; `None` for a single object."""
    truncated: list[dict[str, Any]] = field(default_factory=list)
    untrusted: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class View:
    """How the caller wants to see results of one model."""

    model: type[BaseModel]
    fields: Sequence[str] | None
    max_tokens: int
    is_compact: bool = False

    def __post_init__(self) -> None:
        known = marks.field_names(self.model)
        unknown = [name for name in self.fields or () if name.partition(".")[0] not in known]
        if unknown:
            raise InvalidCall(
                "invalid_arguments",
                f"There is no field {unknown[0][:60]!r} to return",
                hint=f"Fields: {', '.join(known)}",
                fields=[
                    {
                        "path": "fields",
                        "problem": f"{unknown[0][:60]!r} is not a field",
                        "allowed": list(known),
                    }
                ],
            )

    @property
    def budget(self) -> int:
        """Characters of JSON for the data."""
        return self.max_tokens * CHARACTERS_PER_TOKEN - _ENVELOPE_RESERVE


def dump(value: BaseModel) -> Json:
    """A result model as JSON values, absent ones left out."""
    return value.model_dump(mode="json", exclude_none=True)


def one(record: Json, view: View) -> Shaped:
    """Shape a single object; raises `result_too_large` when even the hardest cut does not fit."""
    chosen = _choose(record, view)
    shaped = Shaped(None)
    _clean(chosen, marks.untrusted(view.model), "data", shaped.untrusted)
    shaped.data = _fit(chosen, view.budget, "data", shaped.truncated)
    return shaped


def page(records: Sequence[Json], view: View) -> Shaped:
    """Shape a page: whole records until the budget is reached; at least one, cut down if need be."""
    shaped = Shaped(None, kept=0)
    out: list[Json] = []
    room = view.budget
    text_marks = marks.untrusted(view.model)
    for index, record in enumerate(records):
        chosen = _choose(record, view)
        path = f"data.records[{index}]"
        _clean(chosen, text_marks, "data.records[*]", shaped.untrusted)
        notes: list[dict[str, Any]] = []
        chosen = _cut(chosen, LONG_TEXT, 10**9, path, notes)
        if _size(chosen) > room and not out:
            chosen = _fit(chosen, room, path, notes)
        size = _size(chosen) + 1
        if size > room and out:
            break
        room -= size
        out.append(chosen)
        shaped.truncated += notes
    shaped.kept, shaped.data = len(out), {"records": out}
    shaped.truncated = shaped.truncated[:_MAX_NOTES]
    if view.is_compact and len(out) > _COMPACT_FROM:
        _as_table(shaped)
    return shaped


def _as_table(shaped: Shaped) -> None:
    """Columns and rows instead of repeated names."""
    records = shaped.data["records"]
    columns = list(dict.fromkeys(name for record in records for name in record))
    shaped.data = {"columns": columns, "rows": [[record.get(name) for name in columns] for record in records]}

    def moved(path: str) -> str:
        head, _, rest = path.partition(".")[2].partition(".")
        name = rest.partition(".")[0].partition("[")[0]
        place = head.replace("records", "rows")
        return f"data.{place}[{columns.index(name)}]{rest.removeprefix(name)}"

    shaped.untrusted = [moved(path) for path in shaped.untrusted]
    shaped.truncated = [note | {"path": moved(note["path"])} for note in shaped.truncated]


def _choose(record: dict[str, Json], view: View) -> dict[str, Json]:
    if view.fields is None:
        hidden = marks.details(view.model)
        return {name: value for name, value in record.items() if name not in hidden}
    wanted = {"id", *(name.partition(".")[0] for name in view.fields)}
    nested = {name.partition(".")[0]: name.partition(".")[2] for name in view.fields if "." in name}
    return {
        name: {nested[name]: value[nested[name]]}
        if name in nested and isinstance(value, dict) and nested[name] in value
        else value
        for name, value in record.items()
        if name in wanted
    }


def _clean(node: Json, text_marks: dict[str, Any], path: str, found: list[str]) -> None:
    """Clean marked texts in place and note their paths (with `*` for list items)."""
    if marks.EACH in text_marks and isinstance(node, list):
        for index, item in enumerate(node):
            node[index] = _clean_value(item, text_marks[marks.EACH], f"{path}[*]", found)
        return
    if isinstance(node, dict):
        for name in [name for name in text_marks if name in node]:
            node[name] = _clean_value(node[name], text_marks[name], f"{path}.{name}", found)


def _clean_value(value: Json, text_marks: dict[str, Any], path: str, found: list[str]) -> Json:
    if text_marks == marks.LEAF and isinstance(value, str):
        if path not in found:
            found.append(path)
        return clean(strip_html(value))
    _clean(value, text_marks, path, found)
    return value


def _fit(record: Json, budget: int, path: str, notes: list[dict[str, Any]]) -> Json:
    if _size(record) <= budget:
        return record
    for text_length, list_length in _CUTS:
        attempt: list[dict[str, Any]] = []
        cut = _cut(record, text_length, list_length, path, attempt)
        if _size(cut) <= budget:
            notes[:] = [*notes, *attempt][:_MAX_NOTES]
            return cut
    raise InvalidCall(
        "result_too_large",
        "The result does not fit into max_tokens even when cut",
        hint="Name the fields you need in `fields`, or raise max_tokens",
    )


def _cut(node: Json, text_length: int, list_length: int, path: str, notes: list[dict[str, Any]]) -> Json:
    if isinstance(node, str):
        if len(node) <= text_length:
            return node
        notes.append({"path": path, "kept": text_length, "of": len(node)})
        return node[:text_length]
    if isinstance(node, dict):
        return {
            name: _cut(value, text_length, list_length, f"{path}.{name}", notes)
            for name, value in node.items()
        }
    if isinstance(node, list):
        if len(node) > list_length:
            notes.append({"path": path, "kept": list_length, "of": len(node)})
        return [
            _cut(item, text_length, list_length, f"{path}[{index}]", notes)
            for index, item in enumerate(node[:list_length])
        ]
    return node


def _size(value: Json) -> int:
    """Characters of compact JSON."""
    return len(orjson.dumps(value).decode())


def trusted_warnings(warnings: Sequence[str]) -> Iterator[str]:
    """Warnings, bounded in number and length."""
    for warning in warnings[:_MAX_NOTES]:
        yield clean(warning, 300)
