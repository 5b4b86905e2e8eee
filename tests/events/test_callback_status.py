"""How far a client that is called back has come."""

from __future__ import annotations

import pytest

from support.occurred import delivered, event, stored
from wirepost.core.signing import Signer
from wirepost.events.callback import Target, row_name
from wirepost.events.callback_status import CallbackStatus, category
from wirepost.events.filters import Filter
from wirepost.events.log_cursors import LogCursors
from wirepost.events.subscriptions import Subscriptions
from wirepost.settings.events import SubscriptionSettings

CURSORS = LogCursors(Signer(b"s" * 32))
TARGET = Target("sub_1", "https://a.example/", "payment.refunded", {}, "whsec_x")
ATTEMPT = (
    "INSERT INTO delivery_attempts (subscription, sink, seq, copy, attempt, at, took_s, outcome, details) "
    "VALUES (?, 'callback', ?, 0, ?, ?, 0.1, ?, '{}')"
)


@pytest.fixture
def status(database) -> CallbackStatus:
    return CallbackStatus(database, CURSORS)


@pytest.fixture
async def subscription(database, clock, log):
    subscriptions = Subscriptions(database, clock)
    name = row_name("sub_1")
    options = SubscriptionSettings(deliver=["callback"])
    made = await subscriptions.put("token:1", name, Filter(), options, start=0, target="sealed")
    await stored(log, *(event() for _ in range(5)))
    await database.write(lambda tx: tx.execute("UPDATE subscriptions SET position = 5"))
    found = await subscriptions.get(made.id)
    assert found is not None
    return found


async def test_where_nothing_is_on_its_way_everything_matched_was_taken(status, subscription):
    assert await status.watermark(subscription) == 5


async def test_the_watermark_stays_before_the_first_event_that_was_not_taken(
    status, subscription, log, deliveries, clock
):
    events = await log.after(0, 10)
    now = clock.now().timestamp()
    await delivered(log.database, subscription.id, "callback", *events[1:4], now=now)
    assert await status.watermark(subscription) == 1
    first, second = await deliveries.claim("callback", holder="h", lease_s=60, limit=2)
    await deliveries.done(second, "h")
    assert await status.watermark(subscription) == 1
    await deliveries.dead(first, "h", "http_5xx")
    assert await status.watermark(subscription) == 3


async def test_what_goes_to_others_does_not_hold_the_watermark_back(status, subscription, log, clock):
    events = await log.after(0, 10)
    await delivered(log.database, subscription.id, "pull", *events, now=clock.now().timestamp())
    assert await status.watermark(subscription) == 5


async def test_an_event_is_sent_with_a_cursor_from_which_it_comes_again(status, subscription, log, clock):
    third = (await log.after(0, 10))[2]
    await delivered(log.database, subscription.id, "callback", third, now=clock.now().timestamp())
    body = await status.body(subscription, TARGET, third)
    assert (body["eventId"], body["name"]) == (third.id, "payment.refunded")
    assert CURSORS.open(body["cursor"], "payment.refunded", {}) == 2


async def test_a_client_that_was_never_called_has_had_no_delivery_and_no_error(status, subscription):
    assert await status.shown(subscription) == {"active": True, "lastDeliveryAt": None, "lastError": None}


async def test_since_when_it_fails_and_why_is_said_until_it_succeeds(status, subscription, database):
    async def tried(seq: int, attempt: int, at: float, outcome: str) -> None:
        await database.write(lambda tx: tx.execute(ATTEMPT, subscription.id, seq, attempt, at, outcome))

    await tried(1, 1, 1000.0, "done")
    await tried(2, 1, 1010.0, "timeout")
    await tried(3, 1, 1020.0, "answered 503")
    assert await status.shown(subscription) == {
        "active": True,
        "lastDeliveryAt": "1970-01-01T00:16:40Z",
        "lastError": "http_5xx",
        "failedSince": "1970-01-01T00:16:50Z",
    }
    await tried(2, 2, 1030.0, "done")
    assert await status.shown(subscription) == {
        "active": True,
        "lastDeliveryAt": "1970-01-01T00:17:10Z",
        "lastError": None,
    }


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("timeout", "timeout"),
        ("unreachable", "connection_refused"),
        ("untrusted certificate", "tls_error"),
        ("answered 404", "http_4xx"),
        ("answered 502", "http_5xx"),
        ("answered 302", "challenge_failed"),
        ("did not repeat the challenge", "challenge_failed"),
        ("it leads into a private network", "challenge_failed"),
    ],
)
def test_reasons_are_told_in_the_words_of_the_specification(reason, word):
    assert category(reason) == word
