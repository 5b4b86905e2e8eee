"""A burst: a request is confirmed when its bytes are on the disk, and read once, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import asynccontextmanager

import pytest

from support.clock import ManualClock
from support.disk import fill_disk, free_disk
from support.receiving import receiving, refund, said, settings_of, stripe_signature
from wirepost.events.arrival import Arrival, NewEvent
from wirepost.events.backlog import (
    ABANDONED_S,
    AFTER_FAULT_S,
    BURST,
    LOOK_EVERY_S,
    PATIENCE_S,
    PAUSE_S,
    SLICE,
)
from wirepost.events.erase import erase
from wirepost.events.receive import LARGE
from wirepost.store.database import Database

MANY = BURST + 12
HELD = BURST + 1
"""So many under way are a burst, for as long as a test wants it."""


@pytest.fixture
def still() -> ManualClock:
    """Time stands still, so that nothing is read before a test lets it."""
    return ManualClock(auto=False)


@pytest.fixture
def stripe(database, still, tmp_path):
    """A receiver of Stripe's webhooks."""
    return receiving(database, still, settings_of(tmp_path, {"stripe": {"default": {}}}))


@asynccontextmanager
async def reading(stripe, read=None):
    """The backlog is read, as soon as time lets it."""
    task = asyncio.create_task(stripe.backlog.run(read or stripe.receiver.read_kept))
    try:
        async with asyncio.timeout(20):
            await stripe.clock.wait_for_sleepers()
            yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(stripe, columns, table, expected=None):
    """Returns once the table has these rows, or any; time passes meanwhile."""
    async with asyncio.timeout(20):
        while (rows := await stripe.rows(columns, table)) != expected and (expected is not None or not rows):
            stripe.clock.advance(PAUSE_S)
            await asyncio.to_thread(lambda: None)


async def until_read(stripe):
    """Returns once nothing waits any more."""
    await until(stripe, "id", "unread", [])


async def burst(stripe, *bodies):
    """Send all at once; how many were confirmed unread."""
    replies = await asyncio.gather(*(stripe.send(each) for each in bodies))
    assert {(reply.status, said(reply)["status"]) for reply in replies} <= {
        (200, "stored"),
        (200, "duplicate"),
    }
    return sum("id" not in said(reply) for reply in replies)


async def test_of_many_at_once_the_bytes_are_stored_first_and_then_each_is_read_once(stripe):
    async with reading(stripe):
        assert await burst(stripe, *(refund(number) for number in range(MANY))) == MANY - BURST
        await until_read(stripe)
    events = await stripe.log.after(0, 100)
    assert sorted(each.provider_event_id for each in events) == sorted(f"evt_{each}" for each in range(MANY))
    assert [each.seq for each in events] == list(range(1, MANY + 1))
    for each in events:
        assert (await stripe.raw.of_event(each.id)).body == refund(
            each.provider_event_id.removeprefix("evt_")
        )
        assert (each.verified, each.subject) == ("signature", "charge/ch_1")


async def test_equal_requests_of_a_burst_are_one_event_with_receipts(stripe):
    async with reading(stripe):
        assert await burst(stripe, *[refund()] * MANY) == MANY - BURST
        await until_read(stripe)
    assert len(await stripe.rows()) == 1
    assert await stripe.rows("outcome", "receipts") == [("duplicate",)] * (MANY - 1)
    assert len(await stripe.rows("id", "raw_bodies")) == 1


async def test_what_cannot_be_read_is_confirmed_and_kept_for_a_person(stripe):
    async with reading(stripe):
        stripe.backlog.under_way = HELD
        assert await burst(stripe, b"no JSON") == 1
        stripe.backlog.under_way = 0
        await until_read(stripe)
    assert await stripe.rows("reason", "dead_letters") == [("is no JSON",)]
    assert len(await stripe.rows("id", "raw_bodies")) == 1
    assert await stripe.rows("id", "unread") == []


async def test_few_at_once_are_read_before_they_are_answered(stripe):
    async with reading(stripe):
        assert await burst(stripe, *(refund(number) for number in range(BURST))) == 0


async def test_where_nobody_reads_the_backlog_nothing_is_put_into_it(stripe):
    assert await burst(stripe, *(refund(number) for number in range(MANY))) == 0


async def test_a_burst_without_end_is_read_after_a_while_and_what_comes_then_is_read_at_once(stripe):
    async with reading(stripe):
        stripe.backlog.under_way = HELD
        assert await burst(stripe, refund(1)) == 1
        await stripe.clock.wait_for_sleep(PAUSE_S)
        assert await stripe.rows() == []
        assert stripe.backlog.takes_more
        stripe.clock.advance(PATIENCE_S + PAUSE_S)
        assert not stripe.backlog.takes_more
        await until_read(stripe)
    assert len(await stripe.rows()) == 1


@pytest.mark.parametrize("room", [{"most": 1}, {"most_bytes": 1}])
async def test_there_is_only_so_much_room(room, still, database, tmp_path):
    stripe = receiving(database, still, settings_of(tmp_path, {"stripe": {"default": {}}}), **room)
    async with reading(stripe):
        stripe.backlog.under_way = HELD
        assert await burst(stripe, refund(1)) == 1
        assert await burst(stripe, refund(2)) == 0


