"""`Subscriptions`: who wants to know of which events, and how far each was told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.core.errors import InvalidCall
from wirepost.core.ids import new_id
from wirepost.core.signing import digest
from wirepost.events.filters import Filter
from wirepost.events.personal import KEEP_ALL, Personal
from wirepost.settings.events import SubscriptionSettings

if TYPE_CHECKING:
    from wirepost.calls.caller import Caller
    from wirepost.core.clock import Clock
    from wirepost.events.event import Event
    from wirepost.store.database import Database, Row, Tx

OPERATOR = "operator"
"""The owner of subscriptions of the configuration."""
PER_OWNER = 50
"""Each costs something with every event."""
COLUMNS = "id, owner, name, filter, options, position, truncated, created_at, expires_at, target IS NOT NULL"
"""What `read` takes, in this order."""

_ALIVE = "(expires_at IS NULL OR expires_at > ?)"
_ONE = f"SELECT {COLUMNS} FROM subscriptions WHERE owner = ? AND name = ? LIMIT 1"  # noqa: S608 - our own words
_OF = f"SELECT {COLUMNS} FROM subscriptions WHERE owner IN (?, ?) AND {_ALIVE} ORDER BY name LIMIT ?"  # noqa: S608 - our own words
_ALL = f"SELECT {COLUMNS} FROM subscriptions WHERE {_ALIVE} AND id > ? ORDER BY id LIMIT ?"  # noqa: S608 - our own words
_BY_ID = f"SELECT {COLUMNS} FROM subscriptions WHERE id = ? AND {_ALIVE} LIMIT 1"  # noqa: S608 - our own words
_EXPIRED = "SELECT id FROM subscriptions WHERE expires_at <= ? LIMIT ?"
_INSERT = (
    "INSERT INTO subscriptions (id, owner, name, filter, options, target, position, truncated, created_at, "
    "expires_at) "
    "VALUES (?, ?, ?, ?, ?, ?, coalesce(?, (SELECT max(seq) FROM events WHERE seq >= 0), 0), 0, ?, ?)"
)
_UPDATE = "UPDATE subscriptions SET filter = ?, options = ?, target = ?, expires_at = ? WHERE id = ?"
_CLOSE = (
    "UPDATE deliveries SET state = 'dropped', ended_at = ?, reason = 'unsubscribed', holder = NULL "
    "WHERE subscription = ? AND state IN ('pending', 'offered')"
)
_PAGE = 200


class TooMany(InvalidCall):
    """The owner has as many subscriptions as one may have."""


@dataclass(frozen=True)
class Subscription:
    """A durable consumer with its own position."""

    id: str
    owner: str
    name: str
    filter: Filter
    """As it was asked for."""
    options: SubscriptionSettings
    position: int
    """Events up to this one have been matched."""
    truncated: bool
    """Events were left out, and nobody was told yet."""
    created_at: float
    expires_at: float | None
    has_target: bool
    environment: str | None = None
    """Where none was asked for: that of the first event that came."""

    @cached_property
    def effective(self) -> Filter:
        """The filter with the one environment, once it is known."""
        is_open = self.environment is None or self.filter.environments
        return self.filter if is_open else self.filter.within(self.environment or "")

    @property
    def ways(self) -> tuple[str, ...]:
        """Sinks that get a delivery; a channel only says what can be pulled."""
        ways = tuple(dict.fromkeys(self.options.deliver))
        return ("pull", *ways) if "channel" in ways and "pull" not in ways else ways

    @property
    def binding(self) -> str:
        """What cursors are bound to."""
        return digest([self.id, self.filter.stored()])[:32]

    def redacted(self, event: Event, key: bytes) -> Event:
        """The event without what is to be hidden from those who read this; `key` is for hashes."""
        hides = self.options.redact
        if hides == KEEP_ALL:
            return event
        personal = Personal(hides, key)
        words = (event.subject, event.account, event.provider_event_id, event.actor["id"])
        subject, account, event_id, actor = (word and personal.text(word) for word in words)
        return replace(
            event,
            summary=personal.text(event.summary),
            subject=subject,
            account=account,
            provider_event_id=event_id,
            actor={**event.actor, "id": actor},
            data=personal.hide(event.data),
        )

    def may_be_read_by(self, caller: Caller) -> bool:
        """Whether it is the caller's own, or one of the configuration that is for everybody like it."""
        if self.owner != OPERATOR:
            return self.owner == caller.id
        allowed = self.options.for_callers
        return not allowed or any(fnmatchcase(caller.id, pattern) for pattern in allowed)


