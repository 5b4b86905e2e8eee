"""What a model in a sandbox answers: the same to the same question, and JSON where a schema asks for it.

It understands nothing. It picks the choice whose words the text shares, and it quotes; that is enough to
try everything that happens around a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

CHARACTERS_PER_TOKEN = 4
_WORD = re.compile(r"[^\W\d_]{3,}")
_LIKED = """
    good great excellent love loved perfect happy thanks recommend fast nice best super gut toll hervorragend
    danke empfehle schnell bien merci bueno gracias ottimo grazie goed bedankt
"""
_DISLIKED = """
    bad broken late refund never worst disappointed angry slow damaged wrong terrible kaputt schlecht
    enttäuscht langsam falsch cassé mauvais roto malo rotto pessimo slecht defect
"""


@dataclass(frozen=True)
class Reply:
    """An answer and what it has used."""

    text: str
    input_tokens: int
    output_tokens: int
    is_cut: bool
    """It had more to say than `max_tokens` allowed."""


def answer(
    task: str, data: Sequence[str] = (), schema: Mapping[str, Any] | None = None, max_tokens: int = 1024
) -> Reply:
    """Answer a task about texts."""
    source = "\n".join(data) or task
    if schema is None:
        text = f"In short: {_first(source, 60)}"
    else:
        text = orjson.dumps(_fill(schema, source)).decode()
    most = max_tokens * CHARACTERS_PER_TOKEN
    shown = text[:most]
    return Reply(shown, tokens(task) + sum(map(tokens, data)), max(1, tokens(shown)), len(text) > most)


def tokens(text: str) -> int:
    """About how many tokens a text has."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def vector(text: str, dimensions: int) -> list[float]:
    """A vector of length one that texts with the same words share."""
    found = [0.0] * dimensions
    for word in _words(text) or [""]:
        found[sum(word.encode()) % dimensions] += 1.0
    length = sum(value * value for value in found) ** 0.5
    return [round(value / length, 6) for value in found]


def _fill(schema: Mapping[str, Any], source: str) -> Any:
    """A value that the schema allows."""
    if "enum" in schema:
        return _choice(schema["enum"], source)
    if "const" in schema:
        return schema["const"]
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        return _fill(branches[0], source)
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    return _FILL[kind](schema, source)


def _object(schema: Mapping[str, Any], source: str) -> dict[str, Any]:
    return {name: _fill(each, source) for name, each in schema.get("properties", {}).items()}


def _array(schema: Mapping[str, Any], source: str) -> list[Any]:
    inside = schema.get("items", {"type": "string"})
    return [_fill(inside, source) for _ in range(max(1, schema.get("minItems", 1)))]


def _number(schema: Mapping[str, Any]) -> float:
    low = float(schema.get("minimum", schema.get("exclusiveMinimum", 0)))
    high = float(schema.get("maximum", schema.get("exclusiveMaximum", max(low, 0) + 1)))
    return round(low + (high - low) * 0.8, 3)


_FILL: dict[str, Callable[[Mapping[str, Any], str], Any]] = {
    "object": _object,
    "array": _array,
    "integer": lambda schema, _: int(_number(schema)),
    "number": lambda schema, _: _number(schema),
    "boolean": lambda _, source: _mood(source) > 0,
    "null": lambda _, source: None,  # noqa: ARG005 - the form of the others
    "string": lambda schema, source: _first(source, schema.get("maxLength", 200)),
}


def _choice(choices: Sequence[Any], source: str) -> Any:
    """The choice whose words stand in the text; of moods, the one that its words show."""
    names = [str(each).lower() for each in choices]
    if {"positive", "negative"} <= set(names):
        mood = _mood(source)
        wanted = "positive" if mood > 0 else "negative" if mood < 0 else "neutral"
        return choices[names.index(wanted)] if wanted in names else choices[0]
    said = set(_words(source))
    shared = [len(said & set(_words(name.replace("_", " ")))) for name in names]
    return choices[shared.index(max(shared))]


def _mood(source: str) -> int:
    said = _words(source)
    return sum(word in _LIKED.split() for word in said) - sum(word in _DISLIKED.split() for word in said)


def _first(source: str, length: int) -> str:
    line = " ".join(source.split())
    return line if len(line) <= length else line[: max(0, length - 1)] + "…"


def _words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]
