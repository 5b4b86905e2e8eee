"""Values of fields: read from text by the field's type, compared with what a vendor has stored, shown."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from wirepost.contracts.records import Choice, FieldSchema, FieldType, ObjectSchema, Record, Value
from wirepost.core import times
from wirepost.core.errors import InvalidCall
from wirepost.core.text import strip_html

SHOWN = 50
"""So many allowed values are listed."""
SEPARATOR = ";"

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_EXACT = 2**53
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII)


class Unfit(ValueError):
    """A text that is no value of the field: what is wrong, and what would be right."""

    def __init__(self, problem: str, allowed: Sequence[str] = ()) -> None:
        super().__init__(problem)
        self.problem, self.allowed = problem, list(allowed)


def read(field: FieldSchema, text: str, now: datetime) -> Value:
    """The text as a value of the field's type; raises `Unfit`."""
    reader = _READERS.get(field.type)
    return reader(field, text, now) if reader else text


def is_day(text: str) -> bool:
    """Whether a text means a whole day and no moment in it."""
    return text == "today" or (len(text) == len("2026-11-25") and _DAY.fullmatch(text) is not None)


def is_relative(text: str) -> bool:
    """Whether a text means another moment each time it is read; `today` does only once a day."""
    return text == "now" or text.startswith("-")


def end_of_day(text: str, now: datetime) -> str:
    """The last second (UTC) of the day that the text means."""
    return times.to_rfc3339(_moment(text, now).replace(hour=23, minute=59, second=59))


def is_same(field: FieldSchema, stored: Any, wanted: Value) -> bool:
    """Whether the vendor has stored this value; vendors trim texts and change the case of some."""
    if wanted is None or stored is None:
        return (stored in (None, "")) == (wanted in (None, ""))
    if field.type in ("integer", "number"):
        return _as_float(stored) == _as_float(wanted)
    if field.type == "datetime":
        return _as_moment(stored) == _as_moment(wanted)
    if field.type == "choices":
        return set(_parts(str(stored))) == set(_parts(str(wanted)))
    if field.type == "boolean":
        return str(stored).lower() == str(wanted).lower()
    return str(stored).strip().casefold() == str(wanted).strip().casefold()


def readable(schema: ObjectSchema, records: Sequence[Record]) -> list[Record]:
    """The records with HTML as its readers see it; values of all other fields are what they are."""
    names = {field.name for field in schema.fields if field.type == "html"}
    return [
        record.model_copy(update={"fields": {**record.fields, **_texts(record, names)}}) for record in records
    ]


def _texts(record: Record, names: Iterable[str]) -> dict[str, str]:
    values = ((name, record.fields.get(name)) for name in names)
    return {name: strip_html(value) for name, value in values if isinstance(value, str)}


def _whole(text: str) -> int:
    number = _number(text)
    if not isinstance(number, int):
        raise Unfit("must be a whole number")
    return number


def _number(text: str) -> int | float:
    """A whole number where it is one and JSON keeps it exactly; never another one than was written."""
    written = text.strip()
    if not _NUMBER.fullmatch(written) or not math.isfinite(float(written)):
        raise Unfit("must be a number such as 1250.5")
    number = float(written)
    if Decimal(repr(number)) != Decimal(written):
        raise Unfit("must have fewer digits, as so many cannot be kept exactly")
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


def _truth(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise Unfit("must be true or false", ["true", "false"])
    return text.lower() == "true"


def _date(text: str, now: datetime) -> str:
    """A date stays the date that was written; a time would move it by the offset and is refused."""
    written = _DAY.fullmatch(text)
    if written:
        try:
            return date.fromisoformat(written[1]).isoformat()
        except ValueError:
            raise Unfit("must be a date such as 2026-11-25") from None
    if text[:1].isdigit():
        raise Unfit("must be a date such as 2026-11-25, without a time")
    return _moment(text, now).date().isoformat()


def _moment(text: str, now: datetime) -> datetime:
    try:
        return times.parse(text, now=now, path="")
    except InvalidCall as refusal:
        raise Unfit(refusal.fields[0]["problem"]) from None


def _choice(field: FieldSchema, text: str) -> str:
    """The stored value of a choice that was given by its value or, where one alone matches, by its label."""
    options = field.options or []
    if not options or any(option.value == text for option in options):
        return text
    wanted = text.casefold()
    for key in (_value, _label):
        found = {option.value for option in options if key(option).casefold() == wanted}
        if len(found) == 1:
            return found.pop()
    raise Unfit("is not an allowed value", [option.value for option in options[:SHOWN]])


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(SEPARATOR) if part.strip()]


def _value(option: Choice) -> str:
    return option.value


def _label(option: Choice) -> str:
    return option.label


def _as_float(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _as_moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).replace(microsecond=0)
    except ValueError:
        return None


_READERS: Mapping[FieldType, Callable[[FieldSchema, str, datetime], Value]] = {
    "integer": lambda _field, text, _now: _whole(text),
    "number": lambda _field, text, _now: _number(text),
    "boolean": lambda _field, text, _now: _truth(text),
    "date": lambda _field, text, now: _date(text, now),
    "datetime": lambda _field, text, now: times.to_rfc3339(_moment(text, now)),
    "choice": lambda field, text, _now: _choice(field, text),
    "choices": lambda field, text, _now: SEPARATOR.join(_choice(field, part) for part in _parts(text)),
}
"""Every other type is text."""
