"""Bodies into values: JSON and forms within limits, and fields that are what they should be or nothing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from wirepost.core.signing import digest
from wirepost.webhooks.webhook import Item, Unmapped, Unreadable

MAX_DEPTH = 64
MAX_FIELDS = 1000
"""Fields of a form."""
MAX_ITEMS = 5000
"""Events in one request: no sender puts more into the largest body that is taken."""
MAX_TEXT = 2000
"""Characters of one field."""
MAX_KEY = 200
_LARGEST_EXACT = 2**53
_LATEST = 253402300800.0
"""The end of the year 9999, in seconds since 1970."""

_BEFORE_NUMBERS = bytes.maketrans(b"123456789:,[-\t\r\n", b"000000000" + b" " * 7)
_LONG = b" " + b"0" * 19
"""An integer with more than 18 digits: behind a sign, or what else stands before numbers; not in most ids."""
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:?\d\d)", re.ASCII)
_EPOCH = re.compile(r"\d{1,15}", re.ASCII)
_WORD = re.compile(r"[\w.:@/#+=-]{1,80}", re.ASCII)
_NOT_IN_TYPES = re.compile(r"[^a-z0-9_-]+")
_INDEX = re.compile(r"0|[1-9]\d{0,5}", re.ASCII)


def parse_json(body: bytes) -> Any:
    """The JSON value; raises `Unmapped` for what is none, or is nested too deeply.

    Integers of more than 64 bits come as texts: exact, and whatever is done with them later takes them. So
    does U+FFFD for U+0000, which not every database stores.
    """
    if b"\\u0000" in body:
        body = _NUL.sub(rb"\1\\ufffd", body)
    try:
        value = orjson.loads(body)
        if not isinstance(value, dict | list) or _LONG in body.translate(_BEFORE_NUMBERS):
            value = json.loads(body, parse_int=_exact)
    except (ValueError, RecursionError) as error:
        raise Unmapped("is no JSON") from error
    # Each level takes a bracket, so most bodies are known to be flat without being walked through.
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        _check_depth(value)
    return value


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object; raises `Unmapped` for anything else."""
    return as_object(parse_json(body))


def find_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object; `None` for anything else, where that may still be no handshake."""
    try:
        return parse_object(body)
    except Unmapped:
        return None


def as_object(value: Any) -> dict[str, Any]:
    """The value, if it is a JSON object; raises `Unmapped` for anything else."""
    if not isinstance(value, dict):
        raise Unmapped("is no JSON object")
    return value


def parse_list(body: bytes) -> list[Any]:
    """The JSON array, or a single object as one; raises `Unmapped` for anything else."""
    value = parse_json(body)
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise Unmapped("is no JSON array")
    return value


def form(body: bytes) -> dict[str, str]:
    """The fields of a form, blank ones too, the first of equal names, no U+0000; raises `Unmapped`."""
    try:
        sent = body.decode().replace("%00", "%EF%BF%BD").replace("\0", "\ufffd")
        pairs = parse_qsl(
            sent, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS, separator="&"
        )
    except ValueError as error:
        raise Unmapped("is no form") from error
    return dict(reversed(pairs))


def each(parts: Sequence[Any], read: Callable[[dict[str, Any]], Item]) -> list[Item | Unreadable]:
    """Every object of a batch as an item; one that `read` raises `Unmapped` for does not spoil the others."""
    if len(parts) > MAX_ITEMS:
        raise Unmapped(f"has more than {MAX_ITEMS} events")
    items: list[Item | Unreadable] = []
    for index, part in enumerate(parts):
        try:
            items.append(read(as_object(part)))
        except Unmapped as error:
            items.append(Unreadable(str(error), index))
    return items


def at(value: Any, *path: str | int) -> Any:
    """What is at the path of keys and indices; `None` where there is nothing."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def pointer(value: Any, path: str) -> Any:
    """What a JSON pointer (RFC 6901) points to; `None` where there is nothing."""
    for part in path.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        is_index = isinstance(value, list) and _INDEX.fullmatch(name)
        value = at(value, int(name) if is_index else name)
    return value


