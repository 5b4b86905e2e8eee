"""Shaping a result: selected fields, cleaned text, whole records within the token budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import BaseModel

from wirepost.core.errors import InvalidCall
from wirepost.core.text import clean, cut
from wirepost.tools import marks
from wirepost.tools.catalog import CHARACTERS_PER_TOKEN
from wirepost.tools.results import Result, UntrustedMark

LONG_TEXT = 2000
"""Texts in lists are cut here; a tool that returns one object cuts only when the budget demands it."""
_ENVELOPE_RESERVE = 1200
"""Characters kept free for page, meta and warnings."""
_CUTS = ((2000, 100), (500, 50), (200, 20), (80, 8), (24, 3), (8, 1))
"""Successively harder (text length, list length) cuts for an object that alone exceeds the budget."""
_MAX_NOTES = 10
_LONGEST_PATH = 120
_ROOM_FOR_WARNINGS = 500
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

    model: type[Result]
    fields: Sequence[str] | None
    max_tokens: int
    is_compact: bool = False

    def __post_init__(self) -> None:
        for name in () if self.model.chooses_fields else self.fields or ():
            known = _known_beside(self.model, name)
            if known is not None:
                raise InvalidCall(
                    "invalid_arguments",
                    f"There is no field {name[:60]!r} to return",
                    hint=f"Fields: {', '.join(known)}",
                    fields=[
                        {"path": "fields", "problem": f"{name[:60]!r} is not a field", "allowed": list(known)}
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
    room = view.budget - _size(shaped.untrusted)
    shaped.data = chosen
    if _size(chosen) > room:
        shaped.data, shaped.truncated = _fit(chosen, room, "data")
    return shaped


def page(records: Sequence[Json], view: View) -> Shaped:
    """Shape a page: whole records until the budget is reached; at least one, cut down if need be."""
    shaped = Shaped(None, kept=0)
    out: list[Json] = []
    room = view.budget
    text_marks = marks.untrusted(view.model)
    for index, record in enumerate(records):
        chosen, path = _choose(record, view), f"data.records[{index}]"
        untrusted = list(shaped.untrusted)
        _clean(chosen, text_marks, "data.records[*]", untrusted)
        for_paths = _size(untrusted) - _size(shaped.untrusted)
        notes: list[dict[str, Any]] = []
        kept = _cut(chosen, LONG_TEXT, 10**9, path, notes)
        notes = notes[: _MAX_NOTES - len(shaped.truncated)]
        size = _size(kept) + 1 + for_paths + (_size(notes) if notes else 0)
        if size > room and out:
            break
        if size > room:
            kept, notes = _fit(chosen, room - for_paths, path)
            size = room
        room -= size
        out.append(kept)
        shaped.untrusted = untrusted
        shaped.truncated += notes
    shaped.kept, shaped.data = len(out), {"records": out}
    if view.is_compact and len(out) > _COMPACT_FROM:
        _as_table(shaped)
    return shaped


def _as_table(shaped: Shaped) -> None:
    """Columns and rows instead of repeated names, where that is shorter."""
    records = shaped.data["records"]
    columns = list(dict.fromkeys(name for record in records for name in record))
    table = {"columns": columns, "rows": [[record.get(name) for name in columns] for record in records]}
    if _size(table) >= _size(shaped.data):
        return
    shaped.data = table

    def moved(path: str) -> str:
        head, _, rest = path.partition(".")[2].partition(".")
        name = rest.partition(".")[0].partition("[")[0]
        place = head.replace("records", "rows")
        return f"data.{place}[{columns.index(name)}]{rest.removeprefix(name)}"

    shaped.untrusted = [moved(path) for path in shaped.untrusted]
    shaped.truncated = [note | {"path": moved(note["path"])} for note in shaped.truncated]


def _choose(record: dict[str, Json], view: View) -> dict[str, Json]:
    if view.fields is None or view.model.chooses_fields:
        hidden = marks.details(view.model)
        return {name: value for name, value in record.items() if name not in hidden}
    wanted: dict[str, Any] = {}
    for name in ("id", *view.fields):
        _want(wanted, name)
    picked: dict[str, Json] = _pick(record, wanted)
    return picked


def _want(wanted: dict[str, Any], name: str) -> None:
    """Note a dotted name in a tree in which `None` means the whole; the whole includes its parts."""
    head, _, rest = name.partition(".")
    if not rest:
        wanted[head] = None
    elif wanted.setdefault(head, {}) is not None:
        _want(wanted[head], rest)


def _pick(node: Json, wanted: dict[str, Any] | None) -> Json:
    if wanted is None:
        return node
    if isinstance(node, list):
        return [_pick(item, wanted) for item in node]
    if isinstance(node, dict):
        return {name: _pick(value, wanted[name]) for name, value in node.items() if name in wanted}
    return node


def _known_beside(model: type[BaseModel], name: str) -> tuple[str, ...] | None:
    """What could be named in the place of an unknown (dotted) field; `None` when it is known."""
    head, _, rest = name.partition(".")
    if head not in model.model_fields:
        return marks.field_names(model)
    inner = marks.model_of(model, head) if rest else None
    known = _known_beside(inner, rest) if inner else None
    return known and tuple(f"{head}.{each}" for each in known)


def _clean(node: Json, text_marks: marks.Tree, path: str, found: list[str]) -> None:
    """Clean marked texts in place and note their paths (with `*` for items of lists and maps)."""
    if marks.EACH in text_marks and isinstance(node, list | dict):
        each = f"{path}[*]" if isinstance(node, list) else f"{path}.*"
        for key, item in list(enumerate(node) if isinstance(node, list) else node.items()):
            node[key] = _clean_value(item, text_marks[marks.EACH], each, found)
        return
    if isinstance(node, dict):
        for name in [name for name in text_marks if name in node]:
            node[name] = _clean_value(node[name], text_marks[name], f"{path}.{name}", found)


def _clean_value(value: Json, text_marks: marks.Marks, path: str, found: list[str]) -> Json:
    if not isinstance(text_marks, UntrustedMark):
        _clean(value, text_marks, path, found)
    elif isinstance(value, str):
        if path not in found:
            found.append(path)
        return clean(value)
    else:
        _clean(value, {marks.EACH: text_marks}, path, found)
    return value


def _fit(record: Json, budget: int, path: str) -> tuple[Json, list[dict[str, Any]]]:
    for text_length, list_length in _CUTS:
        notes: list[dict[str, Any]] = []
        shorter = _cut(record, text_length, list_length, path, notes)
        notes = notes[:_MAX_NOTES]
        if _size(shorter) + _size(notes) <= budget:
            return shorter, notes
    raise InvalidCall(
        "result_too_large",
        "The result does not fit into max_tokens even when cut",
        hint="Name the fields you need in `fields`, or raise max_tokens",
    )


def _cut(node: Json, text_length: int, list_length: int, path: str, notes: list[dict[str, Any]]) -> Json:
    if isinstance(node, str):
        if len(node) <= text_length:
            return node
        notes.append(_note(path, text_length, len(node)))
        return node[:text_length]
    if isinstance(node, dict):
        return {
            name: _cut(value, text_length, list_length, f"{path}.{name}", notes)
            for name, value in node.items()
        }
    if isinstance(node, list):
        if len(node) > list_length:
            notes.append(_note(path, list_length, len(node)))
        return [
            _cut(item, text_length, list_length, f"{path}[{index}]", notes)
            for index, item in enumerate(node[:list_length])
        ]
    return node


def _note(path: str, kept: int, total: int) -> dict[str, Any]:
    return {"path": cut(path, _LONGEST_PATH), "kept": kept, "of": total}


def _size(value: Json) -> int:
    """Characters of compact JSON."""
    return len(orjson.dumps(value).decode())


def trusted_warnings(warnings: Sequence[str]) -> Iterator[str]:
    """Warnings, bounded in length altogether; those left out are counted."""
    room = _ROOM_FOR_WARNINGS
    for index, warning in enumerate(warnings):
        shown = clean(warning, _ROOM_FOR_WARNINGS)
        room -= len(shown)
        if room < 0:
            yield f"{len(warnings) - index} more warnings"
            return
        yield shown
