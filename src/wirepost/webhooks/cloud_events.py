"""CloudEvents over HTTP, whoever sends them: in headers, as JSON, or several at once."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import (
    each,
    key,
    line,
    moment,
    needed,
    our_type,
    parse_json,
    parse_list,
    scalars,
    text,
)
from wirepost.webhooks.webhook import Item, Reading, Terms, Unmapped

_NUMBER = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_ATTRIBUTES = ("specversion", "id", "source", "type", "time", "subject", "dataschema", "datacontenttype")


def read_events(sender: str, title: str, request: Incoming) -> Reading:
    """Each event of a request in any of the modes of the HTTP binding."""
    if request.header("ce-specversion") is not None:
        return Reading((item_of(sender, title, _binary(request)),))
    return Reading(each(parse_list(request.body), lambda value: item_of(sender, title, value)))


def item_of(sender: str, title: str, value: dict[str, Any]) -> Item:
    """One event; source and id together name it. Its data and its subject are texts of outsiders."""
    kind, own, source = (needed(value.get(name), name) for name in ("type", "id", "source"))
    subject = text(value.get("subject"), limit=400)
    if subject and "/" not in subject:
        subject = f"subject/{subject}"
    inner = value.get("data")
    data = scalars(inner) if isinstance(inner, dict) else {"text": text(inner)} if text(inner) else {}
    return Item(
        type=our_type(sender, kind),
        provider_type=kind,
        summary=line(title, kind, subject),
        data=data,
        subject=subject or None,
        key=key(own),
        event_id=own,
        time=moment(value.get("time")),
        account=source,
        untrusted=tuple(name for name, single in data.items() if isinstance(single, str)),
    )


def _binary(request: Incoming) -> dict[str, Any]:
    """Attributes of the headers, which are percent-encoded, no U+0000, and the body as data if it is JSON."""
    value: dict[str, Any] = {
        name: unquote(found).replace("\0", "\ufffd")
        for name in _ATTRIBUTES
        if (found := request.header(f"ce-{name}")) is not None
    }
    try:
        value["data"] = parse_json(request.body)
    except Unmapped:
        value["data"] = None
    return value


async def allow(request: Incoming, terms: Terms) -> Reply | None:
    """Consent to a sender that asks (https://github.com/cloudevents/spec, HTTP webhooks 4.1), or none."""
    if request.method != "OPTIONS":
        return None
    origin = request.header("webhook-request-origin")
    headers = {"Allow": "POST"}
    if origin and origin in terms.settings.origins:
        headers["WebHook-Allowed-Origin"] = origin
        if rate := _rate(request.header("webhook-request-rate"), terms.settings.origin_rate):
            headers["WebHook-Allowed-Rate"] = rate
    return Reply(headers=headers)


def _rate(asked: str | None, limit: int | None) -> str | None:
    """What was asked for, up to the limit; `*` for any rate. `None` where no rate was asked for."""
    if asked is None:
        return None
    if limit is None:
        return "*"
    return str(min(int(asked), limit) if _NUMBER.fullmatch(asked) else limit)
