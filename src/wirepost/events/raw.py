"""`RawRequests`: requests as they came, sealed, so that what was made of them can be checked later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from wirepost.core.redact import REDACTED, is_secret_name

if TYPE_CHECKING:
    from wirepost.secrets.vault import Vault
    from wirepost.store.database import Database
    from wirepost.webhooks.incoming import Incoming

_OF_EVENT = (
    "SELECT raw_bodies.id, raw_bodies.received_at, sealed FROM events "
    "JOIN raw_bodies ON raw_bodies.id = events.raw_id WHERE events.id = ? LIMIT 1"
)
_OF_LETTER = (
    "SELECT raw_bodies.id, raw_bodies.received_at, sealed FROM dead_letters "
    "JOIN raw_bodies ON raw_bodies.id = dead_letters.raw_id WHERE dead_letters.id = ? LIMIT 1"
)


@dataclass(frozen=True)
class RawRequest:
    """One request."""

    received_at: float
    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    """Without secrets."""
    body: bytes


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    # A token of this kind opens nothing: it names the event, also when the request is read again.
    return is_secret_name(name) and "idempotency" not in name


class RawRequests:
    """Seals requests, and opens those that are kept."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database, self._vault = database, vault

    def sealed(
        self, raw_id: str, request: Incoming, body: bytes | None = None, *, id_header: str | None = None
    ) -> bytes:
        """The request as it is stored; `body` where it was compressed, `id_header` if one names the event."""
        named = id_header.lower() if id_header else None
        headers = [
            (name, REDACTED if name != named and _is_secret(name) else value)
            for name, value in request.headers
        ]
        head = orjson.dumps([request.method, request.url, headers], option=orjson.OPT_APPEND_NEWLINE)
        packed = head + (request.body if body is None else body)
        return self._vault.seal_bytes(packed, bound_to=("raw_bodies", raw_id))

    async def of_event(self, event_id: str) -> RawRequest | None:
        """The request an event came with, as long as it is kept; raises `KeyUnavailable` and `Tampered`."""
        return await self._open(_OF_EVENT, event_id)

    async def of_letter(self, letter_id: str) -> RawRequest | None:
        """The request of a dead letter; raises the same."""
        return await self._open(_OF_LETTER, letter_id)

    async def _open(self, sql: str, wanted: str) -> RawRequest | None:
        rows = await self._database.read(sql, wanted)
        if not rows:
            return None
        raw_id, received_at, sealed = rows[0]
        return self.opened(str(raw_id), float(received_at), bytes(sealed))

    def opened(self, raw_id: str, received_at: float, sealed: bytes) -> RawRequest:
        """A stored request."""
        head, _, body = self._vault.open_bytes(sealed, bound_to=("raw_bodies", raw_id)).partition(b"\n")
        method, url, headers = orjson.loads(head)
        return RawRequest(received_at, method, url, [(name, value) for name, value in headers], body)
