"""The whole way of a webhook in a running server: proven, stored once, and what goes on behind it."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from support.running import running
from support.serving import served
from wirepost.calls.caller import Caller
from wirepost.notifications.hub import Hub, may_read
from wirepost.server.asgi import build_asgi
from wirepost.server.mcp import build_mcp

SHOP = "stripe-sandbox"


def asgi_of(app):
    return build_asgi(app, build_mcp(app.calls, secret=app.secret, version="1"))


async def signed(hub: Hub, kind: str) -> tuple[bytes, dict[str, str]]:
    endpoint = hub.endpoints.find(SHOP)
    terms = await endpoint.terms()
    headers, body = endpoint.webhook.sample(kind, {})
    at = hub.clock.now().timestamp()
    url = f"http://127.0.0.1/webhooks/{SHOP}"
    return body, dict(endpoint.webhook.sign(headers, body, url, terms.secrets[0].value, at))


async def test_a_signed_request_is_stored_once_and_a_forged_one_never(tmp_path):
    async with running(tmp_path) as wirepost, served(asgi_of(wirepost.app)) as base:
        hub = wirepost.app.hub
        body, headers = await signed(hub, "payment.refunded")
        url = f"{base}/webhooks/{SHOP}"
        async with httpx2.AsyncClient() as http:
            answers = [
                (await http.post(url, content=content, headers=headers)).json()
                for content in (body, body, body + b" ")
            ]
        assert [answer["status"] for answer in answers] == ["stored", "duplicate", "refused"]
        assert answers[0]["id"] == answers[1]["id"]
        (event,) = await hub.events.after(0, 10)
        assert (event.id, event.type, event.source) == (answers[0]["id"], "payment.refunded", SHOP)


async def test_each_sandbox_has_an_endpoint_that_keeps_its_secret_over_a_restart(tmp_path):
    async def secrets() -> dict[str, list[str]]:
        async with running(tmp_path) as wirepost:
            all_of_them = wirepost.app.hub.endpoints.all()
            silent = {"embedded", "anthropic-sandbox"}  # these send nothing
            assert {each.source for each in all_of_them} == wirepost.app.connections.by_name.keys() - silent
            terms = {each.source: await each.terms() for each in all_of_them}
            return {name: [secret.value for secret in each.secrets] for name, each in terms.items()}

    before = await secrets()
    assert before == await secrets()
    assert before["salesforce-sandbox"] == [], "nothing in its requests is signed; its address is the secret"
    assert len({tuple(each) for each in before.values()}) == len(before)


async def test_what_stops_by_a_fault_begins_again(clock):
    begun = asyncio.Event()
    times = 0

    async def task() -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise ValueError("a fault")
        begun.set()
        await asyncio.Event().wait()

    hub = object.__new__(Hub)
    object.__setattr__(hub, "clock", clock)
    object.__setattr__(hub, "tasks", {"task": task})
    async with hub.at_work(), asyncio.timeout(5):
        await begun.wait()
    assert times == 2


@pytest.mark.parametrize(("scopes", "may"), [(None, True), ({"event.read"}, True), ({"stripe.read"}, False)])
def test_events_are_for_those_who_may_read_them(scopes, may):
    assert may_read(Caller("a", None if scopes is None else frozenset(scopes)), SHOP) is may
