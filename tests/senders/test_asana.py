"""Asana's compact events; its secret is taken only while one is expected."""

from __future__ import annotations

import pytest

from support.payloads import instant, items, reading
from support.signatures import incoming, terms_with
from wirepost.senders.asana import WEBHOOK
from wirepost.webhooks.webhook import Unreadable

# The members that Asana's documentation of webhooks describes.
EVENT = {
    "user": {"gid": "1337", "resource_type": "user"},
    "created_at": "2026-08-21T18:20:37.972Z",
    "action": "changed",
    "resource": {"gid": "1337", "resource_type": "task", "resource_subtype": "default_task"},
    "parent": None,
    "change": {"field": "completed", "action": "changed"},
}


def test_each_event_is_read() -> None:
    first, second = items("asana", {"events": [EVENT, {**EVENT, "change": {"field": "name"}}]})
    assert (first.type, first.provider_type) == ("asana.task.changed", "task.changed")
    assert (first.subject, first.actor.id) == ("task/1337", "1337")
    assert first.time == instant("2026-08-21T18:20:37.972Z")
    assert first.data["field"] == "completed"
    assert first.key != second.key
    assert first.key == items("asana", {"events": [EVENT]})[0].key


def test_a_sign_of_life_has_no_events() -> None:
    assert items("asana", {"events": []}) == []


def test_one_bad_event_does_not_spoil_the_others() -> None:
    found = reading("asana", {"events": [{"action": "added"}, EVENT]}).items
    assert found[0] == Unreadable("has no resource type", 0)
    assert len(found) == 2


@pytest.mark.parametrize(
    ("expected", "secret", "status"),
    [
        ("expected", "b537207f20cbfa02", 200),
        ("unexpected", "b537207f20cbfa02", 403),
        ("expected", "short", 403),
        ("expected", "ä" * 20, 403),
    ],
)
async def test_a_secret_is_taken_only_while_one_is_expected(expected: str, secret: str, status: int) -> None:
    assert WEBHOOK.greet is not None
    request = incoming(b"", {"X-Hook-Secret": secret})
    reply = await WEBHOOK.greet(request, terms_with(expects_secret=expected == "expected"))
    assert reply is not None
    assert reply.status == status
    assert reply.secret == (secret if status == 200 else None)
    assert secret not in repr(reply).replace(str(reply.headers), "")


async def test_anything_else_is_no_handshake() -> None:
    assert WEBHOOK.greet is not None
    assert await WEBHOOK.greet(incoming(b"{}"), terms_with(expects_secret=True)) is None
