"""Two servers on one PostgreSQL are one Wirepost: an action happens once, and one chain tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from support.clock import ManualClock
from support.postgres import address_in, ask
from support.programs import Served, serving, start
from support.running import running
from support.serving import served
from wirepost.calls.audit import verify
from wirepost.cli.remote import Remote
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.sandbox.world import World

pytestmark = [pytest.mark.slow, pytest.mark.services("postgres")]

ROUNDS = 4
PATIENCE_S = 50


@pytest.fixture
def sandbox() -> StripeSandbox:
    clock = ManualClock()
    return StripeSandbox(World.build(clock.now()), clock)


@pytest.fixture
async def configuration(sandbox: StripeSandbox, schema: str, tmp_path: Path) -> AsyncIterator[Path]:
    """The configuration that both servers have, with a cap that the rounds do not reach."""
    for name, secret in (("key", StripeSandbox.key), ("database", address_in(schema))):
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(secret)
    async with served(sandbox.app, log_level="critical") as url:
        file = tmp_path / "wirepost.yaml"
        file.write_text(
            f"store: {{url: file:{tmp_path / 'database'}}}\n"
            f"connections:\n  shop: {{provider: stripe, environment: test, base_url: {url}, "
            f"key: file:{tmp_path / 'key'}}}\n"
        )
        yield file


async def call(server: Served, name: str, **arguments: Any) -> tuple[dict[str, Any], bool]:
    """The envelope that a server answers with, and whether it is an error."""

    def run() -> tuple[dict[str, Any], bool]:
        with Remote(server.directory.socket_path) as remote:
            return remote.call_tool(name, arguments)

    return await asyncio.to_thread(run)


async def ok(server: Served, name: str, **arguments: Any) -> dict[str, Any]:
    envelope, is_error = await call(server, name, **arguments)
    assert not is_error, envelope
    return envelope


async def payments(sandbox: StripeSandbox) -> list[str]:
    """Payments in euro that nothing happened to yet."""
    transport = httpx2.ASGITransport(app=sandbox.app)
    key = {"Authorization": f"Bearer {StripeSandbox.key}"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://stripe", headers=key) as http:
        page = (await http.get("/v1/charges", params={"limit": "100"})).json()
    return [
        charge["payment_intent"]
        for charge in page["data"]
        if charge["captured"]
        and not charge["amount_refunded"]
        and not charge["disputed"]
        and charge["currency"] == "eur"
        and charge["amount"] > 1000
    ]


async def test_the_same_intent_at_two_servers_at_once_is_one_write(sandbox, configuration, tmp_path):
    config = ("--config", str(configuration))
    async with (
        serving(tmp_path / "one", *config) as one,
        serving(tmp_path / "two", *config) as two,
        asyncio.timeout(PATIENCE_S),
    ):
        for number, payment in enumerate((await payments(sandbox))[:ROUNDS]):
            asked = {"payment": payment, "amount": "5.00", "currency": "eur", "intent": f"refund-{number}"}
            preview = await ok(one, "stripe_create_refund", **asked, mode="preview")
            asked["confirmation"] = preview["data"]["confirmation"]
            answers = await asyncio.gather(
                *(ok(server, "stripe_create_refund", **asked) for server in (one, two, one, two))
            )
            assert len({answer["data"]["id"] for answer in answers}) == 1
            assert sorted(each["meta"]["idempotency"]["replayed"] for each in answers) == [False, *[True] * 3]
        sent = [r for r in sandbox.requests if (r.method, r.path) == ("POST", "/v1/refunds")]
        assert len(sent) == ROUNDS
        heads = []
        for server in (one, two):
            process = await start("audit", "verify", "--data-dir", server.directory.path, *config)
            said, _ = await process.communicate()
            assert process.returncode == 0, said
            heads.append(said)
        assert heads[0] == heads[1]
        assert heads[0].startswith(f"whole: {ROUNDS * 5} records".encode())


async def test_the_cap_of_a_day_holds_for_both_servers_together(sandbox, configuration, tmp_path):
    configuration.write_text(
        configuration.read_text().replace("key: file", "money: {max_per_day: {eur: '12.00'}}, key: file")
    )
    config = ("--config", str(configuration))
    async with (
        serving(tmp_path / "one", *config) as one,
        serving(tmp_path / "two", *config) as two,
        asyncio.timeout(PATIENCE_S),
    ):

        async def refund(server: Served, payment: str) -> bool:
            asked = {"payment": payment, "amount": "5.00", "currency": "eur", "intent": payment}
            preview = await ok(server, "stripe_create_refund", **asked, mode="preview")
            asked["confirmation"] = preview["data"]["confirmation"]
            _, is_error = await call(server, "stripe_create_refund", **asked)
            return not is_error

        found = (await payments(sandbox))[:6]
        done = await asyncio.gather(*(refund((one, two)[n % 2], payment) for n, payment in enumerate(found)))
        assert sum(done) == 2


async def test_the_sandbox_world_is_served_from_postgresql(schema, tmp_path):
    store = {"url": address_in(schema)}
    async with running(tmp_path, store=store) as first:
        page = await first.ok("stripe_list_payments", status="succeeded", limit=100)
        payment = next(each for each in page["data"]["records"] if each["amount_minor"] > 3000)
        asked = {
            "payment": payment["id"],
            "amount": "10.00",
            "currency": payment["currency"],
            "intent": "once",
        }
        done = await first.confirmed("stripe_create_refund", **asked)
        assert (await verify(first.app.database)).is_whole
        assert not (tmp_path / "data" / "wirepost.db").exists()
    assert ask("SELECT name FROM leases", schema) == []
    async with running(tmp_path, store=store) as second:
        again = await second.ok("stripe_create_refund", **asked)
        assert again["data"]["id"] == done["data"]["id"]
        assert again["meta"]["idempotency"]["replayed"]
        assert second.sent(path="/v1/refunds") == []
        assert (await verify(second.app.database)).records == 4
