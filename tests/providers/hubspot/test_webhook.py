"""HubSpot's requests as they come: published batches, signed, in our words."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wirepost.providers.hubspot import PROVIDER
from wirepost.providers.hubspot.webhook import WEBHOOK
from wirepost.settings.webhooks import WebhookSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Actor, Item, Secret, Terms, Unmapped, Unreadable

PAYLOADS = Path(__file__).parent / "payloads"
URL = "https://hooks.example.com/webhooks/hubspot"
NOW = 1564113605.0
VERIFIED = Verified("signature", "hubspot-v3")


def terms() -> Terms:
    return Terms([Secret("secret", "one")], WebhookSettings())


def request(body: bytes, *headers: tuple[str, str]) -> Incoming:
    return Incoming("POST", URL, headers, body, NOW)


def items(body: bytes) -> list[Item | Unreadable]:
    return list(WEBHOOK.read(request(body), VERIFIED, terms()).items)


def published(name: str) -> list[Item]:
    found = items((PAYLOADS / name).read_bytes())
    return [each for each in found if isinstance(each, Item)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("contact.creation.single.json",
         ("contact.created", "contact.creation", "contact/123", 1564113600, Actor("human"))),
        ("deal.propertyChange.json",
         ("deal.updated", "deal.propertyChange", "deal/7891023", 1705422467.780, Actor("human", "51430432"))),
        ("object.propertyChange.generic.json",
         ("contact.updated", "object.propertyChange", "contact/1246965", 1462216307.945,
          Actor("automation"))),
        ("contact.associationChange.json",
         ("contact.linked", "contact.associationChange", "contact/123", 1705422467.781, Actor("human"))),
    ],
)  # fmt: skip
def test_published_requests_are_read(name: str, expected: tuple[object, ...]) -> None:
    (item,) = published(name)
    assert (item.type, item.provider_type, item.subject, item.time, item.actor) == expected


def test_a_batch_may_be_of_several_accounts_in_any_order() -> None:
    found = published("contact.creation.batch.json")
    assert [(each.account, each.subject, each.attempt) for each in found] == [
        ("62515", "contact/123", 1),
        ("62515", "contact/124", 1),
        ("62516", "contact/123", 2),
    ]
    assert len({each.key for each in found}) == 3
    assert [each.time for each in found] == [1564113600, 1564113600.12, 1564113599.99]


def test_a_changed_property_is_told_with_its_value() -> None:
    (item,) = published("deal.propertyChange.json")
    assert item.data == {
        "object": "deal",
        "id": "7891023",
        "property": "dealstage",
        "property_value": "closedwon",
        "is_sensitive": False,
        "change_source": "CRM_UI",
        "source_id": "userId:51430432",
        "app_id": "54321",
    }
    assert item.marks == ("7891023",)


def test_one_bad_event_does_not_spoil_the_batch() -> None:
    rows = orjson.loads((PAYLOADS / "contact.creation.batch.json").read_bytes())
    rows[1] = {"portalId": 1}
    first, second, third = items(orjson.dumps(rows))
    assert isinstance(first, Item)
    assert second == Unreadable("has no subscriptionType", 1)
    assert isinstance(third, Item)


@pytest.mark.parametrize("kind", ["contact.created", "deal.updated", "ticket.deletion", "contact.linked"])
async def test_a_sample_is_signed_and_read_as_what_it_is_of(kind: str) -> None:
    assert WEBHOOK.sample is not None
    assert WEBHOOK.sign is not None
    keys = set()
    for _ in range(2):
        plain, body = WEBHOOK.sample(kind, {})
        headers = WEBHOOK.sign(plain, body, URL, "secret", NOW)
        sent = request(body, *((name.lower(), value) for name, value in headers.items()))
        verified = await WEBHOOK.scheme.verify(sent, terms())
        assert verified.scheme == "hubspot-v3"
        (item,) = WEBHOOK.read(sent, verified, terms()).items
        assert isinstance(item, Item)
        assert kind in {item.type, item.provider_type}
        keys.add(item.key)
        with pytest.raises(Rejected):
            await WEBHOOK.scheme.verify(request(body + b" ", *sent.headers), terms())
    assert len(keys) == 2, "a second sample would be taken for a repetition"


def test_a_sample_takes_other_values() -> None:
    assert WEBHOOK.sample is not None
    _, body = WEBHOOK.sample("contact.created", {"0.objectId": 77})
    assert orjson.loads(body)[0]["objectId"] == 77
    with pytest.raises(ValueError, match=r"there are .*contact\.created"):
        WEBHOOK.sample("contact.sung", {})


@given(st.binary(max_size=300))
@example(b"[]")
@example(b"{}")
@example(b"[[]]")
def test_whatever_comes_is_read_or_unmapped(body: bytes) -> None:
    with suppress(Unmapped):
        items(body)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "subscriptionType portalId objectId objectTypeId occurredAt attemptNumber propertyName propertyValue "
    "appId changeSource sourceId isSensitive fromObjectId toObjectId associationRemoved mergedObjectIds"
)


@given(st.lists(st.dictionaries(st.sampled_from(NAMES.split()), JSON), max_size=4))
def test_fields_of_any_form_are_read_or_left_out_one_by_one(rows: list[dict[str, Any]]) -> None:
    named = [{"portalId": 1, "subscriptionType": "object.creation", **row} for row in rows]
    found = items(orjson.dumps(named))
    assert len(found) == len(rows)
    for item in found:
        if isinstance(item, Item):
            orjson.dumps([item.data, item.key, item.marks, item.subject, item.summary])


def test_the_provider_offers_it() -> None:
    assert PROVIDER.sender is not None
    assert PROVIDER.sender.load() is WEBHOOK
