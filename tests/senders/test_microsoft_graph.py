"""Microsoft Graph's notifications: what changed, and what becomes of the subscription."""

from __future__ import annotations

import orjson

from support.payloads import only, payload, reading
from support.signatures import incoming, terms_with
from wirepost.senders.microsoft_graph import WEBHOOK
from wirepost.webhooks.webhook import Unreadable

CHANGE = payload("microsoft_graph/change_notification.json")
LIFECYCLE = payload("microsoft_graph/lifecycle.reauthorizationRequired.json")
RESOURCE = (
    "Users/ddfcd489-628b-7d04-b48b-20075df800e5/Messages/"
    "AAMkADMxZmEzMDM1LTFjODQtNGVlMC04YzhmLWY2OTU3NmE3ZDMyZABGAAAA="
)


def test_a_change_is_read() -> None:
    item = only("microsoft_graph", CHANGE)
    assert (item.type, item.provider_type) == ("microsoft_graph.created", "created")
    assert (item.subject, item.account) == (RESOURCE, "84bd8158-6d4d-4958-8b9f-9d6445542f95")
    assert (item.key, item.event_id, item.time) == ("lsgTZMr9KwAAA", "lsgTZMr9KwAAA", None)
    assert item.data["kind"] == "#Microsoft.Graph.Message"
    assert "secretClientValue" not in str(item)


def test_without_an_id_the_version_of_the_resource_tells_changes_apart() -> None:
    body = orjson.loads(CHANGE)
    del body["value"][0]["id"]
    first = only("microsoft_graph", body)
    assert first.key == only("microsoft_graph", orjson.loads(orjson.dumps(body))).key
    body["value"][0]["resourceData"]["@odata.etag"] = 'W/"next"'
    assert only("microsoft_graph", body).key not in {first.key, None}
    assert first.event_id is None


def test_the_life_of_a_subscription_is_told() -> None:
    item = only("microsoft_graph", LIFECYCLE)
    assert item.type == "microsoft_graph.reauthorizationrequired"
    assert item.provider_type == "reauthorizationRequired"
    assert item.subject == "subscription/76222963-cc7b-42d2-882d-8aaa69cb2ba3"
    body = orjson.loads(LIFECYCLE)
    body["value"][0]["subscriptionExpirationDateTime"] = "2026-11-29T18:23:45.9356913Z"
    assert only("microsoft_graph", body).key != item.key


def test_a_bad_notification_does_not_spoil_the_others() -> None:
    good = orjson.loads(CHANGE)["value"][0]
    found = reading("microsoft_graph", {"value": [good, {"changeType": "created"}]}).items
    assert found[1] == Unreadable("has no subscriptionId", 1)


async def test_only_a_post_with_a_token_is_a_handshake() -> None:
    assert WEBHOOK.greet is not None
    assert await WEBHOOK.greet(incoming(CHANGE), terms_with()) is None
    assert WEBHOOK.accepted.status == 202
