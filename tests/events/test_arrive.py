"""The keys that tell events apart: the provider's where there is one, else the body for a while."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.receiving import load, receiving, refund, said, settings_of
from wirepost.webhooks.webhook import Reading, Unreadable


def changed(*, scheme=None, **fields):
    """Stripe, with other fields in its items."""

    def load_changed(provider, sender):
        webhook = load(provider, sender)

        def read(request, verified, terms):
            return Reading([replace(item, **fields) for item in webhook.read(request, verified, terms).items])

        return replace(webhook, read=read, scheme=scheme(webhook.scheme) if scheme else webhook.scheme)

    return load_changed


class UnsignedId:
    """A scheme that proves the body, but not the id that came with it."""

    def __init__(self, inner):
        self._inner, self.name = inner, "body-only"

    async def verify(self, request, terms):
        """As the other one, but for that."""
        return replace(await self._inner.verify(request, terms), is_id_signed=False)


@pytest.fixture
def made(database, clock, tmp_path):
    """Makes a receiver with this loader and these options."""
    return lambda load=load, **options: receiving(
        database, clock, settings_of(tmp_path, {"stripe": {"default": options}}), load=load
    )


async def test_equal_events_of_different_accounts_are_two(made):
    one, other = made(changed(account="acct_1")), made(changed(account="acct_2"))
    assert said(await one.send(refund()))["status"] == said(await other.send(refund()))["status"] == "stored"
    assert await one.rows("dedupe_key, body_key") == [("acct_1:evt_1", None), ("acct_2:evt_1", None)]


async def test_a_signed_body_under_another_unsigned_id_is_no_news(made):
    await made(changed(scheme=UnsignedId, key="first")).send(refund())
    there = made(changed(scheme=UnsignedId, key="second"))
    assert said(await there.send(refund()))["status"] == "duplicate"
    assert await there.rows("outcome", "receipts") == [("same_body",)]


async def test_a_signed_body_under_another_id_is_no_news_at_another_endpoint_of_the_source(
    database, clock, tmp_path
):
    settings = settings_of(tmp_path, {"stripe": {"default": {}, "second": {}}})
    there = receiving(database, clock, settings, load=changed(scheme=UnsignedId, key="first"))
    assert said(await there.send(refund()))["status"] == "stored"
    there = receiving(database, clock, settings, load=changed(scheme=UnsignedId, key="second"))
    assert said(await there.send(refund(), to="stripe/second"))["status"] == "duplicate"
    assert await there.rows("outcome", "receipts") == [("same_body",)]


async def test_without_an_id_equal_bodies_are_one_event_for_a_while(made, clock):
    there = made(changed(key=None), weak_window_s=300)
    assert said(await there.send(refund()))["status"] == "stored"
    clock.advance(140)
    assert said(await there.send(refund()))["status"] == "duplicate"
    clock.advance(301)
    assert said(await there.send(refund()))["status"] == "stored"
    assert [key.startswith("weak:") for (key,) in await there.rows("dedupe_key")] == [True, True]


async def test_one_bad_item_becomes_a_dead_letter_and_the_rest_is_stored(made):
    def with_bad(provider, sender):
        webhook = load(provider, sender)

        def read(request, verified, terms):
            (item,) = webhook.read(request, verified, terms).items
            return Reading([replace(item, key="a"), Unreadable("has no id", 1), replace(item, key="b")])

        return replace(webhook, read=read)

    there = made(with_bad)
    answer = said(await there.send(refund()))
    assert (answer["status"], len(answer["ids"])) == ("stored", 2)
    assert await there.rows("reason", "dead_letters") == [("has no id",)]


async def test_a_mistake_in_a_senders_module_loses_nothing(made):
    def broken(provider, sender):
        def read(request, verified, terms):
            raise KeyError("id")

        return replace(load(provider, sender), read=read)

    there = made(broken)
    assert said(await there.send(refund()))["status"] == "unreadable"
    ((letter, reason),) = await there.rows("id, reason", "dead_letters")
    assert reason == "stopped the sender's module: KeyError"
    assert (await there.raw.of_letter(letter)).body == refund()


async def test_accounts_that_are_not_configured_are_left_out(made):
    there = made(changed(account="acct_9"), accounts=["acct_1"])
    assert said(await there.send(refund()))["status"] == "accepted"
    assert await there.rows() == []
