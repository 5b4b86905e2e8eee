"""Reading arguments: lenient in exactly the ways models slip, strict in everything else."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import orjson
from pydantic import ValidationError

from wirepost.core.errors import FieldProblem, InvalidCall
from wirepost.core.signing import digest
from wirepost.tools.options import DEFAULT_LIMIT, DEFAULT_MAX_TOKENS

if TYPE_CHECKING:
    from wirepost.tools.tool import AnyTool

MAX_ARGUMENT_BYTES = 1 << 20
NULL_IN_JSON = b"\\u0000"
"""How JSON writes it; a text may also say so in plain letters."""
MOST_NAMES = 200
NAMED = 20
"""So many wrong fields are listed; nobody reads more."""
Schema = Mapping[str, Any]

_WHOLE_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_ANY_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Reading:
    """A call's arguments, understood."""

    own: dict[str, Any]
    """What the operation gets, as typed values."""
    canonical: dict[str, Any]
    """The same as JSON without absent values: what confirmations, intents and cursors are bound to."""
    connection: str | None = None
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    fields: list[str] | None = None
    max_tokens: int = DEFAULT_MAX_TOKENS
    intent: str | None = None
    mode: Literal["preview", "execute"] = "execute"
    confirmation: str | None = None
    reason: str | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def hash(self) -> str:
        """Fingerprint of the canonical arguments."""
        return digest(self.canonical)


def read(tool: AnyTool, raw: Mapping[str, Any]) -> Reading:
    """Understand `raw` as arguments of `tool`; raises `InvalidCall` naming every wrong field at once."""
    warnings: list[str] = []
    if len(raw) > MOST_NAMES:
        message = f"{len(raw)} arguments were given; no tool has more than {MOST_NAMES}"
        raise InvalidCall(
            "invalid_arguments", message, hint=f"connection_help describes those of {tool.name}"
        )
    size = len(_encode(tool, raw))
    if size > MAX_ARGUMENT_BYTES:
        message = f"The arguments have {size} bytes; at most {MAX_ARGUMENT_BYTES} are read"
        raise InvalidCall("invalid_arguments", message)
    forgiven = {
        name: _forgive(value, tool.input_schema["properties"].get(name, {}), name, warnings)
        for name, value in raw.items()
        if value is not None
    }
    encoded = _encode(tool, forgiven)
    if NULL_IN_JSON in encoded:
        _refuse_null(tool, forgiven)
    try:
        model = tool.arguments_model.model_validate_json(encoded, strict=True)
    except ValidationError as error:
        raise _refusal(tool, error) from None
    dumped = model.model_dump(mode="json", exclude_none=True)
    return Reading(
        own={name: getattr(model, name) for name in tool.own_arguments},
        canonical={name: value for name, value in dumped.items() if name in tool.own_arguments},
        warnings=warnings,
        **{name: value for name, value in dumped.items() if name not in tool.own_arguments},
    )


def _refuse_null(tool: AnyTool, arguments: Mapping[str, Any]) -> None:
    """No database, provider or terminal takes this character for what it is."""
    names = [str(name) for name, value in arguments.items() if _has_null({name: value})]
    if names:
        raise InvalidCall(
            "invalid_arguments",
            f"The arguments of {tool.name} contain the character U+0000",
            fields=[
                FieldProblem(path="arguments" if "\0" in name else name[:80], problem="contains U+0000")
                for name in names[:NAMED]
            ],
        )


