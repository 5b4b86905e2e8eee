"""JSON schemas as Anthropic takes them: closed objects, and bounds told in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"}
)
_KEPT = frozenset({"type", "enum", "const", "title", "$ref", "required"})
_NESTED = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}
_NAMED = frozenset({"properties", "$defs"})
_LEAST_ITEMS = (0, 1)


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same schema without what is refused, which its description then says instead."""
    found: dict[str, Any] = {}
    said: dict[str, Any] = {}
    for word, value in schema.items():
        if word in _KEPT or (word == "format" and value in _FORMATS):
            found[word] = value
        elif word in _NAMED:
            found[word] = {name: strict(each) for name, each in value.items()}
        elif word in _NESTED:
            found[_NESTED[word]] = [strict(each) for each in value]
        elif word == "items" and isinstance(value, Mapping):
            found[word] = strict(value)
        elif word == "minItems" and value in _LEAST_ITEMS:
            found[word] = value
        elif word not in {"description", "additionalProperties", "$schema", "default", "examples"}:
            said[word] = value
    if "properties" in found or found.get("type") == "object":
        found["additionalProperties"] = False
    bounds = ", ".join(f"{word}: {value}" for word, value in said.items())
    words = [each for each in (schema.get("description"), bounds and f"{{{bounds}}}") if each]
    if words:
        found["description"] = " ".join(words)
    return found