async def test_what_a_dead_process_left_unread_is_read_by_the_next(stripe, still, database, tmp_path):
    dead = receiving(database, ManualClock(auto=False), settings_of(tmp_path, {"stripe": {"default": {}}}))
    async with reading(dead):
        dead.backlog.under_way = HELD
        for number in range(40):
            assert await burst(dead, refund(number)) == 1
    assert len(await stripe.rows("id", "unread")) == 40
    still.advance(1)
    later = receiving(database, still, settings_of(tmp_path, {"stripe": {"default": {}}}))
    if database.is_shared:
        async with reading(later):
            assert len(await later.rows("id", "unread")) == 40, "it may still be alive"
            still.advance(ABANDONED_S + LOOK_EVERY_S)
            await until_read(later)
    else:
        async with reading(later):
            await until_read(later)
    assert sorted(each.provider_event_id for each in await later.log.after(0, 100)) == sorted(
        f"evt_{number}" for number in range(40)
    )


async def test_what_was_left_is_read_though_the_clock_was_set_back_meanwhile(tmp_path, still):
    settings = settings_of(tmp_path, {"stripe": {"default": {}}})
    database = await Database.open(tmp_path / "own" / "wirepost.db", still)
    fast = ManualClock(auto=False)
    fast.advance(3600)
    dead = receiving(database, fast, settings)
    async with reading(dead):
        dead.backlog.under_way = HELD
        for number in range(SLICE + 1):
            assert await burst(dead, refund(number)) == 1
    later = receiving(database, still, settings, most=SLICE)
    async with reading(later):
        await until_read(later)
    assert len(await later.rows("id")) == SLICE + 1
    await database.close()


async def test_what_two_processes_read_is_stored_by_one(stripe, still, database, tmp_path):
    async with reading(stripe):
        stripe.backlog.under_way = HELD
        assert await burst(stripe, refund()) == 1
    still.advance(ABANDONED_S + 1)
    other = receiving(database, still, settings_of(tmp_path, {"stripe": {"default": {}}}))
    stripe.backlog.under_way = 0
    async with reading(other):
        await until_read(other)
    async with reading(stripe):  # it has the request in memory
        assert await burst(stripe, refund(2)) == 0
    assert [each.provider_event_id for each in await stripe.log.after(0, 9)] == ["evt_1", "evt_2"]
    assert await stripe.rows("outcome", "receipts") == []


async def test_a_full_disk_makes_them_wait_and_loses_nothing(stripe, database):
    async with reading(stripe):
        stripe.backlog.under_way = HELD
        assert await burst(stripe, refund(1), refund(2)) == 2
        await fill_disk(database, "events")
        stripe.backlog.under_way = 0
        stripe.clock.advance(PAUSE_S)
        await stripe.clock.wait_for_sleep(AFTER_FAULT_S)
        assert len(await stripe.rows("id", "unread")) == 2
        await free_disk(database)
        stripe.clock.advance(AFTER_FAULT_S)
        await until_read(stripe)
    assert len(await stripe.rows()) == 2


async def test_a_request_that_cannot_be_stored_stops_no_other(stripe):
    async def read(kept):
        arrival = await stripe.receiver.read_kept(kept)
        assert isinstance(arrival, Arrival)
        if b"evt_1" in kept.request.body:
            arrival.events = [NewEvent(each.event, each.dedupe_key, None, {}) for each in arrival.events]
            arrival.events[0].event.received_at = "no time"
        return arrival

    async with reading(stripe, read):
        stripe.backlog.under_way = HELD
        assert await burst(stripe, refund(1), refund(2)) == 2
        stripe.backlog.under_way = 0
        await until_read(stripe)
    assert [each.provider_event_id for each in await stripe.log.after(0, 9)] == ["evt_2"]
    ((reason,),) = await stripe.rows("reason", "dead_letters")
    assert reason.startswith("could not be stored: ")
    assert len(await stripe.rows("id", "raw_bodies")) == 2


async def test_a_fault_of_ours_in_reading_keeps_the_request_for_a_person(stripe):
    async def read(kept):
        raise ZeroDivisionError("secret in a message")

    async with reading(stripe, read):
        stripe.backlog.under_way = HELD
        assert await burst(stripe, refund()) == 1
        stripe.backlog.under_way = 0
        await until_read(stripe)
    assert await stripe.rows("reason", "dead_letters") == [("could not be read: ZeroDivisionError",)]
    assert len(await stripe.rows("id", "raw_bodies")) == 1


async def test_what_came_for_an_endpoint_that_is_gone_is_kept_for_a_person(stripe, still, database, tmp_path):
    async with reading(stripe):
        stripe.backlog.under_way = HELD
        assert await burst(stripe, refund()) == 1
    still.advance(ABANDONED_S + 1)
    without = receiving(database, still, settings_of(tmp_path, {}))
    async with reading(without):
        await until_read(without)
    assert await without.rows("reason", "dead_letters") == [("its endpoint is not configured any more",)]