class Subscriptions:
    """The subscriptions of one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def sync(self, configured: Mapping[str, SubscriptionSettings]) -> None:
        """Make those of the configuration what it says; known ones keep their position."""
        for name, settings in configured.items():
            start = 0 if settings.start == "earliest" else None
            await self.put(OPERATOR, name, Filter.of(settings), settings, start=start)
        for known in await self._of(OPERATOR):
            if known.owner == OPERATOR and known.name not in configured:
                await self.remove(known)

    async def put(
        self,
        owner: str,
        name: str,
        wanted: Filter,
        options: SubscriptionSettings,
        *,
        start: int | None = None,
        target: str | None = None,
        expires_at: float | None = None,
    ) -> Subscription:
        """Make a subscription, or change it, which keeps its position.

        A new one begins after the event `start`; `None`: with what comes from now on. `target` is sealed
        already. Raises `TooMany`.
        """
        now = self._clock.now().timestamp()
        told = orjson.dumps(_stored_options(options)).decode()

        async def work(tx: Tx) -> Row:
            known = await tx.execute(_ONE, owner, name)
            if known and _has_expired(read(known[0]), now):
                await _forget(tx, known[0][0], now)
                known = []
            if not known:
                await _check_number(tx, owner, now)
                filtered = orjson.dumps(wanted.stored()).decode()
                await tx.execute(
                    _INSERT, new_id("sub"), owner, name, filtered, told, target, start, now, expires_at
                )
            else:
                kept = read(known[0])
                decided = kept.environment if kept.filter == wanted else None
                await tx.execute(_UPDATE, stored_filter(wanted, decided), told, target, expires_at, kept.id)
            return (await tx.execute(_ONE, owner, name))[0]

        return read(await self._database.write(work))

    async def find(self, caller: Caller, name: str) -> Subscription | None:
        """The caller's own of that name, else one of the configuration that it may read."""
        for owner in (caller.id, OPERATOR):
            rows = await self._database.read(_ONE, owner, name)
            found = read(rows[0]) if rows else None
            is_alive = found and not _has_expired(found, self._clock.now().timestamp())
            if found and is_alive and found.may_be_read_by(caller):
                return found
        return None

    async def of(self, caller: Caller) -> list[Subscription]:
        """All that the caller may read, by name."""
        return [each for each in await self._of(caller.id) if each.may_be_read_by(caller)]

    async def get(self, subscription: str) -> Subscription | None:
        """One by its id."""
        rows = await self._database.read(_BY_ID, subscription, self._clock.now().timestamp())
        return read(rows[0]) if rows else None

    async def all(self) -> list[Subscription]:
        """All of all owners."""
        found: list[Subscription] = []
        while True:
            last = found[-1].id if found else ""
            rows = await self._database.read(_ALL, self._clock.now().timestamp(), last, _PAGE)
            found += map(read, rows)
            if len(rows) < _PAGE:
                return found

    async def target(self, subscription: Subscription) -> str | None:
        """What `put` was given, still sealed."""
        sql = "SELECT target FROM subscriptions WHERE id = ? LIMIT 1"
        rows = await self._database.read(sql, subscription.id)
        return rows[0][0] if rows else None

    async def extend(self, subscription: Subscription, expires_at: float) -> None:
        """Let it live until then."""
        sql = "UPDATE subscriptions SET expires_at = ? WHERE id = ?"
        await self._database.write(lambda tx: tx.execute(sql, expires_at, subscription.id))

    async def take_truncated(self, subscription: Subscription) -> bool:
        """Whether events were left out since it was asked last."""
        if not subscription.truncated:
            return False
        sql = "UPDATE subscriptions SET truncated = 0 WHERE id = ? AND truncated = 1 RETURNING id"
        return bool(await self._database.write(lambda tx: tx.execute(sql, subscription.id)))

    async def remove(self, subscription: Subscription) -> None:
        """End it; what waits for it is left out."""
        now = self._clock.now().timestamp()
        await self._database.write(lambda tx: _forget(tx, subscription.id, now))

    async def prune(self) -> int:
        """End those whose time is over; returns how many."""
        now = self._clock.now().timestamp()

        async def work(tx: Tx) -> int:
            rows = await tx.execute(_EXPIRED, now, _PAGE)
            for (subscription,) in rows:
                await _forget(tx, subscription, now)
            return len(rows)

        return await self._database.write(work)

    async def _of(self, owner: str) -> Iterable[Subscription]:
        rows = await self._database.read(
            _OF, owner, OPERATOR, self._clock.now().timestamp(), 2 * PER_OWNER + 1000
        )
        return map(read, rows)


def read(row: Row) -> Subscription:
    """The subscription of a row with `COLUMNS`."""
    subscription, owner, name, filtered, options, position, truncated, created_at, expires_at, has_target = (
        row
    )
    wanted, environment = _filter(filtered)
    return Subscription(
        subscription,
        owner,
        name,
        wanted,
        _options(options),
        position,
        bool(truncated),
        created_at,
        expires_at,
        bool(has_target),
        environment,
    )


def stored_filter(wanted: Filter, environment: str | None) -> str:
    """What the database keeps of a filter, and of the environment that was found for it."""
    found = {"environment": environment} if environment else {}
    return orjson.dumps(wanted.stored() | found).decode()


@lru_cache(maxsize=4096)
def _filter(stored: str) -> tuple[Filter, str | None]:
    """Filters are read with every event, and hardly ever change."""
    values = orjson.loads(stored)
    return Filter.read(values), values.get("environment")


@lru_cache(maxsize=4096)
def _options(stored: str) -> SubscriptionSettings:
    return SubscriptionSettings.model_validate_json(stored)


def _stored_options(options: SubscriptionSettings) -> dict[str, Any]:
    """Without what the filter says."""
    told = {"types", "sources", "environments", "where", "exclude_self"}
    return options.model_dump(mode="json", exclude=told, exclude_defaults=True)


def _has_expired(subscription: Subscription, now: float) -> bool:
    return subscription.expires_at is not None and subscription.expires_at <= now


async def _check_number(tx: Tx, owner: str, now: float) -> None:
    sql = f"SELECT count(*) FROM subscriptions WHERE owner = ? AND {_ALIVE}"  # noqa: S608 - our own words
    count = (await tx.execute(sql, owner, now))[0][0]
    if owner != OPERATOR and count >= PER_OWNER:
        raise TooMany(
            "invalid_arguments",
            f"You have {count} subscriptions already, and cannot have more",
            hint="End one with event_unsubscribe; event_subscriptions lists them",
        )


async def _forget(tx: Tx, subscription: str, now: float) -> None:
    await tx.execute(_CLOSE, now, subscription)
    await tx.execute("DELETE FROM subscriptions WHERE id = ?", subscription)
