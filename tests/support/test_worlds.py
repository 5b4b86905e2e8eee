"""A world may be shared: whatever is done in a sandbox stays in the sandbox."""

from __future__ import annotations

from typing import Any

import httpx2

from support.clock import START, ManualClock
from support.sandboxes import ANNA, PAID, JudgedStripe
from support.worlds import world_at
from wirepost.providers.slack.sandbox import SlackSandbox
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.providers.stripe.sandbox.endpoints import KINDS
from wirepost.sandbox.world import World

FACTS = (
    "companies", "people", "products", "prices", "orders", "payments", "refunds", "disputes", "subscriptions",
    "invoices", "team", "deals", "tickets", "activities", "channels", "messages",
)  # fmt: skip


def facts(world: World) -> dict[str, object]:
    return {name: getattr(world, name) for name in FACTS}


def test_the_same_moment_has_the_same_world() -> None:
    assert world_at(START) is world_at(START)


async def test_writing_in_stripe_changes_no_fact() -> None:
    world = World(START)
    clock = ManualClock()
    stripe = JudgedStripe(StripeSandbox(world, clock), clock)
    for kind in KINDS:
        stripe.sandbox.state().table(kind)
    writes: dict[str, dict[str, Any]] = {
        "/v1/refunds": {"payment_intent": PAID, "amount": 500},
        f"/v1/customers/{ANNA}": {"name": "Somebody Else", "email": "else@example.com"},
        "/v1/subscriptions/sub_NordlichtExample": {"cancel_at_period_end": True},
        "/v1/disputes/dp_NordlichtExample": {"evidence": {"customer_name": "A"}, "submit": True},
        "/v1/invoices/in_NordlichtExample/finalize": {},
    }
    for path, params in writes.items():
        answer = await stripe.post(path, **params)
        assert answer.status == 200, answer.body
    assert (await stripe.delete("/v1/subscriptions/sub_NordlichtExample")).status == 200
    assert facts(world) == facts(World(START))


async def test_writing_in_slack_changes_no_fact() -> None:
    world = World(START)
    sandbox = SlackSandbox(world, ManualClock())
    writes: list[tuple[str, dict[str, str]]] = [
        ("chat.postMessage", {"channel": "C0SUPPORT", "text": "Done", "thread_ts": "1735725600.000100"}),
        ("reactions.add", {"channel": "C0SUPPORT", "timestamp": "1735725600.000100", "name": "eyes"}),
        ("chat.update", {"channel": "C0SUPPORT", "ts": "1735729200.000200", "text": "Changed"}),
        ("chat.delete", {"channel": "C0SUPPORT", "ts": "1735729200.000200"}),
    ]
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=sandbox.app),
        base_url="http://slack.sandbox",
        headers={"Authorization": "Bearer xoxb-any"},
    ) as client:
        for method, body in writes:
            answer = (await client.post(f"/api/{method}", data=body)).json()
            assert answer["ok"], (method, answer)
    assert facts(world) == facts(World(START))
