"""Xero's events, and its tests without any."""

from __future__ import annotations

from support.payloads import instant, items
from wirepost.senders.xero import WEBHOOK
from wirepost.webhooks.webhook import ACCEPTED

# The members that Xero's documentation of webhooks describes.
EVENT = {
    "resourceUrl": "https://api.xero.com/api.xro/2.0/Contacts/717f2bfc-c6d4-41fd-b238-3f2f0c0cf777",
    "resourceId": "717f2bfc-c6d4-41fd-b238-3f2f0c0cf777",
    "eventDateUtc": "2017-06-21T01:15:39.902",
    "eventType": "UPDATE",
    "eventCategory": "CONTACT",
    "tenantId": "c2cc9b6e-9458-4c7d-93cc-f02b81b0594f",
    "tenantType": "ORGANISATION",
}


def test_each_event_is_read() -> None:
    contact, invoice = items("xero", {"events": [EVENT, {**EVENT, "eventCategory": "INVOICE"}]})
    assert (contact.type, contact.provider_type) == ("contact.updated", "CONTACT.UPDATE")
    assert contact.subject == "contact/717f2bfc-c6d4-41fd-b238-3f2f0c0cf777"
    assert contact.account == "c2cc9b6e-9458-4c7d-93cc-f02b81b0594f"
    assert contact.time == instant("2017-06-21T01:15:39.902Z")
    assert invoice.type == "xero.invoice.update"
    assert contact.key != invoice.key
    assert contact.key == items("xero", {"events": [EVENT], "lastEventSequence": 9})[0].key


def test_an_intent_to_receive_has_no_events_and_is_answered_without_a_body() -> None:
    body = {"events": [], "firstEventSequence": 0, "lastEventSequence": 0, "entropy": "S0m3r4N"}
    assert items("xero", body) == []
    assert WEBHOOK.accepted is not ACCEPTED
    assert (WEBHOOK.accepted.status, WEBHOOK.accepted.body) == (200, b"")