def _has_null(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(map(_has_null, value)) or any(map(_has_null, value.values()))
    return isinstance(value, list) and any(map(_has_null, value))


def _encode(tool: AnyTool, arguments: Mapping[str, Any]) -> bytes:
    """The arguments as JSON; raises `InvalidCall` naming those that cannot be written as such."""
    encoded = _json(dict(arguments))
    if encoded is not None:
        return encoded
    names = [name for name, value in arguments.items() if _json({name: value}) is None]
    problem = "is nested too deeply, has half a character (a lone surrogate), or is no JSON value"
    raise InvalidCall(
        "invalid_arguments",
        f"The arguments of {tool.name} are not JSON",
        fields=[
            FieldProblem(path=str(name)[:80] if _json(name) else "arguments", problem=problem)
            for name in names[:NAMED]
        ],
    )


def _json(value: Any) -> bytes | None:
    try:
        encoded = orjson.dumps(value)
        json.dumps(value, allow_nan=False)  # orjson writes null for a number that is none
    except (TypeError, ValueError):
        return None
    return encoded


def _forgive(value: Any, schema: Schema, path: str, warnings: list[str]) -> Any:
    """Repair the four slips models make, each with a warning; validation refuses the rest."""
    kind = schema.get("type")
    if isinstance(value, str) and kind in {"array", "object"}:
        value = _from_json_text(value, kind, path, warnings)
    if kind in {"integer", "number", "boolean"} and isinstance(value, str):
        return _from_scalar_text(value, kind, path, warnings)
    if kind == "array":
        return _as_list(value, schema.get("items", {}), path, warnings)
    if kind == "object" and isinstance(value, dict):
        properties = schema.get("properties", {})
        return {
            key: _forgive(item, properties.get(key, {}), f"{path}.{key}", warnings)
            for key, item in value.items()
            if item is not None
        }
    return value


def _as_list(value: Any, items: Schema, path: str, warnings: list[str]) -> Any:
    if isinstance(value, dict) and _is_name_value(items):
        if set(value) == {"name", "value"}:
            return value  # one field, or two that are called so: refused rather than guessed
        warnings.append(f"{path}: read the object as a list of name and value; send [{{name, value}}]")
        value = [{"name": name, "value": _plain(item)} for name, item in value.items()]
    elif not isinstance(value, list):
        warnings.append(f"{path}: read one value as a list of one; send a list")
        value = [value]
    return [_forgive(item, items, f"{path}[{index}]", warnings) for index, item in enumerate(value)]


def _is_name_value(items: Schema) -> bool:
    return set(items.get("properties", {})) == {"name", "value"}


def _plain(value: Any) -> Any:
    """A number or truth value as text; validation refuses what is neither these nor text."""
    return orjson.dumps(value).decode() if isinstance(value, bool | int | float) else value


def _from_json_text(value: str, kind: str, path: str, warnings: list[str]) -> Any:
    try:
        parsed = orjson.loads(value)
    except ValueError:
        return value
    if isinstance(parsed, dict) or (kind == "array" and isinstance(parsed, list)):
        warnings.append(f"{path}: read JSON text as {kind}; send the {kind} itself")
        return parsed
    return value


def _from_scalar_text(value: str, kind: str, path: str, warnings: list[str]) -> Any:
    parsed: Any = value
    if kind == "boolean" and value.lower() in {"true", "false"}:
        parsed = value.lower() == "true"
    elif kind == "integer" and _WHOLE_NUMBER.fullmatch(value):
        parsed = int(value)
    elif kind == "number" and _ANY_NUMBER.fullmatch(value) and math.isfinite(float(value)):
        parsed = float(value)
    if parsed is not value:
        warnings.append(f"{path}: read the text {value[:20]!r} as {kind}")
    return parsed


def _refusal(tool: AnyTool, error: ValidationError) -> InvalidCall:
    found = error.errors(include_url=False, include_context=True)
    # No more of them: to look for similar names takes time.
    problems = [_problem(tool, each) for each in found[:NAMED]]
    first = problems[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return InvalidCall(
        "invalid_arguments",
        f"{tool.name}: {first['path']} {first['problem']}{more}",
        hint=f"connection_help with tool={tool.name} shows an example",
        fields=problems,
    )


def _problem(tool: AnyTool, found: Any) -> FieldProblem:
    """One pydantic finding in our words; the value itself is never echoed."""
    path = ".".join(str(part) for part in found["loc"]) or "arguments"
    kind, context = found["type"], found.get("ctx", {})
    if kind == "extra_forbidden":
        known = _names_at(tool.input_schema, found["loc"][:-1])
        close = difflib.get_close_matches(str(found["loc"][-1]), known, n=1)
        suggestion = f"; did you mean {close[0]}?" if close else ""
        return FieldProblem(path=path[:80], problem=f"is not an argument{suggestion}", allowed=known)
    if kind == "missing":
        return FieldProblem(path=path, problem="is required")
    problem = FieldProblem(path=path, problem=f"is wrong: {found['msg'][:200]}")
    if kind == "literal_error":
        choices = _node_at(tool.input_schema, found["loc"]).get("enum", [])
        problem["problem"] = f"must be one of {', '.join(choices)}"
        problem["allowed"] = choices
    elif kind in {"greater_than_equal", "less_than_equal"}:
        problem["problem"] = (
            f"must be {'at least' if 'ge' in context else 'at most'} {context.get('ge', context.get('le'))}"
        )
    return problem


def _node_at(schema: Schema, location: tuple[int | str, ...]) -> Schema:
    node = schema
    for part in location:
        node = node.get("items", {}) if isinstance(part, int) else node.get("properties", {}).get(part, {})
    return node


def _names_at(schema: Schema, location: tuple[int | str, ...]) -> list[str]:
    return sorted(_node_at(schema, location).get("properties", {}))
