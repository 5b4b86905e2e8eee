"""How an event came is told with each repeat, and its request is found by its body."""

from __future__ import annotations

import pytest

from support.receiving import receiving, refund, said, settings_of
from wirepost.events.trace import of_body, trace


@pytest.fixture
def stripe(database, clock, tmp_path):
    """A receiver of Stripe's webhooks."""
    return receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}))


async def test_a_trace_tells_the_proof_the_repeats_and_the_request(stripe, database, clock):
    stored = said(await stripe.send(refund(1)))
    clock.advance(60)
    await stripe.send(refund(1))
    found = await trace(database, stored["id"])
    assert (found.endpoint, found.is_complete, found.is_forgotten, found.has_request) == (
        "default",
        True,
        False,
        True,
    )
    assert found.receipt["verification"]["scheme"] == "stripe-v1"
    assert found.receipt["raw"]["bytes"] == len(refund(1))
    (repeat,) = found.repeats
    assert (repeat.at, repeat.outcome) == (clock.now().timestamp(), "duplicate")
    assert repeat.details["endpoint"] == "default"


async def test_what_was_forgotten_and_what_never_was_are_told_apart(stripe, database):
    stored = said(await stripe.send(refund(1)))
    await database.write(lambda tx: tx.execute("UPDATE events SET content = NULL, raw_id = NULL"))
    found = await trace(database, stored["id"])
    assert (found.is_forgotten, found.has_request) == (True, False)
    assert await trace(database, "evt_unknown") is None


async def test_the_events_of_a_request_are_found_by_its_body(stripe, database):
    first = said(await stripe.send(refund(1)))
    second = said(await stripe.send(refund(2)))
    assert await of_body(database, "stripe", refund(2)) == [second["id"]]
    assert await of_body(database, "stripe", refund(1)) == [first["id"]]
    assert await of_body(database, "github", refund(1)) == []
    assert await of_body(database, "stripe", refund(3)) == []
