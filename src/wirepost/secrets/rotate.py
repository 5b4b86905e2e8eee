"""Sealing everything that is stored with the newest key, while servers go on working with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from wirepost.secrets.vault import KeyUnavailable, Tampered

if TYPE_CHECKING:
    from wirepost.secrets.vault import Vault
    from wirepost.store.database import Database, Tx

Sealed: TypeAlias = str | bytes
BATCH = 100
TRIES = 5
"""How often a row is read again that changes meanwhile."""


@dataclass
class Rotation:
    """What became of the values."""

    rewrapped: int = 0
    current: int = 0
    """Were sealed with the newest key already."""
    passed_over: int = 0
    """Were deleted meanwhile, or changed again and again."""
    key_unavailable: list[str] = field(default_factory=list)
    """For each that no key of the ring opens: which it is, and why."""


@dataclass(frozen=True)
class _Place:
    """A column of sealed values."""

    table: str
    key: str
    column: str
    whose: str
    """What is told of a row besides its key."""


_PLACES = (
    _Place("accounts", "id", "tokens", "connection"),
    _Place("flows", "state_hash", "details", "connection"),
    _Place("endpoints", "(source || '/' || endpoint)", "secrets", "source"),
    _Place("subscriptions", "id", "target", "owner"),
    _Place("raw_bodies", "id", "sealed", "'a request'"),
    _Place("unread", "id", "sealed", "'a request'"),
)


async def rotate(database: Database, vault: Vault, report: Callable[[str], None]) -> Rotation:
    """Wrap the key of each value anew; what was done stays done, however this ends.

    A row is written only where it still is as it was read, so that no token a server stores is lost.
    """
    done = Rotation()
    for place in _PLACES:
        after, seen = "", 0
        while rows := await database.read(
            f"SELECT {place.key}, {place.whose}, {place.column} FROM {place.table} "  # noqa: S608 - our own words
            f"WHERE {place.key} > ? AND {place.column} IS NOT NULL ORDER BY {place.key} LIMIT ?",
            after,
            BATCH,
        ):
            for name, whose, sealed in rows:
                try:
                    await _renew(database, vault, place, (str(name), sealed), done)
                except (KeyUnavailable, Tampered) as error:
                    named = f"{place.table} {str(name)[:30]} of {whose}"
                    done.key_unavailable.append(f"{named}: {error.message}")
            after, seen = str(rows[-1][0]), seen + len(rows)
            report(f"{place.table}: {seen} looked at, {done.rewrapped} sealed with the newest key")
    return done


async def _renew(
    database: Database, vault: Vault, place: _Place, row: tuple[str, Sealed], done: Rotation
) -> None:
    name, sealed = row
    for _ in range(TRIES):
        renewed = _rewrapped(vault, sealed)
        if renewed == sealed:
            done.current += 1
            return
        if await _swap(database, place, name, (sealed, renewed)):
            done.rewrapped += 1
            return
        found = await database.read(
            f"SELECT {place.column} FROM {place.table} "  # noqa: S608 - the same
            f"WHERE {place.key} = ? AND {place.column} IS NOT NULL LIMIT 1",
            name,
        )
        if not found:
            break
        sealed = found[0][0]
    done.passed_over += 1


def _rewrapped(vault: Vault, sealed: Sealed) -> Sealed:
    return vault.rewrap(sealed) if isinstance(sealed, str) else vault.rewrap_bytes(bytes(sealed))


async def _swap(database: Database, place: _Place, name: str, values: tuple[Sealed, Sealed]) -> bool:
    """Write the second value where the first one stands, and say whether it stood there."""
    before, after = values

    async def work(tx: Tx) -> bool:
        return bool(
            await tx.execute(
                f"UPDATE {place.table} SET {place.column} = ? "  # noqa: S608 - the same
                f"WHERE {place.key} = ? AND {place.column} = ? RETURNING 1",
                after,
                name,
                before,
            )
        )

    return await database.write(work)
