"""Many arrivals in few statements are what they would have been one by one."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.occurred import event
from wirepost.events.log import Arrival, EventLog, NewEvent
from wirepost.events.storing import SLICES, store_arrivals
from wirepost.store.database import Database
from wirepost.store.signals import Signals

deliveries = st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans()), max_size=90)


@pytest.fixture
async def database(tmp_path, clock):
    """A file; the statements themselves are tested on both databases with the log."""
    opened = await Database.open(tmp_path / "storing.db", clock)
    yield opened
    await opened.close()


@given(deliveries)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_each_is_stored_once_in_order_without_holes(database, clock, keys):
    async def clear(tx):
        await tx.execute("DELETE FROM events")

    await database.write(clear)
    arrivals = [
        Arrival(
            "s", "", 1.0, [NewEvent(event(source="s", provider_event_id=key), key, None, {}, is_complete)]
        )
        for key, is_complete in keys
    ]
    recorded = await database.write(lambda tx: store_arrivals(tx, arrivals))
    first = {}
    for (key, is_complete), (told,) in zip(keys, recorded, strict=True):
        assert told.is_new is (key not in first)
        assert told.id == first.setdefault(key, (told.id, is_complete))[0]
    complete = [key for key, (_, is_complete) in first.items() if is_complete]
    found = await EventLog(database, Signals(), clock).after(0, 100)
    assert [(each.seq, each.provider_event_id) for each in found] == list(enumerate(complete, 1))


def test_any_number_can_be_sliced():
    assert SLICES[-1] == 1
