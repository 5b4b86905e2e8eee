"""Recorded bodies of senders, and what is read from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from support.signatures import incoming, terms_with
from support.sources import TESTS
from wirepost.senders import load_sender
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Reading

GENUINE = Verified("signature", "test", "0", is_id_signed=True)


def payload(name: str) -> bytes:
    """A body as it was recorded; names as below `tests/senders/payloads`."""
    return (TESTS / "senders" / "payloads" / name).read_bytes()


def reading(
    sender: str, body: Any, headers: Mapping[str, str] | None = None, *, url: str = "", **settings: Any
) -> Reading:
    """What a genuine request says; a body that is no bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    request = incoming(raw, headers or {}, url=url or "https://hooks.example.com/webhooks/x")
    return load_sender(sender).read(request, GENUINE, terms_with("secret", **settings))


def items(sender: str, body: Any, headers: Mapping[str, str] | None = None, **settings: Any) -> list[Item]:
    """The events of a genuine request, each of which can be read."""
    found = reading(sender, body, headers, **settings).items
    assert all(isinstance(each, Item) for each in found), found
    return [each for each in found if isinstance(each, Item)]


def only(sender: str, body: Any, headers: Mapping[str, str] | None = None, **settings: Any) -> Item:
    """The one event of a genuine request."""
    (item,) = items(sender, body, headers, **settings)
    return item


def instant(text: str) -> float:
    """RFC 3339 in seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()
