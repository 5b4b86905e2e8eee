"""Events in a log as a receiver would have stored them, and deliveries of them."""

from __future__ import annotations

from itertools import count
from typing import Any

from wirepost.core.ids import new_id
from wirepost.events.deliveries import add
from wirepost.events.event import Event
from wirepost.events.log import Arrival, EventLog, NewEvent
from wirepost.store.database import Database, Tx

_numbers = count(1)


def event(**fields: Any) -> Event:
    """An event about a refund, with what the test is about in other words."""
    told: dict[str, Any] = {
        "id": new_id("evt"),
        "source": "stripe-live",
        "type": "payment.refunded",
        "environment": "production",
        "received_at": 1_795_600_000.0,
        "summary": "payment.refunded: charge ch_1, 49.00 EUR",
        "provider_type": "charge.refunded",
        "subject": "charge/ch_1",
        "data": {"amount": "49.00", "currency": "eur"},
        "verified": "signature",
    }
    return Event(**(told | fields))


async def stored(log: EventLog, *events: Event) -> list[Event]:
    """The events, in the log, with their `seq`."""
    new = [NewEvent(each, f":{next(_numbers)}", None, {}) for each in events]
    recorded = await log.record(Arrival(events[0].source, "default", events[0].received_at, new))
    found = [await log.get(each.id) for each in recorded]
    return [each for each in found if each is not None]


async def delivered(
    database: Database, subscription: str, sink: str, *events: Event, now: float, **how: Any
) -> None:
    """Rows that say that the events are to be delivered."""

    async def work(tx: Tx) -> None:
        for each in events:
            await add(tx, (subscription, sink), each.seq, now=now, **how)

    await database.write(work)
