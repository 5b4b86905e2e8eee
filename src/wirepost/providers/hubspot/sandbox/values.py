"""Which values properties take: types, options, uniqueness, and rules that the account has made itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from wirepost.providers.hubspot.sandbox.definitions import PIPELINES, PROPERTIES
from wirepost.providers.hubspot.sandbox.errors import Body, HubSpotError, exists, invalid_values, problem
from wirepost.providers.hubspot.sandbox.rows import Row, id_of
from wirepost.providers.hubspot.sandbox.state import State

EMAIL = re.compile(r"[^\s@;]+@[^\s@;]+\.[^\s@;]+")
RULES: dict[tuple[str, str], tuple[Callable[[str], bool], str]] = {
    ("deals", "amount"): (lambda value: Decimal(value) >= 0, "Amount must not be negative"),
    ("tickets", "subject"): (lambda value: len(value) >= 3, "Ticket name must have at least 3 characters"),  # noqa: PLR2004
}
"""Rules of the account for values; from version 2026-09 on they hold for the API as well."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=65_536)
def moment_ms(text: str) -> int | None:
    """A time that HubSpot reads, in milliseconds since 1970."""
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def accepted(state: State, kind: str, given: Mapping[str, Any], own: Row | None = None) -> dict[str, str]:
    """The values as they are kept; raises `HubSpotError` for those that are not taken."""
    problems = [one for name, value in given.items() for one in _problems(state, kind, name, value)]
    if problems:
        raise invalid_values(problems)
    kept = {name: _kept(kind, name, str(value)) for name, value in given.items()}
    _check_unique(state, kind, kept, own)
    return kept


def option_values(state: State, kind: str, name: str) -> list[str]:
    """What an enumeration takes: its options, or what HubSpot keeps elsewhere (stages, owners)."""
    definition = PROPERTIES[kind][name]
    if definition.get("referencedObjectType") == "OWNER":
        return [id_of(colleague.key) for colleague in state.world.team]
    if name in {"pipeline", "hs_pipeline"}:
        return [pipeline["id"] for pipeline in PIPELINES[kind]]
    if name in {"dealstage", "hs_pipeline_stage"}:
        return [stage["id"] for pipeline in PIPELINES[kind] for stage in pipeline["stages"]]
    return [option["value"] for option in definition["options"]]


def _problems(state: State, kind: str, name: str, value: Any) -> Iterator[Body]:
    definition = PROPERTIES[kind].get(name)
    if definition is None:
        yield problem(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist')
        return
    if definition["modificationMetadata"]["readOnlyValue"]:
        yield problem(name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set.')
        return
    text = str(value)
    if text == "":
        return
    wrong = _wrong_type(state, kind, definition, text)
    if wrong is not None:
        yield problem(name, *wrong)
        return
    rule = RULES.get((kind, name))
    if rule is not None and not rule[0](text):
        yield problem(name, "VALIDATION_RULE", rule[1])


def _wrong_type(state: State, kind: str, definition: Body, text: str) -> tuple[str, str] | None:
    """Code and words for a value that is not of the property's type."""
    name = definition["name"]
    if definition["type"] == "enumeration":
        allowed = option_values(state, kind, name)
        chosen = text.strip(";").split(";") if definition["fieldType"] == "checkbox" else [text]
        is_wrong = not set(chosen) <= set(allowed)
        return (
            ("INVALID_OPTION", f"{text} was not one of the allowed options: {allowed}") if is_wrong else None
        )
    shape = "email" if name == "email" else definition["type"]
    is_right, code, words = _SHAPES.get(shape, _ANY)
    return None if is_right(text) else (code, f"{text} {words}")


def _kept(kind: str, name: str, text: str) -> str:
    if name == "email":
        return text.strip().lower()
    is_date = PROPERTIES[kind][name]["type"] == "date" and text
    moment = moment_ms(text) if is_date else None
    return text if moment is None else (_EPOCH + timedelta(milliseconds=moment)).date().isoformat()


def _check_unique(state: State, kind: str, kept: Mapping[str, str], own: Row | None) -> None:
    for name, value in kept.items():
        is_email = (kind, name) == ("contacts", "email")
        if not value or not (is_email or PROPERTIES[kind][name]["hasUniqueValue"]):
            continue
        other = find(state, kind, name, value)
        if other is None or other is own:
            continue
        if is_email:
            raise exists(other.id)
        raise invalid_values(
            [problem(name, "CONFLICTING_UNIQUE_VALUE", f"{other.id} already has that value.")]
        )


def find(state: State, kind: str, name: str, value: str) -> Row | None:
    """The record with a value of a unique property; further addresses of a contact count."""
    wanted = value.casefold()
    for row in state.table(kind).values():
        if row.properties.get(name, "").casefold() == wanted:
            return row
        if name == "email" and wanted in row.properties.get("hs_additional_emails", "").casefold().split(";"):
            return row
    return None


def check_id_property(kind: str, name: str) -> None:
    """Only a property whose values are unique finds records."""
    definition = PROPERTIES[kind].get(name)
    if definition is None or not (definition["hasUniqueValue"] or (kind, name) == ("contacts", "email")):
        message = f"Property {name} of {kind} is not a unique property and cannot be used as idProperty"
        raise HubSpotError(message)


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _is_date(text: str) -> bool:
    moment = moment_ms(text)
    return moment is not None and moment % 86_400_000 == 0


_ANY: tuple[Callable[[str], bool], str, str] = (lambda _: True, "", "")
_SHAPES: dict[str, tuple[Callable[[str], bool], str, str]] = {
    "number": (_is_number, "INVALID_NUMBER", "was not a valid number."),
    "bool": (lambda text: text in {"true", "false"}, "INVALID_BOOLEAN", "was not true or false."),
    "date": (_is_date, "INVALID_DATE", "is not at midnight UTC."),
    "datetime": (lambda text: moment_ms(text) is not None, "INVALID_DATE", "was not a valid time."),
    "email": (lambda text: bool(EMAIL.fullmatch(text)), "INVALID_EMAIL", "is no valid email address"),
}
