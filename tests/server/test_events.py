"""All that a server offers about events is there once it is put together, and ends together."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from support.extension import ERAS, speaking
from support.occurred import delivered, event, stored
from support.running import running
from support.stand_in import SECRET
from wirepost.events.filters import Filter
from wirepost.server.events import EventSide
from wirepost.server.mcp import build_mcp
from wirepost.settings.events import SubscriptionSettings

both = pytest.mark.parametrize("era", ERAS)


async def never(target) -> str | None:
    raise AssertionError(target)


@asynccontextmanager
async def offering(tmp_path):
    async with running(tmp_path / "app") as live:
        app = live.app
        side = EventSide(app.hub, app.settings.events)
        server = build_mcp(app.calls, secret=SECRET, version="1", listen=side.listen)
        side.install(server)
        yield app, side, server, app.hub.taints


@both
async def test_events_resources_and_the_channel_are_served_in_both_generations(tmp_path, era):
    async with offering(tmp_path) as (_, side, server, _taints), speaking(server, tmp_path, era) as speaker:
        assert speaker.said["capabilities"]["events"] == {"listChanged": False}
        assert speaker.said["capabilities"]["resources"]["subscribe"] is True
        listed = (await speaker.ask("events/list"))["events"]
        assert {"poll", "push", "webhook"} == set(listed[0]["delivery"])
        assert (await speaker.ask("resources/list"))["resources"] == []
        assert "content" not in await speaker.ask("wirepost/channel", holder="x")
        side.close()


async def test_streams_of_both_kinds_end_when_it_is_closed(tmp_path):
    async with (
        offering(tmp_path) as (_, side, server, _taints),
        speaking(server, tmp_path, ERAS[0]) as speaker,
    ):
        numbers = {
            await speaker.begin("events/stream", name="connection.needs_reauth"),
            await speaker.begin("subscriptions/listen", notifications={"toolsListChanged": True}),
        }
        for _ in numbers:
            await speaker.hear()
        side.close()
        assert {(await speaker.raw.receive())["id"] for _ in numbers} == numbers


async def test_open_views_are_told_and_whoever_reads_an_event_is_noted(tmp_path):
    async with offering(tmp_path) as (app, side, server, taints):
        await app.hub.subscriptions.put("local", "refunds", Filter(), SubscriptionSettings())
        running_ = asyncio.ensure_future(side.run())
        async with speaking(server, tmp_path, ERAS[0]) as speaker:
            wanted = {"resourceSubscriptions": ["events://refunds"]}
            await speaker.begin("subscriptions/listen", notifications=wanted)
            await speaker.hear()
            (told,) = await stored(app.hub.events, event(source="wirepost", untrusted=["note"]))
            assert (await speaker.hear())[1]["uri"] == "events://refunds"
            assert await taints.reason("local") is None
            await speaker.ask("resources/read", uri=f"events://event/{told.id}")
            assert told.id in str(await taints.reason("local"))
            side.close()
        running_.cancel()


async def test_the_end_of_a_long_chain_is_not_pushed_into_a_session(tmp_path):
    async with offering(tmp_path) as (app, side, server, *_), speaking(server, tmp_path, ERAS[1]) as speaker:
        options = SubscriptionSettings(deliver=["channel"])
        subscription = await app.hub.subscriptions.put("local", "all", Filter(), options)
        events = await stored(app.hub.events, event(hops=app.settings.events.max_hops + 1), event(hops=0))
        now = app.clock.now().timestamp()
        await delivered(app.database, subscription.id, "channel", *events, now=now)
        said = await speaker.ask("wirepost/channel", holder="x")
        assert said["meta"]["event_id"] == events[1].id
        assert "more pending" not in said["content"]
        side.close()