def text(value: Any, limit: int = MAX_TEXT) -> str | None:
    """A text, or a number as one, cut at `limit`; `None` for anything else. Texts are not cleaned here."""
    if isinstance(value, str):
        return value[:limit]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def needed(value: Any, name: str) -> str:
    """The text that has to be there; raises `Unmapped` naming it when it is missing or empty."""
    found = text(value)
    if not found:
        raise Unmapped(f"has no {name}")
    return found


def word(value: Any) -> str | None:
    """An id, code or amount that may stand in a summary; `None` for what could be a sentence or a link."""
    found = text(value)
    is_word = found is not None and _WORD.fullmatch(found) and "//" not in found
    return found if is_word else None


def key(value: Any) -> str | None:
    """The id of an event, hashed if it is long; `None` if there is none."""
    found = text(value, limit=1 << 20)
    return (found if len(found) <= MAX_KEY else fingerprint(found)) if found else None


def fingerprint(*parts: Any) -> str:
    """SHA-256 in hex of JSON values, whatever the order of fields; for events without an id of their own."""
    return digest(parts)


def line(title: str, what: str, subject: str | None = None) -> str:
    """A summary of the sender, the type and the entity, without anything that could be a sentence."""
    about = word(subject)
    return f"{title}: {word(what) or 'an event'}" + (f", {about}" if about else "")


def scalar(value: Any) -> str | int | float | bool | None:
    """A single value as agents get it: integers that JavaScript would round as texts, the rest untouched."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_LARGEST_EXACT <= value <= _LARGEST_EXACT else str(value)
    return value if isinstance(value, float) else None


def paths(names: str) -> dict[str, tuple[str, ...]]:
    """Fields for `picked`: `author=user.login` is the field `author`, found under `user`, `login`."""
    pairs = (each.partition("=") for each in names.split())
    return {name: tuple((path or name).split(".")) for name, _, path in pairs}


def picked(
    value: Any, fields: Mapping[str, tuple[str | int, ...]], read: Callable[[Any], Any] = scalar
) -> dict[str, Any]:
    """Name → path, as name → what `read` makes of what is there; where that is nothing, it is left out."""
    found: dict[str, Any] = {}
    for name, path in fields.items():
        inner = value
        for step in path:
            inner = inner.get(step) if isinstance(inner, dict) else at(inner, step)
        if inner is not None and (made := read(inner)) is not None:
            found[name] = made
    return found


def scalars(value: Any, limit: int = 40) -> dict[str, Any]:
    """The single values at the top of an object, for senders whose fields nobody knows."""
    found: dict[str, Any] = {}
    for name, each_value in value.items() if isinstance(value, dict) else ():
        single = scalar(each_value)
        if single is not None and len(name) <= MAX_KEY:
            found[name] = single
            if len(found) == limit:
                break
    return found


def seconds(value: Any) -> float | None:
    """Seconds since 1970, as a number or in ASCII digits; `None` for anything else."""
    if isinstance(value, str):
        value = int(value) if _EPOCH.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 < value < _LATEST else None


def millis(value: Any) -> float | None:
    """Milliseconds since 1970 as seconds; `None` for anything else."""
    if isinstance(value, str):
        value = int(value) if _EPOCH.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return seconds(value / 1000) if -_LATEST < value < _LATEST * 1000 else None


def moment(value: Any) -> float | None:
    """RFC 3339 with offset as seconds since 1970; `None` for anything else, also without an offset."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        return seconds(datetime.fromisoformat(value).timestamp())
    except (ValueError, OverflowError):
        return None


def our_type(sender: str, provider_type: str, types: Mapping[str, str] | None = None) -> str:
    """Our word for the sender's type; where we have none, `<sender>.<type>` in letters a type may have."""
    known = types.get(provider_type) if types else None
    if known is not None:
        return known
    parts = provider_type[:100].lower().replace("/", ".").split(".")
    plain = ".".join(filter(None, (_NOT_IN_TYPES.sub("_", part).strip("_-") for part in parts)))
    prefix = f"{sender}."
    return plain if plain.startswith(prefix) else f"{prefix}{plain or 'event'}"


def _exact(digits: str) -> int | str:
    """Raises `ValueError` for more digits than Python turns into a number."""
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else str(number)


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [each for each in level if isinstance(each, dict | list)]
        if not level:
            return
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    raise Unmapped(f"is nested more than {MAX_DEPTH} deep")
