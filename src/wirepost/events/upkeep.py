"""`Upkeep`: looks again and again whether sources have lost events or fallen silent."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from wirepost.core.errors import CallError, ConfigError, NotConnected
from wirepost.events.backfill import Source
from wirepost.store.queue import Task, put, withdraw
from wirepost.upstream.scope import Scope

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection, Connections
    from wirepost.core.clock import Clock
    from wirepost.events.backfill import Backfill
    from wirepost.events.endpoints import Endpoint, Endpoints
    from wirepost.events.silence import Silence
    from wirepost.store.database import Database, Tx
    from wirepost.store.worker import Handler, Job
    from wirepost.webhooks.feed import Feed

BACKFILL, SILENCE = "events.backfill", "events.silence"
READ_S = 300.0
"""So long one look at a provider may take; what it has found by then is stored."""
SILENCE_EVERY_S = 900.0

_KNOWN = "SELECT kind, key FROM work WHERE kind IN (?, ?)"

log = logging.getLogger(__name__)


class Upkeep:
    """What is done for sources in the background; `every_s` is the time between two looks for lost events."""

    def __init__(
        self,
        endpoints: Endpoints,
        connections: Connections,
        backfill: Backfill,
        silence: Silence,
        clock: Clock,
        *,
        every_s: float,
        has_silence: bool,
    ) -> None:
        self._backfill, self._silence, self._clock = backfill, silence, clock
        self._every_s = every_s
        by_source = _first_of_each(endpoints.all())
        self._feeds = {
            name: partial(_open, connections.by_name[name], clock)
            for name, each in by_source.items()
            if connections.by_name[name].provider.feed is not None and each.settings.sender is None
        }
        self._listened = by_source
        self._silent = set(by_source) if has_silence else set()

    @property
    def work(self) -> Mapping[str, Handler]:
        """Kind of work → what does it."""
        return {BACKFILL: self._look_for_lost, SILENCE: self._look_for_silence}

    async def begin(self, database: Database) -> None:
        """Have it done from now on, and no more for sources that are gone; raises `Unavailable`."""
        now = self._clock.now().timestamp()
        wanted = [
            *(Task(BACKFILL, name, now, every_s=self._every_s) for name in self._feeds),
            *(Task(SILENCE, name, now, every_s=SILENCE_EVERY_S) for name in self._silent),
        ]
        named = {(task.kind, task.key) for task in wanted}

        async def work(tx: Tx) -> None:
            for kind, key in await tx.execute(_KNOWN, BACKFILL, SILENCE):
                if (kind, key) not in named:
                    await withdraw(tx, kind, key)
            for task in wanted:
                await put(tx, task, now)

        await database.write(work)

    async def _look_for_lost(self, job: Job) -> None:
        endpoint = self._listened[job.key]
        source = Source(
            job.key,
            endpoint.environment,
            self._feeds[job.key],
            has_webhook=True,
            redact=endpoint.settings.redact,
        )
        try:
            await self._backfill.run(source)
        except NotConnected as error:
            log.info("%s cannot be asked for lost events: %s", job.key, error)
        except (CallError, ConfigError) as error:
            log.warning(
                "%s was not asked for lost events; next try in %g s: %s", job.key, self._every_s, error
            )

    async def _look_for_silence(self, job: Job) -> None:
        await self._silence.look(job.key, self._listened[job.key].environment)


def _first_of_each(endpoints: Iterable[Endpoint]) -> dict[str, Endpoint]:
    """Source → its first endpoint."""
    found: dict[str, Endpoint] = {}
    for each in endpoints:
        found.setdefault(each.source, each)
    return found


async def _open(connection: Connection, clock: Clock) -> Feed:
    """The provider's list of events, read with the shared account; nobody waits for it."""
    if connection.provider.feed is None:
        raise TypeError(f"{connection.name} has no list of events")
    scope = Scope(clock.monotonic() + READ_S, interactive=False)
    return connection.provider.feed(connection.shared.client(scope))
