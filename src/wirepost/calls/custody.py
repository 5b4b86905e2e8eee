"""`Custody`: the accounts that people connected and what keeps them, for a server or for one command."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wirepost.connections.accounts import Account, Accounts
from wirepost.connections.oauth.connecting import Connecting
from wirepost.connections.oauth.flows import Flows
from wirepost.connections.oauth.refresh import Refresher
from wirepost.connections.oauth.spool import Spool
from wirepost.core.errors import CallError
from wirepost.core.times import to_rfc3339
from wirepost.store.leases import Leases

if TYPE_CHECKING:
    from pathlib import Path

    from wirepost.calls.audit import Audit
    from wirepost.connections.connections import Connections
    from wirepost.core.clock import Clock
    from wirepost.secrets.vault import Vault
    from wirepost.store.database import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Custody:
    """All about accounts that is made once; each of their turns goes on record."""

    accounts: Accounts
    refresher: Refresher
    connecting: Connecting
    on_change: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """Who is told when an account was connected or removed."""
    on_death: list[Callable[[Account], Awaitable[None]]] = field(default_factory=list)
    """Who is told when an account has to be connected again."""


@asynccontextmanager
async def custody(
    connections: Connections, database: Database, vault: Vault, *, unsaved: Path, audit: Audit, clock: Clock
) -> AsyncIterator[Custody]:
    """Let connections use the accounts in a database; `unsaved` is where tokens go that it does not take."""

    async def on_death(account: Account) -> None:
        await _note(audit, clock, "connection.needs_reauth", account)
        for tell in kept.on_death:
            await tell(account)

    async def on_change(event: str, account: Account) -> None:
        await _note(audit, clock, event, account)
        for tell in kept.on_change:
            await tell()

    accounts = Accounts(database, clock, vault)
    spool = Spool(unsaved, vault)
    refresher = Refresher(accounts, Leases(database, clock), clock, spool=spool, on_death=on_death)
    connections.use(refresher)
    connecting = Connecting(connections, Flows(database, vault, clock), refresher, on_change=on_change)
    kept = Custody(accounts, refresher, connecting)
    try:
        yield kept
    finally:
        await refresher.close()


async def _note(audit: Audit, clock: Clock, event: str, account: Account) -> None:
    at = to_rfc3339(clock.now())
    record = {
        "at": at,
        "event": event,
        "connection": account.connection,
        "owner": account.owner,
        "part": account.part,
        "account": account.account_key,
        "reason": account.reason,
    }
    try:
        await audit.record(at, record)
    except CallError:
        log.warning("%s of %s is recorded later", event, account.connection)
