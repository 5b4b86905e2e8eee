"""Requests are kept sealed, without the secrets in their headers, and open again for those who may look."""

from __future__ import annotations

import pytest

from support.receiving import receiving, refund, settings_of, stripe_signature
from wirepost.secrets.vault import Tampered


@pytest.fixture
def stripe(database, clock, tmp_path):
    """A receiver of Stripe's webhooks."""
    return receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}))


async def test_a_request_is_kept_as_it_came_but_for_secrets(stripe, clock):
    body = refund()
    signature = stripe_signature(body, clock.now().timestamp())
    await stripe.send(body, {"stripe-signature": signature, "authorization": "Bearer abc123def", "x-a": "1"})
    (event,) = await stripe.log.after(0, 10)
    request = await stripe.raw.of_event(event.id)
    assert (request.method, request.body) == ("POST", body)
    assert dict(request.headers) == {"stripe-signature": signature, "authorization": "[redacted]", "x-a": "1"}
    assert request.received_at == clock.now().timestamp()


@pytest.mark.parametrize(
    ("options", "name"),
    [({}, "i-twilio-idempotency-token"), ({"id_header": "X-Event-Token"}, "x-event-token")],
)
async def test_a_header_that_names_the_event_is_kept(database, clock, tmp_path, options, name):
    desk = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": options}}))
    body = refund()
    signature = stripe_signature(body, clock.now().timestamp())
    await desk.send(body, {"stripe-signature": signature, name: "tok-1", "x-other-token": "abc123def"})
    (event,) = await desk.log.after(0, 10)
    headers = dict((await desk.raw.of_event(event.id)).headers)
    assert (headers[name], headers["x-other-token"]) == ("tok-1", "[redacted]")


async def test_what_is_stored_shows_nothing_of_it_and_opens_in_its_place_alone(stripe):
    await stripe.send(refund(1))
    await stripe.send(refund(2))
    (one, at, sealed), (other, _, _) = await stripe.rows("id, received_at, sealed", "raw_bodies")
    assert b"refund" not in bytes(sealed)
    assert stripe.raw.opened(one, at, bytes(sealed)).body
    with pytest.raises(Tampered):
        stripe.raw.opened(other, at, bytes(sealed))


async def test_of_what_is_not_there_nothing_is_shown(stripe):
    assert await stripe.raw.of_event("evt_none") is None
    assert await stripe.raw.of_letter("dead_none") is None
