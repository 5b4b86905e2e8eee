"""Portable JSON Schema: the subset that every large model client reads, made from pydantic's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from wirepost.core.errors import ConfigError

MAX_DEPTH = 4
"""Objects within each other; a list adds none, as clients count what nests, not what repeats."""
MAX_BYTES = 2048
MAX_DESCRIPTION = 600
MAX_ENUM = 60
NAME = re.compile(r"^[a-z0-9_]{1,36}$")

_KEPT = (
    "type",
    "description",
    "enum",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "pattern",
)
_BRIEF = frozenset({"type", "enum", "required", "additionalProperties"})
_COMPOSITION = frozenset({"anyOf", "oneOf", "allOf", "not", "if", "then", "else", "$ref", "$defs", "const"})

Schema = dict[str, Any]


class _PlainDefaults(GenerateJsonSchema):
    """Defaults of arguments are JSON as they are; pydantic would build a serializer for each of them."""

    def encode_default(self, dft: Any) -> Any:
        return dft


def of_model(model: type[BaseModel]) -> Schema:
    """The portable schema of an arguments model."""
    return portable(model.model_json_schema(schema_generator=_PlainDefaults))


def portable(raw: Schema) -> Schema:
    """Pydantic's schema of an arguments model, inlined and cut down to the portable subset.

    Optional means absent: unions with null lose the null. A type without portable form raises `ConfigError`.
    """
    return _simplify(raw, raw.get("$defs", {}), path="")


def _simplify(node: Schema, definitions: dict[str, Schema], path: str) -> Schema:
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        merged = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        return _simplify(merged, definitions, path)
    if "anyOf" in node:
        branches = [branch for branch in node["anyOf"] if branch.get("type") != "null"]
        if len(branches) != 1:
            msg = f"the argument {path!r} is a union, which several model clients cannot read"
            raise ConfigError(msg)
        outer = {key: value for key, value in node.items() if key != "anyOf"}
        return _simplify({**branches[0], **outer}, definitions, path)
    kept = _keywords(node)
    if "properties" in node:
        kept["properties"] = {
            name: _simplify(child, definitions, f"{path}.{name}".lstrip("."))
            for name, child in node["properties"].items()
        }
        if node.get("required"):
            kept["required"] = list(node["required"])
        kept["additionalProperties"] = False
    elif node.get("type") == "object" and path == "":
        kept.update({"properties": {}, "additionalProperties": False})
    if "items" in node:
        kept["items"] = _simplify(node["items"], definitions, f"{path}[]")
    return kept


def brief(node: Schema) -> Schema:
    """A portable schema without words, bounds and defaults: what a call may consist of, and no more."""
    kept: Schema = {}
    for key, value in node.items():
        if key == "properties":
            kept[key] = {name: brief(child) for name, child in value.items()}
        elif key == "items":
            kept[key] = brief(value)
        elif key in _BRIEF:
            kept[key] = value
    return kept


def _keywords(node: Schema) -> Schema:
    kept: Schema = {key: node[key] for key in _KEPT if key in node}
    if "const" in node:
        kept["enum"] = [node["const"]]
    if node.get("format") == "date-time":
        kept["format"] = "date-time"
    if node.get("default") is not None:
        kept["default"] = node["default"]
    return kept


_OBJECT: Schema = {"type": "object"}


def envelope(returns: Any, *, is_page: bool) -> Schema:
    """The schema of a result envelope whose `data` is a `returns` (or a page of them).

    Nothing is required: `fields` may select any part, and errors carry `error` instead of `data`.
    """
    record = _outline(returns.model_json_schema(mode="serialization"))
    records = {"type": "object", "properties": {"records": {"type": "array", "items": record}}}
    properties: Schema = {"data": records if is_page else record}
    if is_page:
        properties["page"] = _OBJECT
    properties |= {"meta": _OBJECT, "warnings": {"type": "array"}, "error": _OBJECT}
    return {"type": "object", "properties": properties}


def _outline(raw: Schema, depth: int = 1) -> Schema:
    """Types of the top-level fields; deeper objects are named but not spelt out, which keeps lists small."""
    definitions = raw.get("$defs", {})

    def visit(node: Schema, left: int) -> Schema:
        while "$ref" in node or "anyOf" in node:
            if "$ref" in node:
                node = definitions[node["$ref"].rpartition("/")[2]]
                continue
            branches = [branch for branch in node["anyOf"] if branch.get("type") != "null"]
            if len(branches) != 1:
                return {}
            node = branches[0]
        kind = node.get("type")
        outline: Schema = {"type": kind} if kind else {}
        if kind == "object" and left and "properties" in node:
            outline["properties"] = {
                name: visit(child, left - 1) for name, child in node["properties"].items()
            }
        return outline

    return visit(raw, depth)


def problems(name: str, schema: Schema) -> list[str]:
    """Every rule of portability that an input schema breaks; empty when every model client can read it."""
    found = []
    if not NAME.fullmatch(name):
        found.append("the name must match ^[a-z0-9_]{1,36}$")
    if schema.get("type") != "object":
        found.append("the root must be an object")
    size = len(orjson.dumps(schema))
    if size > MAX_BYTES:
        found.append(f"the schema has {size} bytes, more than {MAX_BYTES}")
    for path, node, depth in _nodes(schema):
        found += [f"{path or 'root'}: {problem}" for problem in _node_problems(node, depth)]
    return found


def _nodes(node: Schema, path: str = "", depth: int = 0) -> Iterator[tuple[str, Schema, int]]:
    yield path, node, depth
    for name, child in node.get("properties", {}).items():
        yield from _nodes(child, f"{path}.{name}".lstrip("."), depth + 1)
    if isinstance(node.get("items"), dict):
        yield from _nodes(node["items"], f"{path}[]", depth)


def _node_problems(node: Schema, depth: int) -> Iterator[str]:
    kind = node.get("type")
    yield from (f"has {word}" for word in sorted(_COMPOSITION & node.keys()))
    if not isinstance(kind, str):
        yield "needs exactly one type"
    if depth > MAX_DEPTH:
        yield f"is nested deeper than {MAX_DEPTH}"
    if kind == "array" and not isinstance(node.get("items"), dict):
        yield "is an array without items"
    if kind == "object":
        yield from _object_problems(node)
    elif "properties" in node or "required" in node:
        yield "has properties but is no object"
    yield from _text_problems(node)


def _object_problems(node: Schema) -> Iterator[str]:
    if "properties" not in node:
        yield "is an object without declared properties"
    if node.get("additionalProperties") is not False:
        yield "must refuse additional properties"
    missing = set(node.get("required", ())) - set(node.get("properties", {}))
    if missing:
        yield f"requires undeclared {sorted(missing)}"


def _text_problems(node: Schema) -> Iterator[str]:
    choices = node.get("enum", [])
    if "enum" in node and (
        not choices or len(choices) > MAX_ENUM or not all(isinstance(c, str) and c for c in choices)
    ):
        yield f"needs 1 to {MAX_ENUM} non-empty strings as enum"
    if node.get("format", "date-time") != "date-time":
        yield f"has the format {node['format']}"
    if "(?" in node.get("pattern", ""):
        yield "has a pattern with a look-around"
    if len(node.get("description", "")) > MAX_DESCRIPTION:
        yield f"has a description over {MAX_DESCRIPTION} characters"
