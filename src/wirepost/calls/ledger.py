"""The intent ledger: a write is claimed before it is sent, settled when it is answered, and happens once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import orjson

from wirepost.calls.confirm import mismatch
from wirepost.core.errors import Unavailable
from wirepost.core.ids import new_id
from wirepost.core.money import Money

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.core.signing import Signer
    from wirepost.store.database import Database, Row, Tx, Work

State = Literal["claimed", "dispatched", "applied", "not_applied", "unknown"]

DUPLICATE_WINDOW_S = 24 * 3600
"""How long an identical call without an intent of its own is taken for a repetition."""
_IN_PROGRESS = ("claimed", "dispatched")
_SERVER_ERROR = 500
_UNANSWERED = 0
"""In the place of a status: an attempt under this key had no answer, which no later answer makes up for."""
_LOOK_AGAIN_S = 0.005, 0.25
"""How soon, at the least and at most, an action is looked at again that is not carried out here."""
_SELECT = (
    "SELECT id, caller, connection, tool, intent, arguments_hash, is_derived, state, attempt, result, "
    "last_status, claimed_at, dispatched_at FROM intents WHERE "
)


@dataclass(frozen=True)
class Identity:
    """Which business action a call is: the caller's own name for it, or what its arguments say."""

    caller: str
    connection: str
    tool: str
    arguments_hash: str
    intent: str | None
    looks_back: bool
    """Without an intent: an identical call within the window is the same action (W2–W4)."""


@dataclass(frozen=True)
class Entry:
    """One row of the ledger."""

    id: str
    caller: str
    connection: str
    tool: str
    intent: str
    arguments_hash: str
    is_derived: bool
    state: State
    attempt: int
    result: Any
    last_status: int | None
    claimed_at: float
    dispatched_at: float | None
    """When an attempt left whose outcome was not known since: a repetition does not settle it by failing."""

    @property
    def is_in_progress(self) -> bool:
        """Somebody is carrying it out right now."""
        return self.state in _IN_PROGRESS

    @property
    def public_intent(self) -> str:
        """What is stored in the created object and shown to the caller."""
        return self.id if self.is_derived else self.intent


Reserve = Callable[["Tx", str], Awaitable[None]]
"""Takes the money out of the day's allowance inside the claiming transaction; raises to refuse the claim."""


