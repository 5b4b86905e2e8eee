"""CloudEvents in each mode of the HTTP binding, and consent to senders that ask."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from support.signatures import incoming, terms_with
from wirepost.webhooks.cloud_events import allow, read_events
from wirepost.webhooks.webhook import Item, Unmapped, Unreadable

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "type": "com.example.a",
    "source": "/s",
    "id": "1",
    "data": {"n": 1},
}


def read(body: bytes, headers: dict[str, str] | None = None) -> list[Item | Unreadable]:
    """The events of a request."""
    return list(read_events("cloudevents", "CloudEvents", incoming(body, headers or {})).items)


def test_structured_and_batched_events_are_read_alike() -> None:
    alone = read(orjson.dumps(EVENT), {"Content-Type": "application/cloudevents+json"})
    batch = read(orjson.dumps([EVENT, {"id": "2"}]), {"Content-Type": "application/cloudevents-batch+json"})
    assert batch[0] == alone[0]
    assert batch[1] == Unreadable("has no type", 1)
    assert read(b"[]") == []


def test_the_attributes_of_a_binary_event_are_percent_encoded_headers() -> None:
    headers = {
        "ce-specversion": "1.0",
        "ce-type": "com.example.a",
        "ce-source": "/s",
        "ce-id": "1",
        "ce-subject": "Euro%20%E2%82%AC",
        "ce-time": "2026-11-25T09:00:00Z",
    }
    (item,) = read(b'{"n":1}', headers)
    assert isinstance(item, Item)
    assert (item.type, item.subject, item.key) == ("cloudevents.com.example.a", "subject/Euro €", "1")
    assert (item.data, item.time) == ({"n": 1}, 1_795_597_200.0)
    assert item.summary == "CloudEvents: com.example.a"
    (other,) = read(b"\x89PNG", headers)
    assert isinstance(other, Item)
    assert other.data == {}
    with pytest.raises(Unmapped, match="has no id"):
        read(b"{}", {**headers, "ce-id": ""})


def test_a_zero_character_in_a_header_becomes_what_it_becomes_in_json() -> None:
    headers = {"ce-specversion": "1.0", "ce-type": "a%00b", "ce-source": "/%00", "ce-id": "1%00\0"}
    (item,) = read(b"", headers)
    assert [item] == read(rb'{"type": "a\u0000b", "source": "/\u0000", "id": "1\u0000\u0000"}')
    assert isinstance(item, Item)
    assert (item.provider_type, item.account, item.event_id) == ("a\ufffdb", "/\ufffd", "1\ufffd\ufffd")


async def asked(headers: dict[str, str], **settings: Any) -> dict[str, str]:
    """What a sender that asks whether it may send is told."""
    reply = await allow(incoming(b"", headers, method="OPTIONS"), terms_with(**settings))
    assert reply is not None
    assert (reply.status, reply.body) == (200, b"")
    return dict(reply.headers)


ORIGIN = {"WebHook-Request-Origin": "a.example"}


async def test_only_origins_of_the_list_are_allowed() -> None:
    assert await asked(ORIGIN) == {"Allow": "POST"}
    assert await asked(ORIGIN, origins=["b.example"]) == {"Allow": "POST"}
    assert await asked({}, origins=["a.example"]) == {"Allow": "POST"}
    assert await asked(ORIGIN, origins=["a.example"]) == {
        "Allow": "POST",
        "WebHook-Allowed-Origin": "a.example",
    }


@pytest.mark.parametrize(
    ("wanted", "limit", "allowed"),
    [
        ("120", 100, "100"),
        ("60", 100, "60"),
        ("120", None, "*"),
        ("*", 100, "100"),
        ("0", 100, "100"),
        ("1_0", 100, "100"),
        ("9" * 30, 100, "100"),
    ],
)
async def test_the_rate_is_what_was_asked_for_up_to_the_limit(
    wanted: str, limit: int | None, allowed: str
) -> None:
    headers = await asked(
        {**ORIGIN, "WebHook-Request-Rate": wanted}, origins=["a.example"], origin_rate=limit
    )
    assert headers["WebHook-Allowed-Rate"] == allowed


async def test_other_requests_ask_for_nothing() -> None:
    assert await allow(incoming(orjson.dumps(EVENT), ORIGIN), terms_with(origins=["a.example"])) is None
