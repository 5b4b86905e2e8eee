"""`build_app()`: what is running, built once and in order."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from wirepost.calls.audit import Audit
from wirepost.calls.call_tool import Calls
from wirepost.calls.confirm import Confirmations
from wirepost.calls.consents import Consents
from wirepost.calls.cursor import Cursors
from wirepost.calls.custody import custody
from wirepost.calls.decide import Judge
from wirepost.calls.ledger import Ledger
from wirepost.calls.long_work import LongWork, long_work
from wirepost.calls.own_writes import OwnWrites
from wirepost.calls.owner import Owner
from wirepost.calls.policy import Policy
from wirepost.calls.remembering import Remembering
from wirepost.calls.taint import Taints
from wirepost.calls.write import Writes
from wirepost.connections.accounts import SHARED, Account, Accounts
from wirepost.connections.check import check, missing_scopes
from wirepost.connections.connections import Connection, Connections
from wirepost.connections.oauth.connecting import Connecting
from wirepost.connections.oauth.links import Links
from wirepost.connections.oauth.refresh import Refresher
from wirepost.connections.removal import keep_accounts
from wirepost.connections.status import status_of, takes_consents
from wirepost.contracts.ai import Models
from wirepost.core.clock import Clock
from wirepost.core.errors import CallError, ConfigError
from wirepost.core.signing import Signer
from wirepost.notifications.hub import Hub, hub_of
from wirepost.providers import load_provider
from wirepost.secrets.keys import key_ring, sandbox_key
from wirepost.secrets.resolve import Secrets
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.senders import load_sender
from wirepost.store.database import Database
from wirepost.store.keys import server_secret
from wirepost.store.owner import DataDirectory
from wirepost.store.place import place_of
from wirepost.store.retention import prune
from wirepost.tools.catalog import MAX_LIST_BYTES, MAX_LISTED, Catalog, Selection, ToolList, select
from wirepost.tools.index import all_tools
from wirepost.toolsets.ai.opening import open_books
from wirepost.toolsets.approvals import ApprovalDesk
from wirepost.toolsets.cards import Cards
from wirepost.toolsets.desk import Desk
from wirepost.toolsets.events.desk import EventDesk, event_desk
from wirepost.toolsets.jobs.desk import JobDesk
from wirepost.webhooks.webhook import Sender

if TYPE_CHECKING:
    from wirepost.sandbox.world import World
    from wirepost.settings import Settings
    from wirepost.tools.tool import AnyTool

KEPT_FOR = timedelta(days=400)
"""How long a settled intent is remembered."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class App:
    """A running Wirepost without its ways in."""

    settings: Settings
    clock: Clock
    directory: DataDirectory
    database: Database
    secret: bytes
    """Of this data directory; signs everything that must come back unchanged."""
    secrets: Secrets
    connections: Connections
    catalog: Catalog
    accounts: Accounts
    refresher: Refresher
    connecting: Connecting
    links: Links
    calls: Calls
    long_work: LongWork
    hub: Hub
    audit: Audit
    opened: AsyncExitStack
    """What is to be closed, in the order in which it was opened."""

    async def keep_house(self) -> None:
        """At the start and once a day: check the connections, forget what nobody can ask for any more."""
        while True:
            try:
                await self.check_connections()
            except CallError:
                log.exception("what connections may do could not be noted; next try in a day")
            await self.keep_accounts()
            try:
                await prune(self.database, self.clock, KEPT_FOR)
                await self.hub.forget_old()
                await self.long_work.jobs.prune()
            except CallError:
                log.exception("what is old could not be deleted; next try in a day")
            await self.clock.sleep(timedelta(days=1).total_seconds())

    async def check_connections(self) -> None:
        """Ask each provider what its credential may do, and list what that allows."""
        for connection in self.connections.by_name.values():
            if connection.environment == "sandbox":
                continue
            try:
                known = await status_of(connection, self.accounts, SHARED)
                if known.word not in {"ready", "degraded"}:
                    continue
                checked = await check(connection)
                probe = checked.probe
                found = Account(connection.name, account_key=probe.account_id, account_label=probe.account)
                await self.accounts.note_checked(found, probe.scopes)
            except CallError as error:
                log.warning("connection %s could not be checked: %s", connection.name, error)
        await self.list_tools()

    async def list_tools(self) -> None:
        """List what the accounts allow, as far as it is known; due after somebody connected one."""
        await self.catalog.replace(listed_tools(self.settings, await self.accounts.known_scopes()))

    async def keep_accounts(self) -> None:
        """Renew consents that would end, give back what is still to be given back, close what is idle."""
        await keep_accounts(self.connections, self.refresher)
        for connection in self.connections.by_name.values():
            await connection.close_idle()

    async def close(self) -> None:
        """Finish what was sent, then close everything in reverse order."""
        await self.opened.aclose()


