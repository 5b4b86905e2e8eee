"""Values from text (forms, queries, paths), and values made up from a schema."""

from __future__ import annotations

import json
import re
from typing import Any

from .basics import Violation
from .schemas import Schemas

# Optional response fields that would send a paginating client round for ever.
PAGING = {
    "paging",
    "next",
    "next_page",
    "next_cursor",
    "nextPageToken",
    "nextRecordsUrl",
    "response_metadata",
}
TEXTS = {
    "date-time": "2026-01-02T03:04:05Z",
    "date": "2026-01-02",
    "uri": "https://example.com/",
    "email": "a@example.com",
    "uuid": "6c84fb90-12c4-11e1-840d-7b25c5ee775a",
    "decimal": "1.00",
}


def brackets(pairs: list[tuple[str, str]]) -> dict:
    """a[b][]=1&a[c][0]=2 gives {'a': {'b': {'0': '1'}, 'c': {'0': '2'}}}; a repeated plain name gives a list."""
    out: dict = {}
    for key, value in pairs:
        name, *rest = re.findall(r"^[^\[]+|\[[^\]]*\]", key) or [key]
        node = out
        for part in rest:
            child = node.setdefault(name, {})
            if not isinstance(child, dict):
                raise Violation(400, f"form key {key!r} is used both as a value and as a container")
            node, name = child, part[1:-1] or str(len(child))
        if name in node and not rest:
            node[name] = [*(node[name] if isinstance(node[name], list) else [node[name]]), value]
        else:
            node[name] = value
    return out


def coerce(schemas: Schemas, value: Any, schema: dict) -> Any:
    """Read strings as the types the schema asks for; what does not fit is left for the validator to name."""
    schema = schemas.resolve(schema)
    options = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if options:
        tries = [(o, coerce(schemas, value, o)) for o in options]
        return next((v for o, v in tries if schemas.validator(o).is_valid(v)), tries[0][1])
    for part in schema.get("allOf", ()):
        value = coerce(schemas, value, part)
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if isinstance(value, str):
        return _from_text(value, kinds)
    if isinstance(value, dict) and "array" in kinds and value and all(k.isdigit() for k in value):
        value = [value[k] for k in sorted(value, key=int)]
    if isinstance(value, list):
        return [coerce(schemas, v, schema.get("items", {})) for v in value]
    if isinstance(value, dict):
        rest = schema.get("additionalProperties")
        rest = rest if isinstance(rest, dict) else {}
        return {k: coerce(schemas, v, schema.get("properties", {}).get(k, rest)) for k, v in value.items()}
    return value


def _from_text(text: str, kinds: list) -> Any:
    if "string" in kinds:
        return text
    if ("array" in kinds or "object" in kinds) and text[:1] in ("[", "{"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    if "boolean" in kinds and text in ("true", "false", "1", "0"):
        return text in ("true", "1")
    if "integer" in kinds and re.fullmatch(r"-?\d+", text):
        return int(text)
    if "number" in kinds and re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text):
        return float(text)
    return text


def sample(schemas: Schemas, schema: dict, name: str = "", trail: tuple = ()) -> Any:
    """The same small value of the described shape every time."""
    if "$ref" in schema:
        ref = schema["$ref"]
        if trail.count(ref) > 1 or len(trail) > 14:
            return None
        return sample(schemas, schemas.pointer(ref), name, (*trail, ref))
    for word in ("example", "const", "default"):
        if word in schema:
            return schema[word]
    for word in ("examples", "enum"):
        if isinstance(schema.get(word), list) and schema[word]:
            return schema[word][0]
    if schema.get("nullable") and len(trail) > 3:
        return None
    if options := schema.get("oneOf") or schema.get("anyOf"):
        chosen = next((o for o in options if o.get("type") != "null"), options[0])
        return _merge([sample(schemas, p, name, trail) for p in (chosen, *_own(schema))])
    if schema.get("allOf"):
        return _merge([sample(schemas, p, name, trail) for p in (*schema["allOf"], *_own(schema))])
    kind = schema.get("type")
    kind = next((k for k in kind if k != "null"), "null") if isinstance(kind, list) else kind
    if kind == "object" or "properties" in schema:
        return _sample_object(schemas, schema, trail)
    if kind == "array":
        item = sample(schemas, schema.get("items", {}), name, trail)
        return [] if item is None else [item] * max(1, schema.get("minItems", 1))
    if kind == "boolean":
        return False
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    if kind == "string" or (kind is None and name):
        text = TEXTS.get(schema.get("format", ""), f"{name or 'text'}_1")
        return text[: schema.get("maxLength", len(text))].ljust(schema.get("minLength", 0), "x")
    return None


def _sample_object(schemas: Schemas, schema: dict, trail: tuple) -> dict:
    need, out = set(schema.get("required", ())), {}
    for name, prop in schema.get("properties", {}).items():
        if name in need or (name not in PAGING and not prop.get("writeOnly") and len(trail) < 4):
            value = sample(schemas, prop, name, trail)
            if value is not None or name in need or prop.get("nullable"):
                out[name] = value
    return out


def _own(schema: dict) -> list[dict]:
    """The properties a combined schema adds itself."""
    return (
        [{k: schema[k] for k in ("properties", "required") if k in schema}] if "properties" in schema else []
    )


def _merge(values: list) -> Any:
    found = [v for v in values if v is not None]
    objects = [v for v in found if isinstance(v, dict)]
    return {k: v for o in objects for k, v in o.items()} if objects else found[0] if found else None
