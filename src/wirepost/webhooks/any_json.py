"""What the JSON of a sender nobody knows says: type, id where the endpoint tells, and single values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.reading import (
    each,
    form,
    key,
    line,
    moment,
    our_type,
    parse_list,
    pointer,
    scalars,
    text,
)
from wirepost.webhooks.webhook import Item, Reading, Terms

_TYPES = ("type", "event", "event_type", "eventType")
_TIMES = ("timestamp", "time", "created_at", "createdAt")


def read(sender: str, title: str, request: Incoming, terms: Terms) -> Reading:
    """Each object of the body as an event; its id stands where the endpoint's settings say."""
    is_form = (request.header("content-type") or "").lower().startswith("application/x-www-form-urlencoded")
    parts = [form(request.body)] if is_form else parse_list(request.body)
    header, path = terms.settings.id_header, terms.settings.id_pointer
    stated = request.header(header.lower()) if header else None

    def item(value: dict[str, Any]) -> Item:
        found = item_of(sender, title, value)
        found.event_id = (
            stated if stated and len(parts) == 1 else text(pointer(value, path)) if path else None
        )
        found.key = key(found.event_id)
        return found

    return Reading(each(parts, item))


def item_of(
    sender: str, title: str, value: Mapping[str, Any], types: Mapping[str, str] | None = None
) -> Item:
    """The object as an event without an id; all its texts are those of outsiders."""
    provider_type = next((name for each_name in _TYPES if (name := text(value.get(each_name)))), "event")
    inner = value.get("data")
    about = inner if isinstance(inner, dict) else value
    own = text(about.get("id")) if about is inner else None
    subject = f"{provider_type.rpartition('.')[0] or provider_type}/{own}" if own else None
    data = scalars(about)
    return Item(
        type=our_type(sender, provider_type, types),
        provider_type=provider_type,
        summary=line(title, provider_type, subject),
        data=data,
        subject=subject,
        time=next((at for name in _TIMES if (at := moment(value.get(name))) is not None), None),
        untrusted=tuple(name for name, single in data.items() if isinstance(single, str)),
    )
