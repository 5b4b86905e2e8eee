"""The server's own secret, made at the first start and kept in the database."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wirepost.store.database import Database, Tx

_BYTES = 32


async def server_secret(database: Database) -> bytes:
    """The secret that signs cursors, confirmations and upstream keys of this data directory."""

    async def work(tx: Tx) -> bytes:
        fresh = secrets.token_bytes(_BYTES)
        await tx.execute("INSERT INTO keys (name, value) VALUES ('server', ?) ON CONFLICT DO NOTHING", fresh)
        rows = await tx.execute("SELECT value FROM keys WHERE name = 'server'")
        return bytes(rows[0][0])

    return await database.write(work)