async def build_app(settings: Settings, clock: Clock | None = None) -> App:
    """Open the data directory and put everything together; raises `ConfigError` with what to change."""
    clock = clock or Clock()
    secrets = Secrets(settings.secrets, clock)
    connections = checked(connections_of(settings, clock, secrets))
    everything = ToolList(all_tools())
    listed_tools(settings)  # names that do not exist refuse to start before anything is opened
    policy = policy_of(settings, everything)

    async with AsyncExitStack() as opened:
        directory = DataDirectory(settings.data_dir)
        directory.acquire(clock)
        opened.callback(directory.release)
        database = await Database.open(place_of(settings.store, directory), clock)
        opened.push_async_callback(database.close)
        opened.push_async_callback(secrets.close)
        opened.push_async_callback(connections.close)
        secret = await server_secret(database)
        signer, audit, owner = Signer(secret), Audit(database), Owner(database, clock)
        await opened.enter_async_context(owner.present())
        vault = await vault_of(settings, secrets, directory, connections, signer)
        kept = await opened.enter_async_context(
            custody(connections, database, vault, unsaved=directory.unsaved_path, audit=audit, clock=clock)
        )
        await kept.refresher.recover()
        links = Links(database, clock, settings.server.url)
        granted = await kept.accounts.known_scopes()
        catalog = Catalog(listed_tools(settings, granted), listed_tools(settings))
        warn_of_length(catalog.listed)
        own_writes, taints = OwnWrites(database, clock), Taints(database, clock, settings.events)
        judge = Judge(policy, Confirmations(signer, settings.limits.confirmation_s), taints)
        long = long_work(settings, database, connections, owner, clock)
        books = await opened.enter_async_context(
            open_books(settings, database, connections, long=long, secrets=secrets, clock=clock)
        )
        hub = hub_of(
            settings,
            find_sender=find_sender,
            connections=connections,
            database=database,
            signer=signer,
            vault=vault,
            secrets=secrets,
            own_writes=own_writes,
            taints=taints,
            long_work=long,
            clock=clock,
        )
        opened.push_async_callback(hub.close)
        await hub.begin()
        for each in connections.by_name.values():
            each.on_sandbox_event = hub.rehearsal.listener(each.name)
        desk = Desk(connections, kept.accounts, catalog, judge)
        calls = Calls(
            everything=everything,
            visible=lambda caller: catalog.visible(caller.scopes),
            enabled=lambda caller: catalog.enabled(caller.scopes),
            connections=connections,
            consents=Consents(connections, kept.accounts, links, clock),
            objects={
                Desk: lambda _: desk,
                Cards: lambda attempt: Cards(connections, judge, attempt, clock),
                EventDesk: lambda attempt: event_desk(hub, attempt.caller, settings.sinks.names),
                ApprovalDesk: lambda attempt: ApprovalDesk(long.jobs, attempt.caller),
                JobDesk: lambda attempt: JobDesk(long.jobs, long.files, long.looks, judge, attempt, clock),
            },
            wraps={Models: books.open},
            prefer=books.aliases.prefer,
            judge=judge,
            writes=Writes(judge, Ledger(database, clock, signer, owner.id), clock, own_writes, long.jobs),
            cursors=Cursors(signer, settings.limits.cursor_s),
            audit=audit,
            clock=clock,
            limits=settings.limits,
            log_prompts=settings.ai.log_prompts,
            outliving=long.outliving,
            approvals=long.approvals,
            files=long.files,
            remembering=Remembering(books.cache, settings.ai.cache.lists_ttl_s),
        )
        long.approvals.carry, long.approvals.is_current = calls.carry_out, hub.standing.is_current
        opened.push_async_callback(calls.close)
        app = App(
            settings=settings,
            clock=clock,
            directory=directory,
            database=database,
            secret=secret,
            secrets=secrets,
            connections=connections,
            catalog=catalog,
            accounts=kept.accounts,
            refresher=kept.refresher,
            connecting=kept.connecting,
            links=links,
            calls=calls,
            long_work=long,
            hub=hub,
            audit=audit,
            opened=opened.pop_all(),
        )
        kept.on_change.append(app.list_tools)
        kept.on_death.append(partial(tell_of_end, hub, connections))
        return app


