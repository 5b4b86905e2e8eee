"""Dead letters: looked at, read again with later code, given up; never read twice."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from support.receiving import SECRET, load, receiving, refund, said, settings_of
from wirepost.events import letters
from wirepost.events.letters import MOST, DeadLetters, LetterFilter
from wirepost.webhooks.webhook import Unmapped, Unreadable


def yesterday(provider, sender):
    """Stripe's module before it could read refunds."""
    webhook = load(provider, sender)

    def read(request, verified, terms):
        if b"charge.refunded" in request.body:
            raise Unmapped("refunds are not understood")
        return webhook.read(request, verified, terms)

    return replace(webhook, read=read)


def half(provider, sender):
    """A module that finds two events in a request and cannot read the second one."""
    webhook = load(provider, sender)

    def read(request, verified, terms):
        reading = webhook.read(request, verified, terms)
        first = replace(reading.items[0], key="first")
        return replace(reading, items=[first, Unreadable("the second is odd", 1)])

    return replace(webhook, read=read)


def whole(provider, sender):
    """The same, mended."""
    webhook = load(provider, sender)

    def read(request, verified, terms):
        reading = webhook.read(request, verified, terms)
        items = [replace(reading.items[0], key=key) for key in ("first", "second")]
        return replace(reading, items=items)

    return replace(webhook, read=read)


@pytest.fixture
def settings(tmp_path):
    return settings_of(tmp_path, {"stripe": {"default": {}}})


@pytest.fixture
def office(database, clock, settings):
    """The receiver and its dead letters, by the code that is loaded."""

    def opened(load=load):
        desk = receiving(database, clock, settings, load=load)
        return desk, DeadLetters(desk.log, desk.raw, desk.receiver, clock)

    return opened


async def test_a_request_is_read_by_later_code_and_stored_once(office, clock):
    old, _ = office(yesterday)
    reply = said(await old.send(refund(7)))
    assert reply["status"] == "unreadable"
    new, letters = office()
    (letter,) = await letters.open(LetterFilter())
    assert (letter.id, letter.source, letter.reason) == (reply["id"], "stripe", "refunds are not understood")
    clock.advance(3600)
    redriven = await letters.redrive(letter)
    assert redriven.problem is None
    (event,) = await new.log.after(0, 10)
    assert [event.id] == list(redriven.events)
    assert (event.provider_event_id, event.type, event.verified) == ("evt_7", "payment.refunded", "signature")
    assert event.received_at == letter.received_at
    assert await new.raw.of_event(event.id) is not None
    assert await letters.open(LetterFilter()) == []
    assert (await letters.get(letter.id)).settled_at == clock.now().timestamp()
    assert (await letters.redrive(letter)).events == []
    assert len(await new.log.after(0, 10)) == 1
    assert await new.rows(table="receipts", columns="event_id") == []


async def test_what_came_in_another_request_meanwhile_is_not_stored_again(office):
    old, _ = office(yesterday)
    await old.send(refund(7))
    new, letters = office()
    await new.send(refund(7))
    (letter,) = await letters.open(LetterFilter())
    redriven = await letters.redrive(letter)
    assert (redriven.events, redriven.problem) == ([], None)
    assert len(await new.log.after(0, 10)) == 1
    assert await letters.open(LetterFilter()) == []


async def test_only_the_part_that_was_odd_becomes_an_event(office):
    old, _ = office(half)
    await old.send(refund(7))
    (known,) = await old.log.after(0, 10)
    new, letters = office(whole)
    (letter,) = await letters.open(LetterFilter())
    assert letter.reason == "the second is odd"
    redriven = await letters.redrive(letter)
    events = await new.log.after(0, 10)
    assert [each.id for each in events] == [known.id, *redriven.events]
    assert len(redriven.events) == 1
    assert await letters.open(LetterFilter()) == []


async def test_what_still_cannot_be_read_stays_and_says_why(office):
    desk, letters = office()
    await desk.send(b"no json")
    (letter,) = await letters.open(LetterFilter())
    redriven = await letters.redrive(letter)
    assert redriven.events == []
    assert redriven.problem == letter.reason
    assert [each.id for each in await letters.open(LetterFilter())] == [letter.id]
    assert await desk.log.after(0, 10) == []


