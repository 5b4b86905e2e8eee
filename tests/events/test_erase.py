"""A person is forgotten wherever they are mentioned, and what tells a second delivery stays."""

from __future__ import annotations

import pytest

from support.occurred import delivered, event
from support.receiving import receiving, refund, settings_of
from wirepost.core.errors import InvalidCall
from wirepost.events.erase import erase, mentions_of


@pytest.fixture
def stripe(database, clock, tmp_path):
    """A receiver of Stripe's webhooks."""
    return receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}))


async def test_events_requests_and_deliveries_of_a_person_go_and_others_stay(stripe, database, clock):
    await stripe.send(refund(1, receipt_email="jane@example.com", description="for jane@example.com"))
    await stripe.send(refund(2, receipt_email="mary-jane@example.com"))
    one, other = await stripe.log.after(0, 10)
    for each in (one, other):
        await delivered(database, "sub", "pull", each, now=clock.now().timestamp())
    await erase(database, stripe.raw, "Jane@Example.com")
    assert await stripe.raw.of_event(one.id) is None
    assert await stripe.raw.of_event(other.id) is not None
    reply = await stripe.send(refund(1))
    assert one.id.encode() in reply.body
    assert b"duplicate" in reply.body


async def test_what_an_event_itself_says_goes_with_its_deliveries(stripe, database, clock):
    from wirepost.events.log import Arrival, NewEvent

    told = event(data={"customer": "cus_93"}, subject="customer/cus_93")
    await stripe.log.record(Arrival("stripe", "", 1.0, [NewEvent(told, ":1", None, {})]))
    (stored,) = await stripe.log.after(0, 10)
    await delivered(database, "sub", "pull", stored, now=1.0)
    erased = await erase(database, stripe.raw, "cus_93")
    assert erased.events == 1
    assert await stripe.log.get(told.id) is None
    assert await database.read("SELECT * FROM deliveries LIMIT 9") == []
    assert await database.read("SELECT object_id, dedupe_key FROM events LIMIT 9") == [(None, ":1")]


async def test_how_far_it_is_can_be_told(stripe, database):
    for number in range(3):
        await stripe.send(refund(number))
    told = []
    await erase(database, stripe.raw, "nobody@example.com", told.append)
    assert told == [3, 6]


@pytest.mark.parametrize(
    ("person", "text"),
    [
        ("jane@example.com", '{"email":"JANE@example.com"}'),
        ("+49 170 1234567", '{"phone":"+491701234567"}'),
        ("+491701234567", "call (+49) 170-123 4567".replace("(+49)", "+49")),
        ("cus_9", "customer cus_9, again"),
    ],
)
def test_a_person_is_found_however_it_is_written(person, text):
    assert mentions_of(person.ljust(4)).search(text)


@pytest.mark.parametrize(
    ("person", "text"), [("cus_9", "cus_93"), ("jane@example.com", "maryjane@example.com"), ("4711", "14711")]
)
def test_others_are_not(person, text):
    assert mentions_of(person).search(text) is None


def test_what_is_too_short_is_refused():
    with pytest.raises(InvalidCall):
        mentions_of("Jo ")
