"""Deleting what is old: settled intents, used confirmations, kept answers, traces; never the audit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from wirepost.core.errors import ConfigError, Unavailable
from wirepost.store.leases import Leases
from wirepost.store.tx import NOW

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Tx

SHORTEST = timedelta(days=2)
"""Younger rows still count for the caps of a day and for recognising a repeated call."""
SLICE = 500
PAUSE_S = 0.05
"""Between two slices, so that calls come first."""

_INTENTS = (
    "DELETE FROM intents WHERE id IN (SELECT id FROM intents "
    "WHERE state IN ('applied', 'not_applied') AND settled_at < ? LIMIT ?) RETURNING id"
)
_CONFIRMATIONS = (
    "DELETE FROM confirmations WHERE nonce IN (SELECT nonce FROM confirmations WHERE used_at < ? LIMIT ?) "
    "RETURNING nonce"
)
_CACHED = (
    "DELETE FROM cached WHERE key IN (SELECT key FROM cached WHERE expires_at <= ? LIMIT ?) RETURNING key"
)
_TRACES = (
    f"DELETE FROM leases WHERE until_at < {NOW} - 86400",  # noqa: S608 - our own words
    f"DELETE FROM commits WHERE at < {NOW} - 86400",  # noqa: S608 - our own words
)
"""What processes left that did not come to their end."""
LONGEST_S = 3600.0
"""A process that deletes for longer than this may be joined by another."""


async def prune(database: Database, clock: Clock, kept_for: timedelta) -> int:
    """Delete intents settled longer ago than `kept_for`, with what belongs to them; returns how many.

    Does nothing while another process does it.
    """
    if kept_for < SHORTEST:
        raise ConfigError(f"{kept_for} is too short to keep settled actions", hint=f"At least {SHORTEST}")
    try:
        async with Leases(database, clock).hold("prune", ttl_s=LONGEST_S, wait_s=0):
            return await _prune(database, clock, (clock.now() - kept_for).timestamp())
    except Unavailable as error:
        if error.code != "timeout":
            raise
        return 0


async def _prune(database: Database, clock: Clock, before: float) -> int:
    async def forget(tx: Tx) -> None:
        for sql in _TRACES:
            await tx.execute(sql)

    await database.write(forget)
    await delete_in_slices(database, clock, _CACHED, clock.now().timestamp())
    await delete_in_slices(database, clock, _CONFIRMATIONS, before)
    deleted = await delete_in_slices(database, clock, _INTENTS, before)
    await database.optimize()
    return deleted


async def delete_in_slices(database: Database, clock: Clock, sql: str, before: float) -> int:
    """Run a statement with (`before`, number of rows) until it returns fewer; returns how many in all."""

    async def work(tx: Tx) -> int:
        return len(await tx.execute(sql, before, SLICE))

    total = 0
    while True:
        deleted = await database.write(work)
        total += deleted
        if deleted < SLICE:
            return total
        await clock.sleep(PAUSE_S)
