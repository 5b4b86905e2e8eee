"""`event_of()`: an item of a sender's module becomes the event that is kept, clean, short and harmless."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.ids import new_id
from wirepost.core.text import clean_line, cut
from wirepost.events.event import Event
from wirepost.events.personal import DEEPEST, KEEP_ALL, Personal

if TYPE_CHECKING:
    from wirepost.calls.own_writes import OwnWrite
    from wirepost.settings.webhooks import RedactSettings
    from wirepost.webhooks.webhook import Item

MAX_DATA = 8192
"""Bytes of `data` in JSON."""
MAX_TEXT = 2000
MAX_SUMMARY = 280
MAX_WORD = 200
"""Characters of ids, types and subjects."""
UNMAPPED = "unmapped"
"""The type of what has none."""
LATEST = 253402300800.0
"""The end of the year 9999, in seconds since 1970."""

_STEPS = ((MAX_TEXT, 1000), (500, 20), (200, 10), (80, 5), (40, 2))
"""What is tried one after the other until the data is short enough: characters of texts, items of lists."""
_UNSEEN = re.compile(rb"\\[ubfr]")
"""How JSON writes what `clean` would take away, apart from what is not ASCII, which is looked at closely."""


def event_of(
    item: Item,
    *,
    source: str,
    environment: str,
    verified: str,
    received_at: float,
    redact: RedactSettings = KEEP_ALL,
    own: OwnWrite | None = None,
    key: bytes = b"",
) -> Event:
    """The event, with an id of ours; `own` is the write of ours that caused it, `key` is for hashes."""
    personal = Personal(redact, key)
    words: tuple[str | None, ...]
    words = (item.type, item.provider_type, item.event_id, item.subject, item.account, item.actor.id)
    data, is_cut = item.data, False
    summary = item.summary
    if not _is_harmless([data, words, summary], personal):
        data, is_cut = tidied(data, personal)
        words = tuple(word and cut(clean_line(personal.text(word)), MAX_WORD) for word in words)
        summary = cut(clean_line(personal.text(summary)), MAX_SUMMARY)
    kind, provider_type, event_id, subject, account, actor = words
    return Event(
        id=new_id("evt"),
        source=source,
        type=kind or UNMAPPED,
        environment=_environment(environment, item),
        received_at=received_at,
        summary=summary,
        provider_type=provider_type or "",
        provider_event_id=event_id,
        subject=subject,
        account=account,
        time=item.time if item.time is not None and _is_moment(item.time) else None,
        verified=verified,
        actor={"kind": "self" if own else item.actor.kind, "id": actor},
        data=data,
        data_truncated=is_cut,
        untrusted=list(item.untrusted) if data is item.data else _still_there(item.untrusted, data),
        correlation_id=own.intent_id if own else None,
        hops=own.hops if own else 0,
    )


def tidied(data: dict[str, Any], personal: Personal) -> tuple[dict[str, Any], bool]:
    """The data without what must not be kept, in at most 8 KiB; and whether anything was cut."""
    return _fitted(personal.hide(data))


def _is_harmless(parts: list[Any], personal: Personal) -> bool:
    """Whether nothing is to be hidden, cleaned or cut, which is so for most events and found out quickly."""
    try:
        written = orjson.dumps(parts)
    except TypeError:  # nested too deeply, half a character, no JSON: whatever it is, `hide` mends it
        return False
    if len(written) > MAX_TEXT or len(parts[-1]) > MAX_SUMMARY or not _is_plain(written):
        return False
    return max(map(len, filter(None, parts[1]))) <= MAX_WORD and not personal.may_be_in(written)


def _is_plain(written: bytes) -> bool:
    if not written.isascii() or b"\x7f" in written:
        return False
    return b"\\" not in written or not _UNSEEN.search(written)


def _fitted(data: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    is_cut = False
    for longest, most in _STEPS:
        shorter = _Shorter(longest, most)
        data = shorter.of(data, DEEPEST)
        is_cut = is_cut or shorter.has_cut
        if len(orjson.dumps(data)) <= MAX_DATA:
            return data, is_cut
    sizes = {name: len(orjson.dumps(each)) + len(name) for name, each in data.items()}
    for name in sorted(sizes, key=lambda each: sizes[each], reverse=True):
        del data[name]
        if len(orjson.dumps(data)) <= MAX_DATA:
            break
    return data, True


@dataclass
class _Shorter:
    """Cuts long texts and lists, and remembers whether there were any."""

    longest: int
    most: int
    has_cut: bool = False

    def of(self, value: Any, deeper: int) -> Any:
        """A shorter copy."""
        if isinstance(value, str):
            self.has_cut = self.has_cut or len(value) > self.longest
            return cut(value, self.longest)
        if isinstance(value, dict):
            names = list(value)[: self.most]
            self.has_cut = self.has_cut or len(names) < len(value) or not deeper
            return {cut(each, MAX_WORD): self.of(value[each], deeper - 1) for each in names} if deeper else {}
        if isinstance(value, list):
            self.has_cut = self.has_cut or len(value) > self.most or not deeper
            return [self.of(each, deeper - 1) for each in value[: self.most]] if deeper else []
        return value


def _environment(environment: str, item: Item) -> str:
    """What the request tells, except in a sandbox, all of whose events are imitations."""
    return environment if environment == "sandbox" or item.environment is None else item.environment


def _is_moment(seconds: float) -> bool:
    return math.isfinite(seconds) and 0 <= seconds < LATEST


def _still_there(paths: tuple[str, ...], data: Any) -> list[str]:
    return [path for path in paths if _has(data, path.split("."))]


def _has(value: Any, steps: list[str]) -> bool:
    """Whether the path, in which `[]` stands for any item of a list, leads somewhere."""
    if not steps:
        return True
    name, _, rest = steps[0].partition("[")
    if not isinstance(value, dict) or name not in value:
        return False
    found = [value[name]]
    for _ in range(rest.count("]")):
        found = [item for each in found if isinstance(each, list) for item in each]
    return any(_has(each, steps[1:]) for each in found)
