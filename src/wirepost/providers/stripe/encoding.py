"""How Stripe reads parameters: bracketed form fields, and its search query language."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

MIN_SUBSTRING = 3
"""Shortest text that `~` accepts (https://docs.stripe.com/search#query-fields-and-operators)."""


def form(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Parameters as form fields: `items[0][price]=…`; absent (`None`) values are left out.

    Bodies in JSON are refused by the v1 API, and a list is numbered so that objects inside it stay together.
    """
    return tuple(_flatten(params))


def _flatten(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        yield from _fields(name, value)


def _fields(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _fields(f"{name}[{key}]", item)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, item in enumerate(value):
            yield from _fields(f"{name}[{index}]", item)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    else:
        yield name, str(value)


def quoted(text: str) -> str:
    """A search value in quotes: whatever it contains, it stays one value.

    Control characters have no meaning in a search and no escape, so they become spaces.
    """
    plain = "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in text)
    escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def equals(field: str, value: str) -> str:
    """Clause for an exact (for names: token-wise, case-insensitive) match."""
    return f"{field}:{quoted(value)}"


def contains(field: str, value: str) -> str:
    """Clause for a substring; a text too short for that is matched whole."""
    return f"{field}~{quoted(value)}" if len(value) >= MIN_SUBSTRING else equals(field, value)


def labelled(name: str, value: str) -> str:
    """Clause for one metadata entry."""
    return f"metadata[{quoted(name)}]:{quoted(value)}"


def compared(field: str, operator: str, number: int | None) -> str | None:
    """Clause for a number or a time, where one is asked for."""
    return None if number is None else f"{field}{operator}{number}"


def all_of(clauses: Iterable[str | None]) -> str:
    """Every clause must hold; the language allows `AND` or `OR` in one query, never both."""
    return " AND ".join(clause for clause in clauses if clause)


def any_of(clauses: Iterable[str]) -> str:
    """One clause must hold."""
    return " OR ".join(clauses)