async def test_a_request_that_is_not_kept_or_an_endpoint_that_is_gone_is_told(
    office, database, clock, tmp_path
):
    desk, letters = office()
    await desk.send(b"no json")
    (letter,) = await letters.open(LetterFilter())
    elsewhere = receiving(database, clock, settings_of(tmp_path, {"github": {"default": {}}}))
    without = DeadLetters(elsewhere.log, elsewhere.raw, elsewhere.receiver, clock)
    assert (await without.redrive(letter)).problem == "its endpoint is not configured any more"
    await database.write(lambda tx: tx.execute("DELETE FROM raw_bodies"))
    assert (await letters.redrive(letter)).problem == "the request is not kept any more"


async def test_they_are_chosen_by_source_endpoint_and_id_and_paged(office):
    desk, letters = office()
    for number in range(3):
        await desk.send(f"no json {number}".encode())
    first, second, third = await letters.open(LetterFilter(source="stripe", endpoint="default"))
    assert await letters.open(LetterFilter(source="github")) == []
    assert await letters.open(LetterFilter(ids=[second.id, "dead_unknown"])) == [second]
    assert await letters.open(LetterFilter(after=first), limit=1) == [second]
    assert await letters.open(LetterFilter(ids=[third.id] * (MOST + 5))) == [third]


async def test_giving_up_settles_them_once(office):
    desk, letters = office()
    await desk.send(b"no json")
    found = await letters.open(LetterFilter())
    assert await letters.settle(found) == 1
    assert await letters.settle(found) == 0
    assert await letters.open(LetterFilter()) == []
    assert await letters.get("dead_unknown") is None


async def test_a_compressed_request_is_read_again(database, clock, tmp_path):
    import gzip

    from support.receiving import stripe_signature

    options = {"encodings": ["gzip"], "signed_as": "decoded"}
    settings = settings_of(tmp_path, {"stripe": {"default": options}})
    old = receiving(database, clock, settings, load=yesterday)
    body = refund(9)
    headers = {
        "stripe-signature": stripe_signature(body, clock.now().timestamp()),
        "content-encoding": "gzip",
    }
    await old.send(gzip.compress(body), headers)
    new = receiving(database, clock, settings)
    letters = DeadLetters(new.log, new.raw, new.receiver, clock)
    (letter,) = await letters.open(LetterFilter())
    assert len((await letters.redrive(letter)).events) == 1
    assert json.loads(body)["id"] == (await new.log.after(0, 1))[0].provider_event_id


async def test_events_that_a_token_in_a_header_tells_apart_stay_apart(database, clock, tmp_path):
    def cannot(provider, sender):
        def read(request, verified, terms):
            raise Unmapped("calls are not understood")

        return replace(load(provider, sender), read=read)

    settings = settings_of(tmp_path, {"stripe": {"default": {"sender": "twilio"}}})
    old, twilio = receiving(database, clock, settings, load=cannot), load("stripe", "twilio")
    for number in (1, 2):
        body = f"CallSid=CA1&CallStatus=completed&AccountSid=AC1&CallDuration={number}".encode()
        request = old.request(body, {})
        headers = twilio.scheme.sign({}, body, request.url, SECRET, clock.now().timestamp())
        await old.send(body, {**headers, "I-Twilio-Idempotency-Token": f"token-{number}"})
    new = receiving(database, clock, settings)
    letters = DeadLetters(new.log, new.raw, new.receiver, clock)
    for letter in await letters.open(LetterFilter()):
        assert len((await letters.redrive(letter)).events) == 1
    found = {each.provider_event_id for each in await new.log.after(0, 10)}
    assert found == {"token-1", "token-2"}


async def test_the_open_ones_are_found_without_reading_those_that_are_done(database):
    if database.is_shared:
        pytest.skip("PostgreSQL plans by statistics, which an empty table does not have")
    sql = letters._OPEN.format(which="")  # noqa: SLF001
    plan = " ".join(str(row[3]) for row in await database.read(f"EXPLAIN QUERY PLAN {sql}", MOST))
    assert "dead_letters_open" in plan
    assert "TEMP B-TREE" not in plan
