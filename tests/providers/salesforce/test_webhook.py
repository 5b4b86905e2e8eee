"""Salesforce's requests as they come: believed by organisation, read one by one, acknowledged as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from wirepost.providers.salesforce import PROVIDER
from wirepost.providers.salesforce.soap import ACK
from wirepost.providers.salesforce.webhook import WEBHOOK
from wirepost.settings.webhooks import WebhookSettings
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Actor, Item, Reading, Terms, Unmapped, Unreadable

PAYLOADS = Path(__file__).parent / "payloads"
ORGANIZATION = "00D000000000001EAA"
SINGLE = (PAYLOADS / "outbound_message.single.xml").read_bytes()
BATCH = (PAYLOADS / "outbound_message.batch2.xml").read_bytes()
VERIFIED = Verified("token", "salesforce-organization")


def terms(**settings: Any) -> Terms:
    return Terms([], WebhookSettings.model_validate({"accounts": [ORGANIZATION], **settings}))


def request(body: bytes) -> Incoming:
    headers = (("content-type", "text/xml; charset=utf-8"), ("soapaction", '""'))
    return Incoming("POST", "https://hooks.example.com/webhooks/sf/f00", headers, body, 1795515331.0)


def read(body: bytes, **settings: Any) -> Reading:
    return WEBHOOK.read(request(body), VERIFIED, terms(**settings))


def test_a_published_message_is_read() -> None:
    (item,) = read(SINGLE).items
    assert isinstance(item, Item)
    assert (item.type, item.provider_type, item.subject) == (
        "company.updated",
        "Account",
        "company/001000000000001AAA",
    )
    assert (item.key, item.account, item.time) == ("04l000000000001AAA", ORGANIZATION, 1795515330)
    assert item.data["fields"]["Name"] == "Example & Söhne"
    assert "fields.Name" in item.untrusted
    assert item.actor == Actor()
    assert item.summary == "Company 001000000000001AAA was changed"


def test_each_notification_is_an_event_of_its_own() -> None:
    first, second = read(BATCH).items
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert (first.key, second.key) == ("04l000000000001AAA", "04l000000000002AAA")


def test_one_bad_notification_does_not_spoil_the_others() -> None:
    first, second = read(BATCH.replace(b"<Id>04l000000000001AAA</Id>", b"")).items
    assert first == Unreadable("has a notification without Id or sObject", 0)
    assert isinstance(second, Item)


async def test_only_named_organisations_are_believed() -> None:
    verified = await WEBHOOK.scheme.verify(request(SINGLE), terms())
    assert (verified.by, verified.is_id_signed) == ("token", False)
    for accounts in ([], ["00D000000000002EAA"]):
        with pytest.raises(Rejected, match="untrusted_topic") as refusal:
            await WEBHOOK.scheme.verify(request(SINGLE), terms(accounts=accounts))
        assert refusal.value.status == 401


async def test_an_organisation_in_a_field_of_a_record_is_none_of_the_message() -> None:
    foreign = SINGLE.replace(b">00D000000000001EAA<", b">00D000000000002EAA<")
    inside = foreign.replace(
        b"<sf:Name>", b"<sf:OrganizationId>00D000000000001EAA</sf:OrganizationId><sf:Name>"
    )
    with pytest.raises(Rejected, match="untrusted_topic"):
        await WEBHOOK.scheme.verify(request(inside), terms())


async def test_the_short_id_of_an_organisation_will_do() -> None:
    short = terms(accounts=["00D000000000001"])
    assert await WEBHOOK.scheme.verify(request(SINGLE), short)
    (item,) = WEBHOOK.read(request(SINGLE), VERIFIED, short).items
    assert isinstance(item, Item)
    # Events of other accounts than those named are left out, so it is spelt as it is there.
    assert item.account == "00D000000000001"


async def test_what_is_no_message_is_malformed() -> None:
    for body in (b"", b"{}", SINGLE[:300]):
        with pytest.raises(Rejected, match="malformed_body") as refusal:
            await WEBHOOK.scheme.verify(request(body), terms())
        assert refusal.value.status == 400
        with pytest.raises(Unmapped):
            read(body)


def test_the_answer_is_the_acknowledgement() -> None:
    assert (WEBHOOK.accepted.status, WEBHOOK.accepted.body) == (200, ACK)
    assert WEBHOOK.accepted.content_type.startswith("text/xml")


def test_nothing_is_signed_so_the_address_must_be_a_secret() -> None:
    assert PROVIDER.sender is not None
    assert PROVIDER.sender.is_signed is False


@pytest.mark.parametrize(
    "kind", ["contact.created", "company.updated", "deal.deleted", "ticket.created", "Case"]
)
async def test_a_sample_is_read_as_what_it_is_of(kind: str) -> None:
    assert WEBHOOK.sample is not None
    keys = set()
    for _ in range(2):
        _, body = WEBHOOK.sample(kind, {})
        assert await WEBHOOK.scheme.verify(request(body), terms())
        (item,) = read(body).items
        assert isinstance(item, Item)
        assert kind in {item.type, item.provider_type}
        keys.add(item.key)
    assert len(keys) == 2, "a second sample would be taken for a repetition"


def test_a_sample_takes_other_values() -> None:
    assert WEBHOOK.sample is not None
    _, body = WEBHOOK.sample("contact.updated", {"fields.Email": "a@example.com", "fields.Name": "<b>"})
    (item,) = read(body).items
    assert isinstance(item, Item)
    assert item.data["fields"]["Email"] == "a@example.com"
    assert item.data["fields"]["Name"] == "<b>"
    for unknown in ("contact.sung", "order.created"):
        with pytest.raises(ValueError, match=r"there are .*contact\.created"):
            WEBHOOK.sample(unknown, {})


def test_the_provider_offers_it() -> None:
    assert PROVIDER.sender is not None
    assert PROVIDER.sender.load() is WEBHOOK


def test_what_is_clicked_names_the_address() -> None:
    assert "https://hooks.example.com/x" in WEBHOOK.steps.format(url="https://hooks.example.com/x")
