"""`Accounts`: who is behind each connection, what it may do, and the tokens people have given."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self

import orjson

from wirepost.core.ids import new_id
from wirepost.core.redact import SECRETS

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.secrets.vault import Vault
    from wirepost.store.database import Database, Row, Tx, Value

MAX_ACCOUNTS = 10_000
SHARED = "shared"
"""Owner of an account that all callers use."""
MAIN, USER = "main", "user"
"""Parts of what one consent gives."""

State = Literal["active", "degraded", "needs_reauth", "revoking"]

_COLUMNS = (
    "id, connection, owner, part, state, reason, account_key, account_label, address, scopes_requested, "
    "scopes_granted, checked_at, tokens, generation, expires_at, refresh_at, refresh_expires_at, "
    "connected_at, refreshed_at, failed_at, failures"
)
_NAMES = tuple(name.strip() for name in _COLUMNS.split(","))
_RENEWED = (
    *("tokens", "address", "scopes_granted", "checked_at"),
    *("expires_at", "refresh_at", "refresh_expires_at", "refreshed_at"),
)
"""What a renewal replaces."""
_FAILED = "state = ?, reason = ?, failed_at = ?, failures = failures + 1"


@dataclass(frozen=True)
class Tokens:
    """What a token endpoint gave; never shown."""

    access: str
    refresh: str | None = None

    def __repr__(self) -> str:
        return "Tokens(…)"


@dataclass(frozen=True)
class Account:
    """One row: an account at a provider, as one owner connected it. Times are seconds since 1970."""

    connection: str
    owner: str = SHARED
    part: str = MAIN
    id: str = ""
    state: State = "active"
    reason: str | None = None
    account_key: str | None = None
    account_label: str | None = None
    address: str | None = None
    scopes_requested: tuple[str, ...] | None = None
    scopes_granted: tuple[str, ...] | None = None
    checked_at: float | None = None
    tokens: Tokens | None = None
    generation: int = 0
    expires_at: float | None = None
    refresh_at: float | None = None
    refresh_expires_at: float | None = None
    connected_at: float | None = None
    refreshed_at: float | None = None
    failed_at: float | None = None
    failures: int = 0

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is found by: connection, owner and part."""
        return (self.connection, self.owner, self.part)

    @property
    def access_token(self) -> str:
        """What requests are authorised with; empty where a key in the configuration is used."""
        return self.tokens.access if self.tokens else ""

    @property
    def refresh_token(self) -> str | None:
        """What new tokens are asked for with, where it was given."""
        return self.tokens.refresh if self.tokens else None

    @property
    def bound_to(self) -> tuple[str, ...]:
        """What its sealed tokens belong to: moved to another row or generation they cannot be opened."""
        return (self.id, "tokens", str(self.generation))

    @classmethod
    def of_row(cls, row: Row, vault: Vault | None) -> Self:
        """Read a row of `_COLUMNS`; raises what opening the seal raises."""
        values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
        for name in ("scopes_requested", "scopes_granted"):
            values[name] = None if values[name] is None else tuple(orjson.loads(values[name]))
        sealed = values.pop("tokens")
        account = cls(**values)
        if sealed is None or vault is None:
            return account
        tokens = Tokens(**orjson.loads(vault.open(sealed, bound_to=account.bound_to)))
        for secret in (tokens.access, tokens.refresh):
            if secret:
                SECRETS.add(secret)
        return replace(account, tokens=tokens)


