"""What commands about events work with: the store of the server, beside it or alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.calls.audit import Audit
    from wirepost.calls.long_work import LongWork
    from wirepost.connections.connections import Connections
    from wirepost.core.clock import Clock
    from wirepost.events.endpoints import Endpoint
    from wirepost.events.setup import WebhookSetup
    from wirepost.events.subscriptions import Subscription
    from wirepost.jobs.steering import Steering
    from wirepost.notifications.hub import Hub
    from wirepost.settings import Settings
    from wirepost.store.database import Database
    from wirepost.webhooks.manage import Hook


@dataclass(frozen=True)
class Post:
    """The events of a configuration, opened for one command; nothing goes on in the background."""

    settings: Settings
    clock: Clock
    database: Database
    connections: Connections
    audit: Audit
    hub: Hub
    long_work: LongWork
    url: str | None
    """Where programs on this machine reach the running server, if one runs."""

    def endpoint(self, connection: str, name: str | None = None) -> Endpoint:
        """The endpoint of a connection, its only one where none is named; raises `ConfigError`."""
        of_it = [each for each in self.hub.endpoints.all() if each.source == connection]
        found = [each for each in of_it if name in {None, each.name}]
        if len(found) == 1:
            return found[0]
        if connection not in self.settings.connections:
            known = ", ".join(self.settings.connections)
            raise ConfigError(f"there is no connection {connection!r}", hint=f"configured: {known}")
        if not of_it:
            raise ConfigError(
                f"{connection} has no webhook",
                key=f"connections.{connection}.webhooks",
                hint=f"add webhooks: {{default: {{}}}} to it, then wirepost webhooks setup {connection}",
            )
        names = ", ".join(each.name for each in of_it)
        raise ConfigError(f"{connection} has the endpoints {names}", hint="name one with --endpoint")

    @property
    def steering(self) -> Steering:
        """What ends and follows jobs."""
        from wirepost.jobs.steering import Steering

        return Steering(self.long_work.jobs, self.long_work.looks, self.clock)

    def setup(self, endpoint: Endpoint) -> WebhookSetup:
        """What changes the webhook at the provider; each change goes on record."""
        from wirepost.events.setup import WebhookSetup

        async def note(deed: str, place: str, hook: Hook) -> None:
            about = {"connection": endpoint.source, "endpoint": endpoint.name, "place": place}
            await self.note(f"webhook.{deed}", **about, hook=hook.id, url=hook.url)

        connection = self.connections.by_name[endpoint.source]
        return WebhookSetup(endpoint, connection, self.hub.stored, self.clock, note)

    async def subscription(self, name: str) -> Subscription:
        """The subscription of that name or id, whoever owns it; raises `ConfigError`."""
        known = await self.hub.subscriptions.all()
        found = [each for each in known if name in {each.name, each.id}]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(f"{each.id} ({each.owner})" for each in found)
            raise ConfigError(f"several subscriptions are called {name!r}", hint=f"name one by its id: {ids}")
        names = ", ".join(sorted({each.name for each in known})) or "none"
        raise ConfigError(f"there is no subscription {name!r}", hint=f"there are: {names}")

    async def note(self, event: str, **details: Any) -> None:
        """Put on record what an operator did; raises `Unavailable`."""
        from wirepost.core.times import to_rfc3339

        at = to_rfc3339(self.clock.now())
        await self.audit.record(at, {"at": at, "event": event, **details})


@asynccontextmanager
async def post(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Post]:
    """Open the store of a configuration, whether or not a server has it open; raises `ConfigError`."""
    from wirepost.app import connections_of, find_sender, vault_of
    from wirepost.calls.audit import Audit
    from wirepost.calls.custody import custody
    from wirepost.calls.long_work import long_work
    from wirepost.calls.own_writes import OwnWrites
    from wirepost.calls.owner import Owner
    from wirepost.calls.taint import Taints
    from wirepost.core.clock import Clock
    from wirepost.core.signing import Signer
    from wirepost.notifications.hub import hub_of
    from wirepost.secrets.resolve import Secrets
    from wirepost.store.database import Database
    from wirepost.store.keys import server_secret
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
        connections = connections_of(settings, clock, secrets)
        stack.push_async_callback(connections.close)
        signer, audit = Signer(await server_secret(database)), Audit(database)
        vault = await vault_of(settings, secrets, directory, connections, signer)
        await stack.enter_async_context(
            custody(connections, database, vault, unsaved=directory.unsaved_path, audit=audit, clock=clock)
        )
        long = long_work(settings, database, connections, Owner(database, clock), clock)
        hub = hub_of(
            settings,
            find_sender=find_sender,
            connections=connections,
            database=database,
            signer=signer,
            vault=vault,
            secrets=secrets,
            own_writes=OwnWrites(database, clock),
            taints=Taints(database, clock, settings.events),
            long_work=long,
            clock=clock,
        )
        stack.push_async_callback(hub.close)
        url = owner.url if owner else None
        yield Post(settings, clock, database, connections, audit, hub, long, url)
