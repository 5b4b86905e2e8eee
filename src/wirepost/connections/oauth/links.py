"""`Links`: addresses that lead a person to the page where an account is connected, each good for one use."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Row, Tx

LIFETIME_S = 600.0
"""How long a link may be opened."""
_ID_BYTES = 32


@dataclass(frozen=True)
class Link:
    """What a person is given; the id in the address is kept nowhere, only its SHA-256."""

    url: str = field(repr=False)
    expires_in_s: int


@dataclass(frozen=True)
class Invitation:
    """What a link was made for."""

    connection: str
    owner: str
    scopes: tuple[str, ...]
    """To be asked for besides what the account was granted or the connection asks for anyway."""


class Links:
    """Makes links, and recognises them when a browser comes with one."""

    def __init__(self, database: Database, clock: Clock, address: str | None) -> None:
        self._database, self._clock = database, clock
        self.address = address
        """Where a browser reaches this server; `None` where it serves no pages, and then no link is made."""

    async def create(self, connection: str, owner: str, scopes: Collection[str] = ()) -> Link | None:
        """A new link for one owner's account at a connection; its address names only the connection."""
        if self.address is None:
            return None
        given = secrets.token_urlsafe(_ID_BYTES)
        wanted = orjson.dumps(sorted(set(scopes))).decode()
        now = self._clock.now().timestamp()

        async def work(tx: Tx) -> None:
            await tx.execute("DELETE FROM links WHERE created_at <= ?", now - LIFETIME_S)
            await tx.execute(
                "INSERT INTO links (id_hash, connection, owner, scopes, created_at) VALUES (?, ?, ?, ?, ?)",
                _hash(given),
                connection,
                owner,
                wanted,
                now,
            )

        await self._database.write(work)
        return Link(f"{self.address}/connect/{quote(connection, safe='')}?c={given}", int(LIFETIME_S))

    async def look(self, given: str) -> Invitation | None:
        """What a link is for, as long as it is good; looking uses nothing up, as previews of links do it."""
        rows = await self._database.read(
            "SELECT connection, owner, scopes FROM links WHERE id_hash = ? AND created_at > ? LIMIT 1",
            _hash(given),
            self._oldest,
        )
        return _invitation(rows)

    async def take(self, given: str) -> Invitation | None:
        """What a link is for, once: whoever comes later, or too late, gets nothing."""
        rows = await self._database.write(
            lambda tx: tx.execute(
                "DELETE FROM links WHERE id_hash = ? AND created_at > ? RETURNING connection, owner, scopes",
                _hash(given),
                self._oldest,
            )
        )
        return _invitation(rows)

    @property
    def _oldest(self) -> float:
        return self._clock.now().timestamp() - LIFETIME_S


def _hash(given: str) -> str:
    return hashlib.sha256(given.encode(errors="replace")).hexdigest()


def _invitation(rows: list[Row]) -> Invitation | None:
    if not rows:
        return None
    connection, owner, scopes = rows[0]
    return Invitation(str(connection), str(owner), tuple(orjson.loads(str(scopes))))