class Accounts:
    """The rows, read and written; what is written never replaces a newer generation."""

    def __init__(self, database: Database, clock: Clock, vault: Vault | None = None) -> None:
        self._database, self._clock, self._vault = database, clock, vault

    async def find(self, connection: str, owner: str = SHARED, part: str = MAIN) -> Account | None:
        """One account, with its tokens."""
        rows = await self._database.read(
            f"SELECT {_COLUMNS} FROM accounts WHERE connection = ? AND owner = ? AND part = ? LIMIT 1",  # noqa: S608 - our own words
            connection,
            owner,
            part,
        )
        return Account.of_row(rows[0], self._vault) if rows else None

    async def known_scopes(self) -> dict[str, frozenset[str] | None]:
        """Connection → permissions of its shared account, all parts; `None` where they cannot be read."""
        rows = await self._database.read(
            "SELECT connection, scopes_granted FROM accounts WHERE owner = ? LIMIT ?", SHARED, MAX_ACCOUNTS
        )
        known: dict[str, frozenset[str] | None] = {}
        for name, granted in rows:
            before = known.get(str(name), frozenset())
            known[str(name)] = (
                None if granted is None or before is None else before | set(orjson.loads(str(granted)))
            )
        return known

    async def note_checked(self, account: Account, scopes: Collection[str] | None) -> None:
        """Remember what a check found: permissions, and who the account is; tokens stay as they are."""
        granted = None if scopes is None else orjson.dumps(sorted(scopes)).decode()
        now = self._clock.now().timestamp()

        async def work(tx: Tx) -> None:
            await tx.execute(
                "INSERT INTO accounts (id, connection, owner, part, state, account_key, account_label, "
                "scopes_granted, checked_at, generation, failures) "
                "VALUES (?, ?, ?, ?, 'active', ?, ?, ?, ?, 0, 0) "
                "ON CONFLICT (connection, owner, part) DO UPDATE SET "
                "account_key = COALESCE(excluded.account_key, accounts.account_key), "
                "account_label = COALESCE(excluded.account_label, accounts.account_label), "
                # What a consent granted is known from it, also where a check cannot tell.
                "scopes_granted = CASE WHEN excluded.scopes_granted IS NULL AND accounts.tokens IS NOT NULL "
                "THEN accounts.scopes_granted ELSE excluded.scopes_granted END, "
                "checked_at = excluded.checked_at",
                new_id("acc"),
                account.connection,
                account.owner,
                account.part,
                account.account_key,
                account.account_label,
                granted,
                now,
            )

        await self._database.write(work)

    async def everyone(self, connection: str | None = None) -> list[Account]:
        """All accounts, or those of one connection, without their tokens."""
        where, params = ("WHERE connection = ? ", (connection,)) if connection else ("", ())
        rows = await self._database.read(
            f"SELECT {_COLUMNS} FROM accounts {where}ORDER BY connection, owner, part LIMIT ?",  # noqa: S608 - our own words
            *params,
            MAX_ACCOUNTS,
        )
        return [Account.of_row(row, None) for row in rows]

    async def renew(self, renewed: Account) -> bool:
        """Store tokens of the next generation; false where a newer one, or no such account, is there.

        An account that is being removed keeps its state, so that its newest tokens are given back.
        """
        values = dict(zip(_NAMES, self._values(renewed), strict=True))

        async def work(tx: Tx) -> bool:
            rows = await tx.execute(
                f"UPDATE accounts SET {', '.join(f'{name} = ?' for name in _RENEWED)}, generation = ?, "  # noqa: S608 - our own words
                "state = CASE WHEN state = 'revoking' THEN state ELSE 'active' END, "
                "reason = NULL, failed_at = NULL, failures = 0 "
                "WHERE id = ? AND generation = ? RETURNING id",
                *(values[name] for name in _RENEWED),
                renewed.generation,
                renewed.id,
                renewed.generation - 1,
            )
            return bool(rows)

        return await self._database.write(work)

    async def mark(self, account: Account, state: Literal["degraded", "needs_reauth"], reason: str) -> bool:
        """Note that tokens could not be renewed; true where that changed the state.

        What is known of an older generation says nothing about a newer one.
        """
        now = self._clock.now().timestamp()

        async def work(tx: Tx) -> bool:
            fits = "id = ? AND generation = ? AND state NOT IN ('revoking', 'needs_reauth')"
            before = await tx.execute(
                f"SELECT state FROM accounts WHERE {fits}",  # noqa: S608 - our own words
                account.id,
                account.generation,
            )
            await tx.execute(
                f"UPDATE accounts SET {_FAILED} WHERE {fits}",  # noqa: S608 - our own words
                state,
                reason,
                now,
                account.id,
                account.generation,
            )
            return bool(before) and before[0][0] != state

        return await self._database.write(work)

    async def retire(self, connection: str, owner: str) -> None:
        """From now on nobody uses the account of an owner; its tokens wait to be given back."""
        gone = "UPDATE accounts SET state = 'revoking' WHERE connection = ? AND owner = ?"
        await self._database.write(lambda tx: tx.execute(gone, connection, owner))

    async def delete(self, account: Account) -> None:
        """Forget an account that was retired, unless its owner has connected one in its place meanwhile."""
        gone = "DELETE FROM accounts WHERE id = ? AND state = 'revoking'"
        await self._database.write(lambda tx: tx.execute(gone, account.id))

    async def put(self, account: Account) -> Account:
        """Store a newly connected account, in the place of the one that its owner had there."""
        return await self._database.write(lambda tx: self._replace(tx, account))

    async def _replace(self, tx: Tx, account: Account) -> Account:
        rows = await tx.execute(
            "SELECT id, generation FROM accounts WHERE connection = ? AND owner = ? AND part = ?",
            account.connection,
            account.owner,
            account.part,
        )
        stored = replace(
            account,
            id=str(rows[0][0]) if rows else new_id("acc"),
            generation=(int(rows[0][1]) if rows else 0) + 1,
        )
        if rows:
            await tx.execute("DELETE FROM accounts WHERE id = ?", stored.id)
        marks = ", ".join("?" * len(_NAMES))
        await tx.execute(
            f"INSERT INTO accounts ({_COLUMNS}) VALUES ({marks})",  # noqa: S608 - our own words
            *self._values(stored),
        )
        return stored

    def _values(self, account: Account) -> list[Value]:
        tokens = account.tokens
        sealed = (
            tokens
            and self._vault
            and self._vault.seal(
                orjson.dumps({"access": tokens.access, "refresh": tokens.refresh}).decode(),
                bound_to=account.bound_to,
            )
        )
        shown: dict[str, Any] = {**vars(account), "tokens": sealed}
        for name in ("scopes_requested", "scopes_granted"):
            shown[name] = None if shown[name] is None else orjson.dumps(sorted(shown[name])).decode()
        return [shown[name] for name in _NAMES]
