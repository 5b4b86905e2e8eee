"""What commands about accounts work with: the store and the keys of the server, beside it or alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.connections.accounts import Accounts
    from wirepost.connections.connections import Connections
    from wirepost.connections.oauth.connecting import Connecting
    from wirepost.connections.oauth.links import Links
    from wirepost.core.clock import Clock
    from wirepost.settings import Settings


@dataclass(frozen=True)
class Workplace:
    """The accounts of a configuration, opened for one command."""

    settings: Settings
    clock: Clock
    connections: Connections
    accounts: Accounts
    connecting: Connecting
    links: Links
    """Makes links only while a server runs that serves pages."""

    def check(self, name: str) -> None:
        """Refuse a connection that is not there, or that nobody consents to."""
        if name not in self.settings.connections:
            known = ", ".join(self.settings.connections)
            raise ConfigError(f"there is no connection {name!r}", hint=f"configured: {known}")
        self.connecting.party(name)


@asynccontextmanager
async def workplace(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Workplace]:
    """Open the store of a configuration, whether or not a server has it open as well."""
    from wirepost.app import connections_of
    from wirepost.calls.audit import Audit
    from wirepost.calls.custody import custody
    from wirepost.connections.oauth.links import Links
    from wirepost.core.clock import Clock
    from wirepost.secrets.keys import key_ring
    from wirepost.secrets.resolve import Secrets
    from wirepost.secrets.vault import Vault
    from wirepost.store.database import Database
    from wirepost.store.owner import DataDirectory
    from wirepost.store.place import place_of

    clock, directory = clock or Clock(), DataDirectory(settings.data_dir)
    directory.create()
    owner = directory.find_owner()
    async with AsyncExitStack() as stack:
        database = await Database.open(place_of(settings.store, directory), clock)
        stack.push_async_callback(database.close)
        secrets = Secrets(settings.secrets, clock)
        stack.push_async_callback(secrets.close)
        ring = await key_ring(settings, secrets, directory, is_needed=True)
        if ring is None:
            raise RuntimeError("keys are there where they are needed")
        vault = Vault(ring)
        connections = connections_of(settings, clock, secrets)
        stack.push_async_callback(connections.close)
        kept = await stack.enter_async_context(
            custody(
                connections,
                database,
                vault,
                unsaved=directory.unsaved_path,
                audit=Audit(database),
                clock=clock,
            )
        )
        address = (settings.server.url or owner.url) if owner and owner.url else None
        links = Links(database, clock, address)
        yield Workplace(settings, clock, connections, kept.accounts, kept.connecting, links)


@asynccontextmanager
async def usable_connections(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Connections]:
    """The connections with the accounts that people connected; opens a store only where there may be such."""
    from wirepost.app import connections_of
    from wirepost.connections.status import takes_consents
    from wirepost.core.clock import Clock

    clock = clock or Clock()
    connections = connections_of(settings, clock)
    if any(takes_consents(each) for each in connections.by_name.values()):
        async with workplace(settings, clock) as place:
            yield place.connections
        return
    try:
        yield connections
    finally:
        await connections.close()


@asynccontextmanager
async def connections_and_accounts(settings: Settings) -> AsyncIterator[tuple[Connections, Accounts | None]]:
    """The connections and what is known of their accounts; needs no key, and makes no store."""
    from wirepost.app import connections_of
    from wirepost.connections.accounts import Accounts
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database
    from wirepost.store.owner import DataDirectory
    from wirepost.store.place import place_of

    clock, directory = Clock(), DataDirectory(settings.data_dir)
    connections = connections_of(settings, clock)
    if settings.store.url is None and not directory.database_path.exists():
        yield connections, None
        return
    database = await Database.open(place_of(settings.store, directory), clock)
    try:
        yield connections, Accounts(database, clock)
    finally:
        await database.close()
