"""Killed with -9 at each point of a refund: the next process repeats it, and exactly one refund exists."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from support.clock import ManualClock
from support.postgres import address_in
from support.postgres import ask as postgres
from support.serving import served
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.sandbox.sockets import ConnectionCut
from wirepost.sandbox.world import World

pytestmark = pytest.mark.slow

INTENT = "refund-4711"
PROGRAM = """
import asyncio, sys, orjson
from pathlib import Path
from wirepost.app import build_app
from wirepost.calls.audit import verify
from wirepost.calls.caller import LOCAL
from wirepost.settings import load_settings

async def main(base_url, directory, arguments, store):
    stripe = {"provider": "stripe", "environment": "test", "base_url": base_url, "key": "env:STRIPE_KEY"}
    overrides = {"data_dir": directory, "connections": {"stripe": stripe}, "store": store}
    settings = load_settings(None, {}, overrides)
    app = await build_app(settings)
    outcome = await app.calls.call(LOCAL, "stripe_create_refund", arguments)
    chain = await verify(app.database)
    rows = await app.database.read("SELECT state FROM intents LIMIT 10")
    await app.close()
    seen = {"chain": chain.is_whole, "states": [row[0] for row in rows]}
    print(orjson.dumps({**outcome.envelope, **seen}).decode())

asyncio.run(main(sys.argv[1], sys.argv[2], *map(orjson.loads, sys.argv[3:])))
"""


class Trap:
    """The vendor behind a socket; kills whoever sends a certain request, before or after it is processed."""

    def __init__(self, sandbox: StripeSandbox) -> None:
        self.sandbox = sandbox
        self.victim: asyncio.subprocess.Process | None = None
        self.method, self.prefix, self.passes, self.is_after = "", "", 0, False

    def set(self, method: str, prefix: str, *, passes: int = 0, is_after: bool = False) -> None:
        """Arm it; `passes` fitting requests go through first."""
        self.method, self.prefix, self.passes, self.is_after = method, prefix, passes, is_after

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.sandbox.app(scope, receive, send)
            return
        if self.method != scope["method"] or not scope["path"].startswith(self.prefix) or self.victim is None:
            await self.sandbox.app(scope, receive, send)
            return
        if self.passes:
            self.passes -= 1
            await self.sandbox.app(scope, receive, send)
            return
        victim, self.victim = self.victim, None
        if self.is_after:
            answer: list[Any] = []

            async def keep(message: Any) -> None:
                answer.append(message)

            await self.sandbox.app(scope, receive, keep)
        os.kill(victim.pid, signal.SIGKILL)
        raise ConnectionCut


class Store:
    """Where the processes of a test keep what they know: the data directory, or a schema of PostgreSQL."""

    def __init__(self, schema: str | None) -> None:
        self._schema = schema

    @property
    def settings(self) -> dict[str, str]:
        """The section of the configuration."""
        return {"url": address_in(self._schema)} if self._schema else {}

    def let_the_dead_be_dead(self) -> None:
        """As if the time had passed after which a process that proves no life is taken for dead."""
        if self._schema:
            owners = postgres("UPDATE leases SET until_at = until_at - 20 RETURNING name", self._schema)
            assert len(owners) == 1


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.services("postgres"))])
def store(request: pytest.FixtureRequest) -> Store:
    return Store(request.getfixturevalue("schema") if request.param == "postgres" else None)


async def run(
    trap: Trap, base_url: str, directory: Path, store: Store, *, is_doomed: bool = False, **arguments: Any
) -> Any:
    """One process that makes one call; its envelope, or the signal that ended it."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        base_url,
        str(directory),
        orjson.dumps(arguments).decode(),
        orjson.dumps(store.settings).decode(),
        env={**os.environ, "STRIPE_KEY": StripeSandbox.key},
        stdout=asyncio.subprocess.PIPE,
    )
    trap.victim = child if is_doomed else None
    async with asyncio.timeout(30):
        out, _ = await child.communicate()
    return child.returncode if is_doomed else orjson.loads(out)


async def ask(sandbox: StripeSandbox, path: str, **query: str) -> Any:
    """What Stripe says, asked directly."""
    transport = httpx2.ASGITransport(app=sandbox.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://stripe") as http:
        answer = await http.get(path, params=query, headers={"Authorization": f"Bearer {StripeSandbox.key}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def paid_invoice(sandbox: StripeSandbox) -> str:
    """An invoice whose payment nothing happened to; naming it, a refund needs a read before its write."""
    page = await ask(sandbox, "/v1/invoices", status="paid", limit="100", **{"expand[]": "data.payments"})
    for invoice in page["data"]:
        for paid in invoice["payments"]["data"]:
            payment = paid["payment"].get("payment_intent")
            if payment:
                found = await ask(sandbox, f"/v1/payment_intents/{payment}", **{"expand[]": "latest_charge"})
                charge = found["latest_charge"]
                if charge["captured"] and not charge["amount_refunded"] and not charge["disputed"]:
                    return str(invoice["id"])
    pytest.fail("the world has no such invoice")


@pytest.mark.parametrize("point", ["claimed", "dispatched", "applied"])
async def test_refund_exists_exactly_once_after_kill_9(tmp_path: Path, point: str, store: Store) -> None:
    clock = ManualClock()
    trap = Trap(StripeSandbox(World.build(clock.now()), clock))
    async with served(trap, log_level="critical") as base_url:
        payment = await paid_invoice(trap.sandbox)
        asked = {"payment": payment, "intent": INTENT}
        preview = await run(trap, base_url, tmp_path, store, **asked, mode="preview")
        asked["confirmation"] = preview["data"]["confirmation"]
        if point == "claimed":
            trap.set("GET", "/v1/invoices", passes=1)
        else:
            trap.set("POST", "/v1/refunds", is_after=point == "applied")

        assert await run(trap, base_url, tmp_path, store, is_doomed=True, **asked) == -signal.SIGKILL
        store.let_the_dead_be_dead()
        again = await run(trap, base_url, tmp_path, store, **asked)

        assert again["data"]["status"] == "succeeded"
        assert again["chain"]
        assert again["states"] == ["applied"]
        sent = [r for r in trap.sandbox.requests if (r.method, r.path) == ("POST", "/v1/refunds")]
        assert len({r.headers["idempotency-key"] for r in sent}) == 1
        refunds = await ask(trap.sandbox, "/v1/refunds", payment_intent=again["data"]["payment"])
        assert [refund["id"] for refund in refunds["data"]] == [again["data"]["id"]]
