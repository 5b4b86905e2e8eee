"""Okta's batches, each event with its own id."""

from __future__ import annotations

from typing import Any

import pytest

from support.payloads import instant, items, reading
from support.signatures import incoming, terms_with
from wirepost.senders.okta import WEBHOOK
from wirepost.webhooks.webhook import Unmapped, Unreadable

# The members that Okta's documentation of event hooks describes.
EVENT: dict[str, Any] = {
    "uuid": "1dd4ae5d-ea79-11ec-9b2d-b5dc6ca52b1a",
    "published": "2022-06-12T16:20:00.123Z",
    "eventType": "user.account.update_profile",
    "displayMessage": "Update user profile for Okta",
    "severity": "INFO",
    "actor": {"id": "00u1", "type": "User", "alternateId": "ann@example.com", "displayName": "Ann"},
    "outcome": {"result": "SUCCESS"},
    "target": [{"id": "00u2", "type": "User", "displayName": "Bob"}],
}


def body(*events: Any) -> dict[str, Any]:
    """A request with these."""
    return {
        "eventType": "com.okta.event_hook",
        "source": "https://acme.okta.com/api/v1/eventHooks/who1",
        "data": {"events": list(events)},
    }


def test_each_event_is_read() -> None:
    first, second = items("okta", body(EVENT, {**EVENT, "uuid": "2"}))
    assert (first.type, first.provider_type) == (
        "okta.user.account.update_profile",
        "user.account.update_profile",
    )
    assert (first.subject, first.account) == ("user/00u2", "acme.okta.com")
    assert first.time == instant("2022-06-12T16:20:00.123Z")
    assert (first.key, second.key) == ("1dd4ae5d-ea79-11ec-9b2d-b5dc6ca52b1a", "2")
    assert (first.actor.kind, first.actor.id) == ("human", "00u1")
    assert first.data["actor_login"] == "ann@example.com"
    assert {"message", "actor_name", "target_name"} <= set(first.untrusted)


def test_a_bad_event_does_not_spoil_the_others_and_a_body_without_any_is_unmapped() -> None:
    found = reading("okta", body({}, EVENT)).items
    assert found[0] == Unreadable("has no eventType", 0)
    with pytest.raises(Unmapped):
        reading("okta", {"source": "http://[", "data": {}})
    assert items("okta", {**body(EVENT), "source": "http://["})[0].account is None


@pytest.mark.parametrize("headers", [{}, {"X-Okta-Verification-Challenge": "x" * 2001}])
async def test_what_is_no_challenge_is_not_said_back(headers: dict[str, str]) -> None:
    assert WEBHOOK.greet is not None
    reply = await WEBHOOK.greet(incoming(b"", headers, method="GET"), terms_with())
    assert reply is None or reply.status == 403
