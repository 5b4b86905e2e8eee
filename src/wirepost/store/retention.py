"""Deleting what is old: settled intents and used confirmations, in small slices; never the audit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from wirepost.core.errors import ConfigError

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


async def prune(database: Database, clock: Clock, kept_for: timedelta) -> int:
    """Delete intents settled longer ago than `kept_for`, with what belongs to them; returns how many."""
    if kept_for < SHORTEST:
        raise ConfigError(f"{kept_for} is too short to keep settled actions", hint=f"At least {SHORTEST}")
    before = (clock.now() - kept_for).timestamp()
    await _delete(database, clock, _CONFIRMATIONS, before)
    deleted = await _delete(database, clock, _INTENTS, before)
    await database.optimize()
    return deleted


async def _delete(database: Database, clock: Clock, sql: str, before: float) -> int:
    async def work(tx: Tx) -> int:
        return len(await tx.execute(sql, before, SLICE))

    total = 0
    while True:
        deleted = await database.write(work)
        total += deleted
        if deleted < SLICE:
            return total
        await clock.sleep(PAUSE_S)
