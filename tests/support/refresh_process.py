"""What one process has that renews tokens; several share a database and a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.clock import START
from support.token_server import CLIENT, FIRST, SECRET, TokenServer
from wirepost.connections.accounts import MAIN, SHARED, Account, Accounts, Tokens
from wirepost.connections.oauth.endpoint import Identity, TokenEndpoint
from wirepost.connections.oauth.refresh import Refresher
from wirepost.connections.oauth.spool import Spool
from wirepost.contracts.auth import OAuth2
from wirepost.core.clock import Clock
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.store.database import Database
from wirepost.store.leases import Leases
from wirepost.upstream.limits import Limits
from wirepost.upstream.memory import InMemoryTransport
from wirepost.upstream.upstream import Upstream

HOST = "https://login.example.com"
METHOD = OAuth2(f"{HOST}/authorize", f"{HOST}/token", "Ask.", rotates=True, idle_days=30)
NOW = START.timestamp()
DUE = {"expires_at": NOW - 1, "refresh_at": NOW - 300}
EARLY = {"expires_at": NOW + 100, "refresh_at": NOW - 1}
"""When a token ended, and when one is to be renewed while it is still good."""


class Process:
    """Accounts, a refresher with all it needs, and the endpoint of the server."""

    def __init__(
        self, database: Database, server: TokenServer, clock: Clock, directory: Path, method: OAuth2 = METHOD
    ) -> None:
        self.vault = Vault(KeyRing([b"k" * 32]))
        self.accounts = Accounts(database, clock, self.vault)
        self.dead: list[Account] = []
        self.spool = Spool(directory / "spool", self.vault)
        self.refresher = Refresher(
            self.accounts, Leases(database, clock), clock, spool=self.spool, on_death=self._note
        )

        async def nothing() -> str:
            return ""

        async def secret() -> str:
            return SECRET

        self.upstream = Upstream(
            "crm",
            base_url=HOST,
            credential=nothing,
            limits=Limits(requests_per_s=1000, burst=1000, concurrency=10, failures_to_open=1000),
            clock=clock,
            transport=InMemoryTransport(server.app),
        )
        self.endpoint = TokenEndpoint(method, Identity(CLIENT, secret), self.upstream, clock)

    async def _note(self, account: Account) -> None:
        self.dead.append(account)

    async def close(self) -> None:
        """Let it end."""
        await self.refresher.close()
        await self.upstream.close()

    async def usable(self, rejected: str | None = None, part: str = MAIN) -> Account:
        """The account with a good token."""
        return await self.refresher.usable("crm", SHARED, part, self.endpoint, rejected)

    async def token(self, rejected: str | None = None) -> str:
        """A good token."""
        return (await self.usable(rejected)).access_token

    async def put(self, **changes: Any) -> Account:
        """Somebody connected an account."""
        given = {"tokens": Tokens(*FIRST), "connected_at": NOW, "scopes_granted": ("a",), **changes}
        return await self.accounts.put(Account("crm", **given))

    async def stored(self) -> Account:
        """The account as it is in the database."""
        found = await self.accounts.find("crm")
        assert found is not None
        return found
