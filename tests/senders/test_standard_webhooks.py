"""Standard Webhooks: the id of the message, which is signed, is the event's."""

from __future__ import annotations

from support.payloads import instant, only, payload
from support.signatures import incoming, terms_with
from wirepost.senders.standard_webhooks import WEBHOOK

CONTACT = payload("standard_webhooks/contact.created.json")
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-signature": "v1,x",
    "webhook-timestamp": "1",
}


def test_a_contact_is_read() -> None:
    item = only("standard_webhooks", CONTACT, HEADERS)
    assert (item.type, item.provider_type) == ("standard_webhooks.contact.created", "contact.created")
    assert item.subject == "contact/1f81eb52-5198-4599-803e-771906343485"
    assert item.time == instant("2022-11-03T20:26:10.344522Z")
    assert (item.key, item.event_id) == ("msg_p5jXN8AQM9LWM0D4loKWxJek",) * 2
    assert item.data["fullName"] == "John Smith"
    assert set(item.untrusted) == set(item.data)
    assert item.summary == "Webhook: contact.created, contact/1f81eb52-5198-4599-803e-771906343485"


def test_svix_has_its_own_headers_and_word_for_the_type() -> None:
    headers = {"svix-id": "msg_loFOjxBNrRLzqYUf", "svix-signature": "v1,x", "svix-timestamp": "1"}
    item = only("standard_webhooks", b'{"event_type":"ping","data":{"success":true}}', headers)
    assert (item.provider_type, item.key) == ("ping", "msg_loFOjxBNrRLzqYUf")
    assert item.data == {"success": True}


async def test_what_is_signed_for_trying_is_believed() -> None:
    assert WEBHOOK.sign is not None
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    request = incoming(CONTACT, WEBHOOK.sign({}, CONTACT, "", secret, 1_764_061_200.0))
    verified = await WEBHOOK.scheme.verify(request, terms_with(secret))
    assert verified.is_id_signed
    (item,) = WEBHOOK.read(request, verified, terms_with(secret)).items
    assert item.key == request.header("webhook-id")  # type: ignore[union-attr]
