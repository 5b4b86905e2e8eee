"""Open views are told of changes: both generations, only their own, at most once a second."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import httpx2
import pytest

from support.clock import ManualClock
from support.extension import ERAS, over_http, posted, speaking
from support.occurred import event, stored
from support.stand_in import SECRET, StandInCalls
from wirepost.calls.caller import Caller
from wirepost.events.filters import Filter
from wirepost.events.log import EventLog
from wirepost.events.subscriptions import Subscriptions
from wirepost.server.bus import PAUSE_S, EventBus, Listening, Views
from wirepost.server.mcp import build_mcp
from wirepost.settings.events import SubscriptionSettings
from wirepost.store.signals import Signals

both = pytest.mark.parametrize("era", ERAS)
URI = "events://refunds"
UPDATED = "notifications/resources/updated"
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(auto=False)


class Window:
    """A server whose subscriptions can be looked at."""

    def __init__(self, database, clock) -> None:
        self.log = EventLog(database, Signals(), clock)
        self.subscriptions = Subscriptions(database, clock)
        bus = EventBus()
        self.listen = Listening(bus, self.find)
        self.views = Views(bus, self.find, self.log, self.subscriptions, clock)
        calls = StandInCalls()
        self.server = build_mcp(calls, secret=SECRET, version="1", clock=calls.clock, listen=self.listen)
        self.views.install(self.server)

    async def find(self, caller, uri):
        return await self.subscriptions.find(caller, uri.removeprefix("events://"))

    async def put(self, owner: str = "local", kind: str = "payment.refunded", name: str = "refunds") -> None:
        await self.subscriptions.put(owner, name, Filter(types=(kind,)), SubscriptionSettings())

    @asynccontextmanager
    async def looking(self):
        task = asyncio.ensure_future(self.views.run())
        try:
            yield
        finally:
            task.cancel()


@pytest.fixture
def window(database, clock) -> Window:
    return Window(database, clock)


async def watch(speaker, era: str, *uris: str) -> None:
    """Ask to be told, as the generation does."""
    if era == ERAS[0]:
        await speaker.begin("subscriptions/listen", notifications={"resourceSubscriptions": list(uris)})
        kind, said = await speaker.hear()
        assert kind == ACKNOWLEDGED
        assert said["notifications"].get("resourceSubscriptions", []) == list(uris)
        return
    for uri in uris:
        await speaker.ask("resources/subscribe", uri=uri)


@both
async def test_a_view_is_told_when_an_event_arrives_that_it_shows(window, clock, tmp_path, era):
    await window.put()
    async with speaking(window.server, tmp_path, era) as speaker, window.looking():
        await watch(speaker, era, URI)
        await clock.wait_for_sleepers()
        await stored(window.log, event())
        kind, said = await speaker.hear()
    assert (kind, said["uri"]) == (UPDATED, URI)


@both
async def test_what_happens_in_one_moment_is_told_once(window, clock, tmp_path, era):
    await window.put()
    async with speaking(window.server, tmp_path, era) as speaker, window.looking():
        await watch(speaker, era, URI)
        await clock.wait_for_sleepers()
        await stored(window.log, event())
        await speaker.hear()
        for _ in range(10):
            await stored(window.log, event())
        await speaker.ask("tools/list")
        assert speaker.told == []
        await clock.wait_for_sleepers()
        clock.advance(PAUSE_S)
        await speaker.hear()
        await speaker.ask("tools/list")
        assert speaker.told == []


@both
async def test_an_event_that_a_view_does_not_show_is_not_told_to_it(window, clock, tmp_path, era):
    await window.put()
    await window.put(kind="invoice.paid", name="invoices")
    async with speaking(window.server, tmp_path, era) as speaker, window.looking():
        await watch(speaker, era, URI, "events://invoices")
        await clock.wait_for_sleepers()
        await stored(window.log, event(type="invoice.paid"))
        assert (await speaker.hear())[1]["uri"] == "events://invoices"
        await speaker.ask("tools/list")
    assert speaker.told == []


async def test_the_same_address_means_to_each_caller_its_own_subscription(window, clock):
    await window.put("token:1")
    await window.put("token:2", "invoice.paid")
    listen = posted(ERAS[0], "subscriptions/listen", notifications={"resourceSubscriptions": [URI]})
    heard: dict[str, list[str]] = {}

    async def listening(caller: Caller, ready: asyncio.Event) -> None:
        async with (
            over_http(window.server, caller) as url,
            httpx2.AsyncClient() as web,
            web.stream("POST", url, **listen) as response,
        ):
            lines = heard.setdefault(caller.id, [])
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    lines.append(line)
                    ready.set()

    ready = {name: asyncio.Event() for name in ("token:1", "token:2")}
    tasks = [asyncio.ensure_future(listening(Caller(name), each)) for name, each in ready.items()]
    async with asyncio.timeout(10), window.looking():
        for each in ready.values():
            await each.wait()
            each.clear()
        await clock.wait_for_sleepers()
        await stored(window.log, event(type="invoice.paid"))
        await ready["token:2"].wait()
        window.listen.close()
        await asyncio.wait(tasks)
    assert not any(UPDATED in line for line in heard["token:1"])
    assert sum(UPDATED in line for line in heard["token:2"]) == 1


async def test_addresses_that_are_not_for_the_caller_are_left_out_of_what_is_acknowledged(window, tmp_path):
    await window.put()
    await window.put("token:2", name="theirs")
    async with speaking(window.server, tmp_path, ERAS[0]) as speaker:
        wanted = [URI, "events://theirs", "events://nothing"]
        await speaker.begin("subscriptions/listen", notifications={"resourceSubscriptions": wanted})
        _, said = await speaker.hear()
    assert said["notifications"] == {"resourceSubscriptions": [URI]}


async def test_the_older_generation_is_refused_what_is_not_for_the_caller(window, tmp_path):
    await window.put("token:2", name="theirs")
    async with speaking(window.server, tmp_path, ERAS[1]) as speaker:
        assert (await speaker.refusal("resources/subscribe", uri="events://theirs"))["code"] == -32602


async def test_whoever_has_unsubscribed_or_gone_is_told_no_more(window, clock, tmp_path):
    await window.put()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    async with window.looking(), speaking(window.server, tmp_path / "a", ERAS[1]) as staying:
        async with speaking(window.server, tmp_path / "b", ERAS[1]) as leaving:
            await watch(leaving, ERAS[1], URI)
        await watch(staying, ERAS[1], URI)
        await staying.ask("resources/unsubscribe", uri=URI)
        await clock.wait_for_sleepers()
        await stored(window.log, event())
        await staying.ask("tools/list")
    assert staying.told == []


async def test_what_was_stored_while_nobody_looked_is_not_told_later(window, clock, tmp_path):
    await window.put()
    async with window.looking(), speaking(window.server, tmp_path, ERAS[0]) as speaker:
        await clock.wait_for_sleepers()
        await stored(window.log, event())
        await speaker.ask("tools/list")
        await watch(speaker, ERAS[0], URI)
        await speaker.ask("tools/list")
    assert speaker.told == []


async def test_where_the_connection_has_no_way_back_the_request_is_granted_and_nothing_is_told(window):
    await window.put("token:1")
    asked = posted(ERAS[1], "resources/subscribe", uri=URI)
    async with over_http(window.server) as url, httpx2.AsyncClient() as web:
        answered = await web.post(url, **asked)
    assert '"result":{}' in answered.text.replace(" ", "")


async def test_lists_of_tools_are_told_to_all_as_before(window, tmp_path):
    from mcp.server.subscriptions import ToolsListChanged

    async with speaking(window.server, tmp_path, ERAS[0]) as speaker:
        await speaker.begin("subscriptions/listen", notifications={"toolsListChanged": True})
        await speaker.hear()
        await window.listen._bus.publish(ToolsListChanged())  # noqa: SLF001
        assert (await speaker.hear())[0] == "notifications/tools/list_changed"
