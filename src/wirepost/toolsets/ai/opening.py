"""Putting together what all calls of models share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from wirepost.store.cache.cache import cache_of
from wirepost.toolsets.ai.accounted import Books
from wirepost.toolsets.ai.aliases import Aliases
from wirepost.toolsets.ai.examining import examination
from wirepost.toolsets.ai.settling import Settling
from wirepost.toolsets.ai.usage import Usages

if TYPE_CHECKING:
    from wirepost.calls.long_work import LongWork
    from wirepost.connections.connections import Connections
    from wirepost.core.clock import Clock
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings import Settings
    from wirepost.store.database import Database


def aliases_of(settings: Settings) -> Aliases:
    """The models of a configuration; raises `ConfigError` for one that cannot be used."""
    aliases = Aliases(settings.ai, settings.connections)
    aliases.check()
    return aliases


@asynccontextmanager
async def open_books(
    settings: Settings,
    database: Database,
    connections: Connections,
    *,
    long: LongWork,
    secrets: Secrets,
    clock: Clock,
) -> AsyncIterator[Books]:
    """That of a configuration, jobs included, while the block runs; raises `ConfigError`."""
    aliases, address = aliases_of(settings), settings.ai.cache.url
    is_in_redis = settings.ai.cache.kind == "redis"
    url = await secrets.resolve(address) if is_in_redis and address else None
    cache = cache_of(settings.ai.cache, database, clock, url)
    books = Books(settings.ai, aliases, Usages(database, clock), cache, long.files, clock)
    long.jobs.on_end.append(Settling(books.usages, connections, clock).job_ended)
    long.poller.examination = examination
    try:
        yield books
    finally:
        await cache.close()
