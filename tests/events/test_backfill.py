"""What a provider lists and never sent is stored once, and that it was missing is told."""

from __future__ import annotations

import pytest

from wirepost.calls.own_writes import OwnWrites
from wirepost.events.backfill import GRACE_S, Backfill, Found, Source
from wirepost.events.event import Event
from wirepost.events.log import Arrival, EventLog, NewEvent
from wirepost.events.normalise import event_of
from wirepost.events.own import OwnEvents
from wirepost.settings.webhooks import RedactSettings
from wirepost.store.signals import Signals
from wirepost.webhooks.feed import Feed
from wirepost.webhooks.webhook import Item


class Listed(Feed):
    """A provider's own list; remembers from where it was asked."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.asked: list[tuple[str | None, float]] = []
        self.fails_at: int | None = None

    async def since(self, position, after):
        """Everything behind the position."""
        self.asked.append((position, after))
        for number, item in enumerate(self.items, 1):
            if number == self.fails_at:
                raise ConnectionError
            if position is None or number > int(position):
                yield str(number), item


def happened(key: str, at: float) -> Item:
    return Item("order.created", "orders/create", f"Order {key}", key=key, time=at, account="acme")


@pytest.fixture
def feed():
    return Listed()


@pytest.fixture
def log(database, clock):
    return EventLog(database, Signals(), clock)


@pytest.fixture
def backfill(log, clock):
    writes = OwnWrites(log.database, clock)
    return Backfill(log, OwnEvents(log, clock), writes, clock, hash_key=b"key")


@pytest.fixture
def shop(feed):
    async def open_feed():
        return feed

    return Source("shop", "test", open_feed, has_webhook=True)


async def test_the_first_look_only_begins_and_later_ones_go_on_where_the_last_ended(
    backfill, shop, feed, log, clock
):
    began = clock.now().timestamp()
    assert await backfill.run(shop) == Found(0, 0)
    feed.items = [happened("1", began + 10), happened("2", began + 20)]
    clock.advance(GRACE_S + 30)
    assert await backfill.run(shop) == Found(2, 2)
    feed.items.append(happened("3", began + 30))
    clock.advance(GRACE_S)
    assert await backfill.run(shop) == Found(1, 1)
    assert feed.asked == [(None, began), ("2", began + 20)]
    events = [each for each in await log.after(0, 10) if each.source == "shop"]
    assert [(each.summary, each.verified, each.time) for each in events] == [
        ("Order 1", "poll", began + 10),
        ("Order 2", "poll", began + 20),
        ("Order 3", "poll", began + 30),
    ]


async def test_how_many_were_missing_is_told_and_nothing_where_none_was(backfill, shop, feed, log, clock):
    await backfill.run(shop)
    feed.items = [happened("1", clock.now().timestamp()), happened("2", clock.now().timestamp())]
    clock.advance(GRACE_S + 1)
    await backfill.run(shop)
    await backfill.run(shop)
    told = [each for each in await log.after(0, 10) if each.type == "backfill.found"]
    assert [each.data for each in told] == [{"connection": "shop", "count": 2}]


async def test_a_source_that_sends_nothing_by_itself_is_no_reason_for_an_alarm(backfill, feed, log, clock):
    async def open_feed():
        return feed

    quiet = Source("shop", "test", open_feed, has_webhook=False)
    await backfill.run(quiet)
    feed.items = [happened("1", clock.now().timestamp())]
    clock.advance(GRACE_S + 1)
    assert await backfill.run(quiet) == Found(1, 1)
    assert [each.type for each in await log.after(0, 10)] == ["order.created"]


async def test_an_event_whose_webhook_may_be_on_its_way_is_left_for_the_next_time(
    backfill, shop, feed, log, clock
):
    await backfill.run(shop)
    clock.advance(GRACE_S)
    now = clock.now().timestamp()
    feed.items = [happened("1", now - GRACE_S), happened("2", now - GRACE_S + 1)]
    assert await backfill.run(shop) == Found(1, 1)
    clock.advance(1)
    assert await backfill.run(shop) == Found(1, 1)


async def test_what_was_stored_before_a_fault_is_not_read_again(backfill, shop, feed, log, clock):
    await backfill.run(shop)
    now = clock.now().timestamp()
    feed.items = [happened(str(number), now + number / 10) for number in range(120)]
    feed.fails_at = 110
    clock.advance(GRACE_S + 60)
    with pytest.raises(ConnectionError):
        await backfill.run(shop)
    assert len(await log.after(0, 200)) == 100
    feed.fails_at = None
    assert await backfill.run(shop) == Found(20, 20)
    assert feed.asked[-1][0] == "100"
    assert len({each.id for each in await log.after(0, 200) if each.source == "shop"}) == 120


async def test_an_event_without_an_id_is_a_mistake_of_the_feed(backfill, shop, feed, clock):
    await backfill.run(shop)
    feed.items = [Item("order.created", "orders/create", "Order", time=clock.now().timestamp())]
    clock.advance(GRACE_S + 1)
    with pytest.raises(ValueError, match="without an id"):
        await backfill.run(shop)


async def test_what_a_call_of_ours_has_caused_is_no_news(backfill, shop, feed, log, clock):
    await backfill.run(shop)
    await OwnWrites(log.database, clock).note("shop", ["7"], "int_1", hops=1)
    feed.items = [happened("1", clock.now().timestamp()), happened("2", clock.now().timestamp())]
    feed.items[0].marks, feed.items[1].marks = ("7",), ("8",)
    clock.advance(GRACE_S + 1)
    await backfill.run(shop)
    told = [each for each in await log.after(0, 10) if each.source == "shop"]
    assert [(each.is_self, each.correlation_id, each.hops) for each in told] == [
        (True, "int_1", 1),
        (False, None, 0),
    ]


async def test_hashes_are_those_of_events_that_came_by_webhook(backfill, feed, log, clock):
    async def open_feed():
        return feed

    asking = RedactSettings(email="hash")
    shop = Source("shop", "test", open_feed, has_webhook=True, redact=asking)
    await backfill.run(shop)
    feed.items = [happened("1", clock.now().timestamp())]
    feed.items[0].data = {"buyer": "ada@example.com"}
    clock.advance(GRACE_S + 1)
    await backfill.run(shop)
    (told,) = [each for each in await log.after(0, 10) if each.source == "shop"]
    sent = event_of(
        feed.items[0],
        source="shop",
        environment="test",
        verified="signature",
        received_at=0.0,
        redact=asking,
        key=b"key",
    )
    assert told.data == sent.data
    assert "ada" not in told.data["buyer"]


class Changed(Listed):
    """A provider that lists no events, but records by the time of their last change."""

    has_keys_of_requests = False


async def test_a_changed_record_is_news_only_if_nothing_about_it_has_come_since(backfill, log, clock):
    began = clock.now().timestamp()
    feed = Changed()

    async def open_feed():
        return feed

    shop = Source("shop", "test", open_feed, has_webhook=True)
    await backfill.run(shop)
    clock.advance(60)
    told = Event(
        id="evt_told",
        source="shop",
        type="contact.updated",
        environment="test",
        received_at=clock.now().timestamp(),
        summary="Contact 1 was changed",
        subject="contact/1",
    )
    await log.record(Arrival("shop", "default", told.received_at, [NewEvent(told, "key", None, {})]))
    feed.items = [
        Item("contact.updated", "contact.propertyChange", "told", subject=subject, key=key, time=began + at)
        for key, subject, at in (
            ("a", "contact/1", 59),
            ("b", "contact/2", 59),
            ("c", "company/1", 59),
            ("d", "contact/1", 90),
        )
    ]
    clock.advance(GRACE_S + 60)
    assert await backfill.run(shop) == Found(4, 3)
    found = [each.subject for each in await log.after(0, 10) if each.verified == "poll"]
    assert found == ["contact/2", "company/1", "contact/1"]
