"""A change in a sandbox comes back as a signed webhook, and what a tool has changed is known as our own."""

from __future__ import annotations

import asyncio
import os

import httpx2
import pytest

from support.clock import ManualClock
from support.running import running
from wirepost.events.filters import Filter
from wirepost.events.rehearsal import AGAIN_S
from wirepost.sandbox.vendor import SandboxEvent

SHOP = "stripe-sandbox"


@pytest.fixture
async def wirepost(tmp_path):
    async with running(tmp_path) as wirepost, wirepost.app.hub.at_work():
        yield wirepost


async def events_of(wirepost):
    await wirepost.app.hub.rehearsal.settled()
    return await wirepost.app.hub.events.after(0, 100)


async def test_what_somebody_changes_at_the_vendor_arrives(wirepost):
    vendor = wirepost.app.connections.sandbox(SHOP)
    transport = httpx2.ASGITransport(app=vendor.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://stripe") as http:
        answer = await http.post(
            "/v1/customers", data={"name": "Ada"}, headers={"Authorization": f"Bearer {vendor.key}"}
        )
    made = answer.json()
    events = await events_of(wirepost)
    (event,) = [each for each in events if each.provider_type == "customer.created"]
    assert event.subject == f"customer/{made['id']}"
    assert (event.verified, event.environment, event.actor["kind"]) == ("signature", "sandbox", "unknown")


async def test_what_a_tool_changes_is_known_as_our_own(wirepost):
    saved = await wirepost.ok("stripe_save_customer", name="Ada", email="ada@example.com", intent="ada")
    events = await events_of(wirepost)
    (event,) = [each for each in events if each.provider_type == "customer.created"]
    assert event.object_id == saved["data"]["id"]
    assert event.actor["kind"] == "self"
    assert not Filter().matches(event)


class Mended(ManualClock):
    """While somebody waits the second time, the secret is put where it belongs."""

    async def sleep(self, seconds: float) -> None:
        """Time passes."""
        await super().sleep(seconds)
        if seconds == AGAIN_S[1]:
            self.mend()

    def mend(self) -> None:
        """What happens meanwhile."""
        os.environ["SHOP_SECRET"] = "whsec_" + "A" * 32


async def test_what_is_not_taken_at_once_is_sent_again(tmp_path, monkeypatch):
    webhook = {"default": {"secrets": ["env:SHOP_SECRET"]}}
    shop = {SHOP: {"provider": "stripe", "environment": "sandbox", "webhooks": webhook}}
    monkeypatch.setenv("SHOP_SECRET", "")
    clock = Mended()
    async with running(tmp_path, clock, connections=shop) as wirepost:
        hub = wirepost.app.hub
        hub.rehearsal.listener(SHOP)(SandboxEvent("customer.created", b"{", {}))
        sending = asyncio.create_task(hub.rehearsal.run())
        await asyncio.wait_for(hub.rehearsal.settled(), 10)
        sending.cancel()
        letters = await wirepost.app.database.read("SELECT source FROM dead_letters LIMIT 5")
        assert letters == [(SHOP,)], "it is genuine, and what cannot be read of it is kept"
        assert clock.slept[:2] == list(AGAIN_S[:2])
