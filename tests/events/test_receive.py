"""From raw bytes to a stored event: what is believed, what is stored once, and what is answered."""

from __future__ import annotations

import asyncio

import pytest

from support.receiving import receiving, refund, said, settings_of


@pytest.fixture
def stripe(database, clock, tmp_path):
    """A receiver of Stripe's webhooks."""
    return receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}))


async def test_a_genuine_request_is_stored_before_it_is_answered(stripe):
    reply = await stripe.send(refund())
    assert (reply.status, said(reply)["status"]) == (200, "stored")
    (event,) = await stripe.log.after(0, 10)
    assert event.id == said(reply)["id"]
    assert (event.source, event.type, event.subject) == ("stripe", "payment.refunded", "charge/ch_1")
    assert (event.provider_type, event.provider_event_id) == ("charge.refunded", "evt_1")
    assert (event.verified, event.environment) == ("signature", "test")
    raw = await stripe.raw.of_event(event.id)
    assert raw.body == refund()


async def test_equal_deliveries_at_once_are_one_event_and_all_are_answered_with_success(stripe):
    replies = await asyncio.gather(*(stripe.send(refund()) for _ in range(50)))
    assert [reply.status for reply in replies] == [200] * 50
    assert sorted(said(reply)["status"] for reply in replies) == ["duplicate"] * 49 + ["stored"]
    assert len({said(reply)["id"] for reply in replies}) == 1
    assert len(await stripe.rows()) == 1
    assert await stripe.rows("outcome", "receipts") == [("duplicate",)] * 49
    assert len(await stripe.rows("id", "raw_bodies")) == 1