class Ledger:
    """All intents of one data directory."""

    def __init__(self, database: Database, clock: Clock, signer: Signer, owner: str) -> None:
        self._database, self._clock, self._signer, self._owner = database, clock, signer, owner
        self._settled: dict[str, asyncio.Event] = {}
        self._unsettled: dict[str, float] = {}
        """Id → time of the claim whose end the store could not note: nobody carries it out any more."""

    async def find(self, identity: Identity) -> Entry | None:
        """The entry that `identity` repeats, if there is one."""
        sql, parameters = self._lookup(identity)
        return self._entry(await self._database.read(sql, *parameters))

    async def claim(
        self, identity: Identity, *, nonce: str | None, reserve: Reserve | None, again: Entry | None = None
    ) -> tuple[Entry, bool]:
        """Make the action ours: (entry, True), or (the entry somebody else made meanwhile, False).

        `again` claims an entry whose last attempt was not applied, with the arguments of this one. One
        transaction marks the confirmation as used, reserves the money and writes the row, so that none of
        the three can stand alone.
        """
        made: list[Entry] = []

        async def work(tx: Tx) -> tuple[Entry, bool]:
            sql, parameters = self._lookup(identity)
            present = self._entry(await tx.execute(sql, *parameters))
            if present and present != again:
                return present, False
            entry_id = present.id if present else new_id("int")
            if nonce:
                await _use(tx, nonce, entry_id, self._now())
            if present:
                await tx.execute(
                    "UPDATE intents SET state = 'claimed', arguments_hash = ?, attempt = attempt + ?, "
                    "owner = ?, claimed_at = ?, dispatched_at = ?, last_status = ?, settled_at = NULL "
                    "WHERE id = ?",
                    identity.arguments_hash,
                    1 if _needs_new_key(present) else 0,
                    self._owner,
                    self._now(),
                    present.dispatched_at if present.state == "unknown" else None,
                    None if _needs_new_key(present) else _UNANSWERED,
                    entry_id,
                )
            else:
                await self._insert(tx, entry_id, identity)
            if reserve:
                await reserve(tx, entry_id)
            (claimed,) = await tx.execute(_SELECT + "id = ?", entry_id)
            made.append(_read(claimed))
            return made[0], True

        def given_up(done: asyncio.Future[Any]) -> None:
            """Whether it was stored or not, nobody carries it out."""
            _ = done.cancelled() or done.exception()
            self._unsettled.update({claimed.id: claimed.claimed_at for claimed in made})

        storing = asyncio.ensure_future(self._database.write(work))
        try:
            entry, is_ours = await asyncio.shield(storing)
        except Unavailable:
            given_up(storing)
            raise
        except asyncio.CancelledError:
            storing.add_done_callback(given_up)  # it may still be stored
            raise
        if is_ours:
            self._settled[entry.id] = asyncio.Event()
            self._unsettled.pop(entry.id, None)
        return entry, is_ours

    async def _insert(self, tx: Tx, entry_id: str, identity: Identity) -> None:
        await tx.execute(
            "INSERT INTO intents (id, caller, connection, tool, intent, arguments_hash, is_derived, state, "
            "attempt, owner, claimed_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'claimed', 1, ?, ?)",
            entry_id,
            identity.caller,
            identity.connection,
            identity.tool,
            identity.intent or f"derived:{entry_id}",
            identity.arguments_hash,
            int(identity.intent is None),
            self._owner,
            self._now(),
        )

    async def reserved(self, entry: Entry) -> Money | None:
        """What its first attempt took out of an allowance, and still holds."""
        rows = await self._database.read("SELECT minor, currency FROM spend WHERE intent_id = ?", entry.id)
        return Money(int(rows[0][0]), str(rows[0][1])) if rows else None

    async def mark_dispatched(self, entry: Entry, also: Work[None] | None = None) -> None:
        """The request is about to leave; from here on a lost process means an unknown outcome.

        `also` is stored with it. Raises `Unavailable` when this process was taken for dead meanwhile, so that
        what it had claimed is no longer its own.
        """

        async def work(tx: Tx) -> bool:
            rows = await tx.execute(
                "UPDATE intents SET state = 'dispatched', dispatched_at = COALESCE(dispatched_at, ?) "
                "WHERE id = ? AND owner = ? AND claimed_at = ? AND state IN ('claimed', 'dispatched') "
                "RETURNING id",
                self._now(),
                entry.id,
                self._owner,
                entry.claimed_at,
            )
            if rows and also is not None:
                await also(tx)
            return bool(rows)

        if not await self._database.write(work):
            raise Unavailable(
                "server_unavailable",
                "The server stood still for so long that another one took over this action; nothing was sent",
                hint="Repeat the call with the same intent",
                retry_after_s=1.0,
            )

    async def settle(
        self,
        entry: Entry,
        state: State,
        *,
        result: Any = None,
        last_status: int | None = None,
        also: Work[None] | None = None,
    ) -> None:
        """Write down how it ended, and `also` with it; money that did not move goes back to the allowance.

        What somebody else has claimed since is theirs to settle.
        """

        async def work(tx: Tx) -> None:
            if also is not None:
                await also(tx)
            rows = await tx.execute(
                "UPDATE intents SET state = ?, result = ?, last_status = COALESCE(last_status, ?), "
                "settled_at = ? WHERE id = ? AND claimed_at = ? RETURNING id",
                state,
                None if result is None else orjson.dumps(result).decode(),
                last_status,
                self._now(),
                entry.id,
                entry.claimed_at,
            )
            if rows and state == "not_applied":
                await tx.execute("DELETE FROM spend WHERE intent_id = ?", entry.id)

        try:
            await self._database.write(work)
        except BaseException:
            self._unsettled[entry.id] = entry.claimed_at
            raise
        finally:
            self._release(entry)

    def _release(self, entry: Entry) -> None:
        """Wake whoever waits for this entry."""
        event = self._settled.pop(entry.id, None)
        if event:
            event.set()

    async def wait(self, entry: Entry, deadline: float) -> None:
        """Wait until an entry in progress is settled; raises `Unavailable` at the deadline."""
        left_s = deadline - self._clock.monotonic()
        event = self._settled.get(entry.id)
        if event is None and left_s > 0:
            # Its claim is stored and about to be known here, or it was settled this moment; or another server
            # carries it out. The longer that takes, the less often it is looked at.
            soonest, latest = _LOOK_AGAIN_S
            await self._clock.sleep(min(left_s, max(soonest, min(latest, self._age(entry) / 10))))
            return
        try:
            async with asyncio.timeout(max(0.0, left_s)):
                await (event or asyncio.Event()).wait()
        except TimeoutError:
            message = f"The same action ({entry.public_intent}) is still being carried out"
            raise Unavailable(
                "timeout",
                message,
                hint="Repeat the call with the same intent to get its result",
                retry_after_s=5,
            ) from None

    def upstream_key(self, entry: Entry) -> str:
        """The provider's idempotency key: the same for each try of one attempt, and it reveals nothing."""
        return "wp_" + self._signer.mac("upstream-key", f"{entry.id}:{entry.attempt}".encode()).hex()[:40]

    def _lookup(self, identity: Identity) -> tuple[str, tuple[str | float, ...]]:
        who = (identity.caller, identity.connection, identity.tool)
        start = _SELECT + "caller = ? AND connection = ? AND tool = ? AND "
        if identity.intent is not None:
            named = "(intent = ? OR (id = ? AND is_derived = 1))"  # also as it was shown to the caller
            return start + named, (*who, identity.intent, identity.intent)
        same = start + "arguments_hash = ? AND "
        newest = " ORDER BY state = 'not_applied', claimed_at DESC LIMIT 1"
        if identity.looks_back:
            since = self._now() - DUPLICATE_WINDOW_S
            return same + "(claimed_at >= ? OR state = 'unknown')" + newest, (
                *who,
                identity.arguments_hash,
                since,
            )
        return same + "state IN ('claimed', 'dispatched', 'unknown')" + newest, (
            *who,
            identity.arguments_hash,
        )

    def _entry(self, rows: Sequence[Row]) -> Entry | None:
        """The row as it stands; what nobody carries out any more is not in progress."""
        if not rows:
            return None
        entry = _read(rows[0])
        is_left = entry.is_in_progress and self._unsettled.get(entry.id) == entry.claimed_at
        if not is_left:
            return entry
        was_never_sent = entry.state == "claimed" and entry.dispatched_at is None
        return replace(entry, state="not_applied" if was_never_sent else "unknown")

    def _age(self, entry: Entry) -> float:
        return self._now() - entry.claimed_at

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _needs_new_key(entry: Entry) -> bool:
    """A provider replays its answer to a key, failures too; where one is missing the key must stay."""
    return entry.state == "not_applied" or (entry.last_status or 0) >= _SERVER_ERROR


async def _use(tx: Tx, nonce: str, entry_id: str, now: float) -> None:
    rows = await tx.execute(
        "INSERT INTO confirmations (nonce, intent_id, used_at) VALUES (?, ?, ?) "
        "ON CONFLICT DO NOTHING RETURNING nonce",
        nonce,
        entry_id,
        now,
    )
    if not rows:
        raise mismatch("was already used")


def _read(columns: Row) -> Entry:
    row = list(columns)
    row[6] = bool(row[6])
    row[9] = None if row[9] is None else orjson.loads(row[9])
    return Entry(*row)
