"""`Hub`: all about events that is made once, and what goes on with them in the background."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from wirepost.calls.caller import Caller
from wirepost.core.errors import ConfigError, InvalidCall, NotConnected
from wirepost.events.acknowledge import Acknowledgements
from wirepost.events.admit import Admission
from wirepost.events.again import Again
from wirepost.events.backfill import Backfill
from wirepost.events.backlog import Backlog
from wirepost.events.callback_status import CallbackStatus
from wirepost.events.catalogue import Catalogue
from wirepost.events.complete import Completing
from wirepost.events.cursors import EventCursors
from wirepost.events.deliveries import Deliveries
from wirepost.events.endpoints import DEFAULT, SANDBOX, Endpoints, StoredSecrets, endpoints_of
from wirepost.events.inbox import Inbox
from wirepost.events.job_news import JobNews, reports
from wirepost.events.log import EventLog
from wirepost.events.log_cursors import LogCursors
from wirepost.events.matching import Matcher
from wirepost.events.own import OwnEvents
from wirepost.events.own_news import tell_of_approvals, tell_of_jobs
from wirepost.events.raw import RawRequests
from wirepost.events.reading import LogReader
from wirepost.events.receive import Receiver
from wirepost.events.rehearsal import Rehearsal
from wirepost.events.retention import DAY_S, forget_old
from wirepost.events.silence import Silence
from wirepost.events.standing import Standing
from wirepost.events.subscriptions import Subscriptions
from wirepost.events.upkeep import Upkeep
from wirepost.notifications.outbox import Outbox, outbox_of
from wirepost.store.worker import Worker
from wirepost.upstream.documents import Documents
from wirepost.upstream.scope import Scope
from wirepost.webhooks.addresses import published
from wirepost.webhooks.webhook import Secret

if TYPE_CHECKING:
    from wirepost.calls.long_work import LongWork
    from wirepost.calls.own_writes import OwnWrites
    from wirepost.calls.taint import Taints
    from wirepost.connections.connections import Connections
    from wirepost.core.clock import Clock
    from wirepost.core.signing import Signer
    from wirepost.events.endpoints import FindSender
    from wirepost.secrets.resolve import Secrets
    from wirepost.secrets.vault import Vault
    from wirepost.settings import Settings
    from wirepost.settings.events import EventSettings, SubscriptionSettings
    from wirepost.settings.webhooks import WebhookSettings
    from wirepost.store.database import Database

AFTER_FAULT_S = 5.0
"""Before what has stopped by a fault begins again."""
FETCH_S = 30.0
"""So long it may take to ask for what a thin event is about."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Hub:
    """What receives events, keeps them, and tells of them."""

    events: EventLog
    raw: RawRequests
    endpoints: Endpoints
    stored: StoredSecrets
    receiver: Receiver
    own: OwnEvents
    subscriptions: Subscriptions
    deliveries: Deliveries
    inbox: Inbox
    acknowledgements: Acknowledgements
    again: Again
    cursors: EventCursors
    catalogue: Catalogue
    standing: Standing
    reader: LogReader
    rehearsal: Rehearsal
    """Sends what happens in sandboxes."""
    upkeep: Upkeep
    outbox: Outbox
    documents: Documents
    completing: Completing
    own_writes: OwnWrites
    taints: Taints
    vault: Vault
    signer: Signer
    hash_key: bytes
    """For lasting hashes of personal data."""
    settings: EventSettings
    clock: Clock
    tasks: Mapping[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    """Name → what runs until it is cancelled."""
    configured: Mapping[str, SubscriptionSettings] = field(default_factory=dict)
    """Subscriptions of the configuration."""

    async def begin(self) -> None:
        """Bring the database to what the configuration says; due once at the start of a server."""
        await _give_secrets(self.endpoints, self.stored, self.signer)
        await self.subscriptions.sync(self.configured)
        await self.upkeep.begin(self.events.database)
        await self.outbox.begin()
        await self.completing.release()

    async def forget_old(self) -> None:
        """Forget what nobody can ask for any more; due once a day. Raises `Unavailable`."""
        now = self.clock.now().timestamp()
        await forget_old(self.events.database, self.clock, self.settings)
        await self.outbox.prune(now - self.settings.keep_days * DAY_S)
        for each in (self.taints, self.own_writes, self.subscriptions):
            await each.prune()

    @asynccontextmanager
    async def at_work(self, **more: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Do in the background what is to be done, for as long as clients are served."""
        running = [
            asyncio.create_task(self._keep_running(name, task), name=name)
            for name, task in {**self.tasks, **more}.items()
        ]
        try:
            yield
        finally:
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def close(self) -> None:
        """Close what was opened towards others."""
        await self.outbox.close()
        await self.documents.close()

    async def _keep_running(self, name: str, task: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await task()
            except Exception:  # one that stops must not stop the others, nor stay stopped
                log.exception("%s stopped; it begins again in %g s", name, AFTER_FAULT_S)
            await self.clock.sleep(AFTER_FAULT_S)


def hub_of(
    settings: Settings,
    *,
    find_sender: FindSender,
    connections: Connections,
    database: Database,
    signer: Signer,
    vault: Vault,
    secrets: Secrets,
    own_writes: OwnWrites,
    taints: Taints,
    long_work: LongWork,
    clock: Clock,
) -> Hub:
    """The hub of a server, whose worker does the long work, too; raises `ConfigError`."""
    signals, documents, hash_key = long_work.signals, Documents(), signer.mac("hash", b"personal data")
    events = EventLog(database, signals, clock)
    raw = RawRequests(database, vault)
    stored = StoredSecrets(database, vault, clock)
    with_sandboxes = rehearsing(settings, signer, find_sender)
    endpoints = endpoints_of(
        with_sandboxes,
        find_sender=find_sender,
        address=settings.server.url,
        resolver=secrets,
        stored=stored,
        clock=clock,
        fetch=documents.fetch,
    )
    subscriptions = Subscriptions(database, clock)
    deliveries = Deliveries(database, signals, clock)
    catalogue, cursors = Catalogue(endpoints.all(), may_read), EventCursors(signer)
    standing = Standing(database, catalogue, clock)
    outbox = outbox_of(
        settings,
        connections=connections.by_name,
        secrets=secrets,
        database=database,
        deliveries=deliveries,
        subscriptions=subscriptions,
        status=CallbackStatus(database, LogCursors(signer)),
        own_writes=own_writes,
        taints=taints,
        signer=signer,
        vault=vault,
        may_receive=standing.may_receive,
        clock=clock,
    )
    matcher = Matcher(
        events, deliveries, clock, max_waiting=settings.events.max_waiting, allows=outbox.loops.allows
    )
    backlog = Backlog(events, raw, clock)
    receiver = Receiver(
        endpoints,
        events,
        raw,
        own_writes,
        admission=Admission(clock, published),
        backlog=backlog,
        clock=clock,
        hash_key=hash_key,
    )
    rehearsal, own = Rehearsal(receiver, clock), OwnEvents(events, clock)
    upkeep = Upkeep(
        endpoints,
        connections,
        Backfill(events, own, own_writes, clock, hash_key=hash_key),
        Silence(database, own, clock),
        clock,
        every_s=settings.events.backfill_s,
        has_silence=settings.events.silence,
    )
    completing = Completing(
        events, endpoints, own_writes, partial(_fetch, connections, clock), clock=clock, hash_key=hash_key
    )
    worker = Worker(database, {**upkeep.work, **completing.work, **long_work.work}, signals, clock)
    long_work.looks.reports = partial(reports, events)
    tell_of_jobs(own, long_work.jobs)
    tell_of_approvals(own, long_work.approvals)
    tasks: dict[str, Callable[[], Awaitable[None]]] = {
        "backlog": partial(backlog.run, receiver.read_kept),
        "job news": JobNews(events, long_work.jobs, clock).run,
        "matcher": matcher.run,
        "deliverer": outbox.deliverer.run,
        "worker": worker.run,
        "sandbox webhooks": rehearsal.run,
    }
    if database.is_shared:
        tasks["signals"] = partial(database.carry, signals)
    return Hub(
        events=events,
        raw=raw,
        endpoints=endpoints,
        stored=stored,
        receiver=receiver,
        own=own,
        subscriptions=subscriptions,
        deliveries=deliveries,
        inbox=Inbox(database, deliveries, subscriptions, cursors, clock, ceiling_s=settings.events.wait_s),
        acknowledgements=Acknowledgements(database, deliveries, clock),
        again=Again(database, deliveries, clock),
        cursors=cursors,
        catalogue=catalogue,
        standing=standing,
        reader=LogReader(events),
        rehearsal=rehearsal,
        upkeep=upkeep,
        outbox=outbox,
        documents=documents,
        completing=completing,
        own_writes=own_writes,
        taints=taints,
        vault=vault,
        signer=signer,
        hash_key=hash_key,
        settings=settings.events,
        clock=clock,
        tasks=tasks,
        configured=settings.subscriptions,
    )


async def _fetch(connections: Connections, clock: Clock, source: str, path: str) -> dict[str, Any]:
    """What a thin event is about; raises `CallError`."""
    connection = connections.by_name[source]
    if connection.provider.feed is None:
        raise InvalidCall("unsupported_by_provider", f"What {source} tells of cannot be asked for")
    scope = Scope(clock.monotonic() + FETCH_S, interactive=False)
    return await connection.provider.feed(connection.shared.client(scope)).fetch(path)


def may_read(caller: Caller, source: str) -> bool:  # noqa: ARG001 - all sources are open to whoever may read
    """Whether a caller may know of the events of a source."""
    return caller.scopes is None or "event.read" in caller.scopes


def rehearsing(settings: Settings, signer: Signer, find_sender: FindSender) -> Settings:
    """The settings with an endpoint for each sandbox, which sends webhooks without being asked to."""
    from wirepost.settings.webhooks import WebhookSettings

    changed = {}
    for name, connection in settings.connections.items():
        if connection.environment != "sandbox" or connection.webhooks:
            continue
        try:
            sender = find_sender(connection.provider, None)
        except ConfigError:
            continue  # a vendor that sends nothing needs no endpoint
        endpoint = DEFAULT if sender.is_signed else signer.mac("endpoint", name.encode()).hex()[:32]
        # Whatever else would be asked of what is not signed, only an operator can say.
        added: dict[str, WebhookSettings] = {endpoint: WebhookSettings(verify=sender.is_signed)}
        changed[name] = connection.model_copy(update={"webhooks": added})
    return settings.model_copy(update={"connections": {**settings.connections, **changed}})


async def _give_secrets(endpoints: Endpoints, stored: StoredSecrets, signer: Signer) -> None:
    """What sandboxes sign with, unless the configuration says it."""
    for each in endpoints.all():
        if each.environment == "sandbox" and not each.is_open and not each.settings.secrets:
            made = signer.mac("webhook secret", f"{each.source}/{each.name}".encode())[:24]
            secret = Secret(f"whsec_{base64.b64encode(made).decode()}", SANDBOX)
            try:
                await stored.add(each.source, each.name, secret)
            except NotConnected:  # the key of what is there is lost, but it can be made up again
                await stored.replace(each.source, each.name, secret)
