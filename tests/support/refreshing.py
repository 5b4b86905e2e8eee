"""A connection with an account that a person connected; several processes may share its store.

As a program it waits for a line, makes many calls at once, and prints how they ended.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from wirepost.connections.accounts import Account, Accounts
from wirepost.connections.connections import Connection
from wirepost.connections.oauth.refresh import LEASE_S, Refresher
from wirepost.core.clock import Clock
from wirepost.core.errors import CallError
from wirepost.providers import load_provider
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.settings import ConnectionSettings
from wirepost.store.database import Database
from wirepost.store.leases import Leases
from wirepost.store.postgres.server import Server
from wirepost.upstream.ask import Ask
from wirepost.upstream.scope import Scope

TESTS = Path(__file__).parent.parent
SECRET_VARIABLE = "WIREPOST_TEST_CLIENT_SECRET"
PATIENCE_S = 50


@dataclass
class Connected:
    """A connection over an open store."""

    connection: Connection
    accounts: Accounts
    refresher: Refresher

    async def call(self, path: str) -> str:
        """`ok`, or how the call ended."""
        scope = Scope(self.connection.clock.monotonic() + PATIENCE_S)
        try:
            await (await self.connection.access("anybody")).client(scope).send(Ask("GET", path))
        except CallError as error:
            return f"{error.code} {error.provider_code or ''}".strip()
        return "ok"

    async def expire(self) -> None:
        """From now on the access token has ended, as far as we know."""
        account = await self.stored()
        await self.accounts.put(replace(account, expires_at=1.0, refresh_at=1.0))

    async def stored(self) -> Account:
        """The account."""
        account = await self.accounts.find("crm")
        assert account is not None
        return account


class Killed(Accounts):
    """The process ends the moment before new tokens are stored."""

    async def renew(self, renewed: Account) -> bool:
        """Never comes back."""
        os.kill(os.getpid(), signal.SIGKILL)
        return await super().renew(renewed)


@asynccontextmanager
async def connected(
    place: Path | Server,
    settings: dict[str, Any],
    clock: Clock | None = None,
    *,
    kind: type[Accounts] = Accounts,
    lease_s: float = LEASE_S,
) -> AsyncIterator[Connected]:
    """Open the store at a place; `settings` are those of the connection `crm`."""
    clock = clock or Clock()
    async with AsyncExitStack() as stack:
        database = await Database.open(place, clock)
        stack.push_async_callback(database.close)
        accounts = kind(database, clock, Vault(KeyRing([b"k" * 32])))
        refresher = Refresher(accounts, Leases(database, clock), clock, lease_s=lease_s)
        options = ConnectionSettings.model_validate({"provider": "http", "environment": "test", **settings})
        connection = Connection("crm", load_provider("http"), options, clock, _no_world)
        connection.refresher = refresher
        stack.push_async_callback(connection.close)
        stack.push_async_callback(refresher.close)
        yield Connected(connection, accounts, refresher)


def settings_of(url: str, client_id: str, **oauth: Any) -> dict[str, Any]:
    """A connection by consent to a server that answers at one address."""
    return {
        "auth": "oauth",
        "client_id": client_id,
        "client_secret": f"env:{SECRET_VARIABLE}",
        "base_url": url,
        "limits": {"requests_per_s": 1000, "burst": 1000, "concurrency": 50},
        "oauth": {
            "authorize_url": f"{url}/auth",
            "token_url": f"{url}/token",
            "revoke_url": f"{url}/token/revocation",
            "rotates": True,
            **oauth,
        },
    }


@asynccontextmanager
async def processes(
    count: int, place: Path | Server, settings: dict[str, Any], **orders: Any
) -> AsyncIterator[list[Process]]:
    """So many programs that have the store open and wait for a line; killed at the end if they still run."""
    told = {
        "place": str(place) if isinstance(place, Path) else place.address,
        "settings": settings,
        **orders,
    }
    started = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "support.refreshing", orjson.dumps(told).decode()),
            stdin=PIPE,
            stdout=PIPE,
            cwd=TESTS,
        )
        for _ in range(count)
    ]
    try:
        for each in started:
            assert each.stdout is not None
            async with asyncio.timeout(PATIENCE_S):
                assert await each.stdout.readline() == b"ready\n"
        yield started
    finally:
        for each in started:
            if each.returncode is None:
                each.kill()
            await each.wait()


async def results_of(started: list[Process]) -> Counter[str]:
    """Let all of them begin at once; how their calls ended."""
    async with asyncio.timeout(PATIENCE_S):
        said = await asyncio.gather(*(each.communicate(b"go\n") for each in started))
    total: Counter[str] = Counter()
    for out, _ in said:
        total.update(orjson.loads(out) if out.strip() else {"died": 1})
    return total


def _no_world() -> Any:
    raise AssertionError("no sandbox here")


async def _main(told: dict[str, Any]) -> None:
    lease_s = told.get("lease_s", LEASE_S)
    place = Path(told["place"]) if told["place"].startswith("/") else Server.at(told["place"])
    kind = Killed if told.get("is_killed") else Accounts
    async with connected(place, told["settings"], kind=kind, lease_s=lease_s) as one:
        print("ready", flush=True)  # noqa: T201 - to the test that started us
        await asyncio.to_thread(sys.stdin.readline)
        ended = await asyncio.gather(*(one.call(told["path"]) for _ in range(told["calls"])))
        print(orjson.dumps(Counter(ended)).decode(), flush=True)  # noqa: T201 - the same


if __name__ == "__main__":
    asyncio.run(_main(orjson.loads(sys.argv[1])))