async def test_what_cannot_be_opened_stays_and_stops_no_other(stripe, still, database, tmp_path, caplog):
    async with reading(stripe):
        stripe.backlog.under_way = HELD
        assert await burst(stripe, refund(1), refund(2)) == 2
    ((spoilt, *_), _) = await stripe.rows("id", "unread")
    await database.write(
        lambda tx: tx.execute("UPDATE unread SET sealed = ? WHERE id = ?", b"\1" * 80, spoilt)
    )
    still.advance(ABANDONED_S + 1)
    later = receiving(database, still, settings_of(tmp_path, {"stripe": {"default": {}}}))
    async with reading(later):
        await until(later, "id", "unread", [(spoilt,)])
    assert "stays unread" in caplog.text


async def test_an_endpoint_whose_secret_is_missing_holds_up_no_other_and_is_read_when_it_is_back(
    database, still, tmp_path
):
    two = {"stripe": {"default": {}}, "stripe-b": {"default": {}}}
    dead = receiving(database, ManualClock(auto=False), settings_of(tmp_path, two))
    async with reading(dead):
        dead.backlog.under_way = HELD
        for number in range(SLICE + 1):
            assert await burst(dead, refund(number)) == 1
        assert said(await dead.send(refund("b"), to="stripe-b"))["status"] == "stored"
    still.advance(ABANDONED_S + 1)
    later = receiving(database, still, settings_of(tmp_path, two))
    (tmp_path / "secret-stripe").unlink()
    async with reading(later):
        await until(later, "source", "events")
        assert await later.rows("source") == [("stripe-b",)]
        assert len(await later.rows("id", "unread")) == SLICE + 1
        settings_of(tmp_path, two)
        await until_read(later)
    assert len(await later.rows("id")) == SLICE + 2
    assert await later.rows("id", "dead_letters") == []


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ({"encodings": ["gzip"], "signed_as": "received"}, {"content-encoding": "gzip"}),
        ({"paused": "hold"}, {}),
        ({"max_bytes": 400_000}, {"large": "yes"}),
    ],
)
async def test_what_may_be_refused_for_what_it_says_is_read_at_once(database, still, tmp_path, options, more):
    stripe = receiving(database, still, settings_of(tmp_path, {"stripe": {"default": options}}))
    body = refund(description="x" * LARGE) if "large" in more else refund()
    body = gzip.compress(body) if "content-encoding" in more else body
    async with reading(stripe):
        stripe.backlog.under_way = HELD
        now = stripe.clock.now().timestamp()
        reply = await stripe.send(body, {"stripe-signature": stripe_signature(body, now), **more})
    assert (reply.status, said(reply)["status"]) == (200, "stored")
    assert await stripe.rows("id") == [(said(reply)["id"],)]


async def test_a_forged_request_is_refused_in_a_burst_as_ever(stripe):
    async with reading(stripe):
        stripe.backlog.under_way = HELD
        now = stripe.clock.now().timestamp()
        reply = await stripe.send(
            refund(), {"stripe-signature": stripe_signature(refund(), now, "whsec_other")}
        )
        assert (reply.status, said(reply)["check"]) == (401, "signature_mismatch")
    assert await stripe.rows("id", "unread") == []


@pytest.mark.parametrize("step", [1, 2, 3])
async def test_a_person_is_forgotten_whenever_a_request_is_read_meanwhile(
    stripe, place, database, clock, step
):
    """Somebody else erases; after one of the tables was looked through, it waits until all is read."""
    loop, steps = asyncio.get_running_loop(), []

    async def read_all():
        stripe.backlog.under_way = 0
        await until_read(stripe)

    def report(_):
        steps.append(1)
        if len(steps) == step:
            asyncio.run_coroutine_threadsafe(read_all(), loop).result()

    async def erase_elsewhere():
        other = await Database.open(place, clock)
        try:
            await erase(other, stripe.raw, "cus_jane", report)
        finally:
            await other.close()

    async with reading(stripe):
        assert await burst(stripe, refund(0)) == 0
        stripe.backlog.under_way = HELD
        assert await burst(stripe, refund(1, customer="cus_jane"), refund(2)) == 2
        await asyncio.to_thread(asyncio.run, erase_elsewhere())
    assert len(steps) >= step
    assert [each.provider_event_id for each in await stripe.log.after(0, 9)] == ["evt_0", "evt_2"]
    kept = [
        stripe.raw.opened(*row).body for row in await stripe.rows("id, received_at, sealed", "raw_bodies")
    ]
    assert len(kept) == 2
    assert not any(b"cus_jane" in body for body in kept)


async def test_a_person_is_forgotten_there_too(stripe, database):
    async with reading(stripe):
        stripe.backlog.under_way = HELD
        assert await burst(stripe, refund(1, receipt_email="jane@example.com"), refund(2)) == 2
        erased = await erase(database, stripe.raw, "jane@example.com")
        assert (erased.events, erased.raw) == (0, 1)
        stripe.backlog.under_way = 0
        await until_read(stripe)
    assert [each.provider_event_id for each in await stripe.log.after(0, 9)] == ["evt_2"]
