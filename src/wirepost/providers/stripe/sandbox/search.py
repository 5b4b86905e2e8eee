"""The search query language (https://docs.stripe.com/search#search-query-language)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from wirepost.providers.stripe.sandbox.errors import StripeError
from wirepost.providers.stripe.sandbox.tables import Row

MIN_SUBSTRING = 3

_CLAUSE = re.compile(
    r"""\s*(?P<not>-)?(?P<field>[A-Za-z_][A-Za-z0-9_.]*)(?:\[(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\])?\s*"""
    r"""(?P<op>>=|<=|:|~|>|<)\s*(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"']+)""",
    re.DOTALL,
)
_WORD = re.compile(r"\s*(AND|OR)\b", re.IGNORECASE)


@dataclass(frozen=True)
class SearchField:
    """One field of the index: what kind it is, and where its value is in an object."""

    kind: Literal["string", "exact", "numeric", "metadata"]
    value: Callable[[Row], Any]


Match = Callable[[Row], bool]


def at(path: str) -> Callable[[Row], Any]:
    """Reads a nested value."""
    names = path.split(".")

    def read(row: Row) -> Any:
        value: Any = row
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    return read


def fields_of(**kinds: str) -> dict[str, SearchField]:
    """Fields by kind: `string="email name"`; double underscores are dots. Metadata is always there."""
    made = {
        name: SearchField(kind, at(name))  # type: ignore[arg-type]
        for kind, names in kinds.items()
        for name in names.split()
    }
    return {**made, "metadata": SearchField("metadata", at("metadata"))}


def matcher(query: str, fields: Mapping[str, SearchField], resource: str) -> Match:
    """A test for objects; raises Stripe's error for a query that cannot be read."""
    clauses: list[Match] = []
    words: set[str] = set()
    position = 0
    while query[position:].strip():
        if clauses:
            word = _WORD.match(query, position)
            words.add(word[1].upper() if word else "AND")
            position = word.end() if word else position
        clause = _CLAUSE.match(query, position)
        if clause is None:
            raise _unreadable()
        clauses.append(_test(clause, fields, resource))
        position = clause.end()
    if not clauses:
        raise _unreadable()
    if len(words) > 1:
        message = "You cannot combine AND and OR in the same query."
        raise StripeError(message, param="query")
    join = any if "OR" in words else all
    return lambda row: join(clause(row) for clause in clauses)


def _test(clause: re.Match[str], fields: Mapping[str, SearchField], resource: str) -> Match:
    name, op = clause["field"], clause["op"]
    field = fields.get(name)
    if field is None or (field.kind == "metadata") != (clause["quoted"] is not None):
        message = (
            f"Field `{name}` is an unsupported search field for resource `{resource}`. See "
            "https://stripe.com/docs/search#query-fields-for-each-resource for a list of supported fields."
        )
        raise StripeError(message, param="query")
    read = field.value
    if clause["quoted"] is not None:
        key = _unquoted(clause["quoted"])
        read = lambda row: (row.get("metadata") or {}).get(key)  # noqa: E731
    compare = _comparison(field, op, clause["value"], name)
    is_negated = clause["not"] is not None
    return lambda row: compare(read(row)) != is_negated


def _comparison(field: SearchField, op: str, raw: str, name: str) -> Callable[[Any], bool]:
    if raw.lower() == "null" and op == ":":
        return lambda value: value is None or value == ""
    if field.kind == "numeric":
        return _numeric(op, raw, name)
    if op not in (":", "~") or (op == "~" and field.kind != "string"):
        message = f"Field `{name}` does not support the operator `{op}`."
        raise StripeError(message, param="query")
    wanted = _unquoted(raw).casefold()
    if op == "~":
        if len(wanted) < MIN_SUBSTRING:
            message = f"Substring searches need at least {MIN_SUBSTRING} characters."
            raise StripeError(message, param="query")
        return lambda value: value is not None and wanted in _text(value)
    return lambda value: value is not None and wanted == _text(value)


def _numeric(op: str, raw: str, name: str) -> Callable[[Any], bool]:
    try:
        number = int(_unquoted(raw))
    except ValueError:
        message = f"Field `{name}` takes a number."
        raise StripeError(message, param="query") from None
    tests: dict[str, Callable[[Any], bool]] = {
        ":": lambda value: value == number,
        ">": lambda value: value is not None and value > number,
        ">=": lambda value: value is not None and value >= number,
        "<": lambda value: value is not None and value < number,
        "<=": lambda value: value is not None and value <= number,
    }
    if op not in tests:
        message = f"Field `{name}` does not support the operator `{op}`."
        raise StripeError(message, param="query")
    return tests[op]


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value).casefold()


def _unquoted(raw: str) -> str:
    return re.sub(r"\\(.)", r"\1", raw[1:-1], flags=re.DOTALL) if raw[:1] in "\"'" else raw


def _unreadable() -> StripeError:
    message = 'We were unable to parse your search query. Try using the format `metadata["key"]:"value"`.'
    return StripeError(message, param="query")
