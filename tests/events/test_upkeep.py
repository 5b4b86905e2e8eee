"""Sources are looked after in the background: those that are configured, and no others."""

from __future__ import annotations

import pytest

from support.running import running
from wirepost.events.backfill import GRACE_S
from wirepost.events.upkeep import BACKFILL, SILENCE
from wirepost.store.worker import Job

SHOP = "stripe-sandbox"


async def planned(wirepost):
    rows = await wirepost.app.database.read(
        "SELECT kind, key, every_s FROM work WHERE kind IN (?, ?) ORDER BY kind, key LIMIT 50",
        BACKFILL,
        SILENCE,
    )
    return [tuple(row) for row in rows]


async def test_what_is_done_follows_the_configuration(tmp_path):
    shops = {
        name: {"provider": "stripe", "environment": "sandbox"} for name in ("stripe-sandbox", "second-shop")
    }
    async with running(tmp_path, connections=shops, events={"backfill_s": 60}) as wirepost:
        await wirepost.app.hub.upkeep.begin(wirepost.app.database)
        assert await planned(wirepost) == [
            (BACKFILL, "second-shop", 60),
            (BACKFILL, SHOP, 60),
            (SILENCE, "second-shop", 900),
            (SILENCE, SHOP, 900),
        ]
    del shops["second-shop"]
    async with running(tmp_path, connections=shops, events={"silence": False}) as wirepost:
        await wirepost.app.hub.upkeep.begin(wirepost.app.database)
        assert await planned(wirepost) == [(BACKFILL, SHOP, 900)]


@pytest.fixture
async def wirepost(tmp_path, clock):
    async with running(tmp_path, clock) as wirepost:
        yield wirepost


async def test_what_a_webhook_did_not_bring_is_fetched_from_the_vendor(wirepost, clock):
    """Nothing is at work that would send the sandbox's webhooks: they are lost."""
    hub, job = wirepost.app.hub, Job(BACKFILL, SHOP, {}, 1, 900.0)
    look = hub.upkeep.work[BACKFILL]
    await look(job)
    await wirepost.ok("stripe_save_customer", name="Ada", intent="ada")
    clock.advance(GRACE_S + 1)
    await look(job)
    events = await hub.events.after(0, 100)
    assert [(each.provider_type, each.verified) for each in events if each.source == SHOP] == [
        ("customer.created", "poll")
    ]
    assert [each.data["count"] for each in events if each.type == "backfill.found"] == [1]


async def test_a_provider_that_does_not_answer_is_asked_the_next_time(wirepost, clock, caplog):
    from wirepost.sandbox.vendor import Fault

    hub, job = wirepost.app.hub, Job(BACKFILL, SHOP, {}, 1, 900.0)
    look = hub.upkeep.work[BACKFILL]
    await look(job)
    wirepost.app.connections.sandbox(SHOP).inject(Fault(kind="status", status=500, times=None))
    clock.advance(GRACE_S)
    await look(job)
    assert "was not asked for lost events" in caplog.text
    await hub.upkeep.work[SILENCE](Job(SILENCE, SHOP, {}, 1, 900.0))
    assert await hub.events.newest() == 0
