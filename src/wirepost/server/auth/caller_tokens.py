"""`CallerTokens`: tokens of this server's own, of which only the SHA-256 is kept."""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from wirepost.calls.caller import Caller
from wirepost.core.errors import CallError, ConfigError
from wirepost.core.ids import new_id
from wirepost.server.auth.failures import Failures
from wirepost.server.auth.verified import CannotTell, Refused, Verified

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.store.database import Database, Reader, Row, Tx

PREFIX = "wpt_"
"""Makes a token known for what it is wherever one is found."""
STATIC = "static"
FRESH_S = 1.0
"""So long a revoked token may still be let in, because the table is not read for every request."""
NOTED_EVERY_S = 60.0
_BYTES = 32
_COLUMNS = "id, name, sha256, scopes, created_at, expires_at, last_used_at, revoked_at"
_ALL = f"SELECT {_COLUMNS} FROM caller_tokens ORDER BY created_at, id LIMIT 10000"  # noqa: S608 - our own words

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CallerToken:
    """One token, without itself; times in seconds since 1970."""

    id: str
    name: str
    sha256: str
    scopes: frozenset[str] | None
    """What its bearer may use; `None`: everything."""
    created_at: float
    expires_at: float | None
    last_used_at: float | None
    revoked_at: float | None

    def status(self, now: float) -> str:
        """Whether it is `valid`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "valid"


async def all_tokens(database: Database | Reader) -> list[CallerToken]:
    """Every token that was ever made, oldest first."""
    return [_read(row) for row in await database.read(_ALL)]


async def create(
    database: Database, now: float, name: str, scopes: Collection[str] | None, expires_at: float | None
) -> str:
    """A new token, which is told this once; raises `ConfigError` where the name is taken."""
    token = PREFIX + secrets.token_urlsafe(_BYTES)
    kept = None if scopes is None else orjson.dumps(sorted(scopes)).decode()

    async def work(tx: Tx) -> bool:
        made = await tx.execute(
            "INSERT INTO caller_tokens (id, name, sha256, scopes, created_at, expires_at) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
            new_id("tok"),
            name,
            _hash(token),
            kept,
            now,
            expires_at,
        )
        return bool(made)

    if not await database.write(work):
        raise ConfigError(
            f"there is a token {name!r} already", hint="choose another name; `wirepost tokens list` has all"
        )
    return token


async def revoke(database: Database, now: float, name: str) -> None:
    """End a token for good; raises `ConfigError` where there is none to end."""

    async def work(tx: Tx) -> bool:
        ended = await tx.execute(
            "UPDATE caller_tokens SET revoked_at = ? WHERE name = ? AND revoked_at IS NULL RETURNING id",
            now,
            name,
        )
        return bool(ended)

    if not await database.write(work):
        raise ConfigError(
            f"there is no token {name!r} that could be revoked", hint="`wirepost tokens list` has all"
        )


class StaticTokens:
    """Checks tokens against the table, which another process may change."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._known: list[CallerToken] = []
        self._read_at = -FRESH_S
        self._noted: dict[str, float] = {}
        self._failures = Failures(clock)

    async def verify(self, token: str, address: str) -> Verified:
        """What the token proves; see `Verifier`.

        Too many bad tokens only keep bad ones from being looked up: guessing 256 bits is hopeless anyway, and
        whoever shares an address (a proxy's) with a misconfigured client must not be locked out with it.
        """
        given = _hash(token)
        await self._refresh(within_s=FRESH_S)
        found, status = self._find(given)
        if status != "valid":
            self._failures.check(address)
            await self._refresh(within_s=0.0)
            found, status = self._find(given)
        if found is None or status != "valid":
            self._failures.add(address)
            raise Refused(f"The token is {status}")
        await self._note_use(found)
        return Verified(Caller(f"token:{found.id}", found.scopes), STATIC, found.id, found.id)

    def _find(self, given: str) -> tuple[CallerToken | None, str]:
        """The entry and its status; looks at every entry, so that the time it takes tells nothing."""
        found = None
        for each in self._known:
            if hmac.compare_digest(each.sha256, given):
                found = each
        return found, found.status(self._clock.now().timestamp()) if found else "unknown"

    async def _refresh(self, within_s: float) -> None:
        now = self._clock.monotonic()
        if within_s and now - self._read_at < within_s:
            return
        try:
            self._known = await all_tokens(self._database)
        except CallError as error:
            raise CannotTell(error.message) from None
        self._read_at = now

    async def _note_use(self, token: CallerToken) -> None:
        now = self._clock.now().timestamp()
        if now - self._noted.get(token.id, token.last_used_at or 0.0) < NOTED_EVERY_S:
            return
        self._noted[token.id] = now

        async def work(tx: Tx) -> None:
            await tx.execute("UPDATE caller_tokens SET last_used_at = ? WHERE id = ?", now, token.id)

        try:
            await self._database.write(work, is_relaxed=True)
        except CallError as error:
            log.warning("the last use of token %s could not be noted: %s", token.name, error)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _read(row: Row) -> CallerToken:
    id_, name, sha256, scopes, *times = row
    held = None if scopes is None else frozenset(orjson.loads(str(scopes)))
    return CallerToken(str(id_), str(name), str(sha256), held, *times)
