"""Events that lack something wait for it, but not for ever; what was held is told once nothing holds it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.receiving import load, receiving, refund, settings_of
from wirepost.core.errors import Unavailable
from wirepost.events.complete import MAX_FETCHES, MAX_LOOKS, Completing, text_paths
from wirepost.store.worker import GiveUp, Job, RetryLater
from wirepost.webhooks.webhook import Reading


def thin(provider, sender):
    """Stripe, as if its requests only named what they are about."""
    webhook = load(provider, sender)

    def read(request, verified, terms):
        reading = webhook.read(request, verified, terms)
        return Reading([replace(item, fetch="/v1/charges/ch_1", marks=()) for item in reading.items])

    return replace(webhook, read=read)


class Api:
    """What is at the provider, or why it cannot be had."""

    def __init__(self, found):
        self.found, self.asked = found, []

    async def __call__(self, source, path):
        self.asked.append((source, path))
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def parts(there, api):
    receiver = there.receiver
    return Completing(there.log, receiver.endpoints, receiver._own, api, clock=there.clock)  # noqa: SLF001


async def job(there, attempt=1):
    ((kind, key, details),) = await there.database.read("SELECT kind, key, details FROM work LIMIT 9")
    import orjson

    return Job(kind, key, orjson.loads(details), attempt, None)


async def test_what_a_thin_event_is_about_is_fetched_before_it_can_be_read(database, clock, tmp_path):
    there = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}), load=thin)
    assert (await there.send(refund())).status == 200
    assert await there.log.after(0, 10) == []
    api = Api({"id": "ch_1", "text": "from an outsider", "lines": [{"name": "x"}]})
    await parts(there, api).complete(await job(there))
    (event,) = await there.log.after(0, 10)
    assert (event.data["text"], event.untrusted) == ("from an outsider", ["id", "lines[].name", "text"])
    assert api.asked == [("stripe", "/v1/charges/ch_1")]


async def test_what_cannot_be_fetched_is_told_without_it_after_some_attempts(database, clock, tmp_path):
    there = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}), load=thin)
    await there.send(refund())
    completing = parts(there, Api(Unavailable("upstream_unavailable", "does not answer")))
    with pytest.raises(Unavailable):
        await completing.complete(await job(there, MAX_FETCHES - 1))
    assert await there.log.after(0, 10) == []
    await completing.complete(await job(there, MAX_FETCHES))
    assert len(await there.log.after(0, 10)) == 1


async def test_an_event_is_told_although_its_connection_is_gone(database, clock, tmp_path):
    there = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}), load=thin)
    await there.send(refund())
    completing = parts(there, Api(KeyError("stripe")))
    with pytest.raises(KeyError):
        await completing.complete(await job(there, MAX_FETCHES - 1))
    await completing.complete(await job(there, MAX_FETCHES))
    assert len(await there.log.after(0, 10)) == 1


async def test_what_was_given_up_is_tried_anew_at_the_next_start(database, clock, tmp_path):
    there = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}), load=thin)
    await there.send(refund())
    await database.write(lambda tx: tx.execute("UPDATE work SET state = 'dead', attempt = 12"))
    await parts(there, Api({})).release()
    assert await database.read("SELECT state, attempt FROM work LIMIT 2") == [("waiting", 0)]


async def test_what_was_erased_meanwhile_does_not_come_back(database, clock, tmp_path):
    there = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}), load=thin)
    await there.send(refund())

    async def erased_meanwhile(source, path):
        await database.write(lambda tx: tx.execute("UPDATE events SET content = NULL"))
        return {"id": "ch_1"}

    await parts(there, erased_meanwhile).complete(await job(there))
    assert await there.rows("content") == [(None,)]
    assert await there.log.after(0, 10) == []


async def test_an_event_waits_for_a_write_of_ours_that_is_under_way(database, clock, tmp_path):
    there = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}))
    own = there.receiver._own  # noqa: SLF001
    completing = parts(there, Api({}))
    event = refund(created=clock.now().timestamp())
    with own.under_way("stripe"):
        await there.send(event.replace(b"1795600000", str(int(clock.now().timestamp())).encode()))
        with pytest.raises(RetryLater):
            await completing.complete(await job(there))
        await own.note("stripe", ["ch_1"], "int_1", hops=1)
    await completing.complete(await job(there, 2))
    (told,) = await there.log.after(0, 10)
    assert (told.is_self, told.correlation_id, told.hops) == (True, "int_1", 1)


async def test_it_does_not_wait_for_ever(database, clock, tmp_path):
    there = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}))
    with there.receiver._own.under_way("stripe"):  # noqa: SLF001
        await there.send(refund())
        await parts(there, Api({})).complete(await job(there, MAX_LOOKS))
    (told,) = await there.log.after(0, 10)
    assert not told.is_self


async def test_what_was_held_is_told_once_nothing_holds_it(database, clock, tmp_path):
    there = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {"paused": "hold"}}}))
    for number in range(3):
        await there.send(refund(number))
    assert await parts(there, Api({})).release() == 0
    again = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}))
    assert await again.log.after(0, 10) == []
    assert await parts(again, Api({})).release() == 3
    assert [each.provider_event_id for each in await again.log.after(0, 10)] == ["evt_0", "evt_1", "evt_2"]
    assert await parts(again, Api({})).release() == 0


async def test_what_an_endpoint_held_that_is_gone_is_told_too(database, clock, tmp_path):
    hold = {"paused": "hold"}
    endpoints = {"stripe": {"default": hold, "second": hold}, "stripe-two": {"default": hold}}
    there = receiving(database, clock, settings_of(tmp_path, endpoints))
    for number, place in enumerate(("stripe", "stripe/second", "stripe-two")):
        await there.send(refund(number), to=place)
    left = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": hold}}))
    assert await parts(left, Api({})).release() == 2
    assert [each.provider_event_id for each in await left.log.after(0, 10)] == ["evt_1", "evt_2"]


async def test_a_visit_of_an_endpoint_that_is_gone_is_given_up(database, clock, tmp_path):
    there = receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}))
    details = {"source": "gone", "endpoint": "default", "url": "https://example.com"}
    with pytest.raises(GiveUp):
        await parts(there, Api({})).visit(Job("webhook.visit", "k", details, 1, None))


def test_every_text_has_a_path():
    assert list(text_paths({"a": "x", "b": [{"c": "y", "n": 1}], "d": {"e": "z"}})) == ["a", "b[].c", "d.e"]
