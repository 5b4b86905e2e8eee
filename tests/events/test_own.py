"""What happens here becomes an event like any other, once."""

from __future__ import annotations

from wirepost.events.log import EventLog
from wirepost.events.own import OWN_TYPES, OwnEvents
from wirepost.store.signals import Signals


async def test_the_same_fact_is_told_once(database, clock):
    log = EventLog(database, Signals(), clock)
    own = OwnEvents(log, clock)

    async def tell(key):
        return await own.record(
            "connection.needs_reauth",
            "connection/crm",
            "The account of crm has to be connected again",
            key=key,
            environment="production",
            data={"connection": "crm"},
        )

    assert [await tell("crm:1"), await tell("crm:1"), await tell("crm:2")] == [True, False, True]
    events = await log.after(0, 10)
    assert [event.shown()["subject"] for event in events] == ["connection/crm"] * 2
    first = events[0].shown()
    assert first["source"] == "wirepost"
    assert first["type"] in OWN_TYPES
    assert first["data"] == {"connection": "crm"}
    assert first["time"] == "2026-11-25T10:00:00Z"
