"""Putting together what all calls of models share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wirepost.store.cache.cache import cache_of
from wirepost.toolsets.ai.aliases import Aliases
from wirepost.toolsets.ai.examining import examination
from wirepost.toolsets.ai.settling import Settling
from wirepost.toolsets.ai.usage import Usages

if TYPE_CHECKING:
    from wirepost.calls.attempt import Attempt
    from wirepost.calls.long_work import LongWork
    from wirepost.connections.connections import Connections
    from wirepost.contracts.ai import Models
    from wirepost.core.clock import Clock
    from wirepost.jobs.files import Files
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings import AiSettings, Settings
    from wirepost.store.cache.cache import Cache
    from wirepost.store.database import Database
    from wirepost.toolsets.ai.accounted import AccountedModels


@dataclass(frozen=True, eq=False)
class Books:
    """What all calls of models share."""

    settings: AiSettings
    aliases: Aliases
    usages: Usages
    cache: Cache
    files: Files
    clock: Clock

    def open(self, attempt: Attempt, models: Models) -> AccountedModels:
        """The models of a connection for one call; their code is loaded at the first."""
        from wirepost.toolsets.ai.accounted import AccountedModels

        return AccountedModels(models, self, attempt)


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
