"""What our own calls cause comes back as events, which are known as ours and wake no model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from support.occurred import event as outside
from support.running import Running, running
from support.sinks import Desk, Listed, Runner
from wirepost.calls.taint import Taints
from wirepost.events.event import Event
from wirepost.events.matching import Matcher
from wirepost.notifications.loops import Loops
from wirepost.settings import EventSettings

WRITES: dict[str, dict[str, Any]] = {
    "crm_create_records": {
        "object": "contact",
        "connection": "hubspot-sandbox",
        "records": [{"fields": [{"name": "email", "value": "new@example.com"}]}],
    },
    "slack_send_message": {"channel": "#support", "text": "Hello"},
    "stripe_save_customer": {"email": "new@example.com", "name": "New"},
}


async def caused(wirepost: Running, tool: str) -> list[Event]:
    """The events that a call of ours led to."""
    hub = wirepost.app.hub
    async with hub.at_work():
        arguments = WRITES[tool]
        if tool == "slack_send_message":
            await wirepost.confirmed(tool, **arguments)
        else:
            await wirepost.ok(tool, **arguments)
        await hub.rehearsal.settled()
        return await hub.events.after(0, 10)


@pytest.mark.parametrize("tool", WRITES)
async def test_an_event_about_our_own_write_is_marked_and_wakes_no_model(tmp_path: Path, tool: str) -> None:
    """12.4.12a: a CRM, a chat, a shop."""
    async with running(tmp_path) as wirepost:
        hub = wirepost.app.hub
        desk = Desk(hub.events, hub.deliveries, hub.subscriptions, ManualClock(wirepost.app.clock.now()))
        agent, person = Runner("agent"), Listed("person")
        await desk.subscription("all", deliver=["agent", "person"], exclude_self=False)
        usual = await desk.subscription("usual", deliver=["agent", "person"])
        events = await caused(wirepost, tool)
        assert events
        assert {each.actor["kind"] for each in events} == {"self"}

        loops = Loops(EventSettings(), ["agent"])
        matcher = Matcher(hub.events, hub.deliveries, desk.clock, max_waiting=100, allows=loops.allows)
        while await matcher.step():
            pass
        deliverer = desk.deliverer(agent, person)
        for sink in (agent, person):
            await deliverer.turn(sink.name)
        assert usual.id not in {each.subscription_id for each in (*agent.given, *person.given)}
        assert len(person.given) == len(events), "an operator asked for all of them"


async def test_a_write_after_reading_an_event_makes_the_chain_longer(tmp_path: Path) -> None:
    async with running(tmp_path) as wirepost:
        app = wirepost.app
        await Taints(app.database, app.clock, app.settings.events).read("local", [outside(hops=1)])
        (made,) = await caused(wirepost, "stripe_save_customer")
        assert made.hops == 2
        assert made.correlation_id is not None
        assert made.correlation_id.startswith("int_")