async def tell_of_end(hub: Hub, connections: Connections, account: Account) -> None:
    """Let agents and people know that somebody has to connect an account again."""
    connection = connections.by_name[account.connection]
    try:
        await hub.own.record(
            "connection.needs_reauth",
            f"connection/{account.connection}",
            f"An account of {account.connection} has to be connected again by a person",
            key=f"{account.connection}:{account.owner}:{account.part}:{account.generation}",
            environment=connection.environment,
            data={"connection": account.connection, "account": account.account_key},
        )
    except CallError as error:
        log.warning("nobody was told that %s has to be connected again: %s", account.connection, error)


async def vault_of(
    settings: Settings,
    secrets: Secrets,
    directory: DataDirectory,
    connections: Connections,
    signer: Signer,
) -> Vault:
    """What stored tokens and requests of senders are sealed with."""
    is_needed = any(
        takes_consents(each) or (each.settings.webhooks and each.environment != "sandbox")
        for each in connections.by_name.values()
    )
    spare = [sandbox_key(signer)]
    ring = await key_ring(settings, secrets, directory, is_needed=is_needed, spare=spare)
    # Without a key nothing is sealed but what a sandbox made up.
    return Vault(ring or KeyRing(spare))


def find_sender(provider: str, sender: str | None) -> Sender:
    """Who sends: the provider, or the sender that is named; raises `ConfigError` where there is none."""
    if sender is not None:
        webhook = load_sender(sender)
        return Sender(lambda: webhook)
    found = load_provider(provider)
    if found.sender is None:
        raise ConfigError(
            f"{found.title} sends nothing in a form of its own",
            hint="name a sender, such as hmac: wirepost webhooks senders lists them",
        )
    return found.sender


def connections_of(settings: Settings, clock: Clock, secrets: Secrets | None = None) -> Connections:
    """The configured connections, none of them opened yet."""
    given = secrets or Secrets(settings.secrets, clock)

    @cache
    def world() -> World:
        """One world for all sandboxes, so that the same customers appear everywhere."""
        from wirepost.sandbox.world import World

        return World.build(clock.now())

    return Connections(
        {
            name: Connection(
                name,
                load_provider(each.provider),
                each,
                clock,
                world,
                attempt_s=settings.limits.attempt_s,
                secrets=given,
            )
            for name, each in settings.connections.items()
        }
    )


def checked(connections: Connections) -> Connections:
    """The same; raises `ConfigError` for what cannot be right, and tells what is missing."""
    for problem in connections.check():
        log.warning("connection %s", problem)
    return connections


def policy_of(settings: Settings, everything: ToolList) -> Policy:
    """The configured policy; raises `ConfigError` for a rule that cannot do what it says."""
    policy = Policy(settings.policy.rules, is_read_only=settings.read_only)
    policy.check_against(everything.tools)
    return policy


def selection(settings: Settings) -> Selection:
    """Which tools the configuration asks for."""
    return Selection(
        preset=settings.tools.preset,
        toolsets=settings.tools.toolsets,
        include=settings.tools.include,
        exclude=settings.tools.exclude,
        is_read_only=settings.read_only,
    )


def listed_tools(settings: Settings, granted: Mapping[str, Collection[str] | None] | None = None) -> ToolList:
    """The configured selection without the tools that no connection can run.

    `granted` holds the permissions of connections as far as they are known.
    """
    known = granted or {}  # of the shared accounts: what other accounts may do is seen when they call
    connections = [
        (load_provider(each.provider), known.get(name) if each.owner == "shared" else None)
        for name, each in settings.connections.items()
    ]

    def can_run(tool: AnyTool) -> bool:
        return not tool.is_provider_tool or any(
            tool.runs_on(provider) and not missing_scopes(provider, [tool], scopes)
            for provider, scopes in connections
        )

    return ToolList(tuple(tool for tool in select(all_tools(), selection(settings)) if can_run(tool)))


def warn_of_length(listed: ToolList) -> None:
    """Say so when some clients will not see the whole list, or agents not what arguments mean."""
    count = len(listed.tools)
    if listed.is_brief:
        log.warning(
            "%d tools are listed without describing their arguments, because the list would be longer than "
            "%d KB; connection_help describes them",
            count,
            MAX_LIST_BYTES // 1000,
        )
    if count > MAX_LISTED:
        log.warning(
            "%d tools are listed (%d tokens); some clients stop at %d", count, listed.tokens, MAX_LISTED
        )
